// The logs of a host that tell of devices, guests and their trouble: the kernel's, libvirt's, and
// those of the guests.
import {dirname} from 'node:path';
import type {Host} from '../host/host.ts';
import type {Explainer} from '../model/explain/explainer.ts';
import type {Fields} from '../model/explain/host-devices.ts';
import {kernelTime, outputOf, readKernelBuffer} from './kernel-messages.ts';

/** A log that could not be read, and why. */
export interface NotRead {
	readonly log: string;
	readonly why: string;
}

export const libvirtUnits = ['libvirtd', 'virtqemud', 'virtnetworkd', 'virtnodedevd', 'virtinterfaced'] as const;
const guestLogs = '/var/log/libvirt/qemu';
const daemonLogs = '/var/log/libvirt';
const timeoutMs = 20_000;
const mostLines = '50000';
const journalctl = ['journalctl', '-b', '-q', '--no-pager', '-o', 'short-iso'] as const;

/** The commands that print the kernel's log and libvirt's from the journal. */
export const logCommands = {
	kernelJournal: [...journalctl, '-k', '-n', mostLines],
	libvirtJournal: [...journalctl, '-n', mostLines, ...libvirtUnits.flatMap(unit => ['-u', unit])],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Pushes what the host's logs hold since it was booted; resolves to what could not be read. */
export async function readHostLogs(host: Host, explainer: Explainer): Promise<NotRead[]> {
	const {files} = host;
	const bootMs = bootTimeMs(host);
	const put = (name: string, text: string) => {
		explainer.begin({name, bootMs, sinceMs: bootMs, fields: fieldsOfLog(name)});
		explainer.push(text);
		explainer.end();
	};

	const notRead: NotRead[] = [];
	const kernel = await kernelLog(host);
	if (typeof kernel === 'string') {
		put('kernel', kernel);
	} else {
		notRead.push({log: 'kernel', why: kernel.why});
	}

	const libvirt = await outputOf(host, logCommands.libvirtJournal, timeoutMs);
	const paths = logFiles(host);
	if (typeof libvirt === 'string') {
		put('libvirt', libvirt);
	} else if (!paths.some(path => dirname(path) === daemonLogs)) {
		notRead.push({log: 'libvirt', why: libvirt.why});
	}

	for (const path of paths) {
		const text = files.readText(path);
		if (text === undefined) {
			notRead.push({log: path, why: 'it cannot be read'});
		} else {
			put(path, text);
		}
	}

	return notRead;
}

/** Log files of libvirt's daemons and of the guests. */
export function logFiles({files}: Host): string[] {
	return [
		...files.list(daemonLogs).filter(name => /^(?:libvirtd|virt\w+d)\.log$/.test(name)).map(name => `${daemonLogs}/${name}`),
		...files.list(guestLogs).filter(name => name.endsWith('.log')).map(name => `${guestLogs}/${name}`),
	];
}

/** The guest whose log a file is, by the name that libvirt gives it. */
export function fieldsOfLog(path: string): Fields {
	const guest = /\/libvirt\/qemu\/([^/]{1,200})\.log(?:\.\d{1,4})?$/.exec(path)?.[1];
	return guest === undefined ? {} : {guest};
}

/** When the host was booted, or null where it does not tell. */
export function bootTimeMs(host: Host): number | null {
	const seconds = kernelTime(host);
	return seconds === undefined ? null : host.clock.now() - seconds * 1000;
}

/** The ring buffer, or the journal where the buffer has lost its beginning or is not shown. */
async function kernelLog(host: Host): Promise<string | {why: string}> {
	const buffer = await readKernelBuffer(host);
	if (typeof buffer === 'string' && (buffer === '' || beginsAtBoot(buffer))) {
		return buffer;
	}

	const journal = await outputOf(host, logCommands.kernelJournal, timeoutMs);
	return typeof journal === 'string' && (typeof buffer !== 'string' || journal !== '') ? journal : buffer;
}

function beginsAtBoot(text: string): boolean {
	const seconds = /^(?:<\d+>)?\[ *(\d+)\.\d+\]/.exec(text)?.[1];
	return seconds === undefined || Number(seconds) === 0;
}
