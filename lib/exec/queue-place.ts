// Receive queues of an interface wherever it is. Net-sysfs shows only the interfaces of the namespace
// it was mounted in, and `ip netns exec` mounts one of its own (netns_switch in iproute2 lib/namespace.c).
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {cpuMask} from '../model/cpu-list.ts';
import type {NetdevPlace, NetnsRef} from '../model/netns.ts';
import {rpsFile} from '../plan/tuning-equivalent.ts';
import {findNamespace} from '../sysfs/namespaces.ts';
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

	const way = enter(host, netns);
	if (way === undefined) {
		return {missing: `no name of ip netns leads to the namespace ${netns.name} any more`};
	}

	const device = await host.runner.run([...way, 'readlink', `/sys/class/net/${name}/device`]);
	if (device.code !== 0 || device.stdout.trim().split('/').at(-1) !== bdf) {
		return {missing};
	}

	const {code, stdout} = await host.runner.run([...way, 'cat', rpsFile(name, queue)]);
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

	const way = enter(host, netns);
	const result = way && await host.runner.run([...way, 'tee', path], {input: cpuMask(cpus)});
	if (result?.code !== 0) {
		throw await stepFailed(host, what, {why: `in ${netns.name}, writing ${path}: ${result === undefined ? 'the namespace is gone' : result.stderr.trim() || `exit status ${result.code}`}`});
	}
}

/** The words before a program that runs in the namespace and sees its sysfs; undefined when no name
 * leads there. `ip netns exec` takes names alone, and nsenter would leave the host's sysfs mounted. */
export function enter({files}: Pick<Host, 'files'>, netns: NetnsRef): [string, ...string[]] | undefined {
	const found = findNamespace(files, netns);
	return found === undefined || found.name.startsWith('/') ? undefined : ['ip', 'netns', 'exec', found.name];
}
