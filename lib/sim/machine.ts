// The state of a simulated kernel: the file tree, and what sysfs does not show.
import type {Bdf} from '../model/bdf.ts';
import {parseBdf} from '../model/bdf.ts';
import type {SwitchMode} from '../model/forward.ts';
import {parseJsonList} from '../record/json-lines.ts';
import type {HostRecord} from '../record/record.ts';
import {simClock} from './clock.ts';
import type {SimClock} from './clock.ts';
import type {SimPort} from './forward.ts';
import type {SimMailbox} from './mailbox.ts';
import type {SimOptions} from './options.ts';
import type {SimSteering} from './steering.ts';
import {treeOf} from './tree.ts';
import type {Tree} from './tree.ts';

/** What a PF driver remembers for one VF. */
export interface VfState {
	mac: string;
	/** IGB_VF_FLAG_PF_SET_MAC and its like: the admin chose the MAC, the VF may not change it. */
	macByAdmin: boolean;
	vlan: number;
	qos: number;
	proto: '802.1Q' | '802.1ad';
	spoofchk: boolean;
	trust: boolean;
	maxTxRate: number;
	minTxRate: number;
	linkState: 'auto' | 'enable' | 'disable';
}

/** A process that has a VFIO group open: a guest's QEMU. */
export interface GroupHolder {
	pid: number;
	/** Guest name. */
	owner: string;
	/** Devices of the group in use. */
	devices: Set<Bdf>;
}

export type Json = Record<string, unknown>;

export interface Machine {
	readonly record: HostRecord;
	readonly tree: Tree;
	readonly clock: SimClock;
	/** Can be replaced while the host runs. */
	options: SimOptions;
	readonly failureCounts: Map<object, number>;
	/** Kernel log lines since the record. */
	readonly log: string[];
	readonly vfStates: Map<Bdf, VfState[]>;
	/** IOMMU group that new VFs of a PF join; absent: each gets its own. */
	readonly vfGroups: Map<Bdf, number>;
	readonly groupHolders: Map<number, GroupHolder>;
	/** Drivers that a record shows bound to an id which the table does not know. */
	readonly learnedDrivers: Map<string, string>;
	/** Mbit/s of interfaces by directory: sysfs does not tell it while they are down. */
	readonly speeds: Map<string, number>;
	/** The main tables, as `ip -j route show` tells them, with those of interfaces that are down. */
	readonly routes: Record<4 | 6, Json[]>;
	/** Interfaces whose MTU was too small for IPv6 once: its addresses and routes are gone for good. */
	readonly withoutIpv6: Set<string>;
	/** Steering rules of cards, by interface, as far as they were looked at. */
	readonly steering: Map<string, SimSteering>;
	/** Addresses of interfaces whose addresses changed since the record, as `ip -j addr show` tells them. */
	readonly addresses: Map<string, Json[]>;
	/** Network namespaces by inode, how many were made, and in one of them the host. */
	readonly namespaces: {readonly known: Map<number, Machine>; made: number; readonly host: Machine | undefined};
	/** Drivers that were built by vfctl, of those that are loaded. */
	readonly rebuilt: Set<string>;
	/** What such a driver remembers of the mailboxes of a PF, by VF. */
	readonly mailboxes: Map<Bdf, SimMailbox[]>;
	/** PFs that forwarding was switched on for since the record, with their ports by name. */
	readonly forwarding: Map<Bdf, Map<string, SimPort>>;
	/** How the switches of cards work, where that was set since the record, by interface. */
	readonly switchModes: Map<string, SwitchMode>;
	/** Unicast filters of cards, where they were changed since the record, by interface. */
	readonly filters: Map<string, string[]>;
	/** Asks the guest that uses a VF to give it back; libvirt's side puts its function here. */
	requestRelease: ((bdf: Bdf, owner: string) => void) | undefined;
	nextIfindex: number;
	/** No group number below it is free. */
	lowestGroup: number;
	nextRandomMac: number;
	/** When udev has done what it knows of, on the clock. */
	udevDoneMs: number;
	/** VFs whose driver the PF does not hear. */
	readonly deaf: Set<Bdf>;
}

export const devicesPath = '/sys/bus/pci/devices';
export const driversPath = '/sys/bus/pci/drivers';
export const groupsPath = '/sys/kernel/iommu_groups';

/** A machine that stands as its record says. */
export function machineOf(record: HostRecord, options: SimOptions): Machine {
	const tree = treeOf(record.entries);
	const machine: Machine = {
		record, tree, options,
		clock: simClock(),
		failureCounts: new Map(),
		log: [],
		vfStates: new Map(),
		vfGroups: new Map(),
		groupHolders: new Map(),
		learnedDrivers: new Map(),
		speeds: new Map(),
		routes: {4: recordedRoutes(record, ['ip', '-j', 'route', 'show']), 6: recordedRoutes(record, ['ip', '-j', '-6', 'route', 'show'])},
		withoutIpv6: new Set(),
		steering: new Map(),
		addresses: new Map(),
		namespaces: {known: new Map(), made: 0, host: undefined},
		rebuilt: new Set(tree.list('/sys/kernel/vfctl').map(pf => tree.value(`/sys/kernel/vfctl/${pf}/driver`)).filter(driver => driver !== '')),
		mailboxes: new Map(),
		forwarding: new Map(),
		switchModes: new Map(),
		filters: new Map(),
		requestRelease: undefined,
		nextIfindex: 1 + tree.list('/sys/class/net').reduce((highest, name) => Math.max(highest, Number(tree.value(`/sys/class/net/${name}/ifindex`)) || 0), 1),
		lowestGroup: 0,
		nextRandomMac: 1,
		udevDoneMs: 0,
		deaf: new Set(),
	};
	learn(machine);
	return machine;
}

