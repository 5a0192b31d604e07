// The parts of a synthetic host that every host has: /proc, the PCI bus, CPU, disks.
import {buildCpus, type CpuShape} from './build-cpus.ts';
import {buildMemory} from './hugepages.ts';
import {relative} from './tree.ts';
import type {Machine} from './machine.ts';
import {loadModule} from './modules.ts';

export interface BaseFacts {
	release: string;
	commandLine: string;
	/** IOMMU on: functions get groups. */
	iommu: boolean;
	interruptRemapping: boolean;
	modules: readonly string[];
	cpus: CpuShape;
}

// As depmod writes it, of what passing devices through needs.
const modulesDep = ['virt/kvm/kvm', 'arch/x86/kvm/kvm-intel', 'arch/x86/kvm/kvm-amd', 'drivers/vfio/vfio', 'drivers/vfio/vfio_iommu_type1', 'drivers/vfio/pci/vfio-pci-core', 'drivers/vfio/pci/vfio-pci'].map(path => `kernel/${path}.ko.xz:\n`).join('');

/** Puts what does not depend on devices. */
export function buildBase(machine: Machine, {release, commandLine, interruptRemapping, modules, cpus}: BaseFacts): void {
	const {tree} = machine;
	buildCpus(machine, cpus);
	const texts: Record<string, string> = {
		'/proc/sys/kernel/osrelease': `${release}\n`,
		'/proc/sys/kernel/random/boot_id': '3d1f6b52-77c4-4f0e-9a35-6f1d2c0b8e11\n',
		'/proc/version': `Linux version ${release} (debian-kernel@lists.debian.org) (x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0) #1 SMP PREEMPT_DYNAMIC\n`,
		'/proc/cmdline': `${commandLine}\n`,
		'/proc/uptime': '86400.00 0.00\n',
		'/proc/cpuinfo': 'vendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU\nflags\t\t: fpu vme msr pae apic sep pge cmov mmx sse sse2 ht syscall nx lm vmx x2apic\n',
		'/proc/interrupts': interruptsText(interruptRemapping, cpus),
		'/proc/swaps': 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
		'/proc/self/mountinfo': '',
		'/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
	};
	for (const [path, text] of Object.entries(texts)) {
		tree.put(path, {kind: 'text', text});
	}

	buildMemory(machine, {nodes: cpus.nodes, nodeKiB: 32 * 1_048_576});
	tree.putValue('/sys/bus/pci/drivers_autoprobe', 1);
	tree.put('/sys/bus/pci/drivers_probe', {kind: 'unreadable'});
	tree.directory('/sys/bus/pci/devices');
	tree.directory('/sys/bus/pci/drivers');
	tree.directory('/sys/kernel/iommu_groups');
	tree.directory('/sys/firmware/acpi/tables');
	tree.putValue('/proc/sys/net/ipv4/ip_forward', 1);
	tree.put('/dev/kvm', {kind: 'unreadable'});
	tree.put(`/lib/modules/${release}/modules.dep`, {kind: 'text', text: modulesDep});
	for (const name of modules) {
		loadModule(machine, name);
	}

	const lo = '/sys/devices/virtual/net/lo';
	for (const [name, value] of Object.entries({address: '00:00:00:00:00:00', addr_assign_type: 0, broadcast: '00:00:00:00:00:00', ifindex: 1, iflink: 1, mtu: 65_536, flags: '0x9', operstate: 'unknown', type: 772, tx_queue_len: 1000})) {
		tree.putValue(`${lo}/${name}`, value);
	}

	tree.putLink(`${lo}/subsystem`, '/sys/class/net');
	tree.putLink('/sys/class/net/lo', lo);
}

/** One DMA remapping unit in /sys/class/iommu. */
export function buildIommu(machine: Machine): void {
	machine.tree.putValue('/sys/devices/virtual/iommu/dmar0/intel-iommu/version', '1:0');
	machine.tree.putLink('/sys/class/iommu/dmar0', '/sys/devices/virtual/iommu/dmar0');
	machine.tree.put('/sys/firmware/acpi/tables/DMAR', {kind: 'unreadable'});
}

