// What the host file says of VFs and of the guests that have them.
import type {IpRoute} from '../model/guest-network.ts';
import {guestFileFormats} from '../model/guest-network.ts';
import type {WantedGuest, WantedGuestNetwork, WantedGuestVf, WantedVfs} from '../model/host-file.ts';
import {compareRoutes} from '../model/host-file-order.ts';
import {parseAddress} from '../model/ip.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import {libvirtNameProblem, readAddress, readInterface, readInterfaceAddress, readMac, readNetwork, readRange} from './host-file-values.ts';
import {foreignTuningNames, readTuning, tuningKeys} from './host-file-tuning.ts';
import {shortened} from './problems.ts';
import type {Cursor, Fields} from './reader.ts';

/** What other programs call our keys: nmstate, netplan, the SR-IOV operator, `ip link`, libvirt. */
export const foreignNames: Readonly<Record<string, string>> = {
	'total-vfs': 'numVfs', sriov_numvfs: 'numVfs', 'virtual-function-count': 'numVfs', count: 'numVfs',
	'drivers-autoprobe': 'autoprobe', sriov_drivers_autoprobe: 'autoprobe', 'autoprobe-drivers': 'autoprobe',
	'mac-address': 'mac', hwaddr: 'mac', address: 'addresses', 'vlan-id': 'vlan', vlanQoS: 'qos', 'vlan-qos': 'qos', 'vlan-protocol': 'vlanProto',
	'spoof-check': 'spoofchk', 'mac-spoof-check': 'spoofchk', min_tx_rate: 'minTxRate', max_tx_rate: 'maxTxRate', rate: 'maxTxRate', 'link-state': 'linkState',
	deviceType: 'driver', pfNames: 'select', id: 'select', vfRange: 'select', rootDevices: 'select',
	destination: 'to', dst: 'to', 'next-hop-address': 'via', 'next-hop-interface': 'dev', device: 'dev', interface: 'dev',
	gateway4: 'gateway', gateway6: 'gateway', dns: 'nameservers', 'dns-resolver': 'nameservers', mtuBytes: 'mtu',
	hostname: 'name', 'ip-address': 'ip', interfaces: 'pfs', networks: 'pools', leases: 'dhcp', domains: 'guests', vms: 'guests', resourceName: 'pool', device_id: 'vf',
};

const settingKeys = ['vlan', 'qos', 'vlanProto', 'spoofchk', 'trust', 'minTxRate', 'maxTxRate', 'linkState'] as const;

type SettingKey = (typeof settingKeys)[number];

/** One entry of `vfs`; a list in `select` gives several. */
export function readVfs(cursor: Cursor): WantedVfs[] {
	const fields = cursor.fields(['select', 'mac', ...settingKeys, 'driver', ...tuningKeys], {...foreignNames, ...foreignTuningNames});
	if (!fields) {
		return [];
	}

	const ranges = fields.need('select', 'it says which VFs are meant, such as ens1f0#0-3')?.itemsOrOne('VFs').map(item => readRange(item)) ?? [];
	const mac = readMac(fields.get('mac'));
	const driver = fields.get('driver')?.parsed('a driver, or host', name => name);
	if (driver !== undefined && !/^[\w-]{1,60}$/.test(driver)) {
		fields.get('driver')!.refuse(`'${shortened(driver)}' is no driver`, 'it must be the name of a driver such as vfio-pci, or host for the one that the kernel chooses');
	}

	const count = ranges.reduce((sum, range) => sum + (range?.indexes.length ?? 1), 0);
	if (mac !== undefined && count > 1) {
		fields.get('mac')!.refuse(`one MAC address for ${count} VFs`, 'each VF has its own', 'select one VF for each MAC address');
	}

	if (fields.get('select')?.node.kind === 'list' && ranges.length === 0) {
		fields.get('select')!.refuse('no VF is named', 'it must name at least one');
	}

	const settings = {...(mac === undefined ? {} : {mac}), ...readSettings(fields)};
	const tuning = readTuning(fields);
	return ranges.filter(range => range !== undefined).map(select => ({select, settings, ...(driver === undefined ? {} : {driver}), ...tuning}));
}

/** Settings other than the MAC. A VLAN of 0 is none, and takes its priority with it.
 * `names`: the keys where they are called otherwise. */
