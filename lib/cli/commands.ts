// All commands with their options. Handlers import their command when it runs, so that start-up
// loads nothing else.
import type {Argv} from 'yargs';
import type {CommandContext} from './context.ts';
import {addBenchCommands, benchUsages} from './bench-commands.ts';
import {addCniCommands, cniUsages} from './cni-commands.ts';
import {addDoctorCommands, doctorUsages} from './doctor-commands.ts';
import {addDpdkCommands, dpdkUsages} from './dpdk-commands.ts';
import {addPfDriverCommands, driverUsages} from './driver-commands.ts';
import {addForwardCommands, forwardUsages} from './forward-commands.ts';
import {addMethodsCommands, methodsUsages} from './methods-commands.ts';
import {addNetnsCommands, netnsUsages} from './netns-commands.ts';
import {addSnapshotCommands, snapshotUsages} from './snapshot-commands.ts';
import {addSteerCommands, steerUsages} from './steer-commands.ts';
import {addTraceCommand, traceUsages} from './trace-commands.ts';
import {addTuneCommands, tuneUsages} from './tune-commands.ts';
import {addExplainCommands, explainUsages} from './explain-commands.ts';
import {attachMethods} from '../plan/attach-request.ts';
import {guestNetworkOptions} from './guest-network-options.ts';
import {addHostFileCommands, hostFileUsages} from './host-file-commands.ts';
import {addNetworkCommands, networkUsages} from './network-commands.ts';
import {changeOptions} from './options.ts';
import {otherMethodOptions} from './other-method-options.ts';
import {addMailboxCommands, mailboxUsages} from './mailbox-commands.ts';
import {addPersistCommands, persistUsages} from './persist-commands.ts';
import {addPoolCommands, poolUsages} from './pool-commands.ts';
import {addRouteCommands, routeUsages} from './route-commands.ts';
import {addWatchCommands, watchUsages} from './watch-commands.ts';
import {vfSettingsOptions} from './vf-settings-options.ts';

export type Run = (args: object, command: (context: CommandContext) => Promise<number | void>) => Promise<void>;

const deviceHelp = 'PF (ens6f1 or 0000:03:00.1), VF (ens6f1#0, 0000:03:10.1, its interface, sriov:ens6f1:0) or pool';
const attachHelp = `${deviceHelp}; with --method bridge, vhost-user, ivshmem: a bridge or network, a socket, a name`;
const vfHelp = 'VF: ens6f1#0, 0000:03:10.1, its interface, or sriov:ens6f1:0';

/** Every command with the names it takes, in the order of the documentation. */
export const commandUsages = {
	list: '[pf]',
	show: '<what>',
	guests: '[guest]',
	iommu: '',
	attach: '<guest> <device>',
	detach: '<guest> <device>',
	xml: '<kind> <names..>',
	'vf create': '<pf> <count>',
	'vf destroy': '<pf>',
	'vf set': '<vf>',
	bind: '<device> <driver>',
	unbind: '<device>',
	restore: '<device>',
	history: '',
	undo: '[operation]',
	recover: '',
	...routeUsages,
	...poolUsages,
	...networkUsages,
	...hostFileUsages,
	...persistUsages,
	...netnsUsages,
	...cniUsages,
	...tuneUsages,
	...dpdkUsages,
	...steerUsages,
	...driverUsages,
	...mailboxUsages,
	...explainUsages,
	...forwardUsages,
	...traceUsages,
	...doctorUsages,
	...methodsUsages,
	...benchUsages,
	capture: '<file>',
	compare: '<before> <after>',
	...snapshotUsages,
	...watchUsages,
} as const;

/** The command as yargs wants it: without the group it is in. */
export function usageOf(name: keyof typeof commandUsages): string {
	return `${name.split(' ').at(-1)} ${commandUsages[name]}`.trimEnd();
}

/** Adds every command to the parser; `run` opens the host and calls the command. */
export function addCommands(parser: Argv, run: Run): void {
	addLookingCommands(parser, run);
	addAttachCommands(parser, run);
	addVfCommands(parser, run);
	addDriverCommands(parser, run);
	addJournalCommands(parser, run);
	addRouteCommands(parser, run);
	addPoolCommands(parser, run);
	addNetworkCommands(parser, run);
	addHostFileCommands(parser, run);
	addPersistCommands(parser, run);
	addNetnsCommands(parser, run);
	addCniCommands(parser, run);
	addTuneCommands(parser, run);
	addDpdkCommands(parser, run);
	addSteerCommands(parser, run);
	addPfDriverCommands(parser, run);
	addMailboxCommands(parser, run);
	addExplainCommands(parser, run);
	addForwardCommands(parser, run);
	addTraceCommand(parser, run);
	addDoctorCommands(parser, run);
	addMethodsCommands(parser, run);
	addBenchCommands(parser, run);
	addRecordCommands(parser, run);
}

