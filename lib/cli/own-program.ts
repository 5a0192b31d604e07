// Which programs a unit must start to run this vfctl.
import {existsSync, realpathSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {AppError} from '../errors.ts';
import {requireSafeDirectory} from '../host/safe-directory.ts';
import {programWords, type Program} from '../plan/persist/texts.ts';

/** Node.js and vfctl as they run now, without links. The Debian package has a launcher beside the program, which is
 * named in their place: which Node.js it takes can change with an upgrade of the host, and no unit must name one
 * that is gone. */
export function ownProgram(): Program {
	const vfctl = realpathSync(process.argv[1] ?? '');
	const launcher = join(dirname(vfctl), 'vfctl');
	return existsSync(launcher) ? {node: null, vfctl: launcher} : {node: realpathSync(process.execPath), vfctl};
}

/** Throws UNSAFE_DIRECTORY when others could replace what root would run at every boot, and
 * UNSUPPORTED for a path that a unit cannot name. */
export function requireSafeProgram(program: Program): void {
	for (const path of programWords(program)) {
		if (/[\u0000-\u001F\u007F]/.test(path)) {
			throw new AppError('UNSUPPORTED', 'no unit can start vfctl from where it is', {why: `its path has control characters: ${JSON.stringify(path)}`, fix: 'install it elsewhere'});
		}

		requireSafeDirectory(path, '/');
	}
}
