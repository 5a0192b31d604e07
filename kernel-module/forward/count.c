// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of ports, and of their interfaces.
 *
 * Drivers of VFs count in registers of the card, or in fields that are theirs.
 * The one place where passed-on frames can be added is the driver's function
 * for statistics: the port's interface gets a copy of the driver's operations
 * in which that function is ours, where its driver can bear that.
 */
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include "forward.h"

void fwd_count_verdict(const struct fwd_port *port, enum fwd_verdict verdict)
{
	struct fwd_counters *counters = this_cpu_ptr(port->counters);

	u64_stats_update_begin(&counters->sync);
	u64_stats_inc(&counters->verdict[verdict]);
	u64_stats_update_end(&counters->sync);
}

void fwd_count_passed(const struct fwd_port *from, const struct fwd_port *to,
		      unsigned int packets, unsigned int bytes)
{
	struct fwd_counters *counters = this_cpu_ptr(from->counters);

	u64_stats_update_begin(&counters->sync);
	u64_stats_inc(&counters->verdict[FWD_PASS]);
	u64_stats_add(&counters->tx_packets, packets);
	u64_stats_add(&counters->tx_bytes, bytes);
	u64_stats_update_end(&counters->sync);

	counters = this_cpu_ptr(to->counters);
	u64_stats_update_begin(&counters->sync);
	u64_stats_add(&counters->rx_packets, packets);
	u64_stats_add(&counters->rx_bytes, bytes);
	u64_stats_update_end(&counters->sync);
}

static void add(struct fwd_counters *sum, const struct fwd_counters *counters)
{
	struct fwd_counters copy;
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(&counters->sync);
		copy = *counters;
	} while (u64_stats_fetch_retry(&counters->sync, start));

	u64_stats_add(&sum->tx_packets, u64_stats_read(&copy.tx_packets));
	u64_stats_add(&sum->tx_bytes, u64_stats_read(&copy.tx_bytes));
	u64_stats_add(&sum->rx_packets, u64_stats_read(&copy.rx_packets));
	u64_stats_add(&sum->rx_bytes, u64_stats_read(&copy.rx_bytes));
	for (i = 0; i < FWD_VERDICTS; i++)
		u64_stats_add(&sum->verdict[i], u64_stats_read(&copy.verdict[i]));
}

void fwd_count_read(const struct fwd_port *port, struct fwd_counters *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
		add(sum, per_cpu_ptr(port->counters, cpu));
}

static LIST_HEAD(counted);	/* ports whose interfaces have operations of ours; changed under RTNL */

static const struct fwd_port *counted_port(const struct net_device *dev)
{
	const struct fwd_port *port;

	list_for_each_entry_rcu(port, &counted, counted)
		if (port->dev == dev)
			return port;
	return NULL;
}

static void counted_stats(struct net_device *dev, struct rtnl_link_stats64 *stats);

static void driver_stats(const struct net_device_ops *ops, struct net_device *dev,
			 struct rtnl_link_stats64 *stats)
{
	if (ops->ndo_get_stats64 && ops->ndo_get_stats64 != counted_stats)
		ops->ndo_get_stats64(dev, stats);
	else
		netdev_stats_to_stats64(stats, ops->ndo_get_stats ? ops->ndo_get_stats(dev) : &dev->stats);
}

/*
 * The port is looked up by its interface: the operations may be those of another
 * module that were put on top of ours, or a copy of ours. Most callers are under
 * RTNL or RCU; Open vSwitch and the LED trigger are under neither.
 * fwd_port_remove() waits for readers.
 */
static void counted_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	const struct fwd_port *port;
	struct fwd_counters sum;

	rcu_read_lock();
	port = counted_port(dev);
	if (!port) {
		driver_stats(READ_ONCE(dev->netdev_ops), dev, stats); /* Given back in this moment. */
		goto out;
	}
	driver_stats(port->driver_ops, dev, stats);
	fwd_count_read(port, &sum);
	stats->tx_packets += u64_stats_read(&sum.tx_packets);
	stats->tx_bytes += u64_stats_read(&sum.tx_bytes);
	stats->rx_packets += u64_stats_read(&sum.rx_packets);
	stats->rx_bytes += u64_stats_read(&sum.rx_bytes);
out:
	rcu_read_unlock();
}

/*
 * Drivers that never tell their own interfaces by the address of their
 * operations. Others do: ixgbe, for each packet that it receives, and takes what
 * is not its own for a macvlan (netif_is_ixgbe() in ixgbe_process_skb_fields()),
 * whose counters it then writes to, wherever that is in its private data; ice and
 * mlx5_core for bonds and flow rules. Looked up in Linux 6.1 and 6.12; a driver
 * that is not known keeps its operations.
 */
static bool bears_a_copy(const struct net_device *dev)
{
	static const char *const known[] = {"igb", "igbvf", "ixgbevf", "i40e", "iavf", "bnxt_en"};
	const struct device_driver *driver = dev->dev.parent->driver;
	unsigned int i;

	for (i = 0; driver && i < ARRAY_SIZE(known); i++)
		if (!strcmp(driver->name, known[i]))
			return true;
	return false;
}

void fwd_count_start(struct fwd_port *port)
{
	if (!bears_a_copy(port->dev))
		return;
	port->driver_ops = port->dev->netdev_ops;
	port->ops = *port->driver_ops;
	port->ops.ndo_get_stats64 = counted_stats;
	fwd_mode_watch(port);
	list_add_tail_rcu(&port->counted, &counted);
	WRITE_ONCE(port->dev->netdev_ops, &port->ops);
}

/*
 * Somebody else who put operations of his own on top of ours still calls them:
 * then ours must stay, with the driver's functions in them. This module does
 * too, but when it is being unloaded: he may have copied what was in them.
 */
void fwd_count_stop(struct fwd_port *port)
{
	if (!port->driver_ops)
		return;
	list_del_rcu(&port->counted);
	if (port->dev->netdev_ops == &port->ops) {
		WRITE_ONCE(port->dev->netdev_ops, port->driver_ops);
		return;
	}
	WRITE_ONCE(port->ops.ndo_get_stats64, port->driver_ops->ndo_get_stats64);
	WRITE_ONCE(port->ops.ndo_bridge_setlink, port->driver_ops->ndo_bridge_setlink);
	netdev_warn(port->dev, "another module changed its operations: vfctl_fwd stays loaded\n");
	kobject_get(&port->kobj);
	__module_get(THIS_MODULE);
}
