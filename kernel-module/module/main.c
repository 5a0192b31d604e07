// SPDX-License-Identifier: GPL-2.0-only
/* vfctl_pf: keeps the books of VFs and their mailboxes for patched PF drivers. */
#include <linux/module.h>
#include "record.h"

static int __init vfctl_init(void)
{
	return vfctl_sysfs_init();
}

/*
 * Patched drivers use our symbols, so none is loaded any more: every PF was
 * removed, and with it everything that could call us or be read.
 */
static void __exit vfctl_exit(void)
{
	vfctl_registry_exit();
	vfctl_sysfs_exit();
}

module_init(vfctl_init);
module_exit(vfctl_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VF mailboxes and settings, as the PF drivers of vfctl tell them");
