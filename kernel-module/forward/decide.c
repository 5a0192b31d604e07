// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the card would deliver this very frame to one port, and nobody else,
 * and what that port would see. Whatever is not certain is the card's.
 *
 * Read for igb and ixgbe: pool selection by MAC and VLAN filters, anti-spoofing
 * of addresses and VLANs (DTXSWC, PFVFSPOOF), tags that the port VLAN inserts
 * and strips (VMVIR), frames with a tag under a port VLAN (dropped).
 */
#include <linux/if_vlan.h>
#include <linux/rculist.h>
#include <net/dst_metadata.h>
#include <net/sch_generic.h>
#include <net/sock.h>
#include <net/xfrm.h>
#include "compat.h"
#include "forward.h"

const char *const fwd_verdict_name[FWD_VERDICTS] = {
	[FWD_PASS] = "none",
	[FWD_MULTICAST] = "multicast",
	[FWD_UNKNOWN] = "unknown",
	[FWD_SELF] = "self",
	[FWD_DUPLICATE] = "duplicate",
	[FWD_SPOOFED] = "spoofed",
	[FWD_VLAN] = "vlan",
	[FWD_MTU] = "mtu",
	[FWD_LINK] = "link",
	[FWD_RATE] = "rate",
	[FWD_QDISC] = "qdisc",
	[FWD_TC] = "tc",
	[FWD_XDP] = "xdp",
	[FWD_OFFLOAD] = "offload",
	[FWD_WATCHED] = "watched",
	[FWD_VEPA] = "vepa",
	[FWD_CONTROL] = "control",
	[FWD_BYPASS] = "bypass",
	[FWD_RULES] = "rules",
};

/* Frames that only a driver can send: time stamps, keys in the card, memory of a device. */
static bool needs_card(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	if (skb_headlen(skb) < ETH_HLEN || skb_shared(skb) || skb_metadata_dst(skb))
		return true;
	if (skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP)
		return true;
#ifdef CONFIG_XFRM_OFFLOAD
	if (xfrm_offload((struct sk_buff *)skb))
		return true;
#endif
#ifdef CONFIG_SOCK_VALIDATE_XMIT
	if (sk && sk_fullsock(sk) && READ_ONCE(sk->sk_validate_xmit_skb))
		return true;
#endif
	return !fwd_is_readable(skb);
}

/*
 * What only a card's own switch may say to its neighbour. ixgbe lets no VF send them to anybody, unless spoofchk
 * is off (ETQF, TX_ANTISPOOF in ixgbe_ndo_set_vf_spoofchk()).
 */
static bool is_control(const struct ethhdr *eth)
{
	return eth->h_proto == htons(ETH_P_LLDP) || eth->h_proto == htons(ETH_P_PAUSE);
}

/*
 * Large frames whose headers a guest or a raw socket wrote get the check that they get before a driver
 * (validate_xmit_skb() of dev.c): without it a receiver would see a frame larger than its MTU, made of anything.
 */
static bool is_sound(struct sk_buff *skb)
{
	const netdev_features_t all = (NETIF_F_GSO_MASK & ~NETIF_F_GSO_ROBUST) | NETIF_F_SG | NETIF_F_HW_CSUM |
				      NETIF_F_FRAGLIST | NETIF_F_HIGHDMA;
	struct sk_buff *segments;

	if (!skb_is_gso(skb) || !(skb_shinfo(skb)->gso_type & SKB_GSO_DODGY))
		return true;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	segments = __skb_gso_segment(skb, all, true); /* NULL: only looked at, and found good. */
	if (!IS_ERR_OR_NULL(segments))
		kfree_skb_list(segments);
	return !segments;
}

/* The VLAN that a frame travels in, 0 for none; negative when that is for the card to say. */
static int vlan_of(const struct fwd_rules *rules, const struct sk_buff *skb, const struct ethhdr *eth)
{
	if (skb_vlan_tag_present(skb)) {
		u16 vid = skb_vlan_tag_get_id(skb);

		if (rules->port_vlan || !vid || skb->vlan_proto != htons(ETH_P_8021Q))
			return -EINVAL;
		return vid;
	}
	return eth_type_vlan(eth->h_proto) ? -EINVAL : rules->port_vlan;
}

/* Whether the port has a VLAN interface, for which its driver set a filter in the card. */
static bool is_member(const struct fwd_port *port, u16 vid)
{
	return __vlan_find_dev_deep_rcu(port->dev, htons(ETH_P_8021Q), vid);
}

static bool takes_vlan(const struct fwd_rules *to, u16 vid)
{
	if (to->port_vlan)
		return vid == to->port_vlan;
	if (!vid)
		return true;
	return (to->port->dev->features & NETIF_F_HW_VLAN_CTAG_RX) && is_member(to->port, vid);
}

static bool has_address(const struct fwd_rules *rules, const u8 *mac)
{
	unsigned int i;

	for (i = 0; i < rules->addresses; i++)
		if (ether_addr_equal(rules->address[i].mac, mac))
			return true;
	return false;
}

