// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that a PF received, or is about to send, for what is behind another PF
 * of its group. A VF there gets them from its card, to which the other PF sends
 * them; the host there receives them as if that PF had.
 */
#include <linux/if_arp.h>
#include <linux/rculist.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include "compat.h"
#include "relay.h"

struct relay_table __rcu *relay_table;

static void count(const struct fwd_relay *relay, enum relay_count what)
{
	struct relay_counters *counters = this_cpu_ptr(relay->counters);

	u64_stats_update_begin(&counters->sync);
	u64_stats_inc(&counters->count[what]);
	u64_stats_update_end(&counters->sync);
}

/* The VLAN a frame is in on the wire, 0 for none; negative for tags of other kinds. */
static int vlan_of(const struct sk_buff *skb)
{
	if (!skb_vlan_tag_present(skb))
		return eth_type_vlan(eth_hdr(skb)->h_proto) ? -EINVAL : 0;
	if (skb->vlan_proto != htons(ETH_P_8021Q) || !skb_vlan_tag_get_id(skb))
		return -EINVAL;
	return skb_vlan_tag_get_id(skb);
}

/* Whether the other card, or the other PF's interface, lets that VLAN through to the receiver. */
static bool takes_vlan(const struct relay_address *to, int vid)
{
	if (vid < 0)
		return false;
	if (to->port_vlan)
		return vid == to->port_vlan;
	if (!vid)
		return true;
	if (to->vf != FWD_PF_PORT)
		return vfctl_vf_has_vlan(to->relay->pf->pdev, to->vf, vid);
	return (to->dev->flags & IFF_PROMISC) || __vlan_find_dev_deep_rcu(to->dev, htons(ETH_P_8021Q), vid);
}

/* A port VLAN's tag is the card's doing: a frame without it is not what it seems. */
static bool sent_in(const struct relay_address *from, int vid)
{
	return vid >= 0 && (!from->port_vlan || vid == from->port_vlan);
}

static bool is_up(const struct net_device *dev)
{
	return (dev->flags & IFF_UP) && netif_carrier_ok(dev);
}

/* RELAY_TO_VF or RELAY_TO_HOST, or why not. */
static enum relay_count judge(const struct relay_address *from, const struct relay_address *to, int vid)
{
	if (!sent_in(from, vid) || !takes_vlan(to, vid))
		return RELAY_VLAN;
	if (READ_ONCE(to->relay->pf->vepa))
		return RELAY_VEPA;
	if (!from->linked || !to->linked || !is_up(to->dev))
		return RELAY_LINK;
	return to->vf == FWD_PF_PORT ? RELAY_TO_HOST : RELAY_TO_VF;
}

/* A large frame that the card put together cannot be taken apart again, if it does not say how. */
static bool is_lro(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && !skb_shinfo(skb)->gso_type;
}

/* The frame begins with its Ethernet header. To a VF it goes by the other card, which may
 * still have it passed on by fwd_egress(). */
static void hand_over(struct sk_buff *skb, const struct relay_address *to)
{
	if (to->vf == FWD_PF_PORT) {
		skb_orphan(skb);
		fwd_deliver(skb, to->dev);
		return;
	}
	skb_scrub_packet(skb, true);
	skb_forward_csum(skb);
	skb_set_queue_mapping(skb, 0);
	skb->dev = to->dev;
	dev_queue_xmit(skb);
}

/* Whether the frame, which begins with its Ethernet header, asks who has an address, or tells it. */
static bool is_question(const struct sk_buff *skb)
{
	__be16 protocol = eth_hdr(skb)->h_proto;
	const struct ipv6hdr *ip;
	struct ipv6hdr ip_room;
	const u8 *type;
	u8 type_room;

	if (protocol == htons(ETH_P_ARP))
		return true;
	if (protocol != htons(ETH_P_IPV6))
		return false;
	ip = skb_header_pointer(skb, ETH_HLEN, sizeof(ip_room), &ip_room);
	if (!ip || ip->nexthdr != IPPROTO_ICMPV6)
		return false;
	type = skb_header_pointer(skb, ETH_HLEN + sizeof(*ip), sizeof(type_room), &type_room);
	return type && (*type == NDISC_NEIGHBOUR_SOLICITATION || *type == NDISC_NEIGHBOUR_ADVERTISEMENT);
}

/* Each VF gets a copy of its own, by its address: it goes nowhere else. The host gets it as it is. */
static void ask_one(struct sk_buff *skb, const struct relay_address *to)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);

	if (!copy)
		return;
	skb_reset_mac_header(copy);
	if (to->vf != FWD_PF_PORT)
		ether_addr_copy(eth_hdr(copy)->h_dest, to->mac);
	hand_over(copy, to);
}

