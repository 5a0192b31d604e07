// PFs and VFs in the shape of `vfctl list --json`. The text is made from the same data, so the
// two cannot disagree. Units are in the names; null is "not known" or "has none".
import {type Bdf} from '../model/bdf.ts';
import {holderOf} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import {zeroMac} from '../model/mac.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import type {VfSettings} from '../model/vf-settings.ts';
import type {NamespacedNetdev} from '../sysfs/read-namespaces.ts';
import {hexId, holderView, type HolderView} from './names.ts';

export interface NetdevView {
	name: string;
	mac: string | null;
	/** Administratively up. */
	up: boolean;
	/** operstate: up, down, unknown, ... */
	link: string;
	mtuBytes: number;
	master: string | null;
	addresses: readonly string[];
}

/** What PFs and VFs have in common. */
interface FunctionView {
	name: string;
	bdf: string;
	vendorId: string;
	deviceId: string;
	driver: string | null;
	driverOverride: string | null;
	netdevs: NetdevView[];
	/** The interface's; that of a VF which is not on the host is the one set on the PF. */
	mac: string | null;
	link: string | null;
	numaNode: number | null;
	iommuGroup: number | null;
}

export interface VfView extends FunctionView {
	index: number;
	/** 0 is no VLAN. */
	vlan: number | null;
	holder: HolderView;
	/** As the PF's driver has them; null when it cannot be asked. */
	settings: VfSettings | null;
}

export interface PfView extends FunctionView {
	/** VFs in somebody's hands, made, and possible. */
	usedVfs: number;
	numVfs: number;
	totalVfs: number;
	/** New VFs get their driver at once. */
	autoprobe: boolean;
	/** What of the host is on the PF itself. */
	hostUses: string[];
	/** Root port first. */
	bridges: string[];
	vfs: VfView[];
}

export interface ListView {
	version: 1;
	host: string;
	/** False: guests are unknown, and so are those holders. */
	libvirtAnswers: boolean;
	libvirtProblem: string | null;
	pfs: PfView[];
}

export interface ListFacts {
	hostName: string;
	inventory: Inventory;
	pfs: readonly Pf[];
	namespaced: ReadonlyMap<Bdf, NamespacedNetdev>;
	bridges: ReadonlyMap<Bdf, readonly Bdf[]>;
}

/** The view of some PFs. */
export function listView({hostName, inventory, pfs, namespaced, bridges}: ListFacts): ListView {
	return {
		version: 1,
		host: hostName,
		libvirtAnswers: inventory.guests !== null,
		libvirtProblem: inventory.libvirtProblem,
		pfs: pfs.map(pf => pfView(pf, inventory, namespaced, bridges.get(pf.bdf) ?? [])),
	};
}

function pfView(pf: Pf, inventory: Inventory, namespaced: ListFacts['namespaced'], bridges: readonly Bdf[]): PfView {
	const fn = inventory.functions.get(pf.bdf);
	const netdevs = netdevViews(pf.netdevs, inventory);
	const vfs = pf.vfs.map(vf => vfView(pf, vf, inventory, namespaced.get(vf.bdf)));
	return {
		name: pfName(pf),
		bdf: pf.bdf,
		vendorId: hexId(fn?.vendorId ?? 0),
		deviceId: hexId(fn?.deviceId ?? 0),
		driver: pf.driver,
		driverOverride: pf.driverOverride,
		netdevs,
		mac: netdevs[0]?.mac ?? null,
		link: linkOf(netdevs),
		usedVfs: vfs.filter(({holder}) => holder.held).length,
		numVfs: pf.numVfs,
		totalVfs: pf.totalVfs,
		autoprobe: pf.autoprobe,
		numaNode: pf.numaNode,
		iommuGroup: fn?.iommuGroup ?? null,
		hostUses: inventory.hostUses.filter(({bdf}) => bdf === pf.bdf).map(({reason}) => reason),
		bridges: [...bridges],
		vfs,
	};
}

/** The view of one VF. */
export function vfView(pf: Pf, vf: Vf, inventory: Inventory, namespaced: NamespacedNetdev | undefined): VfView {
	const fn = inventory.functions.get(vf.bdf);
	const netdevs = netdevViews(vf.netdevs, inventory);
	const adminMac = vf.settings?.mac === zeroMac ? null : vf.settings?.mac;
	return {
		name: vfName(pf, vf),
		index: vf.index,
		bdf: vf.bdf,
		vendorId: hexId(fn?.vendorId ?? 0),
		deviceId: hexId(fn?.deviceId ?? 0),
		driver: vf.driver,
		driverOverride: vf.driverOverride,
		netdevs,
		mac: netdevs[0]?.mac ?? adminMac ?? null,
		vlan: vf.settings?.vlan ?? null,
		link: linkOf(netdevs),
		numaNode: vf.numaNode,
		iommuGroup: vf.iommuGroup,
		holder: holderView(holderOf(vf, inventory), namespaced),
		settings: vf.settings,
	};
}

function netdevViews(names: readonly string[], {netdevs}: Inventory): NetdevView[] {
	return names.map(name => {
		const netdev = netdevs.get(name);
		return {
			name,
			mac: netdev?.mac ?? null,
			up: netdev?.up ?? false,
			link: netdev?.operstate ?? 'unknown',
			mtuBytes: netdev?.mtuBytes ?? 0,
			master: netdev?.master ?? null,
			addresses: netdev?.addresses ?? [],
		};
	});
}

/** `up` and `down` as ip prints them; an interface that was not switched on is `off`. */
function linkOf([netdev]: readonly NetdevView[]): string | null {
	return netdev === undefined ? null : netdev.up ? netdev.link : 'off';
}
