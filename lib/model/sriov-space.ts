// Room for VFs on the PCI tree, known before sriov_numvfs is written: bus numbers and address space.
import {bdfAfter, bdfParts, routingId, type Bdf} from './bdf.ts';

/** One of the six BARs that all VFs of a PF share (PCI_SRIOV_BAR). */
export interface VfBar {
	readonly number: number;
	/** Bytes for all VFs together; null when the kernel gave the BAR no resource at all. */
	readonly bytes: number | null;
	/** The kernel found addresses for it. */
	readonly assigned: boolean;
}

/** What PCI tells of one PF. */
export interface SriovSpace {
	readonly pf: Bdf;
	/** The bridge above it, with the highest bus number behind it; null on a root bus. */
	readonly bridge: {readonly bdf: Bdf; readonly lastBus: number | null} | null;
	/** Highest bus of the root bus it sits on, by the kernel log; null when not told. */
	readonly rootLastBus: number | null;
	/** ari_enabled: its bus takes more than eight functions; null when not told. */
	readonly ari: boolean | null;
	/** Null when `resource` cannot be read. */
	readonly bars: readonly VfBar[] | null;
	/** Lines of the kernel log about its VF BARs that got no addresses. */
	readonly complaints: readonly string[];
}

export interface Routing {
	readonly bdf: Bdf;
	readonly vfOffset: number | null;
	readonly vfStride: number | null;
}

/** Bus of a VF (pci_iov_virtfn_bus in drivers/pci/iov.c); null when the kernel tells no offset. */
export function vfBus({bdf, vfOffset, vfStride}: Routing, index: number): number | null {
	const address = vfAddress({bdf, vfOffset, vfStride}, index);
	return address === null ? null : bdfParts(address).bus;
}

/** Address that a VF will have; null when the kernel tells no offset, or past the last bus (255). */
export function vfAddress({bdf, vfOffset, vfStride}: Routing, index: number): Bdf | null {
	if (vfOffset === null || vfOffset === 0 || (index > 0 && vfStride === null)) {
		return null;
	}

	const distance = vfOffset + index * (vfStride ?? 0);
	return routingId(bdf) + distance > 0xffff ? null : bdfAfter(bdf, distance);
}

/** How many VFs get bus numbers: the kernel refuses a count whose last VF lies behind the bridge's
 * last bus (sriov_enable in drivers/pci/iov.c, "bus %02x out of range of"). */
export function vfsWithinBuses(routing: Routing, totalVfs: number, lastBus: number): number {
	for (let count = totalVfs; count > 0; count--) {
		const bus = vfBus(routing, count - 1);
		if (bus !== null && bus <= lastBus) {
			return count;
		}
	}

	return 0;
}

/** Whether a function is one that only ARI reaches: below a port without it the bus has one device,
 * number 0 (pci_ari_enabled, only_one_child in drivers/pci/probe.c). */
export function needsAri(pf: Bdf, vf: Bdf): boolean {
	return bdfParts(pf).bus === bdfParts(vf).bus && bdfParts(vf).slot !== 0;
}
