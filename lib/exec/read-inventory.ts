// Reads a whole host into one Inventory.
import {AppError, errorSentence} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {parseDomain} from '../libvirt/domain-xml.ts';
import type {DomainRecord, Libvirt, NetworkRecord} from '../libvirt/libvirt.ts';
import {parseNetwork, parsePool} from '../libvirt/network-xml.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Guest, Pool} from '../model/domain.ts';
import {findHostUses} from '../model/host-use.ts';
import type {Inventory, UioUser, VfioUser} from '../model/inventory.ts';
import {isUnusable} from '../model/ip.ts';
import type {Network} from '../model/network.ts';
import {isUioDriver, isVfioDriver} from '../model/vf-driver.ts';
import {readConnection} from '../sysfs/read-caller.ts';
import {readDiskUses} from '../sysfs/read-disks.ts';
import {readKernel} from '../sysfs/read-kernel.ts';
import {parseNetdevs, parseRoutes, readIp} from '../sysfs/read-netdevs.ts';
import {pciDevices, readIommuGroups, readPciFunctions} from '../sysfs/read-pci.ts';
import {readPfs} from '../sysfs/read-sriov.ts';
import {parseIpLink} from '../sysfs/read-vf-settings.ts';
import {readUioUsers, uioDevices} from '../sysfs/read-uio-users.ts';
import {readVfioUsers} from '../sysfs/read-vfio-users.ts';

/** The host as it is now. `libvirt` is the open connection, or the error that opening gave. */
export async function readInventory(host: Host, libvirt: Libvirt | AppError): Promise<Inventory> {
	const {files} = host;
	// The ip processes run while sysfs is read: reading is synchronous and takes its time.
	const ipOutput = readIp(host.runner);
	const asked = askLibvirt(libvirt);
	// An early rejection of one must not become an unhandled one while the other is awaited.
	ipOutput.catch(() => {});
	asked.catch(() => {});

	const groups = readIommuGroups(files);
	const functions = readPciFunctions(files, groups);
	const output = await ipOutput;
	const netdevs = parseNetdevs(output);
	const pfs = readPfs(files, functions, parseIpLink(output.link));
	for (const vf of pfs.flatMap(pf => pf.vfs)) {
		const known = functions.get(vf.bdf);
		if (known) {
			functions.set(vf.bdf, {...known, physfn: vf.pf});
		}
	}

	const routes = parseRoutes(output);
	const connection = readConnection(files, host.caller);
	const vfByNetdev = new Map(pfs.flatMap(pf => pf.vfs).flatMap(vf => vf.netdevs.map(name => [name, vf.bdf] as const)));
	const {guests, pools, networks, problem} = understand(await asked, vfByNetdev);
	return {
		kernel: readKernel(files, groups.size),
		functions,
		groups,
		pfs,
		netdevs,
		routes,
		hostUses: findHostUses({netdevs, routes, callerAddress: connection?.host, disks: readDiskUses(files)}),
		// From the host itself (a tunnel), or not known in an old record: no route matters.
		callerPeer: connection === undefined || isUnusable(connection.peer) ? null : connection.peer,
		...connection === undefined ? {} : {callerFlow: {from: connection.peer, to: connection.host, fromPort: connection.peerPort, toPort: connection.hostPort}},
		vfioUsers: findVfioUsers(host, {pfs, guests}),
		uioUsers: findUioUsers(host, pfs),
		guests,
		pools,
		networks,
		libvirtProblem: problem,
	};
}

/** Guests, pools and networks of a machine that has only its libvirt to ask; the rest is empty. */
export async function readLibvirtInventory(libvirt: Libvirt): Promise<Inventory> {
	const {guests, pools, networks, problem} = understand(await askLibvirt(libvirt), new Map());
	return {
		kernel: {release: '', commandLine: '', iommu: 'off', interruptRemapping: 'unknown', unsafeInterrupts: false, modules: []},
		functions: new Map(), groups: new Map(), pfs: [], netdevs: new Map(), routes: [], hostUses: [], callerPeer: null, vfioUsers: [], uioUsers: [],
		guests, pools, networks, libvirtProblem: problem, libvirtAlone: true,
	};
}

interface Asked {
	networks: readonly NetworkRecord[];
	domains: readonly DomainRecord[];
}

async function askLibvirt(libvirt: Libvirt | AppError): Promise<Asked | AppError> {
	return libvirt instanceof AppError ? libvirt : {networks: await libvirt.listNetworks(), domains: await libvirt.listDomains()};
}

function understand(asked: Asked | AppError, vfByNetdev: ReadonlyMap<string, Bdf>): {guests: Guest[] | null; pools: Pool[] | null; networks: Network[] | null; problem: string | null} {
	if (asked instanceof AppError) {
		return {guests: null, pools: null, networks: null, problem: errorSentence(asked)};
	}

	const {networks, domains} = asked;
	const pools = networks.map(network => parsePool(network)).filter(pool => pool !== null);
	const poolNames = pools.map(({name}) => name);
	return {
		guests: domains.map(domain => parseDomain(domain, poolNames, vfByNetdev)),
		pools,
		networks: networks.map(network => parseNetwork(network)),
		problem: null,
	};
}

/** Asks for users of VFIO only when some VF is on it that no guest is known to have. */
function findVfioUsers({files}: Host, {pfs, guests}: {pfs: Inventory['pfs']; guests: readonly Guest[] | null}): VfioUser[] {
	const claimed = new Set((guests ?? []).flatMap(guest => (guest.live?.devices ?? []).map(({source}) => source)));
	const open = pfs.flatMap(pf => pf.vfs).filter(vf => isVfioDriver(vf.driver) && !claimed.has(vf.bdf));
	if (open.length === 0) {
		return [];
	}

	const groupByDevice = new Map(open.flatMap(vf => files.list(`${pciDevices}/${vf.bdf}/vfio-dev`).map(name => [name, vf.iommuGroup ?? undefined] as const)));
	return readVfioUsers(files, name => groupByDevice.get(name));
}

/** Looks through the processes only when some VF is on a uio driver. */
function findUioUsers({files}: Host, pfs: Inventory['pfs']): UioUser[] {
	const devices = uioDevices(files, pfs.flatMap(pf => pf.vfs).filter(vf => isUioDriver(vf.driver)).map(({bdf}) => bdf));
	return devices.size === 0 ? [] : readUioUsers(files, devices);
}
