// SPDX-License-Identifier: GPL-2.0-only
/*
 * VEB or VEPA: whether a card switches between its VFs itself.
 *
 * `bridge link set` tells nobody in the kernel that it changed (rtnl_bridge_setlink()
 * of rtnetlink.c ends in a netlink message), so the PF's interface has a function
 * of ours in front of the driver's, beside that of count.c. A driver that does not
 * bear that, as ixgbe, is asked four times a second (watch.c).
 */
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <net/netlink.h>
#include "forward.h"

/* As the driver tells `bridge link` (ndo_dflt_bridge_getlink()). One that has no such mode is a VEB. */
static bool is_vepa(struct net_device *dev)
{
	const struct nlattr *spec, *mode = NULL;
	struct sk_buff *message;
	struct nlmsghdr *header;
	bool vepa = false;

	if (!dev || !dev->netdev_ops->ndo_bridge_getlink)
		return false;
	message = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!message)
		return true; /* When unsure, the card. */
	if (dev->netdev_ops->ndo_bridge_getlink(message, 0, 0, dev, 0, 0) >= 0 &&
	    message->len >= NLMSG_LENGTH(sizeof(struct ifinfomsg))) {
		header = nlmsg_hdr(message);
		spec = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_AF_SPEC);
		if (spec)
			mode = nla_find_nested(spec, IFLA_BRIDGE_MODE);
		vepa = mode && nla_len(mode) >= (int)sizeof(u16) && nla_get_u16(mode) == BRIDGE_MODE_VEPA;
	}
	nlmsg_free(message);
	return vepa;
}

void fwd_mode_look(struct fwd_pf *pf)
{
	WRITE_ONCE(pf->vepa, is_vepa(rtnl_dereference(pf->dev)));
}

/* Under RTNL. Nothing is passed on from before the driver is asked until its answer is known. */
static int set_mode(struct net_device *dev, struct nlmsghdr *header, u16 flags, struct netlink_ext_ack *extack)
{
	const struct fwd_port *port;
	struct fwd_pf *pf;
	unsigned int vf;
	int error;

	pf = fwd_pf_of(dev, &vf);
	port = pf ? fwd_port_find(pf, dev) : NULL;
	if (!port)
		return -EOPNOTSUPP;
	WRITE_ONCE(pf->vepa, true);
	error = port->driver_ops->ndo_bridge_setlink(dev, header, flags, extack);
	fwd_mode_look(pf);
	return error;
}

/* Before its operations become the interface's. */
void fwd_mode_watch(struct fwd_port *port)
{
	if (port->vf == FWD_PF_PORT && port->ops.ndo_bridge_setlink)
		port->ops.ndo_bridge_setlink = set_mode;
}
