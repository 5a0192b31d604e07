// What of /sys and /proc goes into a record. The names are listed here, so that a record holds
// what vfctl and a reader of a bug report need, and nothing that merely was there.
import {networkInterrupts} from './capture-interrupts.ts';
import type {Collector} from './collector.ts';

const configBytes = 4096;

const pciTexts = [
	'vendor', 'device', 'subsystem_vendor', 'subsystem_device', 'class', 'revision', 'modalias', 'uevent', 'numa_node', 'local_cpulist', 'driver_override',
	'enable', 'irq', 'resource', 'reset_method', 'power_state', 'ari_enabled', 'label', 'acpi_index',
	'aer_dev_correctable', 'aer_dev_nonfatal', 'aer_dev_fatal',
	'current_link_speed', 'current_link_width', 'max_link_speed', 'max_link_width',
	'sriov_totalvfs', 'sriov_numvfs', 'sriov_offset', 'sriov_stride', 'sriov_vf_device', 'sriov_vf_total_msix', 'sriov_drivers_autoprobe',
];
const pciLinks = ['driver', 'iommu_group', 'iommu', 'physfn', 'subsystem', 'dep_link'];
const netTexts = [
	'address', 'addr_assign_type', 'broadcast', 'carrier', 'dev_id', 'dev_port', 'duplex', 'flags', 'ifindex', 'iflink', 'mtu', 'operstate',
	'phys_port_id', 'phys_port_name', 'phys_switch_id', 'speed', 'tx_queue_len', 'type', 'uevent', 'bridge/stp_state', 'bonding/mode', 'bonding/active_slave',
];
// Whose driver it is: the distribution's, or one that vfctl built.
const versionedModules = ['igb', 'ixgbe', 'vfctl_fwd', 'vfctl_pf'];
const parameterModules = ['vfio', 'vfio_pci', 'vfio_iommu_type1', 'kvm', 'kvm_intel', 'kvm_amd', 'igb', 'ixgbe'];

/** The PCI functions with their bridges, and the drivers of the bus. */
export function collectPci(into: Collector): void {
	const {files} = into;
	const bus = '/sys/bus/pci';
	for (const bdf of files.list(`${bus}/devices`)) {
		into.link(`${bus}/devices/${bdf}`);
		const path = into.real(`${bus}/devices/${bdf}`);
		if (path === undefined) {
			continue;
		}

		const names = files.list(path);
		into.texts(path, pciTexts);
		into.links(path, [...pciLinks, ...names.filter(name => /^virtfn\d+$/.test(name))]);
		into.bytes(`${path}/config`, configBytes);
		into.texts(`${path}/msi_irqs`, files.list(`${path}/msi_irqs`));
		for (const kind of ['vfio-dev', 'uio']) {
			for (const name of files.list(`${path}/${kind}`)) {
				into.name(`${path}/${kind}/${name}`, 'directory');
			}
		}

		// Empty when the interface is in another network namespace: that is a fact, too.
		if (names.includes('net') && files.list(`${path}/net`).length === 0) {
			into.name(`${path}/net`, 'directory');
		}
	}

	into.text(`${bus}/drivers_autoprobe`);
	into.text(`${bus}/drivers_probe`);
	for (const driver of files.list(`${bus}/drivers`)) {
		const path = `${bus}/drivers/${driver}`;
		into.name(path, 'directory');
		for (const name of files.list(path)) {
			if (files.readLink(`${path}/${name}`) === undefined) {
				into.name(`${path}/${name}`, 'unreadable');
			} else {
				into.link(`${path}/${name}`);
			}
		}
	}
}

/** IOMMU groups and units. */
export function collectIommu(into: Collector): void {
	const {files} = into;
	into.name('/sys/kernel/iommu_groups', 'directory');
	for (const group of files.list('/sys/kernel/iommu_groups')) {
		const path = `/sys/kernel/iommu_groups/${group}`;
		into.texts(path, ['type', 'name', 'reserved_regions']);
		into.links(`${path}/devices`, files.list(`${path}/devices`));
	}

	for (const unit of files.list('/sys/class/iommu')) {
		into.link(`/sys/class/iommu/${unit}`);
		const path = into.real(`/sys/class/iommu/${unit}`);
		for (const kind of ['intel-iommu', 'amd-iommu']) {
			into.texts(`${path}/${kind}`, ['version', 'address', 'cap', 'ecap', 'features']);
		}
	}
}

/** Network interfaces of the host's namespace. */
export function collectNet(into: Collector): void {
	const {files} = into;
	for (const name of files.list('/sys/class/net')) {
		into.link(`/sys/class/net/${name}`);
		const path = into.real(`/sys/class/net/${name}`);
		if (path !== undefined) {
			into.texts(path, netTexts);
			into.links(path, ['device', 'subsystem', ...files.list(path).filter(entry => /^(?:master$|upper_|lower_)/.test(entry))]);
		}
	}
}

