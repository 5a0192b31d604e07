// A snapshot: a record of the host that says which devices it was taken for.
import * as v from 'valibot';
import {AppError} from '../errors.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import type {Scope} from '../model/device-changes/facts.ts';
import type {HostRecord} from './record.ts';

const section = 'snapshot';

const schema = v.strictObject({
	functions: v.array(v.custom<Bdf>(value => typeof value === 'string' && parseBdf(value) === value)),
	guests: v.array(v.string()),
});

/** The record with what it is about; without a scope it is about everything. */
export function snapshotOf(record: HostRecord, scope: Scope | undefined): HostRecord {
	return scope ? {...record, sections: new Map([...record.sections ?? [], [section, `${JSON.stringify(scope)}\n`]])} : record;
}

/** What a record is about; undefined: everything. Throws BAD_RECORD. */
export function scopeOf({sections, name}: HostRecord): Scope | undefined {
	const text = sections?.get(section);
	if (text === undefined) {
		return undefined;
	}

	const {success, output} = v.safeParse(schema, jsonOf(text));
	if (!success) {
		throw new AppError('BAD_RECORD', `the record ${name} does not tell what it is a snapshot of`, {why: 'its section `snapshot` is damaged', fix: 'take it again with `vfctl snapshot`'});
	}

	return output;
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
