// SPDX-License-Identifier: GPL-2.0-only
/* The PFs whose VFs' traffic is passed on, and which interfaces are theirs. */
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "relay.h"

static LIST_HEAD(pfs);

struct fwd_pf *fwd_pf_find(const struct pci_dev *pdev)
{
	struct fwd_pf *pf;

	list_for_each_entry(pf, &pfs, list)
		if (pf->pdev == pdev)
			return pf;
	return NULL;
}

/* PCI's rule for the address of a VF (SR-IOV 1.1, 2.1.2), turned round. */
static unsigned int vf_number(struct pci_dev *vf, struct pci_dev *pf)
{
	int capability = pci_find_ext_capability(pf, PCI_EXT_CAP_ID_SRIOV);
	u16 offset = 0, stride = 0;

	pci_read_config_word(pf, capability + PCI_SRIOV_VF_OFFSET, &offset);
	pci_read_config_word(pf, capability + PCI_SRIOV_VF_STRIDE, &stride);
	return ((u16)(pci_dev_id(vf) - pci_dev_id(pf)) - offset) / (stride ?: 1);
}

/* The PF, if it is one of ours, that an interface belongs to, and as what. */
struct fwd_pf *fwd_pf_of(const struct net_device *dev, unsigned int *vf)
{
	struct pci_dev *pdev;
	struct fwd_pf *pf;

	if (dev->type != ARPHRD_ETHER || !dev->dev.parent || !dev_is_pci(dev->dev.parent))
		return NULL;
	pdev = to_pci_dev(dev->dev.parent);
	pf = fwd_pf_find(pci_physfn(pdev));
	if (pf)
		*vf = pdev->is_virtfn ? vf_number(pdev, pf->pdev) : FWD_PF_PORT;
	return pf;
}

void fwd_pfs_for_each(void (*visit)(struct fwd_pf *pf))
{
	struct fwd_pf *pf;

	list_for_each_entry(pf, &pfs, list)
		visit(pf);
}

bool fwd_pfs_any(void)
{
	return !list_empty(&pfs);
}

/* What is there already; what comes later is told by watch.c. */
static void take_ports(struct fwd_pf *pf, const struct net_device *leaving)
{
	struct net_device *dev;
	unsigned int vf;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		for_each_netdev(net, dev)
			if (dev != leaving && fwd_pf_of(dev, &vf) == pf)
				fwd_port_add(pf, dev, vf);
	up_read(&net_rwsem);
}

/*
 * Representors of switchdev mode are interfaces of the PF's function too, and
 * so are the ports of a card that has one function for all (mlx4). Then who may
 * reach whom is for the host to say at the representors, or it is not known at
 * which port a VF is: everything goes to the card while there are several.
 */
void fwd_pf_count_interfaces(struct fwd_pf *pf, const struct net_device *leaving)
{
	unsigned int vf, count = 0;
	struct net_device *dev;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		for_each_netdev(net, dev)
			if (dev != leaving && fwd_pf_of(dev, &vf) == pf && vf == FWD_PF_PORT)
				count++;
	up_read(&net_rwsem);
	WRITE_ONCE(pf->several, count > 1);
	if (count && !rtnl_dereference(pf->dev))
		take_ports(pf, leaving); /* The one that was taken for the PF's has left. */
}

int fwd_pf_add(struct pci_dev *pdev)
{
	struct fwd_pf *pf;
	int error;

	if (pdev->is_virtfn || pci_sriov_get_totalvfs(pdev) <= 0)
		return -EINVAL;
	if (fwd_pf_find(pdev))
		return -EEXIST;

	pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	if (!pf)
		return -ENOMEM;
	pf->pdev = pci_dev_get(pdev);
	INIT_LIST_HEAD(&pf->ports);
	error = fwd_sysfs_add_pf(pf); /* Frees it when that fails. */
	if (error)
		return error;

	list_add_tail(&pf->list, &pfs);
	take_ports(pf, NULL);
	fwd_pf_count_interfaces(pf, NULL);
	fwd_rules_refresh(pf);
	fwd_watch_modes();
	return 0;
}

static void remove_pf(struct fwd_pf *pf)
{
	struct fwd_port *port, *next;

	list_del(&pf->list);
	fwd_relay_off(pf);
	list_for_each_entry_safe(port, next, &pf->ports, list)
		fwd_port_remove(port);
	kobject_del(&pf->kobj);
	kobject_put(&pf->kobj);
}

int fwd_pf_remove(struct pci_dev *pdev)
{
	struct fwd_pf *pf = fwd_pf_find(pdev);

	if (!pf)
		return -ENOENT;
	remove_pf(pf);
	return 0;
}

void fwd_pf_remove_all(void)
{
	struct fwd_pf *pf, *next;

	list_for_each_entry_safe(pf, next, &pfs, list)
		remove_pf(pf);
}
