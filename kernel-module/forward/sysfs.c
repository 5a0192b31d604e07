// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/vfctl/forward: the contract with user space, told in
 * docs/forward-abi.md.
 *
 * Lifetime: a PF's and a port's memory is freed by the release of its kobject;
 * a port's kobject holds its PF's. Files never take RTNL, so deleting them under
 * RTNL, which waits for readers, cannot wait for ever.
 */
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "relay.h"

static struct kobject *root;

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return sysfs_emit(page, "1\n");
}

/* The device that is there as DDDD:BB:DD.F. Whatever is not written just so is none. */
static struct pci_dev *named_device(const char *text)
{
	unsigned int domain, bus, slot, function;
	char name[sizeof("ffffffff:ff:1f.7")];

	if (sscanf(text, "%8x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4)
		return NULL;
	scnprintf(name, sizeof(name), "%04x:%02x:%02x.%x", domain, bus, slot, function);
	if (!sysfs_streq(text, name) || slot > 0x1f || function > 7)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
}

/* Root of a container that sees /sys is none here: what it must not do with the host's interfaces, it must not do by us. */
static bool may_change(void)
{
	return capable(CAP_NET_ADMIN);
}

static ssize_t change(const char *text, size_t length, int (*apply)(struct pci_dev *pdev))
{
	struct pci_dev *pdev = may_change() ? named_device(text) : ERR_PTR(-EPERM);
	int error;

	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	if (!pdev)
		return -ENODEV;
	rtnl_lock();
	error = apply(pdev);
	rtnl_unlock();
	pci_dev_put(pdev);
	return error ?: length;
}

static ssize_t add_store(struct kobject *kobj, struct kobj_attribute *attribute, const char *text, size_t length)
{
	return change(text, length, fwd_pf_add);
}

static ssize_t remove_store(struct kobject *kobj, struct kobj_attribute *attribute, const char *text, size_t length)
{
	return change(text, length, fwd_pf_remove);
}

/* "DDDD:BB:DD.F GROUP". Not a file of the PF's directory: that goes under RTNL, which this takes. */
static ssize_t relay_store(struct kobject *kobj, struct kobj_attribute *attribute, const char *text, size_t length)
{
	char address[sizeof("ffffffff:ff:1f.7")], group[RELAY_GROUP + 1], more;
	struct pci_dev *pdev;
	int error;

	if (!may_change())
		return -EPERM;
	if (sscanf(text, "%16s %16s %c", address, group, &more) != 2)
		return -EINVAL;
	pdev = named_device(address);
	if (!pdev)
		return -ENODEV;
	rtnl_lock();
	error = fwd_relay_set(pdev, group);
	rtnl_unlock();
	pci_dev_put(pdev);
	return error ?: length;
}

static struct kobj_attribute abi_attribute = __ATTR(abi, 0400, abi_show, NULL);
static struct kobj_attribute add_attribute = __ATTR(add, 0200, NULL, add_store);
static struct kobj_attribute remove_attribute = __ATTR(remove, 0200, NULL, remove_store);
static struct kobj_attribute relay_attribute = __ATTR(relay, 0200, NULL, relay_store);

static const struct attribute *root_attrs[] = {
	&abi_attribute.attr, &add_attribute.attr, &remove_attribute.attr, &relay_attribute.attr, NULL,
};

static struct fwd_pf *pf_of(struct kobject *kobj)
{
	return container_of(kobj, struct fwd_pf, kobj);
}

static struct fwd_port *port_of(struct kobject *kobj)
{
	return container_of(kobj, struct fwd_port, kobj);
}

static ssize_t mode_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%s\n", READ_ONCE(pf_of(kobj)->vepa) ? "vepa" : "veb");
}

static ssize_t pf_relay_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return fwd_relay_show(pf_of(kobj), page);
}

static ssize_t pf_relay_macs_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return fwd_relay_macs_show(pf_of(kobj), page);
}

static int emit_macs(const struct fwd_rules *rules, char *page, int at)
{
	int start = at;
	unsigned int i;

	at += sysfs_emit_at(page, at, "macs=");
	for (i = 0; i < rules->addresses; i++)
		at += sysfs_emit_at(page, at, i ? ",%pM" : "%pM", rules->address[i].mac);
	at += sysfs_emit_at(page, at, "\n");
	return at - start;
}

