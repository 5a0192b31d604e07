// A rule as ethtool reads it from the command line and prints it (rxclass.c of ethtool 6.14): a
// value and an inverted mask for each field of the flow.
import {parseAddress} from '../model/ip.ts';
import {parseMac} from '../model/mac.ts';
import type {FlowType} from '../model/steer-rule.ts';

export interface Field {
	value: string;
	/** Bits that are set do not matter. */
	mask: bigint;
	/** All bits of the field. */
	all: bigint;
}

export interface Spec {
	flow: FlowType;
	location: number;
	cookie: bigint;
	/** Fields that were named, by the title they are printed under. */
	fields: Map<string, Field>;
	/** FLOW_EXT: VLAN tag or user-defined data were named. */
	extended: boolean;
}

export const flowTitles: Readonly<Record<FlowType, string>> = {
	ether: 'Raw Ethernet', ip4: 'Raw IPv4', tcp4: 'TCP over IPv4', udp4: 'UDP over IPv4', sctp4: 'SCTP over IPv4',
	ip6: 'Raw IPv6', tcp6: 'TCP over IPv6', udp6: 'UDP over IPv6', sctp6: 'SCTP over IPv6',
};

type Kind = 'ip4' | 'ip6' | 'mac' | 'decimal' | 'hex' | 'HEX';

interface Column {
	title: string;
	/** Word on the command line. */
	word: string;
	kind: Kind;
	bits: number;
}

const column = (title: string, word: string, kind: Kind, bits: number): Column => ({title, word, kind, bits});

const extension = [column('VLAN EtherType', 'vlan-etype', 'hex', 16), column('VLAN', 'vlan', 'hex', 16), column('User-defined', 'user-def', 'hex', 64)];
const destinationMac = column('Dest MAC addr', 'dst-mac', 'mac', 48);

function columnsOf(flow: FlowType): Column[] {
	if (flow === 'ether') {
		return [column('Src MAC addr', 'src', 'mac', 48), column('Dest MAC addr', 'dst', 'mac', 48), column('Ethertype', 'proto', 'HEX', 16)];
	}

	const six = flow.endsWith('6');
	const [kind, bits] = six ? ['ip6', 128] as const : ['ip4', 32] as const;
	return [
		column('Src IP addr', 'src-ip', kind, bits), column('Dest IP addr', 'dst-ip', kind, bits),
		six ? column('Traffic Class', 'tclass', 'hex', 8) : column('TOS', 'tos', 'hex', 8),
		...flow.startsWith('ip')
			? [column('Protocol', 'l4proto', 'decimal', 8), column('L4 bytes', 'l4data', 'hex', 32)]
			: [column('Src port', 'src-port', 'decimal', 16), column('Dest port', 'dst-port', 'decimal', 16)],
	];
}

/** The words after `flow-type`, or what ethtool complains about. A location below 0 is any. */
export function parseSpec([flowWord = '', ...words]: readonly string[]): Spec | {complaint: string} {
	if (!Object.hasOwn(flowTitles, flowWord)) {
		return {complaint: 'Add rule, invalid syntax'};
	}

	const flow = flowWord as FlowType;
	const columns = [...columnsOf(flow), ...extension, ...flow === 'ether' ? [] : [destinationMac]];
	const spec: Spec = {flow, location: -1, cookie: 0n, fields: new Map(), extended: false};
	for (let at = 0; at < words.length; at += 2) {
		const [word = '', value = ''] = words.slice(at, at + 2);
		const named = columns.find(candidate => candidate.word === word);
		if (named !== undefined) {
			const [next = '', mask = ''] = words.slice(at + 2, at + 4);
			const masked = next === 'm' || next === `${word}-mask`;
			const all = (1n << BigInt(named.bits)) - 1n;
			const bits = masked ? numberOf(named.kind, mask) : 0n;
			if (numberOf(named.kind, value) === undefined || numberOf(named.kind, value)! > all || bits === undefined) {
				return {complaint: `Invalid ${word} ${bits === undefined ? `mask[${mask}]` : `value[${value}]`}`};
			}

			spec.fields.set(named.title, {value: shown(named, value), mask: bits, all});
			spec.extended ||= extension.includes(named);
			at += masked ? 2 : 0;
		} else if (word === 'loc' && /^\d+$/.test(value)) {
			spec.location = Number(value);
		} else if (word === 'action' && /^-?\d+$/.test(value)) {
			spec.cookie = BigInt.asUintN(64, BigInt(value));
		} else if (word === 'vf' && /^\d{1,3}$/.test(value)) {
			spec.cookie |= BigInt(Number(value) + 1) << 32n;
		} else if (word === 'queue' && /^\d+$/.test(value)) {
			spec.cookie |= BigInt(value);
		} else {
			return {complaint: ['loc', 'action', 'vf', 'queue'].includes(word) ? `Invalid ${word} value[${value}]` : `Add rule, unrecognized option[${word}]`};
		}
	}

	return spec;
}

