// Plans the repair of a libvirt network: what is safe and can be undone. Firewall rules are the
// admin's; for them the error tells what to type.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {networkProblems} from '../model/network-problems.ts';
import type {Network, NetworkState} from '../model/network.ts';
import {quote} from '../model/shell-word.ts';
import type {Action} from './action.ts';
import {defaultNetwork, defaultNetworkXml, freeSubnet, shippedSubnet} from './default-network.ts';
import {findNetwork, knownNetworks} from './find-network.ts';
import type {Plan} from './plan.ts';

export interface NetworkRepair {
	name: string;
	/** Kernel modules to load first: not loaded, and the kernel has them. */
	modules: readonly string[];
}

/** Defines the default network when it is missing, starts any, and makes it start with the host;
 * empty when all is well. Throws NETWORK_NOT_FOUND for another one that is missing, NETWORK_BROKEN
 * when its subnet is taken. */
export function planNetworkRepair(inventory: Inventory, {name, modules}: NetworkRepair): Plan {
	const network = name === defaultNetwork ? knownNetworks(inventory).find(one => one.name === name) : findNetwork(inventory, name);
	const from = network === undefined ? null : stateOf(network);
	const to = network === undefined ? newDefault(inventory) : repaired(inventory, network);
	const change = to !== null && (from === null || from.xml !== to.xml || from.active !== to.active || from.autostart !== to.autostart);
	const actions: Action[] = change ? [
		...modules.map(module => ({kind: 'load-module', module, from: 'absent', to: 'loaded'}) as const),
		{kind: 'set-network', name, from, to},
	] : [];
	return {version: 1, subject: {command: 'network'}, title: change ? title(name, from, to) : `network ${name} runs${to === null ? '' : ' and starts with the host'}`, actions, warnings: warnings(network, to), risks: []};
}

function stateOf({savedXml, active, autostart}: Network): NetworkState | null {
	return savedXml === null ? null : {xml: savedXml, active, autostart};
}

function newDefault(inventory: Inventory): NetworkState {
	return {xml: defaultNetworkXml(freeSubnet(inventory)), active: true, autostart: true};
}

/** Null for a transient network, which can only run. */
function repaired(inventory: Inventory, network: Network): NetworkState | null {
	if (network.savedXml === null) {
		return null;
	}

	const taken = networkProblems(inventory, network.name, network).find(({name}) => name === 'subnet-in-use');
	if (taken === undefined) {
		return {xml: network.savedXml, active: true, autostart: true};
	}

	if (!isAsShipped(network)) {
		throw new AppError('NETWORK_BROKEN', `network ${network.name} cannot be started: ${taken.text}`, {
			why: 'libvirt refuses a network in a subnet where the host is already, and this one has been set up by hand',
			fix: `virsh net-edit ${quote(network.name)}, and choose another subnet`,
			details: {trouble: taken.name},
		});
	}

	const base = `192.168.${freeSubnet(inventory)}.`;
	return {xml: network.savedXml.replaceAll(`'192.168.${shippedSubnet}.`, `'${base}`), active: true, autostart: true};
}

// Nobody depends on its addresses, so that it may move: the usual state of a guest that is a host.
function isAsShipped({name, ips}: Network): boolean {
	const [ip] = ips;
	return name === defaultNetwork && ips.length === 1 && ip?.address === `192.168.${shippedSubnet}.1/24` && ip.leases.length === 0;
}

function title(name: string, from: NetworkState | null, to: NetworkState | null): string {
	if (from === null) {
		return `define network ${name} and start it`;
	}

	const parts = [
		...from.xml === to?.xml ? [] : ['move it to a free subnet'],
		...from.active ? [] : ['start it'],
		...from.autostart ? [] : ['let it start with the host'],
	];
	return `repair network ${name}: ${parts.join(', ')}`;
}

function warnings(network: Network | undefined, to: NetworkState | null): string[] {
	const subnet = to === null ? undefined : /address='(192\.168\.\d+)\.1'/.exec(to.xml)?.[1];
	return [
		...network !== undefined && network.savedXml === null ? [`network ${network.name} is transient: it is lost when it stops (virsh net-dumpxml ${quote(network.name)} and net-define keep it)`] : [],
		...subnet !== undefined && subnet !== `192.168.${shippedSubnet}` && network?.savedXml !== to?.xml ? [`the host is in 192.168.${shippedSubnet}.0/24 already, so the network gets ${subnet}.0/24`] : [],
	];
}
