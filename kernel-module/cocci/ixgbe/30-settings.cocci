// SPDX-License-Identifier: GPL-2.0-only
// Addresses, VLANs and permissions of an ixgbe PF's VFs.
// file: ixgbe_sriov.c
// must call: vfctl_vf_mac vfctl_vf_filter_added vfctl_vf_filters_cleared vfctl_vf_vlan vfctl_vf_vlans_cleared vfctl_vf_setting

// The driver's function keeps its body under another name, whatever that is in this tree.
@ address @
identifier adapter, vf, mac;
@@
-static int ixgbe_set_vf_mac(struct ixgbe_adapter *adapter, int vf, unsigned char *mac)
+static int vfctl_ixgbe_set_vf_mac(struct ixgbe_adapter *adapter, int vf, unsigned char *mac)
 { ... }
+static int ixgbe_set_vf_mac(struct ixgbe_adapter *adapter, int vf, unsigned char *mac)
+{
+	int error = vfctl_ixgbe_set_vf_mac(adapter, vf, mac);
+
+	vfctl_vf_mac(adapter->pdev, vf, adapter->vfinfo[vf].vf_mac_addresses);
+	return error;
+}

// The admin takes the address away.
@ address_gone @
identifier adapter, netdev, vf, mac;
expression own;
@@
 ixgbe_ndo_set_vf_mac(struct net_device *netdev, int vf, u8 *mac) {
 struct ixgbe_adapter *adapter = netdev_priv(netdev);
 <...
 memcpy(own, mac, ETH_ALEN);
+vfctl_vf_mac(adapter->pdev, vf, mac);
 ...>
 }

@ filter @
identifier adapter, vf, index, mac;
@@
-static int ixgbe_set_vf_macvlan(struct ixgbe_adapter *adapter, int vf, int index, unsigned char *mac)
+static int vfctl_ixgbe_set_vf_macvlan(struct ixgbe_adapter *adapter, int vf, int index, unsigned char *mac)
 { ... }
+static int ixgbe_set_vf_macvlan(struct ixgbe_adapter *adapter, int vf, int index, unsigned char *mac)
+{
+	int error = vfctl_ixgbe_set_vf_macvlan(adapter, vf, index, mac);
+
+	/* 0 clears, 1 clears and sets the first, whatever becomes of that; more adds. */
+	if (index <= 1)
+		vfctl_vf_filters_cleared(adapter->pdev, vf);
+	if (index && !error)
+		vfctl_vf_filter_added(adapter->pdev, vf, mac);
+	return error;
+}

@ vlan @
typedef u32;
identifier adapter, add, vid, vf;
@@
-static int ixgbe_set_vf_vlan(struct ixgbe_adapter *adapter, int add, int vid, u32 vf)
+static int vfctl_ixgbe_set_vf_vlan(struct ixgbe_adapter *adapter, int add, int vid, u32 vf)
 { ... }
+static int ixgbe_set_vf_vlan(struct ixgbe_adapter *adapter, int add, int vid, u32 vf)
+{
+	int error = vfctl_ixgbe_set_vf_vlan(adapter, add, vid, vf);
+
+	if (!error)
+		vfctl_vf_vlan(adapter->pdev, vf, vid, add);
+	return error;
+}

@ vlans @
identifier adapter, vf;
@@
 ixgbe_clear_vf_vlans(adapter, vf);
+vfctl_vf_vlans_cleared(adapter->pdev, vf);

@ port_vlan @
identifier adapter, vf;
expression value;
@@
 adapter->vfinfo[vf].pf_vlan = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_PORT_VLAN, value);

@ spoofchk @
identifier adapter, vf;
expression value;
@@
 adapter->vfinfo[vf].spoofchk_enabled = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_SPOOFCHK, value);

@ trust @
identifier adapter, vf;
expression value;
@@
 adapter->vfinfo[vf].trusted = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_TRUST, value);

@ link @
identifier adapter, vf;
expression value;
@@
 adapter->vfinfo[vf].link_state = value;
+vfctl_vf_setting(adapter->pdev, vf, VFCTL_LINK, value);
