// vfctl detach GUEST VF
import {findAttachActions} from '../../exec/attachments.ts';
import {readWrittenGuestFiles} from '../../exec/read-written-guest-files.ts';
import {findGuest} from '../../plan/find-guest.ts';
import {loneStandby, planDetachStandby} from '../../plan/plan-detach-standby.ts';
import {findAttached, planDetach} from '../../plan/plan-detach.ts';
import type {CommandContext} from '../context.ts';
import {loadXmlRenderer} from './render-xml.ts';
import {runPlanned} from './run-plan.ts';

export interface DetachArguments {
	guest: string;
	device: string;
	live: boolean;
	config: boolean;
	both: boolean;
}

/** Takes a VF back from a guest and makes it what it was before the attach. */
export async function run(context: CommandContext, args: DetachArguments): Promise<void> {
	const renderXml = await loadXmlRenderer();
	await runPlanned(context, {
		destructive: () => false,
		async plan(inventory, {libvirt}) {
			const {files} = context.host;
			const mac = args.both ? loneStandby(inventory, args) : undefined;
			if (mac !== undefined) {
				const {uuid} = findGuest(inventory, args.guest);
				return planDetachStandby(inventory, {...args, mac, renderXml, standbyActions: findAttachActions(files, {guestUuid: uuid, source: null, mac, standby: true})});
			}

			const {guest, source, device} = findAttached(inventory, args);
			const attachActions = findAttachActions(files, {guestUuid: guest.uuid, source, mac: device.mac});
			const standbyActions = args.both ? findAttachActions(files, {guestUuid: guest.uuid, source: null, mac: device.mac, standby: true}) : [];
			const guestFiles = guest.active ? await readWrittenGuestFiles(await libvirt(), guest, device.mac, attachActions) : new Map();
			return planDetach(inventory, {...args, attachActions, standbyActions, guestFiles, renderXml});
		},
	});
}
