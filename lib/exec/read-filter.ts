// The unicast filter of a card: addresses that it gives to the host beside the interface's own.
import {AppError} from '../errors.ts';
import type {Runner} from '../host/host.ts';
import {parseMac, type Mac} from '../model/mac.ts';

const timeoutMs = 10_000;

/** The question about what a card forwards to its PF. */
export function filterQuestion(netdev: string): [string, ...string[]] {
	return ['bridge', '-j', 'fdb', 'show', 'dev', netdev];
}

/** The addresses; throws STEP_FAILED, or what the runner throws where there is no such program. */
export async function readFilter(runner: Runner, netdev: string): Promise<Mac[]> {
	const {code, stdout, stderr} = await runner.run(filterQuestion(netdev), {timeoutMs});
	if (code !== 0) {
		throw new AppError('STEP_FAILED', 'its address filter cannot be read', {why: stderr.trim() || `bridge ended with ${code}`});
	}

	return selfAddresses(stdout);
}

/** Entries of the card itself (NTF_SELF). */
function selfAddresses(json: string): Mac[] {
	let list: unknown;
	try {
		list = JSON.parse(json);
	} catch {
		throw new AppError('STEP_FAILED', 'its address filter cannot be read', {why: 'bridge printed no JSON'});
	}

	return (Array.isArray(list) ? list : []).flatMap((entry: {mac?: unknown; flags?: unknown} | null) => {
		const mac = parseMac(String(entry?.mac ?? ''));
		return mac !== undefined && Array.isArray(entry?.flags) && entry.flags.includes('self') ? [mac] : [];
	});
}
