// SPDX-License-Identifier: GPL-2.0-only
/* The PFs that are known: added, found, removed. */
#include <linux/device/driver.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include "record.h"

static LIST_HEAD(pfs);
static DEFINE_MUTEX(pfs_lock);	/* of those who change the list */

struct vfctl_pf *vfctl_find(const struct pci_dev *pdev)
{
	struct vfctl_pf *pf;

	list_for_each_entry_rcu(pf, &pfs, list, lockdep_is_held(&pfs_lock))
		if (pf->pdev == pdev)
			return pf;
	return NULL;
}

struct vfctl_vf *vfctl_vf_lock(const struct pci_dev *pdev, unsigned int vf, unsigned long *flags)
{
	struct vfctl_pf *pf;

	rcu_read_lock();
	pf = vfctl_find(pdev);
	if (!pf || vf >= pf->total) {
		rcu_read_unlock();
		return NULL;
	}
	spin_lock_irqsave(&pf->vf[vf].lock, *flags);
	return &pf->vf[vf];
}

void vfctl_vf_unlock(struct vfctl_vf *vf, unsigned long flags)
{
	spin_unlock_irqrestore(&vf->lock, flags);
	rcu_read_unlock();
}

static void forget(struct vfctl_vf *vf)
{
	memset(&vf->state, 0, sizeof(vf->state));
	memset(&vf->counters, 0, sizeof(vf->counters));
	vf->api = VFCTL_API_NONE;
	vf->refused = 0;
	vf->messages = 0;
	bitmap_zero(vf->vlans, VLAN_N_VID);
}

void vfctl_pf_add(struct pci_dev *pdev)
{
	int total = pci_sriov_get_totalvfs(pdev);
	struct vfctl_pf *pf;
	unsigned int i;

	if (total <= 0)
		return; /* This card has no VFs. */

	pf = kzalloc(struct_size(pf, vf, total), GFP_KERNEL);
	if (!pf) {
		pci_warn(pdev, "no memory to keep its VF mailboxes in mind\n");
		return;
	}

	pf->pdev = pdev;
	pf->total = total;
	strscpy(pf->driver, dev_driver_string(&pdev->dev), sizeof(pf->driver));
	for (i = 0; i < pf->total; i++) {
		pf->vf[i].pf = pf;
		pf->vf[i].index = i;
		spin_lock_init(&pf->vf[i].lock);
		forget(&pf->vf[i]);
	}

	/* Frees it when that fails. */
	if (vfctl_sysfs_add(pf)) {
		pci_warn(pdev, "its VF mailboxes cannot be shown in sysfs\n");
		return;
	}

	mutex_lock(&pfs_lock);
	list_add_tail_rcu(&pf->list, &pfs);
	mutex_unlock(&pfs_lock);
}
EXPORT_SYMBOL_GPL(vfctl_pf_add);

void vfctl_pf_remove(struct pci_dev *pdev)
{
	struct vfctl_pf *pf;

	mutex_lock(&pfs_lock);
	pf = vfctl_find(pdev);
	if (pf)
		list_del_rcu(&pf->list);
	mutex_unlock(&pfs_lock);
	if (!pf)
		return;

	vfctl_tell(pdev, VFCTL_ALL_VFS, VFCTL_EVENT_PF_GONE);
	synchronize_rcu(); /* Hooks and readers by vfctl_vf_read() that had found it. */
	vfctl_sysfs_remove(pf); /* Waits for readers of its files, then frees it. */
}
EXPORT_SYMBOL_GPL(vfctl_pf_remove);

void vfctl_vf_count(struct pci_dev *pdev, unsigned int count)
{
	struct vfctl_pf *pf;
	unsigned long flags;
	unsigned int i;

	rcu_read_lock();
	pf = vfctl_find(pdev);
	if (pf) {
		for (i = 0; i < pf->total; i++) {
			struct vfctl_vf *vf = &pf->vf[i];

			spin_lock_irqsave(&vf->lock, flags);
			if (i >= count)
				forget(vf);
			vf->state.present = i < count;
			spin_unlock_irqrestore(&vf->lock, flags);
		}
		WRITE_ONCE(pf->count, min(count, pf->total));
	}
	rcu_read_unlock();
	vfctl_tell(pdev, VFCTL_ALL_VFS, VFCTL_EVENT_COUNT);
}
EXPORT_SYMBOL_GPL(vfctl_vf_count);

void vfctl_registry_exit(void)
{
	WARN_ON(!list_empty(&pfs));
}
