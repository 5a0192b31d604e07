// Plans which CPUs share the packets of receive queues (Documentation/networking/scaling.rst, RPS).
import {AppError} from '../errors.ts';
import {cpuListText} from '../model/cpu-list.ts';
import {chosenCpus, type CpuChoice} from '../model/cpu-spread.ts';
import type {CpuFacts, InterruptFacts} from '../model/interrupts.ts';
import type {Inventory} from '../model/inventory.ts';
import {holderOf, holderText} from '../model/holder.ts';
import type {Plan} from './plan.ts';
import {namesText} from './plan-tune-irq.ts';
import {factsOf, tunedDevices, type TunedDevice} from './tune-devices.ts';
import type {SetRpsAction} from './tuning-actions.ts';

export interface TuneRpsRequest {
	devices: readonly string[];
	choice: CpuChoice | 'none';
	/** Undefined: every receive queue. */
	queue?: number;
}

/** Sets RPS of the receive queues; empty when it is so. Throws BAD_CPUS, UNSUPPORTED where there are
 * no queues to set, and what `select` throws. */
export function planTuneRps(inventory: Inventory, facts: InterruptFacts, {devices: names, choice, queue}: TuneRpsRequest): Plan {
	const devices = tunedDevices(inventory, names);
	const actions = devices.flatMap(device => rpsActions(device, facts, {choice, queue, inventory}));
	const cpus = [...new Set(devices.map(device => cpuListText(rpsCpus(choice, facts.cpus, factsOf(facts, device).numaNode)) || 'none'))].join(' or ');
	const queues = queue === undefined ? 'the receive queues' : `receive queue ${queue}`;
	return {
		version: 1, subject: {command: 'tune'},
		title: actions.length === 0 ? `RPS of ${queues} of ${namesText(devices)} is so already: CPUs ${cpus}`
			: choice === 'none' ? `switch RPS of ${queues} of ${namesText(devices)} off` : `spread ${queues} of ${namesText(devices)} over CPUs ${cpus}`,
		actions, warnings: [], risks: [],
	};
}

/** What makes the receive queues of one device so. */
export function rpsActions(device: TunedDevice, facts: InterruptFacts, {choice, queue, inventory}: {choice: CpuChoice | 'none'; queue?: number | undefined; inventory: Inventory}): SetRpsAction[] {
	const {queues, numaNode} = factsOf(facts, device);
	if (queues?.place.netns?.name.startsWith('/')) {
		throw new AppError('UNSUPPORTED', `the receive queues of ${device.name} cannot be reached`, {
			why: `its interface ${queues.place.name} is in a network namespace without a name (${queues.place.netns.name}), whose sysfs is not mounted here`,
			fix: `give it one: ip netns attach NAME ${/^\/proc\/(\d+)\//.exec(queues.place.netns.name)?.[1] ?? 'PID'}`,
		});
	}

	if (queues === null || queues.receive.length === 0) {
		const {selected} = device;
		throw new AppError('UNSUPPORTED', `${device.name} has no receive queues that the host could set`, {
			why: device.driver === null ? 'no driver is bound to it' : selected.kind === 'vf' ? holderText(holderOf(selected.vf, inventory)) === 'nobody' ? `it is on ${device.driver}, without an interface` : `it is with ${holderText(holderOf(selected.vf, inventory))}` : `it is on ${device.driver}, without an interface here`,
			fix: 'RPS belongs to an interface of the host or of a namespace that `ip netns list` shows; a guest sets its own',
		});
	}

	const chosen = queues.receive.filter(one => queue === undefined || one.queue === queue);
	if (chosen.length === 0) {
		throw new AppError('UNSUPPORTED', `${device.name} has no receive queue ${queue}`, {why: `it has ${cpuListText(queues.receive.map(one => one.queue))}`, fix: `ethtool -l ${queues.place.name}`});
	}

	const to = cpuListText(rpsCpus(choice, facts.cpus, numaNode));
	return chosen.filter(one => one.cpus !== to).map(one => ({kind: 'set-rps', bdf: device.bdf, place: queues.place, queue: one.queue, from: one.cpus, to}));
}

/** The kernel silently leaves isolated CPUs out, and shows what it has made of it. */
function rpsCpus(choice: CpuChoice | 'none', facts: CpuFacts, numaNode: number | null): number[] {
	if (choice === 'none') {
		return [];
	}

	const cpus = chosenCpus(choice, facts, numaNode);
	const isolated = cpus.filter(cpu => facts.isolated.includes(cpu));
	if (isolated.length > 0) {
		throw new AppError('BAD_CPUS', `CPU ${cpuListText(isolated)} is isolated and takes no packets by RPS`, {why: 'the kernel leaves isolated CPUs out (rps_cpumask_housekeeping)', fix: `name others of CPUs ${cpuListText(facts.online.filter(cpu => !facts.isolated.includes(cpu)))}`});
	}

	return cpus;
}
