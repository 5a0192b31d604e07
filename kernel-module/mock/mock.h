/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An 82599 with 64 VFs that exists in memory only, so that the real ixgbe and
 * ixgbevf can be tested without a card. What registers are and do is told in
 * Intel's 82599 datasheet (sections 8.2 and 9) and ixgbe_type.h; here is what
 * the drivers need to probe, make VFs, talk through the mailbox and send
 * frames to each other through the switch of the card, whose uplink ends here.
 *
 * One lock guards all registers. It is raw because configuration space is
 * accessed under a raw lock of the PCI core, and drivers read registers in
 * hard interrupts.
 */
#ifndef MOCK_H
#define MOCK_H

#include <linux/bits.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define MOCK_DOMAIN 1
#define MOCK_VFS 64
#define MOCK_PF_BAR 0x80000
#define MOCK_VF_BAR 0x4000
#define MOCK_WINDOW 0x1000000	/* what all BARs need */
#define MOCK_MAILBOX_WORDS 16
#define MOCK_PF_QUEUES 128
#define MOCK_VF_QUEUES 8
/* One count for all: those of the PF, then those of each VF. */
#define MOCK_QUEUES (MOCK_PF_QUEUES + MOCK_VFS * MOCK_VF_QUEUES)
#define MOCK_FRAME 16384	/* the longest, without its tag */

/* VF n is at FIRST + n * STRIDE behind the PF, function 0 of device 0. */
#define MOCK_VF_FIRST 0x80
#define MOCK_VF_STRIDE 2
#define MOCK_VECTORS 64		/* of the PF; a VF has fewer */

struct mock_mailbox {
	u32 word[MOCK_MAILBOX_WORDS];
	bool vf_owns;		/* VFU */
	bool pf_owns;		/* PFU */
	bool pf_sent;		/* PFSTS, until the VF reads it */
	bool pf_acked;		/* PFACK, until the VF reads it */
	bool reset_done;	/* RSTD, until the VF reads it */
};

struct mock_vf {
	u8 config[PCI_CFG_SPACE_EXP_SIZE];
	u32 reg[MOCK_VF_BAR / 4];
	u32 interrupts;		/* enabled ones */
	struct mock_mailbox mailbox;
};

struct mock {
	raw_spinlock_t lock;
	struct pci_bus *bus;
	u8 config[PCI_CFG_SPACE_EXP_SIZE];
	u32 reg[MOCK_PF_BAR / 4];
	u32 cause, enabled;	/* EICR, EIMS */
	u32 vf_mail[MOCK_VFS / 16];	/* MBVFICR: requests below, acks above */
	u32 vf_reset[MOCK_VFS / 32];	/* VFLRE */
	bool pf_ready;		/* PFRSTD: before it VFs see RSTI */
	struct mock_vf vf[MOCK_VFS];
};

extern struct mock mock;

/* A frame without FCS; its VLAN tag is beside it. */
struct mock_frame {
	unsigned int length;
	u16 vlan;		/* TCI */
	bool tagged;
	bool overlong;
	u8 data[MOCK_FRAME + 4];	/* with room for the tag */
};

static inline void mock_frame_clear(struct mock_frame *frame)
{
	frame->length = 0;
	frame->tagged = false;
	frame->overlong = false;
}

/* Function 0 is the PF, n + 1 is VF n. */
static inline unsigned int mock_devfn(unsigned int function)
{
	return function ? MOCK_VF_FIRST + (function - 1) * MOCK_VF_STRIDE : 0;
}

/* Mailbox interrupt of the PF in EICR. */
#define MOCK_CAUSE_MAILBOX BIT(19)

/* config.c */
extern struct pci_ops mock_config_ops;
void mock_config_init(void);
unsigned int mock_vf_count(void);	/* VFs that are enabled */

/* pf.c and vf.c; with the lock held. A write gives whether the PF is to be interrupted. */
void mock_pf_init(void);
u32 mock_pf_read(u32 offset);
bool mock_pf_write(u32 offset, u32 value);
u32 mock_vf_read(unsigned int vf, u32 offset);
bool mock_vf_write(unsigned int vf, u32 offset, u32 value);
bool mock_vf_request(unsigned int vf);
void mock_vf_function_reset(unsigned int vf);
void mock_vf_stop(unsigned int vf);	/* its rings */
u32 *mock_pf_receive_ring(unsigned int queue);

/* rings.c; with the lock held. What was queued is sent, and a frame is put into a ring. */
void mock_transmit(u32 *ring, unsigned int queue);
void mock_receive(u32 *ring, unsigned int queue, const struct mock_frame *frame);

/* switch.c; with the lock held. A frame that a pool sent goes to those that may have it. */
void mock_switch(unsigned int pool, struct mock_frame *frame);
unsigned int mock_pool_of(unsigned int queue);

/* vectors.c; the first with the lock held. */
void mock_vectors_changed(unsigned int function, bool enabled);
bool mock_vectors_pending(unsigned int function);
int mock_vector_irq(unsigned int function, unsigned int vector);
void mock_vectors_exit(void);

/* interrupts.c */
void mock_interrupts_init(void);
void mock_interrupts_exit(void);
void mock_interrupt_pf(void);
void mock_interrupt_vf(unsigned int vf);	/* its mailbox vector */
void mock_interrupt_queue(unsigned int queue, bool transmitted);

#endif
