// `vfctl guests` as a table: a line for each device and interface of each guest.
import type {GuestListView, GuestView} from './guests-view.ts';
import {cell} from './names.ts';
import {table} from './table.ts';

/** The table; a host without guests says so in words. */
export function guestListText({guests}: GuestListView): string {
	if (guests.length === 0) {
		return 'libvirt has no guest';
	}

	return table(['GUEST', 'STATE', 'DEVICE', 'ADDRESS', 'BY', 'MAC', 'VLAN', 'DEFINITION'], guests.flatMap(guest => rows(guest)));
}

function rows({name, state, devices, interfaces}: GuestView): string[][] {
	const all = [
		...devices.map(({vf, pool, source, method, mac, vlan, definition}) => [cell(vf ?? (pool === null ? null : `pool ${pool}`)), cell(source), pool === null ? method : `pool ${pool}`, cell(mac), cell(vlan === 0 ? null : vlan), definition]),
		...interfaces.map(({type, source, model, mac, definition}) => [source === null ? type : `${type} ${source}`, '-', cell(model), cell(mac), '-', definition]),
	];
	return (all.length === 0 ? [['-', '-', '-', '-', '-', '-']] : all).map(one => [name, state, ...one]);
}
