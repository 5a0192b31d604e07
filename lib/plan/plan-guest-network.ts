// What an attach does for the guest's own network, put into the attach's plan.
import type {GuestFile, GuestIp, GuestNetwork} from '../model/guest-network.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Mac} from '../model/mac.ts';
import {findVf} from '../model/select.ts';
import type {Action, AttachDeviceAction, GuestRef} from './action.ts';
import {guestFileActions, guestIpActions} from './guest-network-actions.ts';
import {requireFreeAddresses, requireMtuOfPf, requireUsableNetwork, type KnownInterface} from './guest-network-checks.ts';
import type {Plan} from './plan.ts';

/** What is known of the guest when the plan is made. */
export interface GuestNetworkFacts {
	guest: GuestRef;
	mac: Mac;
	/** Why nothing can be set in the guest, or null when its agent answers. */
	unreachable: string | null;
	/** What the interface has; null when it is not there yet. */
	current: GuestIp | null;
	/** Files to write, with what is there. */
	files: ReadonlyArray<{file: GuestFile; current: string | null}>;
	known: readonly KnownInterface[];
	warnings: readonly string[];
}

/** The plan with what the guest gets: its file before the device is plugged in, so that a network
 * service which takes new interfaces at once finds it, and the running settings at the end.
 * Throws BAD_ADDRESS, ADDRESS_CONFLICT or UNSUPPORTED. */
export function withGuestNetwork(plan: Plan, inventory: Inventory, wanted: GuestNetwork, facts: GuestNetworkFacts): Plan {
	const {guest, mac, unreachable, current, files, known} = facts;
	requireUsableNetwork(wanted);
	const pf = inventory.pfs.find(({bdf}) => bdf === plan.subject.pf);
	if (pf) {
		requireMtuOfPf(inventory, pf, wanted.mtuBytes);
	}

	const warnings = requireFreeAddresses(wanted.addresses, mac, known);
	const first = plan.actions.findIndex(({kind}) => kind === 'attach-device');
	const before = first === -1 ? plan.actions.length : first;
	const live = isLive(plan, inventory, guest);
	const fileActions = files.flatMap(file => guestFileActions({guest, file}));
	const actions: Action[] = [
		...plan.actions.slice(0, before),
		...fileActions,
		...plan.actions.slice(before),
		...unreachable === null && live ? guestIpActions({guest, mac, wanted, current, told: fileActions.length > 0}) : [],
	];
	const changed = actions.length > plan.actions.length && plan.actions.length === 0;
	return {
		...plan,
		title: changed ? `set the network of ${mac} in ${guest.name}` : plan.title,
		actions,
		// That an attached VF stays as it is was said of settings, and is not so of these.
		warnings: [...plan.warnings, ...facts.warnings, ...warnings, ...unreachable !== null && live ? [`addresses are not set in ${guest.name} while it runs: ${unreachable}`] : []],
	};
}

/** MAC of the interface in the guest that the plan is about; null when it has none that is known. */
export function attachedMac({actions, subject}: Plan, inventory: Inventory): Mac | null {
	const attach = actions.findLast((action): action is AttachDeviceAction => action.kind === 'attach-device');
	if (attach) {
		return attach.mac;
	}

	if (subject.mac !== undefined) {
		return subject.mac;
	}

	const guest = inventory.guests?.find(({uuid}) => uuid === subject.guest?.uuid);
	const device = [...guest?.live?.devices ?? [], ...guest?.config?.devices ?? []].find(({source, network}) => subject.vf === null ? network === subject.pool : source === subject.vf);
	return device?.mac ?? findVf(inventory, subject.vf)?.vf.settings?.mac ?? null;
}

// The running guest has the device, or gets it.
function isLive({actions, subject}: Plan, {guests}: Inventory, {uuid}: GuestRef): boolean {
	const attaches = actions.filter(({kind}) => kind === 'attach-device') as AttachDeviceAction[];
	const definition = guests?.find(guest => guest.uuid === uuid)?.live;
	const has = (subject.mac === undefined
		? definition?.devices.some(({source, network}) => subject.vf === null ? network === subject.pool : source === subject.vf)
		: definition?.macs.includes(subject.mac)) ?? false;
	return has || attaches.some(({target}) => target === 'live');
}
