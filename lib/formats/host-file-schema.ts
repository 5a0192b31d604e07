// The keys of the host file and what each must be. What belongs to several of them together is
// looked at in host-file-check.ts.
import {noRelay, relayGroupName, switchModes} from '../model/forward.ts';
import type {HostFile, VfRange, WantedLease, WantedPf, WantedPool, WantedRoute, WantedVfs} from '../model/host-file.ts';
import {interfaceNameProblem, libvirtNameProblem, pfNameOf, readAddress, readInterface, readMac, readPf, readRange} from './host-file-values.ts';
import {readHugepages} from './host-file-hugepages.ts';
import {readSteering} from './host-file-steering.ts';
import {foreignNames, poolNameProblem, readGuests, readRoute, readVfs} from './host-file-vf-schema.ts';
import {foreignTuningNames, readTuning, tuningKeys} from './host-file-tuning.ts';
import {shortened} from './problems.ts';
import type {Cursor} from './reader.ts';

/** What the tree says, with a place for each entry of `vfs`: one with a list in `select` became
 * several. Problems are noted at the cursor; the result counts only when there are none. */
export function readHostFile(cursor: Cursor): {file: HostFile; vfsPlaces: number[]} {
	const fields = cursor.fields(['version', 'pfs', 'vfs', 'pools', 'guests', 'routes', 'dhcp', 'hugepages'], foreignNames);
	const empty = {pfs: [], vfs: [], pools: [], guests: [], routes: [], leases: [], hugepages: []};
	if (!fields) {
		return {file: {version: 1, ...empty}, vfsPlaces: []};
	}

	fields.need('version', 'the first line of a host file is version: 1')?.whole(1, 1, 'the version of the format');
	const pfs = readPfs(fields.get('pfs'));
	const vfs = fields.get('vfs')?.items('a list of entries with select').map(item => readVfs(item)) ?? [];
	return {
		file: {
			version: 1, pfs,
			vfs: vfs.flat() satisfies WantedVfs[],
			pools: readPools(fields.get('pools')),
			guests: readGuests(fields.get('guests')),
			routes: readRoutes(fields.get('routes')),
			leases: readLeases(fields.get('dhcp')),
			hugepages: readHugepages(fields.get('hugepages')),
		},
		vfsPlaces: vfs.flatMap((entries, index) => entries.map(() => index)),
	};
}

function readPfs(cursor: Cursor | undefined): WantedPf[] {
	const names = new Set<string>();
	return cursor?.entries('a mapping of PFs by interface or PCI address').map(({name, value, refuseName}) => {
		const pf = pfNameOf(name);
		if (pf === undefined) {
			refuseName(`'${shortened(name)}' is no PF`, interfaceNameProblem(name) ?? 'it must be an interface or a PCI address');
		} else if (names.has(pf)) {
			refuseName(`${pf} is there twice`, 'it is the same PCI address, written in two ways');
		}

		names.add(pf ?? name);
		return {pf: pf ?? name, ...readPfSettings(value)};
	}) ?? [];
}

function readRelay(cursor: Cursor | undefined): string | undefined {
	const name = cursor?.text('the name of a group of PFs whose frames are relayed, or none');
	return name === undefined || name === noRelay || relayGroupName.test(name) ? name : cursor?.refuse(cursor.found(), 'it must be the name of a group, 1 to 15 letters, digits, - and _, or none');
}

function readPfSettings(cursor: Cursor): Omit<WantedPf, 'pf'> {
	const fields = cursor.fields(['numVfs', 'mtu', 'autoprobe', 'link', 'driver', 'forwarding', 'relay', 'switch', 'steering', ...tuningKeys], {...foreignNames, ...foreignTuningNames});
	const numVfs = fields?.get('numVfs')?.whole(0, 65_535, 'a number of VFs');
	const mtuBytes = fields?.get('mtu')?.whole(68, 65_535, 'an MTU in bytes');
	const autoprobe = fields?.get('autoprobe')?.flag('whether new VFs get the driver of the kernel (sriov_drivers_autoprobe)');
	const link = fields?.get('link')?.word(['up'] as const, 'the link of the PF; a PF whose VFs are used is not taken down');
	const driver = fields?.get('driver')?.word(['stock'] as const, 'the driver of the PF; another one than the kernel\'s is not supported by this version');
	const forwarding = fields?.get('forwarding')?.word(['on', 'off'] as const, 'whether the module vfctl_fwd passes frames between VFs of the PF on');
	const switchMode = fields?.get('switch')?.word(switchModes, 'how the card switches between its VFs');
	const relay = readRelay(fields?.get('relay'));
	const steering = readSteering(fields?.get('steering'));
	return {
		...(numVfs === undefined ? {} : {numVfs}),
		...(mtuBytes === undefined ? {} : {mtuBytes}),
		...(autoprobe === undefined ? {} : {autoprobe}),
		...(link === undefined ? {} : {link}),
		...(driver === undefined ? {} : {driver}),
		...(switchMode === undefined ? {} : {switch: switchMode}),
		...(forwarding === undefined ? {} : {forwarding}),
		...(relay === undefined ? {} : {relay}),
		...(steering === undefined ? {} : {steering}),
		...readTuning(fields),
	};
}

