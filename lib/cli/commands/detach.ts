// vfctl detach GUEST VF
import {findAttachActions} from '../../exec/attachments.ts';
import {readWrittenGuestFiles} from '../../exec/read-written-guest-files.ts';
import type {RunContext} from '../../exec/run-context.ts';
import type {FileReader} from '../../host/host.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {DetachRequest} from '../../plan/plan-detach.ts';
import {findGuest} from '../../plan/find-guest.ts';
import {loneStandby, planDetachStandby} from '../../plan/plan-detach-standby.ts';
import {findOther, planDetachOther, type OtherDevice} from '../../plan/plan-detach-nic.ts';
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

			const {uuid: guestUuid} = findGuest(inventory, args.guest);
			const other = findOther(inventory, args, candidate => findAttachActions(files, {guestUuid, source: null, mac: candidate}).length > 0);
			if (other !== undefined) {
				return planDetachOther(inventory, {...args, other, renderXml, ...await otherFacts(inventory, {guestUuid, other, libvirt, files})});
			}

			const {guest, source, device} = findAttached(inventory, args);
			const attachActions = findAttachActions(files, {guestUuid: guest.uuid, source, mac: device.mac});
			const standbyActions = args.both ? findAttachActions(files, {guestUuid: guest.uuid, source: null, mac: device.mac, standby: true}) : [];
			const guestFiles = guest.active ? await readWrittenGuestFiles(await libvirt(), guest, device.mac, attachActions) : new Map();
			return planDetach(inventory, {...args, attachActions, standbyActions, guestFiles, renderXml});
		},
	});
}

interface OtherContext extends Pick<RunContext, 'libvirt'> {
	guestUuid: string;
	other: OtherDevice;
	files: FileReader;
}

/** What the journal and the guest know of a device that is no VF. */
async function otherFacts(inventory: Inventory, {guestUuid, other, libvirt, files}: OtherContext): Promise<Pick<DetachRequest, 'attachActions' | 'guestFiles'>> {
	const mac = other.kind === 'nic' ? other.mac : null;
	const attachActions = findAttachActions(files, {guestUuid, source: null, mac, ...other.kind === 'shared-memory' ? {sharedMemory: other.name} : {}});
	const guest = findGuest(inventory, guestUuid);
	return {attachActions, guestFiles: guest.active && mac !== null ? await readWrittenGuestFiles(await libvirt(), guest, mac, attachActions) : new Map()};
}
