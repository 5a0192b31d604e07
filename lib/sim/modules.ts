// Kernel modules: what modprobe adds to and takes from sysfs.
import {hubModule} from '../model/driver-build.ts';
import {driversPath} from './machine.ts';
import type {Machine} from './machine.ts';

interface Module {
	/** Loaded first, and removed with it when nothing else needs them. */
	needs?: readonly string[];
	/** PCI driver it registers. */
	driver?: string;
	parameters?: Readonly<Record<string, string>>;
	/** Of the distribution's build; the kernel shows it for modules that say a version of their source. */
	srcversion?: string;
}

/** srcversion of a driver that vfctl built. */
export const rebuiltSrcversion = 'C0FFEE0123456789ABCDEF0';

const vfio: Record<string, Module> = {
	vfio: {parameters: {enable_unsafe_noiommu_mode: 'N'}},
	vfio_iommu_type1: {needs: ['vfio'], parameters: {allow_unsafe_interrupts: 'N', disable_hugepages: 'N', dma_entry_limit: '65535'}},
	vfio_pci_core: {needs: ['vfio']},
	vfio_pci: {
		needs: ['vfio_iommu_type1', 'vfio_pci_core'],
		driver: 'vfio-pci',
		parameters: {disable_denylist: 'N', disable_idle_d3: 'N', enable_sriov: 'N', nointxmask: 'N'},
	},
};

const nic = (driver: string): Record<string, Module> => ({[driver]: {driver}});

const modules: Readonly<Record<string, Module>> = {
	igb: {driver: 'igb', srcversion: '1B5D3D1F4DCB53E3EBA9D1E'},
	ixgbe: {driver: 'ixgbe', srcversion: '8E46A02ACD0F0DD3BB0AE1C'},
	...vfio, ...nic('igbvf'), ...nic('ixgbevf'), ...nic('i40e'), ...nic('ice'), ...nic('iavf'),
	uio: {}, uio_pci_generic: {needs: ['uio'], driver: 'uio_pci_generic'},
	kvm: {}, kvm_intel: {needs: ['kvm'], parameters: {nested: 'Y'}}, vhost_net: {}, bridge: {},
	nf_tables: {}, nft_compat: {needs: ['nf_tables']}, nft_masq: {needs: ['nf_tables']}, nft_chain_nat: {needs: ['nf_tables']}, iptable_filter: {}, iptable_nat: {},
};

/** Name in /sys/module: dashes are underscores there. */
export function moduleName(name: string): string {
	return name.replaceAll('-', '_');
}

export function isKnownModule(name: string): boolean {
	return modules[moduleName(name)] !== undefined;
}

export function isLoaded(machine: Machine, name: string): boolean {
	return machine.tree.exists(`/sys/module/${moduleName(name)}`);
}

/** Loads a known module and what it needs. */
export function loadModule(machine: Machine, name: string): void {
	const key = moduleName(name);
	const module = modules[key];
	if (!module || isLoaded(machine, key)) {
		return;
	}

	for (const need of module.needs ?? []) {
		loadModule(machine, need);
	}

	const {tree} = machine;
	tree.putValue(`/sys/module/${key}/initstate`, 'live');
	if (module.srcversion !== undefined) {
		tree.putValue(`/sys/module/${key}/srcversion`, module.srcversion);
	}

	for (const [parameter, value] of Object.entries(module.parameters ?? {})) {
		tree.putValue(`/sys/module/${key}/parameters/${parameter}`, value);
	}

	if (module.driver !== undefined) {
		registerDriver(machine, module.driver, key);
	}

	if (key === 'vfio') {
		tree.put('/dev/vfio/vfio', {kind: 'unreadable'});
	}
}

/** srcversion of the distribution's build, or undefined. */
export function stockSrcversion(name: string): string | undefined {
	return modules[moduleName(name)]?.srcversion;
}

/** Makes a loaded driver one that vfctl built, with the module that it needs. */
export function markRebuilt(machine: Machine, driver: string): void {
	machine.tree.putValue(`/sys/module/${hubModule}/initstate`, 'live');
	machine.tree.putLink(`/sys/module/${hubModule}/holders/${moduleName(driver)}`, `/sys/module/${moduleName(driver)}`);
	machine.tree.putValue(`/sys/module/${moduleName(driver)}/srcversion`, rebuiltSrcversion);
	machine.tree.putValue(`/sys/module/${moduleName(driver)}/taint`, 'OE');
	machine.rebuilt.add(driver);
}

/** Unloads a module and what only it needed; false when a device is bound or another needs it. */
export function unloadModule(machine: Machine, name: string): boolean {
	const key = moduleName(name);
	const module = modules[key];
	const users = Object.keys(modules).filter(other => modules[other]?.needs?.includes(key) && isLoaded(machine, other));
	const bound = module?.driver === undefined ? [] : machine.tree.list(`${driversPath}/${module.driver}`).filter(entry => entry.includes(':'));
	if (users.length > 0 || bound.length > 0) {
		return false;
	}

	machine.tree.remove(`/sys/module/${key}`);
	if (module?.driver !== undefined) {
		machine.tree.remove(`${driversPath}/${module.driver}`);
	}

	if (key === 'vfio') {
		machine.tree.remove('/dev/vfio');
	}

	for (const need of module?.needs ?? []) {
		unloadModule(machine, need);
	}

	return true;
}

/** Makes the directory of a PCI driver. */
export function registerDriver(machine: Machine, driver: string, module = moduleName(driver)): void {
	for (const name of ['bind', 'unbind', 'new_id', 'remove_id', 'uevent']) {
		machine.tree.put(`${driversPath}/${driver}/${name}`, {kind: 'unreadable'});
	}

	machine.tree.putLink(`${driversPath}/${driver}/module`, `/sys/module/${module}`);
	machine.tree.putLink(`/sys/module/${module}/drivers/pci:${driver}`, `${driversPath}/${driver}`);
}
