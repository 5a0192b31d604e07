// The network configuration that a CNI plugin reads: the keys of sriov-cni, whose configurations
// work unchanged (its docs/configuration-reference.md), and `pf` and `acceptRisk` of our own.
import * as v from 'valibot';
import type {AppError} from '../errors.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {cniVersions, type CniDns, type CniResult, type CniVersion} from '../model/cni.ts';
import {toVfMac, type Mac} from '../model/mac.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import {riskNames, type RiskName} from '../plan/plan.ts';
import {isContainerId, isIfname} from './cni-environment.ts';
import {cniRefusal} from './cni-error.ts';
import {parseCniDns, parseCniResult} from './cni-result.ts';

/** What every command needs of a configuration. */
export interface CniNetwork {
	readonly version: CniVersion;
	readonly name: string;
	/** Program of the IPAM plugin, or null. */
	readonly ipam: string | null;
	readonly log: {readonly level: CniLogLevel; readonly file: string | null};
	readonly prevResult: CniResult | null;
	/** cni.dev/valid-attachments, for GC; null when it is missing. */
	readonly validAttachments: ReadonlyArray<{containerId: string; ifname: string}> | null;
}

/** What ADD and CHECK make of the VF. */
export interface CniVfConfig {
	/** The VF that the runtime chose. */
	readonly deviceId: Bdf | null;
	/** PF to take the first free VF of, when the runtime chose none. */
	readonly pf: string | null;
	readonly mac: Mac | null;
	readonly settings: Omit<VfSettingsPart, 'mac'>;
	readonly dns: CniDns;
	readonly acceptedRisks: readonly RiskName[];
}

export const cniLogLevels = ['panic', 'error', 'warning', 'info', 'debug'] as const;

export type CniLogLevel = (typeof cniLogLevels)[number];

/** More than any configuration has, with the results of a long chain in it. */
export const longestCniConfig = 1024 * 1024;

const text = v.pipe(v.string(), v.maxLength(4096));
const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
// Templates leave "" and null where nothing is wanted, and sriov-cni takes both for that.
const optional = <S extends v.GenericSchema>(schema: S) => v.nullish(schema);
const orEmpty = <const T extends string>(...values: readonly T[]) => v.nullish(v.picklist([...values, '' as const]));

const networkSchema = v.object({
	name: text,
	type: optional(text),
	ipam: optional(v.object({type: optional(text)})),
	logLevel: orEmpty(...cniLogLevels),
	logFile: optional(text),
	prevResult: optional(v.record(v.string(), v.unknown())),
	'cni.dev/valid-attachments': optional(v.pipe(v.array(v.object({containerID: text, ifname: text})), v.maxLength(65_536))),
});

const vfSchema = v.object({
	deviceID: optional(text),
	pf: optional(text),
	mac: optional(text),
	vlan: optional(whole(4094)),
	vlanQoS: optional(whole(7)),
	vlanProto: optional(v.pipe(text, v.toLowerCase(), v.picklist(['802.1q', '802.1ad']))),
	min_tx_rate: optional(whole(0x7F_FF_FF_FF)),
	max_tx_rate: optional(whole(0x7F_FF_FF_FF)),
	spoofchk: orEmpty('on', 'off'),
	trust: orEmpty('on', 'off'),
	link_state: orEmpty('auto', 'enable', 'disable'),
	runtimeConfig: optional(v.object({mac: optional(text), deviceID: optional(text)})),
	acceptRisk: optional(v.array(v.picklist(Object.keys(riskNames) as RiskName[]))),
});

/** The document as JSON; throws BAD_CNI. */
export function parseCniJson(document: string): Record<string, unknown> {
	if (document.length > longestCniConfig) {
		throw cniRefusal('undecodable', 'the network configuration is too long', {why: `more than ${longestCniConfig / 1024} KiB came`});
	}

	let value: unknown;
	try {
		value = JSON.parse(document);
	} catch (error) {
		throw cniRefusal('undecodable', 'the network configuration is not JSON', {why: (error as Error).message.slice(0, 200), cause: error});
	}

	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw cniRefusal('undecodable', 'the network configuration is not a JSON object', {fix: 'give the configuration of one plugin on standard input, not a list'});
	}

	return value as Record<string, unknown>;
}

/** cniVersion; throws BAD_CNI with the code for an incompatible version. */
export function parseCniVersion(value: Readonly<Record<string, unknown>>): CniVersion {
	const wanted = value['cniVersion'];
	const version = cniVersions.find(known => known === wanted);
	if (version === undefined) {
		throw cniRefusal('incompatibleVersion', typeof wanted === 'string' ? `CNI version '${wanted.slice(0, 20)}' is not supported` : 'the configuration has no cniVersion', {
			why: `supported are ${cniVersions.join(', ')}`,
			fix: `"cniVersion": "${cniVersions.at(-1)}"`,
		});
	}

	return version;
}

