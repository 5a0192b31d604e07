// What a guest's XML says of memory that is shared with others, or in huge pages.
// https://libvirt.org/formatdomain.html#memory-backing and #shared-memory-device
import {parseCpuList} from '../model/cpu-list.ts';
import type {GuestSharedMemory} from '../model/domain.ts';
import {guestAddressText, ownPciAddress} from './pci-address-xml.ts';
import {attribute, child, children, numberOf, type XmlElement} from './xml-tree.ts';

// virScaleInteger: with a B the unit counts by 1000, else by 1024.
const scales: Readonly<Record<string, number>> = {b: 1, bytes: 1, kb: 1e3, k: 1024, kib: 1024, mb: 1e6, m: 1024 ** 2, mib: 1024 ** 2, gb: 1e9, g: 1024 ** 3, gib: 1024 ** 3};

/** All <shmem>. */
export function parseSharedMemory(devices: XmlElement | undefined): GuestSharedMemory[] {
	return children(devices, 'shmem').map(element => {
		const address = ownPciAddress(element);
		return {
			name: attribute(element, 'name') ?? '',
			model: attribute(child(element, 'model'), 'type'),
			sizeBytes: bytesOf(child(element, 'size'), 'b'),
			guestAddress: address && guestAddressText(address),
		};
	});
}

/** Shared by <memoryBacking>, or in every NUMA cell. Huge pages alone are private: QEMU maps them
 * so unless told otherwise (qemuBuildMemoryBackendProps). */
export function parseMemoryIsShared(domain: XmlElement | undefined): boolean {
	const backing = child(domain, 'memoryBacking');
	const cells = children(child(child(domain, 'cpu'), 'numa'), 'cell').map(cell => attribute(cell, 'memAccess'));
	return attribute(child(backing, 'access'), 'mode') === 'shared'
		? cells.every(access => access !== 'private')
		: cells.length > 0 && cells.every(access => access === 'shared');
}

/** Memory in huge pages. Pages without a nodeset are for all of the guest, those with one for its
 * NUMA cells, whose memory is told by cell. */
export function parseHugepages(domain: XmlElement | undefined): Array<{sizeKiB: number | null; memoryKiB: number}> {
	const hugepages = child(child(domain, 'memoryBacking'), 'hugepages');
	if (hugepages === undefined) {
		return [];
	}

	const kiB = (element: XmlElement | undefined) => Math.ceil((bytesOf(element, 'kib') ?? 0) / 1024);
	const pages = children(hugepages, 'page').map(element => ({sizeKiB: pageKiB(element), nodes: attribute(element, 'nodeset')}));
	const whole = pages.find(({nodes}) => nodes === null);
	if (pages.length === 0 || whole !== undefined) {
		return [{sizeKiB: whole?.sizeKiB ?? null, memoryKiB: kiB(child(domain, 'memory'))}];
	}

	const cells = new Map(children(child(child(domain, 'cpu'), 'numa'), 'cell').map((cell, index) => [numberOf(attribute(cell, 'id')) ?? index, attributeKiB(cell, 'memory')]));
	return pages.map(({sizeKiB, nodes}) => ({sizeKiB, memoryKiB: (parseCpuList(nodes!) ?? []).reduce((sum, node) => sum + (cells.get(node) ?? 0), 0)}));
}

function pageKiB(element: XmlElement): number | null {
	const size = attributeKiB(element, 'size');
	return size === 0 ? null : size;
}

/** A size in an attribute, with its unit in `unit`: KiB, 0 when it is none. */
function attributeKiB(element: XmlElement, name: string): number {
	const count = numberOf(attribute(element, name));
	const scale = scales[(attribute(element, 'unit') ?? 'kib').toLowerCase()];
	return count === null || scale === undefined ? 0 : Math.ceil(count * scale / 1024);
}

function bytesOf(element: XmlElement | undefined, unit: string): number | null {
	const count = element === undefined ? null : numberOf(element._?.trim());
	const scale = scales[(attribute(element, 'unit') ?? unit).toLowerCase()];
	return count === null || scale === undefined ? null : count * scale;
}
