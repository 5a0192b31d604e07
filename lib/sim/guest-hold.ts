// What libvirt and QEMU do on the host for one VF of a running guest: driver, settings on the
// PF, VFIO group; and how they put it back (src/hypervisor/virhostdev.c of libvirt 11.3).
import type {Bdf} from '../model/bdf.ts';
import {groupMembers, attachDriver, overrideOf, unbind} from './binding.ts';
import {devicesPath, driverOf, functionPath, groupOf, netdevsOf, physfnOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {loadModule} from './modules.ts';
import {isUp, randomMac, vfStateOf} from './netdevs.ts';
import {setVf} from './vf-settings.ts';

/** A refusal in libvirt's words, with its error number. */
export class Refusal extends Error {
	readonly libvirtCode: number;

	constructor(libvirtCode: number, message: string) {
		super(message);
		this.libvirtCode = libvirtCode;
	}
}

export const errorNumbers = {internal: 1, operationFailed: 9, systemError: 38, xmlDetail: 35, noDomain: 42, operationInvalid: 55, unsupported: 67, deviceMissing: 99} as const;

/** A VF that a running guest has, with what is needed to give it back. */
export interface Hold {
	bdf: Bdf;
	guest: string;
	pid: number;
	/** libvirt bound it to vfio-pci itself and will undo that. */
	boundByLibvirt: boolean;
	/** Settings before an <interface type='hostdev'>, as the hostdevmgr directory keeps them. */
	saved: {mac: string; vlan: number} | undefined;
	/** MAC that the guest's driver uses. */
	mac: string | undefined;
	/** Monotonic milliseconds. */
	since: number;
}

/** What a guest asks for. */
export interface HoldRequest {
	bdf: Bdf;
	guest: string;
	pid: number;
	managed: boolean;
	/** Given: libvirt sets MAC and VLAN on the PF. */
	network: {mac: string; vlan: number} | undefined;
}

/** Takes a VF for a guest; throws a Refusal and leaves everything as it was. */
export function takeVf(machine: Machine, request: HoldRequest): Hold {
	const {bdf, guest, pid, managed, network} = request;
	const hold: Hold = {bdf, guest, pid, boundByLibvirt: false, saved: undefined, mac: undefined, since: machine.clock.monotonicMs()};
	checkDevice(machine, request);
	try {
		// The VF's own interface is gone once vfio-pci has it: what it had is saved before.
		const saved = network && savedSettings(machine, bdf);
		hold.boundByLibvirt = managed && bindToVfio(machine, bdf);
		if (network) {
			hold.saved = saved;
			applySettings(machine, bdf, network);
		}

		openGroup(machine, hold);
		return hold;
	} catch (error) {
		giveBack(machine, hold);
		throw error;
	}
}

/** Gives a VF back: group closed, settings restored, host driver probed. */
export function giveBack(machine: Machine, hold: Hold): void {
	const {bdf, saved} = hold;
	closeGroup(machine, hold);
	if (functionPath(machine, bdf) === undefined) {
		return;
	}

	if (saved) {
		// The VF's former MAC becomes its administrative one: libvirt cannot set it otherwise
		// while no host driver has the VF (virHostdevRestoreNetConfig).
		setOnPf(machine, bdf, saved);
	}

	if (hold.boundByLibvirt) {
		machine.tree.putValue(`${functionPath(machine, bdf)}/driver_override`, '(null)');
		unbind(machine, bdf);
		attachDriver(machine, bdf);
	}
}

function checkDevice(machine: Machine, {bdf, guest, managed, network}: HoldRequest): void {
	if (functionPath(machine, bdf) === undefined) {
		throw new Refusal(errorNumbers.internal, `internal error: Device ${bdf} not found: could not access /sys/bus/pci/devices/${bdf}/config: No such file or directory`);
	}

	if (machine.tree.value(`${devicesPath}/${bdf}/class`).startsWith('0x0604')) {
		throw new Refusal(errorNumbers.internal, 'internal error: Non-endpoint PCI devices cannot be assigned to guests');
	}

	if (network && physfnOf(machine, bdf) === undefined) {
		throw new Refusal(errorNumbers.unsupported, 'unsupported configuration: Interface type hostdev is currently supported on SR-IOV Virtual Functions only');
	}

	const group = groupOf(machine, bdf);
	const holder = group === undefined ? undefined : machine.groupHolders.get(group);
	// Devices of one group may go to one guest, not to two.
	if (holder && (holder.owner !== guest || holder.devices.has(bdf))) {
		const [used = bdf] = holder.devices;
		throw new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: PCI device ${holder.devices.has(bdf) ? bdf : used} is in use by driver QEMU, domain ${holder.owner}`);
	}

	if (group === undefined) {
		throw new Refusal(errorNumbers.unsupported, "unsupported configuration: host doesn't support passthrough of host PCI devices");
	}

	if (!managed && driverOf(machine, bdf) !== 'vfio-pci') {
		throw new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: Unmanaged PCI device ${bdf} must be manually detached from the host`);
	}
}

