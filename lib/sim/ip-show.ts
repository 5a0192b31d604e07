// The JSON of `ip -j -d link show` and `ip -j addr show` (iproute2
// ip/ipaddress.c): what the record says for interfaces that the simulation does not change,
// and its own facts for flags, addresses and VFs.
import type {Bdf} from '../model/bdf.ts';
import {parseJsonList} from '../record/json-lines.ts';
import {driverOf} from './machine.ts';
import type {Json, Machine, VfState} from './machine.ts';
import {bdfOfNetdev} from './machine.ts';
import {hasCarrier, isUp} from './netdevs.ts';
import {vfSupport} from './vf-settings.ts';

/** Recorded output of a command as a list, or an empty list. */
export function recordedList(machine: Machine, argv: readonly string[]): Json[] {
	return parseJsonList(machine.record.commands.find(one => one.argv.join('\0') === argv.join('\0'))?.stdout ?? '[]') ?? [];
}

/** Interfaces in index order. */
export function netdevNames(machine: Machine): string[] {
	const index = (name: string) => Number(machine.tree.value(`/sys/class/net/${name}/ifindex`));
	return machine.tree.list('/sys/class/net').filter(name => machine.tree.exists(`/sys/class/net/${name}/ifindex`)).toSorted((a, b) => index(a) - index(b));
}

/** `ip -j -d link show`. */
export function linkList(machine: Machine): Json[] {
	const recorded = recordedList(machine, ['ip', '-j', '-d', 'link', 'show']);
	return netdevNames(machine).map(name => {
		const {vfinfo_list: _, ...known} = recorded.find(one => one['ifname'] === name) ?? baseLink(machine, name);
		const bdf = bdfOfNetdev(machine, name);
		const vfs = bdf === undefined ? undefined : machine.vfStates.get(bdf);
		return {
			...known,
			...changingFacts(machine, name, known['flags']),
			...(bdf === undefined ? {} : {parentbus: 'pci', parentdev: bdf}),
			...(bdf !== undefined && vfs && vfs.length > 0 ? {vfinfo_list: vfs.map((state, index) => vfInfo(machine, bdf, index, state))} : {}),
		};
	});
}

/** `ip -j addr show`. */
export function addressList(machine: Machine): Json[] {
	const recorded = recordedList(machine, ['ip', '-j', 'addr', 'show']);
	return netdevNames(machine).map(name => {
		const known: Json = recorded.find(one => one['ifname'] === name) ?? {...baseLink(machine, name), addr_info: []};
		const addresses = machine.addresses.get(name) ?? (Array.isArray(known['addr_info']) ? known['addr_info'] as Json[] : []);
		return {...known, addr_info: addresses, ...changingFacts(machine, name, known['flags']), ...machine.withoutIpv6.has(name) ? {addr_info: addresses.filter(({family}) => family !== 'inet6')} : {}};
	});
}

function baseLink(machine: Machine, name: string): Json {
	const value = (attribute: string) => machine.tree.value(`/sys/class/net/${name}/${attribute}`);
	return {
		ifindex: Number(value('ifindex')),
		ifname: name,
		flags: [],
		mtu: Number(value('mtu')),
		qdisc: 'mq',
		operstate: 'DOWN',
		linkmode: 'DEFAULT',
		group: 'default',
		txqlen: 1000,
		link_type: name === 'lo' ? 'loopback' : 'ether',
		address: value('address'),
		broadcast: value('broadcast') || 'ff:ff:ff:ff:ff:ff',
	};
}

function changingFacts(machine: Machine, name: string, knownFlags: unknown): Json {
	const other = (Array.isArray(knownFlags) ? knownFlags : ['BROADCAST', 'MULTICAST']).filter(flag => !['UP', 'LOWER_UP', 'NO-CARRIER'].includes(String(flag)));
	const up = isUp(machine, name);
	const carrier = name === 'lo' ? up : hasCarrier(machine, name);
	const state = machine.tree.value(`/sys/class/net/${name}/operstate`);
	return {
		ifindex: Number(machine.tree.value(`/sys/class/net/${name}/ifindex`)),
		flags: [...(up && !carrier ? ['NO-CARRIER'] : []), ...other, ...(up ? ['UP'] : []), ...(carrier ? ['LOWER_UP'] : [])],
		mtu: Number(machine.tree.value(`/sys/class/net/${name}/mtu`)),
		operstate: state.toUpperCase(),
		address: machine.tree.value(`/sys/class/net/${name}/address`),
	};
}

// print_vfinfo: vlan_list is [{}] without a VLAN, protocol absent for 802.1Q, tx_rate only when
// not zero, and what the driver does not tell is absent (field.md 3.8).
function vfInfo(machine: Machine, pf: Bdf, index: number, state: VfState): Json {
	const can = vfSupport(machine, pf);
	const vlan = state.vlan === 0 && state.qos === 0
		? {}
		: {vlan: state.vlan, ...(state.qos === 0 ? {} : {qos: state.qos}), ...(state.proto === '802.1ad' ? {protocol: '802.1ad'} : {})};
	return {
		vf: index,
		link_type: 'ether',
		address: state.mac,
		broadcast: 'ff:ff:ff:ff:ff:ff',
		vlan_list: [vlan],
		...(state.maxTxRate === 0 ? {} : {tx_rate: state.maxTxRate}),
		rate: {max_tx: state.maxTxRate, min_tx: state.minTxRate},
		...(driverOf(machine, pf) === undefined ? {} : {spoofchk: state.spoofchk}),
		// Drivers that do not tell a link state leave it 0, which is "auto" (rtnl_fill_vfinfo).
		link_state: state.linkState,
		trust: state.trust,
		...(can?.rssQuery ? {query_rss_en: false} : {}),
	};
}
