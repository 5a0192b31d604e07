// Plans which CPUs take the interrupts of devices.
import {AppError} from '../errors.ts';
import {cpuListText} from '../model/cpu-list.ts';
import {chosenCpus, CpuRounds, type CpuChoice} from '../model/cpu-spread.ts';
import type {DeviceInterrupts, InterruptFacts} from '../model/interrupts.ts';
import type {Inventory} from '../model/inventory.ts';
import {balancerWarning} from './irqbalance.ts';
import type {Plan} from './plan.ts';
import {factsOf, noInterrupts, tunedDevices, type TunedDevice} from './tune-devices.ts';
import type {SetIrqAffinityAction} from './tuning-actions.ts';

export interface TuneIrqRequest {
	/** PFs and VFs as typed. */
	devices: readonly string[];
	choice: CpuChoice;
}

/** Gives each interrupt of the devices one CPU, one after the other; empty when they have these
 * already. Throws BAD_CPUS, UNSUPPORTED when no device has an interrupt to place, and what
 * `select` throws. */
export function planTuneIrq(inventory: Inventory, facts: InterruptFacts, {devices: names, choice}: TuneIrqRequest): Plan {
	const devices = tunedDevices(inventory, names);
	const rounds = new CpuRounds();
	const spread = devices.map(device => spreadDevice(device, facts, {choice, rounds}));
	const without = devices.filter((_, index) => spread[index]!.placed.length === 0).map(device => problemOf(device, factsOf(facts, device), inventory));
	if (without.length === devices.length) {
		throw without[0] ?? new AppError('USAGE', 'no device was named');
	}

	const actions = spread.flatMap(one => one.actions);
	const count = spread.reduce((sum, {placed}) => sum + placed.length, 0);
	const balanced = balancerWarning(facts.irqbalance, devices.map(({bdf, driver}, index) => ({bdf, driver, irqs: spread[index]!.placed})));
	const cpus = cpuListText(spread.flatMap(one => one.cpus));
	return {
		version: 1, subject: {command: 'tune'},
		title: `${actions.length === 0 ? `the ${count} interrupts of ${namesText(devices)} are spread` : `spread ${count} interrupts of ${namesText(devices)}`} over CPUs ${cpus}`,
		actions,
		warnings: [...without.map(({message, why}) => `${message}: ${why}`), ...spread.flatMap(one => one.warnings), ...namedWarnings(choice, devices, facts), ...balanced === undefined ? [] : [balanced]],
		risks: [],
	};
}

/** What is done to one device. */
export interface DeviceSpread {
	actions: SetIrqAffinityAction[];
	/** Interrupts that are placed, those that stay too. */
	placed: number[];
	cpus: number[];
	warnings: string[];
}

/** Goes on in the rounds with the interrupts of one device. Managed ones, and those without a
 * handler, are left out and told. */
export function spreadDevice(device: TunedDevice, facts: InterruptFacts, {choice, rounds}: {choice: CpuChoice; rounds: CpuRounds}): DeviceSpread {
	const own = factsOf(facts, device);
	const cpus = chosenCpus(choice, facts.cpus, own.numaNode);
	const movable = own.interrupts.filter(({wanted, managed}) => wanted !== null && managed !== true);
	const actions = movable.flatMap(({irq, wanted}): SetIrqAffinityAction[] => {
		const to = String(rounds.next(cpus));
		return wanted === to ? [] : [{kind: 'set-irq-affinity', bdf: device.bdf, irq, from: wanted!, to}];
	});
	const managed = own.interrupts.filter(one => one.managed === true).length;
	const idle = own.interrupts.filter(({wanted}) => wanted === null).length;
	return {
		actions, cpus,
		placed: movable.map(({irq}) => irq),
		warnings: [
			...managed === 0 ? [] : [`${managed} interrupts of ${device.name} stay: the kernel places them by itself (managed)`],
			...idle === 0 || movable.length === 0 ? [] : [`${idle} interrupts of ${device.name} have no handler yet and stay: place them again when its driver uses them`],
		],
	};
}

function problemOf(device: TunedDevice, own: DeviceInterrupts, inventory: Inventory): AppError {
	return own.interrupts.some(({managed}) => managed === true)
		? new AppError('UNSUPPORTED', `the interrupts of ${device.name} cannot be placed`, {why: 'they are managed: its driver lets the kernel place them, and the kernel refuses others', fix: `the CPUs they have are in: vfctl tune show ${device.bdf}`})
		: noInterrupts(device, own, inventory);
}

/** What is odd about CPUs that were named. */
function namedWarnings(choice: CpuChoice, devices: readonly TunedDevice[], facts: InterruptFacts): string[] {
	if (!('cpus' in choice)) {
		return [];
	}

	const cpus = chosenCpus(choice, facts.cpus, null);
	const isolated = cpus.filter(cpu => facts.cpus.isolated.includes(cpu));
	const far = devices.filter(device => {
		const near = facts.cpus.nodes.get(factsOf(facts, device).numaNode ?? -1);
		return near !== undefined && !cpus.some(cpu => near.includes(cpu));
	});
	return [
		...isolated.length === 0 ? [] : [`CPU ${cpuListText(isolated)} is isolated: interrupts disturb what runs there`],
		...far.length === 0 ? [] : [`no CPU of ${cpuListText(cpus)} is on the NUMA node of ${namesText(far)}: packets cross to another node`],
	];
}

/** `ens6f1#0, ens6f1#1 and 62 more`. */
export function namesText(devices: readonly TunedDevice[]): string {
	const [first, second, ...more] = devices.map(({name}) => name);
	return more.length > 1 ? `${first}, ${second} and ${more.length} more` : [first, second, ...more].filter(name => name !== undefined).join(', ');
}
