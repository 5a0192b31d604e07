// vfctl bundle FILE
import {logCommands, logFiles, readHostLogs} from '../../exec/read-host-logs.ts';
import {readDoctorFacts} from '../../exec/read-doctor-facts.ts';
import {readVersions} from '../../exec/read-versions.ts';
import {createExplainer} from '../../model/explain/explainer.ts';
import {deviceLookup} from '../../model/explain/host-devices.ts';
import {diagnose} from '../../plan/doctor/checks.ts';
import {bundleHost} from '../../record/bundle.ts';
import {formatRecord} from '../../record/format.ts';
import type {HostRecord} from '../../record/record.ts';
import {bundleText} from '../../render/bundle-text.ts';
import {doctorView} from '../../render/doctor-view.ts';
import {explainView} from '../../render/explain-view.ts';
import type {CommandContext} from '../context.ts';
import {readRecorded, type RecordedHost} from '../read-recorded.ts';
import {version} from '../version.ts';
import {writeNewFile} from '../write-new-file.ts';

export interface BundleArguments {
	file: string;
	maskMacs: boolean;
	maskHostname: boolean;
}

/** Writes everything for a bug report as one record, without secrets. */
export async function run({host, out, options}: CommandContext, {file, maskMacs, maskHostname}: BundleArguments): Promise<void> {
	const {record, contents} = await bundleHost(host, {
		connect: options.connect, maskMacs, maskHostname,
		logCommands: [logCommands.kernelJournal, logCommands.libvirtJournal],
		logFiles: logFiles(host),
		reports: {
			versions: async taken => json(await readVersions(host, {vfctl: version, node: process.version, libvirt: taken.libvirt?.version ?? null}, emulatorsOf(taken))),
			explain: async taken => json(await explained(await readRecorded(taken))),
			doctor: async taken => json(await examined(await readRecorded(taken))),
		},
	});
	const text = formatRecord(record);
	await writeNewFile(file, text, 0o600);
	out.result(bundleText(file, Buffer.byteLength(text), contents), {file, bytes: Buffer.byteLength(text), ...contents});
}

/** What `vfctl explain` says on the bundle. */
async function explained({host, inventory}: RecordedHost): Promise<unknown> {
	const explainer = createExplainer({nowMs: host.clock.now(), devices: deviceLookup(inventory)});
	const notRead = await readHostLogs(host, explainer);
	return explainView(explainer.report(), notRead);
}

/** What `vfctl doctor` says on the bundle. */
async function examined({host, inventory, libvirt}: RecordedHost): Promise<unknown> {
	return doctorView(host.name, diagnose(await readDoctorFacts(host, inventory, {sources: null, libvirt}), []));
}

function emulatorsOf({libvirt}: HostRecord): Set<string> {
	const definitions = libvirt?.domains.flatMap(({liveXml, inactiveXml}) => [liveXml ?? '', inactiveXml ?? '']) ?? [];
	return new Set(definitions.flatMap(xml => /<emulator>([^<]+)<\/emulator>/.exec(xml)?.[1] ?? []));
}

function json(value: unknown): string {
	return `${JSON.stringify(value, undefined, 2)}\n`;
}
