// Configuration files.
import type {WriteFileAction} from '../../plan/action.ts';
import {isBackupPath} from '../../plan/writable-files.ts';
import {errnoOf, stepFailed} from '../step-error.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

// update-grub looks for other systems on every disk.
const followUpMs = 600_000;

/** Writes, replaces or removes one file as a whole. */
export const writeFile: ActionHandler<WriteFileAction> = {
	async observe(context, {path, from, to}) {
		const text = read(context, path);
		return compare(text === from, text === to, text === null ? `${path} is not there` : `${path} has other content`);
	},

	async apply(context, {path, to, then}) {
		const {host, uncertain} = context;
		try {
			if (to === null) {
				await host.files.removeFile(path);
			} else if (read(context, path) !== to) {
				// A copy may tell what only root could read.
				await (isBackupPath(path) ? host.files.writeFile(path, to, 0o600) : host.files.writeFile(path, to));
			}
		} catch (error) {
			const errno = errnoOf(error);
			throw errno === undefined ? error : await stepFailed(host, `${path} cannot be written`, {why: `the file system answered ${errno}`, cause: error});
		}

		if (read(context, path) !== to) {
			throw await stepFailed(host, `${path} does not have what was written`, {why: 'reading it back gave something else'});
		}

		// Also when the content was right already: the process may have died between the two.
		if (then !== null && then.length > 0) {
			const {code, stderr} = await host.runner.run(then as readonly [string, ...string[]], {timeoutMs: followUpMs});
			if (code !== 0) {
				const why = stderr.trim() || `exit status ${code}`;
				if (!uncertain) {
					throw await stepFailed(host, `'${then.join(' ')}' failed`, {why});
				}

				// It failed when the file was written, or was cut off: the file is back, which is what counts.
				context.note(`'${then.join(' ')}' failed: ${why}`);
			}
		}
	},
};

function read({host}: ActionContext, path: string): string | null {
	return host.files.readText(path) ?? null;
}
