// Interrupts of network functions and who balances them (sysfs/read-interrupts.ts, read-cpus.ts and
// read-irqbalance.ts read it).
import {irqbalanceFiles} from '../sysfs/read-irqbalance.ts';
import {readIrqNumbers} from '../sysfs/read-interrupts.ts';
import {parseBdf} from '../model/bdf.ts';
import type {Collector} from './collector.ts';

const devices = '/sys/bus/pci/devices';
const cpus = '/sys/devices/system/cpu';
const nodes = '/sys/devices/system/node';

/** CPUs, affinity of the interrupts of PFs and VFs, RPS and XPS, irqbalance. */
export function collectInterrupts(into: Collector): void {
	const {files} = into;
	into.texts(cpus, ['online', 'possible', 'isolated']);
	for (const name of files.list(cpus).filter(entry => /^cpu\d+$/.test(entry))) {
		into.text(`${cpus}/${name}/topology/thread_siblings_list`);
	}

	for (const name of files.list(nodes).filter(entry => /^node\d+$/.test(entry))) {
		into.text(`${nodes}/${name}/cpulist`);
	}

	for (const irq of networkInterrupts(into)) {
		into.texts(`/proc/irq/${irq}`, ['smp_affinity_list', 'effective_affinity_list']);
		into.text(`/sys/kernel/debug/irq/irqs/${irq}`);
	}

	for (const name of files.list('/sys/class/net')) {
		const path = into.real(`/sys/class/net/${name}`);
		for (const queue of path === undefined ? [] : files.list(`${path}/queues`)) {
			into.texts(`${path}/queues/${queue}`, [queue.startsWith('rx-') ? 'rps_cpus' : 'xps_cpus']);
		}
	}

	for (const path of irqbalanceFiles) {
		into.text(path);
	}

	for (const pid of files.list('/proc').filter(name => /^\d+$/.test(name) && files.readText(`/proc/${name}/comm`)?.trim() === 'irqbalance')) {
		into.texts(`/proc/${pid}`, ['comm', 'cmdline']);
	}
}

/** Numbers of the interrupts of PFs and VFs. */
export function networkInterrupts({files}: Pick<Collector, 'files'>): Set<number> {
	return new Set(files.list(devices).flatMap(name => {
		const bdf = parseBdf(name);
		const isOurs = bdf !== undefined && files.readText(`${devices}/${bdf}/class`)?.startsWith('0x02') === true
			&& (files.exists(`${devices}/${bdf}/sriov_totalvfs`) || files.exists(`${devices}/${bdf}/physfn`));
		return isOurs ? readIrqNumbers(files, bdf) : [];
	}));
}
