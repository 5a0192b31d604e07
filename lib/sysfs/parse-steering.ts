// The text of `ethtool -n DEV` and `ethtool -k DEV`. There is no JSON of the former ("JSON output
// not available for this subcommand", ethtool 6.14). Lines: rxclass.c of ethtool. Masks are
// printed inverted: bits that are set do not matter.
import {parseAddress, prefixText, networkOf} from '../model/ip.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import type {FlowType, SteerMatch, SteerRule, SteerTarget} from '../model/steer-rule.ts';
import type {Feature, SteerEntry} from '../model/steering.ts';

const flowOfTitle: Readonly<Record<string, FlowType>> = {
	'Raw Ethernet': 'ether',
	'Raw IPv4': 'ip4', 'TCP over IPv4': 'tcp4', 'UDP over IPv4': 'udp4', 'SCTP over IPv4': 'sctp4',
	'Raw IPv6': 'ip6', 'TCP over IPv6': 'tcp6', 'UDP over IPv6': 'udp6', 'SCTP over IPv6': 'sctp6',
};

/** The flag as `ethtool -k` shows it (`ntuple-filters: off [fixed]`), or null. */
export function parseFeature(text: string, name: string): Feature | null {
	const found = text.split('\n').map(line => /^\s*([\w-]+): (on|off)(?: \[(fixed|requested on|requested off)\])?\s*$/.exec(line)).find(match => match?.[1] === name);
	return found ? {on: found[2] === 'on', fixed: found[3] === 'fixed'} : null;
}

/** "16 RX rings available", or null. */
export function parseRings(text: string): number | null {
	const count = /^(\d{1,6}) RX rings available$/m.exec(text)?.[1];
	return count === undefined ? null : Number(count);
}

/** Every rule that is listed. */
export function parseRules(text: string): SteerEntry[] {
	return text.split(/^(?=Filter: )/m).flatMap(block => {
		const [head = '', ...rest] = block.split('\n');
		const location = /^Filter: (\d{1,10})\s*$/.exec(head)?.[1];
		const lines = rest.map(line => line.trim()).filter(line => line !== '');
		return location === undefined ? [] : [{location: Number(location), rule: parseRule(lines) ?? null, lines}];
	});
}

/** How many rules ethtool says that there are, or null. */
export function parseTotal(text: string): number | null {
	const count = /^Total (\d{1,6}) rules?$/m.exec(text)?.[1];
	return count === undefined ? null : Number(count);
}

type Part = Partial<SteerMatch> | undefined;

/** Undefined for a rule with a line that is not understood, or that no SteerRule can say. */
function parseRule(lines: readonly string[]): SteerRule | undefined {
	let flow: FlowType | undefined;
	let target: SteerTarget | undefined;
	const match: Partial<SteerMatch> = {};
	for (const line of lines) {
		// Rules to an RSS context are not ours; ethtool has told them in three ways.
		const [, name = '', value = ''] = /^([\w .-]+): (.*)$/.exec(line) ?? [];
		if (/^(?:Rule|Flow) Type$/.test(name)) {
			flow = Object.hasOwn(flowOfTitle, value.trim()) ? flowOfTitle[value.trim()] : undefined;
			continue;
		}

		if (name === 'Action') {
			target = parseTarget(value.trim());
			continue;
		}

		const part = parseField(name, value.trim(), flow);
		if (part === undefined) {
			return undefined;
		}

		Object.assign(match, part);
	}

	return flow === undefined || target === undefined ? undefined : tidy({...match, flow, target});
}

// ETHTOOL_RX_FLOW_SPEC_RING_VF_OFF: ethtool before 4.1 prints the ring_cookie as one number.
const vfShift = 32n;

function parseTarget(text: string): SteerTarget | undefined {
	if (text === 'Drop') {
		return {kind: 'drop'};
	}

	const vf = /^Direct to VF (\d{1,5}) queue (\d{1,5})$/.exec(text);
	if (vf) {
		return {kind: 'vf', vf: Number(vf[1]), queue: Number(vf[2])};
	}

	const cookie = /^Direct to queue (\d{1,20})$/.exec(text)?.[1];
	if (cookie === undefined) {
		return undefined;
	}

	const [ring, index] = [Number(BigInt(cookie) & 0xFF_FF_FF_FFn), Number((BigInt(cookie) >> vfShift) & 0xFFn)];
	return index === 0 ? {kind: 'queue', queue: ring} : {kind: 'vf', vf: index - 1, queue: ring};
}

const fields: Readonly<Record<string, (value: string, mask: string) => Part>> = {
	'Src IP addr': (value, mask) => ip('sourceIp', value, mask),
	'Dest IP addr': (value, mask) => ip('destinationIp', value, mask),
	'Src port': (value, mask) => number('sourcePort', value, mask, 0xFF_FF),
	'Dest port': (value, mask) => number('destinationPort', value, mask, 0xFF_FF),
	'Src MAC addr': (value, mask) => mac('sourceMac', value, mask),
	'Dest MAC addr': (value, mask) => mac('destinationMac', value, mask),
	Ethertype: (value, mask) => number('etherType', value, mask, 0xFF_FF),
	VLAN: (value, mask) => vlan(value, mask),
	TOS: (_, mask) => ignored(mask, 0xFFn),
	'Traffic Class': (_, mask) => ignored(mask, 0xFFn),
	Protocol: (_, mask) => ignored(mask, 0xFFn),
	'L4 bytes': (_, mask) => ignored(mask, 0xFF_FF_FF_FFn),
	'User-defined': (_, mask) => ignored(mask, 0xFF_FF_FF_FF_FF_FF_FF_FFn),
	// i40e shows the type of the tag that every VLAN rule of it has.
	'VLAN EtherType': (value, mask) => value === '0x8100' && mask === '0x0' ? {} : ignored(mask, 0xFF_FFn),
};

