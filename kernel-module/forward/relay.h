/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the card's own switch cannot do, done by the host: frames of VFs to what
 * lives behind a PF (bridged guests), and between the PFs of one group.
 *
 * The card gets the addresses as unicast filters of the PF, so that it hands
 * their frames to the host in place of sending them out. Behind a PF the bridge
 * does the rest. A frame for another PF is passed on from where the PF receives
 * it, or is about to send it, by these rules:
 *
 *   - the source is known: a VF of the PF that received it, or the host behind
 *     the PF that is about to send it. A frame from the wire is never relayed,
 *     so that PFs on one wire get nothing twice and make no loop;
 *   - an address that is behind two PFs belongs to the one that had it first: the
 *     other's neither gets nor sends by the relay;
 *   - the receiver is known, with its VLAN and link state, so that nothing that
 *     is relayed leaves by the other PF's wire;
 *   - one frame for many is relayed alone: the question for a neighbour's
 *     address, as a copy to each VF. Two of them do no harm.
 *
 *   struct fwd_relay     a PF in a group
 *   struct relay_table   all addresses of all groups; replaced as a whole, read
 *                        under RCU
 *   struct relay_filters what the card was given; the same
 *
 * All is changed under RTNL. The paths of frames take no lock.
 */
#ifndef VFCTL_FORWARD_RELAY_H
#define VFCTL_FORWARD_RELAY_H

#include <linux/bitmap.h>
#include <linux/if_vlan.h>
#include <linux/ratelimit_types.h>
#include "forward.h"

#define RELAY_BUCKETS 256
#define RELAY_GROUP 16		/* bytes of a name, with its end */
#define RELAY_HOSTS 512		/* addresses behind one PF, besides those that its card was given */
#define RELAY_FILTERS 128	/* addresses that one card is given at most */

/* The names in sysfs are those of relay-show.c. */
enum relay_count {
	RELAY_TO_VF,		/* relayed */
	RELAY_TO_HOST,
	RELAY_NEIGHBOURS,	/* questions for an address */
	RELAY_SOURCE,		/* not relayed, because */
	RELAY_DUPLICATE,
	RELAY_VLAN,
	RELAY_LINK,
	RELAY_MTU,
	RELAY_OFFLOAD,
	RELAY_VEPA,
	RELAY_RATE,
	RELAY_COUNTS,
};

struct relay_counters {
	struct u64_stats_sync sync;
	u64_stats_t count[RELAY_COUNTS];
};

struct relay_address {
	struct hlist_node node;
	const struct fwd_relay *relay;	/* of the PF behind which it is */
	struct net_device *dev;		/* that PF's */
	unsigned int group, vf;		/* FWD_PF_PORT: the host */
	u16 port_vlan;
	bool first;			/* of the addresses of its VF, or of the PF */
	bool linked;
	bool owned;			/* nobody behind another PF of the group had it before */
	u8 mac[ETH_ALEN];
};

/* Those of VFs come first. */
struct relay_table {
	struct rcu_head rcu;
	unsigned int vfs, addresses, room;
	struct hlist_head bucket[RELAY_BUCKETS];
	struct relay_address address[];
};

struct relay_filter {
	u8 mac[ETH_ALEN];
	char home[sizeof("ffffffff:ff:1f.7")];	/* the PF behind which it is */
};

struct relay_filters {
	struct rcu_head rcu;
	unsigned int limit;		/* addresses that the card compares */
	unsigned int used;		/* by the PF, its VFs and others */
	unsigned int left_out;		/* for want of room */
	unsigned int filters;
	struct relay_filter filter[RELAY_FILTERS];
};

struct fwd_relay {
	struct list_head list;
	struct fwd_pf *pf;
	char name[RELAY_GROUP];
	unsigned int group;
	struct net_device *dev;		/* while its hook is there */
	struct net *net;
	struct nf_hook_ops hook;
	struct relay_filters __rcu *filters;
	unsigned long vlans[BITS_TO_LONGS(VLAN_N_VID)];		/* that the card was given */
	unsigned long port_vlans[BITS_TO_LONGS(VLAN_N_VID)];	/* of its VFs */
	struct relay_counters __percpu *counters;
	unsigned int limits;
	struct ratelimit_state limit[];	/* of questions, for each VF; the last is the host's */
};

/* relay.c: all under RTNL. */
int fwd_relay_set(struct pci_dev *pdev, const char *group);
void fwd_relay_off(struct fwd_pf *pf);
void fwd_relay_attach(struct fwd_pf *pf, struct net_device *dev);
void fwd_relay_detach(struct fwd_pf *pf);
void fwd_relay_refresh(void);
bool fwd_relay_any(void);

/* relay-table.c */
struct relay_table *relay_table_collect(struct list_head *relays, const struct relay_table *before);
bool relay_is_vf(const struct relay_table *table, const struct fwd_relay *relay, const u8 *mac);
bool relay_share_bridge(struct net_device *one, struct net_device *other);
int relay_find(const struct relay_table *table, const struct fwd_relay *relay, const u8 *mac,
	       const struct relay_address **to);
const struct relay_address *relay_own(const struct relay_table *table, const struct fwd_relay *relay,
				      const u8 *mac, bool host);

/* relay-host.c: calls for each address behind a PF. */
void relay_host_addresses(struct net_device *pf,
			  void (*found)(void *context, const u8 *mac), void *context);

/* relay-filter.c: under RTNL. */
void relay_filters_set(struct fwd_relay *relay, const struct relay_table *table);
void relay_filters_clear(struct fwd_relay *relay);
bool relay_filters_have(const struct fwd_relay *relay, const u8 *mac);
void relay_vlans_set(struct fwd_relay *relay, struct list_head *relays);

/* relay-path.c */
extern struct relay_table __rcu *relay_table;
unsigned int relay_ingress(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
bool fwd_relay_egress(const struct fwd_port *from, struct sk_buff *skb);

/* relay-show.c: texts of files. */
int fwd_relay_show(struct fwd_pf *pf, char *page);
int fwd_relay_macs_show(struct fwd_pf *pf, char *page);

/* relay-watch.c */
int fwd_relay_watch_start(void);
void fwd_relay_watch_stop(void);
void fwd_relay_look_soon(void);

#endif
