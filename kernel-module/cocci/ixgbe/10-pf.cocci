// SPDX-License-Identifier: GPL-2.0-only
// The life of an ixgbe PF.
// file: ixgbe_main.c
// must call: vfctl_pf_add vfctl_pf_remove

@ include @
@@
 #include "ixgbe.h"
+#include "vfctl_pf.h"

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
