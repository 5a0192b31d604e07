// Steering rules of a card.
import type {Argv, Options} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const steerUsages = {
	'steer add': '<pf>',
	'steer list': '[pf]',
	'steer delete': '<pf> [locations..]',
} as const;

const pfHelp = 'interface or address of the PF';

/** Numbers are taken as strings, as everywhere (vf-settings-options.ts). */
const ruleOptions = {
	action: {type: 'string', requiresArg: true, demandOption: true, describe: 'where the flow goes: vf:N or a VF by name, queue:N of the PF, or drop'},
	queue: {type: 'string', requiresArg: true, describe: 'queue of the VF (default: 0)'},
	flow: {type: 'string', requiresArg: true, describe: 'ether, ip4, tcp4, udp4, sctp4, ip6, tcp6, udp6, sctp6; needed with ports'},
	'from-ip': {type: 'string', requiresArg: true, describe: 'source address or network'},
	'to-ip': {type: 'string', requiresArg: true, describe: 'destination address or network'},
	'from-port': {type: 'string', requiresArg: true, describe: 'source port'},
	'to-port': {type: 'string', requiresArg: true, describe: 'destination port'},
	'from-mac': {type: 'string', requiresArg: true, describe: 'source MAC, in ether flows'},
	'to-mac': {type: 'string', requiresArg: true, describe: 'destination MAC'},
	'ether-type': {type: 'string', requiresArg: true, describe: '0x88cc, or ipv4, arp, ipv6, lldp, ptp'},
	vlan: {type: 'string', requiresArg: true, describe: 'VLAN id'},
	'vlan-priority': {type: 'string', requiresArg: true, describe: 'priority in the VLAN tag, 0-7'},
	location: {type: 'string', requiresArg: true, describe: 'place in the card\'s table; without it a free one'},
} as const satisfies Record<string, Options>;

/** Adds the commands to the parser. */
export function addSteerCommands(parser: Argv, run: Run): void {
	parser.command('steer', 'rules of a card that send received flows to a VF or a queue, or drop them', group => group
		.command(`add ${steerUsages['steer add']}`, 'add a rule, or change what the one at --location does', y => y
			.positional('pf', {type: 'string', demandOption: true, describe: pfHelp})
			.options({...ruleOptions, ...changeOptions}), async args => run(args, async context => {
			const {runAdd} = await import('./commands/steer.ts');
			await runAdd(context, args);
		}))
		.command(`list ${steerUsages['steer list']}`, 'rules of the cards, and what each card can', y => y
			.positional('pf', {type: 'string', describe: pfHelp}), async args => run(args, async context => {
			const {runList} = await import('./commands/steer.ts');
			await runList(context, args.pf);
		}))
		.command(`delete ${steerUsages['steer delete']}`, 'take rules away', y => y
			.positional('pf', {type: 'string', demandOption: true, describe: pfHelp})
			.positional('locations', {type: 'string', array: true, describe: 'as steer list shows them'})
			.option('all', {type: 'boolean', default: false, describe: 'all rules of the PF'})
			.options(changeOptions), async args => run(args, async context => {
			const {runDelete} = await import('./commands/steer.ts');
			await runDelete(context, args);
		}))
		.demandCommand(1, 'name one of: add, list, delete'));
}
