// Interrupts and receive queues.
import type {FileReader} from '../../host/host.ts';
import type {SetIrqAffinityAction, SetRpsAction} from '../../plan/tuning-actions.ts';
import {readAffinity, readIrqNumbers} from '../../sysfs/read-interrupts.ts';
import {readRpsAt, writeRpsAt} from '../queue-place.ts';
import {stepFailed, writeAttribute} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Writes smp_affinity_list and reads it back. The kernel shows there what was asked for at once;
 * where the interrupt arrives (effective_affinity) may follow with the next one only, and for one
 * that never comes, never: so it is shown and not waited for. */
export const setIrqAffinity: ActionHandler<SetIrqAffinityAction> = {
	async observe({host: {files}}, {bdf, irq, from, to}) {
		const gone = interruptGone({files}, {bdf, irq});
		const seen = gone === undefined ? readAffinity(files, irq) : null;
		return compare(seen === from, seen === to, gone ?? `interrupt ${irq} of ${bdf} has CPUs ${seen ?? 'none that can be read'}`);
	},

	async apply({host}, {bdf, irq, to}) {
		const what = `interrupt ${irq} of ${bdf} cannot be moved to CPUs ${to}`;
		const gone = interruptGone(host, {bdf, irq});
		if (gone !== undefined) {
			throw await stepFailed(host, what, {why: gone, fix: 'vfctl tune show tells the numbers of now'});
		}

		if (readAffinity(host.files, irq) !== to) {
			await writeAttribute(host, `/proc/irq/${irq}/smp_affinity_list`, to, {what, reasons: refusals, trace: {since: undefined, names: [bdf]}});
		}

		const seen = readAffinity(host.files, irq);
		if (seen !== to) {
			throw await stepFailed(host, what, {why: `it has CPUs ${seen ?? 'none that can be read'} after the write: something else moves interrupts`, fix: 'vfctl tune show tells whether irqbalance runs'});
		}
	},
};

/** Why the number must not be touched, or undefined: after a driver was bound anew, or VFs were made
 * anew, another device may have it. */
export function interruptGone({files}: {files: FileReader}, {bdf, irq}: Pick<SetIrqAffinityAction, 'bdf' | 'irq'>): string | undefined {
	return !readIrqNumbers(files, bdf).includes(irq) ? `${bdf} has no interrupt ${irq} any more`
		: files.exists(`/proc/irq/${irq}`) ? undefined : `no driver handles interrupt ${irq} of ${bdf} any more`;
}

// write_irq_affinity in kernel/irq/proc.c, irq_set_affinity_locked in kernel/irq/manage.c and, for
// vectors, arch/x86/kernel/apic/vector.c.
const managed = 'the kernel places this interrupt by itself (a managed one) or cannot move it';
const refusals: Readonly<Record<string, string>> = {
	EPERM: managed,
	// Before Linux 6.10.
	EIO: managed,
	EINVAL: 'none of these CPUs is online',
	EOVERFLOW: 'the host has no such CPU',
	ERANGE: 'the host has no such CPU',
	ENOSPC: 'these CPUs have no interrupt vector left: each has about 200, and every interrupt of every device takes one; name more CPUs, or give the devices fewer queues (ethtool -L)',
	EBUSY: 'it is being moved already; try again',
};

/** Writes rps_cpus of one queue and reads it back. */
export const setRps: ActionHandler<SetRpsAction> = {
	async observe({host}, {queue, from, to, ...owner}) {
		const seen = await readRpsAt(host, owner, queue);
		return 'missing' in seen ? {other: seen.missing} : compare(seen.cpus === from, seen.cpus === to, `RPS of queue ${queue} of ${owner.place.name} has CPUs ${seen.cpus || 'none'}`);
	},

	async apply({host}, {queue, to, ...owner}) {
		const what = `RPS of queue ${queue} of ${owner.place.name} cannot be set to CPUs ${to || 'none'}`;
		const before = await readRpsAt(host, owner, queue);
		if ('missing' in before) {
			throw await stepFailed(host, what, {why: before.missing, fix: 'vfctl tune show tells the queues of now'});
		}

		if (before.cpus !== to) {
			await writeRpsAt(host, owner, {queue, cpus: to, what});
		}

		const after = await readRpsAt(host, owner, queue);
		if ('missing' in after || after.cpus !== to) {
			throw await stepFailed(host, what, {
				why: 'missing' in after ? after.missing : `it has CPUs ${after.cpus || 'none'} after the write: the kernel leaves out CPUs that are isolated or offline (store_rps_map in net/core/net-sysfs.c)`,
			});
		}
	},
};
