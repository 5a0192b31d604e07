// What a running guest says of an interface that a host file wants to set.
import {AppError} from '../errors.ts';
import {renderGuestFile} from '../formats/guest-file.ts';
import {saysTheSame} from '../formats/parse-guest-file.ts';
import type {Clock} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {GuestNetworkFacts, GuestNetworkNeed} from '../plan/host-file/facts.ts';
import {errorAt} from '../plan/host-file/fold.ts';
import {readGuestFile} from './guest-files.ts';
import {detectGuestFileFormat, readGuestNetwork} from './read-guest-network.ts';

interface Agent {
	libvirt: Libvirt;
	clock: Clock;
}

/** Asks the guest's agent; undefined when it does not tell what is only to be noted. Throws NO_AGENT
 * and what else asking throws, with the place in the file. */
export async function readGuestNetworkFacts(agent: Agent, need: GuestNetworkNeed): Promise<GuestNetworkFacts | undefined> {
	const {guest: {uuid}, mac, path} = need;
	try {
		return {current: await readGuestNetwork(agent.libvirt, uuid, mac, agent.clock), file: await readFile(agent, need)};
	} catch (error) {
		if (error instanceof AppError && need.wanted === null) {
			return undefined;
		}

		throw error instanceof AppError ? errorAt(path, error) : error;
	}
}

async function readFile({libvirt, clock}: Agent, {guest: {uuid}, mac, wanted, file, failover}: GuestNetworkNeed): Promise<GuestNetworkFacts['file']> {
	const format = file === 'none' ? null : file === 'auto' ? await detectGuestFileFormat(libvirt, uuid, clock) : file;
	if (format === null || wanted === null) {
		return null;
	}

	const rendered = renderGuestFile(format, {mac, network: wanted, failover});
	const current = await readGuestFile(libvirt, uuid, rendered.path);
	// One that says the same in another order stays as it is.
	const same = format !== 'cloud-init' && current !== null && saysTheSame(format, {mac, network: wanted, failover}, current);
	return {file: same ? {...rendered, text: current} : rendered, current};
}
