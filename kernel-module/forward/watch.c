// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever changes a port or its rules: interfaces (netdevice events), VFs
 * (events of a patched PF driver), cards (events of the PCI bus).
 *
 * `ip link set PF vf N ...` ends in NETDEV_CHANGE of a PF that is up
 * (netdev_state_change()); with a PF that is down nothing is passed on, and it
 * tells when it comes up. `bridge link set dev PF hwmode ...` ends in no event at
 * all: see mode.c.
 */
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include "forward.h"

static int netdevice_event(struct notifier_block *listener, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct fwd_port *port;
	struct fwd_pf *pf;
	unsigned int vf;

	pf = fwd_pf_of(dev, &vf);
	if (!pf)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_REGISTER: /* Also when it arrives in a namespace. */
		fwd_port_add(pf, dev, vf);
		if (vf == FWD_PF_PORT)
			fwd_pf_count_interfaces(pf, NULL);
		fwd_rules_refresh(pf);
		break;
	case NETDEV_UNREGISTER: /* Also when it leaves one. */
		port = fwd_port_find(pf, dev);
		if (port)
			fwd_port_remove(port);
		if (vf == FWD_PF_PORT) {
			fwd_pf_count_interfaces(pf, dev);
			fwd_rules_refresh(pf);
		}
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
	case NETDEV_CHANGEADDR:
		fwd_rules_refresh(pf);
		break;
	}
	return NOTIFY_DONE;
}

#define PAUSE (HZ / 10)		/* A guest that writes to its mailbox without end must not keep RTNL busy. */

static unsigned long refreshed;	/* jiffies */

static void refresh_all(struct work_struct *work)
{
	rtnl_lock();
	fwd_pfs_for_each(fwd_rules_refresh);
	rtnl_unlock();
	WRITE_ONCE(refreshed, jiffies);
}

static DECLARE_DELAYED_WORK(refresh_work, refresh_all);

/* In the driver's context, maybe an interrupt: only asks for a look, at once if the last one was long enough ago. */
static int vf_event(struct notifier_block *listener, unsigned long event, void *info)
{
	unsigned long since = jiffies - READ_ONCE(refreshed);

	schedule_delayed_work(&refresh_work, since < PAUSE ? PAUSE - since : 0);
	return NOTIFY_DONE;
}

static void look_at_modes(struct work_struct *work);
static DECLARE_DELAYED_WORK(modes_work, look_at_modes);

static void look_at_modes(struct work_struct *work)
{
	rtnl_lock();
	fwd_pfs_for_each(fwd_mode_look);
	fwd_watch_modes();
	rtnl_unlock();
}

void fwd_watch_modes(void)
{
	if (fwd_pfs_any())
		schedule_delayed_work(&modes_work, HZ / 4);
}

static int bus_event(struct notifier_block *listener, unsigned long event, void *device)
{
	if (event != BUS_NOTIFY_REMOVED_DEVICE)
		return NOTIFY_DONE;
	rtnl_lock();
	fwd_pf_remove(to_pci_dev(device));
	rtnl_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block netdevices = {.notifier_call = netdevice_event};
static struct notifier_block vfs = {.notifier_call = vf_event};
static struct notifier_block bus = {.notifier_call = bus_event};

int fwd_watch_start(void)
{
	int error = register_netdevice_notifier(&netdevices);

	if (error)
		return error;
	error = vfctl_events_register(&vfs);
	if (error)
		goto no_vfs;
	error = bus_register_notifier(&pci_bus_type, &bus);
	if (error)
		goto no_bus;
	return 0;

no_bus:
	vfctl_events_unregister(&vfs);
	cancel_delayed_work_sync(&refresh_work);
no_vfs:
	unregister_netdevice_notifier(&netdevices);
	return error;
}

/* Taking the first one back removes all ports: it tells that every interface goes. */
void fwd_watch_stop(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus);
	vfctl_events_unregister(&vfs);
	cancel_delayed_work_sync(&refresh_work);
	cancel_delayed_work_sync(&modes_work);
	unregister_netdevice_notifier(&netdevices);
}
