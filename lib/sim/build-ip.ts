// What `ip` answers on a synthetic host.
import type {RecordedCommand} from '../record/record.ts';
import {jsonLines} from '../record/json-lines.ts';
import {addressList, linkList} from './ip-show.ts';
import type {Machine} from './machine.ts';

export interface IpFacts {
	/** Addresses in CIDR notation by interface. */
	addresses: ReadonlyMap<string, readonly string[]>;
	routes: ReadonlyArray<Record<string, unknown>>;
	/** linkinfo of software interfaces, and `link` of VLANs. */
	kinds: ReadonlyMap<string, Record<string, unknown>>;
}

/** The four queries that vfctl makes. */
export function ipCommands(machine: Machine, {addresses, routes, kinds}: IpFacts): RecordedCommand[] {
	const links = linkList(machine).map(link => {
		const name = String(link['ifname']);
		const master = machine.tree.link(`/sys/class/net/${name}/master`)?.split('/').at(-1);
		const {link: parent, ...linkinfo} = kinds.get(name) ?? {};
		const {parentbus, parentdev, vfinfo_list: vfs, ...plain} = link;
		return {
			...plain,
			...(parent === undefined ? {} : {link: parent}),
			...(master === undefined ? {} : {master}),
			...(kinds.has(name) ? {linkinfo} : {}),
			...(parentdev === undefined ? {} : {parentbus, parentdev}),
			...(vfs === undefined ? {} : {vfinfo_list: vfs}),
			...(name === 'lo' ? {flags: ['LOOPBACK', 'UP', 'LOWER_UP'], qdisc: 'noqueue'} : {}),
		};
	});
	const addressed = addressList(machine).map(link => ({
		...link,
		...(link['ifname'] === 'lo' ? {flags: ['LOOPBACK', 'UP', 'LOWER_UP'], qdisc: 'noqueue'} : {}),
		addr_info: (link['ifname'] === 'lo' ? ['127.0.0.1/8', '::1/128'] : addresses.get(String(link['ifname'])) ?? []).map(cidr => addressInfo(cidr, String(link['ifname']))),
	}));
	const answer = (argv: readonly string[], list: readonly unknown[]): RecordedCommand => ({argv, code: 0, stdout: jsonLines(list), stderr: ''});
	return [
		answer(['ip', '-j', '-d', 'link', 'show'], links),
		answer(['ip', '-j', 'addr', 'show'], addressed),
		answer(['ip', '-j', 'route', 'show'], routes.filter(route => !isIpv6(route))),
		answer(['ip', '-j', '-6', 'route', 'show'], routes.filter(route => isIpv6(route))),
	];
}

function isIpv6({dst, gateway}: Record<string, unknown>): boolean {
	return `${String(dst)} ${String(gateway)}`.includes(':');
}

function addressInfo(cidr: string, name: string): Record<string, unknown> {
	const [local = '', length = '24'] = cidr.split('/');
	const family = local.includes(':') ? 'inet6' : 'inet';
	const scope = name === 'lo' ? 'host' : local.startsWith('fe80:') ? 'link' : 'global';
	return {family, local, prefixlen: Number(length), scope, label: name, valid_life_time: 4_294_967_295, preferred_life_time: 4_294_967_295};
}
