// Which programs a unit must start to run this vfctl.
import {realpathSync} from 'node:fs';
import {AppError} from '../errors.ts';
import {requireSafeDirectory} from '../host/safe-directory.ts';
import type {Program} from '../plan/persist/texts.ts';

/** Node.js and vfctl as they run now, without links. */
export function ownProgram(): Program {
	return {node: realpathSync(process.execPath), vfctl: realpathSync(process.argv[1] ?? '')};
}

/** Throws UNSAFE_DIRECTORY when others could replace what root would run at every boot, and
 * UNSUPPORTED for a path that a unit cannot name. */
export function requireSafeProgram({node, vfctl}: Program): void {
	for (const path of [node, vfctl]) {
		if (/[\u0000-\u001F\u007F]/.test(path)) {
			throw new AppError('UNSUPPORTED', 'no unit can start vfctl from where it is', {why: `its path has control characters: ${JSON.stringify(path)}`, fix: 'install it elsewhere'});
		}

		requireSafeDirectory(path, '/');
	}
}
