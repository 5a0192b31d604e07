// Makes and removes PCI functions in sysfs, as drivers/pci/iov.c pci_iov_add_virtfn does.
import type {Bdf} from '../model/bdf.ts';
import {localCpus} from './build-cpus.ts';
import {devicesPath, driverOf, functionPath, groupOf, groupsPath} from './machine.ts';
import type {Machine} from './machine.ts';

/** Facts of a function that is made. */
export interface NewFunction {
	bdf: Bdf;
	/** Directory of the bridge above it. */
	parent: string;
	/** 16-bit ids as numbers. */
	vendor: number;
	device: number;
	subsystemVendor: number;
	subsystemDevice: number;
	classCode: number;
	revision: number;
	numaNode: number;
	/** No IOMMU: undefined. */
	group: number | undefined;
}

/** Makes the directory of a function with the attributes every function has. */
export function addFunction(machine: Machine, facts: NewFunction): string {
	const {tree} = machine;
	const path = `${facts.parent}/${facts.bdf}`;
	const values: Record<string, string | number> = {
		vendor: hex(facts.vendor, 4),
		device: hex(facts.device, 4),
		subsystem_vendor: hex(facts.subsystemVendor, 4),
		subsystem_device: hex(facts.subsystemDevice, 4),
		class: hex(facts.classCode, 6),
		revision: hex(facts.revision, 2),
		numa_node: facts.numaNode,
		local_cpulist: localCpus(machine, facts.numaNode),
		// sysfs prints a null pointer so (drivers/pci/pci-sysfs.c driver_override_show).
		driver_override: '(null)',
		enable: 0,
		irq: 0,
		modalias: modalias(facts),
	};
	for (const [name, value] of Object.entries(values)) {
		tree.putValue(`${path}/${name}`, value);
	}

	tree.putLink(`${path}/subsystem`, '/sys/bus/pci');
	tree.putLink(`${devicesPath}/${facts.bdf}`, path);
	if (facts.group !== undefined) {
		joinGroup(machine, facts.bdf, path, facts.group);
	}

	writeUevent(machine, facts.bdf);
	return path;
}

/** Removes a function; whoever calls has released its driver. */
export function removeFunction(machine: Machine, bdf: Bdf): void {
	const path = functionPath(machine, bdf);
	const group = groupOf(machine, bdf);
	if (path === undefined) {
		return;
	}

	machine.tree.remove(`${devicesPath}/${bdf}`);
	machine.tree.remove(path);
	if (group !== undefined) {
		machine.tree.remove(`${groupsPath}/${group}/devices/${bdf}`);
		if (machine.tree.list(`${groupsPath}/${group}/devices`).length === 0) {
			machine.tree.remove(`${groupsPath}/${group}`);
			machine.lowestGroup = Math.min(machine.lowestGroup, group);
		}
	}
}

/** The lowest free IOMMU group number (drivers/iommu/iommu.c iommu_group_alloc: ida_alloc). */
export function freeGroup(machine: Machine): number {
	// Numbers below the hint are taken; thousands of functions would be counted anew otherwise.
	while (machine.tree.exists(`${groupsPath}/${machine.lowestGroup}`)) {
		machine.lowestGroup++;
	}

	return machine.lowestGroup;
}

/** Puts a function into an IOMMU group, which is made when it is new. */
export function joinGroup(machine: Machine, bdf: Bdf, path: string, group: number): void {
	const {tree} = machine;
	const directory = `${groupsPath}/${group}`;
	if (!tree.exists(`${directory}/type`)) {
		tree.putValue(`${directory}/type`, 'identity');
		tree.putValue(`${directory}/reserved_regions`, '0x00000000fee00000 0x00000000feefffff msi');
	}

	tree.putLink(`${directory}/devices/${bdf}`, path);
	tree.putLink(`${path}/iommu_group`, directory);
}

/** Writes the uevent file anew: it names the driver while one is bound. */
export function writeUevent(machine: Machine, bdf: Bdf): void {
	const directory = `${devicesPath}/${bdf}`;
	const value = (name: string) => machine.tree.value(`${directory}/${name}`).replace(/^0x/, '').toUpperCase();
	const driver = driverOf(machine, bdf);
	const lines = [
		...(driver === undefined ? [] : [`DRIVER=${driver}`]),
		`PCI_CLASS=${value('class').replace(/^0+(?=.)/, '')}`,
		`PCI_ID=${value('vendor')}:${value('device')}`,
		`PCI_SUBSYS_ID=${value('subsystem_vendor')}:${value('subsystem_device')}`,
		`PCI_SLOT_NAME=${bdf}`,
		`MODALIAS=${machine.tree.value(`${directory}/modalias`)}`,
	];
	const path = functionPath(machine, bdf);
	machine.tree.put(`${path}/uevent`, {kind: 'text', text: `${lines.join('\n')}\n`});
}

function modalias({vendor, device, subsystemVendor, subsystemDevice, classCode}: NewFunction): string {
	const upper = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
	return `pci:v${upper(vendor, 8)}d${upper(device, 8)}sv${upper(subsystemVendor, 8)}sd${upper(subsystemDevice, 8)}`
		+ `bc${upper(classCode >> 16, 2)}sc${upper((classCode >> 8) & 0xff, 2)}i${upper(classCode & 0xff, 2)}`;
}

function hex(value: number, digits: number): string {
	return `0x${value.toString(16).padStart(digits, '0')}`;
}
