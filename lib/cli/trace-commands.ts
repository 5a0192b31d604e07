// Where frames between two interfaces spend their time.
import type {Argv} from 'yargs';
import {usageOf, type Run} from './commands.ts';

export const traceUsages = {
	trace: '<from> <to>',
} as const;

/** Adds the command to the parser. */
export function addTraceCommand(parser: Argv, run: Run): void {
	const vf = 'VF: ens6f1#0, 0000:03:10.1, its interface; with --netdev the name of any interface, as its namespace calls it';
	parser.command(usageOf('trace'), 'where frames between two VFs spend their time, stage by stage, by the kernel\'s own events', y => y
		.positional('from', {type: 'string', demandOption: true, describe: vf})
		.positional('to', {type: 'string', demandOption: true, describe: vf})
		.option('seconds', {type: 'string', requiresArg: true, default: '5', describe: 'how long to look; Ctrl-C ends it earlier'})
		.option('ping', {type: 'string', requiresArg: true, describe: 'send pings to this address from the first, in its namespace; without it nothing is sent'})
		.option('netdev', {type: 'boolean', default: false, describe: 'they are interfaces that something in the kernel joins (veth, a bridge, Open vSwitch), not VFs'}), async args => run(args, async context => {
		const {run: trace} = await import('./commands/trace.ts');
		await trace(context, args);
	}));
}
