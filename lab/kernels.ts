import process from 'node:process';
import {LabError} from './errors.ts';

// The suite of the lab's tree, and of its usual kernel.
export const SUITE = 'trixie';

// Kernels besides the tree's own that it can boot, with the suite that has them or their source: `debug` checks
// itself (debug-kernel.ts).
const OTHER_KERNELS = {'6.1': 'bookworm', debug: SUITE} as const;

// A kernel that is not the tree's own.
export type OtherKernel = keyof typeof OTHER_KERNELS;

// Every kernel that a lab can be asked for.
export const otherKernels = Object.keys(OTHER_KERNELS) as readonly OtherKernel[];

// The kernel of that name; without a name the tree's own.
export function kernelOf(word: string | undefined): OtherKernel | undefined {
	const kernel = otherKernels.find(one => one === word);
	if (word !== undefined && kernel === undefined) {
		throw new LabError(`no lab has the kernel '${word}'`, {fix: `${otherKernels.join(', or ')}; without it the tree's own`});
	}

	return kernel;
}

// What labs boot that are asked for no kernel: a whole run of tests, on another one.
export const usualKernel = kernelOf(process.env['VFCTL_LAB_KERNEL']);

// The suite that a lab's kernel comes from, and that has its headers and source.
export function kernelSuite(kernel: OtherKernel | undefined): string {
	return kernel === undefined ? SUITE : OTHER_KERNELS[kernel];
}

// The kind of a cache entry that depends on the kernel, so that one kernel's do not push out another's.
export function kindFor(kernel: OtherKernel | undefined, kind: string): string {
	return kernel === undefined ? kind : `${kernel}-${kind}`;
}
