#include "ixgbe.h"

MODULE_DESCRIPTION("somebody's");
MODULE_LICENSE("GPL v2");

static int ixgbe_probe(struct pci_dev *pdev, const struct pci_device_id *ent)
{
	struct net_device *netdev = make();
	struct ixgbe_adapter *adapter = NULL;
	int err = 0;

	if (!netdev)
		goto err_alloc;
	adapter = netdev_priv(netdev);
	adapter->pdev = pdev;
	err = start(adapter);
	if (!err)
		return 0;

	free_netdev(netdev);
err_alloc:
	release(pdev);
	return err;
}

static void ixgbe_remove(struct pci_dev *pdev)
{
	struct ixgbe_adapter *adapter = pci_get_drvdata(pdev);
	struct net_device *netdev;

	if (!adapter)
		return;
	netdev = adapter->netdev;
	free_netdev(netdev);
}
