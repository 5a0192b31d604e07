#include "ixgbe_sriov.h"

static int ixgbe_set_vf_vlan(struct ixgbe_adapter *adapter, int add, int vid,
			     u32 vf)
{
	return filter(adapter, vid, add, vf);
}

static int ixgbe_set_vf_macvlan(struct ixgbe_adapter *adapter,
				int vf, int index, unsigned char *mac_addr)
{
	return index ? put(adapter, vf, mac_addr) : clear(adapter, vf);
}

static inline void ixgbe_vf_reset_event(struct ixgbe_adapter *adapter, u32 vf)
{
	ixgbe_clear_vf_vlans(adapter, vf);
	ixgbe_set_vf_macvlan(adapter, vf, 0, NULL);
}

static int ixgbe_set_vf_mac(struct ixgbe_adapter *adapter,
			    int vf, unsigned char *mac_addr)
{
	return put(adapter, vf, mac_addr);
}

int ixgbe_ndo_set_vf_mac(struct net_device *netdev, int vf, u8 *mac)
{
	struct ixgbe_adapter *adapter = netdev_priv(netdev);
	int retval;

	if (!is_zero_ether_addr(mac))
		return ixgbe_set_vf_mac(adapter, vf, mac);

	retval = clear(adapter, vf);
	if (retval >= 0) {
		adapter->vfinfo[vf].pf_set_mac = false;
		memcpy(adapter->vfinfo[vf].vf_mac_addresses, mac, ETH_ALEN);
	}
	return retval;
}

static int ixgbe_enable_port_vlan(struct ixgbe_adapter *adapter, int vf, u16 vlan)
{
	adapter->vfinfo[vf].pf_vlan = vlan;
	return ixgbe_set_vf_vlan(adapter, true, vlan, vf);
}

int ixgbe_ndo_set_vf_spoofchk(struct net_device *netdev, int vf, bool setting)
{
	struct ixgbe_adapter *adapter = netdev_priv(netdev);

	adapter->vfinfo[vf].spoofchk_enabled = setting;
	return 0;
}

int ixgbe_ndo_set_vf_trust(struct net_device *netdev, int vf, bool setting)
{
	struct ixgbe_adapter *adapter = netdev_priv(netdev);

	if (adapter->vfinfo[vf].trusted == setting)
		return 0;
	adapter->vfinfo[vf].trusted = setting;
	return 0;
}

void ixgbe_set_vf_link_state(struct ixgbe_adapter *adapter, int vf, int state)
{
	adapter->vfinfo[vf].link_state = state;
}
