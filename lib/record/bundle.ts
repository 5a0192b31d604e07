// Everything for a bug report as one record: the host, its logs, versions, what vfctl did, and what
// vfctl says about it all. It plays like any other record.
import {AppError, errorSentence} from '../errors.ts';
import {journalDirectory} from '../exec/state-paths.ts';
import type {Host} from '../host/host.ts';
import {captureHost} from './capture.ts';
import {mapTexts} from './map-texts.ts';
import {maskRecord} from './mask.ts';
import {maskSecrets, withoutSecrets, type SecretCounts} from './mask-secrets.ts';
import type {HostRecord, RecordedCommand, RecordEntry} from './record.ts';

export interface BundleOptions {
	/** libvirt's address. */
	connect: string;
	maskMacs: boolean;
	/** The host's name becomes `host`. */
	maskHostname: boolean;
	/** Commands that print logs, besides `dmesg`, and files that are logs. */
	logCommands: ReadonlyArray<readonly [string, ...string[]]>;
	logFiles: readonly string[];
	/** Texts about the record, by name: each gets it masked. One that fails is told as missing. */
	reports: Readonly<Record<string, (record: HostRecord) => Promise<string>>>;
}

/** What a bundle holds, for the admin who is to send it, and in its section `bundle`. */
export interface BundleContents {
	/** Log to the bytes of it that are in the bundle. */
	logs: Array<{log: string; bytes: number; shortened: boolean}>;
	operations: number;
	reports: string[];
	/** What could not be had, and why. */
	missing: Array<{what: string; why: string}>;
	masked: {secrets: SecretCounts; macs: boolean; hostname: boolean};
}

const section = 'bundle';
const configurationDirectories = ['/etc/modprobe.d', '/etc/udev/rules.d'] as const;

/** What is kept of each; the end of a log is what a report is about. */
const limits = {logBytes: 4 * 1024 * 1024, logFileBytes: 256 * 1024, logFiles: 64, operations: 50, operationBytes: 256 * 1024, configurationBytes: 64 * 1024, commandMs: 60_000} as const;

/** Reads the host; never rejects for what is not there. */
export async function bundleHost(host: Host, {connect, maskMacs, maskHostname, logCommands, logFiles, reports}: BundleOptions): Promise<{record: HostRecord; contents: BundleContents}> {
	const captured = await captureHost(host, {connect});
	const contents: BundleContents = {logs: [], operations: 0, reports: [], missing: [], masked: {secrets: {}, macs: maskMacs, hostname: maskHostname}};
	const entries = new Map(captured.entries);
	const commands = await withLogs(host, captured.commands, logCommands, contents);
	await addLogFiles(host, inOrder(logFiles, captured), entries, contents);
	addOperations(host, entries, contents);
	addConfiguration(host, entries);
	const {record, contents: listed} = masked({...captured, entries, commands}, contents, host);
	return withReports(record, listed, reports);
}

/** Secrets always, the rest as asked. */
function masked(plain: HostRecord, contents: BundleContents, {files}: Host): {record: HostRecord; contents: BundleContents} {
	// Names of logs in it are masked like all else.
	const listed = {...plain, sections: new Map([[section, JSON.stringify(contents)]])};
	const {record, counts} = withoutSecrets(listed);
	const named = contents.masked.hostname ? withoutHostname(record, files.readText('/proc/sys/kernel/hostname')?.trim()) : record;
	const hidden = contents.masked.macs ? maskRecord(named) : named;
	const said = JSON.parse(hidden.sections?.get(section) ?? '{}') as BundleContents;
	return {record: hidden, contents: {...said, masked: {...said.masked, secrets: counts}}};
}

/** What reports say is said of the masked record: who plays it gets the same. */
async function withReports(record: HostRecord, contents: BundleContents, reports: BundleOptions['reports']): Promise<{record: HostRecord; contents: BundleContents}> {
	const sections = new Map<string, string>();
	for (const [name, report] of Object.entries(reports)) {
		try {
			sections.set(name, maskSecrets(await report(record)));
			contents.reports.push(name);
		} catch (error) {
			if (!(error instanceof AppError)) {
				throw error;
			}

			contents.missing.push({what: name, why: errorSentence(error)});
		}
	}

	sections.set(section, `${JSON.stringify(contents, undefined, 2)}\n`);
	return {record: {...record, sections}, contents};
}

