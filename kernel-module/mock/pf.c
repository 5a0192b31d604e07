// SPDX-License-Identifier: GPL-2.0-only
/* Registers of the PF. */
#include "mock.h"
#include "registers.h"

#define EEPROM_WORDS 0x100
#define EEPROM_CHECKSUM 0x3f	/* the words up to it add up to this: */
#define EEPROM_SUM 0xbaba

static u16 eeprom[EEPROM_WORDS];

static void clear_mailboxes(void)
{
	unsigned int i;

	for (i = 0; i < MOCK_VFS; i++)
		memset(&mock.vf[i].mailbox, 0, sizeof(mock.vf[i].mailbox));
	memset(mock.vf_mail, 0, sizeof(mock.vf_mail));
	memset(mock.vf_reset, 0, sizeof(mock.vf_reset));
}

void mock_pf_init(void)
{
	eeprom[EEPROM_CHECKSUM] = EEPROM_SUM; /* All others are zero. */
	mock.reg[RAL0 / 4] = 0x00000002; /* 02:00:00:00:34:56 */
	mock.reg[RAH0 / 4] = 0x80005634;
	mock.reg[FWSM / 4] = FWSM_VALID;
	mock.reg[RXPBSIZE / 4] = 512 << 10;
}

static u32 read_eeprom(u32 command)
{
	unsigned int word = (command >> 2) & 0x3fff;

	return (command & 0xfffc) | EERD_DONE | (u32)(word < EEPROM_WORDS ? eeprom[word] : 0xffff) << 16;
}

static u32 read_mailbox(unsigned int vf)
{
	const struct mock_mailbox *mailbox = &mock.vf[vf].mailbox;

	return (mailbox->vf_owns ? PFMAILBOX_VFU : 0) | (mailbox->pf_owns ? PFMAILBOX_PFU : 0);
}

u32 mock_pf_read(u32 offset)
{
	u32 value;

	switch (offset) {
	case STATUS:
		return 0;
	case EEC:
		return mock.reg[offset / 4] | EEC_PRESENT | EEC_AUTO_READ_DONE;
	case EERD:
		return read_eeprom(mock.reg[offset / 4]);
	case LINKS:
		return LINKS_UP_10G;
	case SECRXSTAT:
	case SECTXSTAT:
		return SEC_READY;
	case RDRXCTL:
		return mock.reg[offset / 4] | RDRXCTL_DMAIDONE;
	case ANLP1:
		return 0x00070000;
	case EICR: /* Reading clears. */
		value = mock.cause;
		mock.cause = 0;
		return value;
	case EICS:
		return mock.cause;
	case EIMS:
		return mock.enabled;
	case MBVFICR ... MBVFICR + 12:
		return mock.vf_mail[(offset - MBVFICR) / 4];
	case VFLRE0:
		return mock.vf_reset[0];
	case VFLRE1:
		return mock.vf_reset[1];
	case VFLREC ... VFLREC + 4:
		return mock.vf_reset[(offset - VFLREC) / 4];
	case PFMAILBOX ... PFMAILBOX + 4 * (MOCK_VFS - 1):
		return read_mailbox((offset - PFMAILBOX) / 4);
	case PFMBMEM ... PFMBMEM + 64 * MOCK_VFS - 4:
		return mock.vf[(offset - PFMBMEM) / 64].mailbox.word[offset % 64 / 4];
	case SSVPC:
		value = mock.reg[offset / 4];
		mock.reg[offset / 4] = 0;
		return value;
	case STATISTICS ... STATISTICS + 0x1fc:
	case STATISTICS2 ... STATISTICS2 + 0x7c:
		return 0;
	default:
		return mock.reg[offset / 4];
	}
}

u32 *mock_pf_receive_ring(unsigned int queue)
{
	return &mock.reg[(queue < 64 ? RDBAL + 64 * queue : RDBAL64 + 64 * (queue - 64)) / 4];
}

