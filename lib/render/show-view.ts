// One PF or VF in the shape of `vfctl show --json`.
import type {Bdf} from '../model/bdf.ts';
import {groupBlockers} from '../model/group.ts';
import type {Inventory} from '../model/inventory.ts';
import type {IommuGroup} from '../model/pci.ts';
import type {Selected} from '../model/select.ts';
import type {Steering} from '../model/steering.ts';
import type {DeviceDetails, PcieLink} from '../sysfs/read-device-details.ts';
import type {NamespacedNetdev} from '../sysfs/read-namespaces.ts';
import type {PciIds, PciNames} from '../sysfs/read-pci-names.ts';
import {listView, type PfView, type VfView} from './list-view.ts';
import {hexId} from './names.ts';
import {steerView, type SteerView} from './steer-view.ts';

export interface DeviceView {
	vendorId: string;
	deviceId: string;
	subsystemVendorId: string | null;
	subsystemDeviceId: string | null;
	revision: string | null;
	classCode: string;
	/** From pci.ids. */
	vendor: string | null;
	device: string | null;
	subsystem: string | null;
}

export interface GroupMemberView {
	bdf: string;
	driver: string | null;
	classCode: string;
}

export interface GroupView {
	number: number;
	members: GroupMemberView[];
	/** Nothing but this device is in the way. */
	viable: boolean;
	reasons: string[];
}

export interface ShowView {
	version: 1;
	host: string;
	libvirtAnswers: boolean;
	libvirtProblem: string | null;
	kind: 'pf' | 'vf';
	/** The PF itself, or that of the VF (then without its other VFs). */
	pf: PfView;
	vf: VfView | null;
	device: DeviceView;
	/** Null: no IOMMU, or it does not translate for this device. */
	group: GroupView | null;
	/** Of the card's slot, so a VF shows its PF's. */
	pcieLink: PcieLink | null;
	/** Of the PF's port. */
	portSpeedMbps: number | null;
	/** Steering rules of a PF; null for a VF, and where ethtool does not tell. */
	steering: SteerView | null;
}

export interface ShowFacts {
	hostName: string;
	inventory: Inventory;
	selected: Selected;
	namespaced: ReadonlyMap<Bdf, NamespacedNetdev>;
	bridges: readonly Bdf[];
	details: DeviceDetails;
	pcieLink: PcieLink | null;
	portSpeedMbps: number | null;
	names: (ids: PciIds) => PciNames;
	steering: Steering | null;
}

/** The view of what was named. */
export function showView({hostName, inventory, selected, namespaced, bridges, details, pcieLink, portSpeedMbps, names, steering}: ShowFacts): ShowView {
	const {pf} = selected;
	const shown = selected.kind === 'vf' ? {...pf, vfs: [selected.vf]} : pf;
	const {pfs: [pfView], ...host} = listView({hostName, inventory, pfs: [shown], namespaced, bridges: new Map([[pf.bdf, bridges]])});
	const bdf = selected.kind === 'vf' ? selected.vf.bdf : pf.bdf;
	const group = inventory.groups.get(inventory.functions.get(bdf)?.iommuGroup ?? Number.NaN);
	return {
		...host,
		kind: selected.kind,
		pf: selected.kind === 'vf' ? {...pfView!, vfs: []} : pfView!,
		vf: selected.kind === 'vf' ? pfView!.vfs[0]! : null,
		device: deviceView(bdf, inventory, details, names),
		group: group ? groupView(bdf, group, inventory) : null,
		pcieLink,
		portSpeedMbps,
		steering: steering === null ? null : steerView(pf, steering),
	};
}

function deviceView(bdf: Bdf, {functions}: Inventory, {subsystemVendorId, subsystemDeviceId, revision}: DeviceDetails, names: ShowFacts['names']): DeviceView {
	const {vendorId = 0, deviceId = 0, classCode = 0} = functions.get(bdf) ?? {};
	return {
		vendorId: hexId(vendorId),
		deviceId: hexId(deviceId),
		subsystemVendorId: subsystemVendorId === null ? null : hexId(subsystemVendorId),
		subsystemDeviceId: subsystemDeviceId === null ? null : hexId(subsystemDeviceId),
		revision: revision === null ? null : hexId(revision, 2),
		classCode: hexId(classCode, 6),
		...names({vendorId, deviceId, subsystemVendorId, subsystemDeviceId}),
	};
}

function groupView(bdf: Bdf, {number, members}: IommuGroup, inventory: Inventory): GroupView {
	const blockers = groupBlockers(bdf, number, inventory);
	return {
		number,
		members: members.map(member => {
			const fn = inventory.functions.get(member);
			return {bdf: member, driver: fn?.driver ?? null, classCode: hexId(fn?.classCode ?? 0, 6)};
		}),
		viable: blockers.length === 0,
		reasons: blockers.map(({reason}) => reason),
	};
}