/* Two ports with one address, though in different VLANs: cards differ in what they do then. */
static enum fwd_verdict find(const struct fwd_port *from, const u8 *mac, const struct fwd_rules **to)
{
	const struct fwd_address *address;

	*to = NULL;
	hlist_for_each_entry_rcu(address, fwd_bucket(from->pf, mac), node) {
		if (!ether_addr_equal(address->mac, mac))
			continue;
		if (*to)
			return FWD_DUPLICATE;
		*to = address->rules;
	}
	if (!*to)
		return FWD_UNKNOWN;
	return (*to)->port == from ? FWD_SELF : FWD_PASS;
}

/* Qdiscs that only queue: where no queue builds up they have nothing to do. */
static bool only_queues(const struct Qdisc *qdisc)
{
	const char *id = qdisc->ops->id;

	return qdisc->ops == &pfifo_fast_ops || !memcmp(id, "fq_codel", 9) || !memcmp(id, "noqueue", 8);
}

/* Every queue's, since which one the frame would have taken is not known here. */
static bool shapes(const struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->real_num_tx_queues; i++)
		if (!only_queues(rcu_dereference_bh(netdev_get_tx_queue(dev, i)->qdisc)))
			return true;
	return false;
}

static bool fits(const struct sk_buff *skb, const struct net_device *from, const struct net_device *to)
{
	unsigned int most = min(READ_ONCE(from->mtu), READ_ONCE(to->mtu)) + ETH_HLEN;

	return skb_is_gso(skb) ? skb_gso_validate_mac_len(skb, most) : skb->len <= most;
}

static bool has_link(const struct net_device *dev)
{
	return (dev->flags & IFF_UP) && netif_carrier_ok(dev);
}

/* A trusted VF may ask for every frame of a PF that is promiscuous. */
static bool is_watched(const struct fwd_pf *pf)
{
	const struct net_device *dev;

	if (!READ_ONCE(pf->trusts))
		return false;
	dev = rcu_dereference(pf->dev);
	return !dev || (dev->flags & IFF_PROMISC);
}

/* dev_xdp_prog_count() of dev.c, which is a call and a loop of calls. */
static bool has_xdp(const struct net_device *dev)
{
	unsigned int mode;

	for (mode = 0; mode < __MAX_XDP_MODE; mode++)
		if (READ_ONCE(dev->xdp_state[mode].prog) || READ_ONCE(dev->xdp_state[mode].link))
			return true;
	return false;
}

static enum fwd_verdict path_verdict(const struct fwd_port *from, const struct fwd_port *to,
				     struct sk_buff *skb)
{
	if (READ_ONCE(from->pf->vepa))
		return FWD_VEPA;
	if (is_watched(from->pf))
		return FWD_WATCHED;
	if (!has_link(from->dev) || !has_link(to->dev))
		return FWD_LINK;
	if (fwd_has_tc_egress(from->dev))
		return FWD_TC;
	if (shapes(from->dev))
		return FWD_QDISC;
	if (has_xdp(to->dev))
		return FWD_XDP;
	if (!is_sound(skb))
		return FWD_OFFLOAD;
	return fits(skb, from->dev, to->dev) ? FWD_PASS : FWD_MTU;
}

static int tag_for(const struct fwd_rules *from, const struct fwd_rules *to, const struct sk_buff *skb, int vid)
{
	if (!vid || to->port_vlan)
		return FWD_NO_TAG;
	if (from->port_vlan)
		return vid | from->vlan_priority << VLAN_PRIO_SHIFT;
	return skb_vlan_tag_get(skb);
}

enum fwd_verdict fwd_decide(const struct fwd_port *from, struct sk_buff *skb, struct fwd_decision *decision)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;
	const struct fwd_rules *mine = rcu_dereference(from->rules), *theirs;
	enum fwd_verdict verdict;
	int vid;

	if (!mine)
		return FWD_RULES;
	if (needs_card(skb))
		return FWD_OFFLOAD;
	if (is_multicast_ether_addr(eth->h_dest))
		return FWD_MULTICAST;
	verdict = find(from, eth->h_dest, &theirs);
	if (verdict != FWD_PASS)
		return verdict;
	if (mine->held != FWD_PASS)
		return mine->held;
	if (theirs->held != FWD_PASS && theirs->held != FWD_RATE)
		return theirs->held; /* A rate is one of sending. */
	if (mine->spoofchk && !has_address(mine, eth->h_source))
		return FWD_SPOOFED;
	if (is_control(eth))
		return FWD_CONTROL;
	vid = vlan_of(mine, skb, eth);
	if (vid < 0 || !takes_vlan(theirs, vid))
		return FWD_VLAN;
	if (vid && mine->spoofchk && !mine->port_vlan && !is_member(from, vid))
		return FWD_VLAN;
	verdict = path_verdict(from, theirs->port, skb);
	if (verdict != FWD_PASS)
		return verdict;
	decision->to = theirs->port;
	decision->vlan_tag = tag_for(mine, theirs, skb, vid);
	return FWD_PASS;
}