function addLookingCommands(parser: Argv, run: Run): void {
	parser
		.command(usageOf('list'), 'PFs, their VFs, and who has them', y => y
			.positional('pf', {type: 'string', describe: 'only this PF'})
			.option('tree', {type: 'boolean', default: false, describe: 'as a tree, below the ports'}), async args => run(args, async context => {
			const {run: list} = await import('./commands/list.ts');
			await list(context, {tree: args.tree, pf: args.pf});
		}))
		.command(usageOf('show'), 'everything about one PF or VF', y => y
			.positional('what', {type: 'string', demandOption: true, describe: deviceHelp}), async args => run(args, async context => {
			const {run: show} = await import('./commands/show.ts');
			await show(context, {what: args.what});
		}))
		.command(usageOf('guests'), 'guests, and the devices and interfaces that they have', y => y
			.positional('guest', {type: 'string', describe: 'only this guest, by name or UUID'}), async args => run(args, async context => {
			const {run: guests} = await import('./commands/guests.ts');
			await guests(context, args.guest);
		}))
		.command(usageOf('iommu'), 'IOMMU groups: members, viable or not and why, ACS on the path', y => y
			.option('all', {type: 'boolean', default: false, describe: 'also groups without network cards'}), async args => run(args, async context => {
			const {run: iommu} = await import('./commands/iommu.ts');
			await iommu(context, {all: args.all});
		}));
}

function addAttachCommands(parser: Argv, run: Run): void {
	parser
		.command(usageOf('attach'), 'give a VF to a guest', y => y
			.positional('guest', {type: 'string', demandOption: true, describe: 'name or UUID of the guest'})
			.positional('device', {type: 'string', demandOption: true, describe: attachHelp})
			.options({...vfSettingsOptions, ...guestNetworkOptions, ...changeOptions})
			.option('live', {type: 'boolean', default: false, describe: 'only the running guest'})
			.option('config', {type: 'boolean', default: false, describe: 'only the saved definition'})
			.option('method', {choices: attachMethods, describe: 'how the guest gets it (vfctl methods compares them; default: interface; hostdev with --qos or 802.1ad; network for a pool)'})
			.options(otherMethodOptions)
			.option('managed', {choices: ['yes', 'no'] as const, describe: 'let libvirt bind and give back the driver (default: yes when the VF is on its host driver)'})
			.option('failover', {type: 'string', requiresArg: true, describe: 'join it with a virtio interface on this network, or bridge:BR, which carries the traffic while the VF is away'})
			.option('vfs', {type: 'string', requiresArg: true, describe: 'VFs to create when the PF has none (default 8, or all when it has fewer)'})
			.option('guest-timeout', {type: 'string', requiresArg: true, default: '60', describe: 'seconds the guest agent may take to show the interface; 0 does not look'}), async args => run(args, async context => {
			const {run: attach} = await import('./commands/attach.ts');
			await attach(context, args);
		}))
		.command(usageOf('detach'), 'take a VF back from a guest, as it was', y => y
			.positional('guest', {type: 'string', demandOption: true, describe: 'name or UUID of the guest'})
			.positional('device', {type: 'string', demandOption: true, describe: 'VF, its PF, its MAC in the guest, or the pool; or the bridge, network, socket or shared memory'})
			.options(changeOptions)
			.option('live', {type: 'boolean', default: false, describe: 'only the running guest'})
			.option('config', {type: 'boolean', default: false, describe: 'only the saved definition'})
			.option('both', {type: 'boolean', default: false, describe: 'also the virtio interface of a failover pair'}), async args => run(args, async context => {
			const {run: detach} = await import('./commands/detach.ts');
			await detach(context, args);
		}))
		.command(usageOf('xml'), 'print libvirt\'s XML for a VF, a pool, or another device that attach knows', y => y
			.positional('kind', {choices: attachMethods, demandOption: true, describe: 'element or method'})
			.positional('names', {type: 'string', array: true, demandOption: true, describe: 'what attach takes; for network: NAME and a PF or VFs'})
			.options(otherMethodOptions)
			.option('mac', vfSettingsOptions.mac)
			.option('vlan', vfSettingsOptions.vlan)
			.option('managed', {choices: ['yes', 'no'] as const, default: 'yes' as const, describe: 'the managed attribute'}), async args => run(args, async context => {
			const {run: xml} = await import('./commands/xml.ts');
			await xml(context, {kind: args.kind, names: args.names, mac: args.mac, vlan: args.vlan, managed: args.managed === 'yes', other: args});
		}));
}

