// Kernel modules.
import type {FileReader} from '../../host/host.ts';
import {parseBdf} from '../../model/bdf.ts';
import type {LoadModuleAction} from '../../plan/action.ts';
import {readLinkName} from '../../sysfs/attributes.ts';
import {forwardUse} from '../forward/forward-users.ts';
import {kernelTime} from '../kernel-messages.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Loads a module; the way back unloads it unless something uses it. */
export const loadModule: ActionHandler<LoadModuleAction> = {
	async observe({host}, {module, from, to}) {
		const state = isLoaded(host.files, module) ? 'loaded' : 'absent';
		return compare(state === from, state === to, `${module} is ${state}`);
	},

	async apply(context, {module, to}) {
		const {host, signal} = context;
		if (to === 'absent') {
			const left = await unload(context.host, module);
			if (left !== undefined) {
				context.note(`module ${module} stays loaded: ${left}`);
			}

			return;
		}

		const since = kernelTime(host);
		let said = '';
		if (!isLoaded(host.files, module)) {
			const {code, stderr} = await host.runner.run(['modprobe', module], {timeoutMs: 60_000});
			said = code === 0 ? '' : stderr.trim() || `modprobe ended with ${code}`;
		}

		if (!await waitUntil(host.clock, {budgetMs: said === '' ? budgets.module : 0, signal}, () => isLoaded(host.files, module))) {
			throw await stepFailed(host, `the kernel module ${module} cannot be loaded`, {
				why: said === '' ? 'modprobe succeeded and /sys/module does not show it' : said,
				fix: `modprobe -v ${module}`,
			}, {since, names: [sysfsName(module)]});
		}
	},
};

/** In /sys/module and ready, or built in (a built-in module without parameters has no directory). */
function isLoaded(files: FileReader, module: string): boolean {
	const directory = `/sys/module/${sysfsName(module)}`;
	const state = files.readText(`${directory}/initstate`)?.trim();
	// Only loadable modules have initstate; a built-in one is ready when it is there.
	return state === undefined ? files.exists(directory) || isBuiltIn(files, module) : state === 'live';
}

function isBuiltIn(files: FileReader, module: string): boolean {
	const release = files.readText('/proc/sys/kernel/osrelease')?.trim();
	const list = release === undefined ? undefined : files.readText(`/lib/modules/${release}/modules.builtin`);
	return list?.split('\n').some(line => sysfsName(/([^/]+)\.ko$/.exec(line)?.[1] ?? '') === sysfsName(module)) ?? false;
}

/** Unloads a module when no device is on one of its drivers: the kernel itself would take
 * drivers away from their devices. Why it stays, or undefined when it is gone. */
async function unload(host: {files: FileReader; runner: {run(argv: readonly [string, ...string[]]): Promise<{code: number; stderr: string}>}}, module: string): Promise<string | undefined> {
	const {files} = host;
	if (!isLoaded(files, module)) {
		return undefined;
	}

	const drivers = `/sys/module/${sysfsName(module)}/drivers`;
	for (const entry of files.list(drivers)) {
		const driver = readLinkName(files, `${drivers}/${entry}`);
		const device = files.list(`/sys/bus/pci/drivers/${driver}`).find(name => parseBdf(name) !== undefined);
		if (device !== undefined) {
			return `${device} is on its driver ${driver}`;
		}
	}

	const use = forwardUse(files, sysfsName(module));
	if (use !== undefined) {
		return use;
	}

	const {code, stderr} = await host.runner.run(['modprobe', '-r', module]);
	return isLoaded(files, module) ? stderr.trim() || `modprobe -r ended with ${code}` : undefined;
}

/** The kernel writes module names with underscores. */
function sysfsName(module: string): string {
	return module.replaceAll('-', '_');
}
