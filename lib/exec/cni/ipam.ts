// Addresses from the IPAM plugin of the configuration.
import {AppError, errorSentence, toAppError} from '../../errors.ts';
import {parseCniResult} from '../../formats/cni-result.ts';
import type {CniCommand, CniResult} from '../../model/cni.ts';
import type {CniAttachment} from '../../model/netns.ts';
import type {CniSession} from './session.ts';
import {runCniPlugin} from './run-plugin.ts';

/** What IPAM gives; null when the configuration has none. Throws IPAM_FAILED after DEL, so that
 * nothing stays reserved (section "Delegated plugin execution procedure"). */
export async function ipamAdd(session: CniSession): Promise<CniResult | null> {
	if (session.network.ipam === null) {
		return null;
	}

	try {
		const answer = await runIpam(session, 'ADD');
		const result = parseCniResult(answer, why => ipamAnswerError(session, why));
		if (result.ips.length === 0) {
			throw ipamAnswerError(session, 'it gave no address');
		}

		return result;
	} catch (error) {
		await ipamDelQuietly(session);
		throw error;
	}
}

/** Gives the addresses back. */
export async function ipamDel(session: CniSession): Promise<void> {
	await runIpam(session, 'DEL');
}

/** The same for another container of the network, whose namespace may be gone. */
export async function ipamDelFor(session: CniSession, {containerId, ifname}: CniAttachment, netns: string): Promise<void> {
	// What CNI_ARGS says was about another call.
	await runIpam(session, 'DEL', {CNI_CONTAINERID: containerId, CNI_IFNAME: ifname, CNI_NETNS: netns, CNI_ARGS: ''});
}

/** DEL on the way back from a failure, which is the one to tell. */
export async function ipamDelQuietly(session: CniSession): Promise<void> {
	try {
		await ipamDel(session);
	} catch (error) {
		session.log('error', errorSentence(toAppError(error)));
	}
}

/** Passes CHECK on. */
export async function ipamCheck(session: CniSession): Promise<void> {
	await runIpam(session, 'CHECK');
}

/** Passes GC or STATUS on, to a plugin that knows them: they came with 1.1.0. */
export async function ipamSinceOne(session: CniSession, command: 'GC' | 'STATUS'): Promise<void> {
	const {supportedVersions} = (await runIpam(session, 'VERSION') ?? {}) as {supportedVersions?: unknown};
	if (Array.isArray(supportedVersions) && supportedVersions.includes('1.1.0')) {
		await runIpam(session, command);
	} else if (session.network.ipam !== null) {
		session.log('info', `${session.network.ipam} does not know ${command}`);
	}
}

async function runIpam({run, call, network, text, log}: CniSession, command: CniCommand, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
	return network.ipam === null ? undefined : runCniPlugin(run.host, {
		plugin: network.ipam, path: call.path, command, config: text, env,
		log(said) {
			log('info', said);
		},
	});
}

function ipamAnswerError({network}: CniSession, why: string): AppError {
	return new AppError('IPAM_FAILED', `the IPAM plugin ${network.ipam} gave a result that cannot be used`, {why, fix: 'look at \'ipam\' of the network configuration', details: {plugin: network.ipam}});
}
