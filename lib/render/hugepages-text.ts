// `vfctl dpdk hugepages` as text and for --json.
import type {HugepageFacts, HugepagePool} from '../model/hugepages.ts';
import {keptPages} from '../plan/hugepages-file.ts';
import {hugepagesFile} from '../plan/tuning-equivalent.ts';
import {table} from './table.ts';
import {sizeText} from './tuning-text.ts';

export interface HugepagesView {
	host: string;
	defaultSizeKiB: number | null;
	memory: {totalKiB: number; availableKiB: number};
	pools: Array<{
		sizeKiB: number;
		/** Null is the whole host. */
		node: number | null;
		total: number;
		free: number;
		/** Promised and not touched yet; null for a node, where the kernel does not tell. */
		reserved: number | null;
		/** Beyond what is kept; they go when they are freed. */
		surplus: number;
		/** Kept at every boot by vfctl; null when it does not say. */
		atBoot: number | null;
	}>;
	mounts: Array<{path: string; sizeKiB: number; files: Array<{owner: string; count: number}>}>;
	/** Processes with huge pages, of all sizes together. */
	users: Array<{pid: number; command: string; kiB: number}>;
}

/** The facts in one shape. */
export function hugepagesView(host: string, {defaultSizeKiB, memory, pools, mounts, users, kept}: HugepageFacts): HugepagesView {
	const atBoot = keptPages(kept);
	return {
		host, defaultSizeKiB,
		memory: {...memory},
		pools: pools.map(({sizeKiB, node, total, free, reserved, surplus}) => ({sizeKiB, node, total, free, reserved: node === null ? reserved : null, surplus, atBoot: atBoot.get(hugepagesFile({sizeKiB, node})) ?? null})),
		mounts: mounts.map(({path, sizeKiB, files}) => ({path, sizeKiB, files: files.map(file => ({...file}))})),
		users: users.map(user => ({...user})),
	};
}

/** The page. Nodes are listed when there are several. */
export function hugepagesText(view: HugepagesView): string {
	if (view.pools.length === 0) {
		return 'this kernel has no huge pages';
	}

	const several = new Set(view.pools.map(({node}) => node).filter(node => node !== null)).size > 1;
	const rows = view.pools.filter(({node}) => several || node === null);
	return [
		table(['SIZE', 'NODE', 'TOTAL', 'FREE', 'RESERVED', 'SURPLUS', 'AT BOOT'], rows.map(pool => row(pool))),
		'',
		`memory available     ${sizeText(Math.floor(view.memory.availableKiB / 1024) * 1024)} of ${sizeText(Math.floor(view.memory.totalKiB / 1024) * 1024)}`,
		...view.mounts.map(({path, sizeKiB, files}) => `mounted              ${path} (pages of ${sizeText(sizeKiB)})${files.length === 0 ? '' : `: ${files.map(({owner, count}) => `${owner} (${count} ${count === 1 ? 'entry' : 'entries'})`).join(', ')}`}`),
		...view.users.map(({pid, command, kiB}) => `in use by            ${command} (${pid}): ${sizeText(kiB)}`),
		...leftOver(view),
	].join('\n');
}

function row({sizeKiB, node, total, free, reserved, surplus, atBoot}: Omit<HugepagePool, 'reserved'> & {reserved: number | null; atBoot: number | null}): string[] {
	return [sizeText(sizeKiB), node === null ? 'all' : String(node), String(total), String(free), reserved === null ? '' : String(reserved), String(surplus), atBoot === null ? '' : String(atBoot)];
}

/** A DPDK program that ended leaves its files, and they keep their pages. */
function leftOver({users, mounts}: HugepagesView): string[] {
	const files = mounts.flatMap(mount => mount.files.filter(({owner}) => owner.startsWith('DPDK')).map(({owner}) => `${mount.path}/${owner.replace('DPDK, file prefix ', '')}map_*`));
	return users.length > 0 || files.length === 0 ? [] : [`left over            ${files.join(', ')}: no process has them, and they hold their pages until they are removed`];
}
