// Ways to carry a packet, and what they cost.
import type {Argv} from 'yargs';
import {usageOf, type Run} from './commands.ts';

export const methodsUsages = {
	methods: '[device]',
} as const;

/** Adds the commands to the parser. */
export function addMethodsCommands(parser: Argv, run: Run): void {
	parser.command(usageOf('methods'), 'ways to give guests, containers and programs a network: who can use which, and which this host has', y => y
		.positional('device', {type: 'string', describe: 'count only the VFs of this PF'}), async args => run(args, async context => {
		const {run: methods} = await import('./commands/methods.ts');
		await methods(context, {device: args.device});
	}));
}
