// What igbvf says: the driver of VFs of 82576 and I350, in guests and on the host.
import type {MessageEntry} from './message-entry.ts';
import {noNomsi, pfUpFromVf, portVlanFromVf, showsMsix, vfDownUp, vlanOffFromVf} from './remedies.ts';

const from = ['igbvf'];

export const igbvfMessages: readonly MessageEntry[] = [
	{
		id: 'igbvf.pf-resetting', severity: 'error', from,
		pattern: /^PF still resetting/,
		meaning: 'The VF was to be reset (its interface came up, its MTU changed), and the PF did not answer.',
		cause: 'The interface of the PF is down on the host, or the PF is being reset.',
		remedies: [pfUpFromVf, {advice: 'See on the host whether the PF answers this VF.', command: 'vfctl mailbox {pf|PF}#{vf|VF}'}],
		source: 'igbvf/netdev.c, igbvf_reset',
		examples: ['[   31.002183] igbvf 0000:07:00.0: PF still resetting'],
	},
	{
		id: 'igbvf.too-many-addresses', severity: 'error', from,
		pattern: /^Too many unicast filters - No Space/,
		meaning: 'The VF was given more further addresses than it can have (3); none of the new ones is received.',
		cause: 'More than three macvlans, bridge members or the like are on this interface.',
		remedies: [
			{advice: 'See the addresses, and take some away.', command: 'ip maddr show; bridge fdb show dev {netdev|VF}'},
			{advice: 'Or give the guest one VF for each address.', command: 'vfctl list'},
		],
		source: 'igbvf/netdev.c, igbvf_set_uni',
		examples: ['[  101.220741] igbvf: Too many unicast filters - No Space'],
	},
	{
		id: 'igbvf.vlan-refused', severity: 'error', from,
		pattern: /^Vlan id (?<vlan>\d+)(?:\s{1,4}is not added)?$/,
		meaning: 'The PF refused VLAN {vlan} to this VF; frames of that VLAN do not arrive.',
		cause: 'The host gave the VF a port VLAN, and then it may have no other; or the PF did not answer.',
		remedies: [
			portVlanFromVf,
			vlanOffFromVf,
		],
		source: 'igbvf/netdev.c, igbvf_vlan_rx_add_vid (the message is broken over two lines)',
		examples: ['[   61.330271] igbvf 0000:07:00.0: Vlan id 100'],
	},
	{
		id: 'igbvf.vlan-not-removed', severity: 'warning', from,
		pattern: /^Failed to remove vlan id (?<vlan>\d+)/,
		meaning: 'The PF did not take VLAN {vlan} away from this VF.',
		cause: 'The PF was reset or is down, or the host set a port VLAN meanwhile. The entry goes away with the next reset of the VF.',
		remedies: [vfDownUp],
		source: 'igbvf/netdev.c, igbvf_vlan_rx_kill_vid',
		examples: ['[   64.117200] igbvf 0000:07:00.0: Failed to remove vlan id 100'],
	},
	{
		id: 'igbvf.no-msix', severity: 'error', from,
		pattern: /^(?:Failed to initialize MSI-X interrupts|Unable to allocate interrupt, Error: (?<error>-?\d+))/,
		meaning: 'The VF has no interrupts and does not work.',
		cause: 'The machine has no MSI-X for it: pci=nomsi, no vectors left, or a guest machine type without MSI.',
		remedies: [
			noNomsi,
			showsMsix,
		],
		source: 'igbvf/netdev.c, igbvf_set_interrupt_capability and igbvf_request_irq',
		examples: ['[    2.440101] igbvf 0000:07:00.0: Failed to initialize MSI-X interrupts.', '[    2.440101] igbvf 0000:07:00.0: Unable to allocate interrupt, Error: -28'],
	},
	{
		id: 'igbvf.not-back', severity: 'error', from,
		pattern: /^can't bring device back up after reset/,
		meaning: 'After a PCIe error the VF was reset, and its interface does not come up.',
		cause: 'The PF is still being reset, or is down.',
		remedies: [pfUpFromVf],
		source: 'igbvf/netdev.c, igbvf_io_resume',
		examples: ['[ 6012.551820] igbvf 0000:07:00.0: can\'t bring device back up after reset'],
	},
];
