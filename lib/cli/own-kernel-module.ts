// The kernel sources that come with this vfctl.
import {dirname, join} from 'node:path';
import {ownProgram} from './own-program.ts';

/** vfctl's kernel-module directory: beside the directory of the program, in the package as in the tree. */
export function ownKernelModule(): string {
	return join(dirname(ownProgram().vfctl), '..', 'kernel-module');
}
