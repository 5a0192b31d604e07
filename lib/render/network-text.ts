// libvirt networks and leases as tables.
import {quote} from '../model/shell-word.ts';
import {cell} from './names.ts';
import type {LeaseView, NetworkCheckView, NetworkView} from './network-view.ts';
import {table} from './table.ts';

/** `vfctl network list`. */
export function networkListText(networks: readonly NetworkView[]): string {
	return networks.length === 0
		? 'libvirt has no networks'
		: table(['NAME', 'STATE', 'AUTOSTART', 'MODE', 'BRIDGE', 'LEASES', 'ADDRESSES'], networks.map(({name, active, autostart, mode, bridge, leases, addresses}) =>
			[name, active ? 'active' : 'inactive', autostart ? 'yes' : 'no', mode, cell(bridge), String(leases), addresses.join(',')]));
}

/** `vfctl dhcp list`. */
export function leaseListText(leases: readonly LeaseView[]): string {
	return leases.length === 0
		? 'no static leases'
		: table(['NETWORK', 'MAC', 'IP', 'NAME', 'IN', 'GUEST'], leases.map(({network, mac, ip, hostName, where, guest}) => [network, mac, ip, cell(hostName), where, cell(guest)]));
}

/** `vfctl network check`. */
export function networkCheckText({name, network, problems, ok}: NetworkCheckView): string {
	if (problems.length === 0) {
		return `network ${name} runs and starts with the host (${network?.mode}${network?.bridge === null ? '' : `, ${network?.bridge}`})`;
	}

	return [`network ${name}:`, ...problems.map(({text}) => `  ${text}`), ...ok ? [] : [`vfctl network repair${name === 'default' ? '' : ` ${quote(name)}`}`]].join('\n');
}
