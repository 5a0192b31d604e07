// The logs of a host as they grow.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import type {Explainer} from '../model/explain/explainer.ts';
import {FileFollower} from './follow-file.ts';
import {bootTimeMs, fieldsOfLog} from './read-host-logs.ts';

const everyMs = 500;
const guestLogs = '/var/log/libvirt/qemu';
const kernelAndDaemons = [['journalctl', '-f', '-q', '-n', '0', '-o', 'short-iso'], ['dmesg', '--follow-new'], ['dmesg', '--follow']] as const;

/** Pushes what a file gets, until the signal comes. `readBytes` are read already. */
export async function followFile(host: Host, path: string, explainer: Explainer, {signal, readBytes}: {signal: AbortSignal; readBytes: number}): Promise<void> {
	const follower = new FileFollower(path, readBytes);
	await lookUntil(host, signal, () => {
		follower.look(chunk => {
			explainer.push(chunk);
		}, () => {
			explainer.end();
		});
	});
	follower.close();
	explainer.end();
}

/** Pushes what the host's kernel, libvirt and guests say from now on, until the signal comes. Each
 * log has an explainer of its own, so that halves of lines never meet; `make` makes one. */
export async function followHostLogs(host: Host, make: () => Explainer, signal: AbortSignal, missing: (why: string) => void): Promise<void> {
	const followers = new Map<string, {follower: FileFollower; explainer: Explainer}>();
	const known = (from: 0 | 'end') => {
		for (const path of host.files.list(guestLogs).filter(name => name.endsWith('.log')).map(name => `${guestLogs}/${name}`)) {
			if (!followers.has(path)) {
				const explainer = make();
				explainer.begin({name: path, fields: fieldsOfLog(path)});
				followers.set(path, {follower: new FileFollower(path, from), explainer});
			}
		}
	};

	known('end');
	const kernel = make();
	kernel.begin({name: 'kernel', bootMs: bootTimeMs(host)});
	await Promise.all([
		followProgram(host, kernel, signal, missing),
		lookUntil(host, signal, () => {
			known(0);
			for (const {follower, explainer} of followers.values()) {
				follower.look(chunk => {
					explainer.push(chunk);
				}, () => {
					explainer.end();
				});
			}
		}),
	]);
	for (const {follower} of followers.values()) {
		follower.close();
	}
}

async function followProgram(host: Host, explainer: Explainer, signal: AbortSignal, missing: (why: string) => void): Promise<void> {
	let why = '';
	for (const argv of kernelAndDaemons) {
		try {
			const {code, stderr} = await host.runner.run(argv, {timeoutMs: Infinity, signal, onOutput(chunk) {
				explainer.push(chunk);
			}});
			if (signal.aborted) {
				return;
			}

			why = `'${argv.join(' ')}' ended with status ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}`;
		} catch (error) {
			if (!(error instanceof AppError)) {
				throw error;
			}

			why = error.message;
		}
	}

	missing(why);
}

async function lookUntil(host: Host, signal: AbortSignal, look: () => void): Promise<void> {
	while (!signal.aborted) {
		look();
		await host.clock.sleep(everyMs);
	}
}
