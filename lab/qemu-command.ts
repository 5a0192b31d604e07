import {usualKernel} from './kernels.ts';

// How the emulated host's processor is emulated.
export type Accelerator = 'kvm' | 'tcg';

// What the board offers: a complete IOMMU, one without interrupt remapping, or none. On `systemd` the board is
// complete, its disk can be written and process 1 is systemd, so that it can be rebooted. On `counted` time is the
// number of instructions: one is a nanosecond, whatever this machine is doing beside. `grub` is as `systemd`, but a
// restart takes the kernel's arguments that the host's GRUB has in its menu then.
export type Platform = 'complete' | 'no-intremap' | 'no-iommu' | 'systemd' | 'counted' | 'parallel' | 'grub';

export const MEMORY_MIB = 4096;
export const PF_COUNT = 2;

// Paths as QEMU sees them: it runs inside the tree, with these directories mounted (see guard.sh).
export const INSIDE = {state: '/mnt/state', images: '/mnt/images', point: '/mnt/point', disk: '/mnt/disk'} as const;

// The disk of a board that has one of its own, in the state directory.
export const OWN_DISK = 'disk';

const KERNEL_ARGUMENTS = 'console=ttyS0 quiet loglevel=4 net.ifnames=0 mitigations=off panic=-1 cryptomgr.notests tsc=reliable';
const IOMMU_ARGUMENTS = 'intel_iommu=on iommu=pt';

// Of what was allocated: the kernel of debug-kernel.ts can, and does not unless asked.
const KEEPS_BOOKS = ' kmemleak=on';

// A tick that comes by itself, instead of timers that each sleeping processor has to set anew.
const MORE_CPUS = ' nohz=off highres=off';

// The command that runs the emulated host; with `incoming` it waits for a snapshot instead of booting.
// `cpus`: one unless a test needs more, and then without guests inside. `menuArguments`: for the platform `grub`.
export function qemuCommand({accelerator, incoming, platform = 'complete', cpus = 1, menuArguments = ''}: {accelerator: Accelerator; incoming: boolean; platform?: Platform; cpus?: number; menuArguments?: string}): string[] {
	const systemd = platform === 'systemd' || platform === 'grub';
	return [
		'qemu-system-x86_64', '-name', 'vfctl-lab', '-nodefaults', '-display', 'none', ...restart(platform),
		...(platform === 'counted' ? countingProcessor(cpus) : processor(accelerator, cpus, platform)), '-m', String(MEMORY_MIB),
		...iommu(platform),
		'-kernel', '/lab/vmlinux', '-initrd', `${INSIDE.images}/host-initrd`, '-append', `${KERNEL_ARGUMENTS} ${platform === 'grub' ? menuArguments : IOMMU_ARGUMENTS}${systemd ? ' lab.systemd' : ''}${cpus === 1 ? '' : MORE_CPUS}${usualKernel === 'debug' ? KEEPS_BOOKS : ''}`,
		'-drive', `file=${disk(platform)}`, '-device', 'virtio-blk-pci,drive=disk',
		// Port 0: the kernel chooses a free one, so labs cannot collide; `info usernet` tells which.
		'-netdev', 'user,id=management,restrict=on,hostfwd=tcp:127.0.0.1:0-10.0.2.15:22',
		'-device', 'virtio-net-pci,netdev=management,romfile=',
		'-device', 'virtio-rng-pci',
		...Array.from({length: PF_COUNT}, (_, index) => physicalFunction(index)).flat(),
		'-serial', `file:${INSIDE.state}/console`,
		// A triple fault (a guest's or the emulator's) resets the processor, and with -no-reboot that ends QEMU.
		'-d', 'cpu_reset', '-D', `${INSIDE.state}/cpu.log`,
		'-qmp', `unix:${INSIDE.state}/qmp,server=on,wait=off`,
		...(incoming ? ['-incoming', 'defer'] : []),
	];
}

// With -no-shutdown a restart ends with a QEMU that stands still: who drives it starts another one.
function restart(platform: Platform): string[] {
	return platform === 'systemd' ? [] : platform === 'grub' ? ['-no-reboot', '-no-shutdown'] : ['-no-reboot'];
}

// With snapshot=on QEMU keeps what is written in a file of its own until it ends.
function disk(platform: Platform): string {
	const drive = 'if=none,id=disk,format=raw';
	return platform === 'grub' ? `${INSIDE.state}/${OWN_DISK},${drive}` : `${INSIDE.disk},${drive},${platform === 'systemd' ? 'snapshot=on' : 'readonly=on'}`;
}

function iommu(platform: Platform): string[] {
	return platform === 'no-iommu' ? [] : ['-device', `intel-iommu,intremap=${platform === 'no-intremap' ? 'off' : 'on'},caching-mode=on,device-iotlb=on`];
}

// One vCPU: with two, guests inside often hang or take the host down under TCG (docs/lab.md). Where a
// test needs more they take turns in one thread: side by side, on a busy machine, a wake-up of a vCPU
// that sleeps was seen to be lost during boot, and the kernel stood still. For a bench by the clock they must not.
function processor(accelerator: Accelerator, cpus: number, platform: Platform): string[] {
	return accelerator === 'kvm'
		? ['-machine', 'q35,kernel-irqchip=split', '-accel', 'kvm', '-cpu', 'host', '-smp', String(cpus)]
		: ['-machine', 'q35', '-accel', `tcg,thread=${cpus === 1 || platform === 'parallel' ? 'multi' : 'single'}`, '-cpu', 'max', '-smp', String(cpus)];
}

// Counting works in one thread, and with TCG alone.
function countingProcessor(cpus: number): string[] {
	return ['-machine', 'q35', '-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', String(cpus), '-icount', 'shift=0'];
}

// A PF on a root port of its own: two igb on the root bus collide. A hub joins the cables of all PFs.
function physicalFunction(index: number): string[] {
	const number = index + 1;
	return [
		'-netdev', `hubport,id=cable${index},hubid=0`,
		'-device', `pcie-root-port,id=port${index},chassis=${number},slot=${number}`,
		'-device', `igb,id=pf${index},bus=port${index},netdev=cable${index},mac=52:54:00:00:0${number}:00`,
	];
}