export function readSettings(fields: Fields, names: Readonly<Partial<Record<SettingKey, string>>> = {}): Omit<VfSettingsPart, 'mac'> {
	const settings: VfSettingsPart = {};
	const nameOf = (key: SettingKey) => names[key] ?? key;
	const get = (key: SettingKey) => fields.get(nameOf(key));
	const set = <Key extends keyof VfSettingsPart>(key: Key, value: VfSettingsPart[Key]) => {
		if (value !== undefined) {
			settings[key] = value;
		}
	};
	set('vlan', get('vlan')?.whole(0, 4094, 'a VLAN'));
	set('qos', get('qos')?.whole(0, 7, 'a VLAN priority'));
	set('vlanProto', get('vlanProto')?.word(['802.1q', '802.1ad'] as const, 'the protocol of the VLAN tag'));
	set('trust', get('trust')?.flag('whether the VF may set promiscuous mode and its own MAC'));
	set('minTxRateMbps', get('minTxRate')?.whole(0, 1_000_000, 'a rate in Mbit/s'));
	set('maxTxRateMbps', get('maxTxRate')?.whole(0, 1_000_000, 'a rate in Mbit/s'));
	set('linkState', get('linkState')?.word(['auto', 'enable', 'disable'] as const, 'the link that the VF sees'));
	set('spoofchk', get('spoofchk')?.flag('whether frames with a foreign source MAC are dropped'));
	if (!get('vlan') && ((settings.qos ?? 0) > 0 || settings.vlanProto === '802.1ad')) {
		const key = (settings.qos ?? 0) > 0 ? 'qos' : 'vlanProto';
		get(key)!.refuse(`${nameOf(key)} without ${nameOf('vlan')}`, 'it is part of the VLAN tag', `add ${nameOf('vlan')}`);
	}

	if (settings.vlan === 0) {
		settings.qos ??= 0;
		if (settings.qos > 0) {
			get('qos')!.refuse('a priority without a VLAN', `${nameOf('vlan')} is 0, which is none`, `give a ${nameOf('vlan')} from 1 to 4094`);
		}
	}

	const [least, most] = [settings.minTxRateMbps ?? 0, settings.maxTxRateMbps ?? 0];
	if (most > 0 && least > most) {
		get('minTxRate')!.refuse(`a minimum of ${least} Mbit/s is above the maximum of ${most} Mbit/s`, 'the VF would be guaranteed more than it may send', `lower ${nameOf('minTxRate')} or raise ${nameOf('maxTxRate')}`);
	}

	return settings;
}

/** `guests`. */
export function readGuests(cursor: Cursor | undefined): WantedGuest[] {
	return cursor?.entries('a mapping of guests by name').map(({name, value, refuseName}) => {
		const problem = libvirtNameProblem(name);
		if (problem !== undefined) {
			refuseName(`'${shortened(name)}' is no name of a guest`, problem);
		}

		const vfs = value.fields(['vfs'], foreignNames)?.get('vfs');
		return {name, ...(vfs === undefined ? {} : {vfs: vfs.items('a list of the VFs of the guest').map(item => readGuestVf(item)).filter(vf => vf !== undefined)})};
	}) ?? [];
}

function readGuestVf(cursor: Cursor): WantedGuestVf | undefined {
	const fields = cursor.fields(['vf', 'pool', 'mac', ...settingKeys, 'method', 'managed', 'failover', 'network'], foreignNames);
	if (!fields) {
		return undefined;
	}

	const source = readSource(fields);
	const mac = readMac(fields.get('mac'));
	const method = fields.get('method')?.word(['hostdev', 'interface'], 'the element of libvirt\'s XML');
	const managed = fields.get('managed')?.flag('whether libvirt binds the VF and gives it back');
	const settings = readSettings(fields);
	if (fields.get('pool')) {
		const impossible = ['method', 'managed', ...settingKeys.filter(key => key !== 'vlan')].filter(key => fields.get(key) && !(key === 'qos' && settings.qos === 0));
		for (const key of impossible) {
			fields.get(key)!.refuse(`${key} cannot be told for a VF from a pool`, 'libvirt chooses the VF when the guest starts, and sets only its MAC and VLAN', 'leave it out, or set it on the VFs of the pool: vfs');
		}
	}

	const failover = readFailover(fields.get('failover'));
	const network = fields.get('network') && readGuestNetwork(fields.get('network')!);
	return source && {
		source, settings,
		...(mac === undefined ? {} : {mac}),
		...(method === undefined ? {} : {method}),
		...(managed === undefined ? {} : {managed}),
		...(failover === undefined ? {} : {failover}),
		...(network === undefined ? {} : {network}),
	};
}

