// SPDX-License-Identifier: GPL-2.0-only
// The life of an igb PF, and how many VFs it has.
// file: igb_main.c
// must call: vfctl_pf_add vfctl_pf_remove vfctl_vf_count MODULE_VERSION

@ include @
@@
 #include "igb.h"
+#include "vfctl_pf.h"

// A version that the distribution's driver does not have: DKMS takes a module for the same where the
// versions are, none too, and would not install it.
@ version @
declarer name MODULE_LICENSE;
declarer name MODULE_VERSION;
expression license;
@@
 MODULE_LICENSE(license);
+MODULE_VERSION(VFCTL_PF_VERSION);

// Before anything of the PF can fail or interrupt.
@ add @
identifier adapter, pdev;
@@
 igb_probe(struct pci_dev *pdev, ...) {
 <...
 adapter->pdev = pdev;
+vfctl_pf_add(pdev);
 ...>
 }

// Where the adapter ends, in success and in failure: no interrupt can come any more.
@ remove @
identifier f = {igb_probe, igb_remove};
identifier pdev;
expression netdev;
@@
 f(struct pci_dev *pdev, ...) {
 <...
+vfctl_pf_remove(pdev);
 free_netdev(netdev);
 ...>
 }

@ count @
identifier adapter;
expression count;
@@
 adapter->vfs_allocated_count = count;
+vfctl_vf_count(adapter->pdev, adapter->vfs_allocated_count);
