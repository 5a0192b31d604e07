// SPDX-License-Identifier: GPL-2.0-only
/* Every frame that a port sends comes by here, before tc, qdisc and driver. */
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "relay.h"

#define CREATE_TRACE_POINTS
#include "events.h"

/* Headers that each packet of a large frame has on the wire. */
static unsigned int headers_of(const struct sk_buff *skb)
{
	bool inner = skb->encapsulation;
	int transport = inner ? skb_inner_transport_offset(skb) : skb_transport_offset(skb);

	if (!(skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
		return transport + sizeof(struct udphdr);
	if (transport < 0 || transport + sizeof(struct tcphdr) > skb_headlen(skb))
		return ETH_HLEN;
	return transport + (inner ? inner_tcp_hdrlen(skb) : tcp_hdrlen(skb));
}

/* What the card would have counted: packets on the wire, with their headers. */
static void wire_size(const struct sk_buff *skb, unsigned int *packets, unsigned int *bytes)
{
	*packets = 1;
	*bytes = skb->len;
	if (skb_is_gso(skb)) {
		*packets = max_t(unsigned int, skb_shinfo(skb)->gso_segs, 1);
		*bytes += (*packets - 1) * headers_of(skb);
	}
}

static void set_tag(struct sk_buff *skb, int tag)
{
	if (tag == FWD_NO_TAG)
		__vlan_hwaccel_clear_tag(skb);
	else
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), tag);
}

static unsigned int to_card(const struct fwd_port *from, const struct sk_buff *skb, enum fwd_verdict verdict)
{
	trace_vfctl_fwd_egress(skb, from->dev, NULL, fwd_verdict_name[verdict]);
	fwd_count_verdict(from, verdict);
	return NF_ACCEPT;
}

unsigned int fwd_egress(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct fwd_port *from = priv;
	unsigned int packets, bytes;
	struct fwd_decision decision;
	enum fwd_verdict verdict;

	/*
	 * PACKET_QDISC_BYPASS comes here with softirqs on (nf_hook_direct_egress() of af_packet.c), where the receiver's
	 * path may not be walked, and tells its program of an error when a hook takes the frame.
	 */
	if (unlikely(!softirq_count())) {
		local_bh_disable(); /* For the counters. */
		to_card(from, skb, FWD_BYPASS);
		local_bh_enable();
		return NF_ACCEPT;
	}
	verdict = fwd_decide(from, skb, &decision);
	if ((verdict == FWD_UNKNOWN || verdict == FWD_MULTICAST) && fwd_relay_egress(from, skb))
		return NF_STOLEN;
	if (verdict != FWD_PASS)
		return to_card(from, skb, verdict);

	trace_vfctl_fwd_egress(skb, from->dev, decision.to->dev, fwd_verdict_name[FWD_PASS]);
	wire_size(skb, &packets, &bytes);
	/* What the driver would have done for those who listen or ask for the time. */
	if (dev_nit_active(from->dev))
		dev_queue_xmit_nit(skb, from->dev);
	skb_tx_timestamp(skb);
	set_tag(skb, decision.vlan_tag);
	if (fwd_deliver(skb, decision.to->dev))
		fwd_count_passed(from, decision.to, packets, bytes);
	return NF_STOLEN;
}
