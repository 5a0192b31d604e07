// Steering rules and their feature flag of an interface, as ethtool tells them.
import {AppError} from '../errors.ts';
import type {Runner} from '../host/host.ts';
import type {Feature, Steering} from '../model/steering.ts';
import {parseFeature, parseRings, parseRules, parseTotal} from './parse-steering.ts';

/** The flag that ethtool calls `ntuple` when it is set. */
export const ntupleFeature = 'ntuple-filters';

/** The questions, as argument vectors; a record holds their answers (record/capture.ts). */
export function steeringQuestions(netdev: string): ReadonlyArray<readonly [string, ...string[]]> {
	return [['ethtool', '-k', netdev], ['ethtool', '-n', netdev]];
}

/** What the card has and can have. A driver without a table of rules is no error: `problem` says
 * what the kernel said. Throws TOOL_MISSING, and STEP_FAILED for a table that is not complete. */
export async function readSteering(runner: Runner, netdev: string): Promise<Steering> {
	const ntuple = await readFeature(runner, netdev);
	const {code, stdout, stderr} = await runner.run(['ethtool', '-n', netdev]);
	const queues = parseRings(stdout);
	const total = parseTotal(stdout);
	if (code !== 0 || total === null) {
		return {netdev, ntuple, queues, entries: null, problem: kernelWord(stderr) ?? (code === 0 ? 'ethtool tells no number of rules' : `exit status ${code}`)};
	}

	const entries = parseRules(stdout);
	if (entries.length !== total) {
		throw new AppError('STEP_FAILED', `the steering rules of ${netdev} cannot be read`, {
			why: `'ethtool -n ${netdev}' counts ${total} and shows ${entries.length}${stderr.trim() === '' ? '' : `: ${stderr.trim()}`}`,
			fix: 'try again: rules may have changed while they were listed',
		});
	}

	return {netdev, ntuple, queues, entries, problem: null};
}

/** As readSteering; null where the rules cannot be read, for one: without ethtool. */
export async function steeringIfTold(runner: Runner, netdev: string): Promise<Steering | null> {
	try {
		return await readSteering(runner, netdev);
	} catch (error) {
		if (error instanceof AppError) {
			return null;
		}

		throw error;
	}
}

/** A flag of the interface, or null when ethtool does not tell it. */
export async function readFeature(runner: Runner, netdev: string, name = ntupleFeature): Promise<Feature | null> {
	const {code, stdout} = await runner.run(['ethtool', '-k', netdev]);
	return code === 0 ? parseFeature(stdout, name) : null;
}

/** What the kernel said (strerror), of the lines that ethtool makes of it. */
export function kernelWord(stderr: string): string | undefined {
	const said = stderr.split('\n').map(line => /^(?:rmgr|rxclass|Cannot get RX rings|netlink error)[^:]*: (?:Cannot [^:]*: )?(.+)$/.exec(line.trim())?.[1]).filter(word => word !== undefined);
	return said.at(-1) ?? (stderr.trim() === '' ? undefined : stderr.trim().split('\n')[0]);
}
