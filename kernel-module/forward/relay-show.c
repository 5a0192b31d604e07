// SPDX-License-Identifier: GPL-2.0-only
/* The texts of `relay` and `relay_macs` of a PF, told in docs/forward-abi.md. Neither takes RTNL. */
#include <linux/sysfs.h>
#include "relay.h"

static const char *const names[RELAY_COUNTS] = {
	[RELAY_TO_VF] = "to_vf",
	[RELAY_TO_HOST] = "to_host",
	[RELAY_NEIGHBOURS] = "neighbours",
	[RELAY_SOURCE] = "not_source",
	[RELAY_DUPLICATE] = "not_duplicate",
	[RELAY_VLAN] = "not_vlan",
	[RELAY_LINK] = "not_link",
	[RELAY_MTU] = "not_mtu",
	[RELAY_OFFLOAD] = "not_offload",
	[RELAY_VEPA] = "not_vepa",
	[RELAY_RATE] = "not_rate",
};

static u64 sum(const struct fwd_relay *relay, enum relay_count what)
{
	const struct relay_counters *counters;
	unsigned int start;
	u64 total = 0, one;
	int cpu;

	for_each_possible_cpu(cpu) {
		counters = per_cpu_ptr(relay->counters, cpu);
		do {
			start = u64_stats_fetch_begin(&counters->sync);
			one = u64_stats_read(&counters->count[what]);
		} while (u64_stats_fetch_retry(&counters->sync, start));
		total += one;
	}
	return total;
}

int fwd_relay_show(struct fwd_pf *pf, char *page)
{
	const struct relay_filters *filters;
	const struct fwd_relay *relay;
	unsigned int i;
	int at;

	rcu_read_lock();
	relay = rcu_dereference(pf->relay);
	at = sysfs_emit(page, "group=%s\n", relay ? relay->name : "none");
	filters = relay ? rcu_dereference(relay->filters) : NULL;
	if (filters)
		at += sysfs_emit_at(page, at, "filter_limit=%u\nfilter_used=%u\nfilters=%u\nleft_out=%u\n",
				    filters->limit, filters->used, filters->filters, filters->left_out);
	for (i = 0; relay && i < RELAY_COUNTS; i++)
		at += sysfs_emit_at(page, at, "%s=%llu\n", names[i], sum(relay, i));
	rcu_read_unlock();
	return at;
}

/* 128 lines of 31 bytes at most: they fit a page. */
int fwd_relay_macs_show(struct fwd_pf *pf, char *page)
{
	const struct relay_filters *filters;
	const struct fwd_relay *relay;
	unsigned int i;
	int at = 0;

	rcu_read_lock();
	relay = rcu_dereference(pf->relay);
	filters = relay ? rcu_dereference(relay->filters) : NULL;
	for (i = 0; filters && i < filters->filters; i++)
		at += sysfs_emit_at(page, at, "%pM %s\n", filters->filter[i].mac, filters->filter[i].home);
	rcu_read_unlock();
	return at;
}
