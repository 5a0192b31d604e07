// libvirt's own networks and their DHCP leases.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const networkUsages = {
	'dhcp list': '[network]',
	'dhcp add': '<network> <who> <ip>',
	'dhcp delete': '<network> <who>',
	'network list': '',
	'network check': '[name]',
	'network repair': '[name]',
} as const;

const networkHelp = 'a network of libvirt, such as default';
const whoHelp = 'MAC, or a guest with one interface on the network';

/** Adds the commands to the parser. */
export function addNetworkCommands(parser: Argv, run: Run): void {
	addDhcpCommands(parser, run);
	parser.command('network', 'networks of libvirt', group => group
		.command('list', 'all networks of libvirt', y => y, async args => run(args, async context => {
			const {runList} = await import('./commands/network.ts');
			await runList(context);
		}))
		.command(`check ${networkUsages['network check']}`, 'say what is wrong with a network; exit status 10 when something is', y => y
			.positional('name', {type: 'string', default: 'default', describe: networkHelp}), async args => run(args, async context => {
			const {runCheck} = await import('./commands/network.ts');
			return runCheck(context, {name: args.name});
		}))
		.command(`repair ${networkUsages['network repair']}`, 'define the default network when it is missing; start a network, and let it start with the host', y => y
			.positional('name', {type: 'string', default: 'default', describe: networkHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runRepair} = await import('./commands/network.ts');
			await runRepair(context, {name: args.name});
		}))
		.demandCommand(1, 'name one of: list, check, repair'));
}

function addDhcpCommands(parser: Argv, run: Run): void {
	parser.command('dhcp', 'static DHCP leases of libvirt\'s networks', group => group
		.command(`list ${networkUsages['dhcp list']}`, 'static leases', y => y
			.positional('network', {type: 'string', describe: 'only of this network'}), async args => run(args, async context => {
			const {runList} = await import('./commands/dhcp.ts');
			await runList(context, {network: args.network});
		}))
		.command(`add ${networkUsages['dhcp add']}`, 'reserve an address, or change the one that is reserved', y => y
			.positional('network', {type: 'string', demandOption: true, describe: networkHelp})
			.positional('who', {type: 'string', demandOption: true, describe: whoHelp})
			.positional('ip', {type: 'string', demandOption: true, describe: 'IPv4 address of the network'})
			.option('name', {type: 'string', requiresArg: true, describe: 'host name that goes with the address'})
			.options(changeOptions), async args => run(args, async context => {
			const {runAdd} = await import('./commands/dhcp.ts');
			await runAdd(context, {network: args.network, who: args.who, ip: args.ip, name: args.name});
		}))
		.command(`delete ${networkUsages['dhcp delete']}`, 'take a reserved address away', y => y
			.positional('network', {type: 'string', demandOption: true, describe: networkHelp})
			.positional('who', {type: 'string', demandOption: true, describe: whoHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runDelete} = await import('./commands/dhcp.ts');
			await runDelete(context, {network: args.network, who: args.who});
		}))
		.demandCommand(1, 'name one of: list, add, delete'));
}
