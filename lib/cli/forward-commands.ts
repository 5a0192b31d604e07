// Frames between the VFs of one card.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const forwardUsages = {
	'forward table': '[pf]',
	'forward stats': '[pf]',
	'forward on': '<pfs..>',
	'forward off': '<pfs..>',
	'forward switch': '<mode> <pfs..>',
} as const;

const pfHelp = 'interface or address of the PF; without: all that it is on for';
const pfsHelp = 'interfaces or addresses of PFs';

/** Adds the commands to the parser. */
export function addForwardCommands(parser: Argv, run: Run): void {
	parser.command('forward', 'pass frames between VFs of one card on in the kernel, past the card', group => group
		.command(`table ${forwardUsages['forward table']}`, 'the ports, by which addresses they are found, and what holds them', y => y
			.positional('pf', {type: 'string', describe: pfHelp}), async args => run(args, async context => {
			const {runTable} = await import('./commands/forward.ts');
			await runTable(context, args.pf);
		}))
		.command(`stats ${forwardUsages['forward stats']}`, 'what was passed on, and why the rest went to the card', y => y
			.positional('pf', {type: 'string', describe: pfHelp}), async args => run(args, async context => {
			const {runStats} = await import('./commands/forward.ts');
			await runStats(context, args.pf);
		}))
		.command(`on ${forwardUsages['forward on']}`, 'pass frames between the VFs of these PFs on', y => y
			.positional('pfs', {type: 'string', array: true, demandOption: true, describe: pfsHelp})
			.option('relay', {type: 'string', requiresArg: true, describe: 'name of a group: frames to what lives behind the PFs (bridged guests), and between those of one group, are relayed; none: not any more'})
			.options(changeOptions), async args => run(args, async context => {
			const {runSwitch} = await import('./commands/forward.ts');
			await runSwitch(context, args.pfs, true, args.relay);
		}))
		.command(`off ${forwardUsages['forward off']}`, 'leave everything to the card again', y => y
			.positional('pfs', {type: 'string', array: true, demandOption: true, describe: pfsHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runSwitch} = await import('./commands/forward.ts');
			await runSwitch(context, args.pfs, false);
		}))
		.command(`switch ${forwardUsages['forward switch']}`, 'let the cards switch between VFs (veb), or send everything to a switch outside (vepa)', y => y
			.positional('mode', {choices: ['veb', 'vepa'] as const, demandOption: true, describe: 'veb or vepa'})
			.positional('pfs', {type: 'string', array: true, demandOption: true, describe: pfsHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runSwitchMode} = await import('./commands/forward.ts');
			await runSwitchMode(context, args.pfs, args.mode);
		}))
		.demandCommand(1, 'name one of: table, stats, on, off, switch'));
}