/* The memory of all rings belongs to the drivers again, and nobody is let through the switch. */
static void stop(void)
{
	unsigned int i;

	for (i = 0; i < MOCK_PF_QUEUES; i++) {
		mock.reg[TDBAL / 4 + 16 * i + RING_CONTROL] = 0;
		mock_pf_receive_ring(i)[RING_CONTROL] = 0;
	}
	for (i = 0; i < MOCK_VFS; i++) {
		mock.reg[VMOLR / 4 + i] = 0;
		mock_vf_stop(i);
	}
	memset(&mock.reg[PFVFSPOOF / 4], 0, MOCK_VFS / 8 * 4);
}

/* After a reset every VF sees RSTI, until the driver says that it is done. */
static void write_control(u32 value)
{
	if (value & (CTRL_RESET | CTRL_LINK_RESET)) {
		mock.pf_ready = false;
		mock.enabled = 0;
		mock.cause = 0;
		mock.reg[CTRL_EXT / 4] &= ~CTRL_EXT_PFRSTD;
		clear_mailboxes();
		stop();
	}
	mock.reg[CTRL / 4] = value & ~(CTRL_RESET | CTRL_LINK_RESET);
}

static void write_extended_control(u32 value)
{
	unsigned int i;

	mock.reg[CTRL_EXT / 4] = value;
	if (!(value & CTRL_EXT_PFRSTD) || mock.pf_ready)
		return;
	mock.pf_ready = true;
	for (i = 0; i < MOCK_VFS; i++)
		mock.vf[i].mailbox.reset_done = true;
}

/* The buffer has one owner: PFU is not granted while the VF has VFU (datasheet, 7.10.2.9.1). */
static void write_mailbox(unsigned int vf, u32 value)
{
	struct mock_mailbox *mailbox = &mock.vf[vf].mailbox;

	if (value & PFMAILBOX_RVFU)
		mailbox->vf_owns = false;
	mailbox->pf_owns = (value & PFMAILBOX_PFU) && !mailbox->vf_owns;
	if (value & PFMAILBOX_STS)
		mailbox->pf_sent = true;
	if (value & PFMAILBOX_ACK)
		mailbox->pf_acked = true;
	if (value & (PFMAILBOX_STS | PFMAILBOX_ACK))
		mock_interrupt_vf(vf);
}

bool mock_pf_write(u32 offset, u32 value)
{
	switch (offset) {
	case CTRL:
		write_control(value);
		return false;
	case CTRL_EXT:
		write_extended_control(value);
		return false;
	case EICR:
		mock.cause &= ~value;
		return false;
	case EICS:
		mock.cause |= value;
		return true;
	case EIMS:
		mock.enabled |= value;
		return true;
	case EIMC:
		mock.enabled &= ~value;
		return false;
	case MBVFICR ... MBVFICR + 12: /* Writing ones clears. */
		mock.vf_mail[(offset - MBVFICR) / 4] &= ~value;
		return false;
	case VFLREC ... VFLREC + 4:
		mock.vf_reset[(offset - VFLREC) / 4] &= ~value;
		return false;
	case PFMAILBOX ... PFMAILBOX + 4 * (MOCK_VFS - 1):
		write_mailbox((offset - PFMAILBOX) / 4, value);
		return false;
	case PFMBMEM ... PFMBMEM + 64 * MOCK_VFS - 4:
		mock.vf[(offset - PFMBMEM) / 64].mailbox.word[offset % 64 / 4] = value;
		return false;
	case SRRCTL ... SRRCTL + 4 * 15:
		mock.reg[offset / 4] = value;
		mock_pf_receive_ring((offset - SRRCTL) / 4)[RING_SPLIT] = value;
		return false;
	case TDBAL ... TDBAL + 64 * MOCK_PF_QUEUES - 4:
		mock.reg[offset / 4] = value;
		if (offset % 64 == RING_TAIL_OFFSET)
			mock_transmit(&mock.reg[(offset & ~63) / 4], (offset - TDBAL) / 64);
		return false;
	default:
		mock.reg[offset / 4] = value;
		return false;
	}
}
