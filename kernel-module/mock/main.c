// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus that the mock is on: a PCI root bus of a domain of its own.
 *
 * Its BARs need an address range that nobody else uses and that is memory,
 * because the PCI core writes MSI-X tables there itself: the kernel's command
 * line keeps it free (memmap=32M$ADDRESS) and lets PCI use it all the same
 * (pci=no_e820); `window` tells it.
 */
#include <linux/module.h>
#include "mock.h"

struct mock mock;

static unsigned long window = 0x110000000;
module_param(window, ulong, 0444);
MODULE_PARM_DESC(window, "start of reserved memory for the BARs");

static struct pci_sysdata sysdata = {.domain = MOCK_DOMAIN, .node = NUMA_NO_NODE};
static struct resource memory = {.name = "mock82599", .flags = IORESOURCE_MEM | IORESOURCE_MEM_64};
static struct resource numbers = {.name = "mock82599 bus", .start = 0, .end = 0xff, .flags = IORESOURCE_BUS};

static int __init mock_init(void)
{
	LIST_HEAD(resources);
	int error;

	raw_spin_lock_init(&mock.lock);
	mock_interrupts_init();
	mock_config_init();
	mock_pf_init();

	memory.start = window;
	memory.end = window + MOCK_WINDOW - 1;
	error = insert_resource(&iomem_resource, &memory);
	if (error) {
		pr_err("mock82599: %pR is not free\n", &memory);
		return error;
	}

	pci_add_resource(&resources, &memory);
	pci_add_resource(&resources, &numbers);
	pci_lock_rescan_remove();
	mock.bus = pci_create_root_bus(NULL, 0, &mock_config_ops, &sysdata, &resources);
	if (mock.bus) {
		pci_scan_child_bus(mock.bus);
		pci_assign_unassigned_bus_resources(mock.bus);
		pci_bus_add_devices(mock.bus);
	}
	pci_unlock_rescan_remove();

	if (!mock.bus) {
		pci_free_resource_list(&resources);
		remove_resource(&memory);
		return -ENODEV;
	}
	return 0;
}

static void __exit mock_exit(void)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(mock.bus);
	pci_remove_root_bus(mock.bus);
	pci_unlock_rescan_remove();
	mock_vectors_exit();
	mock_interrupts_exit();
	remove_resource(&memory);
}

module_init(mock_init);
module_exit(mock_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("An 82599 without hardware, for tests of ixgbe and ixgbevf");
