// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that live on this host behind a PF: its own, those of macvlans and
 * macvtaps above it, and what the bridges that it is a port of, directly or by a
 * VLAN interface, know on their other ports.
 *
 * A bridge tells its entries to modules by one way alone, that of `bridge fdb
 * show`: ndo_fdb_dump() with a netlink message, for one port, or for no port,
 * which gives what the bridge has as its own (br_fdb_dump() of br_fdb.c).
 */
#include <linux/if_bridge.h>
#include <linux/if_macvlan.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "relay.h"

#define PART (16 * 1024)
#define PARTS 64	/* 16 KiB have about 180 entries */

struct search {
	void (*found)(void *context, const u8 *mac);
	void *context;
};

static void take_entry(const struct search *search, const struct nlmsghdr *header, bool own)
{
	const struct ndmsg *entry = nlmsg_data(header);
	const struct nlattr *mac = nlmsg_find_attr(header, sizeof(*entry), NDA_LLADDR);

	if (!mac || nla_len(mac) != ETH_ALEN)
		return;
	/* What a port of the bridge has as its own is the other end of a guest's cable. */
	if (!own && (entry->ndm_state & NUD_PERMANENT))
		return;
	search->found(search->context, nla_data(mac));
}

static void take_part(const struct search *search, struct sk_buff *part, bool own)
{
	struct nlmsghdr *header = nlmsg_hdr(part);
	int left = part->len;

	for (; nlmsg_ok(header, left); header = nlmsg_next(header, &left))
		if (nlmsg_len(header) >= (int)sizeof(struct ndmsg))
			take_entry(search, header, own);
}

/* As rtnl_fdb_dump() of rtnetlink.c asks; what came before is skipped by the bridge, which
 * looks for their number in the second or third place of the callback's arguments. */
static int read_part(struct sk_buff *part, struct net_device *bridge, struct net_device *port, int *index)
{
	struct sk_buff *request = nlmsg_new(0, GFP_KERNEL);
	const struct nlmsghdr header = {};
	struct netlink_callback callback = {.skb = request, .nlh = &header};
	int error, next = 0;

	if (!request)
		return -ENOMEM;
	callback.args[1] = *index;
	callback.args[2] = *index;
	error = bridge->netdev_ops->ndo_fdb_dump(part, &callback, bridge, port, &next);
	*index = next;
	kfree_skb(request);
	return error;
}

/* The entries of one port, or the bridge's own. */
static void search_port(const struct search *search, struct net_device *bridge, struct net_device *port)
{
	int i, index = 0, error = -EMSGSIZE;
	struct sk_buff *part;

	for (i = 0; i < PARTS && error == -EMSGSIZE; i++) {
		part = alloc_skb(PART, GFP_KERNEL);
		if (!part)
			return;
		error = read_part(part, bridge, port, &index);
		take_part(search, part, !port);
		kfree_skb(part);
		cond_resched();
	}
}

static void search_bridge(const struct search *search, struct net_device *bridge, const struct net_device *towards_pf)
{
	struct net_device *port;
	struct list_head *iter;

	search->found(search->context, bridge->dev_addr);
	if (!bridge->netdev_ops->ndo_fdb_dump)
		return;
	search_port(search, bridge, NULL);
	netdev_for_each_lower_dev(bridge, port, iter)
		if (port != towards_pf)
			search_port(search, bridge, port);
}

static void search_above(const struct search *search, struct net_device *dev)
{
	struct net_device *upper;
	struct list_head *iter;

	netdev_for_each_upper_dev_rcu(dev, upper, iter) {
		if (netif_is_macvlan(upper))
			search->found(search->context, upper->dev_addr);
		else if (netif_is_bridge_master(upper))
			search_bridge(search, upper, dev);
		else if (is_vlan_dev(upper))
			search_above(search, upper);
	}
}

/* Under RTNL, which keeps interfaces where they are. The PF's own comes first. */
void relay_host_addresses(struct net_device *pf,
			  void (*found)(void *context, const u8 *mac), void *context)
{
	const struct search search = {.found = found, .context = context};

	found(context, pf->dev_addr);
	search_above(&search, pf);
}
