// The way between two ends that is measured.
import {AppError} from '../../errors.ts';
import type {Clock} from '../../host/host.ts';
import type {BenchEndFacts} from '../../model/bench-result.ts';
import {toAddress} from '../../model/ip.ts';
import {waitUntil} from '../wait.ts';
import {readEndFacts} from './facts.ts';
import {findCommonNetwork, parseEndAddresses, parseRouteGet, type EndAddress} from './ip-text.ts';
import type {BenchPlace} from './place.ts';
import {toolMissing} from './tool-missing.ts';

export interface BenchPath {
	readonly from: BenchPlace;
	readonly to: BenchPlace;
	/** Of the second end. */
	readonly address: string;
	readonly ends: readonly [BenchEndFacts, BenchEndFacts];
}

// A card may look for its link 8 s; guests under emulation take several times that.
const answerMs = 90_000;

/** Waits until the second end answers the first. Throws BENCH_FAILED. */
export async function requireAnswer({from, to, address, clock, signal}: {from: BenchPlace; to: BenchPlace; address: string; clock: Clock; signal?: AbortSignal | undefined}): Promise<void> {
	let said = '';
	const answered = await waitUntil(clock, {budgetMs: answerMs, signal}, async () => {
		const {code, stderr} = await from.run(['ping', '-n', '-c', '1', '-W', '1', address], {signal});
		if (code === 127) {
			throw toolMissing('ping', from.name);
		}

		said = stderr.trim();
		return code === 0;
	});
	if (!answered) {
		throw new AppError('BENCH_FAILED', `${to.name} does not answer ${from.name} on ${address}`, {why: said === '' ? `no echo came back within ${answerMs / 1000} s` : said.slice(0, 300), fix: 'look at links, VLANs and firewalls of both'});
	}
}

/** The path that is there: over the first network that both ends are in, or to the address. */
export async function findPath([from, to]: readonly [BenchPlace, BenchPlace], wanted: string | undefined): Promise<BenchPath> {
	const [ours, theirs] = [await addressesOf(from), await addressesOf(to)];
	const pair = wanted === undefined ? requireCommon(from, to, findCommonNetwork(ours, theirs)) : requireOwn(to, theirs, toAddress(wanted, 'the address').address);
	const {address} = pair.prefix;
	const {code, stdout} = await from.run(['ip', 'route', 'get', address]);
	const route = code === 0 ? parseRouteGet(stdout) : {interface: null, address: null};
	return {
		from, to, address,
		ends: [
			await readEndFacts(from, route.address ?? 'unknown', route.interface),
			await readEndFacts(to, address, pair.interface),
		],
	};
}

async function addressesOf(place: BenchPlace): Promise<EndAddress[]> {
	const {code, stdout, stderr} = await place.run(['ip', '-o', 'addr', 'show']);
	if (code !== 0) {
		throw new AppError('BENCH_FAILED', `the addresses of ${place.name} cannot be read`, {why: stderr.trim().slice(0, 300) || `ip ended with ${code}`});
	}

	return parseEndAddresses(stdout);
}

function requireCommon(from: BenchPlace, to: BenchPlace, pair: [EndAddress, EndAddress] | undefined): EndAddress {
	if (pair === undefined) {
		throw new AppError('BENCH_FAILED', `${from.name} and ${to.name} are in no network together`, {why: 'without --method the ends are measured over what joins them already', fix: `--to ADDRESS of ${to.name}, or --method to have them joined for the measurement`});
	}

	return pair[1];
}

function requireOwn(to: BenchPlace, addresses: readonly EndAddress[], wanted: string): EndAddress {
	const found = addresses.find(({prefix}) => prefix.address === wanted);
	if (found === undefined) {
		throw new AppError('BENCH_FAILED', `${to.name} does not have ${wanted}`, {why: `it has ${addresses.map(({prefix}) => prefix.address).join(', ') || 'no address'}`, fix: `give one of its own as --to`});
	}

	return found;
}
