// SPDX-License-Identifier: GPL-2.0-only
/* Configuration space of the PF and its VFs. */
#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#include "mock.h"

#define VENDOR 0x8086
#define PF_DEVICE 0x10f8	/* 82599 backplane: no PHY and no SFP to play */
#define VF_DEVICE 0x10ed
#define SUBSYSTEM 0x00038086

/* Where the capabilities are; the first extended one has to be at 0x100. */
#define MSIX 0x70
#define EXPRESS 0xa0
#define SRIOV 0x100

#define MSIX_TABLE_BAR_64K 0x2000	/* the pending bits' offset in the BAR of the table */
#define VF_VECTORS 3

static void put16(u8 *config, int offset, u16 value)
{
	put_unaligned_le16(value, config + offset);
}

static void put32(u8 *config, int offset, u32 value)
{
	put_unaligned_le32(value, config + offset);
}

/* A network controller with MSI-X (table in @table_bar) that can be reset alone. */
static void describe(u8 *config, u32 id, unsigned int vectors, unsigned int table_bar)
{
	put32(config, PCI_VENDOR_ID, id);
	put16(config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put32(config, PCI_CLASS_REVISION, 0x02000001);
	put32(config, PCI_SUBSYSTEM_VENDOR_ID, SUBSYSTEM);
	config[PCI_CAPABILITY_LIST] = MSIX;

	config[MSIX] = PCI_CAP_ID_MSIX;
	config[MSIX + PCI_CAP_LIST_NEXT] = EXPRESS;
	put16(config, MSIX + PCI_MSIX_FLAGS, vectors - 1);
	put32(config, MSIX + PCI_MSIX_TABLE, table_bar);
	put32(config, MSIX + PCI_MSIX_PBA, MSIX_TABLE_BAR_64K | table_bar);

	config[EXPRESS] = PCI_CAP_ID_EXP;
	put16(config, EXPRESS + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_RC_END << 4);
	put32(config, EXPRESS + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | 2);
	put32(config, EXPRESS + PCI_EXP_LNKCAP, 0x82);
	put16(config, EXPRESS + PCI_EXP_LNKSTA, 0x82);
}

void mock_config_init(void)
{
	u8 *config = mock.config;
	unsigned int i;

	describe(config, PF_DEVICE << 16 | VENDOR, MOCK_VECTORS, 4);
	put32(config, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_TYPE_64);
	put32(config, PCI_BASE_ADDRESS_4, PCI_BASE_ADDRESS_MEM_TYPE_64);

	put32(config, SRIOV, PCI_EXT_CAP_ID_SRIOV | 1 << 16);
	put16(config, SRIOV + PCI_SRIOV_INITIAL_VF, MOCK_VFS);
	put16(config, SRIOV + PCI_SRIOV_TOTAL_VF, MOCK_VFS);
	put16(config, SRIOV + PCI_SRIOV_VF_OFFSET, MOCK_VF_FIRST);
	put16(config, SRIOV + PCI_SRIOV_VF_STRIDE, MOCK_VF_STRIDE);
	put16(config, SRIOV + PCI_SRIOV_VF_DID, VF_DEVICE);
	put32(config, SRIOV + PCI_SRIOV_SUP_PGSIZE, 0x553);
	put32(config, SRIOV + PCI_SRIOV_SYS_PGSIZE, 1);
	put32(config, SRIOV + PCI_SRIOV_BAR, PCI_BASE_ADDRESS_MEM_TYPE_64);
	put32(config, SRIOV + PCI_SRIOV_BAR + 12, PCI_BASE_ADDRESS_MEM_TYPE_64);

	/* A VF's ids are in the PF's capability, its own read as ones (SR-IOV 1.1, 3.4.1). */
	for (i = 0; i < MOCK_VFS; i++)
		describe(mock.vf[i].config, 0xffffffff, VF_VECTORS, 3);
}

unsigned int mock_vf_count(void)
{
	bool enabled = mock.config[SRIOV + PCI_SRIOV_CTRL] & PCI_SRIOV_CTRL_VFE;

	return enabled ? get_unaligned_le16(mock.config + SRIOV + PCI_SRIOV_NUM_VF) : 0;
}

static int vf_at(unsigned int devfn)
{
	int vf = (int)devfn - MOCK_VF_FIRST;

	if (vf < 0 || vf % MOCK_VF_STRIDE)
		return -1;
	vf /= MOCK_VF_STRIDE;
	return vf < mock_vf_count() ? vf : -1;
}

static u8 *config_at(struct pci_bus *bus, unsigned int devfn)
{
	int vf;

	if (bus->number)
		return NULL;
	if (!devfn)
		return mock.config;
	vf = vf_at(devfn);
	return vf < 0 ? NULL : mock.vf[vf].config;
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
	u8 *config = config_at(bus, devfn);

	*value = ~0;
	if (!config)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (size == 1)
		*value = config[where];
	else if (size == 2)
		*value = get_unaligned_le16(config + where);
	else
		*value = get_unaligned_le32(config + where);
	return PCIBIOS_SUCCESSFUL;
}

/* A 64-bit BAR keeps its type, and of the address what its size leaves. */
static bool write_bar(int where, u32 value)
{
	switch (where) {
	case PCI_BASE_ADDRESS_0:
		put32(mock.config, where, (value & ~(MOCK_PF_BAR - 1)) | PCI_BASE_ADDRESS_MEM_TYPE_64);
		return true;
	case PCI_BASE_ADDRESS_4:
	case SRIOV + PCI_SRIOV_BAR:
	case SRIOV + PCI_SRIOV_BAR + 12:
		put32(mock.config, where, (value & ~(MOCK_VF_BAR - 1)) | PCI_BASE_ADDRESS_MEM_TYPE_64);
		return true;
	case PCI_BASE_ADDRESS_1:
	case PCI_BASE_ADDRESS_5:
	case SRIOV + PCI_SRIOV_BAR + 4:
	case SRIOV + PCI_SRIOV_BAR + 16:
		put32(mock.config, where, value);
		return true;
	default:
		return false;
	}
}

/* Which bits of a byte software may change. */
static u8 writable(bool is_pf, int where)
{
	switch (where) {
	case PCI_COMMAND:
	case PCI_COMMAND + 1:
	case PCI_INTERRUPT_LINE:
	case EXPRESS + PCI_EXP_DEVCTL:
	case EXPRESS + PCI_EXP_LNKCTL:
		return 0xff;
	case EXPRESS + PCI_EXP_DEVCTL + 1:
		return 0xff & ~(PCI_EXP_DEVCTL_BCR_FLR >> 8); /* Reads as zero. */
	case MSIX + PCI_MSIX_FLAGS + 1:
		return (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) >> 8;
	case SRIOV + PCI_SRIOV_CTRL:
	case SRIOV + PCI_SRIOV_CTRL + 1:
	case SRIOV + PCI_SRIOV_NUM_VF:
	case SRIOV + PCI_SRIOV_NUM_VF + 1:
	case SRIOV + PCI_SRIOV_SYS_PGSIZE ... SRIOV + PCI_SRIOV_SYS_PGSIZE + 3:
		return is_pf ? 0xff : 0;
	default:
		return 0;
	}
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
	u8 *config = config_at(bus, devfn);
	bool is_pf = config == mock.config;
	bool vectors;
	int i;

	if (!config)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (is_pf && size == 4 && write_bar(where, value))
		return PCIBIOS_SUCCESSFUL;
	if (!is_pf && where == EXPRESS + PCI_EXP_DEVCTL && size == 2 && (value & PCI_EXP_DEVCTL_BCR_FLR)) {
		raw_spin_lock(&mock.lock); /* The PCI core has interrupts off. */
		mock_vf_function_reset(vf_at(devfn));
		raw_spin_unlock(&mock.lock);
		mock_interrupt_pf();
	}
	vectors = where <= MSIX + PCI_MSIX_FLAGS + 1 && where + size > MSIX + PCI_MSIX_FLAGS;
	for (i = 0; i < size; i++, value >>= 8) {
		u8 mask = writable(is_pf, where + i);

		config[where + i] = (config[where + i] & ~mask) | (value & mask);
	}
	if (vectors) {
		u16 flags = get_unaligned_le16(config + MSIX + PCI_MSIX_FLAGS);

		raw_spin_lock(&mock.lock);
		mock_vectors_changed(is_pf ? 0 : vf_at(devfn) + 1,
				     (flags & PCI_MSIX_FLAGS_ENABLE) && !(flags & PCI_MSIX_FLAGS_MASKALL));
		raw_spin_unlock(&mock.lock);
	}
	return PCIBIOS_SUCCESSFUL;
}

struct pci_ops mock_config_ops = {.read = config_read, .write = config_write};
