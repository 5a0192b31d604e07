// What is needed to plan the switching of what passes frames on.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import type {Bdf} from '../../model/bdf.ts';
import {forwardModule, hubModule} from '../../model/driver-build.ts';
import type {SwitchMode} from '../../model/forward.ts';
import type {Pf} from '../../model/pci.ts';
import type {ForwardFacts} from '../../plan/plan-forward.ts';
import type {SwitchModes} from '../../plan/plan-switch-mode.ts';
import {moduleFile} from '../../sysfs/module-files.ts';
import {canRelay, forwardingPfs, relayGroupOf} from '../../sysfs/read-forward.ts';
import {readSwitchMode} from '../../sysfs/read-switch-mode.ts';
import {buildDirectory} from '../driver/read-builds.ts';
import {isModuleLoaded} from '../swap/loaded-driver.ts';
import {buildOf, checkedModule} from '../swap/read-swap-facts.ts';

/** The facts about these PFs. `on`: some are to be switched on; `modes` of their switches, where somebody has asked. Reads
 * only. */
export async function readForwardFacts(host: Host, {pfs, on, modes}: {pfs: readonly Pf[]; on: boolean; modes?: SwitchModes}): Promise<ForwardFacts> {
	const present = forwardingPfs(host.files);
	const load = !on || present !== null ? null : await loadingStep(host).catch(error => {
		if (error instanceof AppError) {
			return error;
		}

		throw error;
	});
	const asked = on ? pfs : [];
	const found = modes ?? await readSwitchModes(host, asked);
	const vepa = new Set(asked.map(({bdf}) => bdf).filter(bdf => found.get(bdf) === 'vepa'));
	const switchdev = new Set<Bdf>();
	for (const pf of asked) {
		if (await isSwitchdev(host, pf)) {
			switchdev.add(pf.bdf);
		}
	}

	return {on: present, relays: relaysOf(host, present), load, vepa, switchdev};
}

function relaysOf({files}: Host, on: ReadonlySet<Bdf> | null): Map<Bdf, string> | null {
	return canRelay(files) ? new Map([...on ?? []].flatMap((pf): Array<[Bdf, string]> => {
		const group = relayGroupOf(files, pf);
		return group === null ? [] : [[pf, group]];
	})) : null;
}

/** modprobe where the module is installed, else insmod of what was built for the kernel that runs.
 * Throws DRIVER_NOT_BUILT, UNSUPPORTED for a kernel that cannot have the module, or KERNEL_LOCKDOWN. */
async function loadingStep(host: Host): Promise<Exclude<ForwardFacts['load'], AppError>> {
	const {files} = host;
	const kernel = files.readText('/proc/sys/kernel/osrelease')?.trim() ?? 'unknown';
	if (moduleFile(files, kernel, forwardModule) !== undefined) {
		return {kind: 'load-module', module: forwardModule, from: 'absent', to: 'loaded'};
	}

	const directory = buildDirectory(kernel);
	const build = buildOf(host, directory, {module: forwardModule, kernel});
	const left = build.warnings.find(warning => warning.startsWith(`${forwardModule} is not built: `));
	if (left !== undefined && !build.modules.some(({name}) => name === forwardModule)) {
		throw new AppError('UNSUPPORTED', 'frames between VFs cannot be passed on with this kernel', {why: left, fix: 'boot a kernel from Linux 5.16 on that has CONFIG_NETFILTER_EGRESS, then: vfctl driver build'});
	}

	const {path, sha256} = await checkedModule(host, directory, build, forwardModule);
	const hub = isModuleLoaded(files, hubModule) ? null : await checkedModule(host, directory, build, hubModule);
	return {kind: 'insert-module', module: forwardModule, path, sha256, hub: hub && {path: hub.path, sha256: hub.sha256}, from: 'absent', to: 'loaded'};
}

/** man devlink-dev: eswitch show. */
async function isSwitchdev(host: Host, {bdf}: Pf): Promise<boolean> {
	const name = `pci/${bdf}`;
	const [answer] = await listed(host, ['devlink', '-j', 'dev', 'eswitch', 'show', name]);
	return (answer as {dev?: Record<string, {mode?: unknown}>} | undefined)?.dev?.[name]?.mode === 'switchdev';
}

/** What is told is for a warning alone: a program that is missing or fails tells nothing. */
async function listed({runner}: Host, argv: readonly [string, ...string[]]): Promise<unknown[]> {
	try {
		const {code, stdout} = await runner.run(argv, {timeoutMs: 5000});
		const answer: unknown = code === 0 ? JSON.parse(stdout) : [];
		return [answer].flat();
	} catch (error) {
		if (error instanceof AppError || error instanceof SyntaxError) {
			return [];
		}

		throw error;
	}
}

/** How the switches of these PFs work; null where a driver tells none. */
export async function readSwitchModes({runner}: Host, pfs: readonly Pf[]): Promise<SwitchModes> {
	const modes = new Map<Bdf, SwitchMode | null>();
	for (const {bdf, netdevs: [netdev]} of pfs) {
		modes.set(bdf, netdev === undefined ? null : await readSwitchMode(runner, netdev));
	}

	return modes;
}
