// What must hold between the parts of a host file. Names of PFs are compared as written: that an
// interface and a PCI address are one PF is only known on the host.
import type {HostFile, VfRange, WantedGuest, WantedLease, WantedRoute} from '../model/host-file.ts';
import {contains, hostPrefix, networkOf, parseAddress, prefixText} from '../model/ip.ts';
import {prefixOf} from './host-file-values.ts';
import {checkHugepages} from './host-file-hugepages.ts';
import {checkOwners} from './host-file-owners.ts';
import {checkSteering} from './host-file-steering.ts';
import type {Path} from './problems.ts';

/** A contradiction in a host file; `path` as in the file. */
export interface Contradiction {
	path: Path;
	what: string;
	why: string;
	fix?: string;
}

export type Note = (path: Path, what: string, why: string, fix?: string) => void;

/** Everything that contradicts itself. `vfsPlaces`: position in the file of each entry of `vfs`. */
export function checkHostFile(file: HostFile, vfsPlaces: readonly number[] = file.vfs.map((_, index) => index)): Contradiction[] {
	const found: Contradiction[] = [];
	const note: Note = (path, what, why, fix) => {
		found.push({path, what, why, ...(fix === undefined ? {} : {fix})});
	};

	checkIndexes(file, vfsPlaces, note);
	checkOwners(file, vfsPlaces, note);
	checkMacs(file, vfsPlaces, note);
	checkPoolsAreThere(file, note);
	checkGuestNetworks(file, note);
	checkRoutes(file.routes, note);
	checkLeases(file, note);
	checkHugepages(file, note);
	checkSteering(file, note);
	return found;
}

/** Every range with its place. */
function rangesOf({vfs, pools, guests}: HostFile, vfsPlaces: readonly number[]): Array<{range: VfRange; path: Path}> {
	return [
		...vfs.map(({select}, index) => ({range: select, path: ['vfs', vfsPlaces[index]!, 'select']})),
		...pools.flatMap(({name, source}) => source && 'vfs' in source ? source.vfs.map((range, index) => ({range, path: ['pools', name, 'vfs', index]})) : []),
		...guests.flatMap(({name, vfs: own = []}) => own.flatMap(({source}, index) => 'pf' in source ? [{range: {pf: source.pf, indexes: [source.index]}, path: ['guests', name, 'vfs', index, 'vf']}] : [])),
	];
}

function checkIndexes(file: HostFile, vfsPlaces: readonly number[], note: Note): void {
	const counts = new Map(file.pfs.map(({pf, numVfs}) => [pf, numVfs]));
	for (const {range, path} of rangesOf(file, vfsPlaces)) {
		const count = counts.get(range.pf);
		const last = range.indexes.at(-1) ?? 0;
		if (count !== undefined && last >= count) {
			note(path, `${range.pf} has no VF ${last}`, count === 0 ? `pfs says that it has none (numVfs: 0)` : `pfs says numVfs: ${count}, which are VFs 0 to ${count - 1}`, `raise numVfs to ${last + 1}, or name another VF`);
		}
	}
}

function checkMacs({vfs, guests}: HostFile, vfsPlaces: readonly number[], note: Note): void {
	const owners = new Map<string, string>();
	const take = (mac: string | null | undefined, owner: string, path: Path) => {
		if (mac === undefined || mac === null) {
			return;
		}

		const other = owners.get(mac);
		if (other !== undefined && other !== owner) {
			note(path, `the MAC address ${mac} is there twice`, `${other} has it too`, 'give each its own');
		}

		owners.set(mac, other ?? owner);
	};
	for (const [index, {select, settings}] of vfs.entries()) {
		take(settings.mac, `${select.pf}#${select.indexes[0]}`, ['vfs', vfsPlaces[index]!, 'mac']);
		if (settings.mac !== undefined && select.indexes.length > 1) {
			note(['vfs', vfsPlaces[index]!, 'mac'], `one MAC address for ${select.indexes.length} VFs`, 'each VF has its own');
		}
	}

	for (const {name, vfs: own = []} of guests) {
		for (const [index, {source, mac}] of own.entries()) {
			take(mac, 'pf' in source ? `${source.pf}#${source.index}` : `guest ${name} (VF ${index + 1})`, ['guests', name, 'vfs', index, 'mac']);
		}
	}
}

function checkPoolsAreThere({pools, guests}: HostFile, note: Note): void {
	const names = new Set(pools.map(({name}) => name));
	const absent = new Set(pools.filter(({state}) => state === 'absent').map(({name}) => name));
	if (names.size < pools.length) {
		note(['pools'], 'a pool is there twice', 'each has one entry');
	}

	for (const {name, vfs = []} of guests) {
		for (const [index, {source}] of vfs.entries()) {
			if ('pool' in source && absent.has(source.pool)) {
				note(['guests', name, 'vfs', index, 'pool'], `the pool ${source.pool} is not to be`, `pools says state: absent for it`);
			}
		}
	}
}

