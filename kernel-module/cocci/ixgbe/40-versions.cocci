// SPDX-License-Identifier: GPL-2.0-only
// Mailbox versions 1.6 and 1.7 for a tree that stops at 1.4.
// file: ixgbe_sriov.c
// unless: ixgbe_negotiate_vf_features
// must call: vfctl_ixgbe_is_newer vfctl_ixgbe_as_known vfctl_ixgbe_operation

// What is granted is stored as it is ...
@ stored @
expression adapter, vf, version;
position p;
@@
 adapter->vfinfo[vf].vf_api@p = version

// ... and read as the newest that this tree decides by.
@ read @
expression adapter, vf;
position p != stored.p;
@@
-adapter->vfinfo[vf].vf_api@p
+vfctl_ixgbe_as_known(adapter->vfinfo[vf].vf_api)

@ grant @
identifier adapter, message, vf, version;
@@
 vfctl_ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter, u32 *message, u32 vf) {
 int version = message[1];
+
+if (vfctl_ixgbe_is_newer(version)) {
+	adapter->vfinfo[vf].vf_api = version;
+	return 0;
+}
 ...
 }

@ operation @
symbol drv;
identifier adapter, vf, error;
expression message;
@@
 ixgbe_rcv_msg_from_vf(struct ixgbe_adapter *adapter, u32 vf) {
 <...
-vfctl_unhandled(adapter->pdev, vf);
-e_err(drv, "Unhandled Msg %8.8x\n", message[0]);
-error = -EIO;
+error = vfctl_ixgbe_operation(adapter->vfinfo[vf].vf_api, message);
+if (error == -ENOSYS) {
+	vfctl_unhandled(adapter->pdev, vf);
+	e_err(drv, "Unhandled Msg %8.8x\n", message[0]);
+	error = -EIO;
+}
 ...>
 }
