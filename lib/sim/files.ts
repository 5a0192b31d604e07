// The files of a simulated host: reads and durable writes in memory, attributes by the
// simulated kernel, locks inside the process.
import {AppError} from '../errors.ts';
import type {HostFiles, LockOptions} from '../host/host.ts';
import {flushForward} from './forward.ts';
import {flushInterrupts} from './interrupt-text.ts';
import {flushMailboxes} from './mailbox.ts';
import {changing, uptime} from './machine.ts';
import type {Machine} from './machine.ts';
import {writeAttribute} from './writes.ts';

interface Lock {
	holder: string;
}

const maximumText = 64 * 1024 * 1024;

/** The files of a machine. Locks belong to the returned object: another one stands for another
 * process only if it is given the same map. */
export function simFiles(machine: Machine, locks: Map<string, Lock> = new Map()): HostFiles {
	const {tree} = machine;
	const withPorts = (path: string) => {
		if (path.startsWith('/sys/kernel/vfctl/forward')) {
			flushForward(machine);
		}

		return path;
	};

	return {
		readText(path) {
			withPorts(path);
			if (path === '/proc/interrupts') {
				flushInterrupts(machine);
			}

			if (path.startsWith('/sys/kernel/vfctl/')) {
				flushMailboxes(machine);
			}

			return path === '/proc/uptime' && tree.exists(path) ? `${uptime(machine).toFixed(2)} 0.00\n` : tree.text(path);
		},
		readBytes(path) {
			const node = tree.find(path)?.node;
			return node?.kind === 'bytes' ? node.bytes : node?.kind === 'text' ? new Uint8Array(Buffer.from(node.text)) : undefined;
		},
		readLink: path => tree.link(path),
		list: path => tree.list(withPorts(path)),
		exists: path => tree.exists(withPorts(path)),
		async writeAttribute(path, value) {
			writeAttribute(machine, path, value);
		},
		async writeFile(path, text) {
			changing(machine, `write file ${path}`);
			tree.put(path, {kind: 'text', text: text.slice(0, maximumText)});
		},
		async appendDurably(path, text) {
			changing(machine, `append to ${path}`);
			tree.put(path, {kind: 'text', text: (tree.text(path) ?? '') + text});
		},
		async removeFile(path) {
			changing(machine, `remove file ${path}`);
			if (tree.find(path, false)?.node.kind !== 'directory') {
				tree.remove(path);
			}
		},
		async lock(path, options) {
			return takeLock(machine, locks, path, options);
		},
	};
}

export type SimLocks = Map<string, Lock>;

// Simulated time does not pass by itself, so each look at the lock is worth some of it.
async function takeLock(machine: Machine, locks: SimLocks, path: string, {timeoutMs, holder, onWait, signal}: LockOptions): Promise<() => Promise<void>> {
	const turnMs = 10;
	for (let waited = 0; locks.has(path); waited += turnMs) {
		const present = locks.get(path)?.holder ?? '';
		if (waited === 0) {
			onWait?.(present);
		}

		if (signal?.aborted) {
			throw new AppError('INTERRUPTED', 'stopped while waiting for another vfctl');
		}

		if (waited >= timeoutMs) {
			throw new AppError('LOCKED', 'another vfctl is at work', {why: `the lock ${path} is held by ${present}`, fix: 'wait for it, or give more time with --lock-timeout'});
		}

		await new Promise<void>(resolve => {
			setImmediate(resolve);
		});
		machine.clock.pass(turnMs);
	}

	const lock: Lock = {holder};
	locks.set(path, lock);
	machine.tree.put(path, {kind: 'text', text: `${holder}\n`});
	return async () => {
		if (locks.get(path) === lock) {
			locks.delete(path);
		}
	};
}
