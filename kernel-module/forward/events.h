/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of each frame, for tracefs: vfctl_fwd:vfctl_fwd_egress (docs/trace.md). Costs one jump that is not
 * taken while nobody looks. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vfctl_fwd

#if !defined(VFCTL_FORWARD_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define VFCTL_FORWARD_EVENTS_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

/* `to` is NULL and `why` a name of fwd_verdict_name[] when the frame goes to the card. */
TRACE_EVENT(vfctl_fwd_egress,
	TP_PROTO(const struct sk_buff *skb, const struct net_device *from, const struct net_device *to, const char *why),
	TP_ARGS(skb, from, to, why),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(unsigned int, len)
		__array(char, from, IFNAMSIZ)
		__array(char, to, IFNAMSIZ)
		__array(char, why, 12)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->len = skb->len;
		strscpy(__entry->from, from->name, IFNAMSIZ);
		strscpy(__entry->to, to ? to->name : "-", IFNAMSIZ);
		strscpy(__entry->why, why, sizeof(__entry->why));
	),
	TP_printk("from=%s to=%s why=%s skbaddr=%p len=%u",
		  __entry->from, __entry->to, __entry->why, __entry->skbaddr, __entry->len)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE events
#include <trace/define_trace.h>
