// CNI DEL and GC: what containers had goes back. Both succeed for what is gone already.
import {errorSentence, toAppError, type AppError} from '../../errors.ts';
import {requireValidAttachments} from '../../formats/cni-config.ts';
import {netnsFile} from '../../model/netns.ts';
import type {NetnsAttachment} from '../../plan/netns/netns-request.ts';
import {namespaceAt} from '../../sysfs/namespaces.ts';
import {findCniAttachments} from './attachments.ts';
import {ipamDel, ipamDelFor, ipamSinceOne} from './ipam.ts';
import {release, releaseOwn} from './release.ts';
import {underCniLock, type CniSession} from './session.ts';

/** Gives addresses and VF back. The addresses first: killed after them, the attachment is still in
 * the journal for the next DEL or GC. The VF comes back even when IPAM fails, which is told after. */
export async function cniDel(session: CniSession): Promise<void> {
	const failure = await failureOf(async () => ipamDel(session));
	await underCniLock(session, async () => releaseOwn(session));
	if (failure !== undefined) {
		throw failure;
	}
}

/** Takes back what the network has beside the attachments that the runtime lists. Goes on after a
 * failure, and tells the first. */
export async function cniGc(session: CniSession): Promise<void> {
	const {network, run, log} = session;
	const valid = requireValidAttachments(network);
	const failures: AppError[] = [];
	const attempt = async (what: () => Promise<void>) => {
		const failure = await failureOf(what);
		if (failure !== undefined) {
			log('error', errorSentence(failure));
			failures.push(failure);
		}
	};

	// The lock alone puts back what a call left behind that was killed.
	const stale = await underCniLock(session, async () => findCniAttachments(run.host.files).filter(({cni}) =>
		cni?.network === network.name && !valid.some(one => one.containerId === cni.containerId && one.ifname === cni.ifname)));
	for (const attachment of stale) {
		await attempt(async () => ipamDelFor(session, attachment.cni!, pathOf(session, attachment)));
		await attempt(async () => underCniLock(session, async () => {
			// Somebody may have ended it meanwhile.
			if (findCniAttachments(run.host.files).some(({operation}) => operation === attachment.operation)) {
				await release(session, attachment);
			}
		}));
	}

	await attempt(async () => ipamSinceOne(session, 'GC'));
	const [first] = failures;
	if (first !== undefined) {
		throw first;
	}
}

/** CNI_NETNS for a container of before; empty when its namespace is gone. */
function pathOf({run}: CniSession, {netns}: NetnsAttachment): string {
	const found = namespaceAt(run.host.files, netns);
	return found === undefined ? '' : netnsFile(found);
}

async function failureOf(what: () => Promise<void>): Promise<AppError | undefined> {
	try {
		await what();
		return undefined;
	} catch (error) {
		return toAppError(error);
	}
}