function parseField(name: string, text: string, flow: FlowType | undefined): Part {
	// The type is the first line. A destination MAC beside IP is an extension, whose mask alone is
	// printed as it is (rxclass_print_nfc_spec_ext).
	const [value, printed] = text.split(/ mask: /);
	const mask = name === 'Dest MAC addr' && flow !== 'ether' ? printed && turned(printed) : printed;
	const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
	return field === undefined || value === undefined || mask === undefined ? undefined : field(value.trim(), mask.trim());
}

function ignored(mask: string, all: bigint): Part {
	return hex(mask) === all ? {} : undefined;
}

function number(name: 'sourcePort' | 'destinationPort' | 'etherType', value: string, mask: string, all: number): Part {
	const [seen, bits] = [hex(value), hex(mask)];
	return bits === BigInt(all) ? {} : bits === 0n && seen !== undefined && seen <= BigInt(all) ? {[name]: Number(seen)} : undefined;
}

function mac(name: 'sourceMac' | 'destinationMac', value: string, mask: string): Part {
	const seen: Mac | undefined = parseMac(value);
	return /^FF(?::FF){5}$/i.test(mask) ? {} : /^00(?::00){5}$/.test(mask) && seen !== undefined ? {[name]: seen} : undefined;
}

/** A MAC's mask with every bit turned over. */
function turned(mask: string): string {
	return mask.replaceAll(/[\da-f]/gi, digit => (0xF ^ Number.parseInt(digit, 16)).toString(16).toUpperCase());
}

function ip(name: 'sourceIp' | 'destinationIp', value: string, mask: string): Part {
	const [seen, wildcard] = [parseAddress(value), parseAddress(mask)];
	if (seen === undefined || wildcard?.family !== seen.family) {
		return undefined;
	}

	const length = prefixLength(wildcard);
	return length === undefined ? undefined : length === 0 ? {} : {[name]: prefixText(networkOf({...seen, length}))};
}

/** Leading bits that a wildcard mask leaves out; undefined when they are not all in front. */
function prefixLength({family, address}: {family: 4 | 6; address: string}): number | undefined {
	const bits = family === 4
		? address.split('.').map(part => Number(part).toString(2).padStart(8, '0')).join('')
		: groups(address).map(part => part.toString(2).padStart(16, '0')).join('');
	return /^0*1*$/.test(bits) ? bits.replace(/1+$/, '').length : undefined;
}

/** The eight groups of an IPv6 address. */
function groups(address: string): number[] {
	const [front = '', back] = address.split('::');
	const part = (text: string) => text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16));
	const [first, last] = [part(front), back === undefined ? [] : part(back)];
	return back === undefined ? first : [...first, ...Array.from({length: 8 - first.length - last.length}, () => 0), ...last];
}

// VLAN_VID_MASK and VLAN_PRIO_MASK in linux/if_vlan.h.
const [idBits, priorityBits, dropEligible] = [0x0F_FF, 0xE0_00, 0x10_00];

function vlan(value: string, mask: string): Part {
	const [seen, free] = [hex(value), hex(mask)];
	if (seen === undefined || free === undefined || seen > 0xFF_FFn || free > 0xFF_FFn) {
		return undefined;
	}

	const [tag, compared] = [Number(seen), 0xFF_FF & ~Number(free)];
	const [ids, priorities] = [compared & idBits, compared & priorityBits];
	if (![0, idBits].includes(ids) || ![0, priorityBits].includes(priorities) || (compared & tag & dropEligible) !== 0 || (compared === dropEligible)) {
		return undefined;
	}

	return {...ids === 0 ? {} : {vlan: tag & idBits}, ...priorities === 0 ? {} : {vlanPriority: (tag & priorityBits) >> 13}};
}

/** Decimal, or hexadecimal behind 0x. */
function hex(text: string): bigint | undefined {
	return /^(?:\d{1,20}|0x[\da-f]{1,16})$/i.test(text) ? BigInt(text) : undefined;
}

/** In the order of the fields of SteerRule, so that texts can be compared. */
function tidy({flow, sourceMac, destinationMac, etherType, vlan: id, vlanPriority, sourceIp, destinationIp, sourcePort, destinationPort, target}: SteerRule): SteerRule {
	return {
		flow,
		...sourceMac === undefined ? {} : {sourceMac},
		...destinationMac === undefined ? {} : {destinationMac},
		...etherType === undefined ? {} : {etherType},
		...id === undefined ? {} : {vlan: id},
		...vlanPriority === undefined ? {} : {vlanPriority},
		...sourceIp === undefined ? {} : {sourceIp},
		...destinationIp === undefined ? {} : {destinationIp},
		...sourcePort === undefined ? {} : {sourcePort},
		...destinationPort === undefined ? {} : {destinationPort},
		target,
	};
}
