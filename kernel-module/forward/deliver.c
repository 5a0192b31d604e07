// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hands a frame to the receiver's side, as if its card had brought it.
 *
 * Queueing it (netif_rx()) is always right, and costs a softirq for each frame.
 * A sender in process context can walk the receiver's path itself, once deep:
 * what that path sends in turn is queued. It may hold no spinlock, whosever that
 * is: the receiver's path takes others of the same kind, and a frame the other
 * way on another processor would take both in the other order. Whoever sends
 * may hold one: TCP in release_cb, ICMP that of its socket, L2TP a tunnel's,
 * and MPTCP that of the connection while a subflow's socket sends
 * (__mptcp_check_push() of mptcp/protocol.c), which any container can have.
 */
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>
#include <net/dst.h>
#include <net/sock.h>
#include "forward.h"

static DEFINE_PER_CPU(unsigned int, depth);

/* The receiver's path takes up to 5 KiB below us, and drivers of files may be above. */
static bool stack_has_room(void)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	return here - (unsigned long)task_stack_page(current) > THREAD_SIZE / 2;
}

/*
 * A socket of the kernel's own, without a reference on its namespace, can be the one of this processor that TCP answers
 * from (ipv4_tcp_sk of tcp_ipv4.c): it is in use until the answer is sent, and the receiver may have an answer too.
 */
static bool holds_socket(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	return sk && (!sk_fullsock(sk) || !sk->sk_net_refcnt);
}

/* A kernel that counts tells of any spinlock; from one that does not, nothing is known. __dev_queue_xmit() itself only
 * has softirqs off, which is counted apart. */
static bool holds_spinlock(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_COUNT) || (preempt_count() & PREEMPT_MASK);
}

/*
 * Below an interface that others are made of, as a bridge or Open vSwitch, the sender's may be in the middle of its work
 * with what it has for each processor (action_fifos of openvswitch/actions.c, brnf_frag_data_storage of
 * br_netfilter_hooks.c), and the receiver's may be another one of the same kind.
 */
static bool would_nest(const struct net_device *to)
{
	return dev_recursion_level() && rcu_access_pointer(to->rx_handler);
}

static bool may_walk(const struct sk_buff *skb, const struct net_device *to)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && in_task() && !irqs_disabled() && !holds_spinlock() &&
	       !this_cpu_read(depth) && !holds_socket(skb) && !would_nest(to) && stack_has_room();
}

static bool pass_on(struct sk_buff *skb, bool walk)
{
	if (!walk)
		return netif_rx(skb) == NET_RX_SUCCESS;
	this_cpu_inc(depth);
	netif_receive_skb(skb);
	this_cpu_dec(depth);
	return true; /* Received; what became of it is the receiver's matter. */
}

bool fwd_deliver(struct sk_buff *skb, struct net_device *to)
{
	bool walk = may_walk(skb, to); /* Before the frame forgets its sender. */

	if (unlikely(skb_orphan_frags(skb, GFP_ATOMIC))) {
		kfree_skb(skb);
		return false;
	}
	/* On a wire nothing of what the sender's side knew of it is left. */
	skb_scrub_packet(skb, true);
	skb->priority = 0;
	skb_set_queue_mapping(skb, 0);
	skb->protocol = eth_type_trans(skb, to);
	skb_postpull_rcsum(skb, eth_hdr(skb), ETH_HLEN);
	return pass_on(skb, walk);
}
