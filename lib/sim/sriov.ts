// sriov_numvfs: creates and removes VFs (drivers/pci/iov.c of Linux 6.12).
import type {Bdf} from '../model/bdf.ts';
import {bdfAfter} from '../model/bdf.ts';
import {bindingRulePath, ruleDriver} from '../plan/binding-rule.ts';
import {attachDriver, unbind} from './binding.ts';
import {errnoError} from './errno.ts';
import {devicesPath, driverOf, functionPath, groupOf, groupsPath, log, netdevsOf, vfsOf} from './machine.ts';
import type {Machine, VfState} from './machine.ts';
import {nicDrivers} from './nic-drivers.ts';
import {forgetRules} from './steering.ts';
import {addFunction, freeGroup, removeFunction} from './pci-functions.ts';

// udev runs modprobe and two shells for it; under emulation it took 500 ms.
const ruleMs = 100;

/** sriov_numvfs_store; throws EINVAL, ERANGE, ENOENT, EBUSY. */
export function storeNumVfs(machine: Machine, pf: Bdf, text: string, path: string): void {
	const wanted = parseU16(text);
	const present = Number(machine.tree.value(`${devicesPath}/${pf}/sriov_numvfs`));
	const driver = driverOf(machine, pf);
	if (wanted === undefined) {
		throw errnoError('EINVAL', path);
	}

	if (wanted > Number(machine.tree.value(`${devicesPath}/${pf}/sriov_totalvfs`))) {
		throw errnoError('ERANGE', path);
	}

	if (wanted === present) {
		return;
	}

	if (driver === undefined) {
		log(machine, `pci ${pf}: no driver bound to device; cannot configure SR-IOV`);
		throw errnoError('ENOENT', path);
	}

	// vfio-pci has the callback but answers ENOENT too, unless its parameter enable_sriov is on.
	if (!nicDrivers[driver]?.vfs) {
		log(machine, `${driver} ${pf}: driver does not support SR-IOV configuration via sysfs`);
		throw errnoError('ENOENT', path);
	}

	if (wanted === 0) {
		removeVfs(machine, pf);
	} else if (present > 0) {
		log(machine, `${driver} ${pf}: ${present} VFs already enabled. Disable before enabling ${wanted} VFs`);
		throw errnoError('EBUSY', path);
	} else {
		createVfs(machine, pf, wanted);
	}

	for (const netdev of netdevsOf(machine, pf)) {
		forgetRules(machine, netdev);
	}

	machine.clock.pass((machine.options.numvfsMsPerVf ?? 0) * Math.max(wanted, present));
}

/** Removes all VFs of a PF with what is bound to them. A guest that uses one is asked to give it
 * back first: vfio-pci's remove waits for that. */
export function removeVfs(machine: Machine, pf: Bdf): void {
	for (const [index, vf] of vfsOf(machine, pf).entries()) {
		unbind(machine, vf);
		machine.tree.remove(`${functionPath(machine, pf)}/virtfn${index}`);
		removeFunction(machine, vf);
	}

	machine.vfStates.delete(pf);
	machine.tree.putValue(`${functionPath(machine, pf)}/sriov_numvfs`, 0);
}

/** What a PF driver sets for a VF that is new: no MAC, spoof check on (igb_vf_configure,
 * ixgbe_vf_configuration, i40e_alloc_vfs). */
export function newVfState(): VfState {
	return {mac: '00:00:00:00:00:00', macByAdmin: false, vlan: 0, qos: 0, proto: '802.1Q', spoofchk: true, trust: false, maxTxRate: 0, minTxRate: 0, linkState: 'auto'};
}

function createVfs(machine: Machine, pf: Bdf, count: number): void {
	const {tree} = machine;
	const path = functionPath(machine, pf) as string;
	const number = (name: string) => Number(tree.value(`${path}/${name}`));
	const hex = (name: string) => Number.parseInt(tree.value(`${path}/${name}`).replace(/^0x/, ''), 16);
	const [offset, stride] = [number('sriov_offset'), number('sriov_stride')];
	const translated = groupOf(machine, pf) !== undefined && tree.list(groupsPath).length > 0;
	tree.putValue(`${path}/sriov_numvfs`, count);
	machine.vfStates.set(pf, Array.from({length: count}, newVfState));
	const vfs = Array.from({length: count}, (_, index) => bdfAfter(pf, offset + stride * index));
	for (const [index, bdf] of vfs.entries()) {
		if (machine.options.lostVfs?.includes(bdf)) {
			continue;
		}

		const directory = addFunction(machine, {
			bdf,
			parent: path.slice(0, path.lastIndexOf('/')),
			vendor: hex('vendor'),
			device: hex('sriov_vf_device'),
			subsystemVendor: hex('subsystem_vendor'),
			subsystemDevice: hex('subsystem_device'),
			classCode: hex('class'),
			revision: hex('revision'),
			numaNode: number('numa_node'),
			group: translated ? machine.vfGroups.get(pf) ?? freeGroup(machine) : undefined,
		});
		tree.putLink(`${directory}/physfn`, path);
		tree.putLink(`${path}/virtfn${index}`, directory);
		// Drivers are tried only when the bus probes new devices by itself.
		if (tree.value('/sys/bus/pci/drivers_autoprobe') !== '0') {
			attachDriver(machine, bdf);
		}

		if (machine.options.deafNewVfs) {
			machine.deaf.add(bdf);
		}

		applyRule(machine, bdf);
	}

	log(machine, `${driverOf(machine, pf)} ${pf}: ${count} VFs allocated`);
}

// What udev does with the rule of `bind --persist`, some time after the device was added.
function applyRule(machine: Machine, bdf: Bdf): void {
	const driver = ruleDriver(machine.tree.value(bindingRulePath(bdf)));
	if (driver === undefined) {
		return;
	}

	machine.clock.after(ruleMs, () => {
		const path = functionPath(machine, bdf);
		if (path !== undefined) {
			machine.tree.putValue(`${path}/driver_override`, driver);
			unbind(machine, bdf);
			attachDriver(machine, bdf);
		}
	});
}

// kstrtou16 with base 0: decimal, 0x and leading-zero octal; one newline at the end is allowed.
function parseU16(text: string): number | undefined {
	const digits = text.replace(/\n$/, '');
	const value = /^0x[\da-f]+$/i.test(digits) ? Number(digits) : /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : /^\+?\d+$/.test(digits) ? Number(digits) : undefined;
	return value === undefined || value > 0xff_ff ? undefined : value;
}
