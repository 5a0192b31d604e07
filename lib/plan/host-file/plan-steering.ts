// Steering rules of the PFs of a host file.
import type {Bdf} from '../../model/bdf.ts';
import type {WantedSteerRule} from '../../model/host-file.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf} from '../../model/pci.ts';
import {selectPf, selectVf} from '../../model/select.ts';
import {sameMatch} from '../../model/steer-rule.ts';
import type {SteerEntry, Steering} from '../../model/steering.ts';
import type {Action} from '../action.ts';
import type {Plan} from '../plan.ts';
import {planSteerAdd, planSteerDelete, steeringNetdev} from '../plan-steer.ts';
import {changedDevices} from './changed-devices.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Makes the rules of each PF those of the file; what vfctl has no words for stays. Several drivers
 * drop rules when the number of VFs changes or the link goes: the paths of PFs that the plan itself
 * changes are given back, to be planned anew then. */
export function planSteering(fold: Fold, {pfs}: Resolved, tables: ReadonlyMap<Bdf, Steering>): string[] {
	const wanted = pfs.flatMap(({path, bdf, wanted: {steering}}) => steering === undefined ? [] : [{path: `${path}.steering`, bdf, rules: steering}]);
	const changed = changedDevices(fold);
	const later = wanted.filter(({bdf}) => changed.has(bdf)).map(({path}) => path);
	for (const {path, bdf, rules} of wanted.filter(entry => !changed.has(entry.bdf))) {
		const table = tables.get(bdf);
		if (table === undefined) {
			// Nothing was read of a PF without an interface: this tells why.
			fold.add(path, inventory => {
				steeringNetdev(selectPf(inventory, bdf));
				return [];
			});
		} else {
			planTable(fold, {path, bdf, rules}, table);
		}
	}

	if (later.length > 0) {
		fold.warnings.add(`${later.join(', ')}: these rules are looked at when the rest is done, in an operation of its own: the card may lose some by it`);
	}

	return later;
}

function planTable(fold: Fold, {path, bdf, rules}: {path: string; bdf: Bdf; rules: readonly WantedSteerRule[]}, read: Steering): void {
	let table = read;
	const plan = (place: string, make: (pf: Pf, inventory: Inventory) => Plan) => fold.add(place, inventory => {
		const made = make(selectPf(inventory, bdf), inventory);
		table = made.actions.reduce((before, action) => after(before, action), table);
		return made;
	});
	const known = (table.entries ?? []).filter(({rule}) => rule !== null);
	for (const {location} of (table.entries ?? []).filter(({rule}) => rule === null)) {
		fold.warnings.add(`rule ${location} of ${table.netdev} is left as it is: vfctl has no words for it`);
	}

	const kept = new Map<WantedSteerRule, SteerEntry>();
	for (const rule of rules) {
		const entry = known.find(candidate => sameMatch(candidate.rule!, rule) && (rule.location ?? candidate.location) === candidate.location);
		if (entry !== undefined) {
			kept.set(rule, entry);
		}
	}

	const gone = known.filter(entry => ![...kept.values()].includes(entry)).map(({location}) => location);
	if (gone.length > 0) {
		plan(path, pf => planSteerDelete(pf, table, gone));
	}

	// Those with a place of their own first, so that no other takes it.
	for (const [index, wanted] of [...rules.entries()].toSorted(([, a], [, b]) => Number(a.location === undefined) - Number(b.location === undefined))) {
		const {location: given, ...rule} = wanted;
		const location = given ?? kept.get(wanted)?.location;
		plan(`${path}[${index}]`, (pf, inventory) => {
			if (rule.target.kind === 'vf') {
				selectVf(inventory, `${bdf}#${rule.target.vf}`);
			}

			return planSteerAdd(inventory, {pf, steering: table, rule, ...location === undefined ? {} : {location}});
		});
	}
}

/** The table as it will be. */
function after(table: Steering, action: Action): Steering {
	if (action.kind === 'set-feature') {
		return {...table, ntuple: table.ntuple && {...table.ntuple, on: action.to === 'on'}};
	}

	if (action.kind !== 'set-steer') {
		return table;
	}

	const others = (table.entries ?? []).filter(({location}) => location !== action.location);
	return {...table, entries: action.to === null ? others : [...others, {location: action.location, rule: action.to, lines: ['in this plan']}]};
}
