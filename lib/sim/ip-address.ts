// `ip [-6] addr add|del ADDRESS/LENGTH dev IF`, with the kernel's words (inet_rtm_newaddr,
// inet6_rtm_newaddr) and the routes that come with an address.
import type {CommandResult} from '../host/host.ts';
import {networkOf, parsePrefix, prefixText, type Prefix} from '../model/ip.ts';
import {addressList} from './ip-show.ts';
import {changing} from './machine.ts';
import type {Json, Machine} from './machine.ts';

/** Runs `ip [-4|-6] addr add|del ...`; undefined for other words. */
export function ipAddress(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const [option = '', object, verb, text = '', dev, netdev = ''] = words[0]?.startsWith('-') ? words : ['', ...words];
	if (!['', '-4', '-6'].includes(option) || object !== 'addr' || (verb !== 'add' && verb !== 'del') || dev !== 'dev') {
		return undefined;
	}

	const prefix = parsePrefix(text);
	if (prefix === undefined || (option === '-6' && prefix.family === 4)) {
		return failed(1, `Error: ${option === '-6' ? 'inet6' : 'any valid'} prefix is expected rather than "${text}".`);
	}

	if (!machine.tree.exists(`/sys/class/net/${netdev}`)) {
		return failed(1, `Cannot find device "${netdev}"`);
	}

	const infos = addressesOf(machine, netdev);
	const at = infos.findIndex(info => info['local'] === prefix.address && info['prefixlen'] === prefix.length);
	const problem = verb === 'add' ? addProblem(machine, netdev, prefix, infos) : at < 0 ? `Error: ${family(prefix)}: ${prefix.family === 4 ? 'Address not found' : 'address not found'}.` : undefined;
	if (problem !== undefined) {
		return failed(2, problem);
	}

	changing(machine, ['ip', ...words].join(' '));
	machine.addresses.set(netdev, verb === 'add' ? [...infos, infoOf(prefix, netdev)] : infos.toSpliced(at, 1));
	const route = connected(prefix, netdev);
	const {routes} = machine;
	if (route !== undefined) {
		routes[prefix.family] = verb === 'add'
			? [...routes[prefix.family], route]
			: routes[prefix.family].filter(known => !(known['dst'] === route['dst'] && known['dev'] === netdev && known['protocol'] === 'kernel' && (prefix.family === 6 || known['prefsrc'] === prefix.address)));
	}

	return {code: 0, stdout: '', stderr: ''};
}

/** What an interface that goes down loses: its IPv6 addresses and routes (addrconf_ifdown). */
export function loseIpv6(machine: Machine, netdev: string): void {
	machine.addresses.set(netdev, addressesOf(machine, netdev).filter(({family: name}) => name !== 'inet6'));
	machine.routes[6] = machine.routes[6].filter(route => route['dev'] !== netdev);
}

function addressesOf(machine: Machine, netdev: string): Json[] {
	const infos = addressList(machine).find(({ifname}) => ifname === netdev)?.['addr_info'];
	return Array.isArray(infos) ? infos as Json[] : [];
}

function addProblem(machine: Machine, netdev: string, prefix: Prefix, infos: readonly Json[]): string | undefined {
	const same = infos.some(info => info['local'] === prefix.address && (prefix.family === 6 || info['prefixlen'] === prefix.length));
	if (same) {
		return `Error: ${family(prefix)}: ${prefix.family === 4 ? 'Address already assigned' : 'address already assigned'}.`;
	}

	return prefix.family === 6 && machine.withoutIpv6.has(netdev) ? 'Error: ipv6: IPv6 is disabled on this device.' : undefined;
}

function family(prefix: Prefix): string {
	return `ipv${prefix.family}`;
}

function infoOf(prefix: Prefix, netdev: string): Json {
	return {family: prefix.family === 4 ? 'inet' : 'inet6', local: prefix.address, prefixlen: prefix.length, scope: 'global', ...prefix.family === 4 ? {label: netdev} : {}, valid_life_time: 4_294_967_295, preferred_life_time: 4_294_967_295};
}

/** The route to the network of an address, which the kernel makes. */
function connected(prefix: Prefix, dev: string): Json | undefined {
	if (prefix.family === 4) {
		return prefix.length === 32 ? undefined : {dst: prefixText(networkOf(prefix)), dev, protocol: 'kernel', scope: 'link', prefsrc: prefix.address, flags: []};
	}

	return {dst: prefix.length === 128 ? prefix.address : prefixText(networkOf(prefix)), dev, protocol: 'kernel', metric: 256, flags: [], pref: 'medium'};
}

function failed(code: number, message: string): CommandResult {
	return {code, stdout: '', stderr: `${message}\n`};
}
