// Options that commands share.
import type {Options} from 'yargs';
import {riskNames} from '../plan/plan.ts';

/** Options of every command. */
export const commonOptions = {
	json: {type: 'boolean', default: false, describe: 'print JSON', global: true},
	connect: {type: 'string', default: 'qemu:///system', requiresArg: true, describe: 'libvirt URI', global: true},
	host: {type: 'string', requiresArg: true, describe: 'play the command on a recorded host (vfctl capture)', global: true},
	color: {type: 'boolean', default: true, describe: 'colour and moving progress on a terminal', global: true},
	debug: {type: 'boolean', default: false, describe: 'show where an error comes from', global: true},
} as const satisfies Record<string, Options>;

/** Options of every command that changes the host. */
export const changeOptions = {
	'dry-run': {type: 'boolean', default: false, describe: 'print the plan and change nothing'},
	yes: {type: 'boolean', alias: 'y', default: false, describe: 'do not ask'},
	'accept-risk': {type: 'array', string: true, choices: Object.keys(riskNames), requiresArg: true, default: [] as string[], describe: 'take a named risk'},
	'lock-timeout': {type: 'string', default: '300', requiresArg: true, describe: 'seconds to wait for another vfctl'},
} as const satisfies Record<string, Options>;
