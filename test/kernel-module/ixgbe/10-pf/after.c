#include "ixgbe.h"
#include "vfctl_pf.h"

MODULE_DESCRIPTION("somebody's");
MODULE_LICENSE("GPL v2");
MODULE_VERSION(VFCTL_PF_VERSION);

static int ixgbe_probe(struct pci_dev *pdev, const struct pci_device_id *ent)
{
	struct net_device *netdev = make();
	struct ixgbe_adapter *adapter = NULL;
	int err = 0;

	if (!netdev)
		goto err_alloc;
	adapter = netdev_priv(netdev);
	adapter->pdev = pdev;
	vfctl_pf_add(pdev);
	err = start(adapter);
	if (!err)
		return 0;

	vfctl_pf_remove(pdev);
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
	vfctl_pf_remove(pdev);
	free_netdev(netdev);
}
