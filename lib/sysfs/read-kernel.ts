// What the kernel tells about its version, command line and the IOMMU.
import type {FileReader} from '../host/host.ts';
import type {KernelFacts} from '../model/inventory.ts';

const watchedModules = ['vfio', 'vfio_pci', 'vfio_iommu_type1', 'uio_pci_generic', 'igb_uio', 'kvm', 'kvm_intel', 'kvm_amd', 'irqbypass'] as const;

/** Kernel facts; `iommuGroupCount` comes from the groups that were read. */
export function readKernel(files: FileReader, iommuGroupCount: number): KernelFacts {
	return {
		release: files.readText('/proc/sys/kernel/osrelease')?.trim() ?? 'unknown',
		commandLine: files.readText('/proc/cmdline')?.trim() ?? '',
		iommu: iommuGroupCount > 0 ? 'on' : 'off',
		interruptRemapping: readInterruptRemapping(files),
		unsafeInterrupts: files.readText('/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts')?.trim() === 'Y',
		modules: watchedModules.filter(name => files.exists(`/sys/module/${name}`)),
	};
}

/** Remapped interrupts have chip names that begin with `IR-` in /proc/interrupts
 * (drivers/iommu/intel/irq_remapping.c and amd/iommu.c name them so). */
function readInterruptRemapping(files: FileReader): KernelFacts['interruptRemapping'] {
	const text = files.readText('/proc/interrupts') ?? '';
	if (/\sIR-(PCI-MSI|IO-APIC)/.test(text)) {
		return 'on';
	}

	return /\s(PCI-MSI|IO-APIC)/.test(text) ? 'off' : 'unknown';
}
