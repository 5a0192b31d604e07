// PCI configuration space of synthetic functions: header, PCI Express and ACS capabilities.
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
}

const expressAt = 0x40;
const acsAt = 0x100;
// Source validation, request and completion redirect, upstream forwarding.
const acsServices = 0x1d;

/** The first 272 bytes. */
export function configSpace(facts: ConfigFacts): Uint8Array {
	const bytes = new Uint8Array(acsAt + 16);
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
	if (!bridge) {
		view.setUint16(0x2c, facts.subsystemVendor, true);
		view.setUint16(0x2e, facts.subsystemDevice, true);
	}

	view.setUint8(0x34, expressAt);
	view.setUint8(expressAt, 0x10);
	view.setUint16(expressAt + 2, 2 | (facts.port << 4), true);
	if (facts.acs) {
		view.setUint32(acsAt, 0x000d | (1 << 16), true);
		view.setUint16(acsAt + 4, acsServices, true);
		view.setUint16(acsAt + 6, acsServices, true);
	}

	return bytes;
}
