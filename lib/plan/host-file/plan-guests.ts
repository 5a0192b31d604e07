// Guests and their VFs: `guests` of a host file.
import {AppError} from '../../errors.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {Guest} from '../../model/domain.ts';
import type {WantedGuestVf} from '../../model/host-file.ts';
import {noGuestIp, sortedGuestIp} from '../../model/guest-ip.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Mac} from '../../model/mac.ts';
import type {VfSettingsPart} from '../../model/vf-settings.ts';
import {findVf} from '../../model/select.ts';
import type {Action} from '../action.ts';
import type {AttachRequest} from '../attach-request.ts';
import {findGuest} from '../find-guest.ts';
import {planAttach} from '../plan-attach.ts';
import {planDetach} from '../plan-detach.ts';
import {planVfSet} from '../plan-vfs.ts';
import {guestNetworkKey, type HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import {matchDevices, type HeldVf, type Matched} from './guest-devices.ts';
import {vfAddresses, type Resolved, type ResolvedGuestVf} from './resolve.ts';

/** A guest of the file, compared with the one on the host. */
export interface GuestPart {
	path: string;
	uuid: string;
	matched: Matched;
}

/** An interface that a guest has in the end. */
export interface GuestInterface {
	guest: Guest;
	mac: Mac | null;
	vf: ResolvedGuestVf;
	/** The plan gives it to the guest. */
	fresh: boolean;
}

/** Compares every guest that the file lists VFs of. */
export function compareGuests(inventory: Inventory, {guests}: Resolved): GuestPart[] {
	const addresses = vfAddresses(inventory);
	return guests.flatMap(({path, uuid, vfs}) => vfs === null ? [] : [{path, uuid, matched: matchDevices(findGuest(inventory, uuid), vfs, inventory, addresses)}]);
}

/** Takes from guests what they are not to have, or what must be attached anew. `doomed`: VFs that go
 * away after. */
export function planRemovals(fold: Fold, parts: readonly GuestPart[], given: {facts: HostFileFacts; doomed: ReadonlySet<Bdf>}): void {
	for (const {path, uuid, matched} of parts) {
		for (const held of matched.removed) {
			noteNetwork(fold, findGuest(fold.inventory, uuid), {path: `${path}.vfs`, held}, given.facts);
			detach(fold, `${path}.vfs`, uuid, {held, both: isPair(held)}, given);
		}

		for (const {vf, replaced} of matched.wanted) {
			if (replaced !== null) {
				fold.warnings.add(`${vf.path}: it is attached anew because ${replaced.why}`);
				// The virtio half of a failover pair can wait for the VF, unless the MAC of both changes.
				const keeps = vf.wanted.failover !== undefined && (vf.wanted.mac === undefined || vf.wanted.mac === replaced.held.mac);
				noteNetwork(fold, findGuest(fold.inventory, uuid), {path: vf.path, held: replaced.held}, given.facts);
				detach(fold, vf.path, uuid, {held: replaced.held, both: isPair(replaced.held) && !keeps}, given);
			}
		}
	}
}

/** Gives guests what they lack, and sets what can be set on what they have. */
export function planGuests(fold: Fold, parts: readonly GuestPart[], facts: HostFileFacts): GuestInterface[] {
	return parts.flatMap(({uuid, matched}) => matched.wanted.map(({vf, held}) => {
		const guest = findGuest(fold.inventory, uuid);
		const lacking = held === null || (guest.active && held.live === null) || (guest.persistent && held.config === null);
		const actions = lacking ? attach(fold, uuid, vf, held, facts) : [];
		if (held !== null) {
			setHeld(fold, guest, vf, held, facts);
		}

		const attached = actions.find(action => action.kind === 'attach-device');
		return {guest, vf, mac: attached?.mac ?? macOf(fold.inventory, vf, held), fresh: actions.some(action => action.kind === 'attach-device' && action.target === 'live')};
	}));
}

function attach(fold: Fold, uuid: string, {path, vf, pool, settings, wanted}: ResolvedGuestVf, held: HeldVf | null, facts: HostFileFacts): Action[] {
	const {mac, ...rest} = settings;
	// The half that is there says how; only the other one is attached.
	const other = held?.live ?? held?.config ?? null;
	const method = wanted.method ?? (other === null || other.method === 'network' || other.method === 'macvtap' ? undefined : other.method);
	const managed = wanted.managed ?? other?.managed;
	const request: AttachRequest = {
		guest: uuid, device: vf?.bdf ?? `pool:${pool}`, live: false, config: false,
		settings: rest, guestTimeoutMs: facts.guestTimeoutMs, acceptedRisks: facts.acceptedRisks, renderXml: facts.renderXml,
		...(mac === undefined || mac === null ? {} : {mac}),
		...(method === undefined ? {} : {method}),
		...(managed === undefined ? {} : {managed}),
		...failoverOf(wanted),
	};
	return fold.addAttach(path, inventory => planAttach(inventory, request));
}

/** What the guest has on a device that it loses goes with it: as a step of its own it comes back
 * when the apply is undone. */
function noteNetwork(fold: Fold, guest: Guest, {path, held}: {path: string; held: HeldVf}, {guestNetworks}: HostFileFacts): void {
	const mac = held.mac ?? (held.source === null ? null : settingsMac(fold.inventory, held.source));
	if (mac === null || held.live === null || guest.live?.agent !== 'connected') {
		return;
	}

	const ref = {name: guest.name, uuid: guest.uuid};
	const current = guestNetworks.get(guestNetworkKey(guest.uuid, mac))?.current;
	fold.needs.push({guest: ref, mac, path, wanted: null, file: 'none', failover: false, fresh: false});
	if (current && current.addresses.length > 0) {
		fold.add(`${path}.network`, () => [{kind: 'guest-network', guest: ref, mac, from: sortedGuestIp(current), to: noGuestIp, assumed: false}]);
	}
}

function failoverOf({failover}: WantedGuestVf): Pick<AttachRequest, 'failover'> {
	return failover === undefined ? {} : {failover: 'bridge' in failover ? {kind: 'bridge', name: failover.bridge} : {kind: 'network', name: failover.network}};
}

function isPair({live, config}: HeldVf): boolean {
	return ((live ?? config)?.teaming ?? null) !== null;
}

function detach(fold: Fold, path: string, uuid: string, {held: {source, network, mac, live, config}, both}: {held: HeldVf; both: boolean}, {facts, doomed}: {facts: HostFileFacts; doomed: ReadonlySet<Bdf>}): void {
	fold.add(path, inventory => {
		const device = network === null ? source : mac;
		if (device === null) {
			throw new AppError('UNSUPPORTED', `an interface of the pool ${network} has no MAC by which it could be taken away`, {fix: 'take it away with virsh edit'});
		}

		const attachActions = facts.attachActions({guestUuid: uuid, source: (live ?? config)?.source ?? null, mac});
		const standbyActions = both ? facts.attachActions({guestUuid: uuid, source: null, mac, standby: true}) : [];
		const plan = planDetach(inventory, {guest: uuid, device, live: false, config: false, both, attachActions, standbyActions, renderXml: facts.renderXml});
		// What is put back on a VF that goes away is for nothing.
		return {...plan, actions: plan.actions.filter(action => (action.kind !== 'set-vf' && action.kind !== 'own-mac' && action.kind !== 'bind') || !doomed.has(action.bdf))};
	});
}

/** What the guest has already: the settings on the PF that are in force for it. */
function setHeld(fold: Fold, guest: Guest, {path, vf, settings}: ResolvedGuestVf, held: HeldVf, {acceptedRisks}: HostFileFacts): void {
	if (vf === null) {
		return;
	}

	const wanted = inForce(guest, held, settings);
	if (Object.keys(wanted).length > 0) {
		fold.add(path, inventory => planVfSet(inventory, {vf: vf.bdf, settings: wanted, acceptedRisks}));
	}
}

/** libvirt sets MAC and VLAN of an <interface> when the guest starts: before, they mean nothing on
 * the PF; while it runs, they are to be what libvirt made them. */
function inForce({active}: Guest, {live, config}: HeldVf, settings: VfSettingsPart): VfSettingsPart {
	const device = live ?? config;
	if (device?.method !== 'interface') {
		return settings;
	}

	const {mac: _mac, vlan, qos: _qos, vlanProto: _proto, ...rest} = settings;
	return active && live !== null ? {...rest, ...live.mac === null ? {} : {mac: live.mac}, ...vlan === undefined ? {} : {vlan}} : rest;
}

function macOf(inventory: Inventory, {vf}: ResolvedGuestVf, held: HeldVf | null): Mac | null {
	return held?.mac ?? (vf === null ? null : settingsMac(inventory, vf.bdf));
}

function settingsMac(inventory: Inventory, bdf: Bdf): Mac | null {
	return findVf(inventory, bdf)?.vf.settings?.mac ?? null;
}
