// The shell lines of actions on interfaces in network namespaces.
import {ipInside, type NetdevPlace} from '../model/netns.ts';
import {quote} from '../model/shell-word.ts';
import type {MoveNetdevAction, NetnsNetworkAction} from './netns-actions.ts';
import {guestIpCommands} from './network-equivalent.ts';

/** Shell lines equivalent to the action. The namespace of vfctl itself is that of process 1: vfctl
 * refuses to run anywhere else. */
export function netnsEquivalent(action: MoveNetdevAction | NetnsNetworkAction): string[] {
	if (action.kind === 'netns-network') {
		return netnsNetworkCommands(action).map(words => words.map(word => quote(word)).join(' '));
	}

	const name = action.from.name ?? `$(ls ${quote(`/sys/bus/pci/devices/${action.bdf}/net`)})`;
	return [moveCommand(action, {name, home: '1'}).map(word => word === name && action.from.name === null ? `"${name}"` : quote(word)).join(' ')];
}

/** The `ip` command that moves and renames in one. `home` is what `ip` takes for the namespace of
 * the host, `name` what the interface is called now. */
export function moveCommand({from, to}: Pick<MoveNetdevAction, 'from' | 'to'>, {name, home}: {name: string; home: string}): string[] {
	const same = from.netns?.inode === to.netns?.inode;
	return [...ipInside(from.netns), 'link', 'set', 'dev', name, ...same ? [] : ['netns', to.netns?.name ?? home], ...to.name === null || name === to.name ? [] : ['name', to.name]];
}

/** The `ip` commands of the settings, in order. The MAC changes while the interface is down: some
 * drivers refuse it otherwise (IFF_LIVE_ADDR_CHANGE, eth_prepare_mac_addr_change). */
export function netnsNetworkCommands({place, from, to}: {place: NetdevPlace; from: NetnsNetworkAction['from']; to: NetnsNetworkAction['to']}): string[][] {
	const ip = ipInside(place.netns);
	const newMac = to.mac !== null && to.mac !== from.mac;
	const mac = newMac ? [...from.up ? [[...ip, 'link', 'set', 'dev', place.name, 'down']] : [], [...ip, 'link', 'set', 'dev', place.name, 'address', to.mac!]] : [];
	return [...mac, ...guestIpCommands(place.name, newMac ? {...from, up: false} : from, to).map(words => [...ip, ...words.slice(1)])];
}
