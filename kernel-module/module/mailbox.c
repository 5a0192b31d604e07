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
	struct vfctl_vf *vf;
	unsigned long flags;

	rcu_read_lock();
	vf = vfctl_find_vf(pf, index);
	if (vf) {
		spin_lock_irqsave(&vf->lock, flags);
		if (error) {
			vf->counters.read_errors++;
		} else {
			vf->counters.requests++;
			remember(vf, false, message, words);
		}
		spin_unlock_irqrestore(&vf->lock, flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vfctl_message_in);

void vfctl_message_out(struct pci_dev *pf, unsigned int index, const u32 *message,
		       unsigned int words)
{
	struct vfctl_vf *vf;
	unsigned long flags;

	rcu_read_lock();
	vf = vfctl_find_vf(pf, index);
	if (vf && words) {
		spin_lock_irqsave(&vf->lock, flags);
		vf->counters.replies++;
		if (message[0] & GRANTED)
			vf->counters.acks++;
		else if (message[0] & REFUSED)
			vf->counters.nacks++;
		else
			vf->counters.pings++;
		remember(vf, true, message, words);
		spin_unlock_irqrestore(&vf->lock, flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vfctl_message_out);

void vfctl_unhandled(struct pci_dev *pf, unsigned int index)
{
	struct vfctl_vf *vf;
	unsigned long flags;

	rcu_read_lock();
	vf = vfctl_find_vf(pf, index);
	if (vf) {
		spin_lock_irqsave(&vf->lock, flags);
		vf->counters.unhandled++;
		spin_unlock_irqrestore(&vf->lock, flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vfctl_unhandled);

void vfctl_api_granted(struct pci_dev *pf, unsigned int index, u32 version)
{
	struct vfctl_vf *vf;
	unsigned long flags;

	rcu_read_lock();
	vf = vfctl_find_vf(pf, index);
	if (vf) {
		spin_lock_irqsave(&vf->lock, flags);
		vf->api = version;
		spin_unlock_irqrestore(&vf->lock, flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vfctl_api_granted);

/* A VF can ask for anything, as often as it likes: only the first few are kept. */
void vfctl_api_refused(struct pci_dev *pf, unsigned int index, u32 version)
{
	struct vfctl_vf *vf;
	unsigned long flags;

	rcu_read_lock();
	vf = vfctl_find_vf(pf, index);
	if (vf) {
		spin_lock_irqsave(&vf->lock, flags);
		if (vf->refused < VFCTL_REFUSED)
			vf->refused_api[vf->refused++] = version;
		spin_unlock_irqrestore(&vf->lock, flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vfctl_api_refused);

void vfctl_vf_reset(struct pci_dev *pf, unsigned int index, enum vfctl_reset how)
{
	struct vfctl_vf *vf;
	unsigned long flags;

	rcu_read_lock();
	vf = vfctl_find_vf(pf, index);
	if (vf) {
		spin_lock_irqsave(&vf->lock, flags);
		if (how == VFCTL_RESET_FLR)
			vf->counters.flrs++;
		else
			vf->counters.reset_messages++;
		vf->api = VFCTL_API_NONE;
		vf->refused = 0;
		spin_unlock_irqrestore(&vf->lock, flags);
	}
	rcu_read_unlock();
	if (vf)
		vfctl_tell(pf, index, VFCTL_EVENT_RESET);
}
EXPORT_SYMBOL_GPL(vfctl_vf_reset);
