/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels from 5.16 on call differently. Told apart by what they have,
 * by version only where the preprocessor sees no difference. */
#ifndef VFCTL_FORWARD_COMPAT_H
#define VFCTL_FORWARD_COMPAT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/version.h>

#ifndef CONFIG_NETFILTER_EGRESS
#error "this kernel has no netfilter hook for frames that leave (CONFIG_NETFILTER_EGRESS, 5.16)"
#endif

#if __has_include(<net/gso.h>)
#include <net/gso.h>
#endif

static inline bool fwd_has_tc_egress(const struct net_device *dev)
{
#if __has_include(<net/tcx.h>)
	return rcu_access_pointer(dev->tcx_egress);
#else
	return rcu_access_pointer(dev->miniq_egress);
#endif
}

/* Memory of a device, which no processor may touch, can be sent since 6.12. */
static inline bool fwd_is_readable(const struct sk_buff *skb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return skb_frags_readable(skb);
#else
	return true;
#endif
}

#endif
