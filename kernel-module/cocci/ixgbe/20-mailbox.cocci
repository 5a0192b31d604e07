// SPDX-License-Identifier: GPL-2.0-only
// How many VFs an ixgbe PF has, what it reads from their mailboxes and writes to them.
// file: ixgbe_sriov.c
// must call: vfctl_vf_count vfctl_message_in vfctl_message_out vfctl_unhandled vfctl_api_granted vfctl_api_refused vfctl_vf_reset

@ include @
@@
 #include "ixgbe_sriov.h"
+#include "vfctl_ixgbe.h"

@ count @
identifier adapter;
expression count;
@@
 adapter->num_vfs = count;
+vfctl_vf_count(adapter->pdev, adapter->num_vfs);

@ received @
expression hw, buffer, words, vf;
identifier adapter, error;
@@
 ixgbe_rcv_msg_from_vf(struct ixgbe_adapter *adapter, ...) {
 <...
 error = ixgbe_read_mbx(hw, buffer, words, vf);
+vfctl_message_in(adapter->pdev, vf, error, buffer, words);
 ...>
 }

@ sent @
identifier f;
identifier adapter;
expression hw, buffer, words, vf;
@@
 f(struct ixgbe_adapter *adapter, ...) {
 <...
+vfctl_message_out(adapter->pdev, vf, buffer, words);
 ixgbe_write_mbx(hw, buffer, words, vf);
 ...>
 }

@ unhandled @
symbol drv;
identifier adapter, vf;
expression word;
@@
 ixgbe_rcv_msg_from_vf(struct ixgbe_adapter *adapter, u32 vf) {
 <...
+vfctl_unhandled(adapter->pdev, vf);
 e_err(drv, "Unhandled Msg %8.8x\n", word);
 ...>
 }

// Whatever versions this tree knows, its function tells by its result what it made of the question.
@ negotiation @
typedef u32;
identifier adapter, message, vf;
@@
-static int ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter, u32 *message, u32 vf)
+static int vfctl_ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter, u32 *message, u32 vf)
 { ... }
+static int ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter, u32 *message, u32 vf)
+{
+	u32 version = message[1];
+	int error = vfctl_ixgbe_negotiate_vf_api(adapter, message, vf);
+
+	if (error)
+		vfctl_api_refused(adapter->pdev, vf, version);
+	else
+		vfctl_api_granted(adapter->pdev, vf, version);
+	return error;
+}

// A reset by message ends in the same function as one of the register, so each caller tells which it was.
// Before the driver acts on it: what it sets then belongs to the time after.
@ flr @
identifier adapter, vf;
@@
 ixgbe_msg_task(struct ixgbe_adapter *adapter) {
 <...
-ixgbe_vf_reset_event(adapter, vf);
+{
+	vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_FLR);
+	ixgbe_vf_reset_event(adapter, vf);
+}
 ...>
 }

@ asked @
identifier adapter, vf;
@@
 ixgbe_vf_reset_msg(struct ixgbe_adapter *adapter, u32 vf) {
 ...
+vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_MESSAGE);
 ixgbe_vf_reset_event(adapter, vf);
 ...
 }
