// Snapshots, and everything for a bug report in one file. `vfctl diff` is in host-file-commands.ts.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const snapshotUsages = {
	snapshot: '<file> [devices..]',
	bundle: '<file>',
} as const;

/** Adds the commands to the parser. */
export function addSnapshotCommands(parser: Argv, run: Run): void {
	parser
		.command(`snapshot ${snapshotUsages.snapshot}`, 'keep how devices are now, to be compared with later', y => y
			.positional('file', {type: 'string', demandOption: true, describe: 'file to write'})
			.positional('devices', {type: 'string', array: true, default: [] as string[], describe: 'PFs (with their VFs) and VFs; without: everything'})
			.option('guest', {type: 'string', requiresArg: true, describe: 'the devices of this guest, and the guest'}), async args => run(args, async context => {
			const {run: snapshot} = await import('./commands/snapshot.ts');
			await snapshot(context, {file: args.file, devices: args.devices, guest: args.guest});
		}))
		.command(`bundle ${snapshotUsages.bundle}`, 'write everything for a bug report as one file, without secrets', y => y
			.positional('file', {type: 'string', demandOption: true, describe: 'file to write'})
			.option('mask-macs', {type: 'boolean', default: false, describe: 'replace MAC addresses, the same one by the same'})
			.option('mask-hostname', {type: 'boolean', default: false, describe: 'replace the name of the host'}), async args => run(args, async context => {
			const {run: bundle} = await import('./commands/bundle.ts');
			await bundle(context, {file: args.file, maskMacs: args['mask-macs'], maskHostname: args['mask-hostname']});
		}));
}
