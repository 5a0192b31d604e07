// Reads what tuning needs: CPUs, interrupts, queues in all namespaces we may enter, irqbalance.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {NetdevPlace} from '../model/netns.ts';
import type {DeviceQueues, InterruptFacts, NetdevQueue} from '../model/interrupts.ts';
import {readCpus} from '../sysfs/read-cpus.ts';
import {maskAsList, readInterrupts} from '../sysfs/read-interrupts.ts';
import {readIrqbalance} from '../sysfs/read-irqbalance.ts';
import {pciDevices} from '../sysfs/read-pci.ts';
import {findNetdevs} from './find-netdev.ts';
import {enter} from './queue-place.ts';

/** The facts about these devices. */
export async function readInterruptFacts(host: Host, bdfs: readonly Bdf[]): Promise<InterruptFacts> {
	const {files} = host;
	const devices = readInterrupts(files, bdfs);
	// The directory is there and empty while the interface is in another namespace.
	const away = bdfs.filter(bdf => files.exists(`${pciDevices}/${bdf}/net`) && files.list(`${pciDevices}/${bdf}/net`).length === 0);
	for (const [bdf, place] of away.length === 0 ? [] : await findNetdevs(host, away)) {
		const device = devices.get(bdf);
		if (device) {
			devices.set(bdf, {...device, queues: {place, ...await readQueuesInside(host, place)}});
		}
	}

	return {cpus: readCpus(files), devices, irqbalance: readIrqbalance(files)};
}

/** One program reads all queues of an interface: each start costs a fork and a mount. */
export function queuesCommand(way: readonly [string, ...string[]], netdev: string): [string, ...string[]] {
	return [...way, 'grep', '-rs', '--include=rps_cpus', '--include=xps_cpus', '.', `/sys/class/net/${netdev}/queues`];
}

/** No queues where no name leads to the namespace: its sysfs cannot be seen then. */
async function readQueuesInside(host: Host, {netns, name}: NetdevPlace): Promise<Omit<DeviceQueues, 'place'>> {
	const way = netns === null ? undefined : enter(host, netns);
	// grep ends with 2 when a queue has no XPS map; what it could read counts.
	const result = way && await host.runner.run(queuesCommand(way, name)).catch(() => undefined);
	const text = result?.stdout ?? '';
	return {receive: parseQueues(text, 'rx', 'rps_cpus'), transmit: parseQueues(text, 'tx', 'xps_cpus')};
}

/** Lines such as `/sys/class/net/eth3/queues/rx-0/rps_cpus:3`. */
function parseQueues(text: string, prefix: 'rx' | 'tx', attribute: string): NetdevQueue[] {
	const form = new RegExp(`/queues/${prefix}-(\\d{1,5})/${attribute}:([\\da-f,]+)$`);
	return text.split('\n').flatMap(line => {
		const match = form.exec(line.trim());
		const cpus = maskAsList(match?.[2]);
		return match && cpus !== undefined ? [{queue: Number(match[1]), cpus}] : [];
	}).toSorted((a, b) => a.queue - b.queue);
}
