// SPDX-License-Identifier: GPL-2.0-only
/* The PFs whose frames are relayed, their groups, and the look around that finds what changed. */
#include <linux/ctype.h>
#include <linux/ratelimit.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "relay.h"

#define QUESTIONS_PER_SECOND 100

static LIST_HEAD(relays);
static unsigned int last_group;

bool fwd_relay_any(void)
{
	return !list_empty(&relays);
}

static struct fwd_relay *relay_of(const struct fwd_pf *pf)
{
	return rtnl_dereference(pf->relay);
}

static void publish(struct relay_table *table)
{
	struct relay_table *old = rtnl_dereference(relay_table);

	rcu_assign_pointer(relay_table, table);
	if (old)
		kvfree_rcu(old, rcu);
}

/*
 * Learns all addresses anew. Without memory for them nothing is relayed; the
 * filters stay as they are until the next look.
 */
void fwd_relay_refresh(void)
{
	struct relay_table *table = list_empty(&relays) ? NULL : relay_table_collect(&relays, rtnl_dereference(relay_table));
	struct fwd_relay *relay;

	publish(table);
	if (!table)
		return;
	list_for_each_entry(relay, &relays, list)
		if (relay->dev) {
			relay_filters_set(relay, table);
			relay_vlans_set(relay, &relays);
		}
}

static bool is_name(const char *name)
{
	size_t length = strlen(name), i;

	for (i = 0; i < length; i++)
		if (!isalnum(name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return length > 0 && length < RELAY_GROUP;
}

static unsigned int group_of(const char *name)
{
	struct fwd_relay *relay;

	list_for_each_entry(relay, &relays, list)
		if (!strcmp(relay->name, name))
			return relay->group;
	return ++last_group;
}

static struct fwd_relay *make(struct fwd_pf *pf, const char *name)
{
	unsigned int i, limits = pci_sriov_get_totalvfs(pf->pdev) + 1;
	struct fwd_relay *relay = kzalloc(struct_size(relay, limit, limits), GFP_KERNEL);

	if (!relay)
		return NULL;
	relay->counters = alloc_percpu(struct relay_counters);
	if (!relay->counters) {
		kfree(relay);
		return NULL;
	}
	relay->pf = pf;
	relay->limits = limits;
	strscpy(relay->name, name, sizeof(relay->name));
	relay->group = group_of(name);
	for (i = 0; i < limits; i++) {
		ratelimit_state_init(&relay->limit[i], HZ, QUESTIONS_PER_SECOND);
		ratelimit_set_flags(&relay->limit[i], RATELIMIT_MSG_ON_RELEASE); /* Says nothing. */
	}
	return relay;
}

/* Our hook comes last, after every nft chain of the admin, and before VLANs and bridges. */
void fwd_relay_attach(struct fwd_pf *pf, struct net_device *dev)
{
	struct fwd_relay *relay = relay_of(pf);

	if (!relay || relay->dev)
		return;
	relay->hook.hook = relay_ingress;
	relay->hook.priv = relay;
	relay->hook.dev = dev;
	relay->hook.pf = NFPROTO_NETDEV;
	relay->hook.hooknum = NF_NETDEV_INGRESS;
	relay->hook.priority = INT_MAX;
	relay->net = dev_net(dev);
	if (nf_register_net_hook(relay->net, &relay->hook)) {
		netdev_warn(dev, "its frames cannot be relayed\n");
		return;
	}
	relay->dev = dev;
	fwd_relay_refresh();
}

/*
 * The interface goes, or the relay: nobody finds addresses behind it any more,
 * and its card gets its filters back. Those who are under way are waited for.
 */
void fwd_relay_detach(struct fwd_pf *pf)
{
	struct fwd_relay *relay = relay_of(pf);

	if (!relay || !relay->dev)
		return;
	nf_unregister_net_hook(relay->net, &relay->hook);
	relay_filters_clear(relay);
	relay->dev = NULL;
	fwd_relay_refresh();
	synchronize_net();
}

void fwd_relay_off(struct fwd_pf *pf)
{
	struct fwd_relay *relay = relay_of(pf);

	if (!relay)
		return;
	fwd_relay_detach(pf);
	list_del(&relay->list);
	RCU_INIT_POINTER(pf->relay, NULL);
	fwd_relay_refresh();
	synchronize_net();
	free_percpu(relay->counters);
	kfree(relay);
}

int fwd_relay_set(struct pci_dev *pdev, const char *group)
{
	struct fwd_pf *pf = fwd_pf_find(pdev);
	struct net_device *dev;
	struct fwd_relay *relay;

	if (!pf)
		return -ENOENT;
	if (!is_name(group))
		return -EINVAL;
	fwd_relay_off(pf);
	if (!strcmp(group, "none"))
		return 0;
	relay = make(pf, group);
	if (!relay)
		return -ENOMEM;
	list_add_tail(&relay->list, &relays);
	rcu_assign_pointer(pf->relay, relay);
	dev = rtnl_dereference(pf->dev);
	if (dev)
		fwd_relay_attach(pf, dev);
	fwd_relay_look_soon(); /* And from then on regularly. */
	return 0;
}
