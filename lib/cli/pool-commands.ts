// Pools of VFs.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const poolUsages = {
	'pool create': '<name> <devices..>',
	'pool list': '',
	'pool show': '<name>',
	'pool resize': '<name> [count]',
	'pool start': '<name>',
	'pool stop': '<name>',
	'pool delete': '<name>',
} as const;

function usage(command: keyof typeof poolUsages): string {
	return `${command.slice('pool '.length)} ${poolUsages[command]}`.trimEnd();
}

/** Adds the commands to the parser. */
export function addPoolCommands(parser: Argv, run: Run): void {
	parser.command('pool', 'pools of VFs: libvirt networks that hand them out', group => addChanges(addLooking(group, run), run)
		.demandCommand(1, 'name one of: create, list, show, resize, start, stop, delete'));
}

function addLooking(group: Argv, run: Run): Argv {
	return group
		.command(usage('pool list'), 'pools and how many of their VFs are free', y => y, async args => run(args, async context => {
			const {runList} = await import('./commands/pool.ts');
			await runList(context);
		}))
		.command(usage('pool show'), 'the VFs of a pool and who has them', y => y
			.positional('name', {type: 'string', demandOption: true, describe: 'name of the pool'}), async args => run(args, async context => {
			const {runShow} = await import('./commands/pool.ts');
			await runShow(context, args.name);
		}));
}

function addChanges(group: Argv, run: Run): Argv {
	return group
		.command(usage('pool create'), 'make a pool of all VFs of a PF, or of chosen VFs', y => y
			.positional('name', {type: 'string', demandOption: true, describe: 'name for the pool'})
			.positional('devices', {type: 'string', array: true, demandOption: true, describe: 'a PF; or VFs: ens6f1#0-3, ens6f1#0,2, 0000:03:10.1, interfaces'})
			.option('autostart', {type: 'boolean', default: true, describe: 'start it with libvirt (--no-autostart: do not)'})
			.option('start', {type: 'boolean', default: true, describe: 'start it now (--no-start: do not)'})
			.option('vfs', {type: 'string', requiresArg: true, describe: 'VFs to create when the PF has none'})
			.options(changeOptions), async args => run(args, async context => {
			const {runCreate} = await import('./commands/pool.ts');
			await runCreate(context, args);
		}))
		.command(usage('pool resize'), 'change how many VFs a pool has, or which', y => y
			.positional('name', {type: 'string', demandOption: true, describe: 'name of the pool'})
			.positional('count', {type: 'string', describe: 'how many VFs; of a pool of a whole PF, the VF count of the PF'})
			.option('add', {type: 'string', array: true, requiresArg: true, describe: 'VFs to add: ens6f1#4-7'})
			.option('remove', {type: 'string', array: true, requiresArg: true, describe: 'VFs to take out'})
			.options(changeOptions), async args => run(args, async context => {
			const {runResize} = await import('./commands/pool.ts');
			await runResize(context, args);
		}))
		.command(usage('pool start'), 'start a pool', y => y
			.positional('name', {type: 'string', demandOption: true, describe: 'name of the pool'})
			.options(changeOptions), async args => run(args, async context => {
			const {runState} = await import('./commands/pool.ts');
			await runState(context, args.name, true);
		}))
		.command(usage('pool stop'), 'stop a pool that no running guest uses', y => y
			.positional('name', {type: 'string', demandOption: true, describe: 'name of the pool'})
			.options(changeOptions), async args => run(args, async context => {
			const {runState} = await import('./commands/pool.ts');
			await runState(context, args.name, false);
		}))
		.command(usage('pool delete'), 'take a pool away that no guest names', y => y
			.positional('name', {type: 'string', demandOption: true, describe: 'name of the pool'})
			.options(changeOptions), async args => run(args, async context => {
			const {runDelete} = await import('./commands/pool.ts');
			await runDelete(context, args.name);
		}));
}