// virPCIDeviceBindWithDriverOverride: writes, probes and does not look. False when it was there.
function bindToVfio(machine: Machine, bdf: Bdf): boolean {
	if (driverOf(machine, bdf) === 'vfio-pci') {
		return false;
	}

	loadModule(machine, 'vfio-pci');
	machine.tree.putValue(`${functionPath(machine, bdf)}/driver_override`, 'vfio-pci');
	unbind(machine, bdf);
	attachDriver(machine, bdf);
	return overrideOf(machine, bdf) === 'vfio-pci';
}

function savedSettings(machine: Machine, bdf: Bdf): {mac: string; vlan: number} {
	const state = vfStateOf(machine, bdf);
	const [netdev] = netdevsOf(machine, bdf);
	const own = netdev === undefined ? undefined : machine.tree.value(`/sys/class/net/${netdev}/address`);
	return {mac: own ?? state?.mac ?? '00:00:00:00:00:00', vlan: state?.vlan ?? 0};
}

function applySettings(machine: Machine, bdf: Bdf, {mac, vlan}: {mac: string; vlan: number}): void {
	const [pfNetdev, index] = pfOf(machine, bdf);
	if (pfNetdev === undefined) {
		throw new Refusal(errorNumbers.internal, `internal error: The PF device for VF ${functionPath(machine, bdf)} has no network device name`);
	}

	if (!isUp(machine, pfNetdev)) {
		throw new Refusal(errorNumbers.internal, `internal error: Unable to configure VF ${index} of PF '${pfNetdev}' because the PF is not online. Please change host network config to put the PF online.`);
	}

	const errno = setOnPf(machine, bdf, {mac, vlan});
	if (errno) {
		throw new Refusal(errorNumbers.internal, `internal error: Cannot set interface MAC to ${mac} for ifname ${pfNetdev} vf ${index}: ${errno}`);
	}
}

function setOnPf(machine: Machine, bdf: Bdf, {mac, vlan}: {mac: string; vlan: number}): string | undefined {
	const [pfNetdev, index] = pfOf(machine, bdf);
	const pf = physfnOf(machine, bdf);
	return pf === undefined || pfNetdev === undefined ? undefined : setVf(machine, pf, pfNetdev, index, {mac, vlan});
}

function pfOf(machine: Machine, bdf: Bdf): [string | undefined, number] {
	const pf = physfnOf(machine, bdf);
	return pf === undefined ? [undefined, -1] : [netdevsOf(machine, pf)[0], vfsOf(machine, pf).indexOf(bdf)];
}

// QEMU opens the group and sets the container's IOMMU; its messages are those of device_add.
function openGroup(machine: Machine, hold: Hold): void {
	const {bdf, guest, pid} = hold;
	const group = groupOf(machine, bdf) as number;
	const refuse = (why: string) => new Refusal(errorNumbers.internal, `internal error: unable to execute QEMU command 'device_add': vfio ${bdf}: ${why}`);
	if (driverOf(machine, bdf) !== 'vfio-pci') {
		throw refuse(`failed to open /dev/vfio/${group}: No such file or directory`);
	}

	const hostOwned = groupMembers(machine, group).filter(member => !['vfio-pci', 'pcieport', undefined].includes(driverOf(machine, member)));
	if (hostOwned.length > 0) {
		throw refuse(`group ${group} is not viable\nPlease ensure all devices within the iommu_group are bound to their vfio bus driver.`);
	}

	const interrupts = machine.tree.text('/proc/interrupts') ?? '';
	const unsafe = machine.tree.value('/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts') === 'Y';
	if (/\sPCI-MSI/.test(interrupts) && !/\sIR-PCI-MSI/.test(interrupts) && !unsafe) {
		throw refuse(`failed to setup container for group ${group}: Failed to set iommu for container: Operation not permitted`);
	}

	const held = machine.groupHolders.get(group)?.devices ?? [];
	machine.groupHolders.set(group, {pid, owner: guest, devices: new Set([...held, bdf])});
	machine.tree.putValue(`/proc/${pid}/comm`, 'qemu-system-x86');
	machine.tree.put(`/proc/${pid}/fd/${100 + group}`, {kind: 'link', target: `/dev/vfio/${group}`});
	// vfio resets the function, and the PF driver forgets a MAC that the VF had made up
	// (igb_vf_reset_event); the guest's driver then makes up another.
	const state = vfStateOf(machine, bdf);
	if (state && !state.macByAdmin) {
		state.mac = randomMac(machine);
	}

	hold.mac = state?.mac;
}

function closeGroup(machine: Machine, {bdf, pid}: Hold): void {
	const group = groupOf(machine, bdf) ?? [...machine.groupHolders].find(([, holder]) => holder.devices.has(bdf))?.[0];
	const holder = group === undefined ? undefined : machine.groupHolders.get(group);
	if (group === undefined || !holder?.devices.has(bdf)) {
		return;
	}

	holder.devices.delete(bdf);
	if (holder.devices.size === 0) {
		machine.groupHolders.delete(group);
		machine.tree.remove(`/proc/${pid}/fd/${100 + group}`);
	}

	const state = vfStateOf(machine, bdf);
	if (state && !state.macByAdmin) {
		state.mac = '00:00:00:00:00:00';
	}
}
