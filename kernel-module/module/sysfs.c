// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/vfctl: the contract with user space, told in docs/mailbox-abi.md.
 *
 * Lifetime: the memory of a PF holds its VFs and all their kobjects, and is
 * freed by the release of the PF's kobject. Every VF's kobject holds a
 * reference on it until its own release. Deleting a kobject waits for those
 * who read its files.
 */
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "record.h"

static struct kobject *root;

static struct vfctl_pf *pf_of(struct kobject *kobj)
{
	return container_of(kobj, struct vfctl_pf, kobj);
}

static struct vfctl_vf *vf_of(struct kobject *kobj)
{
	return container_of(kobj, struct vfctl_vf, kobj);
}

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return sysfs_emit(page, "1\n");
}

static ssize_t driver_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%s\n", pf_of(kobj)->driver);
}

static ssize_t vfs_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(pf_of(kobj)->count));
}

static int emit_refused(const struct vfctl_vf *vf, char *page, int at)
{
	int start = at;
	unsigned int i;

	at += sysfs_emit_at(page, at, "refused=");
	for (i = 0; i < vf->refused; i++)
		at += sysfs_emit_at(page, at, i ? ",%u" : "%u", vf->refused_api[i]);
	at += sysfs_emit_at(page, at, "\n");
	return at - start;
}

static int emit_filters(const struct vfctl_vf_state *state, char *page, int at)
{
	int start = at;
	unsigned int i;

	at += sysfs_emit_at(page, at, "macs=");
	for (i = 0; i < state->filters; i++)
		at += sysfs_emit_at(page, at, i ? ",%pM" : "%pM", state->filter[i]);
	at += sysfs_emit_at(page, at, "\n");
	return at - start;
}

const char *vfctl_link_name(u8 link)
{
	switch (link) {
	case IFLA_VF_LINK_STATE_ENABLE:
		return "enable";
	case IFLA_VF_LINK_STATE_DISABLE:
		return "disable";
	default:
		return "auto";
	}
}
EXPORT_SYMBOL_GPL(vfctl_link_name);

static s64 age_ms(const struct vfctl_vf *vf)
{
	if (!vf->messages)
		return -1;
	return ktime_ms_delta(ktime_get(), vf->ring[(vf->messages - 1) % VFCTL_MESSAGES].when);
}

static ssize_t mailbox_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	struct vfctl_vf *vf = vf_of(kobj);
	const struct vfctl_counters *counters = &vf->counters;
	const struct vfctl_vf_state *state = &vf->state;
	unsigned long flags;
	int at = 0;

	spin_lock_irqsave(&vf->lock, flags);
	at += sysfs_emit_at(page, at, "present=%d\napi=%d\n", state->present, vf->api);
	at += emit_refused(vf, page, at);
	at += sysfs_emit_at(page, at, "requests=%llu\nreplies=%llu\nacks=%llu\nnacks=%llu\npings=%llu\n",
			    counters->requests, counters->replies, counters->acks,
			    counters->nacks, counters->pings);
	at += sysfs_emit_at(page, at, "read_errors=%llu\nunhandled=%llu\nreset_messages=%llu\nflrs=%llu\n",
			    counters->read_errors, counters->unhandled,
			    counters->reset_messages, counters->flrs);
	at += sysfs_emit_at(page, at, "mac=%pM\n", state->mac);
	at += emit_filters(state, page, at);
	at += sysfs_emit_at(page, at, "port_vlan=%u\nspoofchk=%d\ntrust=%d\nlink=%s\nage_ms=%lld\n",
			    state->port_vlan, state->spoofchk, state->trust,
			    vfctl_link_name(state->link), age_ms(vf));
	spin_unlock_irqrestore(&vf->lock, flags);
	return at;
}

static int emit_message(const struct vfctl_message *message, ktime_t now, char *page, int at)
{
	int start = at;
	unsigned int i;

	at += sysfs_emit_at(page, at, "%llu %lld %s", message->number,
			    ktime_ms_delta(now, message->when), message->out ? "out" : "in");
	for (i = 0; i < message->words; i++)
		at += sysfs_emit_at(page, at, " %08x", message->word[i]);
	at += sysfs_emit_at(page, at, "\n");
	return at - start;
}

