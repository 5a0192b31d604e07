// The doctor.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const doctorUsages = {
	doctor: '[checks..]',
} as const;

/** Adds the command to the parser. */
export function addDoctorCommands(parser: Argv, run: Run): void {
	parser.command(`doctor ${doctorUsages.doctor}`, 'what is wrong with this host, and what to do about it; the exit status tells how bad', y => y
		.positional('checks', {type: 'string', array: true, default: [] as string[], describe: 'groups (cpu, iommu, sriov, driver, vfio, libvirt, network, host) or checks (sriov.pf-up); all without'})
		.option('all', {type: 'boolean', default: false, describe: 'show what is well, too'})
		.option('list', {type: 'boolean', default: false, describe: 'only name the checks'})
		.option('nagios', {type: 'boolean', default: false, describe: 'one line and exit status 0 to 3, as monitoring plugins do'})
		.option('fix', {type: 'boolean', default: false, describe: 'put right what can be; what may be meant so only for checks or groups that are named'})
		.options(changeOptions), async args => run(args, async context => {
		const {run: doctor} = await import('./commands/doctor.ts');
		return doctor(context, {names: args.checks, all: args.all, list: args.list, nagios: args.nagios, fix: args.fix});
	}));
}
