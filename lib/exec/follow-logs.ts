// The logs of a host as they grow.
import type {Host} from '../host/host.ts';
import type {Explainer} from '../model/explain/explainer.ts';
import {FileFollower} from './follow-file.ts';
import {followProgram} from './follow-program.ts';
import {bootTimeMs, fieldsOfLog, libvirtUnits, logFiles} from './read-host-logs.ts';

const everyMs = 500;
// A kernel's log without a journal is followed by dmesg alone (util-linux 2.37); before that, dmesg
// begins with what it has.
const kernelPrograms = [['dmesg', '--follow-new'], ['journalctl', '-k', '-f', '-q', '-n', '0', '-o', 'short-iso'], ['dmesg', '--follow']] as const;
const libvirtPrograms = [['journalctl', '-f', '-q', '-n', '0', '-o', 'short-iso', ...libvirtUnits.flatMap(unit => ['-u', unit])]] as const;

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
	const start = (path: string) => {
		const explainer = make();
		explainer.begin({name: path, fields: fieldsOfLog(path), bootMs: bootTimeMs(host)});
		return explainer;
	};

	const look = (from: 0 | 'end') => {
		for (const path of logFiles(host).filter(one => !followers.has(one))) {
			followers.set(path, {follower: new FileFollower(path, from), explainer: start(path)});
		}
	};

	look('end');
	await Promise.all([
		followFirst(host, kernelPrograms, start('kernel'), {signal, missing: why => {
			missing(`the kernel's log cannot be followed: ${why}`);
		}}),
		followFirst(host, libvirtPrograms, start('libvirt'), {signal, missing() {
			// Its files are followed, and the kernel's log is what matters most.
		}}),
		lookUntil(host, signal, () => {
			look(0);
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

/** The first of the programs that works, until the signal comes. */
async function followFirst(host: Host, programs: ReadonlyArray<readonly [string, ...string[]]>, explainer: Explainer, {signal, missing}: {signal: AbortSignal; missing: (why: string) => void}): Promise<void> {
	let why: string | undefined;
	for (const argv of programs) {
		why = await followProgram(host, argv, signal, chunk => {
			explainer.push(chunk);
		});
		if (why === undefined) {
			return;
		}
	}

	missing(why ?? '');
}

async function lookUntil(host: Host, signal: AbortSignal, look: () => void): Promise<void> {
	while (!signal.aborted) {
		look();
		await host.clock.sleep(everyMs);
	}
}