function checkGuestNetworks({guests, pfs, leases}: HostFile, note: Note): void {
	const owners = new Map<string, string>();
	const leased = new Map(leases.filter(({ip, state}) => ip !== null && state === 'present').map(({ip, mac}) => [ip!, mac as string]));
	const mtus = new Map(pfs.map(({pf, mtuBytes}) => [pf, mtuBytes]));
	for (const guest of guests) {
		for (const [index, {source, mac, network}] of (guest.vfs ?? []).entries()) {
			const path: Path = ['guests', guest.name, 'vfs', index, 'network'];
			for (const [position, text] of (network?.addresses ?? []).entries()) {
				const {address} = prefixOf(text);
				const owner = `guest ${guest.name} (VF ${index + 1})`;
				const other = owners.get(address) ?? (leased.has(address) && leased.get(address) !== mac ? `the DHCP lease of ${leased.get(address)}` : undefined);
				if (other !== undefined) {
					note([...path, 'addresses', position], `the address ${address} is there twice`, `${other} has it too`, 'give each its own');
				}

				owners.set(address, other ?? owner);
			}

			const mtuBytes = network?.mtuBytes;
			const below = 'pf' in source ? mtus.get(source.pf) : undefined;
			if (mtuBytes !== undefined && below !== undefined && mtuBytes > below) {
				note([...path, 'mtu'], `an MTU of ${mtuBytes} is above that of the PF`, `pfs says ${below} for ${(source as {pf: string}).pf}, and longer frames do not get through`, `raise the mtu of the PF, or give ${below} here`);
			}

			if (mtuBytes !== undefined && mtuBytes < 1280 && network!.addresses.some(address => address.includes(':'))) {
				note([...path, 'mtu'], `an MTU of ${mtuBytes} with an IPv6 address`, 'IPv6 needs 1280 bytes');
			}
		}

		checkGuestRoutes(guest, note);
	}
}

function checkGuestRoutes({name, vfs = []}: WantedGuest, note: Note): void {
	for (const [index, {network}] of vfs.entries()) {
		const seen = new Set<string>();
		const addresses = (network?.addresses ?? []).map(text => prefixOf(text));
		for (const {to, via, metric} of network?.routes ?? []) {
			const path: Path = ['guests', name, 'vfs', index, 'network', via !== null && prefixOf(to).length === 0 && metric === null ? 'gateway' : 'routes'];
			const key = `${to} ${metric ?? ''}`;
			if (seen.has(key)) {
				note(path, `two routes to ${to}`, 'the kernel keeps one for each metric', 'leave one out, or give it another metric');
			}

			seen.add(key);
			const gateway = via === null ? undefined : parseAddress(via)!;
			const same = addresses.filter(({family}) => family === gateway?.family);
			// A link-local gateway is on every link. Without addresses of the family they come by DHCP.
			if (!gateway || same.length === 0 || contains(prefixOf('fe80::/10'), hostPrefix(gateway))) {
				continue;
			}

			if (same.some(({address}) => address === gateway.address)) {
				note(path, `the gateway ${via} is the guest's own address`, 'it must be another machine');
			} else if (same.every(prefix => !contains(networkOf(prefix), hostPrefix(gateway)))) {
				note(path, `the gateway ${via} cannot be reached`, `the addresses are in ${same.map(prefix => prefixText(networkOf(prefix))).join(' and ')}`, 'give a gateway in the network of the address');
			}
		}
	}
}

function checkRoutes(routes: readonly WantedRoute[], note: Note): void {
	const seen = new Map<string, WantedRoute>();
	for (const [index, route] of routes.entries()) {
		const key = `${route.state} ${route.to} ${route.metric ?? ''}`;
		const other = seen.get(key);
		if (other && (route.state === 'present' || (other.dev === route.dev && other.via === route.via))) {
			note(['routes', index, 'to'], `two routes to ${route.to}`, `${other.dev} has one too${route.metric === null ? '' : ` with metric ${route.metric}`}`, 'leave one out, or give it another metric');
		}

		seen.set(key, route);
	}

	const texts = new Map(routes.map((route, index) => [routeText(route), {index, state: route.state}]));
	for (const route of routes) {
		const other = texts.get(routeText(route));
		if (other && other.state !== route.state) {
			note(['routes', other.index], `the route to ${route.to} is both present and absent`, 'only one can be');
			break;
		}
	}
}

function routeText({to, via, dev, metric}: WantedRoute): string {
	return [to, via ?? '', dev, metric ?? ''].join(' ');
}

function checkLeases({leases}: HostFile, note: Note): void {
	const positions = new Map<string, number>();
	const seen = new Map<string, WantedLease>();
	for (const lease of leases) {
		const position = positions.get(lease.network) ?? 0;
		positions.set(lease.network, position + 1);
		const path: Path = ['dhcp', lease.network, position];
		for (const key of lease.state === 'absent' ? ['mac'] as const : ['mac', 'ip', 'name'] as const) {
			const value = lease[key];
			const id = `${lease.network}\n${key}\n${value}`;
			if (value !== null && seen.has(id)) {
				note([...path, key], `two leases with the ${key} ${value}`, `that of ${seen.get(id)!.mac} is the other`, 'each lease has its own');
			}

			seen.set(id, seen.get(id) ?? lease);
		}
	}
}
