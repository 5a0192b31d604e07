// Interrupts of PCI functions, from the functions themselves. msi_irqs of a device holds its numbers
// wherever its interface is and whatever it is called (pci_msi in Documentation/ABI/testing/sysfs-bus-pci);
// the names in /proc/interrupts are those that interfaces had when they were set up, in any namespace.
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {cpuListText, parseCpuList, parseCpuMask} from '../model/cpu-list.ts';
import type {DeviceInterrupts, Interrupt, NetdevQueue} from '../model/interrupts.ts';
import {readAttribute, readNumber} from './attributes.ts';
import {functionNetdevs} from './function-netdevs.ts';
import {parseInterrupts, type InterruptLine} from './parse-interrupts.ts';
import {pciDevices} from './read-pci.ts';

/** Interrupts and queues of the devices, as far as the host's own namespace shows them. */
export function readInterrupts(files: FileReader, devices: readonly Bdf[]): Map<Bdf, DeviceInterrupts> {
	const lines = parseInterrupts(files.readText('/proc/interrupts') ?? '');
	return new Map(devices.map(bdf => {
		const numaNode = readNumber(files, `${pciDevices}/${bdf}/numa_node`) ?? -1;
		const [netdev] = functionNetdevs(files, bdf);
		return [bdf, {
			bdf,
			numaNode: numaNode < 0 ? null : numaNode,
			localCpus: asList(readAttribute(files, `${pciDevices}/${bdf}/local_cpulist`)),
			interrupts: readIrqNumbers(files, bdf).map(irq => readInterrupt(files, bdf, irq, lines)),
			queues: netdev === undefined ? null : {place: {netns: null, name: netdev}, ...readQueues(files, netdev)},
		}];
	}));
}

/** Numbers of the message-signalled interrupts that the device has now, sorted. */
export function readIrqNumbers(files: FileReader, bdf: Bdf): number[] {
	return files.list(`${pciDevices}/${bdf}/msi_irqs`).filter(name => /^\d{1,7}$/.test(name)).map(Number).toSorted((a, b) => a - b);
}

/** smp_affinity_list in canonical form; null while the interrupt has no directory. */
export function readAffinity(files: FileReader, irq: number): string | null {
	return asList(files.readText(`/proc/irq/${irq}/smp_affinity_list`));
}

/** rps_cpus of a queue as a list; undefined when there is no such queue here. */
export function readRps(files: FileReader, netdev: string, queue: number): string | undefined {
	return maskAsList(files.readText(`/sys/class/net/${netdev}/queues/rx-${queue}/rps_cpus`));
}

/** A mask of sysfs as a list; undefined when it is none. */
export function maskAsList(text: string | undefined): string | undefined {
	const cpus = text === undefined ? undefined : parseCpuMask(text);
	return cpus && cpuListText(cpus);
}

function readInterrupt(files: FileReader, bdf: Bdf, irq: number, lines: ReadonlyMap<number, InterruptLine>): Interrupt {
	const line = lines.get(irq);
	const debug = files.readText(`/sys/kernel/debug/irq/irqs/${irq}`);
	return {
		irq,
		mode: readAttribute(files, `${pciDevices}/${bdf}/msi_irqs/${irq}`) === 'msi' ? 'msi' : 'msix',
		action: line?.action ?? null,
		wanted: readAffinity(files, irq),
		effective: asList(files.readText(`/proc/irq/${irq}/effective_affinity_list`)),
		managed: debug === undefined ? null : debug.includes('IRQD_AFFINITY_MANAGED'),
		counts: line?.counts ?? new Map(),
	};
}

function readQueues(files: FileReader, netdev: string): {receive: NetdevQueue[]; transmit: NetdevQueue[]} {
	const directory = `/sys/class/net/${netdev}/queues`;
	const read = (prefix: 'rx' | 'tx', attribute: string) => files.list(directory).flatMap(name => {
		const queue = new RegExp(`^${prefix}-(\\d{1,5})$`).exec(name)?.[1];
		const cpus = queue === undefined ? undefined : maskAsList(files.readText(`${directory}/${name}/${attribute}`));
		return queue === undefined || cpus === undefined ? [] : [{queue: Number(queue), cpus}];
	}).toSorted((a, b) => a.queue - b.queue);
	return {receive: read('rx', 'rps_cpus'), transmit: read('tx', 'xps_cpus')};
}

function asList(text: string | undefined): string | null {
	const cpus = text === undefined ? undefined : parseCpuList(text);
	return cpus === undefined ? null : cpuListText(cpus);
}
