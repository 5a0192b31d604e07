// `vfctl pool list` and `vfctl pool show` as text.
import {cell} from './names.ts';
import type {PoolListView, PoolMemberView, PoolShowView, PoolView} from './pool-view.ts';
import {table} from './table.ts';

/** A line a pool; a host without pools says so in words. */
export function poolListText({pools}: PoolListView): string {
	if (pools.length === 0) {
		return 'there is no pool: vfctl pool create NAME PF makes one';
	}

	return table(['NAME', 'STATE', 'AUTOSTART', 'FREE', 'PF', 'GUESTS'], pools.map(pool => [
		pool.name, stateText(pool), yesNo(pool.autostart), `${cell(pool.freeVfs)}/${cell(pool.totalVfs)}`, cell(pool.pfs.join(',') || pool.pf), cell(pool.guests.map(({name}) => name).join(',')),
	]));
}

/** Its facts, a line each, then its VFs. */
export function poolShowText({pool}: PoolShowView): string {
	const lines: Array<readonly [string, string]> = [
		['pool', pool.name],
		['UUID', pool.uuid],
		['state', stateText(pool)],
		['autostart', yesNo(pool.autostart)],
		['made of', pool.pf === null ? 'chosen VFs' : `all VFs of ${pool.pf}`],
		['managed', yesNo(pool.managed)],
		['VFs', pool.freeVfs === null ? cell(pool.totalVfs) : `${pool.freeVfs} of ${pool.totalVfs} free`],
		...pool.changesAtStart ? [['note', 'it will be of other VFs from its next start on'] as const] : [],
		...pool.guests.map(({name, definition}) => ['guest', `${name} (${definition === 'both' ? 'running and saved' : definition === 'live' ? 'running only' : 'saved only'})`] as const),
	];
	const width = Math.max(...lines.map(([name]) => name.length));
	return [
		...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
		...pool.members.length === 0 ? [] : ['', table(['VF', 'ADDRESS', 'DRIVER', 'HOLDER'], pool.members.map(member => [cell(member.name), member.bdf, cell(member.driver), holderText(member, pool)]))],
	].join('\n');
}

function stateText({active}: PoolView): string {
	return active ? 'started' : 'stopped';
}

function yesNo(value: boolean): string {
	return value ? 'yes' : 'no';
}

function holderText({holder, free, fromPool}: PoolMemberView, pool: PoolView): string {
	if (holder === null) {
		return free === null ? 'no guest' : 'not there: the PF has fewer VFs now';
	}

	// That this pool hands it out goes without saying.
	return fromPool ? holder.text : free ? (holder.kind === 'nobody' || holder.text === `pool ${pool.name} hands it out` ? 'free' : `free (${holder.text})`) : `${holder.text}, not from this pool`;
}
