// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the drivers' readl and writel become (mock_io.h). A BAR 0 of the mock
 * is mapped to an address that is never dereferenced and tells whose it is.
 */
#define MOCK_ITSELF
#include <linux/module.h>
#include "mock.h"
#include "mock_io.h"

#define NOT_AN_ADDRESS 0xffffdead00000000ul
#define FUNCTION_SHIFT 20	/* 0 is the PF, n + 1 is VF n */

static bool is_mock(const volatile void __iomem *address)
{
	return ((unsigned long)address & 0xffffffff00000000ul) == NOT_AN_ADDRESS;
}

static unsigned int function_of(const volatile void __iomem *address)
{
	return ((unsigned long)address >> FUNCTION_SHIFT) & 0xff;
}

static u32 offset_of(const volatile void __iomem *address)
{
	u32 size = function_of(address) ? MOCK_VF_BAR : MOCK_PF_BAR;

	return (unsigned long)address & (size - 1) & ~3ul;
}

u32 mock_readl(const volatile void __iomem *address)
{
	unsigned int function = function_of(address);
	unsigned long flags;
	u32 value;

	if (!is_mock(address))
		return readl(address);

	raw_spin_lock_irqsave(&mock.lock, flags);
	value = function ? mock_vf_read(function - 1, offset_of(address)) : mock_pf_read(offset_of(address));
	raw_spin_unlock_irqrestore(&mock.lock, flags);
	return value;
}
EXPORT_SYMBOL_GPL(mock_readl);

void mock_writel(u32 value, volatile void __iomem *address)
{
	unsigned int function = function_of(address);
	unsigned long flags;
	bool interrupt;

	if (!is_mock(address)) {
		writel(value, address);
		return;
	}

	raw_spin_lock_irqsave(&mock.lock, flags);
	interrupt = function ? mock_vf_write(function - 1, offset_of(address), value) :
			       mock_pf_write(offset_of(address), value);
	raw_spin_unlock_irqrestore(&mock.lock, flags);
	if (interrupt)
		mock_interrupt_pf();
}
EXPORT_SYMBOL_GPL(mock_writel);

void __iomem *mock_ioremap(resource_size_t start, unsigned long length)
{
	struct pci_dev *pdev = NULL;
	unsigned long address = 0;

	while ((pdev = pci_get_device(PCI_VENDOR_ID_INTEL, PCI_ANY_ID, pdev))) {
		unsigned int function;

		if (pdev->bus != mock.bus || pci_resource_start(pdev, 0) != start)
			continue;
		function = pdev->is_virtfn ? (pdev->devfn - MOCK_VF_FIRST) / MOCK_VF_STRIDE + 1 : 0;
		address = NOT_AN_ADDRESS | (unsigned long)function << FUNCTION_SHIFT;
	}
	return address ? (void __iomem *)address : ioremap(start, length);
}
EXPORT_SYMBOL_GPL(mock_ioremap);

void mock_iounmap(volatile void __iomem *address)
{
	if (!is_mock(address))
		iounmap(address);
}
EXPORT_SYMBOL_GPL(mock_iounmap);
