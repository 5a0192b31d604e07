/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of the 82599 that the mock gives a meaning (datasheet, section 8.2; the VF's: 8.3). */
#ifndef MOCK_REGISTERS_H
#define MOCK_REGISTERS_H

#define CTRL 0x00000
#define CTRL_LINK_RESET BIT(3)
#define CTRL_RESET BIT(26)
#define STATUS 0x00008
#define CTRL_EXT 0x00018
#define CTRL_EXT_PFRSTD BIT(14)
#define VFLRE1 0x001c0		/* VFs 32 to 63 */
#define VFLRE0 0x00600
#define VFLREC 0x00700		/* two words */
#define MBVFICR 0x00710		/* four words */
#define EICR 0x00800
#define EICS 0x00808
#define EIMS 0x00880
#define EIMC 0x00888
#define IVAR 0x00900
#define IVAR_MISC 0x00a00
#define IVAR_VALID 0x80
#define IVAR_VECTOR 0x7f
#define RDRXCTL 0x02f00
#define RDRXCTL_DMAIDONE BIT(3)
#define RXPBSIZE 0x03c00
#define STATISTICS 0x04000	/* to 0x041ff, and the second block at 0x08700 */
#define STATISTICS2 0x08700
#define LINKS 0x042a4
#define LINKS_UP_10G 0x70000000
#define ANLP1 0x042b0
#define PFMAILBOX 0x04b00
#define PFMAILBOX_STS BIT(0)
#define PFMAILBOX_ACK BIT(1)
#define PFMAILBOX_VFU BIT(2)
#define PFMAILBOX_PFU BIT(3)
#define PFMAILBOX_RVFU BIT(4)
#define RAL0 0x05400
#define RAH0 0x05404
#define TDBAL 0x06000		/* 64 bytes a queue */
#define SECTXSTAT 0x08804
#define SECRXSTAT 0x08d04
#define SEC_READY BIT(0)
#define EEC 0x10010
#define EEC_PRESENT BIT(8)
#define EEC_AUTO_READ_DONE BIT(9)
#define EERD 0x10014
#define EERD_DONE BIT(1)
#define FWSM 0x10148
#define FWSM_VALID 0x8000
#define PFMBMEM 0x13000		/* 64 bytes a VF */

#define VFCTRL 0x000
#define VFCTRL_RESET BIT(26)
#define VFSTATUS 0x008
#define VFLINKS 0x010
#define VTEICR 0x100
#define VTEIMS 0x108
#define VTEIMC 0x10c
#define VTIVAR 0x120
#define VTIVAR_MISC 0x140
#define VFMBMEM 0x200
#define VFMAILBOX 0x2fc
#define VFMAILBOX_REQ BIT(0)
#define VFMAILBOX_ACK BIT(1)
#define VFMAILBOX_VFU BIT(2)
#define VFMAILBOX_PFU BIT(3)
#define VFMAILBOX_PFSTS BIT(4)
#define VFMAILBOX_PFACK BIT(5)
#define VFMAILBOX_RSTI BIT(6)
#define VFMAILBOX_RSTD BIT(7)
#define VFTDBAL 0x2000		/* 64 bytes a queue */

/* In a block of transmit queue registers, by word. */
#define RING_BASE_LOW 0
#define RING_BASE_HIGH 1
#define RING_LENGTH 2
#define RING_HEAD 4
#define RING_TAIL 6
#define RING_TAIL_OFFSET 0x18
#define RING_CONTROL 10
#define RING_ENABLED BIT(25)

#endif
