// Which host driver a VF belongs to.
import type {Pf} from './pci.ts';

// From the device tables of the kernel's VF drivers.
const vfDriverOfPfDriver: Readonly<Record<string, string>> = {
	igb: 'igbvf',
	ixgbe: 'ixgbevf',
	i40e: 'iavf',
	ice: 'iavf',
	fm10k: 'fm10k',
	mlx5_core: 'mlx5_core',
	mlx4_core: 'mlx4_core',
	bnxt_en: 'bnxt_en',
	bnx2x: 'bnx2x',
	qede: 'qede',
	cxgb4: 'cxgb4vf',
	enic: 'enic',
	nfp: 'nfp_netvf',
	be2net: 'be2net',
	sfc: 'sfc',
	octeontx2: 'rvu_nicvf',
};

/** The driver that the kernel gives to the PF's VFs, or undefined when it cannot be told: the
 * known pairs first, then what the PF's other VFs are on. */
export function hostDriverOf(pf: Pf): string | undefined {
	const known = pf.driver === null ? undefined : vfDriverOfPfDriver[pf.driver];
	return known ?? pf.vfs.find(({driver}) => driver !== null && !isVfioDriver(driver))?.driver ?? undefined;
}

/** True for vfio-pci and the variant drivers that stand in for it (mlx5_vfio_pci, hisi-acc-vfio-pci). */
export function isVfioDriver(driver: string | null): boolean {
	return driver !== null && driver.includes('vfio');
}

/** True for the drivers that hand a device to a program without an IOMMU. */
export function isUioDriver(driver: string | null): boolean {
	return driver === 'uio_pci_generic' || driver === 'igb_uio';
}