/** What every command needs; throws BAD_CNI. */
export function parseCniNetwork(value: Readonly<Record<string, unknown>>): CniNetwork {
	const version = parseCniVersion(value);
	const {name, ipam, logLevel, logFile, prevResult, 'cni.dev/valid-attachments': valid} = parse(networkSchema, value);
	if (!isContainerId(name)) {
		throw wrong('name', 'it must begin with a letter or digit and have only letters, digits, _, . and - after it');
	}

	const type = ipam?.type || null;
	if (type !== null && !/^[a-z\d][\w.-]{0,254}$/i.test(type)) {
		throw wrong('ipam.type', 'it must be the name of a program, without a path');
	}

	const file = logFile || null;
	if (file !== null && !/^\/(?!.*\/\.\.?(?:\/|$))[^\0]+[^/\0]$/.test(file)) {
		throw wrong('logFile', 'it must be the absolute path of a file');
	}

	return {
		version, name, ipam: type,
		log: {level: logLevel || 'info', file},
		prevResult: prevResult ? parseCniResult(prevResult, why => wrong('prevResult', why)) : null,
		validAttachments: valid?.map(({containerID, ifname}) => ({containerId: containerID, ifname})) ?? null,
	};
}

/** What ADD and CHECK make of the VF. `macOfCall` is MAC= of CNI_ARGS: above `mac`, below
 * runtimeConfig, as in sriov-cni. Throws BAD_CNI or BAD_MAC. */
export function parseCniVfConfig(value: Readonly<Record<string, unknown>>, macOfCall: Mac | null): CniVfConfig {
	const config = parse(vfSchema, value);
	const device = config.runtimeConfig?.deviceID || config.deviceID || null;
	const bdf = device === null ? null : parseBdf(device);
	if (bdf === undefined) {
		throw wrong('deviceID', 'it must be the PCI address of a VF, such as 0000:03:02.0');
	}

	if (bdf === null && !config.pf) {
		throw wrong('deviceID', 'neither the runtime nor the configuration names a VF', 'have the device plugin hand over deviceID, or name a PF: "pf": "ens6f1"');
	}

	const mac = config.runtimeConfig?.mac || macOfCall || config.mac || null;
	const {dns} = value;
	return {
		deviceId: bdf,
		pf: config.pf || null,
		mac: mac === null ? null : toVfMac(mac),
		settings: settingsOf(config),
		dns: dns === undefined || dns === null ? {} : parseCniDns(dns, why => wrong('dns', why)),
		acceptedRisks: config.acceptRisk ?? [],
	};
}

/** cni.dev/valid-attachments of GC: without the key everything would be garbage. */
export function requireValidAttachments({validAttachments}: CniNetwork): NonNullable<CniNetwork['validAttachments']> {
	if (validAttachments === null) {
		throw wrong('cni.dev/valid-attachments', 'GC needs the list of what is to stay', 'call GC through the runtime, which adds it');
	}

	const strange = validAttachments.find(({containerId, ifname}) => !isContainerId(containerId) || !isIfname(ifname));
	if (strange !== undefined) {
		throw wrong('cni.dev/valid-attachments', 'an entry of it is no container id with an interface');
	}

	return validAttachments;
}

function settingsOf(config: v.InferOutput<typeof vfSchema>): Omit<VfSettingsPart, 'mac'> {
	const {vlan, vlanQoS, vlanProto, min_tx_rate: min, max_tx_rate: max, spoofchk, trust, link_state: linkState} = config;
	// As sriov-cni: priority and protocol belong to a tag.
	if ((vlanQoS ?? 0) !== 0 && !vlan) {
		throw wrong('vlanQoS', 'a priority needs a VLAN: set vlan to 1-4094');
	}

	if (vlanProto === '802.1ad' && !vlan) {
		throw wrong('vlanProto', '802.1ad needs a VLAN: set vlan to 1-4094');
	}

	return {
		...(typeof vlan === 'number' ? {vlan, qos: vlanQoS ?? 0, vlanProto: vlanProto ?? '802.1q'} : {}),
		...(typeof min === 'number' ? {minTxRateMbps: min} : {}),
		...(typeof max === 'number' ? {maxTxRateMbps: max} : {}),
		...(spoofchk ? {spoofchk: spoofchk === 'on'} : {}),
		...(trust ? {trust: trust === 'on'} : {}),
		...(linkState ? {linkState} : {}),
	};
}

function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
	const result = v.safeParse(schema, value);
	if (!result.success) {
		const [issue] = result.issues;
		throw wrong(v.getDotPath(issue) ?? 'it', issue.message);
	}

	return result.output;
}

function wrong(key: string, why: string, fix?: string): AppError {
	return cniRefusal('invalidConfig', `'${key.slice(0, 80)}' of the network configuration is not valid`, {why: why.slice(0, 300), ...(fix === undefined ? {} : {fix})});
}
