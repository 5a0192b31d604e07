// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interfaces come and go, between namespaces too: a port lives as long as its
 * interface stays in one namespace.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "relay.h"

static bool is_taken(const struct fwd_pf *pf, unsigned int vf)
{
	const struct fwd_port *port;

	list_for_each_entry(port, &pf->ports, list)
		if (port->vf == vf)
			return true;
	return false;
}

struct fwd_port *fwd_port_find(struct fwd_pf *pf, const struct net_device *dev)
{
	struct fwd_port *port;

	list_for_each_entry(port, &pf->ports, list)
		if (port->dev == dev)
			return port;
	return NULL;
}

/* Our hook comes last, after every nft chain of the admin. */
static int hook_up(struct fwd_port *port)
{
	port->hook.hook = fwd_egress;
	port->hook.priv = port;
	port->hook.dev = port->dev;
	port->hook.pf = NFPROTO_NETDEV;
	port->hook.hooknum = NF_NETDEV_EGRESS;
	port->hook.priority = INT_MAX;
	return nf_register_net_hook(port->net, &port->hook);
}

/* Best effort: an interface that cannot be a port has its frames sent by the card. */
void fwd_port_add(struct fwd_pf *pf, struct net_device *dev, unsigned int vf)
{
	struct fwd_port *port;

	if (is_taken(pf, vf))
		return; /* This one, or another of a function with several: fwd_pf_count_interfaces(). */
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		goto failed;

	port->pf = pf;
	port->vf = vf;
	port->dev = dev;
	port->net = dev_net(dev);
	port->ifindex = dev->ifindex;
	port->netns = port->net->ns.inum;
	port->counters = alloc_percpu(struct fwd_counters);
	if (!port->counters) {
		kfree(port);
		goto failed;
	}
	if (fwd_sysfs_add_port(port)) /* Frees it when that fails. */
		goto failed;
	if (hook_up(port)) {
		kobject_del(&port->kobj);
		kobject_put(&port->kobj);
		goto failed;
	}

	list_add_tail(&port->list, &pf->ports);
	if (vf == FWD_PF_PORT)
		rcu_assign_pointer(pf->dev, dev);
	fwd_count_start(port);
	if (vf == FWD_PF_PORT)
		fwd_relay_attach(pf, dev);
	return;

failed:
	netdev_warn(dev, "its frames cannot be passed on: the card gets them\n");
}

/*
 * First nobody finds the port, then it finds nobody, then all who were under
 * way are waited for, and its memory goes with the last reader of its files.
 */
void fwd_port_remove(struct fwd_port *port)
{
	list_del(&port->list);
	if (port->vf == FWD_PF_PORT) {
		fwd_relay_detach(port->pf);
		RCU_INIT_POINTER(port->pf->dev, NULL);
	}
	fwd_rules_drop(port);
	nf_unregister_net_hook(port->net, &port->hook);
	fwd_count_stop(port);
	synchronize_net();
	kobject_del(&port->kobj);
	kobject_put(&port->kobj);
}
