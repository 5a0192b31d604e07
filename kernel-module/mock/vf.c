// SPDX-License-Identifier: GPL-2.0-only
/* Registers of a VF. */
#include "mock.h"
#include "registers.h"

/* The VF's request bit: its message is in the mailbox. Gives whether the PF is to be interrupted. */
bool mock_vf_request(unsigned int vf)
{
	mock.vf_mail[vf / 16] |= BIT(vf % 16);
	mock.cause |= MOCK_CAUSE_MAILBOX;
	return true;
}

void mock_vf_stop(unsigned int vf)
{
	unsigned int i;

	for (i = 0; i < MOCK_VF_QUEUES; i++) {
		mock.vf[vf].reg[VFRDBAL / 4 + 16 * i + RING_CONTROL] = 0;
		mock.vf[vf].reg[VFTDBAL / 4 + 16 * i + RING_CONTROL] = 0;
	}
}

/* Both kinds of reset: the PF learns it, and what was in the mailbox is gone. */
static void reset(unsigned int vf)
{
	bool done = mock.vf[vf].mailbox.reset_done;

	memset(&mock.vf[vf].mailbox, 0, sizeof(mock.vf[vf].mailbox));
	mock.vf[vf].mailbox.reset_done = done;
	mock.vf[vf].interrupts = 0;
	mock_vf_stop(vf);
	mock.vf_reset[vf / 32] |= BIT(vf % 32);
	mock.cause |= MOCK_CAUSE_MAILBOX;
}

/* By the PCI core; after it the VF sees RSTD. */
void mock_vf_function_reset(unsigned int vf)
{
	reset(vf);
	mock.vf[vf].mailbox.reset_done = true;
}

/* What only tells news is gone when it was read. */
static u32 read_mailbox(struct mock_mailbox *mailbox)
{
	u32 value = (mailbox->vf_owns ? VFMAILBOX_VFU : 0) | (mailbox->pf_owns ? VFMAILBOX_PFU : 0) |
		    (mailbox->pf_sent ? VFMAILBOX_PFSTS : 0) | (mailbox->pf_acked ? VFMAILBOX_PFACK : 0) |
		    (mock.pf_ready ? 0 : VFMAILBOX_RSTI) | (mailbox->reset_done ? VFMAILBOX_RSTD : 0);

	mailbox->pf_sent = false;
	mailbox->pf_acked = false;
	mailbox->reset_done = false;
	return value;
}

static bool write_mailbox(unsigned int vf, u32 value)
{
	struct mock_mailbox *mailbox = &mock.vf[vf].mailbox;

	mailbox->vf_owns = (value & VFMAILBOX_VFU) && !mailbox->pf_owns;
	if (value & VFMAILBOX_REQ)
		mock_vf_request(vf);
	if (value & VFMAILBOX_ACK) {
		mock.vf_mail[vf / 16] |= BIT(vf % 16 + 16);
		mock.cause |= MOCK_CAUSE_MAILBOX;
	}
	return value & (VFMAILBOX_REQ | VFMAILBOX_ACK);
}

u32 mock_vf_read(unsigned int vf, u32 offset)
{
	switch (offset) {
	case VFSTATUS:
		return 0;
	case VFLINKS:
		return LINKS_UP_10G;
	case VTEIMS:
		return mock.vf[vf].interrupts;
	case VFMBMEM ... VFMBMEM + 4 * (MOCK_MAILBOX_WORDS - 1):
		return mock.vf[vf].mailbox.word[(offset - VFMBMEM) / 4];
	case VFMAILBOX:
		return read_mailbox(&mock.vf[vf].mailbox);
	default:
		return mock.vf[vf].reg[offset / 4];
	}
}

bool mock_vf_write(unsigned int vf, u32 offset, u32 value)
{
	u32 *reg = mock.vf[vf].reg;

	switch (offset) {
	case VFCTRL:
		if (value & VFCTRL_RESET)
			reset(vf);
		return value & VFCTRL_RESET;
	case VTEIMS:
		mock.vf[vf].interrupts |= value;
		return false;
	case VTEIMC:
		mock.vf[vf].interrupts &= ~value;
		return false;
	case VFMBMEM ... VFMBMEM + 4 * (MOCK_MAILBOX_WORDS - 1):
		mock.vf[vf].mailbox.word[(offset - VFMBMEM) / 4] = value;
		return false;
	case VFMAILBOX:
		return write_mailbox(vf, value);
	case VFTDBAL ... VFTDBAL + 64 * MOCK_VF_QUEUES - 4:
		reg[offset / 4] = value;
		if (offset % 64 == RING_TAIL_OFFSET)
			mock_transmit(&reg[(offset & ~63) / 4],
				      MOCK_PF_QUEUES + vf * MOCK_VF_QUEUES + (offset - VFTDBAL) / 64);
		return false;
	default:
		reg[offset / 4] = value;
		return false;
	}
}
