// SPDX-License-Identifier: GPL-2.0-only
/* Which address is behind which PF, and as whose. */
#include <linux/hash.h>
#include <linux/if_link.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "relay.h"

static unsigned int bucket_of(const u8 *mac)
{
	return hash_32(get_unaligned((const u32 *)(mac + 2)), ilog2(RELAY_BUCKETS));
}

/* What find and its callers tell apart: an address is there once for each PF and kind. */
static struct relay_address *known(struct relay_table *table, const struct fwd_relay *relay,
				   unsigned int vf, const u8 *mac)
{
	struct relay_address *address;

	hlist_for_each_entry(address, &table->bucket[bucket_of(mac)], node)
		if (address->relay == relay && address->vf == vf && ether_addr_equal(address->mac, mac))
			return address;
	return NULL;
}

static struct relay_address *add(struct relay_table *table, struct fwd_relay *relay, unsigned int vf,
				 const u8 *mac)
{
	struct relay_address *address;

	if (!is_valid_ether_addr(mac))
		return NULL;
	if (known(table, relay, vf, mac) || table->addresses == table->room)
		return NULL;
	address = &table->address[table->addresses++];
	address->relay = relay;
	address->dev = relay->dev;
	address->group = relay->group;
	address->vf = vf;
	ether_addr_copy(address->mac, mac);
	hlist_add_head(&address->node, &table->bucket[bucket_of(mac)]);
	return address;
}

static void add_vf_address(struct relay_table *table, struct fwd_relay *relay, unsigned int vf,
			   const struct ifla_vf_info *info, const u8 *mac, bool first)
{
	struct relay_address *address = add(table, relay, vf, mac);

	if (!address)
		return;
	address->first = first;
	address->port_vlan = info->vlan;
	address->linked = info->linkstate != IFLA_VF_LINK_STATE_DISABLE;
	if (info->vlan && info->vlan_proto != htons(ETH_P_8021Q))
		address->linked = false; /* What its tags look like is not known here. */
}

static void add_vf(struct relay_table *table, struct fwd_relay *relay, unsigned int vf, struct vfctl_vf_state *state)
{
	struct ifla_vf_info info;
	unsigned int i;

	if (fwd_rules_ask(relay->dev, vf, &info))
		return;
	add_vf_address(table, relay, vf, &info, info.mac, true);
	if (info.vlan)
		__set_bit(info.vlan & VLAN_VID_MASK, relay->port_vlans);
	if (!vfctl_vf_read(relay->pf->pdev, vf, state))
		for (i = 0; i < state->filters; i++)
			add_vf_address(table, relay, vf, &info, state->filter[i], false);
}

struct host_context {
	struct relay_table *table;
	struct fwd_relay *relay;
	unsigned int others;	/* that are not in its card */
};

/* A guest that sends from ever new addresses must not push out those that the card has, nor those behind other PFs. */
static void add_host(void *data, const u8 *mac)
{
	struct host_context *context = data;
	bool first = ether_addr_equal(mac, context->relay->dev->dev_addr);
	bool keeps = first || relay_filters_have(context->relay, mac);
	struct relay_address *address;

	if (!keeps && context->others == RELAY_HOSTS)
		return;
	address = add(context->table, context->relay, FWD_PF_PORT, mac);
	if (!address)
		return;
	context->others += !keeps;
	address->linked = true;
	address->first = first;
}

static unsigned int room_for(struct list_head *relays)
{
	struct fwd_relay *relay;
	unsigned int room = 0;

	list_for_each_entry(relay, relays, list)
		room += pci_num_vf(relay->pf->pdev) * (1 + VFCTL_MAX_FILTERS) + 1 + RELAY_FILTERS + RELAY_HOSTS;
	return room;
}

/* Of a PF with several interfaces it is not known who is behind which. */
static bool takes_part(const struct fwd_relay *relay)
{
	return relay->dev && !relay->pf->several;
}

/* Both are ports of one bridge, which forwards between them as its admin wants it. */
bool relay_share_bridge(struct net_device *one, struct net_device *other)
{
	struct net_device *master = netdev_master_upper_dev_get_rcu(one);

	return master && master == netdev_master_upper_dev_get_rcu(other);
}

static bool is_same(const struct relay_address *one, const struct relay_address *other)
{
	return one->group == other->group && ether_addr_equal(one->mac, other->mac);
}

/* A VF and its stand-in on a bridge (failover) are behind one PF; who is on a bridge with two PFs is behind both. */
static bool is_rival(const struct relay_address *one, const struct relay_address *other)
{
	if (!is_same(one, other) || one->relay == other->relay)
		return false;
	return one->vf != FWD_PF_PORT || other->vf != FWD_PF_PORT || !relay_share_bridge(one->dev, other->dev);
}

