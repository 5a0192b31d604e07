// Measurements.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const benchUsages = {
	bench: '<first> <second>',
} as const;

/** Adds the commands to the parser. */
export function addBenchCommands(parser: Argv, run: Run): void {
	parser.command(`bench ${benchUsages.bench}`, 'measure between two guests or namespaces, over one or several methods', y => y
		.positional('first', {type: 'string', demandOption: true, describe: 'guest that asks and sends (vm0 or guest:vm0), or netns:NAME'})
		.positional('second', {type: 'string', demandOption: true, describe: 'guest or namespace that answers and receives'})
		.option('method', {type: 'string', requiresArg: true, describe: 'join them for the measurement, one after the other: sriov,macvtap,bridge (default: over what joins them already)'})
		.option('test', {type: 'string', requiresArg: true, describe: 'rr,crr,stream,ping (default: all four)'})
		.option('seconds', {type: 'string', requiresArg: true, default: '10', describe: 'length of each test'})
		.option('runs', {type: 'string', requiresArg: true, default: '3', describe: 'how often each test is run'})
		.option('on', {type: 'string', requiresArg: true, describe: 'PF for sriov and macvtap; PF1,PF2: one for each end'})
		.option('bridge', {type: 'string', requiresArg: true, describe: 'bridge for the method bridge (default: the only one of the host)'})
		.option('to', {type: 'string', requiresArg: true, describe: 'address of the second end, without --method'})
		.option('svg', {type: 'string', requiresArg: true, describe: 'write the result as a picture to this file'})
		.options(changeOptions), async args => run(args, async context => {
		const {run: bench} = await import('./commands/bench.ts');
		await bench(context, args);
	}));
}
