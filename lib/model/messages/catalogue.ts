// The catalogue of messages that `vfctl explain` knows. A family more: its import and its spread.
import {accessMessages} from './access.ts';
import {bnxtMessages} from './bnxt.ts';
import {dpdkMessages} from './dpdk.ts';
import {firmwareAmdMessages} from './firmware-amd.ts';
import {firmwareDmarMessages} from './firmware-dmar.ts';
import {firmwareMessages} from './firmware.ts';
import {hostNetworkMessages} from './host-network.ts';
import {i40eVfMessages} from './i40e-vf.ts';
import {i40eMessages} from './i40e.ts';
import {iavfMessages} from './iavf.ts';
import {iceSriovMessages} from './ice-sriov.ts';
import {iceMessages} from './ice.ts';
import {igbMessages} from './igb.ts';
import {igbvfMessages} from './igbvf.ts';
import {intelPfMessages} from './intel-pf.ts';
import {intelVfMessages} from './intel-vf.ts';
import {iommuAmdMessages} from './iommu-amd.ts';
import {iommuArmMessages} from './iommu-arm.ts';
import {iommuIntelMessages} from './iommu-intel.ts';
import {iommuMessages} from './iommu.ts';
import {ixgbeMailboxMessages} from './ixgbe-mailbox.ts';
import {ixgbeSriovMessages} from './ixgbe-sriov.ts';
import {ixgbeMessages} from './ixgbe.ts';
import {ixgbevfMessages} from './ixgbevf.ts';
import {kvmMessages} from './kvm.ts';
import {libvirtAccessMessages} from './libvirt-access.ts';
import {libvirtHostdevMessages} from './libvirt-hostdev.ts';
import {libvirtNetworkMessages} from './libvirt-network.ts';
import {libvirtVfMessages} from './libvirt-vf.ts';
import {libvirtMessages} from './libvirt.ts';
import type {MessageEntry} from './message-entry.ts';
import {mlx5EswitchMessages} from './mlx5-eswitch.ts';
import {mlx5Messages} from './mlx5.ts';
import {moduleMessages} from './modules.ts';
import {netBondMessages} from './net-bond.ts';
import {netCoreMessages} from './net-core.ts';
import {netLinkMessages} from './net-link.ts';
import {pciBarMessages} from './pci-bars.ts';
import {pciPowerMessages} from './pci-power.ts';
import {pciSriovMessages} from './pci-sriov.ts';
import {pcieErrorMessages} from './pcie-errors.ts';
import {qemuDeviceMessages} from './qemu-devices.ts';
import {qemuMigrationMessages} from './qemu-migration.ts';
import {qemuVfioMessages} from './qemu-vfio.ts';
import {qemuMessages} from './qemu.ts';
import {shellMessages} from './shell.ts';
import {vfctlMessages} from './vfctl.ts';
import {vfioMessages} from './vfio.ts';
import {virshMessages} from './virsh.ts';
import {virtchnlMessages} from './virtchnl.ts';

/** Every entry, family by family. */
export const catalogue: readonly MessageEntry[] = [
	...accessMessages,
	...bnxtMessages,
	...dpdkMessages,
	...firmwareAmdMessages,
	...firmwareDmarMessages,
	...firmwareMessages,
	...hostNetworkMessages,
	...i40eVfMessages,
	...i40eMessages,
	...iavfMessages,
	...iceSriovMessages,
	...iceMessages,
	...igbMessages,
	...igbvfMessages,
	...intelPfMessages,
	...intelVfMessages,
	...iommuAmdMessages,
	...iommuArmMessages,
	...iommuIntelMessages,
	...iommuMessages,
	...ixgbeMailboxMessages,
	...ixgbeSriovMessages,
	...ixgbeMessages,
	...ixgbevfMessages,
	...kvmMessages,
	...libvirtAccessMessages,
	...libvirtHostdevMessages,
	...libvirtNetworkMessages,
	...libvirtVfMessages,
	...libvirtMessages,
	...mlx5EswitchMessages,
	...mlx5Messages,
	...moduleMessages,
	...netBondMessages,
	...netCoreMessages,
	...netLinkMessages,
	...pciBarMessages,
	...pciPowerMessages,
	...pciSriovMessages,
	...pcieErrorMessages,
	...qemuDeviceMessages,
	...qemuMigrationMessages,
	...qemuVfioMessages,
	...qemuMessages,
	...shellMessages,
	...vfctlMessages,
	...vfioMessages,
	...virshMessages,
	...virtchnlMessages,
];
