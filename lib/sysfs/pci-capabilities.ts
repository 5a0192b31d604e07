// Lists of capabilities in PCI config space (include/uapi/linux/pci_regs.h).

const PCI_CAPABILITY_LIST = 0x34;
/** PCI_CFG_SPACE_SIZE: without extended capabilities. */
export const configBytes = 0x100;
/** What others than root may read (PCI_STD_HEADER_SIZEOF). */
export const unprivilegedBytes = 64;

/** Offset of a capability in the first 256 bytes. Bounded by the number that fits, as the
 * kernel does (PCI_FIND_CAP_TTL): a broken device may link in a circle. */
export function findCapability(view: DataView, id: number): number | undefined {
	let at = view.getUint8(PCI_CAPABILITY_LIST) & ~3;
	for (let hops = 0; hops < 48 && at >= unprivilegedBytes && at + 4 <= Math.min(view.byteLength, configBytes); hops++) {
		if (view.getUint8(at) === id) {
			return at;
		}

		at = view.getUint8(at + 1) & ~3;
	}

	return undefined;
}

/** Offset of an extended capability; undefined when there is none, or when they cannot be read. */
export function findExtendedCapability(view: DataView, id: number): number | undefined {
	let at = configBytes;
	for (let hops = 0; hops < (4096 - configBytes) / 8 && at >= configBytes && at + 8 <= view.byteLength; hops++) {
		const header = view.getUint32(at, true);
		if (header === 0 || header === 0xffff_ffff) {
			return undefined;
		}

		if ((header & 0xffff) === id) {
			return at;
		}

		at = (header >>> 20) & ~3;
	}

	return undefined;
}
