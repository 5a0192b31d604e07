// Host files from a host and from other programs' files, and back.
import type {Argv} from 'yargs';
import {usageOf, type Run} from './commands.ts';

export const exchangeUsages = {
	export: '',
	import: '<file>',
} as const;

/** Adds the commands to the parser. */
export function addExchangeCommands(parser: Argv, run: Run): void {
	parser
		.command(usageOf('export'), 'print the host file of this host', y => y
			.option('to', {choices: ['host-file', 'nmstate', 'sriov-policy'] as const, default: 'host-file' as const, requiresArg: true, describe: 'format'})
			.option('strict', {type: 'boolean', default: false, describe: 'fail when something of the host cannot be said'}), async args => run(args, async context => {
			const {run: exportHost} = await import('./commands/export.ts');
			await exportHost(context, {to: args.to, strict: args.strict});
		}))
		.command(usageOf('import'), 'print the host file that another program\'s file makes', y => y
			.positional('file', {type: 'string', demandOption: true, describe: 'file of nmstate or the SR-IOV operator (YAML or JSON); - is standard input'})
			.option('from', {choices: ['nmstate', 'sriov-policy'] as const, requiresArg: true, describe: 'format (default: told by its keys)'})
			.option('strict', {type: 'boolean', default: false, describe: 'fail when something of it cannot be said'}), async args => run(args, async context => {
			const {run: importFile} = await import('./commands/import.ts');
			await importFile(context, {file: args.file, from: args.from, strict: args.strict});
		}));
}
