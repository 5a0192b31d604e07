// nmstate's description of a host (https://nmstate.io), as far as a host file can say it: SR-IOV of
// Ethernet interfaces and routes. Also inside of kubernetes-nmstate's NodeNetworkConfigurationPolicy.
import {parseBdf} from '../model/bdf.ts';
import type {WantedPf, WantedRoute, WantedVfs} from '../model/host-file.ts';
import {parseAddress} from '../model/ip.ts';
import {interfaceNameProblem, pfNameOf, readAddress, readInterface, readMac, readNetwork} from './host-file-values.ts';
import {readSettings} from './host-file-vf-schema.ts';
import {finished, Leftovers, type Imported} from './peer-format.ts';
import {shortened} from './problems.ts';
import {Cursor, Findings} from './reader.ts';
import {loadYaml, type YamlNode} from './yaml.ts';

/** Keys of one VF in nmstate, by ours. */
export const nmstateSettingNames = {
	vlan: 'vlan-id', qos: 'qos', vlanProto: 'vlan-proto', spoofchk: 'spoof-check', trust: 'trust', minTxRate: 'min-tx-rate', maxTxRate: 'max-tx-rate',
} as const;

/** The host file that says the same; throws BAD_HOST_FILE. */
export function importNmstate(text: string): Imported {
	const [root] = loadYaml(text, {what: 'nmstate file'}) as [YamlNode];
	const findings = new Findings();
	const left = new Leftovers();
	const fields = desiredState(new Cursor(root, [], findings), left)?.someFields(['interfaces', 'routes'], cursor => left.leave(cursor, 'a host file has VFs, what guests do with them, and routes'));
	const pfs: WantedPf[] = [];
	const vfs: WantedVfs[] = [];
	for (const cursor of fields?.get('interfaces')?.items('a list of interfaces') ?? []) {
		const made = readNmstateInterface(cursor, left);
		if (made && pfs.some(({pf}) => pf === made.pf.pf)) {
			cursor.refuse(`${made.pf.pf} is there twice`, 'one entry says all of an interface');
		} else if (made) {
			pfs.push(made.pf);
			vfs.push(...made.vfs);
		}
	}

	const routes = fields?.get('routes') ? readNmstateRoutes(fields.get('routes')!, left) : [];
	return finished('nmstate file', text, findings.problems, {file: {version: 1, pfs, vfs, pools: [], guests: [], routes, leases: [], hugepages: []}, notes: left.notes, comments: []});
}

/** The state itself, which kubernetes-nmstate wraps into an object. */
function desiredState(cursor: Cursor, left: Leftovers): Cursor | undefined {
	if (cursor.node.kind !== 'map' || !cursor.node.entries.has('kind')) {
		return cursor;
	}

	const fields = cursor.someFields(['apiVersion', 'kind', 'metadata', 'spec'], other => left.leave(other, 'it is of Kubernetes'));
	fields?.get('kind')?.word(['NodeNetworkConfigurationPolicy'] as const, 'the kind of object');
	return fields?.need('spec', 'it has the state')?.someFields(['desiredState'], other => left.leave(other, 'it is of Kubernetes'))?.need('desiredState', 'it is what is imported');
}