static ssize_t rules_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	const struct fwd_port *port = port_of(kobj);
	const struct fwd_rules *rules;
	int at = sysfs_emit(page, "ifindex=%u\nnetns=%u\n", port->ifindex, port->netns);

	rcu_read_lock();
	rules = rcu_dereference(port->rules);
	if (rules) {
		at += sysfs_emit_at(page, at, "held=%s\n", fwd_verdict_name[rules->held]);
		at += emit_macs(rules, page, at);
		at += sysfs_emit_at(page, at, "port_vlan=%u\nspoofchk=%d\ntrust=%d\nlink=%s\n", rules->port_vlan,
				    rules->spoofchk, rules->trust, vfctl_link_name(rules->link));
	} else {
		at += sysfs_emit_at(page, at, "held=%s\n", fwd_verdict_name[FWD_RULES]);
	}
	rcu_read_unlock();
	return at;
}

static ssize_t stats_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	struct fwd_counters sum;
	unsigned int i;
	int at;

	fwd_count_read(port_of(kobj), &sum);
	at = sysfs_emit(page, "tx_packets=%llu\ntx_bytes=%llu\nrx_packets=%llu\nrx_bytes=%llu\npassed=%llu\n",
			u64_stats_read(&sum.tx_packets), u64_stats_read(&sum.tx_bytes),
			u64_stats_read(&sum.rx_packets), u64_stats_read(&sum.rx_bytes),
			u64_stats_read(&sum.verdict[FWD_PASS]));
	for (i = FWD_PASS + 1; i < FWD_VERDICTS; i++)
		at += sysfs_emit_at(page, at, "card_%s=%llu\n", fwd_verdict_name[i], u64_stats_read(&sum.verdict[i]));
	return at;
}

static struct kobj_attribute mode_attribute = __ATTR(mode, 0400, mode_show, NULL);
static struct kobj_attribute rules_attribute = __ATTR(rules, 0400, rules_show, NULL);
static struct kobj_attribute stats_attribute = __ATTR(stats, 0400, stats_show, NULL);

static struct kobj_attribute pf_relay_attribute = __ATTR(relay, 0400, pf_relay_show, NULL);
static struct kobj_attribute pf_relay_macs_attribute = __ATTR(relay_macs, 0400, pf_relay_macs_show, NULL);

static struct attribute *pf_attrs[] = {
	&mode_attribute.attr, &pf_relay_attribute.attr, &pf_relay_macs_attribute.attr, NULL,
};
ATTRIBUTE_GROUPS(pf);

static struct attribute *port_attrs[] = {&rules_attribute.attr, &stats_attribute.attr, NULL};
ATTRIBUTE_GROUPS(port);

static void pf_release(struct kobject *kobj)
{
	struct fwd_pf *pf = pf_of(kobj);

	pci_dev_put(pf->pdev);
	kfree(pf);
}

static void port_release(struct kobject *kobj)
{
	struct fwd_port *port = port_of(kobj);

	kobject_put(&port->pf->kobj);
	free_percpu(port->counters);
	kfree(port);
}

static struct kobj_type pf_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = pf_release,
	.default_groups = pf_groups,
};

static struct kobj_type port_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = port_release,
	.default_groups = port_groups,
};

int fwd_sysfs_add_pf(struct fwd_pf *pf)
{
	int error = kobject_init_and_add(&pf->kobj, &pf_type, root, "%s", pci_name(pf->pdev));

	if (error)
		kobject_put(&pf->kobj);
	return error;
}

int fwd_sysfs_add_port(struct fwd_port *port)
{
	int error;

	kobject_get(&port->pf->kobj); /* Until port_release(). */
	if (port->vf == FWD_PF_PORT)
		error = kobject_init_and_add(&port->kobj, &port_type, &port->pf->kobj, "pf");
	else
		error = kobject_init_and_add(&port->kobj, &port_type, &port->pf->kobj, "vf%u", port->vf);
	if (error)
		kobject_put(&port->kobj);
	return error;
}

int fwd_sysfs_init(void)
{
	int error;

	root = kobject_create_and_add("forward", vfctl_kobject());
	if (!root)
		return -ENOMEM;
	error = sysfs_create_files(root, root_attrs);
	if (error)
		kobject_put(root);
	return error;
}

/* Waits for those who are writing, and lets nobody in any more. */
void fwd_sysfs_close(void)
{
	sysfs_remove_files(root, root_attrs);
}

void fwd_sysfs_exit(void)
{
	kobject_put(root);
}
