// What an interface has inside a guest, as a host file says it.
import {AppError, errorSentence} from '../errors.ts';
import type {GuestFile, GuestIp} from '../model/guest-network.ts';
import type {WantedGuest, WantedGuestNetwork, WantedGuestVf} from '../model/host-file.ts';
import {compareRoutes} from '../model/host-file-order.ts';
import type {Mac} from '../model/mac.ts';
import {formatHostFile, parseHostFile} from './host-file.ts';
import {parseGuestFile, saysTheSame, type WrittenFormat} from './parse-guest-file.ts';

/** What was read of one interface. */
export interface GuestNetworkRead {
	readonly ip: GuestIp;
	/** Files that have a name of ours. */
	readonly files: ReadonlyArray<GuestFile & {readonly format: WrittenFormat}>;
}

/** What was read in running guests. */
export interface GuestNetworksRead {
	/** By `guestNetworkKey`. */
	readonly networks: ReadonlyMap<string, GuestNetworkRead>;
	/** What could not be read, and why. */
	readonly notes: readonly string[];
}

/** Nothing was asked. */
export const noGuestNetworks: GuestNetworksRead = {networks: new Map(), notes: []};

/** The VF with its network; without one where it has nothing, or a host file cannot say it. */
export function withNetwork(vf: WantedGuestVf, {guest, mac, read, notes}: {guest: string; mac: Mac; read: GuestNetworkRead; notes: string[]}): WantedGuestVf {
	const {ip, files} = read;
	if (ip.addresses.length === 0 && ip.routes.length === 0) {
		return vf;
	}

	const leave = (why: string): WantedGuestVf => {
		notes.push(`the network of ${mac} in guest ${guest} is left out: ${why}`);
		return vf;
	};

	if (!ip.up) {
		return leave('the interface is down there');
	}

	const running = {addresses: ip.addresses, routes: ip.routes.toSorted(compareRoutes), ...(ip.mtuBytes === null || ip.mtuBytes === 1500 ? {} : {mtuBytes: ip.mtuBytes})};
	const failover = vf.failover !== undefined;
	const kept = files.flatMap(({format, text}) => {
		const nameservers = parseGuestFile(format, mac, text)?.network.nameservers;
		return nameservers && saysTheSame(format, {mac, network: {...running, mtuBytes: running.mtuBytes ?? null, nameservers}, failover}, text) ? [{file: format, nameservers}] : [];
	});
	const network: WantedGuestNetwork = {...running, ...(kept[0] ?? {file: 'none', nameservers: []})};
	const whole = {...vf, network};
	const problem = problemOf({name: guest, vfs: [whole]});
	if (problem !== undefined) {
		return leave(problem);
	}

	if (network.file === 'none' && files.length > 0) {
		notes.push(`${files.map(({path}) => path).join(' and ')} in guest ${guest} does not say what runs there, so it is exported with 'file: none'`);
	}

	return whole;
}

/** What somebody set in a guest need not be what a host file may say. */
function problemOf(guest: WantedGuest): string | undefined {
	try {
		parseHostFile(formatHostFile({version: 1, pfs: [], vfs: [], pools: [], guests: [guest], routes: [], leases: [], hugepages: []}));
		return undefined;
	} catch (error) {
		if (error instanceof AppError) {
			return errorSentence(error);
		}

		throw error;
	}
}