/* At the last look it was his. */
static bool was_owned(const struct relay_table *before, const struct relay_address *address)
{
	const struct relay_address *other;

	if (!before)
		return false;
	hlist_for_each_entry(other, &before->bucket[bucket_of(address->mac)], node)
		if (other->owned && is_same(address, other) && !is_rival(address, other))
			return true;
	return false;
}

static bool is_owned(const struct relay_table *table, const struct relay_table *before,
		     const struct relay_address *address)
{
	bool was = was_owned(before, address);
	const struct relay_address *other;

	hlist_for_each_entry(other, &table->bucket[bucket_of(address->mac)], node)
		if (is_rival(address, other) && (!was || was_owned(before, other)))
			return false;
	return true;
}

/* Whoever comes later with an address that is known takes nothing from him who has it. */
static void find_owners(struct relay_table *table, const struct relay_table *before)
{
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < table->addresses; i++)
		table->address[i].owned = is_owned(table, before, &table->address[i]);
	rcu_read_unlock();
}

/* All that is known now; @before is what was known at the last look, or NULL. Under RTNL. */
struct relay_table *relay_table_collect(struct list_head *relays, const struct relay_table *before)
{
	unsigned int room = room_for(relays);
	struct vfctl_vf_state *state = kmalloc(sizeof(*state), GFP_KERNEL);
	struct relay_table *table = kvzalloc(struct_size(table, address, room), GFP_KERNEL);
	struct fwd_relay *relay;
	int vf;

	if (!state || !table) {
		kfree(state);
		kvfree(table);
		return NULL;
	}
	table->room = room;
	list_for_each_entry(relay, relays, list) {
		bitmap_zero(relay->port_vlans, VLAN_N_VID);
		for (vf = 0; takes_part(relay) && vf < pci_num_vf(relay->pf->pdev); vf++)
			add_vf(table, relay, vf, state);
	}
	table->vfs = table->addresses;
	list_for_each_entry(relay, relays, list) {
		struct host_context context = {.table = table, .relay = relay};

		if (takes_part(relay))
			relay_host_addresses(relay->dev, add_host, &context);
	}
	find_owners(table, before);
	kfree(state);
	return table;
}

/*
 * Where a frame is to go that PF @relay has: 0 and the address behind another
 * PF, -ENOENT when it belongs to nobody or is behind @relay itself, -EEXIST when
 * it cannot be told which of several others it belongs to.
 */
int relay_find(const struct relay_table *table, const struct fwd_relay *relay, const u8 *mac,
	       const struct relay_address **to)
{
	const struct relay_address *address;
	bool others = false, own = false;
	unsigned int vfs = 0;

	*to = NULL;
	hlist_for_each_entry(address, &table->bucket[bucket_of(mac)], node) {
		if (address->group != relay->group || !ether_addr_equal(address->mac, mac))
			continue;
		others |= address->relay != relay;
		own |= address->relay == relay;
		if (!address->owned)
			continue;
		if (address->relay == relay)
			return -ENOENT;
		/* Of a VF and its stand-in the card knows which it is. */
		vfs += address->vf != FWD_PF_PORT;
		if (!*to || address->vf != FWD_PF_PORT)
			*to = address;
	}
	if (*to)
		return vfs > 1 ? -EEXIST : 0;
	return others && !own ? -EEXIST : -ENOENT;
}

/* A VF of that very PF has the address, whoever it belongs to. */
bool relay_is_vf(const struct relay_table *table, const struct fwd_relay *relay, const u8 *mac)
{
	const struct relay_address *address;

	hlist_for_each_entry(address, &table->bucket[bucket_of(mac)], node)
		if (address->relay == relay && address->vf != FWD_PF_PORT && ether_addr_equal(address->mac, mac))
			return true;
	return false;
}

/* The VF of the PF, or the host behind it, that alone has the address. */
const struct relay_address *relay_own(const struct relay_table *table, const struct fwd_relay *relay,
				      const u8 *mac, bool host)
{
	const struct relay_address *address, *own = NULL;

	hlist_for_each_entry(address, &table->bucket[bucket_of(mac)], node) {
		if (address->relay != relay || !ether_addr_equal(address->mac, mac))
			continue;
		if (host != (address->vf == FWD_PF_PORT)) {
			if (host)
				return NULL; /* It is a VF's. */
			continue;
		}
		if (own)
			return NULL;
		own = address;
	}
	return own;
}
