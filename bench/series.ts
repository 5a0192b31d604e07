// Times programs one after the other, round by round, with bash's own `time`: it counts the CPU
// of a program and its children to the millisecond, and starts nothing beside it.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

export interface Timed {
	/** How it is called in the table. */
	name: string;
	argv: readonly [string, ...string[]];
	/** Fewer rounds than the others, for what takes seconds. */
	rounds?: number;
}

export interface Sample {
	wallMs: number;
	cpuMs: number;
}

/** Samples by name, in the order of the rounds. */
export type Series = ReadonlyMap<string, readonly Sample[]>;

/** Runs every program `rounds` times, after one round that is not counted: files and libvirtd's
 * answers are warm for all alike. `run` runs a script and resolves when it ended. */
export function runSeries(programs: readonly Timed[], rounds: number, run: (script: string) => void): Series {
	const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-bench-'));
	try {
		const script = path.join(directory, 'series.sh');
		const times = path.join(directory, 'times');
		writeFileSync(script, scriptText(programs, {rounds, times, errors: path.join(directory, 'errors')}));
		run(script);
		return parse(readFileSync(times, 'utf8'));
	} finally {
		rmSync(directory, {recursive: true});
	}
}

function scriptText(programs: readonly Timed[], {rounds, times, errors}: {rounds: number; times: string; errors: string}): string {
	return [
		'export LC_ALL=C',
		"TIMEFORMAT='%3R %3U %3S'",
		'timed() {',
		'	local name=$1; shift',
		`	if ! took=$( { time "$@" >/dev/null 2>${quote(errors)}; } 2>&1 ); then`,
		`		echo "$* failed: $(cat ${quote(errors)})" >&2; exit 1`,
		'	fi',
		`	[ "$round" -eq 0 ] || echo "$name $took" >>${quote(times)}`,
		'}',
		`for round in $(seq 0 ${rounds}); do`,
		...programs.map(({name, argv, rounds: own = rounds}) => `	[ "$round" -gt ${own} ] || timed ${[name, ...argv].map(word => quote(word)).join(' ')}`),
		'done',
		'',
	].join('\n');
}

function parse(text: string): Map<string, Sample[]> {
	const series = new Map<string, Sample[]>();
	for (const line of text.trim().split('\n')) {
		const match = /^(.*) (\S+) (\S+) (\S+)$/.exec(line);
		if (match) {
			const [, name = '', real, user, system] = match;
			series.set(name, [...series.get(name) ?? [], {wallMs: Number(real) * 1000, cpuMs: (Number(user) + Number(system)) * 1000}]);
		}
	}

	return series;
}

function quote(text: string): string {
	return `'${text.replaceAll('\'', '\'\\\'\'')}'`;
}
