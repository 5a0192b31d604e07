// Plans how one end of a measurement gets its interface and address.
import {AppError} from '../../errors.ts';
import type {BenchMethod} from '../../model/bench.ts';
import type {BenchEndName} from '../../model/bench-result.ts';
import type {GuestNetwork} from '../../model/guest-network.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findGuest} from '../../plan/find-guest.ts';
import {planNetnsAttach} from '../../plan/netns/plan-netns-attach.ts';
import {planAttach} from '../../plan/plan-attach.ts';
import {attachedMac, withGuestNetwork} from '../../plan/plan-guest-network.ts';
import type {Plan} from '../../plan/plan.ts';
import {resolveNetns} from '../../sysfs/namespaces.ts';
import {readGuestFacts} from '../guest-facts.ts';
import {readGuestInterface} from '../read-guest-network.ts';
import {readNetnsFacts} from '../read-netns-facts.ts';
import {readWireFacts} from '../read-wire-facts.ts';
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

type Options = Pick<BenchRequest, 'acceptedRisks' | 'renderXml'>;

// A guest under emulation takes 20 s to find a new interface.
const guestTimeoutMs = 90_000;

// What an interface is called in a namespace for a measurement.
const netnsInterface = 'vfctlbench0';

/** Throws what planAttach and planNetnsAttach throw, NO_AGENT, and UNSUPPORTED for what the end has
 * already or cannot have. */
export async function planEnd(run: RunContext, inventory: Inventory, request: EndRequest, options: Options): Promise<PlannedEnd> {
	return request.end.kind === 'guest' ? planGuest(run, inventory, request, options) : planNetns(run, inventory, request, options);
}

async function planGuest(run: RunContext, inventory: Inventory, {end, method, device, address}: EndRequest, {acceptedRisks, renderXml}: Options): Promise<PlannedEnd> {
	const way = method === 'sriov' ? {} : {method};
	const wires = await readWireFacts(run, {...way, device});
	const attach = planAttach(inventory, {guest: end.name, device, live: true, config: false, settings: {}, guestTimeoutMs, acceptedRisks, renderXml, ...way, ...wires === undefined ? {} : {wires}});
	const guest = findGuest(inventory, end.name);
	const mac = attachedMac(attach, inventory);
	if (mac === null || attach.actions.length === 0) {
		throw hasAlready(guest.name, device);
	}

	const network: GuestNetwork = {addresses: [address], routes: [], mtuBytes: null, nameservers: []};
	const libvirt = await run.libvirt();
	const facts = await readGuestFacts(libvirt, run.host.clock, inventory, {guest, mac, wanted: network, format: 'none', failover: false});
	if (facts.unreachable !== null) {
		throw new AppError('NO_AGENT', `${guest.name} cannot be given an address`, {why: facts.unreachable, fix: 'install and start qemu-guest-agent in the guest'});
	}

	return {
		interfaceName: async () => (await readGuestInterface({libvirt, uuid: guest.uuid, clock: run.host.clock}, mac))?.name ?? null,
		plan: forBench(withGuestNetwork(attach, inventory, network, facts), method, {guest: {name: guest.name, uuid: guest.uuid}}),
	};
}

async function planNetns({host}: RunContext, inventory: Inventory, {end, method, device, address}: EndRequest, {acceptedRisks}: Options): Promise<PlannedEnd> {
	if (method !== 'sriov') {
		throw new AppError('UNSUPPORTED', `${end.name} is a namespace: it gets VFs, and nothing by ${method}`, {why: 'macvtap is for guests, and vfctl makes no veth pairs', fix: 'join the namespaces yourself, and measure without --method'});
	}

	const netns = resolveNetns(host.files, end.name);
	const plan = planNetnsAttach(inventory, {netns, device, wholePf: false, name: netnsInterface, addresses: [address], routes: [], settings: {}, acceptedRisks}, await readNetnsFacts(host, inventory, netns));
	if (plan.actions.length === 0) {
		throw hasAlready(end.name, device);
	}

	return {interfaceName: async () => netnsInterface, plan: forBench(plan, method, {netns})};
}

/** Another subject: no detach is to take it for an attach that stays. */
function forBench(plan: Plan, method: BenchMethod, subject: Omit<Plan['subject'], 'command'>): Plan {
	return {...plan, subject: {command: 'bench', ...subject}, title: `for a measurement (${method}): ${plan.title}`};
}

function hasAlready(name: string, device: string): AppError {
	return new AppError('UNSUPPORTED', `${name} has ${device} already`, {why: 'what is measured is attached for the measurement, and taken away after it', fix: 'measure without --method, or on another device'});
}
