// PF drivers that vfctl rebuilds from the distribution's source.
import type {Argv} from 'yargs';
import {pfDrivers} from '../model/driver-build.ts';
import type {Run} from './commands.ts';
import {changeOptions} from './options.ts';

export const driverUsages = {
	'driver build': '',
	'driver status': '',
	'driver install': '',
	'driver uninstall': '',
	'driver prune': '',
	'driver load': '[what]',
	'driver restore': '[what]',
} as const;

const kernelOption = {type: 'string', requiresArg: true, describe: 'release of the kernel (default: the one that runs)'} as const;

const swapWhat = {type: 'string', describe: 'igb, ixgbe, or a PF; without: all that are loaded and built. All PFs of a driver change together'} as const;

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
		.command('install', 'let a kernel find the built drivers from its next boot on', y => y
			.option('kernel', kernelOption)
			.option('dkms', {type: 'boolean', default: false, describe: 'let DKMS build and install them for kernels that come later'})
			.option('sign-key', {type: 'string', requiresArg: true, describe: 'private key to sign them with: PEM file, or pkcs11: URI'})
			.option('sign-cert', {type: 'string', requiresArg: true, describe: 'certificate of the key: PEM or DER file'})
			.options(changeOptions), async args => run(args, async context => {
			const {runInstall} = await import('./commands/driver-install.ts');
			await runInstall(context, args);
		}))
		.command('uninstall', 'let a kernel find the distribution\'s drivers again', y => y
			.option('kernel', kernelOption)
			.option('dkms', {type: 'boolean', default: false, describe: 'take them from DKMS too, for all kernels'})
			.options(changeOptions), async args => run(args, async context => {
			const {runUninstall} = await import('./commands/driver-install.ts');
			await runUninstall(context, args);
		}))
		.command('prune', 'take away what was built and installed for kernels that were removed', y => y
			.options(changeOptions), async args => run(args, async context => {
			const {runPrune} = await import('./commands/driver-install.ts');
			await runPrune(context);
		}))
		.command(`load ${driverUsages['driver load']}`, 'exchange the loaded driver for the one that vfctl built', y => y
			.positional('what', swapWhat)
			.option('from', {type: 'string', requiresArg: true, describe: 'directory with a build (default: that of vfctl driver build)'})
			.options(changeOptions), async args => run(args, async context => {
			const {runLoad} = await import('./commands/driver-swap.ts');
			await runLoad(context, args);
		}))
		.command(`restore ${driverUsages['driver restore']}`, 'load the driver of the distribution again', y => y
			.positional('what', swapWhat)
			.options(changeOptions), async args => run(args, async context => {
			const {runRestore} = await import('./commands/driver-swap.ts');
			await runRestore(context, args);
		}))
		.demandCommand(1, 'name one of: build, status, install, uninstall, prune, load, restore'));
}
