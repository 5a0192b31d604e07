// SPDX-License-Identifier: GPL-2.0-only
// Addresses, VLANs and permissions of an igb PF's VFs.
// file: igb_main.c
// must call: vfctl_vf_mac vfctl_vf_filter_added vfctl_vf_filters_cleared vfctl_vf_vlan vfctl_vf_vlans_cleared vfctl_vf_setting

// The driver's function keeps its body under another name, whatever that is in this tree.
@ address @
identifier adapter, vf, mac;
@@
-static int igb_set_vf_mac(struct igb_adapter *adapter, int vf, unsigned char *mac)
+static int vfctl_igb_set_vf_mac(struct igb_adapter *adapter, int vf, unsigned char *mac)
 { ... }
+static int igb_set_vf_mac(struct igb_adapter *adapter, int vf, unsigned char *mac)
+{
+	int error = vfctl_igb_set_vf_mac(adapter, vf, mac);
+
+	vfctl_vf_mac(adapter->pdev, vf, adapter->vf_data[vf].vf_mac_addresses);
+	return error;
+}

// A reset takes an address that the admin did not set.
@ address_gone @
identifier adapter, vf, mac;
@@
 igb_vf_reset_event(struct igb_adapter *adapter, u32 vf) {
 <...
 eth_zero_addr(mac);
+vfctl_vf_mac(adapter->pdev, vf, mac);
 ...>
 }

@ filter @
typedef u8, u32;
identifier adapter, vf, info, mac;
@@
-static int igb_set_vf_mac_filter(struct igb_adapter *adapter, const int vf, const u32 info, const u8 *mac)
+static int vfctl_igb_set_vf_mac_filter(struct igb_adapter *adapter, const int vf, const u32 info, const u8 *mac)
 { ... }
+static int igb_set_vf_mac_filter(struct igb_adapter *adapter, const int vf, const u32 info, const u8 *mac)
+{
+	int error = vfctl_igb_set_vf_mac_filter(adapter, vf, info, mac);
+
+	if (!error && info == E1000_VF_MAC_FILTER_CLR)
+		vfctl_vf_filters_cleared(adapter->pdev, vf);
+	if (!error && info == E1000_VF_MAC_FILTER_ADD)
+		vfctl_vf_filter_added(adapter->pdev, vf, mac);
+	return error;
+}

@ vlan @
typedef s32, bool;
identifier adapter, vid, add, vf;
@@
-static s32 igb_set_vf_vlan(struct igb_adapter *adapter, u32 vid, bool add, u32 vf)
+static s32 vfctl_igb_set_vf_vlan(struct igb_adapter *adapter, u32 vid, bool add, u32 vf)
 { ... }
+static s32 igb_set_vf_vlan(struct igb_adapter *adapter, u32 vid, bool add, u32 vf)
+{
+	s32 error = vfctl_igb_set_vf_vlan(adapter, vid, add, vf);
+
+	if (!error)
+		vfctl_vf_vlan(adapter->pdev, vf, vid, add);
+	return error;
+}

@ vlans @
identifier adapter, vf;
@@
 igb_clear_vf_vfta(adapter, vf);
+vfctl_vf_vlans_cleared(adapter->pdev, vf);

@ port_vlan @
identifier adapter, vf;
expression value;
@@
 adapter->vf_data[vf].pf_vlan = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_PORT_VLAN, value);

@ spoofchk @
identifier adapter, vf;
expression value;
@@
 adapter->vf_data[vf].spoofchk_enabled = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_SPOOFCHK, value);

@ trust @
identifier adapter, vf;
expression value;
@@
 adapter->vf_data[vf].trusted = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_TRUST, value);
