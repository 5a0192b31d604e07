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

/* The switch (7.10.3): pools of VFs and of the PF, two words where they are bits. */
#define RXCTRL 0x03000
#define RXCTRL_ENABLED BIT(0)
#define VLNCTRL 0x05088
#define VLNCTRL_FILTER BIT(30)
#define MCSTCTRL 0x05090
#define MCSTCTRL_ENABLED BIT(2)
#define MTA 0x05200
#define VT_CTL 0x051b0
#define VT_CTL_ENABLED BIT(0)
#define VFRE 0x051e0
#define MRQC 0x05818
#define MRQC_MODE 0xf
#define MRQC_32_POOLS 0xa	/* with 4 queues each; the other modes of ixgbe have 2 */
#define VMVIR 0x08000		/* a word a pool */
#define VMVIR_ALWAYS BIT(30)
#define VMVIR_NEVER BIT(31)
#define VFTE 0x08110
#define PFVFSPOOF 0x08200	/* a byte of bits for 8 pools */
#define SPOOF_MAC BIT(0)
#define SPOOF_VLAN BIT(8)
#define PFDTXGSWC 0x08220
#define PFDTXGSWC_LOOPBACK BIT(0)
#define SSVPC 0x08780
#define RAL16 0x0a200		/* from entry 0 on, but 16 is the first there */
#define MPSAR 0x0a600		/* two words an address */
#define VMOLR 0x0f000		/* PFVML2FLT, a word a pool */
#define VMOLR_UNTAGGED BIT(24)
#define VMOLR_MULTICAST BIT(25)
#define VMOLR_BROADCAST BIT(27)
#define VMOLR_ALL_MULTICAST BIT(28)
#define VLVF 0x0f100
#define VLVF_VALID BIT(31)
#define VLVFB 0x0f200		/* two words a VLAN */

#define RDBAL 0x01000		/* 64 bytes a queue */
#define RDBAL64 0x0d000		/* queue 64 and on */
#define SRRCTL 0x02100		/* again, of the first 16 queues */
#define VFRDBAL 0x1000

/* In a block of queue registers, by word. */
#define RING_BASE_LOW 0
#define RING_BASE_HIGH 1
#define RING_LENGTH 2
#define RING_HEAD 4
#define RING_SPLIT 5		/* SRRCTL, of receive queues */
#define RING_TAIL 6
#define RING_TAIL_OFFSET 0x18
#define RING_CONTROL 10
#define RING_ENABLED BIT(25)
#define RX_STRIP BIT(30)	/* in the control of a receive queue: VME */
#define RX_BUFFER_KIB 0x7f

/* Third word of a transmit descriptor, and the fourth. */
#define TX_LENGTH 0xffff
#define TX_TYPE 0x00f00000
#define TX_TYPE_CONTEXT 0x00200000
#define TX_END BIT(24)
#define TX_ADVANCED BIT(29)
#define TX_VLAN BIT(30)
#define TX_SEGMENT BIT(31)
#define TX_L4_CHECKSUM BIT(9)
/* First word of a context descriptor, with the VLAN tag above, and the third. */
#define CONTEXT_IP_LENGTH 0x1ff
#define CONTEXT_MAC_LENGTH 0xfe00
#define CONTEXT_L4_TYPE 0x1800
#define L4_TCP 1		/* 0 is UDP */

/* Status of a receive descriptor. */
#define DESCRIPTOR_DONE BIT(0)
#define RX_END BIT(1)
#define RX_VLAN BIT(3)
#define RX_LOOPBACK BIT(18)

#endif
