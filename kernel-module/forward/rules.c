// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the card lets each port do, asked of its PF's driver, and the table of
 * addresses that follows from it.
 *
 * The driver is asked by ndo_get_vf_config(), so the distribution's own will
 * do. A patched one adds the further addresses of a VF (vfctl_vf_read()).
 */
#include <linux/hash.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "forward.h"

struct hlist_head *fwd_bucket(struct fwd_pf *pf, const u8 *mac)
{
	/* The last four bytes differ most. */
	return &pf->bucket[hash_32(get_unaligned((const u32 *)(mac + 2)), ilog2(FWD_BUCKETS))];
}

static void withdraw(struct fwd_rules *rules)
{
	unsigned int i;

	for (i = 0; i < rules->addresses; i++)
		hlist_del_rcu(&rules->address[i].node);
}

static void publish(struct fwd_port *port, struct fwd_rules *rules)
{
	struct fwd_rules *old = rtnl_dereference(port->rules);
	unsigned int i;

	if (old)
		withdraw(old);
	rcu_assign_pointer(port->rules, rules);
	for (i = 0; rules && i < rules->addresses; i++)
		hlist_add_head_rcu(&rules->address[i].node, fwd_bucket(port->pf, rules->address[i].mac));
	if (old)
		kfree_rcu(old, rcu);
}

void fwd_rules_drop(struct fwd_port *port)
{
	publish(port, NULL);
}

static void add_address(struct fwd_rules *rules, const u8 *mac)
{
	struct fwd_address *address = &rules->address[rules->addresses];

	if (!is_valid_ether_addr(mac))
		return;
	address->rules = rules;
	ether_addr_copy(address->mac, mac);
	rules->addresses++;
}

/* Further addresses are known only where the PF's driver is a patched one. */
static void add_filters(struct fwd_rules *rules, const struct fwd_port *port)
{
	struct vfctl_vf_state *state = kmalloc(sizeof(*state), GFP_KERNEL);
	unsigned int i;

	if (state && !vfctl_vf_read(port->pf->pdev, port->vf, state))
		for (i = 0; i < state->filters; i++)
			if (!ether_addr_equal(state->filter[i], rules->address[0].mac))
				add_address(rules, state->filter[i]);
	kfree(state);
}

static enum fwd_verdict held_for(const struct ifla_vf_info *vf)
{
	if (vf->linkstate == IFLA_VF_LINK_STATE_DISABLE)
		return FWD_LINK;
	if (vf->max_tx_rate || vf->min_tx_rate)
		return FWD_RATE;
	if (vf->vlan && vf->vlan_proto != htons(ETH_P_8021Q))
		return FWD_VLAN;
	return FWD_PASS;
}

/* Drivers fill in what they know: unset is what a card does by itself. */
int fwd_rules_ask(struct net_device *pf, unsigned int vf, struct ifla_vf_info *info)
{
	memset(info, 0, sizeof(*info));
	info->spoofchk = 1;
	info->vlan_proto = htons(ETH_P_8021Q);
	if (!pf || !pf->netdev_ops->ndo_get_vf_config)
		return -EOPNOTSUPP;
	return pf->netdev_ops->ndo_get_vf_config(pf, vf, info);
}

static void vf_rules(struct fwd_rules *rules, const struct fwd_port *port)
{
	struct net_device *dev = rtnl_dereference(port->pf->dev);
	struct ifla_vf_info info;

	/* What is set while the PF is down is told by nobody (netdev_state_change() of dev.c), and there are cards
	 * whose VFs have a link then. */
	if (!dev || !(dev->flags & IFF_UP) || fwd_rules_ask(dev, port->vf, &info)) {
		rules->held = FWD_RULES;
		return;
	}
	rules->held = held_for(&info);
	rules->port_vlan = info.vlan;
	rules->vlan_priority = info.qos;
	rules->spoofchk = info.spoofchk;
	rules->trust = info.trusted;
	rules->link = info.linkstate;
	add_address(rules, info.mac);
	if (rules->addresses)
		add_filters(rules, port);
	else if (rules->held == FWD_PASS)
		rules->held = FWD_RULES; /* The card knows no address of it. */
}

static void refresh_port(struct fwd_port *port)
{
	struct fwd_rules *rules = kzalloc(struct_size(rules, address, 1 + VFCTL_MAX_FILTERS), GFP_KERNEL);

	if (!rules) {
		fwd_rules_drop(port); /* Without rules nothing is passed on. */
		return;
	}
	rules->port = port;
	if (port->vf == FWD_PF_PORT)
		add_address(rules, port->dev->dev_addr);
	else
		vf_rules(rules, port);
	if (port->pf->several)
		rules->held = FWD_RULES;
	publish(port, rules);
}

static bool any_trusted(struct fwd_pf *pf)
{
	struct net_device *dev = rtnl_dereference(pf->dev);
	int vf, count = pci_num_vf(pf->pdev);
	struct ifla_vf_info info;

	for (vf = 0; vf < count; vf++)
		if (!fwd_rules_ask(dev, vf, &info) && info.trusted)
			return true;
	return false;
}

/* Asks for everything again: settings of one VF can matter to all. */
void fwd_rules_refresh(struct fwd_pf *pf)
{
	struct fwd_port *port;

	fwd_mode_look(pf);
	WRITE_ONCE(pf->trusts, any_trusted(pf));
	list_for_each_entry(port, &pf->ports, list)
		refresh_port(port);
}
