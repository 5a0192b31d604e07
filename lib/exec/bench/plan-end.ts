// Plans how one end of a measurement gets its interface and address.
import {AppError} from '../../errors.ts';
import type {BenchMethod} from '../../model/bench.ts';
import type {BenchEndName} from '../../model/bench-result.ts';
import type {GuestNetwork} from '../../model/guest-network.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findGuest} from '../../plan/find-guest.ts';
import {planAttach} from '../../plan/plan-attach.ts';
import {attachedMac, withGuestNetwork} from '../../plan/plan-guest-network.ts';
import type {Plan} from '../../plan/plan.ts';
import {readGuestFacts} from '../guest-facts.ts';
import {readGuestInterface} from '../read-guest-network.ts';
import type {RunContext} from '../run-context.ts';
import type {BenchRequest} from './bench-request.ts';

export interface EndRequest {
	readonly end: BenchEndName;
	readonly method: BenchMethod;
	/** PF or bridge. */
	readonly device: string;
	/** `198.18.0.1/24`. */
	readonly address: string;
}

export interface PlannedEnd {
	readonly plan: Plan;
	/** Name of the interface at the end, once the plan has run; null when it is not found. */
	readonly interfaceName: () => Promise<string | null>;
}

// A guest under emulation takes 20 s to find a new interface.
const guestTimeoutMs = 90_000;

/** Throws what planAttach throws, and UNSUPPORTED. */
export async function planEnd(run: RunContext, inventory: Inventory, request: EndRequest, {acceptedRisks, renderXml}: Pick<BenchRequest, 'acceptedRisks' | 'renderXml'>): Promise<PlannedEnd> {
	const {end, method, device, address} = request;
	if (end.kind === 'netns') {
		throw new AppError('UNSUPPORTED', `${end.name} is a namespace, and is not joined by ${method} yet`, {why: 'only guests are', fix: 'attach it yourself, and measure without --method'});
	}

	const attach = planAttach(inventory, {guest: end.name, device, live: true, config: false, settings: {}, guestTimeoutMs, acceptedRisks, renderXml});
	const guest = findGuest(inventory, end.name);
	const mac = attachedMac(attach, inventory);
	if (mac === null || attach.actions.length === 0) {
		throw new AppError('UNSUPPORTED', `${guest.name} has ${device} already`, {why: 'what is measured is attached for the measurement, and taken away after it', fix: 'measure without --method, or on another device'});
	}

	const network: GuestNetwork = {addresses: [address], routes: [], mtuBytes: null, nameservers: []};
	const libvirt = await run.libvirt();
	const facts = await readGuestFacts(libvirt, run.host.clock, inventory, {guest, mac, wanted: network, format: 'none', failover: false});
	if (facts.unreachable !== null) {
		throw new AppError('NO_AGENT', `${guest.name} cannot be given an address`, {why: facts.unreachable, fix: 'install and start qemu-guest-agent in the guest'});
	}

	const plan = withGuestNetwork(attach, inventory, network, facts);
	return {
		interfaceName: async () => (await readGuestInterface({libvirt, uuid: guest.uuid, clock: run.host.clock}, mac))?.name ?? null,
		plan: {...plan, subject: {command: 'bench', guest: {name: guest.name, uuid: guest.uuid}}, title: `for a measurement (${method}): ${plan.title}`},
	};
}
