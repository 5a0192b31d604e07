// Drivers and devices of the PCI bus: match, probe, bind, unbind (drivers/base/dd.c,
// drivers/base/bus.c, drivers/pci/pci-driver.c of Linux 6.12).
import type {Bdf} from '../model/bdf.ts';
import {compareBdf} from '../model/bdf.ts';
import {isUioDriver} from '../model/vf-driver.ts';
import type {Errno} from './errno.ts';
import {devicesPath, driverOf, driversPath, functionPath, groupOf, groupsPath, idOf, linkName, log, netdevsOf, physfnOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {addInterrupts, removeInterrupts} from './interrupts.ts';
import {hideMailboxes, showMailboxes} from './mailbox.ts';
import {addNetdev, probeVfNetdev, randomMac, removeNetdevs, vfStateOf} from './netdevs.ts';
import {driverForId, isVfioDriver, nicDrivers} from './nic-drivers.ts';
import {writeUevent} from './pci-functions.ts';
import {removeVfs} from './sriov.ts';
import {noticeNetdev} from './udev.ts';

/** pci_match_device: driver_override decides alone; otherwise the id tables. */
export function driverMatches(machine: Machine, driver: string, bdf: Bdf): boolean {
	const override = overrideOf(machine, bdf);
	return override === undefined ? naturalDriver(machine, bdf) === driver : override === driver;
}

/** driver_override of a function, or undefined. */
export function overrideOf(machine: Machine, bdf: Bdf): string | undefined {
	const value = machine.tree.value(`${devicesPath}/${bdf}/driver_override`);
	return value === '(null)' || value === '' ? undefined : value;
}

/** device_driver_attach through `bind`: ENODEV, EBUSY, or what probe answered; undefined is success. */
export function bindTo(machine: Machine, driver: string, bdf: Bdf): Errno | undefined {
	if (functionPath(machine, bdf) === undefined || !driverMatches(machine, driver, bdf)) {
		return 'ENODEV';
	}

	return driverOf(machine, bdf) === undefined ? probe(machine, driver, bdf) : 'EBUSY';
}

/** device_attach: the first registered driver that matches and whose probe succeeds. Errors of
 * probe are swallowed, as by __device_attach_driver; returns the driver that is bound then. */
export function attachDriver(machine: Machine, bdf: Bdf): string | undefined {
	const bound = driverOf(machine, bdf);
	if (bound !== undefined) {
		return bound;
	}

	const wanted = overrideOf(machine, bdf) ?? naturalDriver(machine, bdf);
	return wanted !== undefined && probe(machine, wanted, bdf) === undefined ? wanted : undefined;
}

/** device_release_driver. The network drivers of a PF disable its VFs in their remove function
 * (igb_remove, ixgbe_remove, i40e_remove): pci_vfs_assigned, which would keep them, counts a flag
 * that only Xen's pciback sets today, never VFIO. */
export function unbind(machine: Machine, bdf: Bdf): void {
	const driver = driverOf(machine, bdf);
	const path = functionPath(machine, bdf);
	if (driver === undefined || path === undefined) {
		return;
	}

	if (vfsOf(machine, bdf).length > 0) {
		removeVfs(machine, bdf);
	}

	if (isVfioDriver(driver)) {
		// vfio_unregister_group_dev waits until the user has let go, and asks for it.
		askForRelease(machine, bdf);
	}

	machine.deaf.delete(bdf);
	hideMailboxes(machine, bdf);
	removeNetdevs(machine, bdf);
	removeInterrupts(machine, bdf);
	for (const name of machine.tree.list(`${path}/uio`)) {
		machine.tree.remove(`/dev/${name}`);
	}

	machine.tree.remove(`${path}/uio`);
	machine.tree.remove(`${path}/vfio-dev`);
	machine.tree.remove(`${path}/driver`);
	machine.tree.remove(`${driversPath}/${driver}/${bdf}`);
	writeUevent(machine, bdf);
	const group = groupOf(machine, bdf);
	if (isVfioDriver(driver) && group !== undefined && !groupMembers(machine, group).some(member => isVfioDriver(driverOf(machine, member) ?? ''))) {
		machine.tree.remove(`/dev/vfio/${group}`);
	}
}

/** Members of an IOMMU group in address order. */
export function groupMembers(machine: Machine, group: number): Bdf[] {
	return (machine.tree.list(`${groupsPath}/${group}/devices`) as Bdf[]).toSorted(compareBdf);
}

/** vfio_device_request: QEMU gets an eject request and unplugs the device from the guest. */
export function askForRelease(machine: Machine, bdf: Bdf): void {
	const holder = machine.groupHolders.get(groupOf(machine, bdf) ?? -1);
	if (holder?.devices.has(bdf)) {
		log(machine, `vfio-pci ${bdf}: Relaying device request to user (#0)`);
		machine.requestRelease?.(bdf, holder.owner);
	}
}

function probe(machine: Machine, driver: string, bdf: Bdf): Errno | undefined {
	const path = functionPath(machine, bdf);
	if (path === undefined || !machine.tree.exists(`${driversPath}/${driver}`) || !canProbe(machine, bdf)) {
		return 'ENODEV';
	}

	if (machine.options.deadDrivers?.includes(driver)) {
		return 'ENODEV';
	}

	const refused = isVfioDriver(driver) ? vfioRefuses(machine, bdf) : ownershipRefuses(machine, bdf);
	if (refused) {
		return refused;
	}

	machine.tree.putLink(`${path}/driver`, `${driversPath}/${driver}`);
	machine.tree.putLink(`${driversPath}/${driver}/${bdf}`, path);
	writeUevent(machine, bdf);
	if (isVfioDriver(driver)) {
		machine.tree.put(`/dev/vfio/${groupOf(machine, bdf)}`, {kind: 'unreadable'});
		machine.tree.directory(`${path}/vfio-dev/vfio${freeVfioNumber(machine)}`);
	} else if (isUioDriver(driver)) {
		const name = freeUioName(machine);
		machine.tree.put(`/dev/${name}`, {kind: 'unreadable'});
		machine.tree.directory(`${path}/uio/${name}`);
	} else if (nicDrivers[driver]) {
		addInterrupts(machine, bdf);
		if (machine.rebuilt.has(driver) && machine.tree.exists(`${path}/sriov_totalvfs`)) {
			showMailboxes(machine, bdf);
		}

		makeNetdev(machine, bdf, path);
	}

	return undefined;
}

// pci_device_can_probe: with sriov_drivers_autoprobe off a VF binds only with an override.
function canProbe(machine: Machine, bdf: Bdf): boolean {
	const pf = physfnOf(machine, bdf);
	return pf === undefined
		|| machine.tree.value(`${devicesPath}/${pf}/sriov_drivers_autoprobe`) !== '0'
		|| overrideOf(machine, bdf) !== undefined;
}

// vfio_pci_core_register_device: no group is EINVAL (without noiommu), a PF with VFs EBUSY.
function vfioRefuses(machine: Machine, bdf: Bdf): Errno | undefined {
	if (vfsOf(machine, bdf).length > 0) {
		log(machine, `vfio-pci ${bdf}: Cannot bind to PF with SR-IOV enabled`);
		return 'EBUSY';
	}

	if (machine.tree.value(`${devicesPath}/${bdf}/class`).startsWith('0x0604')) {
		return 'EINVAL';
	}

	return groupOf(machine, bdf) === undefined ? 'EINVAL' : undefined;
}

// iommu_device_use_default_domain: no kernel driver in a group that a VFIO user owns.
function ownershipRefuses(machine: Machine, bdf: Bdf): Errno | undefined {
	return machine.groupHolders.has(groupOf(machine, bdf) ?? -1) ? 'EBUSY' : undefined;
}

// vfio_device numbers are the lowest free ones (drivers/vfio/vfio_main.c, ida_alloc).
function freeVfioNumber(machine: Machine): number {
	const bound = machine.tree.list(`${driversPath}/vfio-pci`).filter(name => name.includes(':'));
	const used = new Set(bound.flatMap(bdf => machine.tree.list(`${devicesPath}/${bdf}/vfio-dev`)));
	let number = 0;
	while (used.has(`vfio${number}`)) {
		number++;
	}

	return number;
}

function freeUioName(machine: Machine): string {
	let number = 0;
	while (machine.tree.exists(`/dev/uio${number}`)) {
		number++;
	}

	return `uio${number}`;
}

function naturalDriver(machine: Machine, bdf: Bdf): string | undefined {
	const id = idOf(machine, bdf);
	return machine.learnedDrivers.get(id) ?? driverForId(id);
}

// The interface comes now or, with netdevDelayMs, later if the driver is still bound then.
function makeNetdev(machine: Machine, bdf: Bdf, path: string): void {
	const driver = linkName(machine, bdf, 'driver');
	machine.tree.directory(`${path}/net`);
	machine.clock.after(machine.options.netdevDelayMs ?? 0, () => {
		if (linkName(machine, bdf, 'driver') !== driver || netdevsOf(machine, bdf).length > 0) {
			return;
		}

		if (vfStateOf(machine, bdf)) {
			probeVfNetdev(machine, bdf);
			noticeNetdev(machine, bdf);
		} else {
			const recorded = recordedNetdev(machine, path);
			addNetdev(machine, {name: recorded?.name ?? freeName(machine), device: path, mac: recorded?.mac ?? randomMac(machine), ...recorded?.speed === undefined ? {} : {speed: recorded.speed}});
		}
	});
}

// A card keeps its MAC and speed, and udev its name, when the driver comes back.
function recordedNetdev(machine: Machine, path: string): {name: string; mac: string; speed: number | undefined} | undefined {
	for (const [entry, value] of machine.record.entries) {
		if (entry.startsWith(`${path}/net/`) && entry.endsWith('/address') && value.kind === 'text') {
			const speed = machine.record.entries.get(entry.replace(/address$/, 'speed'));
			return {name: entry.split('/').at(-2) ?? '', mac: value.text.trim(), speed: speed?.kind === 'text' && Number(speed.text) > 0 ? Number(speed.text) : undefined};
		}
	}

	return undefined;
}

function freeName(machine: Machine): string {
	let number = 0;
	while (machine.tree.exists(`/sys/class/net/eth${number}`)) {
		number++;
	}

	return `eth${number}`;
}
