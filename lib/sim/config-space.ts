// PCI configuration space of synthetic functions: header, PCI Express, ACS and SR-IOV capabilities.
// Offsets and bits from include/uapi/linux/pci_regs.h.

export interface ConfigFacts {
	vendor: number;
	device: number;
	classCode: number;
	revision: number;
	subsystemVendor: number;
	subsystemDevice: number;
	multifunction: boolean;
	/** PCI_EXP_FLAGS_TYPE: 0 endpoint, 4 root port, 9 integrated endpoint. */
	port: 0 | 4 | 9;
	acs: boolean;
	/** An SR-IOV PF. */
	sriov?: {totalVfs: number; offset: number; stride: number; vfDevice: number};
	/** Of a port: the bus behind it. */
	secondaryBus?: number;
}

const expressAt = 0x40;
const acsAt = 0x100;
// Source validation, request and completion redirect, upstream forwarding.
const acsServices = 0x1d;
const sriovBytes = 0x40;
// PCI_SUBORDINATE_BUS
export const lastBusAt = 0x1a;

/** The first 272 bytes; with what follows for SR-IOV. */
export function configSpace(facts: ConfigFacts): Uint8Array {
	const sriovAt = acsAt + (facts.acs ? 16 : 0);
	const bytes = new Uint8Array(facts.sriov ? sriovAt + sriovBytes : acsAt + 16);
	const view = new DataView(bytes.buffer);
	const bridge = facts.port === 4;
	view.setUint16(0, facts.vendor, true);
	view.setUint16(2, facts.device, true);
	view.setUint16(4, 0x0407, true);
	// Status: has a capability list.
	view.setUint16(6, 0x0010, true);
	view.setUint8(8, facts.revision);
	view.setUint8(9, facts.classCode & 0xff);
	view.setUint16(10, facts.classCode >> 8, true);
	view.setUint8(0x0e, (bridge ? 1 : 0) | (facts.multifunction ? 0x80 : 0));
	if (bridge) {
		view.setUint8(lastBusAt - 1, facts.secondaryBus ?? 0);
		view.setUint8(lastBusAt, facts.secondaryBus ?? 0);
	} else {
		view.setUint16(0x2c, facts.subsystemVendor, true);
		view.setUint16(0x2e, facts.subsystemDevice, true);
	}

	view.setUint8(0x34, expressAt);
	view.setUint8(expressAt, 0x10);
	view.setUint16(expressAt + 2, 2 | (facts.port << 4), true);
	if (facts.acs) {
		view.setUint32(acsAt, 0x000d | (1 << 16) | ((facts.sriov ? sriovAt : 0) << 20), true);
		view.setUint16(acsAt + 4, acsServices, true);
		view.setUint16(acsAt + 6, acsServices, true);
	}

	if (facts.sriov) {
		const {totalVfs, offset, stride, vfDevice} = facts.sriov;
		view.setUint32(sriovAt, 0x0010 | (1 << 16), true);
		for (const [at, value] of [[0x0c, totalVfs], [0x0e, totalVfs], [0x14, offset], [0x16, stride], [0x1a, vfDevice]] as const) {
			view.setUint16(sriovAt + at, value, true);
		}

		// VF BARs 0 and 3: 64 bits, prefetchable.
		view.setUint32(sriovAt + 0x24, 0xc, true);
		view.setUint32(sriovAt + 0x30, 0xc, true);
	}

	return bytes;
}
