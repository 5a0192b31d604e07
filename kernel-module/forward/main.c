// SPDX-License-Identifier: GPL-2.0-only
/* vfctl_fwd: passes frames on between the VFs of one card. Loaded, it does
 * nothing until a PF is written to /sys/kernel/vfctl/forward/add. */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include "relay.h"

static int __init forward_init(void)
{
	int error = fwd_watch_start();

	if (error)
		return error;
	error = fwd_relay_watch_start();
	if (error)
		goto no_relay;
	error = fwd_sysfs_init();
	if (error)
		goto no_sysfs;
	return 0;

no_sysfs:
	fwd_relay_watch_stop();
no_relay:
	fwd_watch_stop();
	return error;
}

/*
 * First nobody can add a PF any more, then nothing happens to them by itself,
 * then they go, with their ports and hooks.
 */
static void __exit forward_exit(void)
{
	fwd_sysfs_close();
	fwd_relay_watch_stop();
	fwd_watch_stop();
	rtnl_lock();
	fwd_pf_remove_all();
	rtnl_unlock();
	fwd_sysfs_exit();
	rcu_barrier(); /* Rules that wait for their readers. */
}

module_init(forward_init);
module_exit(forward_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Frames between the VFs of one card, by MAC address");
