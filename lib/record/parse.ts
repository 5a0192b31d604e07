// Reads a host record. Records come from bug reports, so nothing in them is believed: every
// line must be of the grammar, and the tree they describe must be one that a kernel can have.
import {treeProblem} from './check-tree.ts';
import {filledDirectories} from './directories.ts';
import {badRecord, readers} from './parse-lines.ts';
import type {Draft, Line} from './parse-lines.ts';
import {recordHeader, recordLimits} from './record.ts';
import type {HostRecord} from './record.ts';

/** The record of a text; throws BAD_RECORD with the line number. */
export function parseRecord(text: string, name = 'record'): HostRecord {
	if (text.length > recordLimits.totalBytes) {
		throw badRecord(1, `it is larger than ${recordLimits.totalBytes} bytes`);
	}

	const rows = text.split('\n');
	if (rows[0] !== recordHeader) {
		throw badRecord(1, /^vfctl-record /.test(rows[0] ?? '') ? `it is of another version than '${recordHeader}'` : `it does not begin with '${recordHeader}'`);
	}

	if (rows.pop() !== '') {
		throw badRecord(rows.length + 1, 'the last line is not finished: the file was cut off');
	}

	const draft: Draft = {uid: undefined, env: Object.create(null), directory: undefined, entries: new Map(), lines: new Map(), commands: [], sections: new Map(), libvirt: null, last: ''};
	for (const line of taggedLines(rows)) {
		readers[line.tag]?.(draft, line);
		draft.last = line.tag;
	}

	if (draft.uid === undefined) {
		throw badRecord(rows.length, "there is no 'E: uid' line");
	}

	const {uid, env, entries, commands, libvirt, sections} = draft;
	const filled = filledDirectories(entries);
	for (const [path, entry] of entries) {
		if (entry.kind === 'directory' && filled.has(path)) {
			entries.delete(path);
		}
	}

	const problem = treeProblem(entries);
	if (problem) {
		throw badRecord(draft.lines.get(problem.path) ?? 1, problem.why);
	}

	return {name, caller: {uid, env: {...env}}, entries, commands, libvirt, ...sections.size === 0 ? {} : {sections}};
}

function * taggedLines(rows: readonly string[]): Generator<Line> {
	for (let index = 1; index < rows.length;) {
		const row = rows[index] ?? '';
		const number = index + 1;
		if (row.length > recordLimits.lineBytes) {
			throw badRecord(number, `the line is longer than ${recordLimits.lineBytes} characters`);
		}

		const match = /^([A-Z]): (.*)$/s.exec(row);
		if (!match || readers[match[1] ?? ''] === undefined) {
			throw badRecord(number, 'it does not begin with a known letter and a colon');
		}

		const block: string[] = [];
		for (index++; rows[index]?.startsWith('\t'); index++) {
			if ((rows[index]?.length ?? 0) > recordLimits.lineBytes) {
				throw badRecord(index + 1, `the line is longer than ${recordLimits.lineBytes} characters`);
			}

			block.push((rows[index] ?? '').slice(1));
		}

		yield {number, tag: match[1] ?? '', rest: match[2] ?? '', block};
	}
}
