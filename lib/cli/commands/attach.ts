// vfctl attach GUEST PF|VF|pool
import {requireTeaming} from '../../libvirt/teaming.ts';
import {AppError} from '../../errors.ts';
import {readWireFacts} from '../../exec/read-wire-facts.ts';
import type {GuestFile} from '../../model/guest-network.ts';
import type {AttachMethod} from '../../plan/attach-request.ts';
import {parseFailoverSource} from '../../plan/failover-source.ts';
import {planAttach} from '../../plan/plan-attach.ts';
import type {CommandContext} from '../context.ts';
import {parseGuestNetwork, type GuestNetworkArguments} from '../parse-guest-network.ts';
import {parseVfSettings, wholeNumber, type VfSettingsArguments} from '../vf-settings-options.ts';
import {parseOtherMethod, type OtherMethodArguments} from '../parse-other-method.ts';
import {guestFilesText} from '../../render/guest-files.ts';
import {addGuestNetwork} from './attach-network.ts';
import {loadXmlRenderer} from './render-xml.ts';
import {runPlanned} from './run-plan.ts';

export interface AttachArguments extends VfSettingsArguments, GuestNetworkArguments, OtherMethodArguments {
	guest: string;
	device: string;
	live: boolean;
	config: boolean;
	method?: AttachMethod | undefined;
	managed?: 'yes' | 'no' | undefined;
	failover?: string | undefined;
	vfs?: string | undefined;
	guestTimeout: string;
}

/** Gives a VF to a guest. */
export async function run(context: CommandContext, args: AttachArguments): Promise<void> {
	const {mac, ...settings} = parseVfSettings(args);
	const guestTimeoutMs = wholeNumber(args.guestTimeout, 3600, 'USAGE', 'a number of seconds') * 1000;
	const failover = args.failover === undefined ? undefined : parseFailoverSource(args.failover);
	const network = parseGuestNetwork(args);
	const other = parseOtherMethod(args);
	let rendered: GuestFile[] = [];
	const renderXml = await loadXmlRenderer();
	await runPlanned(context, {
		destructive: () => false,
		more: () => ({text: args.guestFile === 'auto' ? '' : guestFilesText(rendered), json: network === undefined ? {} : {guestFiles: rendered}}),
		async plan(inventory, run) {
			if (failover) {
				await requireTeaming(await run.libvirt());
			}

			const wires = await readWireFacts(run, args);
			const plan = planAttach(inventory, {
				guest: args.guest,
				device: args.device,
				live: args.live,
				config: args.config,
				settings,
				guestTimeoutMs,
				acceptedRisks: context.options.acceptedRisks,
				renderXml,
				...other,
				...(wires === undefined ? {} : {wires}),
				...(mac === undefined || mac === null ? {} : {mac}),
				...(args.method === undefined ? {} : {method: args.method}),
				...(args.managed === undefined ? {} : {managed: args.managed === 'yes'}),
				...(failover === undefined ? {} : {failover}),
				...(args.vfs === undefined ? {} : {createVfs: wholeNumber(args.vfs, 65_535, 'BAD_COUNT', 'a number of VFs')}),
			});
			if (network === undefined || args.method === 'ivshmem') {
				requireInterface(args, network !== undefined);
				return plan;
			}

			const added = await addGuestNetwork(plan, inventory, {network, format: args.guestFile, failover: failover !== undefined}, run);
			rendered = added.rendered;
			return added.plan;
		},
	});
}

/** Shared memory has no addresses: USAGE. */
function requireInterface({method}: AttachArguments, wanted: boolean): void {
	if (wanted) {
		throw new AppError('USAGE', `--method ${method} gives no interface that could have an address`, {why: 'it is memory', fix: 'leave --address, --route and the like out'});
	}
}