/** What `ethtool -n` prints of a rule, but for its location and what it does. */
export function fieldLines({flow, fields}: Spec, {extended}: {extended: boolean}): string[] {
	const line = (one: Column, turn = (mask: bigint) => mask) => {
		const {value, mask} = fields.get(one.title) ?? {value: empty(one), mask: (1n << BigInt(one.bits)) - 1n};
		return `${one.title}: ${value} mask: ${maskText(one, turn(mask))}`;
	};

	return [
		`${flow === 'ether' ? 'Flow' : 'Rule'} Type: ${flowTitles[flow]}`,
		...columnsOf(flow).map(one => line(one)),
		...extended ? extension.map(one => line(one)) : [],
		// The one mask that is printed as the kernel has it (rxclass_print_nfc_spec_ext).
		...flow !== 'ether' && fields.has(destinationMac.title) ? [line(destinationMac, mask => mask ^ ((1n << 48n) - 1n))] : [],
	];
}

/** The masks of printed lines, and whether the protocol is compared. */
export function maskOf(lines: readonly string[], protocol: boolean): string {
	const masks = lines.flatMap(line => /^(.*?): .* mask: (.*)$/.exec(line)?.slice(1).join(' ') ?? []);
	// Raw flows print other fields than ports; what is not compared does not count.
	return [protocol ? 'protocol' : '', ...masks.filter(mask => !/ (?:0x(?:ff)+|255\.255\.255\.255|ffff(?::ffff){7})$/.test(mask))].join(';');
}

function numberOf(kind: Kind, text: string): bigint | undefined {
	switch (kind) {
		case 'ip4':
		case 'ip6': {
			const parsed = parseAddress(text);
			return parsed === undefined || `ip${parsed.family}` !== kind ? undefined : kind === 'ip4'
				? BigInt(`0x${parsed.address.split('.').map(part => Number(part).toString(16).padStart(2, '0')).join('')}`)
				: BigInt(`0x${wide(parsed.address).map(group => group.padStart(4, '0')).join('')}`);
		}

		case 'mac': {
			const mac = parseMac(text);
			return mac === undefined ? undefined : BigInt(`0x${mac.replaceAll(':', '')}`);
		}

		default: {
			return /^(?:\d{1,20}|0x[\da-f]{1,16})$/i.test(text) ? BigInt(text) : undefined;
		}
	}
}

function wide(address: string): string[] {
	const [front = '', back] = address.split('::').map(part => part === '' ? [] : part.split(':')) as [string[], string[] | undefined] | string[][];
	const [first, last] = [front as string[], (back ?? []) as string[]];
	return back === undefined ? first : [...first, ...Array.from({length: 8 - first.length - last.length}, () => '0'), ...last];
}

function shown({kind}: Column, text: string): string {
	switch (kind) {
		case 'mac': {
			return text.toUpperCase();
		}

		case 'ip4':
		case 'ip6': {
			return parseAddress(text)?.address ?? text;
		}

		case 'decimal': {
			return String(BigInt(text));
		}

		case 'hex': {
			return `0x${BigInt(text).toString(16)}`;
		}

		case 'HEX': {
			return `0x${BigInt(text).toString(16).toUpperCase()}`;
		}
	}
}

function empty({kind}: Column): string {
	return {mac: '00:00:00:00:00:00', ip4: '0.0.0.0', ip6: '::', decimal: '0', hex: '0x0', HEX: '0x0'}[kind];
}

function maskText({kind}: Column, mask: bigint): string {
	const digits = (count: number) => mask.toString(16).padStart(count, '0');
	switch (kind) {
		case 'mac': {
			return digits(12).toUpperCase().replaceAll(/..(?=.)/g, '$&:');
		}

		case 'ip4': {
			return [...digits(8).matchAll(/../g)].map(([pair]) => Number.parseInt(pair, 16)).join('.');
		}

		case 'ip6': {
			return parseAddress([...digits(32).matchAll(/..../g)].map(([group]) => group).join(':'))?.address ?? '::';
		}

		case 'HEX': {
			return `0x${mask.toString(16).toUpperCase()}`;
		}

		default: {
			return `0x${mask.toString(16)}`;
		}
	}
}
