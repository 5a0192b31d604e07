// `vfctl tune show` as text.
import {cpuListText} from '../model/cpu-list.ts';
import {cell} from './names.ts';
import {table} from './table.ts';
import type {InterruptView, QueueView, TunedDeviceView, TuneView} from './tune-view.ts';

/** The CPUs, then each device, then irqbalance. */
export function tuneText({cpus: {online, isolated, nodes}, irqbalance, warning, devices}: TuneView): string {
	const facts = [
		`CPUs ${online || 'not known'}${isolated === '' ? '' : `, isolated ${isolated}`}${nodes.length < 2 ? '' : `; ${nodes.map(({node, cpus}) => `node ${node}: ${cpus || 'none'}`).join(', ')}`}`,
		`irqbalance ${irqbalance.running ? `runs (process ${irqbalance.pid})${irqbalance.oneshot ? ', once' : ''}` : 'does not run'}${balancerDetails(irqbalance)}`,
	];
	return [
		facts.join('\n'),
		...devices.length === 0 ? ['no PF or VF has interrupts'] : devices.map(device => deviceText(device)),
		...warning === null ? [] : [warning],
	].join('\n\n');
}

function balancerDetails({bannedIrqs, bannedModules, policyScript, bannedCpus}: TuneView['irqbalance']): string {
	return [
		...bannedIrqs.length === 0 ? [] : [`interrupts ${bannedIrqs.join(',')}`],
		...bannedModules.length === 0 ? [] : [`modules ${bannedModules.join(',')}`],
		...bannedCpus === null ? [] : [`CPUs ${bannedCpus}`],
		...policyScript === null ? [] : [`what ${policyScript} says`],
	].map((what, index) => `${index === 0 ? '; it leaves alone ' : ', '}${what}`).join('');
}

function deviceText({name, bdf, driver, numaNode, localCpus, interface: netdev, interrupts, receiveQueues, transmitQueues}: TunedDeviceView): string {
	const place = netdev === null || (netdev.netns === null && netdev.name === name) ? '' : `, interface ${netdev.name}${netdev.netns === null ? '' : ` in ${netdev.netns}`}`;
	return [
		`${name}: ${bdf}, ${driver === null ? 'no driver' : driver}${place}, ${numaNode === null ? 'NUMA node not known' : `NUMA node ${numaNode} (CPUs ${localCpus ?? 'not known'})`}`,
		interrupts.length === 0 ? 'no interrupts' : table(['IRQ', 'CPUS', 'EFFECTIVE', 'COUNTS', 'NAME'], interrupts.map(one => row(one))),
		...queuesText('receive queues', 'RPS', receiveQueues),
		// Off is the usual thing, and worth no line.
		...queuesText('transmit queues', 'XPS', transmitQueues.filter(({cpus}) => cpus !== '')),
	].join('\n');
}

function row({irq, action, cpus, effectiveCpus, managed, counts}: InterruptView): string[] {
	return [String(irq), cpus === null ? '' : `${cpus}${managed === true ? ' (managed)' : ''}`, cell(effectiveCpus), countsText(counts), action ?? (cpus === null ? 'not in use' : '')];
}

const shownCounts = 4;

/** The CPUs that took most, first: `1:48210 0:17`. */
function countsText(counts: InterruptView['counts']): string {
	const most = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
	return [...most.slice(0, shownCounts).map(([cpu, count]) => `${cpu}:${count}`), ...most.length > shownCounts ? [`+${most.length - shownCounts}`] : []].join(' ');
}

/** Queues with the same CPUs on one line. */
function queuesText(what: string, kind: string, queues: readonly QueueView[]): string[] {
	const groups = new Map<string, number[]>();
	for (const {queue, cpus} of queues) {
		groups.set(cpus, [...groups.get(cpus) ?? [], queue]);
	}

	return [...groups].map(([cpus, members]) => `${what} ${cpuListText(members)}: ${kind} ${cpus === '' ? 'off' : `CPUs ${cpus}`}`);
}
