// Network namespaces and containers.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {guestNetworkOptions} from './guest-network-options.ts';
import {changeOptions} from './options.ts';
import {vfSettingsOptions} from './vf-settings-options.ts';

export const netnsUsages = {
	'netns attach': '<ns> <device>',
	'netns detach': '<ns> <device>',
	'netns reclaim': '[devices..]',
	'netns list': '',
} as const;

function usage(command: keyof typeof netnsUsages): string {
	return `${command.slice('netns '.length)} ${netnsUsages[command]}`.trimEnd();
}

const nsHelp = 'name of ip netns, a path (/run/netns/NAME, /proc/PID/ns/net, /run/docker/netns/ID), or pid:N';

const networkOptions = {
	address: {...guestNetworkOptions.address, describe: 'address in the namespace, as 20.0.0.3/24; may be repeated'},
	gateway: guestNetworkOptions.gateway,
	route: {...guestNetworkOptions.route, describe: 'route in the namespace: NETWORK[,via=ADDRESS][,metric=N]; without via over the gateway; may be repeated'},
	mtu: {...guestNetworkOptions.mtu, describe: 'MTU of the interface, in bytes'},
} as const;

/** Adds the commands to the parser. */
export function addNetnsCommands(parser: Argv, run: Run): void {
	parser.command('netns', 'give VFs to network namespaces, and take them back as they were', group => group
		.command(usage('netns attach'), 'give the interface of a VF to a network namespace', y => y
			.positional('ns', {type: 'string', demandOption: true, describe: nsHelp})
			.positional('device', {type: 'string', demandOption: true, describe: 'VF (ens6f1#0, 0000:03:10.1, its interface), or a PF, of which the first free VF is taken'})
			.options({...vfSettingsOptions, ...networkOptions, ...changeOptions})
			.option('name', {type: 'string', requiresArg: true, describe: 'name of the interface in the namespace (default: the one it has)'})
			.option('vfs', {type: 'string', requiresArg: true, describe: 'VFs to create when the PF has none (default 8, or all when it has fewer)'})
			.option('whole-pf', {type: 'boolean', default: false, describe: 'give the PF itself, which must have no VFs'}), async args => run(args, async context => {
			const {runAttach} = await import('./commands/netns.ts');
			await runAttach(context, args);
		}))
		.command(usage('netns detach'), 'take an interface back from a network namespace, as it was', y => y
			.positional('ns', {type: 'string', demandOption: true, describe: `${nsHelp}; also one that is gone`})
			.positional('device', {type: 'string', demandOption: true, describe: 'its name in the namespace, or VF, or PF'})
			.options(changeOptions), async args => run(args, async context => {
			const {runDetach} = await import('./commands/netns.ts');
			await runDetach(context, args);
		}))
		.command(usage('netns reclaim'), 'put back what namespaces that are gone left behind', y => y
			.positional('devices', {type: 'string', array: true, default: [] as string[], describe: 'VFs or PFs (default: all)'})
			.options(changeOptions), async args => run(args, async context => {
			const {runReclaim} = await import('./commands/netns.ts');
			await runReclaim(context, args.devices);
		}))
		.command(usage('netns list'), 'interfaces of VFs and PFs in network namespaces', y => y, async args => run(args, async context => {
			const {runList} = await import('./commands/netns.ts');
			await runList(context);
		}))
		.demandCommand(1, 'name one of: attach, detach, reclaim, list'));
}