/** Names of all modules; state, drivers and parameters of those that matter here. */
export function collectModules(into: Collector): void {
	const {files} = into;
	for (const name of files.list('/sys/module')) {
		const path = `/sys/module/${name}`;
		into.name(path, 'directory');
		into.text(`${path}/initstate`);
		into.links(`${path}/drivers`, files.list(`${path}/drivers`).filter(driver => driver.startsWith('pci:')));
		if (versionedModules.includes(name)) {
			into.text(`${path}/srcversion`);
			into.text(`${path}/taint`);
			into.links(`${path}/holders`, files.list(`${path}/holders`));
		}

		if (parameterModules.includes(name)) {
			into.texts(`${path}/parameters`, files.list(`${path}/parameters`));
		}
	}

	const release = files.readText('/proc/sys/kernel/osrelease')?.trim();
	if (release !== undefined && files.exists(`/lib/modules/${release}/modules.builtin`)) {
		into.text(`/lib/modules/${release}/modules.builtin`, text => keepLines(text, line => /\/(?:vfio|uio|kvm|igb|ixgbe|i40e|iavf|ice)/.test(line)));
	}
}

/** Block devices with what they stand on, and what is mounted. */
export function collectDisks(into: Collector): void {
	const {files} = into;
	for (const name of files.list('/sys/class/block')) {
		into.link(`/sys/class/block/${name}`);
		const path = into.real(`/sys/class/block/${name}`);
		if (path !== undefined) {
			into.texts(path, ['dev', 'partition', 'size', 'ro']);
			into.links(path, ['subsystem']);
			into.links(`${path}/slaves`, files.list(`${path}/slaves`));
			// Native NVMe multipath: the namespace hangs on a subsystem that links to its controllers.
			const subsystem = /^.*\/nvme-subsystem\/nvme-subsys\d+/.exec(path)?.[0];
			if (subsystem !== undefined) {
				into.links(subsystem, files.list(subsystem).filter(entry => /^nvme\d+$/.test(entry)));
			}
		}
	}

	into.links('/sys/dev/block', files.list('/sys/dev/block'));
	into.text('/proc/self/mountinfo', text => keepLines(text, line => !/^\d+ \d+ 0:/.test(line) || / - (?:hugetlbfs |\S+ \/dev\/)/.test(line)));
	into.text('/proc/swaps');
}

/** The kernel's own facts, and who has VFIO groups open. */
export function collectKernel(into: Collector): void {
	const {files} = into;
	for (const path of ['/proc/sys/kernel/osrelease', '/proc/sys/kernel/random/boot_id', '/proc/version', '/proc/cmdline', '/proc/uptime', '/etc/os-release']) {
		into.text(path);
	}

	const counted = networkInterrupts(into);
	into.text('/proc/interrupts', text => withoutInterruptCounts(text, counted));
	into.text('/proc/cpuinfo', text => keepLines(text.split('\n\n')[0] ?? '', line => /^(?:vendor_id|model name|flags|Features)\s*:/.test(line)));
	into.name('/dev/kvm', 'unreadable');
	for (const name of files.list('/dev/vfio')) {
		into.name(`/dev/vfio/${name}`, name === 'devices' ? 'directory' : 'unreadable');
	}

	for (const pid of files.list('/proc').filter(name => /^\d+$/.test(name))) {
		const open = files.list(`/proc/${pid}/fd`).filter(fd => /^\/dev\/(?:vfio\/|uio\d)/.test(files.readLink(`/proc/${pid}/fd/${fd}`) ?? ''));
		if (open.length > 0) {
			into.text(`/proc/${pid}/comm`);
			into.links(`/proc/${pid}/fd`, open);
		}
	}
}

/** /proc/interrupts without the counts of each processor, but for those that are wanted: number, chip, name. */
export function withoutInterruptCounts(text: string, counted: ReadonlySet<number> = new Set()): string {
	const keeps = (line: string) => counted.has(Number(/^\s*(\d+):/.exec(line)?.[1] ?? -1));
	return text.split('\n').filter(line => counted.size > 0 || !/^\s+CPU\d/.test(line)).map(line => keeps(line) ? line : line.replace(/^(\s*[^\s:]+:)(?:\s+\d+)+(?=\s|$)/, '$1')).join('\n');
}

export function keepLines(text: string, keep: (line: string) => boolean): string {
	return text.split('\n').filter(line => line !== '' && keep(line)).map(line => `${line}\n`).join('');
}
