// A network namespace with two tap interfaces, `t0` and `t1`, on the real kernel: real `ip`, real
// routes, nothing of this machine. Needs root, iproute2 and /dev/net/tun; it throws otherwise.
import {readFileSync} from 'node:fs';
import type {Host} from '../../lib/host/host.ts';
import {realRunner} from '../../lib/host/real-runner.ts';
import type {SimHost} from '../../lib/sim/sim-host.ts';
import {untilReady} from './until-ready.ts';

export interface PrivateNetwork {
	readonly pid: number;
	/** Runs a program inside. */
	readonly runner: Host['runner'];
	/** The simulated host with the namespace's `ip` and interfaces: journal and files are simulated. */
	over(host: SimHost): SimHost;
	stop(): void;
}

/** What both interfaces have, unless the test wants something else. */
export const usualSetup = [
	'ip addr add 10.0.0.1/24 dev t0', 'ip -6 addr add fd00::1/64 dev t0 nodad',
	'ip addr add 20.0.0.1/24 dev t1', 'ip -6 addr add fd11::1/64 dev t1 nodad',
	'ip link set t0 up', 'ip link set t1 up',
];

/** Makes one; rejects with what the tools said. */
export async function startPrivateNetwork(setup: readonly string[] = usualSetup): Promise<PrivateNetwork> {
	const script = ['mount -t sysfs sysfs /sys', 'ip link set lo up', 'ip tuntap add t0 mode tap', 'ip tuntap add t1 mode tap', ...setup, 'echo ready', 'exec sleep 600'];
	const child = await untilReady(['--net', '--mount'], script, {missing: 'no network namespace (it needs root, iproute2 and /dev/net/tun)'});
	const pid = child.pid!;
	const real = realRunner();
	const runner: Host['runner'] = {run: async (argv, options) => real.run(['nsenter', '--target', String(pid), '--net', '--mount', ...argv], options)};
	const readText = (path: string) => {
		try {
			return readFileSync(`/proc/${pid}/root${path}`, 'utf8');
		} catch {
			return undefined;
		}
	};

	return {
		pid, runner,
		over: host => ({
			...host, runner,
			files: {
				...host.files,
				readText: path => path.startsWith('/sys/class/net/t') ? readText(path) : host.files.readText(path),
				exists: path => path.startsWith('/sys/class/net/t') ? readText(`${path}/mtu`) !== undefined : host.files.exists(path),
			},
		}),
		stop() {
			child.kill('SIGKILL');
		},
	};
}
