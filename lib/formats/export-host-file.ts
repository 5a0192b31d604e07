// The host file that says what a host has now. What is as drivers and libvirt make it by
// themselves is left out, and so is what a host file cannot say: that is told.
import type {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import {compareNames, compareRoutes} from '../model/host-file-order.ts';
import type {HostFile, VfRange, WantedGuest, WantedLease, WantedPf, WantedPool, WantedRoute, WantedVfs} from '../model/host-file.ts';
import type {HugepageFacts} from '../model/hugepages.ts';
import type {InterruptFacts} from '../model/interrupts.ts';
import type {Inventory} from '../model/inventory.ts';
import {prefixText} from '../model/ip.ts';
import type {Vf} from '../model/pci.ts';
import {poolOf} from '../model/pool.ts';
import {effectiveMetric, routePrefix} from '../model/route.ts';
import type {Steering} from '../model/steering.ts';
import {vfRangeText} from '../model/vf-range.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import {noGuestNetworks, type GuestNetworksRead} from './export-guest-network.ts';
import {exportGuest} from './export-guest.ts';
import {withForwarding} from './export-forwarding.ts';
import {exportHugepages, withSteering} from './export-steering.ts';
import {fileNameOf, specialSettings} from './export-vf.ts';
import {withTuning} from './export-tuning.ts';
import {checkHostFile} from './host-file-check.ts';
import {leaseNameProblem} from './host-file-schema.ts';
import {interfaceNameProblem, libvirtNameProblem} from './host-file-values.ts';
import {poolNameProblem} from './host-file-vf-schema.ts';
import {printable} from './problems.ts';

export interface Exported {
	file: HostFile;
	/** What is left out, and why. */
	notes: string[];
	/** What could not be read. */
	unread: string[];
}

/** The host file of a host; a plan of it is empty there. */
export function exportHostFile(inventory: Inventory, inside: GuestNetworksRead = noGuestNetworks): HostFile {
	return exportHost(inventory, inside).file;
}

/** What an export says besides what is in an inventory. */
export interface ExportFacts {
	/** Of all PFs and VFs. */
	interrupts: InterruptFacts;
	/** Of PFs with an interface; the error of one that could not be read. */
	steering: ReadonlyMap<Bdf, Steering | AppError>;
	/** PFs that forwarding is on for; null: its module is not loaded. */
	forwarding: ReadonlySet<Bdf> | null;
	/** Groups in which their frames are relayed. */
	relays: ReadonlyMap<Bdf, string>;
	hugepages: HugepageFacts;
}

/** As exportHostFile, with what it could not say. `inside`: what was read in running guests. */
export function exportHost(inventory: Inventory, inside: GuestNetworksRead = noGuestNetworks, facts: ExportFacts | null = null): Exported {
	const notes: string[] = [];
	let file: HostFile = {version: 1, pfs: exportPfs(inventory), vfs: [], pools: [], guests: [], routes: [], leases: [], hugepages: []};
	const entries: Entry[] = [
		...exportPools(inventory, notes).map((entry): Entry => ({part: 'pools', entry, name: `pool ${entry.name}`})),
		...exportGuests(inventory, inside, notes).map((entry): Entry => ({part: 'guests', entry, name: `guest ${entry.name}`})),
		...exportVfs(inventory).map((entry): Entry => ({part: 'vfs', entry, name: vfRangeText(entry.select)})),
		...exportRoutes(inventory, notes).map((entry): Entry => ({part: 'routes', entry, name: `the route to ${entry.to}`})),
		...exportLeases(inventory, notes).map((entry): Entry => ({part: 'leases', entry, name: `the lease of ${entry.mac} in ${entry.network}`})),
	];
	const all = entries.reduce((whole, entry) => withEntry(whole, entry), file);
	// Two guests that are off may share a VF, and two pools too: only one of them fits into a file.
	const contradictory = checkHostFile(all).length > 0;
	for (const entry of contradictory ? entries : []) {
		const longer = withEntry(file, entry);
		const [contradiction] = checkHostFile(longer);
		const shorter = withEntry(file, withoutNetworks(entry));
		if (contradiction && checkHostFile(shorter).length === 0) {
			notes.push(`the networks inside ${entry.name} are left out: ${contradiction.what}: ${contradiction.why}`);
			file = shorter;
		} else if (contradiction) {
			notes.push(`${entry.name} is left out: ${contradiction.what}: ${contradiction.why}`);
		} else {
			file = longer;
		}
	}

	if (inventory.libvirtProblem !== null) {
		notes.push(`guests, pools and leases are left out: libvirt was not asked (${inventory.libvirtProblem})`);
	}

	const said = contradictory ? file : all;
	const tuned = facts === null ? {file: said, notes: []} : withFacts(said, inventory, facts);
	notes.push(...tuned.notes);
	return {file: tuned.file, notes: notes.map(note => shortenedNote(note)), unread: inside.notes.map(note => shortenedNote(note))};
}

function withFacts(file: HostFile, inventory: Inventory, {interrupts, steering, forwarding, relays, hugepages}: ExportFacts): {file: HostFile; notes: string[]} {
	const tuned = withTuning(file, inventory, interrupts);
	const steered = withSteering(tuned.file, inventory, steering);
	const pages = exportHugepages(hugepages);
	return {file: {...withForwarding(steered.file, inventory, {on: forwarding, relays}), hugepages: pages.hugepages}, notes: [...tuned.notes, ...steered.notes, ...pages.notes]};
}

/** One entry of the file, and how an admin calls it. */
type Entry = {[Part in 'vfs' | 'pools' | 'guests' | 'routes' | 'leases']: {part: Part; entry: HostFile[Part][number]; name: string}}['vfs' | 'pools' | 'guests' | 'routes' | 'leases'];

function withEntry(file: HostFile, {part, entry}: Entry): HostFile {
	return {...file, [part]: [...file[part], entry]};
}

function withoutNetworks(entry: Entry): Entry {
	return entry.part !== 'guests' ? entry : {...entry, entry: {...entry.entry, vfs: (entry.entry.vfs ?? []).map(({network, ...vf}) => vf)}};
}

/** PFs that have VFs, and others whose MTU somebody set. */
function exportPfs({pfs, netdevs}: Inventory): WantedPf[] {
	return pfs.map(pf => {
		const netdev = netdevs.get(pf.netdevs[0] ?? '');
		return {
			pf: fileNameOf(pf),
			...(pf.numVfs === 0 ? {} : {numVfs: pf.numVfs}),
			...(netdev === undefined || netdev.mtuBytes === 1500 ? {} : {mtuBytes: netdev.mtuBytes}),
			...(pf.autoprobe ? {} : {autoprobe: false}),
			...(pf.numVfs > 0 && netdev?.up === true ? {link: 'up' as const} : {}),
		};
	}).filter(wanted => Object.keys(wanted).length > 1).toSorted((a, b) => compareNames(a.pf, b.pf));
}

/** VFs of one PF that are alike. */
interface VfGroup {
	settings: VfSettingsPart;
	driver: string | undefined;
	indexes: number[];
}

/** VFs that no guest has, with what they have that new VFs do not; equal neighbours in one entry. */
function exportVfs(inventory: Inventory): WantedVfs[] {
	const held = new Set((inventory.guests ?? []).flatMap(guest => [guest.live, guest.config]).flatMap(definition => definition?.devices ?? []).map(({source}) => source));
	const entries = inventory.pfs.flatMap(pf => {
		const groups = new Map<string, VfGroup>();
		for (const vf of pf.vfs) {
			const pool = poolOf(vf.bdf, inventory);
			// What libvirt set for a guest goes away with it.
			const all = held.has(vf.bdf) ? {} : specialSettings(vf);
			const {mac, vlan, qos, vlanProto, ...others} = all;
			const settings = pool ? others : all;
			// libvirt binds what it manages.
			const pinned = vf.driverOverride !== null && (pool ? !pool.managed : !isManaged(vf, inventory));
			const driver = pinned ? vf.driverOverride! : undefined;
			if (driver === undefined && Object.keys(settings).length === 0) {
				continue;
			}

			const key = JSON.stringify([settings, driver]);
			const group: VfGroup = groups.get(key) ?? {settings, driver, indexes: []};
			group.indexes.push(vf.index);
			groups.set(key, group);
		}

		return [...groups.values()].map(({settings, driver, indexes}) => ({select: {pf: fileNameOf(pf), indexes}, settings, ...(driver === undefined ? {} : {driver})}));
	});
	return entries.toSorted((a, b) => compareNames(a.select.pf, b.select.pf) || a.select.indexes[0]! - b.select.indexes[0]!);
}

function isManaged(vf: Vf, {guests}: Inventory): boolean {
	return (guests ?? []).some(({live}) => live?.devices.some(({source, managed}) => source === vf.bdf && managed) ?? false);
}

function exportPools(inventory: Inventory, notes: string[]): WantedPool[] {
	return (inventory.pools ?? []).flatMap(pool => {
		const network = inventory.networks?.find(({name}) => name === pool.name);
		const leave = (why: string): WantedPool[] => {
			notes.push(`pool ${pool.name} is left out: ${why}`);
			return [];
		};

		const problem = poolNameProblem(pool.name);
		if (problem !== undefined || !pool.active || !pool.persistent) {
			return leave(problem ?? (pool.active ? 'it is not saved' : 'it is not started'));
		}

		const {pfNetdev, members} = pool.saved ?? pool;
		const source = pfNetdev === null ? rangesOf(members, inventory) : inventory.pfs.filter(({netdevs}) => netdevs.includes(pfNetdev)).map(pf => fileNameOf(pf))[0];
		if (source === undefined || source.length === 0) {
			return leave('this host does not have what it is made of');
		}

		return [{name: pool.name, state: 'present' as const, autostart: network?.autostart ?? true, source: typeof source === 'string' ? {pf: source} : {vfs: source}}];
	}).toSorted((a, b) => compareNames(a.name, b.name));
}

/** VFs as ranges, or undefined when one of them is not there. */
function rangesOf(members: readonly Bdf[], {pfs}: Inventory): VfRange[] | undefined {
	const ranges = pfs.map(pf => ({pf: fileNameOf(pf), indexes: pf.vfs.filter(({bdf}) => members.includes(bdf)).map(({index}) => index)})).filter(({indexes}) => indexes.length > 0);
	return ranges.reduce((sum, {indexes}) => sum + indexes.length, 0) === members.length ? ranges.toSorted((a, b) => compareNames(a.pf, b.pf)) : undefined;
}

function exportGuests(inventory: Inventory, inside: GuestNetworksRead, notes: string[]): WantedGuest[] {
	return (inventory.guests ?? []).flatMap(guest => {
		const made = exportGuest(guest, inventory, {inside, notes});
		if (typeof made !== 'string' && made.vfs!.length === 0) {
			return [];
		}

		const problem = typeof made === 'string' ? made : libvirtNameProblem(guest.name);
		if (problem !== undefined) {
			notes.push(`guest ${guest.name} is left out: ${problem}`);
		}

		return typeof made === 'string' || problem !== undefined ? [] : [made];
	}).toSorted((a, b) => compareNames(a.name, b.name));
}

/** Routes that an administrator made: not those that come with addresses, from DHCP or routing daemons.
 * `ip` does not name the protocol boot, which is its own. */
function exportRoutes({routes}: Inventory, notes: string[]): WantedRoute[] {
	return routes.filter(({protocol}) => protocol === null || protocol === 'static' || protocol === 'boot').flatMap(route => {
		const prefix = routePrefix(route);
		const problem = prefix === undefined ? 'its network cannot be read'
			: route.type !== 'unicast' ? `it is of type ${route.type}`
			: route.hops > 1 ? 'it has several next hops'
			: route.onlink ? 'its gateway is not in a network of the host (onlink)'
			: interfaceNameProblem(route.device);
		if (problem !== undefined || prefix === undefined) {
			notes.push(`the route to ${route.destination} is left out: ${problem}`);
			return [];
		}

		// Without a metric the kernel takes this one.
		const metric = route.metric === effectiveMetric(route.family, null) ? null : route.metric;
		return [{to: prefixText(prefix), via: route.gateway, metric, dev: route.device, state: 'present' as const}];
	}).toSorted((a, b) => compareRoutes(a, b) || compareNames(a.dev, b.dev));
}

function exportLeases({networks}: Inventory, notes: string[]): WantedLease[] {
	return (networks ?? []).flatMap(({name: network, ips}) => ips.flatMap(({leases}) => leases).flatMap(({mac, ip, name}) => {
		const problem = libvirtNameProblem(network) ?? (ip.includes(':') ? 'it is for IPv6' : name === null ? undefined : leaseNameProblem(name));
		if (problem !== undefined) {
			notes.push(`the lease of ${mac} in ${network} is left out: ${problem}`);
		}

		return problem === undefined ? [{network, mac, ip, name, state: 'present' as const}] : [];
	})).toSorted((a, b) => compareNames(a.network, b.network) || compareNames(a.ip, b.ip));
}

function shortenedNote(note: string): string {
	return note.split('\n').map(line => printable(line.slice(0, 300))).join(' ');
}
