// rmmod and insmod of a PF driver. Between the two no card of the driver has one, so whatever fails
// there loads the former one again.
import {AppError, toAppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {hubModule} from '../../model/driver-build.ts';
import type {DriverFile, SwapDriverAction} from '../../plan/driver-actions.ts';
import {fileDigest} from '../file-digest.ts';
import {kernelTime} from '../kernel-messages.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {isLoadedFrom, isModuleLoaded} from './loaded-driver.ts';

const loadMs = 120_000;

/** Loads `to` in place of whatever is loaded. When it does not load, the driver that was there is
 * loaded again, and STEP_FAILED says why. */
export async function exchangeModule(host: Host, action: SwapDriverAction): Promise<void> {
	const {module, from, to} = action;
	await requireFiles(host, action);
	try {
		await removeModule(host, module);
		await loadFile(host, action, to);
	} catch (error) {
		const back = await loadBack(host, action, from);
		const {message, why, fix, details} = toAppError(error);
		if (from.hub === null) {
			await removeHub(host);
		}

		throw new AppError('STEP_FAILED', message, {
			why: [why, back ? `the driver that was there is loaded again` : `and no ${module} is loaded now`].filter(part => part !== undefined).join('; '),
			fix: fix ?? (back ? 'vfctl driver status' : `modprobe ${module}`),
			details, cause: error,
		});
	}
}

/** Nothing is unloaded for a file that is not what was planned. */
async function requireFiles(host: Host, {module, to}: SwapDriverAction): Promise<void> {
	for (const file of [to, to.hub]) {
		if (file?.path === null) {
			throw await stepFailed(host, `${module} cannot be loaded`, {why: 'its file was replaced since', fix: 'vfctl driver build, vfctl driver load'});
		}

		if (file !== null && file !== undefined && file.sha256 !== null && fileDigest(host.files, file.path!) !== file.sha256) {
			throw await stepFailed(host, `${module} cannot be loaded`, {why: `${file.path} is not the file that was planned`, fix: 'vfctl driver build, then try again'});
		}
	}
}

async function removeModule(host: Host, module: string): Promise<void> {
	if (!host.files.exists(`/sys/module/${module}`)) {
		return;
	}

	const {code, stderr} = await host.runner.run(['rmmod', module], {timeoutMs: loadMs});
	if (code !== 0 || !await waitUntil(host.clock, {budgetMs: budgets.module}, () => !host.files.exists(`/sys/module/${module}`))) {
		throw await stepFailed(host, `the driver ${module} cannot be unloaded`, {why: stderr.trim() || 'rmmod did not complain'}, {since: undefined, names: [`rmmod`]});
	}
}

async function loadFile(host: Host, {module, options}: SwapDriverAction, file: DriverFile): Promise<void> {
	const {hub, needs, path} = file;
	if (path === null) {
		throw await stepFailed(host, `${module} cannot be loaded`, {why: 'its file was replaced since'});
	}

	if (hub?.path !== null && hub?.path !== undefined) {
		await removeHub(host);
		if (!isModuleLoaded(host.files, hubModule)) {
			await insertFile(host, hubModule, hub.path, []);
		}
	}

	if (needs.length > 0) {
		// What is missing then, insmod tells.
		await host.runner.run(['modprobe', '--all', ...needs], {timeoutMs: loadMs});
	}

	await insertFile(host, module, path, options);
	if (!await waitUntil(host.clock, {budgetMs: budgets.module}, () => isLoadedFrom(host.files, module, file))) {
		throw await stepFailed(host, `${module} is not the one that was loaded`, {why: `insmod ${path} did not complain, and /sys/module shows another build`});
	}
}

/** insmod, waited for. Throws STEP_FAILED with the kernel's reason in plain words. */
export async function insertFile(host: Host, module: string, path: string, options: readonly string[]): Promise<void> {
	const since = kernelTime(host);
	const {code, stderr} = await host.runner.run(['insmod', path, ...options], {timeoutMs: loadMs});
	if (code !== 0 || !await waitUntil(host.clock, {budgetMs: budgets.module}, () => isModuleLoaded(host.files, module))) {
		const said = stderr.trim() || (code === 0 ? 'insmod did not complain, and /sys/module does not show it' : `insmod ended with ${code}`);
		const error = await stepFailed(host, `the kernel does not take ${path}`, {why: said}, {since, names: [`${module}:`, 'Lockdown:', 'Loading of ']});
		throw new AppError('STEP_FAILED', error.message, {...reasonOf(error.why ?? said), details: error.details});
	}
}

// Words of the kernel (kernel/module/main.c, version.c, signing.c) and of kmod.
const reasons: ReadonlyArray<readonly [RegExp, string, string]> = [
	[/Key was rejected|Required key not available|Loading of (?:unsigned )?module|Lockdown:|Operation not permitted/, 'the kernel takes only modules signed with a key that it knows', 'sign it with a key that is enrolled (mokutil --import), or switch Secure Boot off'],
	[/version magic|disagrees about version|Invalid module format|Exec format error/, 'it was built for another kernel', 'vfctl driver build'],
	[/Unknown symbol/, 'a module that it needs is not loaded or of another build', 'vfctl driver build'],
];

function reasonOf(why: string): {why: string; fix?: string} {
	const known = reasons.find(([pattern]) => pattern.test(why));
	return known === undefined ? {why} : {why: `${why}; ${known[1]}`, fix: known[2]};
}

/** Our module goes when no driver calls it any more. */
export async function removeHub(host: Host): Promise<void> {
	if (isModuleLoaded(host.files, hubModule) && host.files.list(`/sys/module/${hubModule}/holders`).length === 0) {
		await host.runner.run(['rmmod', hubModule], {timeoutMs: loadMs});
	}
}

/** The former driver, or at least one that modprobe finds; false when there is none. */
async function loadBack(host: Host, action: SwapDriverAction, from: DriverFile): Promise<boolean> {
	const {module} = action;
	const tries = [
		async () => {
			if (!isLoadedFrom(host.files, module, from)) {
				await removeModule(host, module);
				await loadFile(host, action, from);
			}
		},
		async () => {
			await host.runner.run(['modprobe', module], {timeoutMs: loadMs});
		},
	];
	for (const attempt of tries) {
		try {
			await attempt();
		} catch {
			// The next way, and the first error is the one that is told.
		}

		if (isModuleLoaded(host.files, module)) {
			return true;
		}
	}

	return false;
}
