// Receive queues of an interface wherever it is. Net-sysfs shows only the interfaces of the namespace
// it was mounted in, and `ip netns exec` mounts one of its own (netns_switch in iproute2 lib/namespace.c).
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {cpuMask} from '../model/cpu-list.ts';
import {netnsFile, type NetdevPlace, type NetnsRef} from '../model/netns.ts';
import {rpsFile} from '../plan/tuning-equivalent.ts';
import {maskAsList} from '../sysfs/read-interrupts.ts';
import {readNetdevs} from './pci-state.ts';
import {stepFailed, writeAttribute} from './step-error.ts';

/** The queues that are looked at: those of one interface of one function. */
export interface QueueOwner {
	bdf: Bdf;
	place: NetdevPlace;
}

/** rps_cpus of a queue as a list, or why there is none. */
export async function readRpsAt(host: Host, {bdf, place: {netns, name}}: QueueOwner, queue: number): Promise<{cpus: string} | {missing: string}> {
	const missing = `${name} is not the interface of ${bdf} any more`;
	if (netns === null) {
		const cpus = readNetdevs(host.files, bdf).includes(name) ? maskAsList(host.files.readText(rpsFile(name, queue))) : undefined;
		return cpus === undefined ? {missing: readNetdevs(host.files, bdf).includes(name) ? `${name} has no receive queue ${queue} any more` : missing} : {cpus};
	}

	if (await inodeOf(host, netns) !== netns.inode) {
		return {missing: `the namespace ${netns.name} is gone, or another one has its name`};
	}

	const device = await host.runner.run([...inside(netns), 'readlink', `/sys/class/net/${name}/device`]);
	if (device.code !== 0 || device.stdout.trim().split('/').at(-1) !== bdf) {
		return {missing};
	}

	const {code, stdout} = await host.runner.run([...inside(netns), 'cat', rpsFile(name, queue)]);
	const cpus = code === 0 ? maskAsList(stdout) : undefined;
	return cpus === undefined ? {missing: `${name} has no receive queue ${queue} any more`} : {cpus};
}

const refusals: Readonly<Record<string, string>> = {
	EINVAL: 'all of these CPUs are isolated, and the kernel leaves isolated CPUs out (rps_cpumask_housekeeping)',
	EOVERFLOW: 'the host has no such CPU',
};

/** Writes rps_cpus; throws STEP_FAILED with what the kernel said. */
export async function writeRpsAt(host: Host, {place: {netns, name}}: QueueOwner, {queue, cpus, what}: {queue: number; cpus: string; what: string}): Promise<void> {
	const path = rpsFile(name, queue);
	if (netns === null) {
		await writeAttribute(host, path, cpuMask(cpus), {what, reasons: refusals, trace: {since: undefined, names: [name]}});
		return;
	}

	const {code, stderr} = await host.runner.run([...inside(netns), 'tee', path], {input: cpuMask(cpus)});
	if (code !== 0) {
		throw await stepFailed(host, what, {why: `in ${netns.name}, writing ${path}: ${stderr.trim() || `exit status ${code}`}`});
	}
}

/** Inode of the namespace file, or undefined when there is none. */
export async function inodeOf({runner}: Host, netns: Pick<NetnsRef, 'name'>): Promise<number | undefined> {
	const {code, stdout} = await runner.run(['stat', '-L', '-c', '%i', netnsFile(netns)]);
	return code === 0 && /^\d+\n?$/.test(stdout) ? Number(stdout) : undefined;
}

/** The words before a program that runs in the namespace. */
export function inside({name}: Pick<NetnsRef, 'name'>): [string, ...string[]] {
	return ['ip', 'netns', 'exec', name];
}
