// What is known of guests' networks before a plan for one of them is made.
import {AppError, errorSentence} from '../errors.ts';
import {renderGuestFile} from '../formats/guest-file.ts';
import type {Clock} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {Guest} from '../model/domain.ts';
import {guestFileFormats, type GuestFile, type GuestFileFormat, type GuestIp, type GuestNetwork} from '../model/guest-network.ts';
import type {Inventory} from '../model/inventory.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import type {KnownInterface} from '../plan/guest-network-checks.ts';
import type {GuestNetworkFacts} from '../plan/plan-guest-network.ts';
import {guestExec, type GuestAgent} from './guest-agent.ts';
import {readGuestFile} from './guest-files.ts';
import {detectGuestFileFormat, readGuestNetwork} from './read-guest-network.ts';

export interface GuestFactsRequest {
	guest: Guest;
	mac: Mac;
	wanted: GuestNetwork;
	format: GuestFileFormat | 'auto' | 'none';
	/** It is half of a failover pair. */
	failover: boolean;
}

export interface GuestFacts extends GuestNetworkFacts {
	/** Files that are not written and that the admin is to put in their place. */
	rendered: GuestFile[];
}

/** Asks the guest's agent, and those of the others for their addresses. Never throws for an agent
 * that does not answer: `unreachable` says why. */
export async function readGuestFacts(libvirt: Libvirt, clock: Clock, inventory: Inventory, request: GuestFactsRequest): Promise<GuestFacts> {
	const {guest: {name, uuid}, mac} = request;
	const agent: GuestAgent = {libvirt, uuid, clock};
	const {current, unreachable} = await reachable(agent, request);
	const {files, rendered, warnings} = await chooseFiles(agent, request, unreachable);
	return {guest: {name, uuid}, mac, unreachable, current, files, rendered, warnings, known: await readKnownInterfaces(libvirt, inventory, uuid)};
}

/** Addresses of the host's interfaces and, where an agent tells them, of running guests'. */
export async function readKnownInterfaces(libvirt: Libvirt, {netdevs, guests}: Inventory, uuid: string): Promise<KnownInterface[]> {
	const known: KnownInterface[] = [...netdevs.values()].map(({name, mac, addresses}) => ({where: `this host (${name})`, same: false, mac, addresses}));
	for (const guest of (guests ?? []).filter(({live}) => live?.agent === 'connected')) {
		const interfaces = await libvirt.guestInterfaces(guest.uuid) ?? [];
		known.push(...interfaces.filter(({name}) => name !== 'lo').map(({name, mac, addresses}) => ({where: `${guest.name} (${name})`, same: guest.uuid === uuid, mac: parseMac(mac ?? '') ?? null, addresses})));
	}

	return known;
}

async function reachable(agent: GuestAgent, {guest, mac}: GuestFactsRequest): Promise<{current: GuestIp | null; unreachable: string | null}> {
	if (!guest.active) {
		return {current: null, unreachable: `it is ${guest.state}`};
	}

	try {
		return {current: await readGuestNetwork(agent.libvirt, agent.uuid, mac, agent.clock), unreachable: null};
	} catch (error) {
		if (error instanceof AppError && ['NO_AGENT', 'UNSUPPORTED', 'STEP_FAILED'].includes(error.code)) {
			return {current: null, unreachable: errorSentence(error)};
		}

		throw error;
	}
}

async function chooseFiles(agent: GuestAgent, {guest, mac, wanted, format, failover}: GuestFactsRequest, unreachable: string | null): Promise<Pick<GuestFacts, 'files' | 'rendered' | 'warnings'>> {
	const render = (one: GuestFileFormat) => renderGuestFile(one, {mac, network: wanted, failover});
	if (format === 'none') {
		return {files: await resolverFile(agent, wanted, unreachable), rendered: [], warnings: []};
	}

	if (unreachable !== null) {
		const names = guestFileFormats.join(', ');
		return {files: [], rendered: (format === 'auto' ? guestFileFormats : [format]).map(one => render(one)), warnings: [
			`no file is written into ${guest.name} (${unreachable}): ${format === 'auto' ? `--guest-file with one of ${names} prints it, --json gives all` : `put what is printed to ${render(format).path}`}`,
		]};
	}

	const chosen = format === 'auto' ? await detectGuestFileFormat(agent.libvirt, agent.uuid, agent.clock) : format;
	if (chosen === null) {
		return {files: await resolverFile(agent, wanted, unreachable), rendered: [], warnings: [
			`${guest.name} runs neither netplan, NetworkManager nor systemd-networkd: these settings are gone when it restarts`,
		]};
	}

	const file = render(chosen);
	return chosen === 'cloud-init'
		? {files: [], rendered: [file], warnings: [`cloud-init takes one network-config for the whole guest, so it is printed and not written: merge it into the guest's seed (${file.path})`]}
		: {files: [{file, current: await readGuestFile(agent.libvirt, agent.uuid, file.path)}], rendered: [], warnings: []};
}

const resolverPath = '/etc/resolv.conf';

/** The nameservers in front of those of /etc/resolv.conf, for a guest without a network service.
 * A link there belongs to a program that writes it. */
async function resolverFile(agent: GuestAgent, {nameservers}: GuestNetwork, unreachable: string | null): Promise<Array<{file: GuestFile; current: string | null}>> {
	if (nameservers.length === 0 || unreachable !== null || (await guestExec(agent, ['readlink', resolverPath])).code === 0) {
		return [];
	}

	const current = await readGuestFile(agent.libvirt, agent.uuid, resolverPath);
	const lines = nameservers.map(one => `nameserver ${one}`);
	const kept = (current ?? '').split('\n').filter(line => line !== '' && !lines.includes(line.trim()));
	return [{file: {format: 'networkd', path: resolverPath, text: [...lines, ...kept, ''].join('\n'), mode: 0o644}, current}];
}
