// Guests with the devices that they have, in the shape of `vfctl guests --json`: what libvirt tells, of this
// machine or of another. null is "not known" or "has none".
import type {Guest, GuestDefinition, GuestDevice, GuestNic} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import {pfName, vfName} from '../model/select.ts';

type Definition = 'live' | 'config' | 'both';

/** A PCI device, or a pool's interface. */
export interface GuestDeviceView {
	method: GuestDevice['method'];
	/** Address on the host; null before a pool has given one. */
	source: string | null;
	/** `ens6f1#0`; null when it is no VF of this machine. */
	vf: string | null;
	pool: string | null;
	mac: string | null;
	vlan: number | null;
	/** `BB:SS.F` inside the guest. */
	guestAddress: string | null;
	/** Which definition of the guest has it. */
	definition: Definition;
}

/** Any other interface. */
export interface GuestNicView {
	type: string;
	source: string | null;
	model: string | null;
	mac: string | null;
	definition: Definition;
}

export interface GuestView {
	name: string;
	uuid: string;
	state: string;
	/** False: it is gone when it stops. */
	persistent: boolean;
	devices: GuestDeviceView[];
	interfaces: GuestNicView[];
}

export interface GuestListView {
	version: 1;
	host: string;
	guests: GuestView[];
}

/** The view of some guests. */
export function guestListView(host: string, inventory: Inventory, guests: readonly Guest[]): GuestListView {
	const names = new Map(inventory.pfs.flatMap(pf => pf.vfs.map(vf => [vf.bdf, vfName(pf, vf)] as const)));
	const pfs = new Map(inventory.pfs.map(pf => [pf.bdf, pfName(pf)] as const));
	return {
		version: 1, host,
		guests: guests.map(({name, uuid, state, persistent, live, config}) => ({
			name, uuid, state, persistent,
			devices: joined(live?.devices, config?.devices, deviceKey).map(([{method, source, network, mac, vlan, guestAddress}, definition]) => ({
				method, source, vf: source === null ? null : names.get(source) ?? pfs.get(source) ?? null, pool: network, mac, vlan, guestAddress, definition,
			})),
			interfaces: joined(othersOf(live), othersOf(config), nicKey).map(([{type, source, model, mac}, definition]) => ({type, source, model, mac, definition})),
		})),
	};
}

// A pool's interface has a source only while the guest runs, and keeps its MAC.
function deviceKey({source, network, mac}: GuestDevice): string {
	return network === null ? source ?? mac ?? '' : `${network} ${mac}`;
}

function nicKey({type, source, mac}: GuestNic): string {
	return `${type} ${source} ${mac}`;
}

function othersOf(definition: GuestDefinition | null): GuestNic[] | undefined {
	const taken = new Set(definition?.devices.map(({mac}) => mac));
	return definition?.interfaces.filter(({mac, type}) => type !== 'hostdev' && !taken.has(mac));
}

/** What both definitions have counts once, as the running one has it. */
function joined<T>(live: readonly T[] = [], config: readonly T[] = [], key: (one: T) => string): Array<[T, Definition]> {
	const saved = new Set(config.map(one => key(one)));
	const running = new Set(live.map(one => key(one)));
	return [
		...live.map((one): [T, Definition] => [one, saved.has(key(one)) ? 'both' : 'live']),
		...config.filter(one => !running.has(key(one))).map((one): [T, Definition] => [one, 'config']),
	];
}
