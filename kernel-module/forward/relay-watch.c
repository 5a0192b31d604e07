// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the relay looks around anew: interfaces and bridges change (netdevice
 * events), a bridge learns or forgets (switchdev events, of any bridge, in any
 * context), VFs come and go. And every five seconds: what a guest's driver asks
 * of a PF's driver that is not a patched one is told by nobody.
 */
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/switchdev.h>
#include "relay.h"

/* A guest that makes a bridge learn without end must not keep RTNL busy: not by many looks, and not by looks that take
 * long because a bridge knows very much. These get a tenth of the time at most. */
#define SOON (HZ / 10)
#define REGULARLY (5 * HZ)
#define SHARE 10

static void look_around(struct work_struct *work);
static DECLARE_DELAYED_WORK(look, look_around);
static bool active;	/* under RTNL when written */
static unsigned long soon = SOON;

static void look_around(struct work_struct *work)
{
	unsigned long began;

	rtnl_lock();
	began = jiffies;
	if (fwd_relay_any()) {
		fwd_relay_refresh();
		WRITE_ONCE(soon, max_t(unsigned long, SOON, SHARE * (jiffies - began)));
		if (READ_ONCE(active))
			schedule_delayed_work(&look, max_t(unsigned long, REGULARLY, soon));
	}
	rtnl_unlock();
}

/*
 * A look that is due soon stays so, or events without end would put it
 * off for ever. Without a relay there is nothing to look for.
 */
void fwd_relay_look_soon(void)
{
	unsigned long due = READ_ONCE(look.timer.expires), delay = READ_ONCE(soon);

	if (!READ_ONCE(active) || !fwd_relay_any())
		return;
	if (!delayed_work_pending(&look) || time_after(due, jiffies + delay))
		mod_delayed_work(system_wq, &look, delay);
}

static int netdevice_event(struct notifier_block *listener, unsigned long event, void *info)
{
	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_UNREGISTER:
	case NETDEV_UP:
	case NETDEV_CHANGE:
	case NETDEV_CHANGEADDR:
	case NETDEV_CHANGEUPPER:
		fwd_relay_look_soon();
	}
	return NOTIFY_DONE;
}

static int bridge_event(struct notifier_block *listener, unsigned long event, void *info)
{
	if (event == SWITCHDEV_FDB_ADD_TO_DEVICE || event == SWITCHDEV_FDB_DEL_TO_DEVICE)
		fwd_relay_look_soon();
	return NOTIFY_DONE;
}

static int bus_event(struct notifier_block *listener, unsigned long event, void *device)
{
	if (event == BUS_NOTIFY_ADD_DEVICE || event == BUS_NOTIFY_REMOVED_DEVICE)
		fwd_relay_look_soon();
	return NOTIFY_DONE;
}

static int vf_event(struct notifier_block *listener, unsigned long event, void *info)
{
	fwd_relay_look_soon();
	return NOTIFY_DONE;
}

static struct notifier_block netdevices = {.notifier_call = netdevice_event};
static struct notifier_block bridges = {.notifier_call = bridge_event};
static struct notifier_block bus = {.notifier_call = bus_event};
static struct notifier_block vfs = {.notifier_call = vf_event};

int fwd_relay_watch_start(void)
{
	int error = register_netdevice_notifier(&netdevices);

	if (error)
		return error;
	error = register_switchdev_notifier(&bridges);
	if (error)
		goto no_bridges;
	error = bus_register_notifier(&pci_bus_type, &bus);
	if (error)
		goto no_bus;
	error = vfctl_events_register(&vfs);
	if (error)
		goto no_vfs;
	WRITE_ONCE(active, true);
	return 0;

no_vfs:
	bus_unregister_notifier(&pci_bus_type, &bus);
no_bus:
	unregister_switchdev_notifier(&bridges);
no_bridges:
	unregister_netdevice_notifier(&netdevices);
	return error;
}

void fwd_relay_watch_stop(void)
{
	WRITE_ONCE(active, false);
	vfctl_events_unregister(&vfs);
	bus_unregister_notifier(&pci_bus_type, &bus);
	unregister_switchdev_notifier(&bridges);
	unregister_netdevice_notifier(&netdevices);
	cancel_delayed_work_sync(&look);
}
