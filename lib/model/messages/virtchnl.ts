// What i40e and ice say alike about requests of their VFs (virtchnl), and about making VFs.
import type {MessageEntry} from './message-entry.ts';
import {fewerVfs, listVfs, otherKernelLines, restartVfDriver, seeHolders, showVf, takeVfsBack, trustSomeVf, trustThatVf, trustVf} from './remedies.ts';

const from = ['i40e', 'ice'];

export const virtchnlMessages: readonly MessageEntry[] = [
	{
		id: 'virtchnl.override-mac', severity: 'warning', from,
		pattern: /^VF attempting to override administratively set MAC address/,
		meaning: 'A VF asked for another MAC address than the one that the host gave it; the PF refused. The line does not say which VF.',
		cause: 'In the guest (or container) something sets a MAC: a bond, a network manager that makes random ones, a CNI plugin, or an image with a fixed address. The VF is not trusted.',
		remedies: [
			{advice: 'Compare the addresses of the VFs with those in the guests.', command: 'vfctl list {netdev|PF}'},
			{advice: 'Use the host\'s MAC there, then set the interface down and up.'},
			trustSomeVf,
		],
		source: 'i40e_virtchnl_pf.c, i40e_check_vf_permission; ice_virtchnl.c, ice_vc_add_mac_addr',
		examples: [
			'[ 2211.904417] i40e 0000:3b:00.0: VF attempting to override administratively set MAC address, bring down and up the VF interface to resume normal operation',
			'Nov 17 09:12:01 node4 kernel: ice 0000:31:00.0: VF attempting to override administratively set MAC address, bring down and up the VF interface to resume normal operation',
		],
	},
	{
		id: 'virtchnl.promisc-denied', severity: 'warning', from,
		pattern: /^Unprivileged VF (?<vf>\d+) is attempting to configure promiscuous mode/,
		meaning: 'VF {vf} asked to receive everything; the PF did not let it, and told the guest that it did.',
		cause: 'A bridge, tcpdump or a DPDK program in the guest. It sees only its own frames.',
		remedies: [trustVf, {advice: 'To see the frames of others too, the PF needs a flag as well.', command: 'ethtool --set-priv-flags {netdev|PF} vf-true-promisc-support on'}],
		source: 'i40e_virtchnl_pf.c, i40e_vc_config_promiscuous_mode_msg; ice_virtchnl.c, ice_vc_cfg_promiscuous_mode_msg',
		examples: ['[ 2301.551210] i40e 0000:3b:00.0: Unprivileged VF 3 is attempting to configure promiscuous mode'],
	},
	{
		id: 'virtchnl.unsupported-opcode', severity: 'warning', from,
		pattern: /^Unsupported opcode (?<opcode>\d+) from VF (?<vf>\d+)/,
		meaning: 'VF {vf} asked for operation {opcode}, which this PF driver does not have; it said so to the VF.',
		cause: 'The VF driver (or DPDK) is newer than the PF driver. Most go on without.',
		remedies: [{advice: 'If something is missing in the guest, update the kernel of the host.', command: 'uname -r; ethtool -i {netdev|PF}'}, showVf],
		source: 'i40e_virtchnl_pf.c, i40e_vc_process_vf_msg; ice_virtchnl.c, ice_vc_process_vf_msg',
		examples: ['[ 2390.117720] i40e 0000:3b:00.0: Unsupported opcode 44 from VF 2'],
	},
	{
		id: 'virtchnl.invalid-message', severity: 'warning', from,
		pattern: /^Invalid message from VF (?<vf>\d+), opcode (?<opcode>\d+), len (?<length>\d+)/,
		meaning: 'VF {vf} sent operation {opcode} in a wrong form; the PF refused it.',
		cause: 'The VF driver and the PF driver understand that operation differently (one of them is old, or not from the kernel), or the guest tries what it must not.',
		remedies: [{advice: 'Update the VF driver of the guest, or its DPDK.'}, showVf],
		source: 'i40e_virtchnl_pf.c, i40e_vc_process_vf_msg; ice_virtchnl.c, ice_vc_process_vf_msg',
		examples: ['[ 2411.882017] i40e 0000:3b:00.0: Invalid message from VF 1, opcode 6, len 1032', '[ 2411.882017] ice 0000:31:00.0: Invalid message from VF 1, opcode 3, len 4, error -1'],
	},
	{
		id: 'virtchnl.no-answer-to-vf', severity: 'warning', from,
		pattern: /^Unable to send the message to VF (?<vf>\d+) (?:ret (?<error>-?\d+) )?aq_err (?<reason>\S+)/,
		meaning: 'An answer or event did not reach VF {vf}.',
		cause: 'The VF is being reset or its driver is gone: a guest that starts, stops or has crashed. The firmware\'s word for it is {reason}.',
		remedies: [{advice: 'Nothing has to be done when the guest was just started or stopped. Otherwise see who has the VF.', command: 'vfctl show {netdev|PF}#{vf}'}, restartVfDriver],
		source: 'i40e_virtchnl_pf.c, i40e_vc_send_msg_to_vf; ice_virtchnl.c, ice_vc_send_msg_to_vf',
		examples: ['[ 2512.004410] i40e 0000:3b:00.0: Unable to send the message to VF 5 aq_err 12', '[ 2512.004410] ice 0000:31:00.0: Unable to send the message to VF 5 ret -5 aq_err ICE_AQ_RC_ENOENT'],
	},
	{
		id: 'virtchnl.vf-transfers-stuck', severity: 'danger', from,
		pattern: /^VF (?<vf>\d+) PCI transactions stuck/,
		meaning: 'VF {vf} was reset while transfers of it to memory had not ended; they may still end.',
		cause: 'The bus or the IOMMU holds them up, or the card does. Until it is clear, what the VF may write to belongs to a guest that is possibly gone.',
		remedies: [
			{advice: 'Look for errors of bus and IOMMU at that time.', command: 'journalctl -k -b | grep -E "AER|DMAR|AMD-Vi"'},
			{advice: 'Stop the guest that had the VF before the VF goes to another.', command: 'vfctl show {netdev|PF}#{vf}'},
		],
		source: 'i40e_virtchnl_pf.c, i40e_trigger_vf_reset; ice_sriov.c, ice_sriov_trigger_reset_register',
		examples: ['[ 2600.730128] i40e 0000:3b:00.0: VF 4 PCI transactions stuck'],
	},
	{
		id: 'virtchnl.vf-reset-timeout', severity: 'warning', from,
		pattern: /^(?:VF reset check timeout on VF (?<vf>\d+)|VF (?<vfAll>\d+) reset check timeout|Reset VF (?<vfNever>\d+) never finished|Failed to initiate reset for VF (?<vfStart>\d+) after 200 milliseconds)/,
		meaning: 'A VF did not come out of its reset in time; the PF goes on as if it had.',
		cause: 'The card is busy (many VFs at once, a reset of the whole port) or hangs. If the VF works afterwards nothing was lost.',
		remedies: [{advice: 'See whether the VF works; otherwise load its driver again or restart its guest.', command: 'vfctl list {netdev|PF}'}, otherKernelLines],
		source: 'i40e_virtchnl_pf.c, i40e_reset_vf and i40e_trigger_vf_reset; ice_vf_lib.c, ice_reset_vf and ice_reset_all_vfs',
		examples: [
			'[ 2610.220091] i40e 0000:3b:00.0: VF reset check timeout on VF 7',
			'[ 2610.220091] ice 0000:31:00.0: VF 7 reset check timeout',
			'[ 2610.220091] i40e 0000:3b:00.0: Reset VF 7 never finished',
		],
	},
	{
		id: 'virtchnl.vfs-assigned', severity: 'error', from,
		pattern: /^(?:VFs are assigned - not disabling SR-IOV|(?:Unable to|can't) free VFs because some are assigned to VMs)/,
		meaning: 'The VFs were not taken away: guests have some of them.',
		cause: 'The number of VFs was to be changed, or the driver unloaded, while a guest had a VF of this port. If the driver is unloaded all the same, those guests have a VF without a PF.',
		remedies: [
			seeHolders,
			takeVfsBack,
		],
		source: 'i40e_virtchnl_pf.c, i40e_free_vfs and i40e_pci_sriov_configure; ice_sriov.c, ice_free_vfs and ice_sriov_configure',
		examples: [
			'[ 2700.118820] i40e 0000:3b:00.0: Unable to free VFs because some are assigned to VMs.',
			'[ 2700.118820] ice 0000:31:00.0: can\'t free VFs because some are assigned to VMs.',
			'[ 2700.118820] i40e 0000:3b:00.0: VFs are assigned - not disabling SR-IOV',
		],
	},
	{
		id: 'virtchnl.sriov-failed', severity: 'error', from,
		pattern: /^Failed to enable SR-IOV: (?<error>-?\d+)/,
		meaning: 'No VFs were made (error {error}).',
		cause: 'Error -12: no addresses, bus numbers or memory for the VFs. -28: not enough queues or interrupts in the card. -5 or -22: the capability of the card or its bus does not allow that number. What it was is said just before.',
		remedies: [otherKernelLines, fewerVfs],
		source: 'i40e_virtchnl_pf.c, i40e_pci_sriov_enable; ice_sriov.c, ice_pci_sriov_ena',
		examples: ['[   88.917230] i40e 0000:3b:00.0: Failed to enable SR-IOV: -12', '[   88.917230] ice 0000:31:00.0: Failed to enable SR-IOV: -28'],
	},
	{
		id: 'virtchnl.no-queues-left', severity: 'warning', from,
		pattern: /^VF (?<vf>\d+) (?:requested (?<wanted>\d+) more queues, but (?:only (?<left>\d+) left|there is not enough for it)|tried to request (?:more than (?<most>\d+)|0) queues)/,
		meaning: 'VF {vf} asked for another number of queues and did not get it; it keeps the ones that it has.',
		cause: 'The guest set its number of channels (ethtool -L, DPDK), and the queues of the port are shared by the PF and all VFs.',
		remedies: [
			{advice: 'Give the PF fewer queues.', command: 'ethtool -L {netdev|PF} combined 8'},
			{advice: 'Or make fewer VFs: each then starts with more.', command: 'vfctl vf create {netdev|PF} COUNT'},
		],
		source: 'i40e_virtchnl_pf.c, i40e_vc_request_queues_msg; ice_virtchnl.c, ice_vc_request_qs_msg',
		examples: ['[ 2800.410278] i40e 0000:3b:00.0: VF 2 requested 12 more queues, but only 8 left.', '[ 2800.410278] ice 0000:31:00.0: VF 2 tried to request more than 16 queues.'],
	},
	{
		id: 'virtchnl.invalid-vlan', severity: 'warning', from,
		pattern: /^invalid VF VLAN id (?<vlan>\d+)/,
		meaning: 'A VF asked for VLAN {vlan}, which is no VLAN; the PF refused.',
		cause: 'A driver or DPDK program in a guest with a fault.',
		remedies: [{advice: 'Find the guest that set up VLANs at that time.', command: 'vfctl list {netdev|PF}'}],
		source: 'i40e_virtchnl_pf.c, i40e_vc_add_vlan_msg; ice_virtchnl.c, ice_vc_process_vlan_msg',
		examples: ['[ 2811.002718] i40e 0000:3b:00.0: invalid VF VLAN id 4097'],
	},
	{
		id: 'virtchnl.port-nvm-newer', severity: 'warning', from,
		pattern: /^The driver for the device (?:stopped because the NVM image|detected a newer version|detected an older version)/,
		meaning: 'Firmware (NVM) of the card and driver of the kernel are of different ages.',
		cause: 'With "newer" some functions may be missing in the driver; with "older" in the card; with "stopped" they do not fit at all and the port has no interface.',
		remedies: [
			{advice: 'See the versions.', command: 'ethtool -i {netdev|PF}; uname -r'},
			{advice: '"newer" or "stopped": update the kernel. "older": update the firmware with the tool of the vendor.'},
		],
		source: 'i40e_main.c, i40e_probe; ice_controlq.c, ice_aq_ver_check',
		examples: [
			'[    4.117720] i40e 0000:3b:00.0: The driver for the device detected an older version of the NVM image v1.5 than expected v1.9. Please update the NVM image.',
			'[    4.117720] i40e 0000:3b:00.0: The driver for the device detected a newer version of the NVM image v1.14 than expected v1.9. Please install the most recent version of the network driver.',
			'[    4.117720] ice 0000:31:00.0: The driver for the device stopped because the NVM image is newer than expected. You must install the most recent version of the network driver.',
		],
	},
	{
		id: 'virtchnl.vlan-limit', severity: 'warning', from,
		pattern: /^VF(?:-(?<vf>\d+))? is not trusted, switch the VF to trusted(?: mode)?,? (?:in order )?to add more VLAN addresses/,
		meaning: 'A VF asked for more VLANs than one that is not trusted may have; the PF refused the further ones.',
		cause: 'The guest has many VLAN interfaces on the VF (i40e allows 16, ice 8 besides VLAN 0).',
		remedies: [
			trustThatVf,
			listVfs,
		],
		source: 'i40e_virtchnl_pf.c, i40e_vc_add_vlan_msg; ice_virtchnl.c, ice_vc_process_vlan_msg',
		examples: [
			'[ 2902.331027] i40e 0000:3b:00.0: VF is not trusted, switch the VF to trusted to add more VLAN addresses',
			'[ 2902.331027] ice 0000:31:00.0: VF-4 is not trusted, switch the VF to trusted mode, in order to add more VLAN addresses',
		],
	},
	{
		id: 'virtchnl.mac-limit', severity: 'warning', from,
		pattern: /^(?:Can't add more MAC addresses, because VF-(?<vf>\d+) is not trusted|Cannot add more MAC addresses, VF is not trusted|VF is not trusted, switch the VF to trusted to add more functionality)/,
		meaning: 'A VF asked for more MAC addresses than one that is not trusted may have; the PF refused the further ones.',
		cause: 'The guest has a bridge, macvlans, nested guests or many multicast groups on the VF (i40e and ice allow about 16 besides its own).',
		remedies: [
			trustThatVf,
			listVfs,
		],
		source: 'i40e_virtchnl_pf.c, i40e_check_vf_permission; ice_virtchnl.c, ice_vc_handle_mac_addr_msg',
		examples: [
			'[ 2950.000128] i40e 0000:3b:00.0: Cannot add more MAC addresses, VF is not trusted, switch the VF to trusted to add more functionality',
			'Feb 17 09:12:01 node4 kernel: i40e 0000:3b:00.1: VF is not trusted, switch the VF to trusted to add more functionality',
			'[ 2950.000128] ice 0000:31:00.0: Can\'t add more MAC addresses, because VF-4 is not trusted, switch the VF to trusted mode in order to add more functionalities',
		],
	},
];
