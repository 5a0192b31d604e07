// Routes of guests and of the host.
import type {Argv, Options} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const routeUsages = {
	'route add': '<where> <network>',
	'route delete': '<where> <network>',
	'route list': '<where>',
} as const;

const whereHelp = 'name or UUID of a running guest, or host; guest:NAME is a guest whatever its name';

const routeOptions = {
	via: {type: 'string', requiresArg: true, describe: 'gateway; without it the network is on the link'},
	interface: {type: 'string', requiresArg: true, describe: 'in a guest: MAC, address or VF; on the host: its name. Not needed where only one fits'},
	metric: {type: 'string', requiresArg: true, describe: 'the lower one wins; without it what the kernel takes'},
} as const satisfies Record<string, Options>;

/** Adds the commands to the parser. */
export function addRouteCommands(parser: Argv, run: Run): void {
	parser.command('route', 'routes of guests and of the host', group => group
		.command(`add ${routeUsages['route add']}`, 'add a route in a running guest or on the host', y => y
			.positional('where', {type: 'string', demandOption: true, describe: whereHelp})
			.positional('network', {type: 'string', demandOption: true, describe: 'ADDRESS/LENGTH, or default'})
			.options({...routeOptions, ...changeOptions}), async args => run(args, async context => {
			const {runAdd} = await import('./commands/route.ts');
			await runAdd(context, args);
		}))
		.command(`delete ${routeUsages['route delete']}`, 'take a route away', y => y
			.positional('where', {type: 'string', demandOption: true, describe: whereHelp})
			.positional('network', {type: 'string', demandOption: true, describe: 'ADDRESS/LENGTH, or default'})
			.options({...routeOptions, ...changeOptions}), async args => run(args, async context => {
			const {runDelete} = await import('./commands/route.ts');
			await runDelete(context, args);
		}))
		.command(`list ${routeUsages['route list']}`, 'addresses and routes of a running guest, or routes of the host', y => y
			.positional('where', {type: 'string', demandOption: true, describe: whereHelp})
			.option('interface', {type: 'string', requiresArg: true, describe: 'only this one'}), async args => run(args, async context => {
			const {runList} = await import('./commands/route.ts');
			await runList(context, args);
		}))
		.demandCommand(1, 'name one of: add, delete, list'));
}
