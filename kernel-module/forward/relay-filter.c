// SPDX-License-Identifier: GPL-2.0-only
/*
 * The unicast filters of a PF (dev_uc_add(), as `bridge fdb add MAC dev PF self`
 * makes them) and its VLANs, of which the relay gives back just what it took.
 *
 * A card that has no filter left becomes promiscuous towards the wire and still
 * does not hand over what its VFs send (igb_set_rx_mode(), ixgbe_set_rx_mode()),
 * so it never gets as many.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "relay.h"

/*
 * Addresses that a card compares, as their drivers count: e1000_82575.c,
 * rar_entry_count (24 of 82576, the least of those with VFs); ixgbe_82599.c and
 * ixgbe_x540.c, num_rar_entries; bnxt.h, BNXT_MAX_UC_ADDRS and the card's own;
 * i40e and ice have more than the relay gives. A card that is not known gets few.
 */
static unsigned int limit_of(const struct fwd_relay *relay)
{
	static const struct { const char *driver; unsigned int limit; } known[] = {
		{"igb", 24}, {"ixgbe", 128}, {"i40e", 256}, {"ice", 256}, {"bnxt_en", 5},
	};
	const struct device_driver *driver = relay->pf->pdev->dev.driver;
	unsigned int i;

	for (i = 0; driver && i < ARRAY_SIZE(known); i++)
		if (!strcmp(driver->name, known[i].driver))
			return known[i].limit;
	return 5;
}

static bool card_has(const struct net_device *dev, const u8 *mac)
{
	const struct netdev_hw_addr *address;

	netdev_for_each_uc_addr(address, dev)
		if (ether_addr_equal(address->addr, mac))
			return true;
	return false;
}

static bool has(const struct relay_filters *filters, const u8 *mac)
{
	unsigned int i;

	for (i = 0; filters && i < filters->filters; i++)
		if (ether_addr_equal(filters->filter[i].mac, mac))
			return true;
	return false;
}

bool relay_filters_have(const struct fwd_relay *relay, const u8 *mac)
{
	return has(rtnl_dereference(relay->filters), mac);
}

/* One address of each VF, those that a VF asked for besides, the PF's, and what others gave the card. */
static unsigned int used_by_others(const struct fwd_relay *relay, const struct relay_table *table,
				   const struct relay_filters *old)
{
	unsigned int i, used = 1 + pci_num_vf(relay->pf->pdev);
	const struct netdev_hw_addr *address;

	for (i = 0; i < table->vfs; i++)
		if (table->address[i].relay == relay && !table->address[i].first)
			used++;
	netdev_for_each_uc_addr(address, relay->dev)
		if (!has(old, address->addr) || address->refcount - address->sync_cnt > 1)
			used++; /* Each device below that has it in its own list counts as a user, too. */
	return used;
}

/*
 * Of the host behind this PF, or of another PF of the group. Never an address
 * that a VF of this card has: the card would hand that VF's frames to a guest on
 * a bridge that claims it.
 */
static bool is_wanted(const struct fwd_relay *relay, const struct relay_table *table,
		      const struct relay_address *address)
{
	const struct relay_address *to;

	if (address->group != relay->group || ether_addr_equal(address->mac, relay->dev->dev_addr))
		return false;
	if (relay_is_vf(table, relay, address->mac))
		return false;
	if (address->relay == relay)
		return address->owned;
	if (relay_share_bridge(relay->dev, address->dev) && relay_own(table, relay, address->mac, true))
		return false; /* That bridge is asked, which has it from the other, too. */
	return !relay_find(table, relay, address->mac, &to) && to == address;
}

static void keep(struct relay_filters *filters, const struct relay_address *address)
{
	struct relay_filter *filter = &filters->filter[filters->filters];

	if (has(filters, address->mac))
		return;
	if (filters->filters == RELAY_FILTERS || filters->used + filters->filters >= filters->limit) {
		filters->left_out++;
		return;
	}
	ether_addr_copy(filter->mac, address->mac);
	strscpy(filter->home, pci_name(address->relay->pf->pdev), sizeof(filter->home));
	filters->filters++;
}

/* Those that the card has keep their place: a guest that sends from ever new addresses
 * must not push the others out. */
static void choose(struct relay_filters *filters, const struct relay_filters *old, const struct fwd_relay *relay,
		   const struct relay_table *table)
{
	bool before;
	unsigned int i;
	int turn;

	for (turn = 0; turn < 2; turn++)
		for (i = 0; i < table->addresses; i++) {
			before = has(old, table->address[i].mac);
			if (before == !turn && is_wanted(relay, table, &table->address[i]))
				keep(filters, &table->address[i]);
		}
}

static void apply(struct net_device *dev, const struct relay_filters *old, struct relay_filters *filters)
{
	unsigned int i;

	for (i = 0; old && i < old->filters; i++)
		if (!has(filters, old->filter[i].mac))
			dev_uc_del(dev, old->filter[i].mac);
	for (i = 0; i < filters->filters; i++)
		if (!has(old, filters->filter[i].mac) || !card_has(dev, filters->filter[i].mac))
			dev_uc_add(dev, filters->filter[i].mac);
}

static void publish(struct fwd_relay *relay, struct relay_filters *filters)
{
	struct relay_filters *old = rtnl_dereference(relay->filters);

	rcu_assign_pointer(relay->filters, filters);
	if (old)
		kfree_rcu(old, rcu);
}

/* Without memory the card keeps what it has until the next look. */
void relay_filters_set(struct fwd_relay *relay, const struct relay_table *table)
{
	const struct relay_filters *old = rtnl_dereference(relay->filters);
	struct relay_filters *filters = kzalloc(sizeof(*filters), GFP_KERNEL);

	if (!filters)
		return;
	filters->limit = limit_of(relay);
	filters->used = used_by_others(relay, table, old);
	choose(filters, old, relay, table);
	apply(relay->dev, old, filters);
	publish(relay, filters);
}

void relay_filters_clear(struct fwd_relay *relay)
{
	const struct relay_filters *filters = rtnl_dereference(relay->filters);
	unsigned int i;

	for (i = 0; filters && i < filters->filters; i++)
		dev_uc_del(relay->dev, filters->filter[i].mac);
	publish(relay, NULL);
	for_each_set_bit(i, relay->vlans, VLAN_N_VID)
		vlan_vid_del(relay->dev, htons(ETH_P_8021Q), i);
	bitmap_zero(relay->vlans, VLAN_N_VID);
}

/* The PF is made a member of the VLANs that VFs of it and of another PF of the group are in:
 * else the card keeps their frames from it. */
void relay_vlans_set(struct fwd_relay *relay, struct list_head *relays)
{
	const struct fwd_relay *other;
	bool wanted;
	unsigned int vid;

	for (vid = 1; vid < VLAN_N_VID - 1; vid++) {
		wanted = false;
		if (test_bit(vid, relay->port_vlans))
			list_for_each_entry(other, relays, list)
				wanted |= other != relay && other->group == relay->group && other->dev &&
					  test_bit(vid, other->port_vlans);
		if (wanted == test_bit(vid, relay->vlans))
			continue;
		if (!wanted)
			vlan_vid_del(relay->dev, htons(ETH_P_8021Q), vid);
		else if (vlan_vid_add(relay->dev, htons(ETH_P_8021Q), vid))
			continue;
		__change_bit(vid, relay->vlans);
	}
}
