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

static struct irq_work work;
static DECLARE_BITMAP(sent, MOCK_QUEUES);	/* transmit queues with completed work */
static DECLARE_BITMAP(received, MOCK_QUEUES);	/* receive queues with frames */
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
static u32 entry_of(u32 ivar, unsigned int queue, bool transmitted)
{
	return ivar >> (16 * (queue & 1) + (transmitted ? 8 : 0));
}

static bool raise_for(unsigned int queue, bool transmitted)
{
	unsigned int vf = (queue - MOCK_PF_QUEUES) / MOCK_VF_QUEUES;

	if (queue < MOCK_PF_QUEUES)
		return raise(0, entry_of(mock.reg[IVAR / 4 + queue / 2], queue, transmitted));
	queue = (queue - MOCK_PF_QUEUES) % MOCK_VF_QUEUES;
	return raise(vf + 1, entry_of(mock.vf[vf].reg[VTIVAR / 4 + queue / 2], queue, transmitted));
}

static void raise_all(unsigned long *queues, bool transmitted)
{
	unsigned int i;

	for_each_set_bit(i, queues, MOCK_QUEUES) {
		clear_bit(i, queues);
		if (!raise_for(i, transmitted))
			set_bit(i, queues);
	}
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
	raise_all(sent, true);
	raise_all(received, false);
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

void mock_interrupt_queue(unsigned int queue, bool transmitted)
{
	set_bit(queue, transmitted ? sent : received);
	irq_work_queue(&work);
}
