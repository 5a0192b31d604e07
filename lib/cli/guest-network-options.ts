// --address, --route and the other settings of an interface inside a guest as options. Every start of
// vfctl loads this; what reads their values is in parse-guest-network.ts.
import type {Options} from 'yargs';
import {guestFileFormats} from '../model/guest-network.ts';

// Not of type `array`, which would take the words behind it as more values: yargs makes a list of
// an option that is given twice.
const list = {type: 'string', requiresArg: true} as const;

export const guestNetworkOptions = {
	address: {...list, describe: 'address in the guest, as 20.0.0.3/24; may be repeated'},
	gateway: {type: 'string', describe: 'default route over this address; without one over the first address of the network; once for each of IPv4 and IPv6'},
	route: {...list, describe: 'route in the guest: NETWORK[,via=ADDRESS][,metric=N]; without via over the gateway; may be repeated'},
	mtu: {type: 'string', requiresArg: true, describe: 'MTU in the guest, in bytes'},
	nameserver: {...list, describe: 'nameserver for the guest; may be repeated'},
	'guest-file': {choices: ['auto', 'none', ...guestFileFormats] as const, requiresArg: true, default: 'auto' as const, describe: 'file that keeps these settings in the guest; auto is the format that it uses'},
} as const satisfies Record<string, Options>;