export interface DiskFacts {
	/** Directory of the controller. */
	controller: string;
	kind: 'nvme' | 'sata';
	/** Mount points of its partitions, in order. */
	mounts: readonly string[];
	/** One partition is swap. */
	swap?: boolean;
	/** The mounts lie on LVM volumes on the last partition. */
	lvm?: boolean;
}

/** A disk below its controller, with /proc entries for what is mounted from it. */
export function buildDisk(machine: Machine, {controller, kind, mounts, swap = false, lvm = false}: DiskFacts): void {
	const {tree} = machine;
	const disk = kind === 'nvme' ? 'nvme0n1' : 'sda';
	const major = kind === 'nvme' ? 259 : 8;
	const directory = kind === 'nvme' ? `${controller}/nvme/nvme0/nvme0n1` : `${controller}/ata1/host0/target0:0:0/0:0:0:0/block/sda`;
	const block = (name: string, path: string, device: string) => {
		tree.putValue(`${path}/dev`, device);
		tree.putLink(`${path}/subsystem`, '/sys/class/block');
		tree.putLink(`/sys/class/block/${name}`, path);
		tree.putLink(`/sys/dev/block/${device}`, path);
	};

	block(disk, directory, `${major}:0`);
	let minor = 0;
	const partition = () => {
		const name = `${disk}${kind === 'nvme' ? 'p' : ''}${++minor}`;
		block(name, `${directory}/${name}`, `${major}:${minor}`);
		tree.putValue(`${directory}/${name}/partition`, minor);
		return {name, device: `${major}:${minor}`};
	};

	const physical = lvm ? partition() : undefined;
	for (const [index, mount] of mounts.entries()) {
		const volume = physical ? {name: `dm-${index}`, device: `253:${index}`} : partition();
		if (physical) {
			const path = `/sys/devices/virtual/block/${volume.name}`;
			block(volume.name, path, volume.device);
			tree.put(`${path}/slaves/${physical.name}`, {kind: 'link', target: relative(`${path}/slaves/x`, `${directory}/${physical.name}`)});
		}

		appendTo(machine, '/proc/self/mountinfo', `${30 + index} 1 ${volume.device} / ${mount} rw,relatime shared:${index + 1} - ext4 /dev/${volume.name} rw\n`);
	}

	if (swap) {
		appendTo(machine, '/proc/swaps', `/dev/${partition().name}\t\t\t\tpartition\t8388604\t\t0\t\t-2\n`);
	}
}

function appendTo(machine: Machine, path: string, text: string): void {
	machine.tree.put(path, {kind: 'text', text: (machine.tree.text(path) ?? '') + text});
}

// Chip names tell whether interrupts are remapped: IR-PCI-MSI or PCI-MSI.
function interruptsText(remapping: boolean, {count, offline}: CpuShape): string {
	const prefix = remapping ? 'IR-' : '';
	const online = Array.from({length: count}, (_, cpu) => cpu).filter(cpu => !offline.includes(cpu));
	const counts = (first: number) => online.map((_, index) => String(index === 0 ? first : 0).padStart(10)).join(' ');
	return [
		`    ${online.map(cpu => `       CPU${cpu}`.slice(-11).padEnd(11)).join('')}`,
		`  1: ${counts(9)}  ${prefix}IO-APIC    1-edge      i8042`,
		`  9: ${counts(0)}  ${prefix}IO-APIC    9-fasteoi   acpi`,
		` 24: ${counts(10_422)}  ${prefix}PCI-MSI-0000:00:1f.2    0-edge      ahci[0000:00:1f.2]`,
		`NMI: ${counts(0)}   Non-maskable interrupts`,
		'',
	].join('\n');
}
