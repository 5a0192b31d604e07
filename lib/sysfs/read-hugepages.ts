// Huge pages from sysfs, /proc and the hugetlbfs mounts (Documentation/admin-guide/mm/hugetlbpage.rst).
import type {FileReader} from '../host/host.ts';
import {keptHugepagesFile, parsePageSize, type HugepageFacts, type HugepagePool, type HugepageUser, type HugetlbMount, type MemoryFacts} from '../model/hugepages.ts';
import {readNumber} from './attributes.ts';

const hostPools = '/sys/kernel/mm/hugepages';
const nodesPath = '/sys/devices/system/node';

/** Everything about huge pages. */
export function readHugepages(files: FileReader): HugepageFacts {
	const meminfo = files.readText('/proc/meminfo') ?? '';
	const nodes = readNodes(files);
	const defaultSizeKiB = field(meminfo, 'Hugepagesize') ?? null;
	return {
		defaultSizeKiB,
		pools: readSizes(files, hostPools).flatMap(sizeKiB => [null, ...nodes.keys()].map(node => readPool(files, {sizeKiB, node}))).filter(pool => pool !== undefined),
		memory: {totalKiB: field(meminfo, 'MemTotal') ?? 0, availableKiB: field(meminfo, 'MemAvailable') ?? 0},
		nodes,
		mounts: readMounts(files, defaultSizeKiB),
		users: readUsers(files),
		kept: files.readText(keptHugepagesFile) ?? null,
	};
}

/** One pool as it is now, or undefined when the kernel has none of that size there. */
export function readPool(files: FileReader, {sizeKiB, node}: Pick<HugepagePool, 'sizeKiB' | 'node'>): HugepagePool | undefined {
	const directory = `${node === null ? hostPools : `${nodesPath}/node${node}/hugepages`}/hugepages-${sizeKiB}kB`;
	const total = readNumber(files, `${directory}/nr_hugepages`);
	return total === undefined ? undefined : {
		sizeKiB, node, total,
		free: readNumber(files, `${directory}/free_hugepages`) ?? 0,
		reserved: readNumber(files, `${directory}/resv_hugepages`) ?? 0,
		surplus: readNumber(files, `${directory}/surplus_hugepages`) ?? 0,
	};
}

/** hugetlbfs mounts as in /proc/self/mountinfo: where, and how large their pages are. */
export function hugetlbMounts(files: FileReader): Array<{path: string; sizeKiB: number | undefined}> {
	return (files.readText('/proc/self/mountinfo') ?? '').split('\n').flatMap(line => {
		const match = /^\d+ \d+ \S+ \S+ (\S+) .* - hugetlbfs \S+ (\S+)/.exec(line);
		return match ? [{path: unescapeOctal(match[1]!), sizeKiB: parsePageSize(/(?:^|,)pagesize=([^,]+)/.exec(match[2]!)?.[1] ?? '')}] : [];
	});
}

/** /proc/PID/status of a process that has huge pages: KiB; undefined when it has none. */
export function hugetlbKiB(status: string | undefined): number | undefined {
	return field(status ?? '', 'HugetlbPages') || undefined;
}

function readSizes(files: FileReader, directory: string): number[] {
	return files.list(directory).map(name => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1])).filter(size => size > 0).sort((a, b) => a - b);
}

function readNodes(files: FileReader): Map<number, MemoryFacts> {
	const numbers = files.list(nodesPath).map(name => Number(/^node(\d+)$/.exec(name)?.[1] ?? Number.NaN)).filter(Number.isInteger).sort((a, b) => a - b);
	const nodes = new Map<number, MemoryFacts>();
	for (const node of numbers) {
		const text = files.readText(`${nodesPath}/node${node}/meminfo`) ?? '';
		const value = (name: string) => Number(new RegExp(String.raw`^Node \d+ ${name}:\s+(\d+)`, 'm').exec(text)?.[1] ?? 0);
		const totalKiB = value('MemTotal');
		if (totalKiB > 0) {
			// Nodes have no MemAvailable: what is free, and the caches that can be dropped.
			nodes.set(node, {totalKiB, availableKiB: value('MemFree') + value(String.raw`Active\(file\)`) + value(String.raw`Inactive\(file\)`) + value('SReclaimable')});
		}
	}

	return nodes;
}

function readMounts(files: FileReader, defaultSizeKiB: number | null): HugetlbMount[] {
	return hugetlbMounts(files).map(({path, sizeKiB}) => {
		const counts = new Map<string, number>();
		for (const name of files.list(path)) {
			// DPDK names its files PREFIXmap_N (eal_get_hugefile_path in lib/eal/common/eal_filesystem.h).
			const prefix = /^(.+)map_\d+$/.exec(name)?.[1];
			const owner = prefix === undefined ? name : `DPDK, file prefix ${prefix}`;
			counts.set(owner, (counts.get(owner) ?? 0) + 1);
		}

		return {path, sizeKiB: sizeKiB ?? defaultSizeKiB ?? 0, files: [...counts].map(([owner, count]) => ({owner, count}))};
	});
}

function readUsers(files: FileReader): HugepageUser[] {
	return files.list('/proc').filter(name => /^\d+$/.test(name)).flatMap(pid => {
		const kiB = hugetlbKiB(files.readText(`/proc/${pid}/status`));
		return kiB === undefined ? [] : [{pid: Number(pid), command: files.readText(`/proc/${pid}/comm`)?.trim() ?? 'unknown', kiB}];
	}).sort((a, b) => a.pid - b.pid);
}

function field(text: string, name: string): number | undefined {
	const digits = new RegExp(String.raw`^${name}:\s+(\d+) kB$`, 'm').exec(text)?.[1];
	return digits === undefined ? undefined : Number(digits);
}

// mountinfo writes blanks, tabs, newlines and backslashes as \ooo (mangle in fs/seq_file.c).
function unescapeOctal(text: string): string {
	return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

