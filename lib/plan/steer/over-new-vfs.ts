// What becomes of the steering rules of a PF when its number of VFs changes.
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import {steerDriver} from '../../model/steer-driver.ts';
import type {SteerEntry, Steering} from '../../model/steering.ts';
import type {SetSteerAction} from '../tuning-actions.ts';

export interface OverNewVfs {
	/** Before the number changes: rules that the driver drops then are taken away, so that undo
	 * brings them back. */
	actions: SetSteerAction[];
	warnings: string[];
}

/** Goes by the source of the driver (model/steer-driver.ts). `steering` is null where nothing is told. */
export function overNewVfs(pf: Pf, steering: Steering | null, count: number): OverNewVfs {
	const entries = steering?.entries ?? [];
	const driver = steerDriver(pf.driver);
	const name = pfName(pf);
	if (steering === null || entries.length === 0) {
		return {actions: [], warnings: []};
	}

	if (driver === undefined) {
		return {actions: [], warnings: [`vfctl does not know what driver ${pf.driver ?? ''} does then with ${rules(entries)} of ${name}: vfctl steer list shows them`]};
	}

	if (driver.lostBy.includes('vf-count')) {
		const foreign = entries.filter(({rule}) => rule === null);
		return {
			actions: entries.flatMap(({location, rule}): SetSteerAction[] => rule === null ? [] : [{kind: 'set-steer', pf: pf.bdf, netdev: steering.netdev, location, from: rule, to: null}]),
			warnings: [
				...foreign.length < entries.length ? [`${rules(entries.filter(({rule}) => rule !== null))} of ${name} will be gone: driver ${pf.driver} drops them when the number of VFs changes; undo brings them back, and so does a host file with steering`] : [],
				...foreign.length > 0 ? [`${rules(foreign)} of ${name} will be gone for good: driver ${pf.driver} drops them when the number of VFs changes, and vfctl has no words for them`] : [],
			],
		};
	}

	const toVfs = driver.staleVfs ? entries.filter(({rule}) => rule?.target.kind === 'vf') : [];
	const toQueues = driver.queuesMoveWithVfs && count > 0 ? entries.filter(({rule}) => rule?.target.kind === 'queue') : [];
	return {
		actions: [],
		warnings: [
			...toVfs.length > 0 ? [`${rules(toVfs)} of ${name} to VFs will stay, and may lead to other VFs then: vfctl steer delete takes them away`] : [],
			...toQueues.length > 0 ? [`${rules(toQueues)} of ${name} to queues will lead to VFs: driver ${pf.driver} gives the first queues to them`] : [],
		],
	};
}

/** `steering rule 3`, `steering rules 3 and 7`. */
function rules(entries: readonly SteerEntry[]): string {
	const locations = entries.map(({location}) => location);
	return `steering rule${locations.length === 1 ? '' : 's'} ${locations.length > 5 ? `${locations.slice(0, 4).join(', ')} and ${locations.length - 4} more` : locations.length === 1 ? locations[0] : `${locations.slice(0, -1).join(', ')} and ${locations.at(-1)}`}`;
}
