// vfctl diff BEFORE [AFTER]
import {readSubjects} from '../../exec/read-subjects.ts';
import {exitStatuses} from '../../errors.ts';
import {deviceChanges, isInScope} from '../../model/device-changes/changes.ts';
import type {Scope, Subjects} from '../../model/device-changes/facts.ts';
import {captureHost} from '../../record/capture.ts';
import {compareRecords, type Difference} from '../../record/compare.ts';
import type {HostRecord} from '../../record/record.ts';
import {scopeOf} from '../../record/snapshot.ts';
import {untold} from '../../record/told.ts';
import {changesText} from '../../render/changes-text.ts';
import type {CommandContext} from '../context.ts';
import {readRecord} from '../open-host.ts';
import {readRecorded} from '../read-recorded.ts';

/** Tells what changed between two records, or since one; resolves to the exit status. The earlier
 * one decides which devices it is about. */
export async function run({host, out, options}: CommandContext, files: {before: string; after: string | undefined}): Promise<number> {
	const before = await readRecord(files.before);
	const after = files.after === undefined ? await captureHost(host, {connect: options.connect}) : await readRecord(files.after);
	const scope = scopeOf(before);
	const [old, now] = [await subjectsOf(before), await subjectsOf(after)];
	// All changes tell which raw ones are told; the scope comes last.
	const changes = deviceChanges(old, now);
	const inScope = scope ? deviceChanges(old, now, scope) : changes;
	const raw = untold(compareRecords(before, after), changes, old, now).filter(scope ? aboutScope(scope, old, now) : () => true);
	const same = inScope.length === 0 && raw.length === 0;
	out.result(same ? 'nothing changed' : changesText(inScope, raw), {same, scope: scope ?? null, changes: inScope, other: raw.map(({path, before: was, after: is}) => ({path, before: was ?? null, after: is ?? null}))});
	return same ? exitStatuses.ok : exitStatuses.differs;
}

/** The facts of a record, read as those of a host are. */
async function subjectsOf(record: HostRecord): Promise<Subjects> {
	const {host, inventory} = await readRecorded(record);
	return readSubjects(host.files, inventory, record.libvirt?.version ?? null);
}

/** Whether a raw difference names a function of the scope, one of its interfaces, or a guest of it. */
function aboutScope(scope: Scope, ...both: readonly Subjects[]): (difference: Difference) => boolean {
	const functions = both.flatMap(subjects => [...subjects.values()].filter(one => one.kind === 'function' && isInScope(one, scope)));
	const words = new Set(functions.flatMap(({id, facts}) => [id, ...facts.get('interface')?.split(', ') ?? []]));
	return ({path}) => path.split(/[ /]/).some(word => words.has(word)) || scope.guests.some(name => path.startsWith(`libvirt guest ${name} `));
}
