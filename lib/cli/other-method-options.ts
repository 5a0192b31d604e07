// Options of attach methods that give no VF away.
import type {Options} from 'yargs';
import {macvtapModes} from '../plan/attach-request.ts';

export const otherMethodOptions = {
	'macvtap-mode': {choices: macvtapModes, describe: 'macvtap: how the guest shares the named interface (default: a VF that it has alone)'},
	mode: {choices: ['client', 'server'] as const, describe: 'vhost-user: QEMU connects to the socket (client, default) or makes it'},
	queues: {type: 'string', requiresArg: true, describe: 'vhost-user: pairs of queues (default 1)'},
	size: {type: 'string', requiresArg: true, describe: 'ivshmem: size, as 4M or 1G (default 4M, or as the others have it)'},
} as const satisfies Record<string, Options>;
