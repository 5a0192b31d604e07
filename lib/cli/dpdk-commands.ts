// DPDK and VPP.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const dpdkUsages = {
	'dpdk status': '',
	'dpdk bind': '<devices..>',
	'dpdk unbind': '<devices..>',
	'dpdk hugepages': '[action] [count]',
	'dpdk vpp': '<devices..>',
} as const;

const devicesHelp = 'VFs: ens6f1#0, 0000:03:10.1, interfaces';
const classes = ['net', 'baseband', 'crypto', 'dma', 'event', 'mempool', 'compress', 'misc', 'regex', 'ml'] as const;

function usage(command: 'status' | 'bind' | 'unbind' | 'hugepages' | 'vpp'): string {
	return `${command} ${dpdkUsages[`dpdk ${command}`]}`.trimEnd();
}

/** Adds the commands to the parser. */
export function addDpdkCommands(parser: Argv, run: Run): void {
	parser.command('dpdk', 'VFs for DPDK programs and VPP', group => addVpp(addHugepages(addBinding(addStatus(group, run), run), run), run)
		.demandCommand(1, 'name one of: status, bind, unbind, hugepages, vpp'));
}

function addStatus(group: Argv, run: Run): Argv {
	return group.command(usage('status'), 'what dpdk-devbind.py --status prints, to the byte', y => y
		.option('class', {type: 'string', choices: classes, describe: 'only this class of devices (--status-dev)'})
		.option('layout', {type: 'string', choices: ['22.11', '24.11'] as const, default: '24.11' as const, describe: 'DPDK release whose output to print'}), async args => run(args, async context => {
		const {runStatus} = await import('./commands/dpdk.ts');
		await runStatus(context, args);
	}));
}

function addBinding(group: Argv, run: Run): Argv {
	return group
		.command(usage('bind'), 'bind VFs to a driver that DPDK works on, as one operation', y => y
			.positional('devices', {type: 'string', array: true, demandOption: true, describe: devicesHelp})
			.option('driver', {type: 'string', default: 'vfio-pci', requiresArg: true, describe: 'vfio-pci; without an IOMMU uio_pci_generic or igb_uio'})
			.options(changeOptions), async args => run(args, async context => {
			const {runBind} = await import('./commands/dpdk.ts');
			await runBind(context, args);
		}))
		.command(usage('unbind'), 'give VFs back to the kernel\'s driver, as one operation', y => y
			.positional('devices', {type: 'string', array: true, demandOption: true, describe: devicesHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runUnbind} = await import('./commands/dpdk.ts');
			await runUnbind(context, args);
		}));
}

function addHugepages(group: Argv, run: Run): Argv {
	return group.command(usage('hugepages'), 'show the huge pages by size and NUMA node, or set COUNT of them', y => y
		.positional('action', {type: 'string', choices: ['show', 'set'] as const, default: 'show' as const, describe: 'show them, or set how many the kernel keeps'})
		.positional('count', {type: 'string', describe: 'with set: how many, in all or on the node'})
		.option('size', {type: 'string', requiresArg: true, describe: '2M or 1G (default: what the kernel takes)'})
		.option('node', {type: 'string', requiresArg: true, describe: 'NUMA node (default: evenly on all)'})
		.option('persist', {type: 'boolean', default: false, describe: 'at every boot too'})
		.options(changeOptions), async args => run(args, async context => {
		const {runHugepages} = await import('./commands/dpdk.ts');
		await runHugepages(context, args);
	}));
}

function addVpp(group: Argv, run: Run): Argv {
	return group.command(usage('vpp'), 'print a start-up configuration of VPP with these VFs', y => y
		.positional('devices', {type: 'string', array: true, demandOption: true, describe: devicesHelp})
		.option('output', {type: 'string', requiresArg: true, describe: 'write it to this new file'})
		.option('accept-risk', changeOptions['accept-risk']), async args => run(args, async context => {
		const {runVpp} = await import('./commands/dpdk.ts');
		await runVpp(context, args);
	}));
}
