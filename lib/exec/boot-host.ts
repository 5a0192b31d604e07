// The host at boot, before libvirt runs.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {parseDomain} from '../libvirt/domain-xml.ts';
import type {HostFile} from '../model/host-file.ts';
import type {Inventory} from '../model/inventory.ts';
import {selectPf} from '../model/select.ts';
import {readInventory} from './read-inventory.ts';
import {waitUntil} from './wait.ts';

// Both kinds of daemon: the one for everything, and the one for QEMU alone.
const daemons = new Set(['libvirtd', 'virtqemud']);

/** Without libvirt it is unknown which guests have VFs; but while neither its daemon runs nor a
 * process has a VFIO device open, no guest runs that has one. */
export function withoutGuests(host: Host, inventory: Inventory): Inventory {
	const mayHaveGuests = inventory.vfioUsers.length > 0
		|| host.files.list('/proc').some(pid => /^\d+$/.test(pid) && daemons.has(host.files.readText(`/proc/${pid}/comm`)?.trim() ?? ''));
	return mayHaveGuests ? inventory : {...inventory, guests: [], pools: [], networks: []};
}

/** What of a host file can be done before libvirt runs. Routes are left for later too: the network
 * may not have addresses yet, and a gateway that cannot be reached must not keep VFs from being made. */
export function bootPart(file: HostFile): HostFile {
	return {...file, guests: [], pools: [], leases: [], routes: []};
}

/** Waits until all PFs of the file are there; drivers of network cards load while the host boots.
 * What is missing after that, planning tells. */
export async function waitForPfs(host: Host, {pfs, vfs}: HostFile, {budgetMs, signal}: {budgetMs: number; signal?: AbortSignal | undefined}): Promise<void> {
	const names = new Set([...pfs.map(({pf}) => pf), ...vfs.map(({select}) => select.pf)]);
	await waitUntil(host.clock, {budgetMs, signal}, async () => {
		const inventory = await readInventory(host, new AppError('LIBVIRT_UNREACHABLE', 'libvirt is not asked at boot'));
		return [...names].every(name => isThere(inventory, name));
	});
}

function isThere(inventory: Inventory, name: string): boolean {
	try {
		// Its driver makes the interface a moment after it is bound.
		return selectPf(inventory, name).netdevs.length > 0;
	} catch {
		return false;
	}
}

/** Waits until libvirt answers, and the agents of those running guests that the file says a network
 * of. While a daemon starts the guests of a whole host it may not answer for minutes; throws
 * LIBVIRT_UNREACHABLE when it still does not at the end. */
export async function waitForAgents(host: Host, file: HostFile, {uri, budgetMs, signal}: {uri: string; budgetMs: number; signal?: AbortSignal | undefined}): Promise<void> {
	const names = new Set(file.guests.filter(({vfs}) => vfs?.some(({network}) => network !== undefined)).map(({name}) => name));
	let silence: AppError | undefined;
	await waitUntil(host.clock, {budgetMs, signal, longestPauseMs: 2000}, async () => {
		try {
			silence = undefined;
			return await agentsAnswer(host, uri, names);
		} catch (error) {
			if (!(error instanceof AppError && error.code === 'LIBVIRT_UNREACHABLE')) {
				throw error;
			}

			silence = error;
			return false;
		}
	});
	if (silence !== undefined) {
		throw silence;
	}
}

async function agentsAnswer(host: Host, uri: string, names: ReadonlySet<string>): Promise<boolean> {
	// A connection on which a question was not answered is of no use any more.
	const libvirt = await host.openLibvirt(uri);
	try {
		// The domains alone: a whole inventory, asked for again and again, would take the processor
		// from the guests that are waited for.
		const guests = (await libvirt.listDomains()).map(domain => parseDomain(domain, [], new Map()));
		return guests.every(({name, uuid, live}) => (!names.has(name) && !names.has(uuid)) || live === null || live.agent === 'connected');
	} finally {
		await libvirt.close();
	}
}
