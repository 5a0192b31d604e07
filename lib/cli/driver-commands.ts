// PF drivers that vfctl rebuilds from the distribution's source.
import type {Argv} from 'yargs';
import {pfDrivers} from '../model/driver-build.ts';
import type {Run} from './commands.ts';

export const driverUsages = {
	'driver build': '',
	'driver status': '',
} as const;

const kernelOption = {type: 'string', requiresArg: true, describe: 'release of the kernel (default: the one that runs)'} as const;

/** Adds the commands to the parser. */
export function addPfDriverCommands(parser: Argv, run: Run): void {
	parser.command('driver', 'PF drivers with vfctl\'s view into the mailboxes of their VFs', group => group
		.command('build', 'build igb and ixgbe for a kernel from the distribution\'s source; nothing is loaded or installed', y => y
			.option('kernel', kernelOption)
			.option('source', {type: 'string', requiresArg: true, describe: 'kernel tree or tarball (default, or `package`: the distribution\'s linux-source)'})
			.option('driver', {type: 'array', string: true, choices: pfDrivers, requiresArg: true, describe: 'only these'}), async args => run(args, async context => {
			const {runBuild} = await import('./commands/driver-build.ts');
			await runBuild(context, args);
		}))
		.command('status', 'which PF drivers are loaded, would be loaded, and are built', y => y
			.option('kernel', kernelOption), async args => run(args, async context => {
			const {runStatus} = await import('./commands/driver-status.ts');
			await runStatus(context, args);
		}))
		.demandCommand(1, 'name one of: build, status'));
}
