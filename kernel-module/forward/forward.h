/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames from one VF's interface to another's of the same card go there at
 * once, by MAC address, in whatever network namespace the two are.
 *
 * The card stays the judge: a frame is passed on only where the card is known
 * to deliver it to that very VF, unchanged. In every other case the frame goes
 * on to the card as if this module were not there, and the reason is counted.
 *
 *   struct fwd_pf     a card whose VFs' traffic is passed on, by its admin's word
 *   struct fwd_port   one interface of it, of the PF or of a VF
 *   struct fwd_rules  what the card lets that port send and receive; replaced as
 *                     a whole, read under RCU
 *
 * Lists, ports and rules are changed under RTNL. The fast path takes no lock.
 */
#ifndef VFCTL_FORWARD_H
#define VFCTL_FORWARD_H

#include <linux/etherdevice.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/pci.h>
#include <linux/u64_stats_sync.h>
#include "vfctl_pf.h"

#define FWD_BUCKETS 256
#define FWD_PF_PORT (~0U)	/* "number of the VF" of the PF's own port */

/* Why a frame went to the card. The names in sysfs are those of decide.c. */
enum fwd_verdict {
	FWD_PASS,	/* not to the card: passed on */
	FWD_MULTICAST,
	FWD_UNKNOWN,	/* no port of this card has that address */
	FWD_SELF,
	FWD_DUPLICATE,	/* two ports have it */
	FWD_SPOOFED,
	FWD_VLAN,
	FWD_MTU,
	FWD_LINK,	/* down at one end, or by the admin's word */
	FWD_RATE,
	FWD_QDISC,
	FWD_TC,
	FWD_XDP,
	FWD_OFFLOAD,	/* the frame wants something that only a card does */
	FWD_WATCHED,	/* a VF may hear what is not for it */
	FWD_VEPA,	/* the switch outside is to see it */
	FWD_CONTROL,	/* of a protocol between a station and its switch */
	FWD_BYPASS,	/* its program wants the driver at once */
	FWD_RULES,	/* what holds for a port could not be learned */
	FWD_VERDICTS,
};

struct fwd_counters {
	struct u64_stats_sync sync;
	u64_stats_t tx_packets, tx_bytes, rx_packets, rx_bytes;
	u64_stats_t verdict[FWD_VERDICTS];
};

struct fwd_address {
	struct hlist_node node;		/* in a bucket of the PF */
	struct fwd_rules *rules;
	u8 mac[ETH_ALEN];
};

struct fwd_rules {
	struct fwd_port *port;
	struct rcu_head rcu;
	enum fwd_verdict held;		/* unless FWD_PASS: nothing is passed on, for this reason */
	u16 port_vlan;			/* 0 for none */
	u8 vlan_priority;
	bool spoofchk, trust;
	u8 link;
	unsigned int addresses;
	struct fwd_address address[];
};

struct fwd_port {
	struct fwd_pf *pf;
	struct list_head list;
	struct kobject kobj;		/* its release frees the port */
	unsigned int vf;		/* or FWD_PF_PORT */
	struct net_device *dev;
	struct net *net;
	unsigned int ifindex, netns;	/* for sysfs, where dev may not be looked at */
	struct nf_hook_ops hook;
	struct fwd_rules __rcu *rules;
	struct fwd_counters __percpu *counters;
	struct list_head counted;	/* count.c */
	const struct net_device_ops *driver_ops;	/* NULL while the interface has them */
	struct net_device_ops ops;	/* the driver's, but for counters (count.c) and the mode (mode.c) */
};

struct fwd_relay;			/* relay.h */

struct fwd_pf {
	struct list_head list;
	struct kobject kobj;		/* its release frees the PF */
	struct pci_dev *pdev;
	struct net_device __rcu *dev;	/* its interface, NULL while there is none */
	bool several;			/* interfaces: which port is whose is not known */
	bool vepa;
	bool trusts;			/* a VF of it is trusted, so that it may listen to all */
	struct fwd_relay __rcu *relay;	/* NULL while nothing is relayed */
	struct list_head ports;
	struct hlist_head bucket[FWD_BUCKETS];
};

/* pfs.c: all under RTNL. */
struct fwd_pf *fwd_pf_find(const struct pci_dev *pdev);
int fwd_pf_add(struct pci_dev *pdev);
int fwd_pf_remove(struct pci_dev *pdev);
void fwd_pf_remove_all(void);
struct fwd_pf *fwd_pf_of(const struct net_device *dev, unsigned int *vf);
void fwd_pfs_for_each(void (*visit)(struct fwd_pf *pf));
bool fwd_pfs_any(void);
void fwd_pf_count_interfaces(struct fwd_pf *pf, const struct net_device *leaving);

/* ports.c: all under RTNL. */
void fwd_port_add(struct fwd_pf *pf, struct net_device *dev, unsigned int vf);
void fwd_port_remove(struct fwd_port *port);
struct fwd_port *fwd_port_find(struct fwd_pf *pf, const struct net_device *dev);

/* rules.c: all under RTNL, but for the lookup. */
void fwd_rules_refresh(struct fwd_pf *pf);
void fwd_rules_drop(struct fwd_port *port);
int fwd_rules_ask(struct net_device *pf, unsigned int vf, struct ifla_vf_info *info);
struct hlist_head *fwd_bucket(struct fwd_pf *pf, const u8 *mac);

/* mode.c: under RTNL. */
void fwd_mode_look(struct fwd_pf *pf);
void fwd_mode_watch(struct fwd_port *port);

/* watch.c */
int fwd_watch_start(void);
void fwd_watch_stop(void);
void fwd_watch_modes(void);

/* egress.c */
unsigned int fwd_egress(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

/* decide.c: in the fast path. */
extern const char *const fwd_verdict_name[FWD_VERDICTS];

struct fwd_decision {
	const struct fwd_port *to;
	int vlan_tag;		/* what the receiver is to see: a tag, or FWD_NO_TAG */
};

#define FWD_NO_TAG (-1)
enum fwd_verdict fwd_decide(const struct fwd_port *from, struct sk_buff *skb,
			    struct fwd_decision *decision);

/* deliver.c: takes the frame. False when the receiver had no room for it. */
bool fwd_deliver(struct sk_buff *skb, struct net_device *to);

/* count.c */
void fwd_count_verdict(const struct fwd_port *port, enum fwd_verdict verdict);
void fwd_count_passed(const struct fwd_port *from, const struct fwd_port *to,
		      unsigned int packets, unsigned int bytes);
void fwd_count_read(const struct fwd_port *port, struct fwd_counters *sum);
void fwd_count_start(struct fwd_port *port);
void fwd_count_stop(struct fwd_port *port);

/* sysfs.c */
int fwd_sysfs_init(void);
void fwd_sysfs_close(void);
void fwd_sysfs_exit(void);
int fwd_sysfs_add_pf(struct fwd_pf *pf);
int fwd_sysfs_add_port(struct fwd_port *port);

#endif
