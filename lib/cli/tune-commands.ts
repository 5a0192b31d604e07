// Interrupts and receive queues.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const tuneUsages = {
	'tune show': '[devices..]',
	'tune irq': '<devices..>',
	'tune rps': '<devices..>',
} as const;

const devicesHelp = 'PFs and VFs: ens6f1, ens6f1#0, ens6f1#0-3, 0000:03:10.1, interfaces';
const cpusHelp = 'CPUs: 0-3,8';

function usage(command: keyof typeof tuneUsages): string {
	return `${command.slice('tune '.length)} ${tuneUsages[command]}`;
}

/** Adds the commands to the parser. */
export function addTuneCommands(parser: Argv, run: Run): void {
	parser.command('tune', 'interrupts and receive queues: which CPUs work for which device', group => addChanges(group, run)
		.command(usage('tune show'), 'interrupts, their CPUs and counts, receive queues, irqbalance', y => y
			.positional('devices', {type: 'string', array: true, describe: `${devicesHelp}; without any: all that have interrupts`}), async args => run(args, async context => {
			const {runShow} = await import('./commands/tune.ts');
			await runShow(context, args.devices ?? []);
		}))
		.demandCommand(1, 'name one of: show, irq, rps'));
}

function addChanges(group: Argv, run: Run): Argv {
	return group
		.command(usage('tune irq'), 'spread the interrupts of devices over CPUs, one after the other', y => y
			.positional('devices', {type: 'string', array: true, demandOption: true, describe: devicesHelp})
			.option('cpus', {type: 'string', requiresArg: true, describe: cpusHelp})
			.option('spread', {type: 'string', choices: ['local', 'all', 'one-per-core'] as const, requiresArg: true, describe: 'CPUs of the device\'s NUMA node (local, the default), all, or one thread of each core of the node; without isolated ones'})
			.conflicts('cpus', 'spread')
			.options(changeOptions), async args => run(args, async context => {
			const {runIrq} = await import('./commands/tune.ts');
			await runIrq(context, args);
		}))
		.command(usage('tune rps'), 'let CPUs share the packets of receive queues', y => y
			.positional('devices', {type: 'string', array: true, demandOption: true, describe: devicesHelp})
			.option('cpus', {type: 'string', requiresArg: true, describe: `${cpusHelp}; none switches it off; without: those of the device's NUMA node that are not isolated`})
			.option('queue', {type: 'string', requiresArg: true, describe: 'one receive queue; without: all'})
			.options(changeOptions), async args => run(args, async context => {
			const {runRps} = await import('./commands/tune.ts');
			await runRps(context, args);
		}));
}
