/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of each PF and VF, and who may touch it.
 *
 * struct vfctl_pf lives from vfctl_pf_add() to vfctl_pf_remove() and is found
 * under RCU. It has a struct vfctl_vf for every VF that the card can have, so
 * nothing is allocated or freed when VFs come and go, which drivers tell in
 * atomic context. Each VF has a lock of its own, taken with interrupts off
 * because hooks run in interrupt handlers; no other lock is taken under it.
 */
#ifndef VFCTL_RECORD_H
#define VFCTL_RECORD_H

#include <linux/bitmap.h>
#include <linux/if_vlan.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include "vfctl_pf.h"

#define VFCTL_MESSAGES 16	/* the last ones of each VF */
#define VFCTL_MESSAGE_WORDS 4
#define VFCTL_REFUSED 8		/* versions since the last reset */
#define VFCTL_API_NONE (-1)

struct vfctl_message {
	ktime_t when;
	u64 number;
	bool out;
	u8 words;
	u32 word[VFCTL_MESSAGE_WORDS];
};

struct vfctl_counters {
	u64 requests, replies, acks, nacks, pings;
	u64 read_errors, unhandled, reset_messages, flrs;
};

struct vfctl_vf {
	struct kobject kobj;	/* part of the PF's memory: see sysfs.c */
	struct vfctl_pf *pf;
	unsigned int index;

	spinlock_t lock;	/* guards all below */
	struct vfctl_vf_state state;
	struct vfctl_counters counters;
	s32 api;
	unsigned int refused;
	u32 refused_api[VFCTL_REFUSED];
	u64 messages;		/* ever; the ring below has the last ones */
	struct vfctl_message ring[VFCTL_MESSAGES];
	DECLARE_BITMAP(vlans, VLAN_N_VID);
};

struct vfctl_pf {
	struct list_head list;
	struct kobject kobj;
	struct pci_dev *pdev;
	char driver[32];
	unsigned int count;	/* written under no lock: one word, one writer */
	unsigned int total;
	struct vfctl_vf vf[];
};

/* registry.c */

/* Under rcu_read_lock(), or by who changes the list. */
struct vfctl_pf *vfctl_find(const struct pci_dev *pdev);

/*
 * Finds a VF and takes its lock. NULL, and nothing taken, for a PF that is not
 * known and for a VF that it cannot have. Until vfctl_vf_unlock() the PF's
 * memory stays.
 */
struct vfctl_vf *vfctl_vf_lock(const struct pci_dev *pdev, unsigned int vf, unsigned long *flags);
void vfctl_vf_unlock(struct vfctl_vf *vf, unsigned long flags);

void vfctl_registry_exit(void);

/* events.c */
void vfctl_tell(struct pci_dev *pf, unsigned int vf, enum vfctl_event event);

/* sysfs.c */
int vfctl_sysfs_init(void);
void vfctl_sysfs_exit(void);
int vfctl_sysfs_add(struct vfctl_pf *pf);
void vfctl_sysfs_remove(struct vfctl_pf *pf);

#endif
