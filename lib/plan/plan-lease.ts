// Plans a static DHCP lease.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Mac} from '../model/mac.ts';
import type {Lease, Network, NetworkIp} from '../model/network.ts';
import {quote} from '../model/shell-word.ts';
import {findNetwork} from './find-network.ts';
import {checkLease} from './lease-conflicts.ts';
import type {Plan} from './plan.ts';

export interface LeaseRequest {
	network: string;
	mac: Mac;
	/** Null takes the lease away. */
	wanted: Lease | null;
}

/** Makes the MAC have this lease, or none; empty when it is so. Throws NETWORK_NOT_FOUND,
 * LEASE_NOT_FOUND when there is none to take away, and what checkLease throws. */
export function planLease(inventory: Inventory, {network: name, mac, wanted}: LeaseRequest): Plan {
	const network = findNetwork(inventory, name);
	const from = currentLease(network, mac);
	if (wanted === null && from === null) {
		const leases = network.ips.flatMap(({leases: some}) => some);
		throw new AppError('LEASE_NOT_FOUND', `network ${name} has no lease for ${mac}`, {why: leases.length === 0 ? 'it has no static leases' : `its leases are for ${leases.map(lease => `${lease.mac} (${lease.ip})`).join(', ')}`, fix: `vfctl dhcp list ${quote(name)}`});
	}

	const to = wanted === null ? null : checkLease(network, wanted);
	const same = from !== null && to !== null && from.ip === to.ip && from.name === to.name;
	return {
		version: 1,
		subject: {command: 'dhcp'},
		title: title(name, from, to, same),
		actions: same ? [] : [{kind: 'set-lease', network: name, from, to}],
		warnings: same ? [] : warnings(network),
		risks: [],
	};
}

function title(network: string, from: Lease | null, to: Lease | null, same: boolean): string {
	if (to === null) {
		return `remove the lease of ${from?.mac} (${from?.ip}) from network ${network}`;
	}

	return same ? `${to.mac} has ${to.ip} in network ${network} already` : `${from === null ? 'reserve' : `change ${from.ip} to`} ${to.ip} for ${to.mac} in network ${network}`;
}

function warnings({name, active, savedXml}: Network): string[] {
	return [
		...savedXml === null ? [`network ${name} is transient: the lease is lost when it stops`] : [],
		...active ? ['a guest that has an address already keeps it until it asks again (its lease ends, or it is restarted)'] : [],
	];
}

/** The lease of a MAC, in the running and in the saved definition. */
function currentLease(network: Network, mac: Mac): Lease | null {
	const [running, saved] = [network.ips, network.savedIps ?? network.ips].map(ips => find(ips, mac)) as [Lease | null, Lease | null];
	if (JSON.stringify(running) === JSON.stringify(saved)) {
		return running;
	}

	const words = (lease: Lease | null) => lease === null ? 'no lease' : `${lease.ip}${lease.name === null ? '' : ` (${lease.name})`}`;
	const [target, lease] = running === null ? ['--config', saved] : ['--live', running];
	throw new AppError('LEASE_CONFLICT', `the running network ${network.name} and its saved definition differ about ${mac}`, {
		why: `running: ${words(running)}; saved: ${words(saved)}`,
		fix: `make them the same first: virsh net-update ${quote(network.name)} delete ip-dhcp-host "<host mac='${mac}' ip='${lease?.ip}'/>" ${target}`,
		details: {running, saved},
	});
}

function find(ips: readonly NetworkIp[], mac: Mac): Lease | null {
	return ips.flatMap(({leases}) => leases).find(lease => lease.mac === mac) ?? null;
}
