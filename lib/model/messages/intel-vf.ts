// What igbvf and ixgbevf say in the same words when they start.
import type {MessageEntry} from './message-entry.ts';
import {macForLater, pfUpFromVf} from './remedies.ts';

const from = ['igbvf', 'ixgbevf'];

export const intelVfMessages: readonly MessageEntry[] = [
	{
		id: 'intel-vf.pf-in-reset', severity: 'error', from,
		pattern: /^PF still in reset state\.\s{1,4}Is the PF interface up\?/,
		meaning: 'The VF could not start: the PF did not let it out of reset.',
		cause: 'Most often the interface of the PF is down on the host: a PF opens its VFs when it comes up. It may also be that the PF driver is not loaded, is being reset, or that the PF is in other hands.',
		remedies: [
			pfUpFromVf,
			{advice: 'Let the PF be up after every boot, too.', command: 'vfctl persist on'},
			{advice: 'If the PF is up: see what it says and whether it answers this VF.', command: 'vfctl mailbox {pf|PF}#{vf|VF}'},
		],
		source: 'ixgbevf_main.c, ixgbevf_sw_init (two blanks before "Is"); igbvf/netdev.c, igbvf_probe (one)',
		examples: [
			'[    2.310027] ixgbevf 0000:00:05.0: PF still in reset state.  Is the PF interface up?',
			'[    2.310027] ixgbevf 0000:00:05.0: PF still in reset state. Is the PF interface up?',
			'Nov 22 02:51:31 vm0 kernel: igbvf 0000:07:00.0: PF still in reset state. Is the PF interface up?',
		],
	},
	{
		id: 'intel-vf.no-admin-mac', severity: 'harmless', from,
		pattern: /^MAC address not assigned by administrator/,
		meaning: 'The host gave this VF no MAC address; the driver makes a random one.',
		cause: 'Nobody set a MAC for the VF on the PF before its driver started. It works, but the address is another one after each start, so that DHCP leases and rules do not hold.',
		remedies: [macForLater],
		source: 'ixgbevf_main.c, ixgbevf_sw_init; igbvf/netdev.c, igbvf_probe',
		examples: [
			'[    2.310412] ixgbevf 0000:00:05.0: MAC address not assigned by administrator.',
			'[    2.310412] igbvf 0000:07:00.0: MAC address not assigned by administrator.',
		],
	},
	{
		id: 'intel-vf.random-mac', severity: 'harmless', from,
		pattern: /^Assigning random MAC address/,
		meaning: 'The VF works with a MAC that its driver made up.',
		cause: 'The host gave it none.',
		remedies: [macForLater],
		source: 'ixgbevf_main.c, ixgbevf_sw_init; igbvf/netdev.c, igbvf_probe',
		examples: ['[    2.310415] ixgbevf 0000:00:05.0: Assigning random MAC address', '[    2.310415] igbvf 0000:07:00.0: Assigning random MAC address.'],
	},
	{
		id: 'intel-vf.mac-not-readable', severity: 'error', from,
		pattern: /^Error reading MAC address/,
		meaning: 'The VF was reset, and then could not read the MAC that the PF gave it.',
		cause: 'The PF was reset or went away in between.',
		remedies: [pfUpFromVf],
		source: 'ixgbevf_main.c, ixgbevf_sw_init; igbvf/netdev.c, igbvf_probe',
		examples: ['[    2.310404] ixgbevf 0000:00:05.0: Error reading MAC address', '[    2.310404] igbvf 0000:07:00.0: Error reading MAC address.'],
	},
];
