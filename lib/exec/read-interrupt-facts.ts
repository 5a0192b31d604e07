// Reads what tuning needs: CPUs, interrupts, queues in all namespaces we may enter, irqbalance.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {DeviceQueues, InterruptFacts, NetdevQueue} from '../model/interrupts.ts';
import {readCpus} from '../sysfs/read-cpus.ts';
import {maskAsList, readInterrupts} from '../sysfs/read-interrupts.ts';
import {readIrqbalance} from '../sysfs/read-irqbalance.ts';
import {readNamespacedNetdevs, type NamespacedNetdev} from '../sysfs/read-namespaces.ts';
import {pciDevices} from '../sysfs/read-pci.ts';
import {inodeOf, inside} from './queue-place.ts';

/** The facts about these devices. */
export async function readInterruptFacts(host: Host, bdfs: readonly Bdf[]): Promise<InterruptFacts> {
	const {files, runner} = host;
	const devices = readInterrupts(files, bdfs);
	// The directory is there and empty while the interface is in another namespace.
	const away = bdfs.filter(bdf => files.exists(`${pciDevices}/${bdf}/net`) && files.list(`${pciDevices}/${bdf}/net`).length === 0);
	const namespaced = away.length === 0 ? new Map<Bdf, NamespacedNetdev>() : await readNamespacedNetdevs(runner);
	for (const bdf of away) {
		const found = namespaced.get(bdf);
		const queues = found && await readQueuesInside(host, found);
		const device = devices.get(bdf);
		if (queues && device) {
			devices.set(bdf, {...device, queues});
		}
	}

	return {cpus: readCpus(files), devices, irqbalance: readIrqbalance(files)};
}

/** One program reads all queues of an interface: each start costs a fork and a mount. */
export function queuesCommand({namespace, netdev}: NamespacedNetdev): [string, ...string[]] {
	return [...inside({name: namespace}), 'grep', '-rs', '--include=rps_cpus', '--include=xps_cpus', '.', `/sys/class/net/${netdev}/queues`];
}

async function readQueuesInside(host: Host, found: NamespacedNetdev): Promise<DeviceQueues | undefined> {
	const inode = await inodeOf(host, {name: found.namespace}).catch(() => undefined);
	// grep ends with 2 when a queue has no XPS map; what it could read counts.
	const result = await host.runner.run(queuesCommand(found)).catch(() => undefined);
	const receive = parseQueues(result?.stdout ?? '', 'rx', 'rps_cpus');
	return inode === undefined || receive.length === 0 ? undefined : {place: {netns: {name: found.namespace, inode}, name: found.netdev}, receive, transmit: parseQueues(result?.stdout ?? '', 'tx', 'xps_cpus')};
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
