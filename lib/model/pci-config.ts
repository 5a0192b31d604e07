// The words of PCI configuration space that say how a function is used. Offsets and bits are those of
// include/uapi/linux/pci_regs.h, which has them from the PCI and PCI Express base specifications.

/** What others than root may read (PCI_STD_HEADER_SIZEOF); without capabilities there is no more to tell. */
const headerBytes = 64;
const extendedBegin = 0x100;
// As many as fit between 0x40 and 0x100, and between 0x100 and 0x1000: a damaged list ends.
const maximumHops = {plain: 48, extended: 480} as const;

const PCI_COMMAND = 0x04;
const PCI_STATUS = 0x06;
const PCI_STATUS_CAP_LIST = 0x10;
const PCI_CAPABILITY_LIST = 0x34;

type Decode = (view: DataView, at: number) => Record<string, string>;

const onOff = (word: number, mask: number) => (word & mask) === 0 ? 'off' : 'on';

const statusErrors: ReadonlyArray<readonly [number, string]> = [
	[0x0100, 'data parity error as master'], [0x0800, 'target abort signalled'], [0x1000, 'target abort received'],
	[0x2000, 'master abort received'], [0x4000, 'system error signalled'], [0x8000, 'parity error detected'],
];
const deviceErrors: ReadonlyArray<readonly [number, string]> = [[0x1, 'correctable'], [0x2, 'non-fatal'], [0x4, 'fatal'], [0x8, 'unsupported request']];
const portStates = ['D0', 'D1', 'D2', 'D3hot'] as const;

const named = (word: number, bits: ReadonlyArray<readonly [number, string]>) => bits.filter(([bit]) => (word & bit) !== 0).map(([, name]) => name).join(', ') || 'none';
const hex32 = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;

/** By capability id. */
const capabilities: Readonly<Record<number, Decode>> = {
	// Power management: PCI_PM_CTRL.
	0x01: (view, at) => ({'power state in config space': portStates[view.getUint16(at + 4, true) & 3] ?? ''}),
	0x05: (view, at) => ({MSI: onOff(view.getUint16(at + 2, true), 0x1)}),
	0x11(view, at) {
		const flags = view.getUint16(at + 2, true);
		return {'MSI-X': onOff(flags, 0x8000), 'MSI-X all masked': onOff(flags, 0x4000), 'MSI-X vectors': String((flags & 0x7ff) + 1)};
	},
	// PCI Express: PCI_EXP_DEVCAP, DEVCTL, DEVSTA.
	0x10(view, at) {
		const control = view.getUint16(at + 8, true);
		return {
			'function-level reset': (view.getUint32(at + 4, true) & 0x1000_0000) === 0 ? 'no' : 'yes',
			'PCIe payload': `${128 << ((control >> 5) & 7)} bytes`,
			'PCIe read request': `${128 << ((control >> 12) & 7)} bytes`,
			'PCIe errors seen': named(view.getUint16(at + 10, true), deviceErrors),
		};
	},
};

const extendedCapabilities: Readonly<Record<number, Decode>> = {
	0x0001: (view, at) => ({'AER uncorrectable status': hex32(view.getUint32(at + 4, true)), 'AER correctable status': hex32(view.getUint32(at + 0x10, true))}),
	0x000d: (view, at) => ({ACS: `0x${view.getUint16(at + 6, true).toString(16).padStart(4, '0')}`}),
	0x000f: (view, at) => ({ATS: onOff(view.getUint16(at + 6, true), 0x8000)}),
	0x0010(view, at) {
		const control = view.getUint16(at + 8, true);
		return {'SR-IOV enabled': onOff(control, 0x1), 'VF memory': onOff(control, 0x8)};
	},
};

/** The facts by name, in words; empty when nothing could be read. Memory decoding of a VF reads as
 * off: the specification has no such bit in a VF (PCI_COMMAND_MEMORY, SR-IOV 3.4.1.3). */
export function configFacts(bytes: Uint8Array): Map<string, string> {
	const facts = new Map<string, string>();
	if (bytes.length < headerBytes) {
		return facts;
	}

	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const add = (found: Record<string, string> | undefined) => {
		for (const [name, value] of Object.entries(found ?? {})) {
			facts.set(name, value);
		}
	};

	const command = view.getUint16(PCI_COMMAND, true);
	const status = view.getUint16(PCI_STATUS, true);
	// All ones: the function does not answer (it is off the bus, or in D3cold).
	if (command === 0xffff && status === 0xffff) {
		return facts.set('config space', 'does not answer');
	}

	add({'memory decoding': onOff(command, 0x2), 'bus master': onOff(command, 0x4), 'INTx disabled': onOff(command, 0x400), 'PCI errors seen': named(status, statusErrors)});
	for (const [id, at] of (status & PCI_STATUS_CAP_LIST) === 0 ? [] : plainCapabilities(view)) {
		add(guarded(capabilities[id], view, at));
	}

	for (const [id, at] of extendedList(view)) {
		add(guarded(extendedCapabilities[id], view, at));
	}

	return facts;
}

/** A capability that the end of what was read cuts off tells nothing. */
function guarded(decode: Decode | undefined, view: DataView, at: number): Record<string, string> | undefined {
	return decode === undefined || at + 0x14 > view.byteLength ? undefined : decode(view, at);
}

function plainCapabilities(view: DataView): Array<[number, number]> {
	const found: Array<[number, number]> = [];
	let at = view.getUint8(PCI_CAPABILITY_LIST) & ~3;
	for (let hops = 0; at >= headerBytes && at + 2 <= Math.min(view.byteLength, extendedBegin) && hops < maximumHops.plain; hops++) {
		found.push([view.getUint8(at), at]);
		at = view.getUint8(at + 1) & ~3;
	}

	return found;
}

function extendedList(view: DataView): Array<[number, number]> {
	const found: Array<[number, number]> = [];
	for (let at = extendedBegin, hops = 0; at >= extendedBegin && at + 4 <= view.byteLength && hops < maximumHops.extended; hops++) {
		const header = view.getUint32(at, true);
		found.push([header & 0xffff, at]);
		at = (header >>> 20) & ~3;
	}

	return found;
}