function recordedRoutes({commands}: HostRecord, argv: readonly string[]): Json[] {
	return parseJsonList(commands.find(one => one.argv.join('\0') === argv.join('\0'))?.stdout ?? '[]') ?? [];
}

/** All PCI functions. */
export function functionsOf(machine: Machine): Bdf[] {
	return machine.tree.list(devicesPath).map(name => parseBdf(name)).filter(bdf => bdf !== undefined);
}

/** sysfs directory of a function, without links; undefined when there is no such function. */
export function functionPath(machine: Machine, bdf: Bdf): string | undefined {
	return machine.tree.find(`${devicesPath}/${bdf}`)?.path;
}

/** Last part of a link of a function (`driver`, `iommu_group`, `physfn`), or undefined. */
export function linkName(machine: Machine, bdf: Bdf, name: string): string | undefined {
	return machine.tree.link(`${devicesPath}/${bdf}/${name}`)?.split('/').at(-1);
}

export function driverOf(machine: Machine, bdf: Bdf): string | undefined {
	return linkName(machine, bdf, 'driver');
}

export function groupOf(machine: Machine, bdf: Bdf): number | undefined {
	const name = linkName(machine, bdf, 'iommu_group');
	return name === undefined ? undefined : Number(name);
}

export function physfnOf(machine: Machine, bdf: Bdf): Bdf | undefined {
	return parseBdf(linkName(machine, bdf, 'physfn') ?? '');
}

/** VFs of a PF in index order. */
export function vfsOf(machine: Machine, pf: Bdf): Bdf[] {
	const vfs: Bdf[] = [];
	for (let index = 0; ; index++) {
		const vf = parseBdf(linkName(machine, pf, `virtfn${index}`) ?? '');
		if (vf === undefined) {
			return vfs;
		}

		vfs.push(vf);
	}
}

/** `8086:10fb` of a function. */
export function idOf(machine: Machine, bdf: Bdf): string {
	const id = (name: string) => machine.tree.value(`${devicesPath}/${bdf}/${name}`).replace(/^0x/, '');
	return `${id('vendor')}:${id('device')}`;
}

/** Interface names of a function in the host's namespace. */
export function netdevsOf(machine: Machine, bdf: Bdf): string[] {
	return machine.tree.list(`${devicesPath}/${bdf}/net`);
}

/** The function behind an interface, or undefined. */
export function bdfOfNetdev(machine: Machine, netdev: string): Bdf | undefined {
	return parseBdf(machine.tree.link(`/sys/class/net/${netdev}/device`)?.split('/').at(-1) ?? '');
}

/** Announces a change: counts as the moment before it for crash tests. */
export function changing(machine: Machine, what: string): void {
	machine.options.beforeChange?.(what);
}

/** A line of the kernel log, with the time since boot. */
export function log(machine: Machine, line: string): void {
	machine.log.push(`[${uptime(machine).toFixed(6).padStart(12)}] ${line}`);
}

/** Seconds since boot. */
export function uptime(machine: Machine): number {
	return Number.parseFloat(machine.tree.value('/proc/uptime') || '1000') + machine.clock.monotonicMs() / 1000;
}

// What a record shows tells how the machine behaves: which driver an unknown id takes, and
// whether the VFs of a PF share an IOMMU group.
function learn(machine: Machine): void {
	for (const bdf of functionsOf(machine)) {
		const driver = driverOf(machine, bdf);
		const chosen = machine.tree.value(`${devicesPath}/${bdf}/driver_override`);
		if (driver !== undefined && driver !== 'vfio-pci' && ['', '(null)'].includes(chosen)) {
			machine.learnedDrivers.set(idOf(machine, bdf), driver);
		}

		const shared = machine.tree.exists(`${devicesPath}/${bdf}/sriov_totalvfs`) ? sharedVfGroup(machine, bdf) : undefined;
		if (shared !== undefined) {
			machine.vfGroups.set(bdf, shared);
		}
	}
}

function sharedVfGroup(machine: Machine, pf: Bdf): number | undefined {
	const pfGroup = groupOf(machine, pf);
	const groups = vfsOf(machine, pf).map(vf => groupOf(machine, vf));
	if (groups.length > 0) {
		return groups.length > 1 && groups.every(group => group === groups[0]) ? groups[0] : groups[0] === pfGroup ? pfGroup : undefined;
	}

	// No VFs yet: a port without ACS lies in the group of what is below it, and VFs will too.
	const port = parseBdf(functionPath(machine, pf)?.split('/').at(-2) ?? '');
	return port !== undefined && pfGroup !== undefined && groupOf(machine, port) === pfGroup ? pfGroup : undefined;
}