function readSource(fields: Fields): WantedGuestVf['source'] | undefined {
	const vf = fields.get('vf');
	const pool = fields.get('pool');
	if ((vf === undefined) === (pool === undefined)) {
		return fields.cursor.refuse(vf ? 'both vf and pool are there' : 'neither vf nor pool is there', 'a guest gets a VF by name, or one from a pool', vf ? 'leave one of them out' : 'add vf: PF#INDEX, or pool: NAME');
	}

	if (pool) {
		const name = readPoolName(pool);
		return name === undefined ? undefined : {pool: name};
	}

	const range = readRange(vf);
	if (range && range.indexes.length > 1) {
		return vf!.refuse(`${range.indexes.length} VFs`, 'each VF of a guest is an entry of its own', 'make an entry for each');
	}

	return range && {pf: range.pf, index: range.indexes[0]!};
}

/** The name of a pool. */
export function readPoolName(cursor: Cursor): string | undefined {
	const name = cursor.text('the name of a pool');
	const problem = name === undefined ? undefined : poolNameProblem(name);
	return problem === undefined ? name : cursor.refuse(`'${shortened(name!)}' is no name of a pool`, problem);
}

/** Why it cannot be the name of a pool, or undefined. */
export function poolNameProblem(name: string): string | undefined {
	return name === 'default' ? 'that is libvirt\'s own NAT network' : libvirtNameProblem(name);
}

function readFailover(cursor: Cursor | undefined): WantedGuestVf['failover'] {
	const fields = cursor?.fields(['network', 'bridge'], foreignNames);
	if (!fields) {
		return undefined;
	}

	const [network, bridge] = [fields.get('network'), fields.get('bridge')];
	if ((network === undefined) === (bridge === undefined)) {
		return cursor!.refuse(network ? 'both network and bridge are there' : 'neither network nor bridge is there', 'the virtio interface that stands in for the VF is on one of them');
	}

	if (bridge) {
		const name = readInterface(bridge);
		return name === undefined ? undefined : {bridge: name};
	}

	const name = network!.text('the name of a libvirt network');
	const problem = name === undefined ? undefined : libvirtNameProblem(name);
	return name === undefined ? undefined : problem === undefined ? {network: name} : network!.refuse(`'${shortened(name)}' is no name of a network`, problem);
}

function readGuestNetwork(cursor: Cursor): WantedGuestNetwork | undefined {
	const fields = cursor.fields(['addresses', 'gateway', 'routes', 'mtu', 'nameservers', 'file'], {...foreignNames, addrs: 'addresses'});
	if (!fields) {
		return undefined;
	}

	const addresses = fields.get('addresses')?.items('a list of addresses such as [20.0.0.3/24]').map(item => readInterfaceAddress(item)).filter(one => one !== undefined) ?? [];
	const gateways = fields.get('gateway')?.itemsOrOne('gateways').map(item => readAddress(item, 'a gateway')).filter(one => one !== undefined) ?? [];
	const routes = fields.get('routes')?.items('a list of routes such as [{to: 10.0.0.0/24, via: 20.0.0.1}]').map(item => readRoute(item.fields(['to', 'via', 'metric'], foreignNames))).filter(route => route !== undefined) ?? [];
	const mtuBytes = fields.get('mtu')?.whole(68, 65_535, 'an MTU in bytes');
	const nameservers = fields.get('nameservers')?.items('a list of addresses').map(item => readAddress(item, 'a nameserver')).filter(one => one !== undefined) ?? [];
	const file = fields.get('file')?.word(['auto', 'none', ...guestFileFormats], 'the format of the guest\'s own network configuration') ?? 'auto';
	const defaults: IpRoute[] = gateways.map(via => ({to: parseAddress(via)!.family === 4 ? '0.0.0.0/0' : '::/0', via, metric: null}));
	return {addresses, routes: [...defaults, ...routes].toSorted(compareRoutes), ...(mtuBytes === undefined ? {} : {mtuBytes}), nameservers, file};
}

/** `to`, `via` and `metric` of a route. */
export function readRoute(fields: Fields | undefined): IpRoute | undefined {
	const to = readNetwork(fields?.need('to', 'a route goes to a network'));
	const via = fields?.get('via') && readAddress(fields.get('via'), 'a gateway');
	const metric = fields?.get('metric')?.whole(0, 4_294_967_295, 'a metric');
	if (to === undefined || fields === undefined) {
		return undefined;
	}

	if (via !== undefined && (parseAddress(via)!.family === 6) !== to.includes(':')) {
		return fields.get('via')!.refuse(`the gateway ${via} is of another family than ${to}`, 'a route and its gateway are both IPv4 or both IPv6');
	}

	return {to, via: via ?? null, metric: metric ?? null};
}
