// SPDX-License-Identifier: GPL-2.0-only
/* Hooks in the mailbox: what was said, by whom, and what came of it. */
#include "record.h"

/* In the first word of a reply (igb e1000_mbx.h, ixgbe_mbx.h). */
#define GRANTED 0x80000000u
#define REFUSED 0x40000000u

static void remember(struct vfctl_vf *vf, bool out, const u32 *word, unsigned int words)
{
	struct vfctl_message *message = &vf->ring[vf->messages % VFCTL_MESSAGES];

	message->when = ktime_get();
	message->number = ++vf->messages;
	message->out = out;
	message->words = min(words, (unsigned int)VFCTL_MESSAGE_WORDS);
	memcpy(message->word, word, message->words * sizeof(*word));
}

void vfctl_message_in(struct pci_dev *pf, unsigned int index, int error,
		      const u32 *message, unsigned int words)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	if (error) {
		vf->counters.read_errors++;
	} else {
		vf->counters.requests++;
		remember(vf, false, message, words);
	}
	vfctl_vf_unlock(vf, flags);
}
EXPORT_SYMBOL_GPL(vfctl_message_in);

void vfctl_message_out(struct pci_dev *pf, unsigned int index, const u32 *message,
		       unsigned int words)
{
	unsigned long flags;
	struct vfctl_vf *vf = words ? vfctl_vf_lock(pf, index, &flags) : NULL;

	if (!vf)
		return;
	vf->counters.replies++;
	if (message[0] & GRANTED)
		vf->counters.acks++;
	else if (message[0] & REFUSED)
		vf->counters.nacks++;
	else
		vf->counters.pings++;
	remember(vf, true, message, words);
	vfctl_vf_unlock(vf, flags);
}
EXPORT_SYMBOL_GPL(vfctl_message_out);

void vfctl_unhandled(struct pci_dev *pf, unsigned int index)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	vf->counters.unhandled++;
	vfctl_vf_unlock(vf, flags);
}
EXPORT_SYMBOL_GPL(vfctl_unhandled);

void vfctl_api_granted(struct pci_dev *pf, unsigned int index, u32 version)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	vf->api = version;
	vfctl_vf_unlock(vf, flags);
}
EXPORT_SYMBOL_GPL(vfctl_api_granted);

/* A VF can ask for anything, as often as it likes: only the first few are kept. */
void vfctl_api_refused(struct pci_dev *pf, unsigned int index, u32 version)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	if (vf->refused < VFCTL_REFUSED)
		vf->refused_api[vf->refused++] = version;
	vfctl_vf_unlock(vf, flags);
}
EXPORT_SYMBOL_GPL(vfctl_api_refused);

void vfctl_vf_reset(struct pci_dev *pf, unsigned int index, enum vfctl_reset how)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	if (how == VFCTL_RESET_FLR)
		vf->counters.flrs++;
	else
		vf->counters.reset_messages++;
	vf->api = VFCTL_API_NONE;
	vf->refused = 0;
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, VFCTL_EVENT_RESET);
}
EXPORT_SYMBOL_GPL(vfctl_vf_reset);
