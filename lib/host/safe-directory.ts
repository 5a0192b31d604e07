// Guards the directories that vfctl writes to as root against other users of the machine.
import {lstatSync, realpathSync, type Stats} from 'node:fs';
import {dirname} from 'node:path';
import {AppError} from '../errors.ts';

const worldWritable = 0o002;
const groupWritable = 0o020;
const sticky = 0o1000;

/** Throws UNSAFE_DIRECTORY when someone else could swap files in `directory` for their own: it
 * must belong to us (root) and be writable by nobody else, and so must everything above it, down
 * from `root`. A sticky directory (/tmp) above it is fine: nobody can rename our entry there. */
export function requireSafeDirectory(directory: string, root: string): void {
	// Links above are resolved once and the real path is judged: /var may be a link to another disk.
	const real = realpathSync(directory);
	const top = realpathSync(root);
	for (let path = real; ; path = dirname(path)) {
		const stats = lstatSync(path);
		const problem = problemOf(stats, path !== real);
		if (problem !== undefined) {
			throw new AppError('UNSAFE_DIRECTORY', `${directory} cannot be trusted`, {
				why: `${path} ${problem}, so other users could replace what vfctl writes there`,
				fix: `chown root:root ${path} && chmod go-w ${path}`,
			});
		}

		if (path === top || path === '/') {
			return;
		}
	}
}

function problemOf({mode, uid, gid}: Stats, above: boolean): string | undefined {
	if (uid !== 0 && uid !== process.geteuid?.()) {
		return `belongs to user ${uid}`;
	}

	if ((mode & worldWritable) !== 0 && !(above && (mode & sticky) !== 0)) {
		return 'is writable by everyone';
	}

	return (mode & groupWritable) !== 0 && gid !== 0 && gid !== process.getegid?.() ? `is writable by group ${gid}` : undefined;
}