static bool may_ask(const struct fwd_relay *relay, unsigned int vf)
{
	struct fwd_relay *mine = (struct fwd_relay *)relay; /* The limit alone is written. */

	return __ratelimit(&mine->limit[min(vf, mine->limits - 1)]);
}

static void ask_all(const struct relay_table *table, const struct fwd_relay *relay,
		    const struct relay_address *from, struct sk_buff *skb, int vid)
{
	const struct relay_address *to;
	enum relay_count verdict;
	unsigned int i;

	if (!may_ask(relay, from->vf)) {
		count(relay, RELAY_RATE);
		return;
	}
	for (i = 0; i < table->addresses; i++) {
		to = &table->address[i];
		if (!to->first || !to->owned || to->group != relay->group || to->relay == relay ||
		    relay_share_bridge(relay->dev, to->dev))
			continue;
		verdict = judge(from, to, vid);
		if (verdict != RELAY_TO_VF && verdict != RELAY_TO_HOST)
			continue;
		ask_one(skb, to);
		count(relay, RELAY_NEIGHBOURS);
	}
}

/*
 * The host behind the other PF gets the question as if that PF had received it, which comes by here again: were the
 * address one of a VF there, the question would be taken for that VF's, and go round and round. But of all who have it
 * one alone may ask.
 */
static void ask_others(const struct relay_table *table, const struct fwd_relay *relay,
		       const struct relay_address *from, struct sk_buff *skb, int vid)
{
	if (from->owned)
		ask_all(table, relay, from, skb, vid);
	else
		count(relay, RELAY_DUPLICATE);
}

/* Takes the frame, which begins with its Ethernet header, or leaves it as it was. */
static bool relay_one(const struct relay_table *table, const struct fwd_relay *relay, struct sk_buff *skb, bool host)
{
	const struct ethhdr *eth = eth_hdr(skb);
	const struct relay_address *from, *to;
	enum relay_count verdict;
	int vid = vlan_of(skb), error = 0;

	if (is_multicast_ether_addr(eth->h_dest)) {
		from = relay_own(table, relay, eth->h_source, host);
		if (from && sent_in(from, vid) && is_question(skb))
			ask_others(table, relay, from, skb, vid);
		return false;
	}
	error = relay_find(table, relay, eth->h_dest, &to);
	if (error == -ENOENT || (to && relay_share_bridge(relay->dev, to->dev)))
		return false;
	from = relay_own(table, relay, eth->h_source, host);
	if (!from)
		verdict = RELAY_SOURCE;
	else if (error || !from->owned)
		verdict = RELAY_DUPLICATE;
	else if (is_lro(skb))
		verdict = RELAY_OFFLOAD;
	else
		verdict = judge(from, to, vid);
	if ((verdict == RELAY_TO_VF || verdict == RELAY_TO_HOST) && !is_skb_forwardable(to->dev, skb))
		verdict = RELAY_MTU;
	count(relay, verdict);
	if (verdict == RELAY_TO_VF || verdict == RELAY_TO_HOST)
		hand_over(skb, to);
	else if (from && !host && relay_own(table, relay, eth->h_dest, true))
		kfree_skb(skb); /* Its card gave it away for its owner, and nobody here shall have it who claims his address. */
	else
		return false;
	return true;
}

/* Somebody who listens has the frame too. */
static unsigned int relay_copy(const struct relay_table *table, const struct fwd_relay *relay, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);

	if (!copy)
		return NF_ACCEPT;
	skb_push_rcsum(copy, ETH_HLEN);
	if (!relay_one(table, relay, copy, false)) {
		kfree_skb(copy);
		return NF_ACCEPT;
	}
	consume_skb(skb);
	return NF_STOLEN;
}

/* What the PF received: from a VF of its card, if the source is one's. */
unsigned int relay_ingress(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct relay_table *table = rcu_dereference(relay_table);
	const struct fwd_relay *relay = priv;

	if (!table || !skb_mac_header_was_set(skb) || skb_mac_offset(skb) != -ETH_HLEN)
		return NF_ACCEPT;
	if (skb_shared(skb))
		return relay_copy(table, relay, skb);
	skb_push_rcsum(skb, ETH_HLEN);
	if (relay_one(table, relay, skb, false))
		return NF_STOLEN;
	skb_pull_rcsum(skb, ETH_HLEN);
	return NF_ACCEPT;
}

/* What the PF is about to send: from the host behind it. True when the frame is taken. */
bool fwd_relay_egress(const struct fwd_port *from, struct sk_buff *skb)
{
	const struct fwd_relay *relay = from->vf == FWD_PF_PORT ? rcu_dereference(from->pf->relay) : NULL;
	const struct relay_table *table = rcu_dereference(relay_table);

	if (!relay || !table || relay->dev != from->dev || skb_headlen(skb) < ETH_HLEN || skb_shared(skb))
		return false;
	skb_reset_mac_header(skb);
	return relay_one(table, relay, skb, true);
}
