// --mac, --vlan and the other settings of a VF as command line options.
import type {Options} from 'yargs';
import {AppError} from '../errors.ts';
import {toVfMac} from '../model/mac.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';

/** Options of `vf set` and `attach`. Numbers are taken as strings, because yargs reads `0x10`,
 * `1e2` and the empty string as numbers. */
export const vfSettingsOptions = {
	mac: {type: 'string', requiresArg: true, describe: 'MAC address (unicast)'},
	vlan: {type: 'string', requiresArg: true, describe: 'port VLAN, 0-4094; 0 is none'},
	qos: {type: 'string', requiresArg: true, describe: 'priority in the VLAN tag, 0-7'},
	'vlan-proto': {choices: ['802.1q', '802.1ad'], requiresArg: true, describe: 'protocol of the VLAN tag'},
	spoofchk: {choices: ['on', 'off'], requiresArg: true, describe: 'drop frames with a foreign source MAC'},
	trust: {choices: ['on', 'off'], requiresArg: true, describe: 'let the VF set promiscuous mode and its own MAC'},
	'min-tx-rate': {type: 'string', requiresArg: true, describe: 'guaranteed Mbit/s; 0 is none'},
	'max-tx-rate': {type: 'string', requiresArg: true, describe: 'limit in Mbit/s; 0 is none'},
	'link-state': {choices: ['auto', 'enable', 'disable'], requiresArg: true, describe: 'link that the VF sees'},
} as const satisfies Record<string, Options>;

export interface VfSettingsArguments {
	mac?: string | undefined;
	vlan?: string | undefined;
	qos?: string | undefined;
	vlanProto?: string | undefined;
	spoofchk?: string | undefined;
	trust?: string | undefined;
	minTxRate?: string | undefined;
	maxTxRate?: string | undefined;
	linkState?: string | undefined;
}

/** The settings that were given; throws BAD_MAC, BAD_VLAN or BAD_RATE. */
export function parseVfSettings(args: VfSettingsArguments): VfSettingsPart {
	const settings: VfSettingsPart = {};
	if (args.mac !== undefined) {
		settings.mac = toVfMac(args.mac);
	}

	if (args.vlan !== undefined) {
		settings.vlan = wholeNumber(args.vlan, 4094, 'BAD_VLAN', 'a VLAN id');
	}

	if (args.qos !== undefined) {
		settings.qos = wholeNumber(args.qos, 7, 'BAD_VLAN', 'a VLAN priority');
		if (settings.qos > 0 && settings.vlan === undefined) {
			throw new AppError('BAD_VLAN', '--qos needs --vlan', {why: 'the priority travels in the VLAN tag', fix: 'add --vlan ID'});
		}
	}

	if (args.vlanProto !== undefined) {
		settings.vlanProto = args.vlanProto as NonNullable<VfSettingsPart['vlanProto']>;
		if (settings.vlan === undefined) {
			throw new AppError('BAD_VLAN', '--vlan-proto needs --vlan', {why: 'the protocol is that of the VLAN tag', fix: 'add --vlan ID'});
		}
	}

	// Without a port VLAN there is neither priority nor protocol: they are reset with it.
	if (settings.vlan === 0) {
		settings.qos ??= 0;
	}

	if (args.spoofchk !== undefined) {
		settings.spoofchk = args.spoofchk === 'on';
	}

	if (args.trust !== undefined) {
		settings.trust = args.trust === 'on';
	}

	if (args.minTxRate !== undefined) {
		settings.minTxRateMbps = wholeNumber(args.minTxRate, 1_000_000, 'BAD_RATE', 'a rate in Mbit/s');
	}

	if (args.maxTxRate !== undefined) {
		settings.maxTxRateMbps = wholeNumber(args.maxTxRate, 1_000_000, 'BAD_RATE', 'a rate in Mbit/s');
	}

	if (args.linkState !== undefined) {
		settings.linkState = args.linkState as NonNullable<VfSettingsPart['linkState']>;
	}

	return settings;
}

/** A whole number from 0 to `maximum`, in decimal digits only. */
export function wholeNumber(text: string, maximum: number, code: 'BAD_VLAN' | 'BAD_RATE' | 'BAD_COUNT' | 'USAGE', what: string): number {
	const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
	if (!(value <= maximum)) {
		throw new AppError(code, `'${text}' is not ${what}`, {why: Number.isNaN(value) ? 'it is not a whole number in decimal digits' : `it is above ${maximum}`, fix: `give a whole number from 0 to ${maximum}`});
	}

	return value;
}
