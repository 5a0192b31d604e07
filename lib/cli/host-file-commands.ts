// The host file.
import type {Argv} from 'yargs';
import {usageOf, type Run} from './commands.ts';
import {addExchangeCommands, exchangeUsages} from './exchange-commands.ts';
import {changeOptions} from './options.ts';

export const hostFileUsages = {
	plan: '<file>',
	apply: '<file>',
	diff: '<file> [after]',
	confirm: '[operation]',
	...exchangeUsages,
} as const;

const fileHelp = 'host file (YAML); - is standard input';

// Of the commands that look at guests.
const waitingOptions = {
	boot: {type: 'boolean', default: false, describe: 'before libvirt and the network run: without guests, pools, leases and routes'},
	'wait-pfs': {type: 'string', requiresArg: true, describe: 'seconds to wait for the PFs of the file (with --boot: 60)'},
	'wait-guests': {type: 'string', requiresArg: true, describe: 'seconds to wait for the agents of running guests'},
} as const;

/** Adds the commands to the parser. */
export function addHostFileCommands(parser: Argv, run: Run): void {
	addApplyCommands(parser, run);
	addExchangeCommands(parser, run);
}

function addApplyCommands(parser: Argv, run: Run): void {
	const {yes: _yes, 'dry-run': _dryRun, 'lock-timeout': _lockTimeout, ...lookOptions} = changeOptions;
	const timeout = {type: 'string', requiresArg: true, default: '60', describe: 'seconds the guest agent may take to show a new interface; 0 does not look'} as const;
	parser
		.command(usageOf('plan'), 'what apply would do', y => y
			.positional('file', {type: 'string', demandOption: true, describe: fileHelp})
			.options({...waitingOptions, ...lookOptions}), async args => run(args, async context => {
			const {runPlan} = await import('./commands/host-file.ts');
			await runPlan(context, args);
		}))
		.command(usageOf('apply'), 'make the host what a host file says', y => y
			.positional('file', {type: 'string', demandOption: true, describe: fileHelp})
			.option('confirm-within', {type: 'string', requiresArg: true, describe: 'put everything back after this time (60s, 5m) unless vfctl confirm comes'})
			.option('guest-timeout', timeout)
			.options({...waitingOptions, ...changeOptions}), async args => run(args, async context => {
			const {runApply} = await import('./commands/host-file.ts');
			await runApply(context, args);
		}))
		.command(usageOf('diff'), 'what differs from a host file, or what changed since a snapshot; exit status 10 when something does', y => y
			.positional('file', {type: 'string', demandOption: true, describe: `${fileHelp}; or a snapshot (vfctl snapshot, capture, bundle)`})
			.positional('after', {type: 'string', describe: 'a later snapshot; without: this host now'})
			.options({...waitingOptions, ...lookOptions}), async args => run(args, async context => {
			const {run: diff} = await import('./commands/diff.ts');
			return diff(context, args);
		}))
		.command(usageOf('confirm'), 'keep what apply --confirm-within did', y => y
			.positional('operation', {type: 'string', describe: 'number in vfctl history (the one that waits when none is named)'}), async args => run(args, async context => {
			const {run: confirm} = await import('./commands/confirm.ts');
			await confirm(context, {operation: args.operation});
		}));
}
