// What the words and options of `vfctl bench` say.
import {AppError} from '../errors.ts';
import {benchMethods, benchTests} from '../model/bench.ts';
import type {BenchEndName} from '../model/bench-result.ts';
import {isNetnsName} from '../model/netns.ts';
import type {BenchRequest} from '../exec/bench/bench-request.ts';
import {wholeNumber} from './vf-settings-options.ts';

export interface BenchArguments {
	first: string;
	second: string;
	method?: string | undefined;
	test?: string | undefined;
	seconds: string;
	runs: string;
	on?: string | undefined;
	bridge?: string | undefined;
	to?: string | undefined;
}

/** Checked in itself; throws USAGE. */
export function parseBench(args: BenchArguments): Omit<BenchRequest, 'acceptedRisks' | 'renderXml'> {
	const ends = [parseEnd(args.first), parseEnd(args.second)] as const;
	if (ends[0].kind === ends[1].kind && ends[0].name === ends[1].name) {
		throw new AppError('USAGE', 'both ends are the same', {why: 'what is measured lies between two', fix: 'vfctl bench vm0 vm1'});
	}

	const methods = args.method === undefined ? null : parseWords(args.method, benchMethods, 'method');
	if (methods !== null && args.to !== undefined) {
		throw new AppError('USAGE', '--to and --method contradict each other', {why: 'with --method both ends get addresses for the measurement', fix: 'leave one of them out'});
	}

	if (methods === null && (args.on !== undefined || args.bridge !== undefined)) {
		throw new AppError('USAGE', `--${args.on === undefined ? 'bridge' : 'on'} needs --method`, {why: 'without it nothing is attached', fix: 'add --method sriov,macvtap,bridge'});
	}

	const pfs = words(args.on ?? '');
	if (pfs.length > 2) {
		throw new AppError('USAGE', `--on names ${pfs.length} PFs`, {why: 'there are two ends', fix: 'name one PF for both, or one for each'});
	}

	return {
		ends, methods, pfs,
		tests: args.test === undefined ? benchTests : parseWords(args.test, benchTests, 'test'),
		seconds: number(args.seconds, 3600, 'a number of seconds'),
		runs: number(args.runs, 100, 'a number of runs'),
		bridge: args.bridge,
		to: args.to,
	};
}

function parseEnd(text: string): BenchEndName {
	const [, kind, rest] = /^(guest|netns):(.*)$/s.exec(text) ?? [];
	const name = rest ?? text;
	if (name === '') {
		throw new AppError('USAGE', `'${text}' names nothing`, {fix: 'vfctl bench vm0 vm1, or netns:a netns:b'});
	}

	if (kind !== 'netns') {
		return {kind: 'guest', name};
	}

	// `ip netns exec` takes names only.
	if (name.includes('/') || !isNetnsName(name)) {
		throw new AppError('USAGE', `'${name}' is no name of a namespace`, {why: 'programs are run in it by ip netns exec, which knows those of ip netns list', fix: 'ip netns attach NAME PID gives one to the namespace of a process'});
	}

	return {kind, name};
}

function parseWords<Word extends string>(given: string, known: readonly Word[], what: string): Word[] {
	const chosen = words(given);
	const wrong = chosen.find(word => !known.some(one => one === word));
	if (wrong !== undefined || chosen.length === 0) {
		throw new AppError('USAGE', `'${wrong ?? given}' is no ${what}`, {why: `there are ${known.join(', ')}`, fix: `--${what} ${known.join(',')}`});
	}

	return chosen as Word[];
}

/** `a,b`, each word once. */
function words(given: string): string[] {
	return [...new Set(given.split(',').filter(word => word !== ''))];
}

function number(text: string, most: number, what: string): number {
	const value = wholeNumber(text, most, 'USAGE', what);
	if (value === 0) {
		throw new AppError('USAGE', `'${text}' is not ${what} that can be measured`, {fix: `give 1 to ${most}`});
	}

	return value;
}
