// Which kernel function answers a write to which sysfs file.
import {parseBdf} from '../model/bdf.ts';
import type {Bdf} from '../model/bdf.ts';
import {attachDriver, bindTo, unbind} from './binding.ts';
import {errnoError} from './errno.ts';
import {storeAffinity, storeRps} from './interrupts.ts';
import {storeHugepages} from './hugepages.ts';
import {storeForward, storeRelay} from './forward.ts';
import {changing, driverOf, functionPath, functionsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {failureHappens} from './options.ts';
import {storeNumVfs} from './sriov.ts';

const pageSize = 4096;

/** One write(2) to a kernel attribute; throws the errno that the kernel gives. */
export function writeAttribute(machine: Machine, path: string, value: string): void {
	const real = machine.tree.find(path)?.path;
	const failure = machine.options.writeFailures?.find(one =>
		(one.path.test(path) || (real !== undefined && one.path.test(real))) && (one.value?.test(value) ?? true) && failureHappens(machine.failureCounts, one));
	if (failure) {
		throw errnoError(failure.errno, path);
	}

	if (real === undefined) {
		throw errnoError('ENOENT', path, 'open');
	}

	// write(2) of nothing never reaches a sysfs store function (fs/kernfs/file.c).
	if (value === '') {
		return;
	}

	changing(machine, `write ${path} ${JSON.stringify(value)}`);
	for (const [pattern, store] of stores) {
		const match = pattern.exec(real);
		if (match) {
			store(machine, {path, value, real, match});
			return;
		}
	}

	throw errnoError(machine.tree.find(real)?.node.kind === 'directory' ? 'EISDIR' : 'EACCES', path, 'open');
}

interface Write {
	path: string;
	value: string;
	real: string;
	match: RegExpExecArray;
}

type Store = (machine: Machine, write: Write) => void;

const stores: ReadonlyArray<readonly [RegExp, Store]> = [
	[/^\/sys\/devices\/.*\/([\da-f]+:[\da-f]{2}:[\da-f]{2}\.\d)\/sriov_numvfs$/, (machine, {path, value, match}) => {
		storeNumVfs(machine, match[1] as Bdf, value, path);
	}],
	[/\/sriov_drivers_autoprobe$/, (machine, {path, value, real}) => {
		machine.tree.putValue(real, boolOf(value, path));
	}],
	[/^\/sys\/bus\/pci\/drivers_autoprobe$/, (machine, {value, real}) => {
		// drivers/base/bus.c drivers_autoprobe_store looks at the first character only.
		machine.tree.putValue(real, value.startsWith('0') ? 0 : 1);
	}],
	[/^\/sys\/devices\/.*\/driver_override$/, storeOverride],
	[/^\/sys\/bus\/pci\/drivers_probe$/, (machine, {path, value}) => {
		const bdf = parseBdf(value.trim());
		if (bdf === undefined || functionPath(machine, bdf) === undefined) {
			throw errnoError('EINVAL', path);
		}

		attachDriver(machine, bdf);
	}],
	[/^\/sys\/bus\/pci\/drivers\/([^/]+)\/bind$/, (machine, {path, value, match}) => {
		const bdf = parseBdf(value.trim());
		const errno = bdf === undefined ? 'ENODEV' : bindTo(machine, match[1] as string, bdf);
		if (errno) {
			throw errnoError(errno, path);
		}
	}],
	[/^\/sys\/bus\/pci\/drivers\/([^/]+)\/unbind$/, (machine, {path, value, match}) => {
		const bdf = parseBdf(value.trim());
		if (bdf === undefined || driverOf(machine, bdf) !== match[1]) {
			throw errnoError('ENODEV', path);
		}

		unbind(machine, bdf);
	}],
	[/^\/sys\/bus\/pci\/drivers\/([^/]+)\/new_id$/, (machine, {value, match}) => {
		// new_id_store rescans the bus: every unbound function with the id is taken, and so is
		// every later one. That is why vfctl never writes it; the simulation shows the damage.
		const [vendor, device] = value.trim().split(/\s+/);
		const id = `${vendor}:${device}`;
		for (const bdf of functionsOf(machine)) {
			const own = `${machine.tree.value(`${functionPath(machine, bdf)}/vendor`)}:${machine.tree.value(`${functionPath(machine, bdf)}/device`)}`.replaceAll('0x', '');
			if (own === id && driverOf(machine, bdf) === undefined) {
				machine.learnedDrivers.set(id, match[1] as string);
				attachDriver(machine, bdf);
			}
		}
	}],
	[/^\/sys\/kernel\/vfctl\/forward\/(add|remove)$/, (machine, {path, value, match}) => {
		storeForward(machine, {path, value, verb: match[1] as 'add' | 'remove'});
	}],
	[/^\/sys\/kernel\/vfctl\/forward\/relay$/, storeRelay],
	[/^\/proc\/irq\/\d+\/smp_affinity_list$/, storeAffinity],
	[/\/net\/[^/]+\/queues\/rx-\d+\/rps_cpus$/, storeRps],
	[/^\/sys\/(?:kernel\/mm|devices\/system\/node\/node(\d+))\/hugepages\/hugepages-(\d+)kB\/nr_hugepages$/, (machine, {path, value, match}) => {
		// kstrtoul of nr_hugepages_store_common.
		if (!/^\d+\n?$/.test(value)) {
			throw errnoError('EINVAL', path);
		}

		storeHugepages(machine, {node: match[1] === undefined ? undefined : Number(match[1]), sizeKiB: Number(match[2]), count: Number(value)});
	}],
	[/^\/sys\/module\/vfio_iommu_type1\/parameters\/allow_unsafe_interrupts$/, (machine, {path, value, real}) => {
		machine.tree.putValue(real, boolOf(value, path) === 1 ? 'Y' : 'N');
	}],
];

// drivers/base/driver.c driver_set_override: text up to the newline or NUL, empty clears.
function storeOverride(machine: Machine, {path, value, real}: Write): void {
	if (value.length >= pageSize - 1) {
		throw errnoError('EINVAL', path);
	}

	const text = value.split(/[\n\0]/, 1)[0] ?? '';
	machine.tree.putValue(real, text === '' ? '(null)' : text);
}

// kstrtobool: y, Y, t, T, 1, on and their opposites.
function boolOf(value: string, path: string): 0 | 1 {
	if (/^(?:[yt1]|on)/i.test(value)) {
		return 1;
	}

	if (/^(?:[nf0]|of)/i.test(value)) {
		return 0;
	}

	throw errnoError('EINVAL', path);
}
