// Messages of kernels, drivers, libvirt and QEMU: what they mean and what to do.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const explainUsages = {
	explain: '[log]',
} as const;

/** Adds the command to the parser. */
export function addExplainCommands(parser: Argv, run: Run): void {
	parser.command(`explain ${explainUsages.explain}`, 'what messages in logs mean, and what to do about them', y => y
		.positional('log', {type: 'string', describe: 'a file (.gz too), - for standard input, or one line in quotes; without: the logs of this host since it was booted'})
		.option('follow', {type: 'boolean', alias: 'f', default: false, describe: 'go on and explain what comes, until interrupted'})
		.option('since', {type: 'string', requiresArg: true, describe: 'only lines since a time (UTC), or 2h, \'10 min ago\', today'})
		.option('this-host', {type: 'boolean', default: false, describe: 'the file is a log of this host: name its devices and guests'})
		.option('verbose', {type: 'boolean', alias: 'v', default: false, describe: 'also show the lines that are not known'}), async args => run(args, async context => {
		const {run: explain} = await import('./commands/explain.ts');
		return explain(context, {log: args.log, follow: args.follow, since: args.since, thisHost: args.thisHost, verbose: args.verbose});
	}));
}
