// SPDX-License-Identifier: GPL-2.0-only
// What an igb PF reads from its VFs' mailboxes and writes to them.
// file: igb_main.c
// must call: vfctl_message_in vfctl_message_out vfctl_unhandled vfctl_vf_reset

@ received @
expression hw, buffer, words, vf, unlock;
identifier adapter, error;
@@
 igb_rcv_msg_from_vf(struct igb_adapter *adapter, ...) {
 <...
 error = igb_read_mbx(hw, buffer, words, vf, unlock);
+vfctl_message_in(adapter->pdev, vf, error, buffer, words);
 ...>
 }

@ sent @
identifier f;
identifier adapter;
expression hw, buffer, words, vf;
@@
 f(struct igb_adapter *adapter, ...) {
 <...
+vfctl_message_out(adapter->pdev, vf, buffer, words);
 igb_write_mbx(hw, buffer, words, vf);
 ...>
 }

@ unhandled @
identifier adapter, vf;
expression device, word;
@@
 igb_rcv_msg_from_vf(struct igb_adapter *adapter, u32 vf) {
 <...
+vfctl_unhandled(adapter->pdev, vf);
 dev_err(device, "Unhandled Msg %08x\n", word);
 ...>
 }

// Before the driver acts on it: what it sets then belongs to the time after.
@ flr @
identifier adapter, vf;
@@
 igb_vf_reset_event(struct igb_adapter *adapter, u32 vf) {
+vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_FLR);
 ...
 }

@ asked @
identifier adapter, vf;
@@
 igb_vf_reset_msg(struct igb_adapter *adapter, u32 vf) {
 ...
+vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_MESSAGE);
 igb_vf_reset(adapter, vf);
 ...
 }
