// What of memory, names and module aliases goes into a record: for huge pages and DPDK.
import type {FileReader} from '../host/host.ts';
import {udevNameQuery} from '../sysfs/read-dpdk-host.ts';
import {hugetlbKiB, hugetlbMounts} from '../sysfs/read-hugepages.ts';
import {fitsAlias, modulesDirectory} from '../sysfs/read-module-aliases.ts';
import {pciIdsPlaces, pciNames} from '../sysfs/read-pci-names.ts';
import {readPciFunctions} from '../sysfs/read-pci.ts';
import {keepLines} from './capture-files.ts';
import type {Collector} from './collector.ts';

const poolTexts = ['nr_hugepages', 'free_hugepages', 'resv_hugepages', 'surplus_hugepages', 'nr_overcommit_hugepages'];
// A mount can have a file for each page.
const maximumFiles = 1000;

/** Memory, huge pages, their mounts and users. */
export function collectMemory(into: Collector): void {
	const {files} = into;
	into.text('/proc/meminfo', text => keepLines(text, line => /^(?:MemTotal|MemFree|MemAvailable|Hugepagesize):/.test(line)));
	for (const name of files.list('/sys/devices/system/node').filter(entry => /^node\d+$/.test(entry))) {
		const node = `/sys/devices/system/node/${name}`;
		into.text(`${node}/meminfo`, text => keepLines(text, line => /(?:MemTotal|MemFree|Active\(file\)|Inactive\(file\)|SReclaimable):/.test(line)));
		collectPools(into, `${node}/hugepages`);
	}

	collectPools(into, '/sys/kernel/mm/hugepages');
	for (const {path} of hugetlbMounts(files)) {
		for (const name of files.list(path).slice(0, maximumFiles)) {
			into.name(`${path}/${name}`, 'unreadable');
		}
	}

	for (const pid of files.list('/proc').filter(name => /^\d+$/.test(name))) {
		const status = files.readText(`/proc/${pid}/status`);
		if (hugetlbKiB(status) !== undefined) {
			into.text(`/proc/${pid}/comm`);
			into.text(`/proc/${pid}/status`, text => keepLines(text, line => line.startsWith('HugetlbPages:')));
		}
	}

	into.text('/etc/tmpfiles.d/vfctl-hugepages.conf');
}

function collectPools(into: Collector, directory: string): void {
	for (const name of into.files.list(directory)) {
		into.texts(`${directory}/${name}`, poolTexts);
	}
}

/** The lines of pci.ids and modules.alias that are about devices of this host. */
export function collectDpdk(into: Collector): void {
	const {files} = into;
	const directory = modulesDirectory(files);
	const modaliases = [...new Set(files.list('/sys/bus/pci/devices').map(bdf => files.readText(`/sys/bus/pci/devices/${bdf}/modalias`)?.trim() ?? ''))];
	const fits = (pattern: string | undefined) => pattern !== undefined && modaliases.some(modalias => fitsAlias(pattern, modalias));
	const vendors = new Set(modaliases.map(modalias => modalias.slice(0, 'pci:v00000000'.length)));
	// Thousands of patterns are of vendors that are not here.
	const mayFit = (pattern: string | undefined) => pattern !== undefined && (pattern.startsWith('pci:v*') || vendors.has(pattern.slice(0, 'pci:v00000000'.length)));
	const patternOf = (line: string) => /^alias (pci:\S+) /.exec(line)?.[1];
	into.text(`${directory}/modules.alias`, text => keepLines(text, line => mayFit(patternOf(line)) && fits(patternOf(line))));
	into.text(`${directory}/modules.builtin.modinfo`, text => text.split('\0').filter(entry => fits(/\.alias=(pci:\S+)$/.exec(entry)?.[1])).map(entry => `${entry}\0`).join(''));
	const place = pciIdsPlaces.find(path => files.exists(path));
	if (place !== undefined) {
		into.text(place, text => pciIdsOf(text, files));
	}
}

/** The questions to udev's database for functions that pci.ids has no name for. */
export function udevNameQueries(files: FileReader): Array<readonly [string, ...string[]]> {
	const find = pciNames(files);
	const queries = new Map<string, readonly [string, ...string[]]>();
	for (const {vendorId, deviceId} of readPciFunctions(files, new Map()).values()) {
		if (find({vendorId, deviceId, subsystemVendorId: null, subsystemDeviceId: null}).device === null) {
			const query = udevNameQuery(vendorId, deviceId);
			queries.set(query.join(' '), query);
		}
	}

	return [...queries.values()];
}

/** Vendors and devices of this host, with their subsystems. */
function pciIdsOf(text: string, files: FileReader): string {
	const wanted = new Map<string, Set<string>>();
	for (const {vendorId, deviceId} of readPciFunctions(files, new Map()).values()) {
		const vendor = hexId(vendorId);
		wanted.set(vendor, (wanted.get(vendor) ?? new Set()).add(hexId(deviceId)));
	}

	let vendor = '';
	let device = '';
	return keepLines(`#\n${text}`, line => {
		if (!line.startsWith('\t')) {
			vendor = line.slice(0, 4);
			return line === '#' || (/^[\da-f]{4} {2}/.test(line) && wanted.has(vendor));
		}

		device = line.startsWith('\t\t') ? device : line.slice(1, 5);
		return wanted.get(vendor)?.has(device) ?? false;
	});
}

function hexId(id: number): string {
	return id.toString(16).padStart(4, '0');
}
