// A host played from a record: what `vfctl --host FILE` and the tests work on.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import type {HostRecord} from '../record/record.ts';
import {simFiles} from './files.ts';
import type {SimLocks} from './files.ts';
import {machineOf} from './machine.ts';
import type {Machine} from './machine.ts';
import type {SimOptions} from './options.ts';
import {simRunner} from './runner.ts';
import {libvirtAbsent} from './sim-guest.ts';
import {SimDaemon} from './sim-libvirt.ts';
import {startVfStates} from './start-state.ts';

/** A simulated host with what a test may do to it. */
export interface SimHost extends Host {
	readonly machine: Machine;
	readonly daemon: SimDaemon;
	/** Changes what goes wrong from now on. */
	set(options: Partial<SimOptions>): void;
	/** The same machine for another process: state and files stay, locks of the dead one are free. */
	afterCrash(options?: Partial<SimOptions>): SimHost;
	/** The same machine for a second process beside this one: it sees the same locks. */
	besides(): SimHost;
}

/** A host that begins as the record says. */
export function simHost(record: HostRecord, options: SimOptions = {}): SimHost {
	const machine = machineOf(record, options);
	startVfStates(machine);
	return hostOf(machine, new SimDaemon(machine), new Map());
}

function hostOf(machine: Machine, daemon: SimDaemon, locks: SimLocks): SimHost {
	const {record} = machine;
	return {
		name: machine.options.name ?? record.name,
		machine, daemon,
		files: simFiles(machine, locks),
		runner: simRunner(machine),
		clock: machine.clock,
		caller: {pid: 0, uid: machine.options.uid ?? record.caller.uid, env: machine.options.env ?? record.caller.env},
		async openLibvirt(uri) {
			const absent = machine.options.libvirt ?? (record.libvirt ? undefined : 'unreachable');
			if (absent) {
				throw libvirtAbsent(absent, uri);
			}

			if (!uri.startsWith('qemu:')) {
				throw new AppError('LIBVIRT_UNREACHABLE', `libvirt at ${uri} does not answer`, {why: 'a record has only qemu:///system', fix: 'leave --connect out'});
			}

			return daemon.connect(uri);
		},
		set(options) {
			machine.options = {...machine.options, ...options};
		},
		afterCrash(options = {}) {
			machine.options = {...machine.options, ...options};
			return hostOf(machine, daemon, new Map());
		},
		besides: () => hostOf(machine, daemon, locks),
	};
}
