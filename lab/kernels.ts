// The suite of the lab's tree, and of its usual kernel.
export const SUITE = 'trixie';

// Kernels of other suites that the same tree can boot, with the suite that has them.
const OTHER_KERNELS = {'6.1': 'bookworm'} as const;

// A kernel series that is not the tree's own.
export type OtherKernel = keyof typeof OTHER_KERNELS;

// Every series that a lab can be asked for.
export const otherKernels = Object.keys(OTHER_KERNELS) as readonly OtherKernel[];

// The suite that a lab's kernel comes from, and that has its headers and source.
export function kernelSuite(kernel: OtherKernel | undefined): string {
	return kernel === undefined ? SUITE : OTHER_KERNELS[kernel];
}

// The kind of a cache entry that depends on the kernel, so that one kernel's do not push out another's.
export function kindFor(kernel: OtherKernel | undefined, kind: string): string {
	return kernel === undefined ? kind : `${kernel}-${kind}`;
}
