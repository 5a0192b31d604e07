// Interrupts and queues in the shape of `vfctl tune show --json`. null is "not known" or "has none".
import {cpuListText} from '../model/cpu-list.ts';
import {balancerVerdict, type BalancerVerdict, type InterruptFacts, type Irqbalance, type NetdevQueue} from '../model/interrupts.ts';
import {balancerWarning} from '../plan/irqbalance.ts';
import {factsOf, type TunedDevice} from '../plan/tune-devices.ts';

export interface InterruptView {
	irq: number;
	mode: 'msi' | 'msix';
	action: string | null;
	/** CPUs that may take it; null while it has no handler. */
	cpus: string | null;
	/** CPUs that take it. */
	effectiveCpus: string | null;
	managed: boolean | null;
	/** By CPU, without those that took none. */
	counts: Record<string, number>;
	/** What irqbalance does with it. */
	irqbalance: BalancerVerdict;
}

export interface QueueView {
	queue: number;
	/** Empty is off. */
	cpus: string;
}

export interface TunedDeviceView {
	name: string;
	bdf: string;
	driver: string | null;
	numaNode: number | null;
	localCpus: string | null;
	/** Null: it has none that can be looked at. */
	interface: {name: string; netns: string | null} | null;
	interrupts: InterruptView[];
	/** RPS. */
	receiveQueues: QueueView[];
	/** XPS. */
	transmitQueues: QueueView[];
}

export interface TuneView {
	version: 1;
	host: string;
	cpus: {online: string; isolated: string; nodes: Array<{node: number; cpus: string}>};
	irqbalance: {running: boolean; pid: number | null; oneshot: boolean; bannedIrqs: number[]; bannedModules: string[]; policyScript: string | null; bannedCpus: string | null; file: string | null};
	/** What irqbalance would undo, and what to type; null when it is no trouble. */
	warning: string | null;
	devices: TunedDeviceView[];
}

/** The view of these devices. */
export function tuneView(host: string, devices: readonly TunedDevice[], facts: InterruptFacts): TuneView {
	const {cpus: {online, isolated, nodes}, irqbalance} = facts;
	return {
		version: 1, host,
		cpus: {online: cpuListText(online), isolated: cpuListText(isolated), nodes: [...nodes].map(([node, cpus]) => ({node, cpus: cpuListText(cpus)}))},
		irqbalance: {...irqbalance, running: irqbalance.pid !== null, bannedIrqs: [...irqbalance.bannedIrqs], bannedModules: [...irqbalance.bannedModules]},
		warning: balancerWarning(irqbalance, devices.map(device => ({...device, irqs: placedIrqs(device, facts)}))) ?? null,
		devices: devices.map(device => deviceView(device, facts)),
	};
}

/** Interrupts that somebody gave CPUs of their own: those that may go anywhere are irqbalance's to place. */
function placedIrqs(device: TunedDevice, facts: InterruptFacts): number[] {
	const all = cpuListText(facts.cpus.online);
	return factsOf(facts, device).interrupts.filter(({wanted, managed}) => wanted !== null && wanted !== all && managed !== true).map(({irq}) => irq);
}

function deviceView(device: TunedDevice, facts: InterruptFacts): TunedDeviceView {
	const {numaNode, localCpus, interrupts, queues} = factsOf(facts, device);
	const view = ({queue, cpus}: NetdevQueue): QueueView => ({queue, cpus});
	return {
		name: device.name, bdf: device.bdf, driver: device.driver, numaNode, localCpus,
		interface: queues && {name: queues.place.name, netns: queues.place.netns?.name ?? null},
		interrupts: interrupts.map(({irq, mode, action, wanted, effective, managed, counts}) => ({
			irq, mode, action, cpus: wanted, effectiveCpus: effective, managed,
			counts: Object.fromEntries([...counts].filter(([, count]) => count > 0)),
			irqbalance: managed === true ? 'leaves' : balancerVerdict(facts.irqbalance satisfies Irqbalance, irq, device.driver),
		})),
		receiveQueues: queues?.receive.map(queue => view(queue)) ?? [],
		transmitQueues: queues?.transmit.map(queue => view(queue)) ?? [],
	};
}
