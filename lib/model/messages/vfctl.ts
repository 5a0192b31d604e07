// What vfctl's own kernel modules say.
import type {MessageEntry} from './message-entry.ts';

export const vfctlMessages: readonly MessageEntry[] = [
	{
		id: 'vfctl.forward-no-path',
		severity: 'warning',
		pattern: /^its frames cannot be passed on: the card gets them/,
		meaning: 'vfctl_fwd could not hook into {netdev|an interface}: its frames take the way through the card, as without the module.',
		cause: 'Memory, an entry in sysfs or the egress hook could not be had for this interface; everything works, only slower.',
		remedies: [{advice: 'Load the module again, which makes it try every interface anew.', command: 'modprobe -r vfctl_fwd && modprobe vfctl_fwd'}],
		source: 'kernel-module/forward/ports.c: add_port',
		examples: [
			'[  512.110233] igbvf 0000:01:10.0 eth3: its frames cannot be passed on: the card gets them',
			'Nov 22 02:51:31 hv1 kernel: ixgbevf 0000:03:10.2 ens6f1v1: its frames cannot be passed on: the card gets them',
		],
	},
	{
		id: 'vfctl.forward-stays-loaded',
		severity: 'warning',
		pattern: /^another module changed its operations: vfctl_fwd stays loaded/,
		meaning: 'vfctl_fwd counts frames through the operations of {netdev|an interface}, another module has changed them since, and putting them back would cut that one off.',
		cause: 'Two modules wrap the same interface; the one that came last must go first.',
		remedies: [{advice: 'Unload the other module first, then vfctl_fwd; at the next boot neither is in the other\'s way.', command: 'lsmod'}],
		source: 'kernel-module/forward/count.c: uncount_port',
		examples: ['[ 2048.000121] igb 0000:01:00.0 eth1: another module changed its operations: vfctl_fwd stays loaded'],
	},
];
