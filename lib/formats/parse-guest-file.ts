// What a file of vfctl's in a guest says. Only text that is exactly as vfctl writes it is
// understood: what somebody edited is not ours to write anew.
import * as v from 'valibot';
import {parse} from 'yaml';
import {sameGuestNetwork} from '../model/guest-ip.ts';
import type {GuestFileFormat, IpRoute} from '../model/guest-network.ts';
import {parseAddress, parsePrefix, prefixText} from '../model/ip.ts';
import type {Mac} from '../model/mac.ts';
import {failoverDriver, isIpv6, type GuestFileContent} from './guest-file-content.ts';
import {renderGuestFile} from './guest-file.ts';

/** Formats of files that vfctl writes into guests. */
export type WrittenFormat = Exclude<GuestFileFormat, 'cloud-init'>;

// None of ours comes near; what a guest hands out may be anything.
const longestText = 65_536;

/** What the file says; undefined when it is not as renderGuestFile makes it for that MAC. */
export function parseGuestFile(format: WrittenFormat, mac: Mac, text: string): GuestFileContent | undefined {
	const read = text.length > longestText ? undefined : readers[format](text);
	const content = read && {...read, mac};
	return content && isSound(content) && renderGuestFile(format, content).text === text ? content : undefined;
}

/** The text is a file of ours that says this, in whatever order. */
export function saysTheSame(format: WrittenFormat, {mac, network, failover = false}: GuestFileContent, text: string): boolean {
	const content = parseGuestFile(format, mac, text);
	return content !== undefined && content.failover === failover && sameGuestNetwork(content.network, network);
}

type Read = Omit<GuestFileContent, 'mac'>;

const readers: Record<WrittenFormat, (text: string) => Read | undefined> = {netplan: readNetplan, networkd: readNetworkd, networkmanager: readKeyfile};

const texts = v.optional(v.array(v.string()), []);
const ethernetSchema = v.object({
	match: v.object({driver: v.optional(v.string())}),
	mtu: v.optional(v.number()),
	addresses: texts,
	nameservers: v.optional(v.object({addresses: texts}), {}),
	routes: v.optional(v.array(v.object({to: v.string(), via: v.optional(v.string()), metric: v.optional(v.number())})), []),
});
const netplanSchema = v.object({network: v.object({ethernets: v.record(v.string(), ethernetSchema)})});

function readNetplan(text: string): Read | undefined {
	let data: unknown;
	try {
		data = parse(text, {maxAliasCount: 0, logLevel: 'silent'});
	} catch {
		return undefined;
	}

	const result = v.safeParse(netplanSchema, data);
	const [ethernet] = result.success ? Object.values(result.output.network.ethernets) : [];
	return ethernet && {
		network: {
			addresses: ethernet.addresses,
			routes: ethernet.routes.map(({to, via = null, metric = null}) => ({to, via, metric})),
			mtuBytes: ethernet.mtu ?? null,
			nameservers: ethernet.nameservers.addresses,
		},
		failover: ethernet.match.driver === failoverDriver,
	};
}

function readNetworkd(text: string): Read {
	const sections = iniSections(text);
	const all = (name: string, key: string) => sections.filter(one => one.name === name).flatMap(({pairs}) => valuesOf(pairs, key));
	return {
		network: {
			addresses: all('Address', 'Address'),
			routes: sections.filter(({name}) => name === 'Route').map(({pairs}) => ({
				to: valuesOf(pairs, 'Destination')[0] ?? '',
				via: valuesOf(pairs, 'Gateway')[0] ?? null,
				metric: numberOf(valuesOf(pairs, 'Metric')[0]),
			})),
			mtuBytes: numberOf(all('Link', 'MTUBytes')[0]),
			nameservers: all('Network', 'DNS'),
		},
		failover: all('Match', 'Driver').includes(failoverDriver),
	};
}

function readKeyfile(text: string): Read {
	const sections = iniSections(text);
	const pairsOf = (name: string) => sections.find(one => one.name === name)?.pairs ?? [];
	const both = [...pairsOf('ipv4'), ...pairsOf('ipv6')];
	const numbered = (kind: string) => both.filter(([key]) => key.startsWith(kind) && /^\d+$/.test(key.slice(kind.length))).map(([, value]) => value);
	return {
		network: {
			addresses: numbered('address'),
			routes: numbered('route').map(value => keyfileRoute(value)),
			mtuBytes: numberOf(valuesOf(pairsOf('ethernet'), 'mtu')[0]),
			nameservers: valuesOf(both, 'dns').flatMap(value => value.split(';').filter(one => one !== '')),
		},
		failover: valuesOf(pairsOf('match'), 'driver').includes(`${failoverDriver};`),
	};
}

function keyfileRoute(value: string): IpRoute {
	const [to = '', gateway, metric] = value.split(',');
	return {to, via: gateway === undefined || gateway === (isIpv6(to) ? '::' : '0.0.0.0') ? null : gateway, metric: numberOf(metric)};
}

type Pair = readonly [key: string, value: string];

function iniSections(text: string): Array<{name: string; pairs: Pair[]}> {
	const sections: Array<{name: string; pairs: Pair[]}> = [];
	for (const line of text.split('\n')) {
		const at = line.indexOf('=');
		if (line.startsWith('[')) {
			sections.push({name: line.slice(1, -1), pairs: []});
		} else if (at !== -1) {
			sections.at(-1)?.pairs.push([line.slice(0, at), line.slice(at + 1)]);
		}
	}

	return sections;
}

function valuesOf(pairs: readonly Pair[], wanted: string): string[] {
	return pairs.filter(([key]) => key === wanted).map(([, value]) => value);
}

function numberOf(text: string | undefined): number | null {
	return text === undefined ? null : Number(text);
}

/** All values are what they are called, in their one spelling: they come from a guest. */
function isSound({network: {addresses, routes, mtuBytes, nameservers}}: Read): boolean {
	const isPrefix = (text: string) => {
		const prefix = parsePrefix(text);
		return prefix !== undefined && prefixText(prefix) === text;
	};

	const isAddress = (text: string) => parseAddress(text)?.address === text;
	const isNumber = (value: number | null) => value === null || (Number.isSafeInteger(value) && value >= 0);
	return addresses.every(one => isPrefix(one)) && nameservers.every(one => isAddress(one)) && isNumber(mtuBytes)
		&& routes.every(({to, via, metric}) => isPrefix(to) && (via === null || isAddress(via)) && isNumber(metric));
}
