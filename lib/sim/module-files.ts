// insmod, rmmod and modinfo of PF drivers: the distribution's below /lib/modules/RELEASE/kernel, all
// others as vfctl builds them.
import type {CommandResult} from '../host/host.ts';
import {attachDriver, unbind} from './binding.ts';
import {hideForward, showForward} from './forward.ts';
import {changing, driversPath, functionsOf, log} from './machine.ts';
import type {Machine} from './machine.ts';
import {isKnownModule, isLoaded, loadModule, markRebuilt, moduleName, rebuiltSrcversion, stockSrcversion} from './modules.ts';
import {parseBdf} from '../model/bdf.ts';
import {forwardModule, hubModule} from '../model/driver-build.ts';
import {moduleFile} from '../sysfs/module-files.ts';

const done: CommandResult = {code: 0, stdout: '', stderr: ''};

/** finit_module of a file, and the probes that follow. */
export function insmod(machine: Machine, words: readonly string[]): CommandResult {
	const [path = ''] = words;
	const name = moduleOf(path);
	const fails = (why: string): CommandResult => ({code: 1, stdout: '', stderr: `insmod: ERROR: could not insert module ${path}: ${why}\n`});
	if (!machine.tree.exists(path)) {
		return {code: 1, stdout: '', stderr: `insmod: ERROR: could not load module ${path}: No such file or directory\n`};
	}

	changing(machine, `insmod ${words.join(' ')}`);
	if (isLoaded(machine, name)) {
		return fails('File exists');
	}

	if (name === hubModule) {
		showHub(machine);
		return done;
	}

	if (!isKnownModule(name) && name !== forwardModule) {
		return fails('Invalid module format');
	}

	if (!isStock(path) && !isLoaded(machine, hubModule)) {
		log(machine, `${name}: Unknown symbol vfctl_pf_add (err -2)`);
		return fails('Unknown symbol in module');
	}

	if (name === forwardModule) {
		showForward(machine);
		return done;
	}

	loadModule(machine, name);
	if (!isStock(path)) {
		markRebuilt(machine, name);
	}

	probeAll(machine);
	return done;
}

/** sysfs as module_init of vfctl_pf leaves it. */
function showHub({tree}: Machine): void {
	tree.putValue(`/sys/module/${hubModule}/initstate`, 'live');
	tree.directory(`/sys/module/${hubModule}/holders`);
	tree.putValue('/sys/kernel/vfctl/abi', 1);
}

/** modprobe of vfctl_fwd where modules.dep has it, with what it calls; undefined where it has not. */
export function modprobeForward(machine: Machine, remove: boolean): CommandResult | undefined {
	const release = machine.tree.value('/proc/sys/kernel/osrelease');
	if (!remove && moduleFile({readText: path => machine.tree.text(path)}, release, forwardModule) === undefined) {
		return undefined;
	}

	changing(machine, `modprobe ${remove ? '-r ' : ''}${forwardModule}`);
	if (remove) {
		hideForward(machine);
		if (machine.tree.list(`/sys/module/${hubModule}/holders`).length === 0) {
			rmmod(machine, [hubModule]);
		}
	} else if (!isLoaded(machine, forwardModule)) {
		if (!isLoaded(machine, hubModule)) {
			showHub(machine);
		}

		showForward(machine);
	}

	return done;
}

/** A driver that is registered is tried on every device that has none (bus_add_driver). */
export function probeAll(machine: Machine): void {
	for (const bdf of functionsOf(machine)) {
		attachDriver(machine, bdf);
	}
}

/** delete_module: devices lose the driver first (pci_unregister_driver). */
export function rmmod(machine: Machine, words: readonly string[]): CommandResult {
	const name = moduleName(words.at(-1) ?? '');
	const fails = (why: string): CommandResult => ({code: 1, stdout: '', stderr: `rmmod: ERROR: ${why}\n`});
	if (!isLoaded(machine, name)) {
		return fails(`Module ${name} is not currently loaded`);
	}

	const holders = machine.tree.list(`/sys/module/${name}/holders`);
	if (holders.length > 0) {
		return fails(`Module ${name} is in use by: ${holders.join(' ')}`);
	}

	changing(machine, `rmmod ${words.join(' ')}`);
	for (const entry of machine.tree.list(`${driversPath}/${name}`)) {
		const bdf = parseBdf(entry);
		if (bdf !== undefined) {
			unbind(machine, bdf);
		}
	}

	if (name === forwardModule) {
		hideForward(machine);
	}

	machine.tree.remove(`/sys/module/${name}`);
	machine.tree.remove(`${driversPath}/${name}`);
	machine.tree.remove(`/sys/module/${hubModule}/holders/${name}`);
	machine.rebuilt.delete(name);
	if (name === hubModule) {
		machine.tree.remove('/sys/kernel/vfctl');
	}

	return done;
}

/** One field of a file; undefined for what is not simulated. */
export function modinfo(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const [option, field = '', path = ''] = words;
	if (option !== '-F') {
		return undefined;
	}

	if (!machine.tree.exists(path)) {
		return {code: 1, stdout: '', stderr: `modinfo: ERROR: Module ${path} not found.\n`};
	}

	const name = moduleOf(path);
	const stock = isStock(path);
	const fields: Readonly<Record<string, string | undefined>> = {
		srcversion: stock ? stockSrcversion(name) : rebuiltSrcversion,
		depends: stock ? '' : hubModule,
	};
	return {...done, stdout: fields[field] === undefined || fields[field] === '' ? '' : `${fields[field]}\n`};
}

function moduleOf(path: string): string {
	return moduleName(/([^/]+)\.ko(?:\.\w+)?$/.exec(path)?.[1] ?? '');
}

function isStock(path: string): boolean {
	return /^\/lib\/modules\/[^/]+\/kernel\//.test(path);
}
