#include "igb.h"

static int igb_set_vf_mac(struct igb_adapter *, int, unsigned char *);

static int igb_vf_configure(struct igb_adapter *adapter, int vf)
{
	unsigned char mac[ETH_ALEN] = {};

	igb_set_vf_mac(adapter, vf, mac);
	adapter->vf_data[vf].spoofchk_enabled = true;
	vfctl_vf_setting(adapter->pdev, vf, VFCTL_SPOOFCHK, true);
	adapter->vf_data[vf].trusted = false;
	vfctl_vf_setting(adapter->pdev, vf, VFCTL_TRUST, false);
	return 0;
}

static s32 vfctl_igb_set_vf_vlan(struct igb_adapter *adapter, u32 vid,
				 bool add, u32 vf)
{
	return filter(adapter, vid, add, vf);
}

static s32 igb_set_vf_vlan(struct igb_adapter *adapter, u32 vid, bool add,
			   u32 vf)
{
	s32 error = vfctl_igb_set_vf_vlan(adapter, vid, add, vf);

	if (!error)
		vfctl_vf_vlan(adapter->pdev, vf, vid, add);
	return error;
}

static int igb_enable_port_vlan(struct igb_adapter *adapter, int vf, u16 vlan)
{
	int err = igb_set_vf_vlan(adapter, vlan, true, vf);

	if (err)
		return err;
	adapter->vf_data[vf].pf_vlan = vlan;
	vfctl_vf_setting(adapter->pdev, vf, VFCTL_PORT_VLAN, vlan);
	return err;
}

static void igb_vf_reset(struct igb_adapter *adapter, u32 vf)
{
	igb_clear_vf_vfta(adapter, vf);
	vfctl_vf_vlans_cleared(adapter->pdev, vf);
	igb_set_vf_vlan(adapter, adapter->vf_data[vf].pf_vlan, true, vf);
}

static void igb_vf_reset_event(struct igb_adapter *adapter, u32 vf)
{
	unsigned char *vf_mac = adapter->vf_data[vf].vf_mac_addresses;

	if (!(adapter->vf_data[vf].flags & SET_BY_ADMIN)) {
		eth_zero_addr(vf_mac);
		vfctl_vf_mac(adapter->pdev, vf, vf_mac);
	}
	igb_vf_reset(adapter, vf);
}

static int vfctl_igb_set_vf_mac_filter(struct igb_adapter *adapter,
				       const int vf, const u32 info,
				       const u8 *addr)
{
	return info == E1000_VF_MAC_FILTER_ADD ? put(adapter, vf, addr) : clear(adapter, vf);
}

static int igb_set_vf_mac_filter(struct igb_adapter *adapter, const int vf,
				 const u32 info, const u8 *addr)
{
	int error = vfctl_igb_set_vf_mac_filter(adapter, vf, info, addr);

	if (!error && info == E1000_VF_MAC_FILTER_CLR)
		vfctl_vf_filters_cleared(adapter->pdev, vf);
	if (!error && info == E1000_VF_MAC_FILTER_ADD)
		vfctl_vf_filter_added(adapter->pdev, vf, addr);
	return error;
}

static int vfctl_igb_set_vf_mac(struct igb_adapter *adapter, int vf,
				unsigned char *mac_addr)
{
	ether_addr_copy(adapter->vf_data[vf].vf_mac_addresses, mac_addr);
	return 0;
}

static int igb_set_vf_mac(struct igb_adapter *adapter, int vf,
			  unsigned char *mac_addr)
{
	int error = vfctl_igb_set_vf_mac(adapter, vf, mac_addr);

	vfctl_vf_mac(adapter->pdev, vf, adapter->vf_data[vf].vf_mac_addresses);
	return error;
}