static ssize_t messages_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	struct vfctl_vf *vf = vf_of(kobj);
	ktime_t now = ktime_get();
	unsigned long flags;
	int at = 0;
	u64 i;

	spin_lock_irqsave(&vf->lock, flags);
	for (i = vf->messages > VFCTL_MESSAGES ? vf->messages - VFCTL_MESSAGES : 0; i < vf->messages; i++)
		at += emit_message(&vf->ring[i % VFCTL_MESSAGES], now, page, at);
	spin_unlock_irqrestore(&vf->lock, flags);
	return at;
}

/* The port VLAN is a filter too, but none that the VF asked for. */
static ssize_t vlans_show(struct kobject *kobj, struct kobj_attribute *attribute, char *page)
{
	struct vfctl_vf *vf = vf_of(kobj);
	unsigned long flags;
	bool port_vlan;
	int length;

	spin_lock_irqsave(&vf->lock, flags);
	port_vlan = __test_and_clear_bit(vf->state.port_vlan, vf->vlans);
	length = scnprintf(page, PAGE_SIZE - 1, "%*pbl", VLAN_N_VID, vf->vlans);
	if (port_vlan)
		__set_bit(vf->state.port_vlan, vf->vlans);
	spin_unlock_irqrestore(&vf->lock, flags);
	page[length++] = '\n';
	return length;
}

static struct kobj_attribute abi_attribute = __ATTR(abi, 0400, abi_show, NULL);
static struct kobj_attribute driver_attribute = __ATTR(driver, 0400, driver_show, NULL);
static struct kobj_attribute vfs_attribute = __ATTR(vfs, 0400, vfs_show, NULL);
static struct kobj_attribute mailbox_attribute = __ATTR(mailbox, 0400, mailbox_show, NULL);
static struct kobj_attribute messages_attribute = __ATTR(messages, 0400, messages_show, NULL);
static struct kobj_attribute vlans_attribute = __ATTR(vlans, 0400, vlans_show, NULL);

static struct attribute *pf_attrs[] = {&driver_attribute.attr, &vfs_attribute.attr, NULL};
ATTRIBUTE_GROUPS(pf);

static struct attribute *vf_attrs[] = {
	&mailbox_attribute.attr, &messages_attribute.attr, &vlans_attribute.attr, NULL,
};
ATTRIBUTE_GROUPS(vf);

static void pf_release(struct kobject *kobj)
{
	kfree(pf_of(kobj));
}

static void vf_release(struct kobject *kobj)
{
	kobject_put(&vf_of(kobj)->pf->kobj);
}

static struct kobj_type pf_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = pf_release,
	.default_groups = pf_groups,
};

static struct kobj_type vf_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = vf_release,
	.default_groups = vf_groups,
};

/* VFs [0, count) have a kobject. The last reference on the PF frees it. */
static void remove_vfs(struct vfctl_pf *pf, unsigned int count)
{
	while (count--) {
		kobject_del(&pf->vf[count].kobj);
		kobject_put(&pf->vf[count].kobj);
	}
}

/* On failure the PF is freed. */
int vfctl_sysfs_add(struct vfctl_pf *pf)
{
	unsigned int i;
	int error;

	error = kobject_init_and_add(&pf->kobj, &pf_type, root, "%s", pci_name(pf->pdev));
	if (error)
		goto put_pf;

	for (i = 0; i < pf->total; i++) {
		kobject_get(&pf->kobj); /* Until vf_release(). */
		error = kobject_init_and_add(&pf->vf[i].kobj, &vf_type, &pf->kobj, "vf%u", i);
		if (error) {
			kobject_put(&pf->vf[i].kobj);
			goto remove_vfs;
		}
	}
	return 0;

remove_vfs:
	remove_vfs(pf, i);
	kobject_del(&pf->kobj);
put_pf:
	kobject_put(&pf->kobj);
	return error;
}

void vfctl_sysfs_remove(struct vfctl_pf *pf)
{
	remove_vfs(pf, pf->total);
	kobject_del(&pf->kobj);
	kobject_put(&pf->kobj);
}

struct kobject *vfctl_kobject(void)
{
	return root;
}
EXPORT_SYMBOL_GPL(vfctl_kobject);

int vfctl_sysfs_init(void)
{
	int error;

	root = kobject_create_and_add("vfctl", kernel_kobj);
	if (!root)
		return -ENOMEM;

	error = sysfs_create_file(root, &abi_attribute.attr);
	if (error)
		kobject_put(root);
	return error;
}

void vfctl_sysfs_exit(void)
{
	kobject_put(root);
}
