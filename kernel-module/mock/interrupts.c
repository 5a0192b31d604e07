// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X interrupts of the mock. Registers are written under locks of the
 * drivers, so an interrupt is raised a moment later, by irq_work: in hard
 * interrupt context, like a real one.
 */
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdesc.h>
#include <linux/msi.h>
#include "mock.h"
#include "registers.h"

#define QUEUES (MOCK_PF_QUEUES + MOCK_VFS * MOCK_VF_QUEUES)

static struct irq_work work;
static DECLARE_BITMAP(sent, QUEUES);		/* transmit queues with completed work */
static DECLARE_BITMAP(mailed, MOCK_VFS);	/* VFs with news in the mailbox */

/*
 * @entry: a byte of an IVAR register, which names a vector. False: not yet,
 * because it is not known which interrupt that is.
 */
static bool raise(unsigned int function, u32 entry)
{
	int irq = entry & IVAR_VALID ? mock_vector_irq(function, entry & IVAR_VECTOR) : 0;

	if (mock_vectors_pending(function))
		return false;
	if (irq)
		generic_handle_irq(irq);
	return true;
}

/* An IVAR register has two queues, each with an entry for receive and one, above it, for transmit. */
static u32 transmit_entry(u32 ivar, unsigned int queue)
{
	return ivar >> (16 * (queue & 1) + 8);
}

/* The vector of a transmit queue. */
static bool raise_sent(unsigned int queue)
{
	unsigned int vf = (queue - MOCK_PF_QUEUES) / MOCK_VF_QUEUES;

	if (queue < MOCK_PF_QUEUES)
		return raise(0, transmit_entry(mock.reg[IVAR / 4 + queue / 2], queue));
	queue = (queue - MOCK_PF_QUEUES) % MOCK_VF_QUEUES;
	return raise(vf + 1, transmit_entry(mock.vf[vf].reg[VTIVAR / 4 + queue / 2], queue));
}

/* What cannot be raised yet is kept: vectors.c calls again. */
static void deliver(struct irq_work *ignored)
{
	unsigned int i;

	if (mock.cause & mock.enabled)
		raise(0, mock.reg[IVAR_MISC / 4] >> 8);
	for_each_set_bit(i, mailed, MOCK_VFS) {
		clear_bit(i, mailed);
		if (!raise(i + 1, mock.vf[i].reg[VTIVAR_MISC / 4]))
			set_bit(i, mailed);
	}
	for_each_set_bit(i, sent, QUEUES) {
		clear_bit(i, sent);
		if (!raise_sent(i))
			set_bit(i, sent);
	}
}

void mock_interrupts_init(void)
{
	work = IRQ_WORK_INIT_HARD(deliver);
}

void mock_interrupts_exit(void)
{
	irq_work_sync(&work);
}

void mock_interrupt_pf(void)
{
	irq_work_queue(&work);
}

void mock_interrupt_vf(unsigned int vf)
{
	set_bit(vf, mailed);
	irq_work_queue(&work);
}

/* Marks every descriptor that the driver queued as done; the packets go nowhere. */
void mock_complete(u32 *ring, unsigned int queue)
{
	u64 base = ring[RING_BASE_LOW] | (u64)ring[RING_BASE_HIGH] << 32;
	u32 count = ring[RING_LENGTH] / 16;
	u32 head = ring[RING_HEAD];

	if (!base || !count || !(ring[RING_CONTROL] & RING_ENABLED))
		return;
	for (; head != ring[RING_TAIL] && head < count; head = (head + 1) % count)
		WRITE_ONCE(((u32 *)phys_to_virt(base + head * 16))[3], 1);
	ring[RING_HEAD] = head;
	set_bit(queue, sent);
	irq_work_queue(&work);
}
