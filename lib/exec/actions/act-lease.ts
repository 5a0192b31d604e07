// Static DHCP leases: virNetworkUpdate of the saved definition and of the running one.
import type {AffectTarget, Libvirt} from '../../libvirt/libvirt.ts';
import {leaseXml} from '../../libvirt/lease-xml.ts';
import {contains, hostPrefix, parseAddress, parsePrefix} from '../../model/ip.ts';
import type {Mac} from '../../model/mac.ts';
import type {Lease, Network} from '../../model/network.ts';
import type {SetLeaseAction} from '../../plan/action.ts';
import {definitions, findNetwork} from '../network-state.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

/** Adds, changes or removes the lease of one MAC wherever the network has a definition. */
export const setLease: ActionHandler<SetLeaseAction> = {
	async observe(context, {network, from, to}) {
		const found = await read(context, network);
		if (found === undefined) {
			return {other: `there is no network ${network}`};
		}

		const mac = (to ?? from)?.mac;
		const leases = Object.values(found).map(definition => leaseOf(definition, mac)?.lease ?? null);
		const all = (wanted: Lease | null) => leases.every(lease => sameLease(lease, wanted));
		const words = leases.map(lease => lease === null ? 'no lease' : `${lease.ip}${lease.name === null ? '' : ` (${lease.name})`}`);
		return compare(all(from), all(to), `network ${network} has ${[...new Set(words)].join(' and ')} for ${mac}`);
	},

	async apply(context, action) {
		const {network, from, to} = action;
		const libvirt = await context.libvirt();
		const mac = (to ?? from)?.mac;
		const found = await read(context, network);
		if (found === undefined && to === null) {
			// With the network went its leases.
			return;
		}

		for (const [target, definition] of Object.entries(found ?? {}) as Array<[AffectTarget, Network]>) {
			await change(libvirt, {definition, target, mac, to});
		}

		const seen = await setLease.observe(context, {...action, from: to});
		if (seen !== 'from') {
			throw await stepFailed(context.host, `the lease of ${mac} in network ${network} is not as it was asked for`, {why: `reading it back: ${typeof seen === 'object' ? seen.other : seen}`});
		}
	},
};

async function read(context: ActionContext, network: string): Promise<Partial<Record<AffectTarget, Network>> | undefined> {
	const record = await findNetwork(await context.libvirt(), network);
	return record && definitions(record);
}

async function change(libvirt: Libvirt, {definition, target, mac, to}: {definition: Network; target: AffectTarget; mac: Mac | undefined; to: Lease | null}): Promise<void> {
	const now = leaseOf(definition, mac);
	if (sameLease(now?.lease ?? null, to)) {
		return;
	}

	if (to === null) {
		await libvirt.updateLease(definition.name, 'delete', leaseXml((now as FoundLease).lease), target, now?.ipIndex);
		return;
	}

	const ipIndex = indexFor(definition, to.ip);
	if (now && now.ipIndex === ipIndex) {
		await libvirt.updateLease(definition.name, 'modify', leaseXml(to), target, ipIndex);
		return;
	}

	// The new address is of another <ip>: libvirt changes leases within one only.
	if (now) {
		await libvirt.updateLease(definition.name, 'delete', leaseXml(now.lease), target, now.ipIndex);
	}

	await libvirt.updateLease(definition.name, 'add', leaseXml(to), target, ipIndex);
}

interface FoundLease {
	lease: Lease;
	ipIndex: number;
}

function leaseOf({ips}: Network, mac: Mac | undefined): FoundLease | undefined {
	return ips.flatMap(({leases}, ipIndex) => leases.map(lease => ({lease, ipIndex}))).find(({lease}) => lease.mac === mac);
}

/** The <ip> whose network an address is in; -1 lets libvirt choose. */
function indexFor({ips}: Network, ip: string): number {
	const address = parseAddress(ip);
	return ips.findIndex(({address: own}) => {
		const prefix = parsePrefix(own);
		return address !== undefined && prefix !== undefined && contains(prefix, hostPrefix(address));
	});
}

function sameLease(a: Lease | null, b: Lease | null): boolean {
	return a === null || b === null ? a === b : a.mac === b.mac && a.ip === b.ip && a.name === b.name;
}
