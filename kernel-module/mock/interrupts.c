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

/* @entry: a byte of an IVAR register, which names a vector. */
static void raise(unsigned int devfn, u32 entry)
{
	struct pci_dev *pdev = pci_get_domain_bus_and_slot(MOCK_DOMAIN, 0, devfn);
	int irq = -1;

	if (!pdev)
		return;
	if (pdev->msix_enabled && (entry & IVAR_VALID))
		irq = pci_irq_vector(pdev, entry & IVAR_VECTOR);
	if (irq >= 0)
		generic_handle_irq(irq);
	pci_dev_put(pdev);
}

static unsigned int devfn_of(unsigned int vf)
{
	return MOCK_VF_FIRST + vf * MOCK_VF_STRIDE;
}

/* An IVAR register has two queues, each with an entry for receive and one, above it, for transmit. */
static u32 transmit_entry(u32 ivar, unsigned int queue)
{
	return ivar >> (16 * (queue & 1) + 8);
}

static void deliver(struct irq_work *ignored)
{
	unsigned int i;

	if (mock.cause & mock.enabled)
		raise(0, mock.reg[IVAR_MISC / 4] >> 8);

	for_each_set_bit(i, mailed, MOCK_VFS) {
		clear_bit(i, mailed);
		raise(devfn_of(i), mock.vf[i].reg[VTIVAR_MISC / 4]);
	}

	for_each_set_bit(i, sent, QUEUES) {
		clear_bit(i, sent);
		if (i < MOCK_PF_QUEUES) {
			raise(0, transmit_entry(mock.reg[IVAR / 4 + i / 2], i));
		} else {
			unsigned int vf = (i - MOCK_PF_QUEUES) / MOCK_VF_QUEUES;
			unsigned int queue = (i - MOCK_PF_QUEUES) % MOCK_VF_QUEUES;

			raise(devfn_of(vf), transmit_entry(mock.vf[vf].reg[VTIVAR / 4 + queue / 2], queue));
		}
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
