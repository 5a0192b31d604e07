// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which interrupt of Linux an MSI-X vector is. Asking for that takes a mutex
 * (pci_irq_vector), and interrupts are raised where nothing can wait: so it is
 * asked when the PCI core has enabled MSI-X, by a worker.
 */
#include <linux/workqueue.h>
#include "mock.h"

#define FUNCTIONS (1 + MOCK_VFS)

static int known[FUNCTIONS][MOCK_VECTORS];	/* 0: none */
static DECLARE_BITMAP(asked, FUNCTIONS);	/* enabled, and not known yet */
static unsigned int changes[FUNCTIONS];

static void learn(unsigned int function)
{
	unsigned int before = READ_ONCE(changes[function]);
	struct pci_dev *pdev = pci_get_domain_bus_and_slot(MOCK_DOMAIN, 0, mock_devfn(function));
	int irqs[MOCK_VECTORS] = {};
	unsigned long flags;
	unsigned int i;

	for (i = 0; pdev && pdev->msix_enabled && i < MOCK_VECTORS; i++)
		irqs[i] = max(pci_irq_vector(pdev, i), 0);
	pci_dev_put(pdev);

	raw_spin_lock_irqsave(&mock.lock, flags);
	if (changes[function] == before) { /* Else it is not true any more, and we are asked again. */
		memcpy(known[function], irqs, sizeof(irqs));
		clear_bit(function, asked);
	}
	raw_spin_unlock_irqrestore(&mock.lock, flags);
}

static void learn_all(struct work_struct *ignored)
{
	unsigned int i;

	for_each_set_bit(i, asked, FUNCTIONS)
		learn(i);
	mock_interrupt_pf();
}

static DECLARE_WORK(work, learn_all);

/* The PCI core frees the interrupts after it has disabled MSI-X, and not before. */
void mock_vectors_changed(unsigned int function, bool enabled)
{
	changes[function]++;
	memset(known[function], 0, sizeof(known[function]));
	if (!enabled) {
		clear_bit(function, asked);
		return;
	}
	set_bit(function, asked);
	schedule_work(&work);
}

bool mock_vectors_pending(unsigned int function)
{
	return test_bit(function, asked);
}

int mock_vector_irq(unsigned int function, unsigned int vector)
{
	return READ_ONCE(known[function][vector % MOCK_VECTORS]);
}

void mock_vectors_exit(void)
{
	cancel_work_sync(&work);
}
