// What igb and ixgbe, of one descent, say in the same words about their VFs.
import type {MessageEntry} from './message-entry.ts';
import {freeMemory, listVfs, otherKernelLines, pfUp, restartVfDriver} from './remedies.ts';

const from = ['igb', 'ixgbe'];

export const intelPfMessages: readonly MessageEntry[] = [
	{
		id: 'intel.vf-set-pf-down', severity: 'warning', from,
		pattern: /^The VF (?<what>MAC address|VLAN) has been set, but the PF device is not up/,
		meaning: 'The {what} of a VF is kept, and will work when the PF is up.',
		cause: 'The interface of the PF is administratively down. While it is, its VFs have no link and their drivers cannot start.',
		remedies: [pfUp, {advice: 'Let it be up after every boot, too.', command: 'vfctl persist on'}],
		source: 'igb_main.c and ixgbe_sriov.c: igb_ndo_set_vf_mac, ixgbe_ndo_set_vf_mac, *_enable_port_vlan',
		examples: [
			'[  70.226631] igb 0000:03:00.0: The VF MAC address has been set, but the PF device is not up.',
			'[  70.310402] ixgbe 0000:3b:00.0: The VF VLAN has been set, but the PF device is not up.',
		],
	},
	{
		id: 'intel.bring-pf-up', severity: 'warning', from,
		pattern: /^Bring the PF device up before attempting to use the VF device/,
		meaning: 'The interface of the PF is down; its VFs do not work until it is up.',
		cause: 'A VF was set while the PF was administratively down.',
		remedies: [pfUp],
		source: 'igb_main.c and ixgbe_sriov.c: igb_ndo_set_vf_mac, ixgbe_ndo_set_vf_mac, *_enable_port_vlan',
		examples: ['[  70.226640] igb 0000:03:00.0: Bring the PF device up before attempting to use the VF device.'],
	},
	{
		id: 'intel.reload-for-mac', severity: 'harmless', from,
		pattern: /^Reload the VF driver to make this change effective/,
		meaning: 'A VF was given a MAC; a VF driver that runs already goes on with the old one.',
		cause: 'These cards tell a VF its MAC when its driver starts. A guest that starts later gets it by itself.',
		remedies: [{advice: 'If a guest uses the VF already, restart the guest or load its VF driver again there.'}],
		source: 'igb_main.c, igb_ndo_set_vf_mac; ixgbe_sriov.c, ixgbe_ndo_set_vf_mac',
		examples: [
			'[  632.414562] ixgbe 0000:01:00.1: Reload the VF driver to make this change effective.',
			'[  633.001022] igb 0000:03:00.0: Reload the VF driver to make this change effective.',
		],
	},
	{
		id: 'intel.reload-to-resume', severity: 'warning',
		pattern: /^Reload the VF driver to resume operations/,
		meaning: 'It belongs to the line before: a VF was refused a MAC or a VLAN, and does without until its driver is loaded again.',
		cause: 'See the line before.',
		remedies: [restartVfDriver],
		source: 'second line of what igb_main.c and ixgbe_sriov.c say of a refused MAC or VLAN',
		examples: ['Reload the VF driver to resume operations'],
	},
	{
		id: 'intel.vf-rate-off', severity: 'warning', from,
		pattern: /^Link speed has been changed\. VF Transmit rate is disabled/,
		meaning: 'The limits of all VFs of this PF are gone: they may send as fast as the link is.',
		cause: 'The limits of these cards belong to one link speed, and the speed has changed (or the link came back with another one).',
		remedies: [
			{advice: 'See the speed of the link.', command: 'ethtool {netdev|PF}'},
			{advice: 'Set the limits again.', command: 'vfctl vf set {netdev|PF}#VF --max-tx-rate MBIT'},
			listVfs,
		],
		source: 'igb_main.c, igb_check_vf_rate_limit; ixgbe_sriov.c, ixgbe_check_vf_rate_limit',
		examples: ['[ 1200.227180] ixgbe 0000:3b:00.0: Link speed has been changed. VF Transmit rate is disabled'],
	},
	{
		id: 'intel.tx-timestamp-hang', severity: 'warning', from,
		pattern: /^clearing (?<direction>[RT]x|RX) [Tt]imestamp hang/,
		meaning: 'The card did not give a time stamp for a frame that asked for one; the driver let it go.',
		cause: 'PTP asks for time stamps. One may be lost when the link changes or the queue is busy; many mean that time stamps do not work with this load.',
		remedies: [{advice: 'Look at what ptp4l says at that time; raise tx_timestamp_timeout in its configuration.', command: 'journalctl -u ptp4l'}],
		source: 'igb_ptp.c and ixgbe_ptp.c: *_ptp_tx_hang, *_ptp_rx_hang, *_ptp_tx_work',
		examples: [
			'[ 4410.228017] igb 0000:04:00.0: clearing Tx timestamp hang',
			'[ 4522.001730] ixgbe 0000:3b:00.0 ens6f0: clearing RX Timestamp hang',
		],
	},
	{
		id: 'intel.no-queue-memory', severity: 'error', from: ['igb', 'ixgbe', 'ixgbevf', 'igbvf', 'ice', 'iavf', 'i40e'],
		pattern: /^(?:Unable to allocate memory for (?:the (?:[RT]x|transmit|receive) descriptor ring|queue vectors|queues|vectors)|Allocation for [RT]x Queue (?<queue>\d+) failed)/,
		meaning: 'The driver did not get the memory for a queue; the interface does not come up, or keeps the rings that it had.',
		cause: 'A ring needs memory in one piece. It is short or in pieces: huge pages take it, or very long rings were asked for.',
		remedies: [
			freeMemory,
			{advice: 'Ask for shorter rings or fewer queues.', command: 'ethtool -g {netdev|IF} && ethtool -l {netdev|IF}'},
		],
		source: '*_setup_tx_resources, *_setup_rx_resources and *_init_interrupt_scheme of each driver',
		examples: [
			'[ 5001.447101] igb 0000:03:00.0: Unable to allocate memory for the Tx descriptor ring',
			'[ 5001.990044] ixgbevf 0000:00:05.0: Unable to allocate memory for the Rx descriptor ring',
			'[ 5002.118201] ixgbe 0000:3b:00.0 ens6f0: Allocation for Rx Queue 12 failed',
			'[ 5010.551237] iavf 0000:00:06.0: Unable to allocate memory for the Rx descriptor ring, size=4096',
		],
	},
	{
		id: 'intel.dma-map-failed', severity: 'error', from: ['igb', 'ixgbe', 'ixgbevf', 'igbvf', 'iavf', 'i40e', 'ice'],
		pattern: /^(?<direction>TX|RX) DMA map failed/,
		meaning: 'A frame could not be given to the card, and was dropped.',
		cause: 'The kernel had no address for the card\'s access to it: the table of the IOMMU or the bounce buffers (swiotlb) are full, or the card cannot reach that memory.',
		remedies: [
			{advice: 'Look for swiotlb, DMAR or AMD-Vi near that time.', command: 'journalctl -k -b | grep -iE "swiotlb|DMAR|AMD-Vi"'},
			{advice: 'In a guest without a virtual IOMMU, or with encrypted memory, give more bounce buffers (kernel parameter swiotlb=).'},
		],
		source: '*_tx_map and *_alloc_rx_buffers of each driver',
		examples: ['[ 5190.883017] ixgbe 0000:3b:00.0: TX DMA map failed', '[ 5190.991722] igbvf 0000:00:05.0: RX DMA map failed'],
	},
	{
		id: 'intel.no-dma', severity: 'error', from: ['igb', 'ixgbe', 'ixgbevf', 'igbvf', 'igc', 'i40e', 'ice', 'iavf'],
		pattern: /^(?:No usable DMA configuration, aborting|DMA configuration failed: 0x(?<code>[\da-f]+))/,
		meaning: 'The driver gave the device up: the kernel cannot let it reach memory.',
		cause: 'The platform offers no DMA for this device; an IOMMU that holds the device in an unusable domain or a broken firmware table are the usual reasons.',
		remedies: [otherKernelLines, {advice: 'See the IOMMU group of the device.', command: 'vfctl iommu'}],
		source: '*_probe of each driver (dma_set_mask_and_coherent)',
		examples: ['[    3.003716] igb 0000:03:00.0: No usable DMA configuration, aborting', '[    3.110290] i40e 0000:41:00.0: DMA configuration failed: 0xfffffffb'],
	},
	{
		id: 'intel.bar-taken', severity: 'error', from: ['igb', 'ixgbe', 'ixgbevf', 'i40e', 'ice', 'iavf'],
		pattern: /^pci_request_(?:selected_)?regions failed (?<code>\S+)/,
		meaning: 'The driver gave the device up: its registers (BAR) belong to another driver, or have no address.',
		cause: 'The kernel says just before which BAR and who has it. A driver that was not unbound cleanly, two drivers for one card, or a BAR without an address.',
		remedies: [{advice: 'See who has the addresses.', command: 'grep -B2 {bdf|BDF} /proc/iomem'}, otherKernelLines],
		source: '*_probe of each driver',
		examples: ['[    3.221110] ixgbe 0000:3b:00.0: pci_request_selected_regions failed 0xfffffff0'],
	},
	{
		id: 'intel.not-enabled-after-reset', severity: 'error', from: ['igb', 'ixgbe', 'ixgbevf', 'igbvf', 'i40e', 'ice'],
		pattern: /^Cannot re-enable PCI device after reset/,
		meaning: 'After a PCIe error and a reset of the slot the card did not come back; its interface does not work.',
		cause: 'The card or its slot does not answer any more.',
		remedies: [
			{advice: 'If no guest has VFs of it, take the device away and look for it again.', command: 'echo 1 > /sys/bus/pci/devices/{bdf|BDF}/remove; echo 1 > /sys/bus/pci/rescan'},
			{advice: 'If it stays away, switch the server off and on.'},
		],
		source: '*_io_slot_reset of each driver',
		examples: ['[ 6011.440271] igb 0000:03:00.0: Cannot re-enable PCI device after reset.', '[ 6011.440271] ixgbe 0000:3b:00.0 ens6f0: Cannot re-enable PCI device after reset.'],
	},
	{
		id: 'intel.pre-production', severity: 'warning', from: ['ixgbe', 'i40e'],
		pattern: /^This device is a pre-production adapter\/LOM/,
		meaning: 'The card says of itself that it is a sample from before production.',
		cause: 'Its firmware is one of a sample, or its memory (NVM) holds no serial data.',
		remedies: [{advice: 'Do not use it for what matters; ask who sold it.', command: 'ethtool -i {netdev|PF}'}],
		source: 'ixgbe_main.c, ixgbe_probe; i40e_main.c, i40e_probe',
		examples: ['[    3.400012] ixgbe 0000:3b:00.0: This device is a pre-production adapter/LOM. Please be aware there may be issues associated with your hardware.  If you are experiencing problems please contact your Intel or hardware representative who provided you with this hardware.'],
	},
];
