// Kernel modules of vfctl, from the file that was built.
import type {Host} from '../../host/host.ts';
import {hubModule} from '../../model/driver-build.ts';
import type {InsertModuleAction} from '../../plan/forward-actions.ts';
import {fileDigest} from '../file-digest.ts';
import {forwardUse} from '../forward/forward-users.ts';
import {stepFailed} from '../step-error.ts';
import {insertFile, removeHub} from '../swap/exchange-module.ts';
import {isModuleLoaded} from '../swap/loaded-driver.ts';
import {compare, type ActionHandler} from './handler.ts';

const unloadMs = 60_000;

/** insmod of the file and of what it calls; the way back unloads what nobody uses. */
export const insertModule: ActionHandler<InsertModuleAction> = {
	async observe({host: {files}}, {module, from, to}) {
		const state = isModuleLoaded(files, module) ? 'loaded' : 'absent';
		return compare(state === from, state === to, `${module} is ${state}`);
	},

	async apply({host, note}, action) {
		const {module, path, hub, to} = action;
		const {files} = host;
		if (to === 'absent') {
			const left = await unload(host, module);
			if (left !== undefined) {
				note(`module ${module} stays loaded: ${left}`);
			} else if (hub !== null) {
				await removeHub(host);
			}

			return;
		}

		if (isModuleLoaded(files, module)) {
			return;
		}

		await requireFiles(host, action);
		if (!isModuleLoaded(files, hubModule)) {
			if (hub === null) {
				throw await stepFailed(host, `${module} cannot be loaded`, {why: `${hubModule}, which it calls, was unloaded since`, fix: 'run the command again; it plans anew'});
			}

			await insertFile(host, hubModule, hub.path, []);
		}

		await insertFile(host, module, path, []);
	},
};

/** Nothing is loaded from a file that is not what was planned. */
async function requireFiles(host: Host, {module, path, sha256, hub}: InsertModuleAction): Promise<void> {
	for (const file of [{path, sha256}, ...hub === null ? [] : [hub]]) {
		if (fileDigest(host.files, file.path) !== file.sha256) {
			throw await stepFailed(host, `${module} cannot be loaded`, {why: `${file.path} is not the file that was planned`, fix: 'vfctl driver build, then try again'});
		}
	}
}

/** Why it stays, or undefined when it is gone. */
async function unload({files, runner}: Host, module: string): Promise<string | undefined> {
	if (!files.exists(`/sys/module/${module}`)) {
		return undefined;
	}

	const use = forwardUse(files, module);
	if (use !== undefined) {
		return use;
	}

	const {code, stderr} = await runner.run(['rmmod', module], {timeoutMs: unloadMs});
	return files.exists(`/sys/module/${module}`) ? stderr.trim() || `rmmod ended with ${code}` : undefined;
}
