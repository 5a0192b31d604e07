// What lasts beyond a reboot.
import type {Argv} from 'yargs';
import {persistItems} from '../plan/persist/item.ts';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const persistUsages = {
	'persist show': '',
	'persist on': '',
	'persist off': '',
} as const;

const itemOptions = {
	only: {type: 'array', choices: persistItems, requiresArg: true, describe: 'only these'},
	skip: {type: 'array', choices: persistItems, requiresArg: true, describe: 'all but these'},
} as const;

/** Adds the commands to the parser. */
export function addPersistCommands(parser: Argv, run: Run): void {
	parser.command('persist', 'what makes this host come back after a reboot', group => group
		.command(['show', '$0'], 'what is set, what is missing, and why', y => y, async args => run(args, async context => {
			const {runShow} = await import('./commands/persist.ts');
			await runShow(context);
		}))
		.command('on', 'set kernel arguments, modules, rules for network managers, and units', y => y
			.option('host-file', {type: 'string', requiresArg: true, describe: 'host file to put in place for the next boots'})
			.options({...itemOptions, ...changeOptions}), async args => run(args, async context => {
			const {runOn} = await import('./commands/persist.ts');
			await runOn(context, {hostFile: args['host-file'], only: args.only ?? [], skip: args.skip ?? []});
		}))
		.command('off', 'take away what persist on set', y => y
			.options({...itemOptions, ...changeOptions}), async args => run(args, async context => {
			const {runOff} = await import('./commands/persist.ts');
			await runOff(context, {only: args.only ?? [], skip: args.skip ?? []});
		})));
}