async function withLogs(host: Host, captured: readonly RecordedCommand[], logCommands: BundleOptions['logCommands'], contents: BundleContents): Promise<RecordedCommand[]> {
	// The record has the last lines of the kernel's log; here it is whole, as far as the kernel has it.
	const commands = captured.filter(({argv}) => argv.join(' ') !== 'dmesg');
	for (const argv of [['dmesg'] as const, ...logCommands.filter(one => one.join(' ') !== 'dmesg')]) {
		const name = argv[0] === 'dmesg' ? 'dmesg' : argv.join(' ');
		try {
			const {code, stdout, stderr} = await host.runner.run(argv, {timeoutMs: limits.commandMs, maxOutputBytes: 64 * 1024 * 1024});
			const kept = lastBytes(stdout, limits.logBytes);
			commands.push({argv, code, stdout: kept, stderr: lastBytes(stderr, 4096)});
			contents.logs.push({log: name, bytes: kept.length, shortened: kept !== stdout});
		} catch (error) {
			if (!(error instanceof AppError)) {
				throw error;
			}

			contents.missing.push({what: name, why: errorSentence(error)});
		}
	}

	return commands;
}

/** Those of daemons and of guests that run first: they are what a report is about. */
function inOrder(paths: readonly string[], {libvirt}: HostRecord): string[] {
	const off = new Set(libvirt?.domains.filter(({active}) => !active).map(({name}) => `${name}.log`));
	const isOff = (path: string) => off.has(path.slice(path.lastIndexOf('/') + 1));
	return paths.toSorted((a, b) => Number(isOff(a)) - Number(isOff(b)));
}

async function addLogFiles(host: Host, paths: readonly string[], entries: Map<string, RecordEntry>, contents: BundleContents): Promise<void> {
	for (const path of paths.slice(0, limits.logFiles)) {
		const text = await endOfFile(host, path);
		if (text === undefined) {
			contents.missing.push({what: path, why: 'it cannot be read'});
		} else {
			entries.set(path, {kind: 'text', text});
			contents.logs.push({log: path, bytes: text.length, shortened: text.length >= limits.logFileBytes / 2});
		}
	}

	if (paths.length > limits.logFiles) {
		contents.missing.push({what: `${paths.length - limits.logFiles} more logs`, why: `a bundle has ${limits.logFiles} at most`});
	}
}

/** A log may be larger than memory, so only its end is read. */
async function endOfFile({runner, files}: Host, path: string): Promise<string | undefined> {
	try {
		const {code, stdout} = await runner.run(['tail', '-c', String(limits.logFileBytes), '--', path], {timeoutMs: limits.commandMs});
		return code === 0 ? stdout : undefined;
	} catch (error) {
		if (error instanceof AppError && error.code === 'TOOL_MISSING') {
			const text = files.readText(path);
			return text === undefined ? undefined : lastBytes(text, limits.logFileBytes);
		}

		if (error instanceof AppError) {
			return undefined;
		}

		throw error;
	}
}

function addOperations({files}: Host, entries: Map<string, RecordEntry>, contents: BundleContents): void {
	for (const name of files.list(journalDirectory).filter(one => /^\d+\.jsonl$/.test(one)).slice(-limits.operations)) {
		const text = files.readText(`${journalDirectory}/${name}`);
		if (text !== undefined && text.length <= limits.operationBytes) {
			entries.set(`${journalDirectory}/${name}`, {kind: 'text', text});
			contents.operations++;
		}
	}
}

function addConfiguration({files}: Host, entries: Map<string, RecordEntry>): void {
	for (const directory of configurationDirectories) {
		for (const name of files.list(directory).filter(one => /\.(?:conf|rules)$/.test(one))) {
			const text = files.readText(`${directory}/${name}`);
			if (text !== undefined && text.length <= limits.configurationBytes) {
				entries.set(`${directory}/${name}`, {kind: 'text', text});
			}
		}
	}
}

/** The end of a text from the beginning of a line. */
function lastBytes(text: string, most: number): string {
	return text.length <= most ? text : text.slice(text.indexOf('\n', text.length - most) + 1);
}

/** The name, and the same with a domain behind it. */
function withoutHostname(record: HostRecord, name: string | undefined): HostRecord {
	const short = name?.split('.')[0];
	if (short === undefined || short === '' || short === 'localhost') {
		return record;
	}

	const word = new RegExp(`(?<![\\w-])${short.replaceAll(/[^\w-]/g, '\\$&')}(?:\\.[\\w.-]*\\w)?(?![\\w-])`, 'gi');
	return mapTexts(record, {text: original => original.replaceAll(word, 'host')});
}
