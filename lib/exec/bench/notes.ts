// What a reader of the figures must know about how they came to be.
import type {BenchHost} from '../../model/bench-result.ts';
import type {BenchRequest} from './bench-request.ts';

/** Sentences, the weightiest first. */
export function benchNotes({host: {virtualization, cpus}, request: {runs, methods}, lost}: {host: BenchHost; request: BenchRequest; lost: boolean}): string[] {
	return [
		// QEMU without KVM calls itself QEMU's CPU: systemd-detect-virt then says `qemu`.
		...virtualization === 'qemu' ? ['this host is emulated in software (QEMU without KVM): its figures say nothing about real hardware, and little about the ratio of methods there'] : [],
		...virtualization === null || ['none', 'qemu'].includes(virtualization) ? [] : [`this host is a virtual machine itself (${virtualization}): other machines share its hardware`],
		`both ends run on this host and share its ${cpus === null ? 'processors' : cpus === 1 ? 'one processor' : `${cpus} processors`} with everything else there: what limits the figures may be processor time rather than the path`,
		...runs === 1 ? ['one run: nothing tells how far another one would be off'] : [],
		...(methods?.length ?? 0) > 1 ? ['the methods were measured in turn, each attached anew for every run'] : [],
		...lost ? ['some echoes were lost: they are in `lost`, not in the times'] : [],
	];
}
