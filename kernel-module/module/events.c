// SPDX-License-Identifier: GPL-2.0-only
/* Other modules learn here that a VF changed, and read what it is. */
#include <linux/notifier.h>
#include "record.h"

static ATOMIC_NOTIFIER_HEAD(listeners);

void vfctl_tell(struct pci_dev *pf, unsigned int vf, enum vfctl_event event)
{
	struct vfctl_event_info info = {.pf = pf, .vf = vf};

	atomic_notifier_call_chain(&listeners, event, &info);
}

int vfctl_events_register(struct notifier_block *listener)
{
	return atomic_notifier_chain_register(&listeners, listener);
}
EXPORT_SYMBOL_GPL(vfctl_events_register);

/* After this no call to the listener is under way. */
void vfctl_events_unregister(struct notifier_block *listener)
{
	atomic_notifier_chain_unregister(&listeners, listener);
}
EXPORT_SYMBOL_GPL(vfctl_events_unregister);

int vfctl_vf_read(struct pci_dev *pdev, unsigned int index, struct vfctl_vf_state *state)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pdev, index, &flags);

	if (!vf)
		return -ENODEV;
	*state = vf->state;
	vfctl_vf_unlock(vf, flags);
	return 0;
}
EXPORT_SYMBOL_GPL(vfctl_vf_read);

bool vfctl_vf_has_vlan(struct pci_dev *pdev, unsigned int index, u16 vid)
{
	unsigned long flags;
	struct vfctl_vf *vf = vid < VLAN_N_VID ? vfctl_vf_lock(pdev, index, &flags) : NULL;
	bool has;

	if (!vf)
		return false;
	has = test_bit(vid, vf->vlans);
	vfctl_vf_unlock(vf, flags);
	return has;
}
EXPORT_SYMBOL_GPL(vfctl_vf_has_vlan);
