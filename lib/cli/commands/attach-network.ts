// The part of `vfctl attach` that is inside the guest.
import {AppError} from '../../errors.ts';
import {readGuestFacts} from '../../exec/guest-facts.ts';
import type {RunContext} from '../../exec/run-context.ts';
import type {GuestFile, GuestFileFormat, GuestNetwork} from '../../model/guest-network.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findGuest} from '../../plan/find-guest.ts';
import {attachedMac, withGuestNetwork} from '../../plan/plan-guest-network.ts';
import type {Plan} from '../../plan/plan.ts';

export interface WantedInGuest {
	network: GuestNetwork;
	format: GuestFileFormat | 'auto' | 'none';
	failover: boolean;
}

/** The plan of an attach with what is set and written in the guest, and the files that the admin
 * must put in their place himself. */
export async function addGuestNetwork(plan: Plan, inventory: Inventory, wanted: WantedInGuest, run: RunContext): Promise<{plan: Plan; rendered: GuestFile[]}> {
	const guest = findGuest(inventory, plan.subject.guest!.uuid);
	const mac = attachedMac(plan, inventory);
	if (mac === null) {
		throw new AppError('UNSUPPORTED', `the MAC address of this VF in ${guest.name} is not known`, {why: 'an interface in a guest is found by its MAC', fix: 'detach the VF and attach it with vfctl, which sets one'});
	}

	const facts = await readGuestFacts(await run.libvirt(), run.host.clock, inventory, {guest, mac, wanted: wanted.network, format: wanted.format, failover: wanted.failover});
	return {plan: withGuestNetwork(plan, inventory, wanted.network, facts), rendered: facts.rendered};
}