function addVfCommands(parser: Argv, run: Run): void {
	parser.command('vf', 'make, destroy and set VFs', group => group
		.command(usageOf('vf create'), 'make a PF have COUNT VFs', y => y
			.positional('pf', {type: 'string', demandOption: true, describe: 'interface or address of the PF'})
			.positional('count', {type: 'string', demandOption: true, describe: 'how many'})
			.options(changeOptions), async args => run(args, async context => {
			const {runCreate} = await import('./commands/vf.ts');
			await runCreate(context, args);
		}))
		.command(usageOf('vf destroy'), 'take all VFs of a PF away', y => y
			.positional('pf', {type: 'string', demandOption: true, describe: 'interface or address of the PF'})
			.options(changeOptions), async args => run(args, async context => {
			const {runCreate} = await import('./commands/vf.ts');
			await runCreate(context, {pf: args.pf, count: '0'});
		}))
		.command(usageOf('vf set'), 'change settings of a VF on its PF', y => y
			.positional('vf', {type: 'string', demandOption: true, describe: vfHelp})
			.options({...vfSettingsOptions, ...changeOptions}), async args => run(args, async context => {
			const {runSet} = await import('./commands/vf.ts');
			await runSet(context, args);
		}))
		.demandCommand(1, 'name one of: create, destroy, set'));
}

function addDriverCommands(parser: Argv, run: Run): void {
	parser
		.command(usageOf('bind'), 'bind one VF to a driver', y => y
			.positional('device', {type: 'string', demandOption: true, describe: vfHelp})
			.positional('driver', {type: 'string', demandOption: true, describe: 'vfio-pci, or a network driver'})
			.option('persist', {type: 'boolean', default: false, describe: 'at every boot too (a udev rule)'})
			.options(changeOptions), async args => run(args, async context => {
			const {runBind} = await import('./commands/bind.ts');
			await runBind(context, args);
		}))
		.command(usageOf('unbind'), 'take one VF off its driver', y => y
			.positional('device', {type: 'string', demandOption: true, describe: vfHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runUnbind} = await import('./commands/bind.ts');
			await runUnbind(context, args);
		}))
		.command(usageOf('restore'), 'give one VF back to its usual driver, and forget what was pinned', y => y
			.positional('device', {type: 'string', demandOption: true, describe: vfHelp})
			.options(changeOptions), async args => run(args, async context => {
			const {runRestore} = await import('./commands/bind.ts');
			await runRestore(context, args);
		}));
}

function addJournalCommands(parser: Argv, run: Run): void {
	parser
		.command(usageOf('history'), 'what vfctl did on this host', y => y
			.option('limit', {type: 'string', default: '20', requiresArg: true, describe: 'newest operations to show; 0 shows all'}), async args => run(args, async context => {
			const {run: history} = await import('./commands/history.ts');
			await history(context, {limit: args.limit});
		}))
		.command(usageOf('undo'), 'undo an operation (the newest one when none is named)', y => y
			.positional('operation', {type: 'string', describe: 'number in vfctl history'})
			.options(changeOptions), async args => run(args, async context => {
			const {run: undo} = await import('./commands/undo.ts');
			await undo(context, {operation: args.operation});
		}))
		.command(usageOf('recover'), 'put right what a killed vfctl left behind', y => y
			.option('give-up', {type: 'string', requiresArg: true, describe: 'only mark this operation as put right by hand'})
			.option('boot', {type: 'boolean', default: false, describe: 'without asking libvirt, as the unit at boot does'})
			.options(changeOptions), async args => run(args, async context => {
			const {run: recover} = await import('./commands/recover.ts');
			await recover(context, {giveUp: args['give-up'], boot: args.boot});
		}));
}

function addRecordCommands(parser: Argv, run: Run): void {
	parser
		.command(usageOf('capture'), 'write this host as one text record', y => y
			.positional('file', {type: 'string', demandOption: true, describe: 'file to write; - is standard output'})
			.option('mask-macs', {type: 'boolean', default: false, describe: 'replace MAC addresses, the same one by the same'}), async args => run(args, async context => {
			const {run: capture} = await import('./commands/capture.ts');
			await capture(context, {file: args.file, maskMacs: args['mask-macs']});
		}))
		.command(usageOf('compare'), 'tell what differs between two records', y => y
			.positional('before', {type: 'string', demandOption: true, describe: 'record'})
			.positional('after', {type: 'string', demandOption: true, describe: 'record'}), async args => run(args, async context => {
			const {run: compare} = await import('./commands/compare.ts');
			return compare(context, {before: args.before, after: args.after});
		}));
	addSnapshotCommands(parser, run);
	addWatchCommands(parser, run);
}