function readPools(cursor: Cursor | undefined): WantedPool[] {
	return cursor?.entries('a mapping of pools by name').map(({name, value, refuseName}) => {
		const problem = poolNameProblem(name);
		if (problem !== undefined) {
			refuseName(`'${shortened(name)}' is no name of a pool`, problem);
		}

		return {name, ...readPool(value)};
	}) ?? [];
}

function readPool(cursor: Cursor): Omit<WantedPool, 'name'> {
	const fields = cursor.fields(['pf', 'vfs', 'autostart', 'state'], foreignNames);
	const state = fields?.get('state')?.word(['present', 'absent'] as const, 'whether there is the pool') ?? 'present';
	const autostart = fields?.get('autostart')?.flag('whether libvirt starts the pool when it starts') ?? true;
	const [pf, vfs] = [fields?.get('pf'), fields?.get('vfs')];
	if (!fields || state === 'absent') {
		for (const key of [pf, vfs, fields?.get('autostart')]) {
			key?.refuse('a pool that is not to be has nothing', 'state is absent', 'leave it out');
		}

		return {state, autostart};
	}

	if ((pf === undefined) === (vfs === undefined)) {
		cursor.refuse(pf ? 'both pf and vfs are there' : 'neither pf nor vfs is there', 'a pool hands out all VFs of one PF, or some VFs', pf ? 'leave one of them out' : 'add pf: INTERFACE, or vfs: [INTERFACE#0-3]');
		return {state, autostart};
	}

	if (pf) {
		const name = readPf(pf);
		return {state, autostart, ...(name === undefined ? {} : {source: {pf: name}})};
	}

	const ranges: VfRange[] = vfs!.itemsOrOne('VFs').map(item => readRange(item)).filter(range => range !== undefined);
	if (vfs!.node.kind === 'list' && vfs!.node.items.length === 0) {
		vfs!.refuse('no VF is named', 'a pool without VFs could give nothing', 'name VFs, or say state: absent');
	}

	return {state, autostart, source: {vfs: ranges}};
}

function readRoutes(cursor: Cursor | undefined): WantedRoute[] {
	return cursor?.items('a list of routes such as [{to: 10.0.0.0/24, dev: ens1f0}]').map(item => {
		const fields = item.fields(['to', 'via', 'dev', 'metric', 'state'], foreignNames);
		const dev = readInterface(fields?.need('dev', 'a route leaves by an interface'));
		const state = fields?.get('state')?.word(['present', 'absent'] as const, 'whether there is the route') ?? 'present';
		const route = readRoute(fields);
		return route && dev !== undefined ? {...route, dev, state} : undefined;
	}).filter(route => route !== undefined) ?? [];
}

function readLeases(cursor: Cursor | undefined): WantedLease[] {
	return cursor?.entries('a mapping of libvirt networks by name, each with a list of leases').flatMap(({name: network, value, refuseName}) => {
		const problem = libvirtNameProblem(network);
		if (problem !== undefined) {
			refuseName(`'${shortened(network)}' is no name of a network`, problem);
		}

		return value.items('a list of leases such as [{mac: 52:54:00:00:00:01, ip: 192.168.122.10}]').map(item => readLease(item, network)).filter(lease => lease !== undefined);
	}) ?? [];
}

function readLease(cursor: Cursor, network: string): WantedLease | undefined {
	const fields = cursor.fields(['mac', 'ip', 'name', 'state'], foreignNames);
	const state = fields?.get('state')?.word(['present', 'absent'] as const, 'whether there is the lease') ?? 'present';
	const mac = readMac(fields?.need('mac', 'a lease is for a MAC address'));
	const ip = readAddress(state === 'absent' ? fields?.get('ip') : fields?.need('ip', 'a lease gives an address'), 'the address of a lease');
	if (ip?.includes(':')) {
		fields!.get('ip')!.refuse(`${ip} is an IPv6 address`, 'libvirt takes no MAC address for a static DHCPv6 lease: DHCPv6 goes by DUID', 'give the guest its IPv6 address with guests');
	}

	const name = fields?.get('name')?.text('the name that the guest is told');
	const problem = name === undefined ? undefined : leaseNameProblem(name);
	if (problem !== undefined) {
		fields!.get('name')!.refuse(`'${shortened(name!)}' is no host name`, problem);
	}

	return mac === undefined ? undefined : {network, mac, ip: ip ?? null, name: name ?? null, state};
}

/** Why it cannot be the name that a guest is told with its lease, or undefined. */
export function leaseNameProblem(name: string): string | undefined {
	return /^(?=.{1,253}$)[a-z\d][\w-]{0,62}(\.[\w-]{1,63})*$/i.test(name) ? undefined : 'a host name has letters, digits, hyphens and dots';
}
