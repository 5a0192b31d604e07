// Takes a VF back from a container, whatever became of either.
import {AppError, errorSentence} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findVf} from '../../model/select.ts';
import {restoreVfSettings} from '../../plan/cni/plan-vfio.ts';
import type {NetnsAttachment, PlacedNetdev} from '../../plan/netns/netns-request.ts';
import {planNetnsDetach} from '../../plan/netns/plan-netns-detach.ts';
import type {Plan} from '../../plan/plan.ts';
import {execute} from '../execute.ts';
import {readNetnsFacts} from '../read-netns-facts.ts';
import {waitUntil} from '../wait.ts';
import {findCniAttachments} from './attachments.ts';
import {attachmentOf, cniInventory, isSameAttachment, type CniSession} from './session.ts';

// The kernel takes a namespace down in a queue of its own (cleanup_net); a busy one takes seconds.
const returnMs = 30_000;

/** Makes the VF what it was before the attach, or only notes the end of the attachment when
 * somebody else has the VF by now (sriov-cni#219). Call it under the lock. Throws what a step
 * throws, and NOT_ATTACHED when the interface does not come back from a namespace that is going. */
export async function release(session: CniSession, attachment: NetnsAttachment): Promise<void> {
	const {run, log} = session;
	const seen = await lookAt(session, attachment);
	const plan = planOf(seen, attachment, why => {
		log('warning', `${attachment.bdf} stays as it is: ${why}`);
	});
	for (const warning of plan.warnings) {
		log('warning', warning);
	}

	await execute(plan, run);
}

/** The same for what the container of the call has; nothing happens when it has nothing. */
export async function releaseOwn(session: CniSession): Promise<void> {
	const key = attachmentOf(session);
	for (const attachment of findCniAttachments(session.run.host.files).filter(({cni}) => isSameAttachment(key, cni))) {
		await release(session, attachment);
	}
}

interface Seen {
	inventory: Inventory;
	placed: PlacedNetdev | null;
}

/** The VF and where its interface is, once it is somewhere. */
async function lookAt(session: CniSession, {bdf}: NetnsAttachment): Promise<Seen> {
	const {host, signal} = session.run;
	let seen: Seen | undefined;
	await waitUntil(host.clock, {budgetMs: returnMs, signal}, async () => {
		const inventory = await cniInventory(session);
		const {interfaces} = await readNetnsFacts(host, inventory, null);
		seen = {inventory, placed: interfaces.find(candidate => candidate.bdf === bdf) ?? null};
		return seen.placed !== null || findVf(inventory, bdf)?.vf.inNamespace !== true;
	});
	return seen!;
}

function planOf({inventory, placed}: Seen, attachment: NetnsAttachment, leave: (why: string) => void): Plan {
	const {bdf, netns} = attachment;
	const owner = findVf(inventory, bdf);
	if (owner === undefined) {
		leave('the VF is gone');
		return endOf(attachment);
	}

	if (attachment.name === null) {
		return {...endOf(attachment), actions: restoreVfSettings(owner.pf, owner.vf, attachment.actions)};
	}

	if (placed !== null && placed.place.netns !== null && placed.place.netns.inode !== netns.inode) {
		leave(`namespace ${placed.place.netns.name} has it by now`);
		return endOf(attachment);
	}

	try {
		return planNetnsDetach(withoutIdleUse(inventory, placed), {bdf, placed, attachment});
	} catch (error) {
		if (error instanceof AppError && takenCodes.has(error.code)) {
			leave(errorSentence(error));
			return endOf(attachment);
		}

		throw error;
	}
}

/** Back on the host, a network manager may have set the interface up. Without an address, and in no
 * bond or bridge, it serves nobody yet. */
function withoutIdleUse(inventory: Inventory, placed: PlacedNetdev | null): Inventory {
	const netdev = placed?.place.netns === null ? inventory.netdevs.get(placed.place.name) : undefined;
	return netdev === undefined || netdev.addresses.length > 0 || netdev.master !== null
		? inventory
		: {...inventory, netdevs: new Map([...inventory.netdevs, [netdev.name, {...netdev, up: false}]])};
}

const takenCodes = new Set(['VF_HELD', 'MANAGEMENT_INTERFACE', 'HOST_NETWORK']);

/** The operation that ends an attachment and changes nothing. */
function endOf({bdf, netns, cni}: NetnsAttachment): Plan {
	return {
		version: 1,
		subject: {command: 'netns-detach', vf: bdf, netns, leaves: true, ...(cni === null ? {} : {cni})},
		title: `end what ${cni === null ? netns.name : `container ${cni.containerId}`} had of ${bdf}`,
		actions: [],
		warnings: [],
		risks: [],
	};
}
