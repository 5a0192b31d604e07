// Plans what makes the host what a host file says: the planners of the single commands, one after
// the other.
import type {HostFile} from '../../model/host-file.ts';
import type {Inventory} from '../../model/inventory.ts';
import {ruleDriver} from '../binding-rule.ts';
import type {Plan} from '../plan.ts';
import type {GuestNetworkNeed, HostFileFacts} from './facts.ts';
import {Fold} from './fold.ts';
import {planGuestNetworks} from './plan-guest-networks.ts';
import {compareGuests, planGuests, planRemovals} from './plan-guests.ts';
import {planLeases, planPoolsAbsent, planPoolsPresent, planPoolStarts, planPoolStops, planRoutes} from './plan-networks.ts';
import {planForwarding, planSwitches} from './plan-forwarding.ts';
import {doomedVfs, planAutoprobe, planCounts, planLinks} from './plan-pfs.ts';
import {planHugepagesPart} from './plan-hugepages-part.ts';
import {planSteering} from './plan-steering.ts';
import {planTuning} from './plan-tuning.ts';
import {planDrivers, planSettings} from './plan-vfs-part.ts';
import {resolve} from './resolve.ts';

export interface HostFilePlan {
	plan: Plan;
	/** Where the file asks for it, for each action: `pfs.ens1f0.numVfs`. */
	origins: string[];
	/** Places in the file that are to be planned anew when the plan has run: what they are about comes
	 * with it. */
	later: string[];
}

/** The plan; empty when the host is so already. Errors have the code that the single command would
 * have, and name the place in the file; BAD_HOST_FILE when the file contradicts itself. */
export function planHostFile(inventory: Inventory, file: HostFile, facts: HostFileFacts): HostFilePlan {
	const {actions, origins, attaches, warnings, risks, later} = fold(inventory, file, {facts, reading: false});
	return {
		plan: {
			version: 1,
			subject: {command: 'apply', ...attaches.length === 0 ? {} : {attaches}},
			title: actions.length === 0 ? `this host is what ${facts.fileName} says` : `make this host what ${facts.fileName} says`,
			actions, warnings: [...warnings], risks: [...risks],
		},
		origins, later,
	};
}

/** The interfaces in running guests that must be read before planning. */
export function guestNetworkNeeds(inventory: Inventory, file: HostFile, facts: HostFileFacts): GuestNetworkNeed[] {
	return file.guests.some(({vfs}) => vfs !== undefined) ? fold(inventory, file, {facts, reading: true}).needs : [];
}

function fold(inventory: Inventory, file: HostFile, {facts, reading}: {facts: HostFileFacts; reading: boolean}): Fold {
	const resolved = resolve(inventory, file);
	const rules = new Map([...facts.bindingRules].flatMap(([bdf, rule]) => {
		const driver = ruleDriver(rule);
		return driver === undefined ? [] : [[bdf, driver] as const];
	}));
	const result = new Fold(inventory, rules);
	const guests = compareGuests(inventory, resolved);
	planHugepagesPart(result, file.hugepages, facts.hugepages);
	planAutoprobe(result, resolved);
	planRemovals(result, guests, {facts, doomed: doomedVfs(inventory, resolved)});
	planPoolsAbsent(result, file.pools);
	const stops = planPoolStops(result, resolved);
	planCounts(result, resolved, facts);
	planLinks(result, resolved);
	planSwitches(result, resolved, facts);
	planForwarding(result, resolved, facts);
	planSettings(result, resolved, facts);
	planDrivers(result, resolved, facts);
	planPoolsPresent(result, file.pools, resolved, facts);
	planPoolStarts(result, stops);
	const interfaces = planGuests(result, guests, facts);
	planGuestNetworks(result, interfaces, reading ? null : facts);
	planRoutes(result, file.routes);
	planLeases(result, file.leases);
	result.later.push(...reading ? [] : planSteering(result, resolved, facts.steering), ...planTuning(result, resolved, facts.interrupts));
	return result;
}
