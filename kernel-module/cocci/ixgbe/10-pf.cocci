// SPDX-License-Identifier: GPL-2.0-only
// The life of an ixgbe PF.
// file: ixgbe_main.c
// must call: vfctl_pf_add vfctl_pf_remove MODULE_VERSION

@ include @
@@
 #include "ixgbe.h"
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
 ixgbe_probe(struct pci_dev *pdev, ...) {
 <...
 adapter->pdev = pdev;
+vfctl_pf_add(pdev);
 ...>
 }

// Where the adapter ends, in success and in failure: no interrupt can come any more.
@ remove @
identifier f = {ixgbe_probe, ixgbe_remove};
identifier pdev;
expression netdev;
@@
 f(struct pci_dev *pdev, ...) {
 <...
+vfctl_pf_remove(pdev);
 free_netdev(netdev);
 ...>
 }