function readNmstateInterface(cursor: Cursor, left: Leftovers): {pf: WantedPf; vfs: WantedVfs[]} | undefined {
	const known = ['name', 'type', 'state', 'mtu', 'ethernet', 'identifier', 'pci-address'];
	const fields = cursor.someFields(known, () => {});
	const name = fields?.need('name', 'every interface has one')?.text('the name of an interface');
	if (!fields || name === undefined) {
		return undefined;
	}

	const skip = (why: string) => left.note(`interfaces[${cursor.path.at(-1)}] (${shortened(name)})`, why);
	const [type = 'ethernet', state] = ['type', 'state'].map(key => fields.get(key)?.text('a word'));
	if (/^sriov:/.test(name)) {
		return skip('it is the interface of a VF in the host, and a host file says nothing of its addresses');
	}

	if (type !== 'ethernet' || (state !== undefined && state !== 'up')) {
		return skip(type === 'ethernet' ? `state ${state}: a host file does not take interfaces down` : `type ${type}: a host file has PFs only`);
	}

	const ethernet = fields.get('ethernet')?.someFields(['sr-iov'], other => left.leave(other, 'a host file does not have it'));
	const sriov = ethernet?.get('sr-iov')?.someFields(['total-vfs', 'drivers-autoprobe', 'vfs'], other => left.leave(other, 'a host file does not have it'));
	if (!sriov) {
		return fields.get('ethernet')?.node.kind === 'map' && ethernet?.get('sr-iov') ? undefined : skip('it has no sr-iov');
	}

	cursor.someFields(known, other => left.leave(other, 'of a PF a host file has VFs, MTU and link'));
	const byAddress = fields.get('identifier')?.text('a word') === 'pci-address';
	const pf = byAddress ? parseBdf(fields.get('pci-address')?.text('a PCI address') ?? '') : pfNameOf(name);
	if (pf === undefined) {
		return (byAddress ? cursor : fields.get('name')!).refuse(`'${shortened(name)}' is no PF`, byAddress ? 'pci-address must be a PCI address' : interfaceNameProblem(name) ?? 'it must be an interface');
	}

	if (byAddress && parseBdf(name) !== pf) {
		left.leave(fields.get('name')!, `the PF goes by its address ${pf}`);
	}

	const numVfs = sriov.get('total-vfs')?.whole(0, 65_535, 'a number of VFs');
	const mtuBytes = fields.get('mtu')?.whole(68, 65_535, 'an MTU in bytes');
	const autoprobe = sriov.get('drivers-autoprobe')?.flag('whether new VFs get the driver of the kernel');
	return {
		pf: {
			pf,
			...(numVfs === undefined ? {} : {numVfs}),
			...(mtuBytes === undefined ? {} : {mtuBytes}),
			...(autoprobe === undefined ? {} : {autoprobe}),
			...(state === undefined ? {} : {link: 'up'}),
		},
		vfs: (sriov.get('vfs')?.items('a list of VFs') ?? []).map(item => readNmstateVf(item, pf, left)).filter(vf => vf !== undefined),
	};
}

function readNmstateVf(cursor: Cursor, pf: string, left: Leftovers): WantedVfs | undefined {
	const fields = cursor.someFields(['id', 'mac-address', ...Object.values(nmstateSettingNames)], other => left.leave(other, 'a host file does not have it'));
	const index = fields?.need('id', 'it says which VF is meant')?.whole(0, 65_534, 'the index of a VF');
	const mac = readMac(fields?.get('mac-address'));
	const settings = fields && readSettings(fields, nmstateSettingNames);
	return index === undefined ? undefined : {select: {pf, indexes: [index]}, settings: {...(mac === undefined ? {} : {mac}), ...settings}};
}

function readNmstateRoutes(cursor: Cursor, left: Leftovers): WantedRoute[] {
	const fields = cursor.someFields(['config'], other => left.leave(other, 'running routes are what is, not what is wanted'));
	return (fields?.get('config')?.items('a list of routes') ?? []).map(item => readNmstateRoute(item, left)).filter(route => route !== undefined);
}

function readNmstateRoute(cursor: Cursor, left: Leftovers): WantedRoute | undefined {
	const known = ['destination', 'next-hop-interface', 'next-hop-address', 'metric', 'table-id', 'state'];
	const fields = cursor.someFields(known, () => {});
	const other = cursor.node.kind === 'map' ? [...cursor.node.entries.keys()].filter(key => !known.includes(key)) : [];
	const [dev, gateway] = [fields?.get('next-hop-interface'), fields?.get('next-hop-address')];
	const tableId = fields?.get('table-id')?.whole(0, 4_294_967_295, 'a routing table') ?? 0;
	const state = fields?.get('state')?.word(['absent', 'ignore'] as const, 'whether the route is taken away');
	if (!fields) {
		return undefined;
	}

	// A partial route without an interface, or with an attribute that we do not have, is another route.
	const why = other.length > 0 ? `a route with ${other.map(key => shortened(key)).join(', ')}`
		: state === 'ignore' ? 'it is ignored'
		: tableId !== 0 && tableId !== 254 ? `table ${tableId}: a host file has routes of the main table`
		: fields.get('destination') === undefined || dev === undefined ? 'a route of a host file has a destination and an interface'
		: dev.node.kind === 'scalar' && dev.node.text.startsWith('sriov:') ? 'it leaves by a VF of the host' : undefined;
	if (why !== undefined) {
		return left.leave(cursor, why);
	}

	const to = readNetwork(fields.get('destination'));
	const via = gateway && readAddress(gateway, 'a gateway');
	// -1 is nmstate's word for the kernel's choice.
	const metric = fields.get('metric')?.whole(-1, 4_294_967_295, 'a metric');
	const name = readInterface(dev);
	if (via !== undefined && to !== undefined && (parseAddress(via)!.family === 6) !== to.includes(':')) {
		return left.leave(cursor, 'its gateway is of another family');
	}

	return to === undefined || name === undefined ? undefined : {to, via: via ?? null, metric: metric === undefined || metric === -1 ? null : metric, dev: name, state: state === 'absent' ? 'absent' : 'present'};
}
