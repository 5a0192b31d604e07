#include "other.h"
#include "igb.h"
#include "vfctl_pf.h"

MODULE_DESCRIPTION("somebody's");
MODULE_LICENSE("GPL v2");
MODULE_VERSION(VFCTL_PF_VERSION);

static int igb_probe(struct pci_dev *pdev, const struct pci_device_id *ent)
{
	struct net_device *netdev = make();
	struct igb_adapter *adapter;
	int err;

	if (!netdev)
		return -ENOMEM;
	adapter = netdev_priv(netdev);
	adapter->pdev = pdev;
	vfctl_pf_add(pdev);
	err = start(adapter);
	if (err)
		goto err_start;
	return 0;

err_start:
	vfctl_pf_remove(pdev);
	free_netdev(netdev);
	return err;
}

static void igb_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);

	stop(netdev);
	vfctl_pf_remove(pdev);
	free_netdev(netdev);
}

static int igb_enable_sriov(struct pci_dev *pdev, int num_vfs)
{
	struct igb_adapter *adapter = adapter_of(pdev);

	if (num_vfs > 7) {
		adapter->vfs_allocated_count = 7;
		vfctl_vf_count(adapter->pdev, adapter->vfs_allocated_count);
	}
	else {
		adapter->vfs_allocated_count = num_vfs;
		vfctl_vf_count(adapter->pdev, adapter->vfs_allocated_count);
	}
	return adapter->vfs_allocated_count;
}

static void somebody_else(struct net_device *netdev)
{
	free_netdev(netdev);
}
