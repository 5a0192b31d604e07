/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a patched PF driver tells vfctl_pf, and what other modules learn from it.
 *
 * All functions but vfctl_pf_add() and vfctl_pf_remove() may be called in any
 * context, hard interrupts included, and with the driver's locks held: igb and
 * ixgbe work on their mailboxes in an interrupt handler under vfs_lock. For a
 * PF that was not added, or a VF number that it cannot have, they do nothing:
 * a driver must never fail because nobody could keep its books.
 */
#ifndef VFCTL_PF_H
#define VFCTL_PF_H

#include <linux/if_ether.h>
#include <linux/types.h>

struct kobject;
struct notifier_block;
struct pci_dev;

/* MODULE_VERSION of the drivers that call us, so that they are told from the distribution's. */
#define VFCTL_PF_VERSION "vfctl-1"

/* Further unicast addresses that are kept for each VF. */
#define VFCTL_MAX_FILTERS 32

enum vfctl_reset {
	VFCTL_RESET_FLR,	/* the function was reset, seen in a register */
	VFCTL_RESET_MESSAGE,	/* the VF's driver asked for it */
};

enum vfctl_setting {
	VFCTL_PORT_VLAN,	/* VLAN id, 0 for none */
	VFCTL_SPOOFCHK,		/* 0 or 1 */
	VFCTL_TRUST,		/* 0 or 1 */
	VFCTL_LINK,		/* IFLA_VF_LINK_STATE_* */
};

/*
 * A driver takes a PF, before its interrupts can come, and lets it go, after
 * the last of them. Both sleep. Adding is best effort: what it lacks (memory,
 * a name in sysfs) is told in the kernel log.
 */
void vfctl_pf_add(struct pci_dev *pf);
void vfctl_pf_remove(struct pci_dev *pf);

/* The number of VFs changed; those above lose what was known of them. */
void vfctl_vf_count(struct pci_dev *pf, unsigned int count);

/*
 * Messages as the driver reads and writes them. @words of @message are valid;
 * @error is what reading gave: no message then.
 */
void vfctl_message_in(struct pci_dev *pf, unsigned int vf, int error,
		      const u32 *message, unsigned int words);
void vfctl_message_out(struct pci_dev *pf, unsigned int vf, const u32 *message,
		       unsigned int words);
void vfctl_unhandled(struct pci_dev *pf, unsigned int vf);
void vfctl_api_granted(struct pci_dev *pf, unsigned int vf, u32 version);
void vfctl_api_refused(struct pci_dev *pf, unsigned int vf, u32 version);

/* What became of a VF. */
void vfctl_vf_reset(struct pci_dev *pf, unsigned int vf, enum vfctl_reset how);
void vfctl_vf_mac(struct pci_dev *pf, unsigned int vf, const u8 *mac);
void vfctl_vf_filter_added(struct pci_dev *pf, unsigned int vf, const u8 *mac);
void vfctl_vf_filters_cleared(struct pci_dev *pf, unsigned int vf);
void vfctl_vf_vlan(struct pci_dev *pf, unsigned int vf, u16 vid, bool added);
void vfctl_vf_vlans_cleared(struct pci_dev *pf, unsigned int vf);
void vfctl_vf_setting(struct pci_dev *pf, unsigned int vf,
		      enum vfctl_setting setting, u32 value);

/*
 * For modules that act on what VFs are.
 *
 * An event says that something of a VF changed; what it is now is read with
 * vfctl_vf_read(). A listener that comes late therefore misses nothing: it
 * reads all VFs once after it registered. Listeners are called in the context
 * of the driver (see above): they must not sleep nor call the driver.
 */
enum vfctl_event {
	VFCTL_EVENT_COUNT,	/* vf is VFCTL_ALL_VFS */
	VFCTL_EVENT_RESET,
	VFCTL_EVENT_MAC,	/* primary address or further ones */
	VFCTL_EVENT_VLAN,	/* port VLAN or VLAN filters */
	VFCTL_EVENT_POLICY,	/* spoof check, trust, link */
	VFCTL_EVENT_PF_GONE,	/* vf is VFCTL_ALL_VFS; the PF is not known any more */
};

#define VFCTL_ALL_VFS (~0U)

struct vfctl_event_info {
	struct pci_dev *pf;
	unsigned int vf;
};

struct vfctl_vf_state {
	bool present;
	u8 mac[ETH_ALEN];
	unsigned int filters;
	u8 filter[VFCTL_MAX_FILTERS][ETH_ALEN];
	u16 port_vlan;
	bool spoofchk;
	bool trust;
	u8 link;
};

int vfctl_events_register(struct notifier_block *listener);
void vfctl_events_unregister(struct notifier_block *listener);

/* -ENODEV for a PF that is not known and for a VF that it cannot have. */
int vfctl_vf_read(struct pci_dev *pf, unsigned int vf,
		  struct vfctl_vf_state *state);
bool vfctl_vf_has_vlan(struct pci_dev *pf, unsigned int vf, u16 vid);

/* /sys/kernel/vfctl, for what other modules show there, and the words for IFLA_VF_LINK_STATE_*. */
struct kobject *vfctl_kobject(void);
const char *vfctl_link_name(u8 link);

#endif
