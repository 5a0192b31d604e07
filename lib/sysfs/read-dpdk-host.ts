// What `dpdk-devbind.py --status` reads of a host, without lspci: names from pci.ids, modules from
// modules.alias, drivers and interfaces from sysfs, routes from ip.
import {AppError} from '../errors.ts';
import type {FileReader, Host, Runner} from '../host/host.ts';
import {dpdkDriverNames, type DpdkFunction, type DpdkHost} from '../model/dpdk-status.ts';
import type {PciFunction} from '../model/pci.ts';
import {readAttribute, readLinkName, readNumber} from './attributes.ts';
import {modulesDirectory, moduleFinder} from './read-module-aliases.ts';
import {readRoutes} from './read-netdevs.ts';
import {pciNames} from './read-pci-names.ts';
import {pciDevices, readPciFunctions} from './read-pci.ts';

/** Everything the status needs; only functions for which `wanted` holds. */
export async function readDpdkHost({files, runner}: Pick<Host, 'files' | 'runner'>, wanted: (ids: Pick<DpdkFunction, 'class' | 'vendor' | 'device'>) => boolean): Promise<DpdkHost> {
	const routes = readRoutes(runner, 4);
	routes.catch(() => {});
	const dpdkDrivers = readDpdkDrivers(files);
	const nameOf = nameFinder(files, runner);
	const modulesFor = moduleFinder(files);
	const functions: DpdkFunction[] = [];
	for (const fn of readPciFunctions(files, new Map()).values()) {
		const {name, id} = await nameOf(fn);
		const ids = {class: hex(fn.classCode >> 8), vendor: hex(fn.vendorId), device: id};
		if (wanted(ids)) {
			const path = `${pciDevices}/${fn.bdf}`;
			const driver = readLinkName(files, `${path}/driver`) ?? null;
			const numaNode = readNumber(files, `${path}/numa_node`) ?? -1;
			functions.push({
				bdf: fn.bdf, ...ids, name, driver,
				module: modulesFor(readAttribute(files, `${path}/modalias`) ?? '').at(-1) ?? null,
				numaNode: numaNode === -1 ? null : numaNode,
				// Shown, and looked at, only for what a kernel driver has.
				interfaces: driver === null || dpdkDrivers.includes(driver) ? [] : interfacesBelow(files, path) ?? [],
			});
		}
	}

	const active = (await routes).filter(({destination, type}) => !(type === 'unicast' && destination.startsWith('169.254')));
	return {functions, dpdkDrivers, activeInterfaces: [...new Set(active.map(({device}) => device))]};
}

/** vfio-pci is a directory `vfio_pci` in /sys/module, and a file `vfio-pci.ko` in modules.builtin. */
function readDpdkDrivers(files: FileReader): string[] {
	const builtIn = new Set(files.readText(`${modulesDirectory(files)}/modules.builtin`)?.split('\n').map(line => line.split('/').at(-1)!.replace(/\.[^.]*$/, '')));
	return dpdkDriverNames.filter(name => builtIn.has(name) || files.exists(`/sys/module/${name.replaceAll('-', '_')}`));
}

/** Names in a `net` directory of the function or, for a device of another bus on it (virtio),
 * further down: the first one of a walk from the top, as os.walk does it. */
function interfacesBelow(files: FileReader, path: string): readonly string[] | undefined {
	if (files.exists(`${path}/net`)) {
		return files.list(`${path}/net`);
	}

	for (const name of files.list(path)) {
		const below = `${path}/${name}`;
		const found = files.readLink(below) === undefined && files.list(below).length > 0 ? interfacesBelow(files, below) : undefined;
		if (found !== undefined) {
			return found;
		}
	}

	return undefined;
}

/** Name and id as `lspci -vmmnn` prints them: from pci.ids, then from udev's database. */
function nameFinder(files: FileReader, runner: Runner): (fn: PciFunction) => Promise<{name: string; id: string}> {
	const find = pciNames(files);
	const known = new Map<string, {name: string; id: string}>();
	return async ({vendorId, deviceId}) => {
		const key = `${hex(vendorId)}:${hex(deviceId)}`;
		const name = known.get(key) ?? lspciWords(
			find({vendorId, deviceId, subsystemVendorId: null, subsystemDeviceId: null}).device ?? await readUdevName(runner, vendorId, deviceId) ?? 'Device',
			hex(deviceId),
		);
		known.set(key, name);
		return name;
	};
}

const lspciBuffer = 128;

/** lspci prints `NAME [ID]`, cut to its buffer (pci_lookup_name in pciutils' lib/names.c), and the
 * tool splits it at the last blank. */
function lspciWords(name: string, id: string): {name: string; id: string} {
	const bytes = Buffer.from(`${name} [${id}]`);
	const text = bytes.length < lspciBuffer ? bytes.toString() : `${bytes.subarray(0, lspciBuffer - 4).toString()}...`;
	const cut = text.lastIndexOf(' ');
	return {name: text.slice(0, cut), id: text.slice(cut + 1).replace(/\]+$/, '').replace(/^\[+/, '')};
}

/** The name in udev's hardware database, which lspci asks for what pci.ids does not have
 * (pci_id_hwdb_lookup in pciutils' lib/names-hwdb.c). */
async function readUdevName(runner: Runner, vendorId: number, deviceId: number): Promise<string | undefined> {
	try {
		const {code, stdout} = await runner.run(udevNameQuery(vendorId, deviceId));
		return code === 0 ? /^ID_MODEL_FROM_DATABASE=(.+)$/m.exec(stdout)?.[1] : undefined;
	} catch (error) {
		if (error instanceof AppError) {
			return undefined;
		}

		throw error;
	}
}

/** The question to udev's database about one make of device. */
export function udevNameQuery(vendorId: number, deviceId: number): readonly [string, ...string[]] {
	return ['systemd-hwdb', 'query', `pci:v${hex(vendorId, 8).toUpperCase()}d${hex(deviceId, 8).toUpperCase()}*`];
}

function hex(value: number, digits = 4): string {
	return value.toString(16).padStart(digits, '0');
}
