// What kind of IOMMU the host has and how it is used.
import type {FileReader} from '../host/host.ts';
import {readAttribute} from './attributes.ts';

export interface IommuFacts {
	/** Names of /sys/class/iommu: dmar0, ivhd0, smmu3.0x..., virtio0. */
	units: string[];
	kind: 'Intel VT-d' | 'AMD-Vi' | 'Arm SMMU' | 'virtio-iommu' | 'other' | 'none';
	/** vfio.enable_unsafe_noiommu_mode: devices may be given out without any translation. */
	noIommuMode: boolean;
	/** pcie_acs_override= on the command line: groups were split by force, not by the hardware. */
	acsOverride: boolean;
}

/** The IOMMU units and the switches that weaken them. */
export function readIommu(files: FileReader, commandLine: string): IommuFacts {
	const units = [...files.list('/sys/class/iommu')];
	return {
		units,
		kind: kindOf(units),
		noIommuMode: readAttribute(files, '/sys/module/vfio/parameters/enable_unsafe_noiommu_mode') === 'Y',
		acsOverride: /(?:^|\s)pcie_acs_override=/.test(commandLine),
	};
}

/** Domain type of a group: DMA, DMA-FQ, identity (passthrough), or null when it is not told. */
export function readGroupType(files: FileReader, group: number): string | null {
	return readAttribute(files, `/sys/kernel/iommu_groups/${group}/type`) || null;
}

// The names that drivers give to iommu_device_sysfs_add.
function kindOf(units: readonly string[]): IommuFacts['kind'] {
	const [first] = units;
	if (first === undefined) {
		return 'none';
	}

	const kinds = [[/^dmar/, 'Intel VT-d'], [/^ivhd/, 'AMD-Vi'], [/smmu/, 'Arm SMMU'], [/^virtio/, 'virtio-iommu']] as const;
	return kinds.find(([pattern]) => pattern.test(first))?.[1] ?? 'other';
}
