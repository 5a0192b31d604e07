#include "other.h"
#include "igb.h"

MODULE_DESCRIPTION("somebody's");
MODULE_LICENSE("GPL v2");

static int igb_probe(struct pci_dev *pdev, const struct pci_device_id *ent)
{
	struct net_device *netdev = make();
	struct igb_adapter *adapter;
	int err;

	if (!netdev)
		return -ENOMEM;
	adapter = netdev_priv(netdev);
	adapter->pdev = pdev;
	err = start(adapter);
	if (err)
		goto err_start;
	return 0;

err_start:
	free_netdev(netdev);
	return err;
}

static void igb_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);

	stop(netdev);
	free_netdev(netdev);
}

static int igb_enable_sriov(struct pci_dev *pdev, int num_vfs)
{
	struct igb_adapter *adapter = adapter_of(pdev);

	if (num_vfs > 7)
		adapter->vfs_allocated_count = 7;
	else
		adapter->vfs_allocated_count = num_vfs;
	return adapter->vfs_allocated_count;
}

static void somebody_else(struct net_device *netdev)
{
	free_netdev(netdev);
}
