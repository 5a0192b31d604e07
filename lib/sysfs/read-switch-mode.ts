// How the cards' own switches work, as `bridge link` tells it.
import {AppError} from '../errors.ts';
import type {Runner} from '../host/host.ts';
import {switchModes, type SwitchMode} from '../model/forward.ts';

/** What is asked of an interface. */
export function switchModeQuestion(netdev: string): [string, ...string[]] {
	return ['bridge', '-j', 'link', 'show', 'dev', netdev];
}

/** IFLA_BRIDGE_MODE of a PF's interface; null where its driver tells none (igb), or nobody can be asked. A
 * port of a bridge is told twice, once by the bridge, which knows no mode. */
export async function readSwitchMode(runner: Runner, netdev: string): Promise<SwitchMode | null> {
	try {
		const {code, stdout} = await runner.run(switchModeQuestion(netdev), {timeoutMs: 5000});
		const links: unknown[] = code === 0 ? [JSON.parse(stdout)].flat() : [];
		const modes = links.map(link => String((link as {hwmode?: unknown} | null)?.hwmode).toLowerCase());
		return switchModes.find(mode => modes.includes(mode)) ?? null;
	} catch (error) {
		if (error instanceof AppError || error instanceof SyntaxError) {
			return null;
		}

		throw error;
	}
}
