// What a guest's XML says of memory that is shared with others.
// https://libvirt.org/formatdomain.html#memory-backing and #shared-memory-device
import type {GuestSharedMemory} from '../model/domain.ts';
import {guestAddressText, ownPciAddress} from './pci-address-xml.ts';
import {attribute, child, children, numberOf, type XmlElement} from './xml-tree.ts';

// virScaleInteger: with a B the unit counts by 1000, else by 1024.
const scales: Readonly<Record<string, number>> = {b: 1, bytes: 1, kb: 1e3, k: 1024, kib: 1024, mb: 1e6, m: 1024 ** 2, mib: 1024 ** 2, gb: 1e9, g: 1024 ** 3, gib: 1024 ** 3};

/** All <shmem>. */
export function parseSharedMemory(devices: XmlElement | undefined): GuestSharedMemory[] {
	return children(devices, 'shmem').map(element => {
		const size = child(element, 'size');
		const count = size === undefined ? null : numberOf(size._?.trim());
		const scale = scales[(attribute(size, 'unit') ?? 'b').toLowerCase()];
		const address = ownPciAddress(element);
		return {
			name: attribute(element, 'name') ?? '',
			model: attribute(child(element, 'model'), 'type'),
			sizeBytes: count === null || scale === undefined ? null : count * scale,
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
