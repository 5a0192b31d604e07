// A virtio interface for a guest, whatever it hangs on.
import type {NicSpec} from '../../libvirt/device-xml.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {Guest, GuestNic} from '../../model/domain.ts';
import {chooseMac, requireFreeMac} from '../../model/free-mac.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Action, AttachDeviceAction} from '../action.ts';
import type {AttachRequest} from '../attach-request.ts';
import {checkGuest, guestWarnings, requireFreePort, takenPorts} from '../guest-port.ts';
import type {Plan, PlanSubject} from '../plan.ts';

export interface AttachTo {
	request: AttachRequest;
	guest: Guest;
	targets: ReadonlyArray<'config' | 'live'>;
}

/** What the interface hangs on. */
export interface Wire {
	method: 'macvtap' | 'bridge' | 'vhost-user';
	spec: Pick<NicSpec, 'on' | 'name' | 'mode' | 'queues'>;
	vlan: number | null;
	/** VF below it, or null. */
	vf: Bdf | null;
	pf?: Bdf;
	/** Steps before and after the attach. */
	before: readonly Action[];
	after: readonly Action[];
	/** In the title: `virtio on br0`. */
	text: string;
	warnings: readonly string[];
}

/** The plan; empty when the guest has the interface already. Throws MAC_IN_USE, NO_PCI_SLOT. */
export function planNic(inventory: Inventory, {request, guest, targets}: AttachTo, wire: Wire): Plan {
	const {method, spec, vlan, vf, text} = wire;
	const present = (target: 'config' | 'live') => guest[target]?.interfaces.filter(nic => isOn(nic, wire)) ?? [];
	// Those of the definition that is not asked for, too: both are to have the same interface.
	const own = new Set((['config', 'live'] as const).flatMap(target => present(target)).flatMap(nic => nic.mac ?? []));
	const mac = request.mac ?? (vf !== null && own.size === 1 ? [...own][0]! : chooseMac(inventory, `${guest.uuid} ${method} ${spec.name}`, vf, own));
	const missing = targets.filter(target => !present(target).some(nic => nic.mac === mac));
	const guestRef = {name: guest.name, uuid: guest.uuid};
	const subject: PlanSubject = {command: 'attach', guest: guestRef, vf, ...wire.pf === undefined ? {} : {pf: wire.pf}, mac};
	if (missing.length === 0) {
		return {version: 1, subject, title: `${guest.name} has ${mac} on ${spec.name} already`, actions: [], warnings: presentWarnings(present(targets[0]!).find(nic => nic.mac === mac), wire, request), risks: []};
	}

	if (!own.has(mac)) {
		requireFreeMac(inventory, mac, vf);
	}

	requireFreePort(guest, targets);
	const deviceXml = request.renderXml({method: 'nic', source: null, network: null, mac, vlan, managed: false, nic: spec});
	const attach = (target: 'config' | 'live'): AttachDeviceAction => ({
		kind: 'attach-device', guest: guestRef, target, deviceXml, source: vf, network: vf === null ? spec.name : null, mac, method, managed: false, hostDriver: null,
		portsBefore: takenPorts(guest[target]),
	});
	const live = missing.includes('live');
	return {
		version: 1,
		subject,
		title: `attach ${text} to ${guest.name}${missing.length === 1 && guest.active && guest.persistent ? ` (${missing[0]} only)` : ''}`,
		actions: [...wire.before, ...missing.map(target => attach(target)), ...wire.after, ...checkGuest(guest, guestRef, live, mac, request)],
		warnings: [...wire.warnings, ...guestWarnings(guest, live)],
		risks: [],
	};
}

const types: Readonly<Record<NicSpec['on'], string>> = {network: 'network', bridge: 'bridge', openvswitch: 'bridge', direct: 'direct', vhostuser: 'vhostuser'};

/** Whether the interface hangs on the same thing. */
export function isOn(nic: GuestNic, {spec}: Pick<Wire, 'spec'>): boolean {
	return nic.type === types[spec.on] && nic.source === spec.name && nic.teaming === null;
}

function presentWarnings(nic: GuestNic | undefined, {vlan, spec}: Wire, {settings}: AttachRequest): string[] {
	const asked = [
		...settings.vlan === undefined || vlan === (nic?.vlan ?? null) ? [] : ['vlan'],
		...spec.mode === undefined || spec.mode === null || nic === undefined || nic.mode === spec.mode ? [] : ['mode'],
	];
	return asked.length === 0 ? [] : [`it stays as it is, whatever was asked for (${asked.join(', ')}): detach it and attach it anew`];
}

