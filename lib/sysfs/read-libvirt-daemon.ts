// Which libvirt daemon a host has, seen without asking it.
import type {FileReader} from '../host/host.ts';
import type {DaemonFacts} from '../model/daemon.ts';
import {hasDefinedGuests} from './guest-definitions.ts';

const daemons = ['libvirtd', 'virtqemud'] as const;
// LIBVIRTD_UNIX_SOCKET and the like (src/remote/remote_sockets.c).
export const daemonSocketPaths = {libvirtd: '/run/libvirt/libvirt-sock', virtqemud: '/run/libvirt/virtqemud-sock'} as const;
const programDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
// capabilities(7), include/uapi/linux/capability.h.
const CAP_SYS_RESOURCE = 24n;

/** Pid file of a daemon that runs as root. */
export function daemonPidFile(name: typeof daemons[number]): string {
	return `/run/${name}.pid`;
}

/** The facts. */
export function readLibvirtDaemon(files: FileReader): DaemonFacts {
	return {
		installed: daemons.filter(name => programDirectories.some(directory => files.exists(`${directory}/${name}`))),
		sockets: daemons.filter(name => files.exists(daemonSocketPaths[name])),
		hasGuests: hasDefinedGuests(files),
		running: daemons.map(name => readRunning(files, name)).find(one => one !== null) ?? null,
	};
}

/** A pid file stays when a daemon is killed, so the process must have its name. */
function readRunning(files: FileReader, name: typeof daemons[number]): DaemonFacts['running'] {
	const pid = /^\d{1,10}$/.exec(files.readText(daemonPidFile(name))?.trim() ?? '')?.[0];
	if (pid === undefined || files.readText(`/proc/${pid}/comm`)?.trim() !== name) {
		return null;
	}

	// Soft limit, hard limit, unit (proc_pid_limits in fs/proc/base.c).
	const hard = /^Max locked memory\s+\S+\s+(\d+|unlimited)\s/m.exec(files.readText(`/proc/${pid}/limits`) ?? '')?.[1];
	const effective = /^CapEff:\s+([\da-f]{1,16})$/m.exec(files.readText(`/proc/${pid}/status`) ?? '')?.[1];
	return hard === undefined || effective === undefined ? null : {
		name, pid: Number(pid),
		memlockBytes: hard === 'unlimited' ? null : Number(hard),
		mayRaiseLimits: ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n,
	};
}
