// vfctl netns attach | detach | reclaim | list
import {AppError} from '../../errors.ts';
import {readNetnsFacts} from '../../exec/read-netns-facts.ts';
import {isInterfaceName, type NetnsRef} from '../../model/netns.ts';
import {findNetnsAttached} from '../../plan/netns/find-attached.ts';
import type {NetnsAttachRequest} from '../../plan/netns/netns-request.ts';
import {planNetnsAttach} from '../../plan/netns/plan-netns-attach.ts';
import {planNetnsDetach} from '../../plan/netns/plan-netns-detach.ts';
import {planNetnsReclaim} from '../../plan/netns/plan-netns-reclaim.ts';
import {netnsListText, netnsListView} from '../../render/netns-list.ts';
import {netnsNameOf, resolveNetns} from '../../sysfs/namespaces.ts';
import type {CommandContext} from '../context.ts';
import {parseGuestNetwork, type GuestNetworkArguments} from '../parse-guest-network.ts';
import {withInventory} from '../read-state.ts';
import {parseVfSettings, wholeNumber, type VfSettingsArguments} from '../vf-settings-options.ts';
import {runPlanned} from './run-plan.ts';

export interface NetnsAttachArguments extends VfSettingsArguments, Omit<GuestNetworkArguments, 'guestFile' | 'nameserver'> {
	ns: string;
	device: string;
	name?: string | undefined;
	vfs?: string | undefined;
	wholePf: boolean;
}

/** Gives the interface of a VF, or of a PF, to a namespace. */
export async function runAttach(context: CommandContext, args: NetnsAttachArguments): Promise<void> {
	const {host, options} = context;
	const request = parseRequest(args);
	await runPlanned(context, {
		destructive: () => false,
		async plan(inventory) {
			const netns = resolveNetns(host.files, args.ns);
			return planNetnsAttach(inventory, {...request, netns, acceptedRisks: options.acceptedRisks}, await readNetnsFacts(host, inventory, netns));
		},
	});
}

/** Takes an interface back; from a namespace that is gone, too. */
export async function runDetach(context: CommandContext, {ns, device}: {ns: string; device: string}): Promise<void> {
	const {host} = context;
	await runPlanned(context, {
		destructive: () => false,
		async plan(inventory) {
			const {netns, problem} = resolveOrProblem(context, ns);
			const facts = await readNetnsFacts(host, inventory, netns);
			const name = netns?.name ?? netnsNameOf(ns);
			if (problem && !facts.attachments.some(attachment => attachment.netns.name === name)) {
				throw problem;
			}

			return planNetnsDetach(inventory, findNetnsAttached(inventory, {netns, name, device}, facts));
		},
	});
}

/** Puts back what namespaces that are gone left. */
export async function runReclaim(context: CommandContext, devices: readonly string[]): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: async inventory => planNetnsReclaim(inventory, devices, await readNetnsFacts(context.host, inventory, null)),
	});
}

/** Lists what is in namespaces. */
export async function runList(context: CommandContext): Promise<void> {
	const view = await withInventory(context, async inventory => netnsListView(context.host.name, inventory, await readNetnsFacts(context.host, inventory, null)));
	context.out.result(netnsListText(view), view);
}

/** What the options ask for; throws before the host is looked at. */
function parseRequest(args: NetnsAttachArguments): Omit<NetnsAttachRequest, 'netns' | 'acceptedRisks'> {
	netnsNameOf(args.ns);
	const {mac, ...settings} = parseVfSettings(args);
	const network = parseGuestNetwork({...args, guestFile: 'none'});
	if (args.name !== undefined && !isInterfaceName(args.name)) {
		throw new AppError('USAGE', `'${args.name}' cannot be the name of an interface`, {why: 'it has 1 to 15 letters, without spaces, / and :', fix: '--name net1'});
	}

	return {
		device: args.device,
		wholePf: args.wholePf,
		addresses: network?.addresses ?? [],
		routes: network?.routes ?? [],
		settings,
		...args.name === undefined ? {} : {name: args.name},
		...mac === undefined || mac === null ? {} : {mac},
		...network === undefined || network.mtuBytes === null ? {} : {mtuBytes: network.mtuBytes},
		...args.vfs === undefined ? {} : {createVfs: wholeNumber(args.vfs, 65_535, 'BAD_COUNT', 'a number of VFs')},
	};
}

/** The namespace, or why there is none of that name now. */
function resolveOrProblem({host}: CommandContext, ns: string): {netns: NetnsRef | null; problem: AppError | null} {
	try {
		return {netns: resolveNetns(host.files, ns), problem: null};
	} catch (error) {
		if (error instanceof AppError && error.code === 'NETNS_NOT_FOUND') {
			return {netns: null, problem: error};
		}

		throw error;
	}
}
