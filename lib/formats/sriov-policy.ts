// Policies of the SR-IOV network operator for Kubernetes (SriovNetworkNodePolicy, a list of them,
// or the SriovNetworkNodeState that it makes of them for one node) as a host file.
import {parseBdf} from '../model/bdf.ts';
import {compareNames} from '../model/host-file-order.ts';
import {parseVfRange} from '../model/vf-range.ts';
import {interfaceNameProblem, pfNameOf} from './host-file-values.ts';
import {finished, Leftovers, type Imported} from './peer-format.ts';
import {shortened} from './problems.ts';
import {Cursor, Findings, type Fields} from './reader.ts';
import {hostFileOf, mergePolicies, type PfPart} from './sriov-policy-merge.ts';
import {loadYaml} from './yaml.ts';

/** One policy as far as it counts here. */
interface Policy {
	name: string;
	priority: number;
	parts: PfPart[];
}

const kinds = ['SriovNetworkNodePolicy', 'SriovNetworkNodePolicyList', 'SriovNetworkNodeState', 'SriovNetworkNodeStateList', 'List'] as const;

/** The host file that says the same of one host that all policies select; throws BAD_HOST_FILE. */
export function importSriovPolicies(text: string): Imported {
	const what = 'policy file';
	const documents = loadYaml(text, {what, many: true});
	const findings = new Findings();
	const left = new Leftovers();
	const comments: string[] = [];
	const policies = documents.flatMap((node, index) => readObject(new Cursor(node, documents.length > 1 ? [`document ${index + 1}`] : [], findings), left, comments));
	// The operator goes from the highest number to the lowest, then by name: the last one wins.
	const ordered = policies.toSorted((a, b) => b.priority - a.priority || compareNames(a.name, b.name));
	const merged = mergePolicies(ordered.flatMap(({parts}) => parts), left);
	return finished(what, text, findings.problems, {file: hostFileOf(merged, left), notes: left.notes, comments});
}

function readObject(cursor: Cursor, left: Leftovers, comments: string[]): Policy[] {
	const kindFields = cursor.someFields(['apiVersion', 'kind', 'metadata', 'items', 'spec', 'status'], other => left.leave(other, 'it is no part of such an object'));
	const kind = kindFields?.need('kind', 'it says what the object is')?.word(kinds, 'the kind of object');
	if (!kindFields || kind === undefined) {
		return [];
	}

	if (kind.endsWith('List')) {
		return (kindFields.get('items')?.items('a list of objects') ?? []).flatMap(item => readObject(item, left, comments));
	}

	// Labels and annotations are of the cluster; status is what was, not what is wanted.
	const metadata = kindFields.get('metadata')?.someFields(['name'], () => {});
	const name = metadata?.get('name')?.text('a name') ?? '(unnamed)';
	const spec = kindFields.need('spec', 'it is what is imported');
	return spec === undefined ? [] : kind === 'SriovNetworkNodeState' ? readState(spec, name, left) : readPolicy(spec, name, left, comments);
}

const policyKeys = ['resourceName', 'nodeSelector', 'priority', 'mtu', 'numVfs', 'nicSelector', 'deviceType', 'externallyManaged', 'eSwitchMode', 'linkType', 'isRdma', 'needVhostNet', 'excludeTopology', 'vdpaType', 'bridge', 'eSwitchParams'];

function readPolicy(cursor: Cursor, name: string, left: Leftovers, comments: string[]): Policy[] {
	const fields = cursor.someFields(policyKeys, other => left.leave(other, 'a host file does not have it'));
	if (!fields) {
		return [];
	}

	// What is missing is 0 in Go, the strongest.
	const priority = fields.get('priority')?.whole(0, 99, 'a priority') ?? 0;
	comments.push(`policy ${shortened(name)}: priority ${priority}${selectorText(fields.get('nodeSelector'))}`);
	const numVfs = fields.need('numVfs', 'a policy says how many VFs there are')?.whole(0, 65_535, 'a number of VFs');
	const common = readCommon(fields, name, left);
	const selected = readSelector(fields.get('nicSelector'), numVfs ?? 0, name, left);
	return [{
		name, priority,
		parts: selected.map(({pf, indexes, whole}) => ({
			policy: name, priority, pf, mtuBytes: common.mtuBytes, numVfs: common.external ? undefined : numVfs,
			groups: indexes.length === 0 ? [] : [{resource: common.resource, driver: common.driver, indexes, whole, place: `policy ${name}`}],
		})),
	}];
}

/** What a policy, and an interface or group of a state, says in the same words. */
function readCommon(fields: Fields, name: string, left: Leftovers): {resource: string; driver: string; mtuBytes: number | undefined; external: boolean} {
	// 0 is what an empty field becomes in Go.
	const mtuBytes = fields.get('mtu')?.whole(0, 65_535, 'an MTU in bytes');
	leaveUnsupported(fields, left);
	return {
		resource: fields.get('resourceName')?.text('a name') ?? name,
		driver: fields.get('deviceType')?.word(['netdevice', 'vfio-pci'] as const, 'the driver of the VFs') === 'vfio-pci' ? 'vfio-pci' : 'host',
		mtuBytes: mtuBytes === 0 ? undefined : mtuBytes,
		external: fields.get('externallyManaged')?.flag('whether somebody else makes the VFs') ?? false,
	};
}

/** What asks for more than VFs of an Ethernet card in legacy mode. */
function leaveUnsupported(fields: Fields, left: Leftovers): void {
	const say = (key: string, why: string, usual: readonly string[]) => {
		const cursor = fields.get(key);
		const text = cursor?.node.kind === 'scalar' ? cursor.node.text : '';
		if (cursor && cursor.node.kind !== 'null' && !usual.includes(text)) {
			left.leave(cursor, `${why}${text === '' ? '' : ` (${shortened(text)})`}`);
		}
	};
	say('eSwitchMode', 'not supported: a host file has VFs of cards in legacy mode', ['legacy', '']);
	say('linkType', 'not supported: a host file has Ethernet cards', ['eth', 'ETH', '']);
	say('isRdma', 'not supported: a host file does not set up RDMA', ['false']);
	say('needVhostNet', 'a guest\'s VF needs no vhost-net', ['false']);
	say('excludeTopology', 'it is for the scheduler of Kubernetes', ['false']);
	say('vdpaType', 'not supported: a host file does not set up vDPA', ['']);
	for (const key of ['bridge', 'eSwitchParams']) {
		const node = fields.get(key)?.node;
		if (node !== undefined && node.kind !== 'null' && !(node.kind === 'map' && node.entries.size === 0)) {
			left.leave(fields.get(key)!, 'not supported: it is for switchdev mode');
		}
	}
}

interface SelectedPf {
	pf: string;
	indexes: number[];
	/** All VFs of the PF, by not naming any. */
	whole: boolean;
}

/** PFs by name or address. Cards by vendor and device are only known on the host. */
function readSelector(cursor: Cursor | undefined, numVfs: number, policy: string, left: Leftovers): SelectedPf[] {
	const fields = cursor?.someFields(['vendor', 'deviceID', 'rootDevices', 'pfNames', 'netFilter'], other => left.leave(other, 'a host file selects by name or address'));
	const names = fields?.get('pfNames')?.items('a list of PFs such as [ens1f0#0-3]') ?? [];
	const devices = fields?.get('rootDevices')?.items('a list of PCI addresses') ?? [];
	const chosen = names.length > 0 ? names : devices;
	if (chosen.length === 0) {
		return left.note(`policy ${shortened(policy)}`, 'it selects no PF by pfNames or rootDevices; which cards of a host have a vendor and device is not in this file: add pfNames') ?? [];
	}

	for (const key of ['vendor', 'deviceID', 'netFilter', ...(names.length > 0 && devices.length > 0 ? ['rootDevices'] : [])]) {
		const other = fields!.get(key);
		if (other && !(other.node.kind === 'scalar' && other.node.text === '')) {
			left.leave(other, `it only narrows down what ${names.length > 0 ? 'pfNames' : 'rootDevices'} select`);
		}
	}

	return chosen.map(item => readSelected(item, numVfs)).filter(one => one !== undefined);
}

function readSelected(cursor: Cursor, numVfs: number): SelectedPf | undefined {
	const text = cursor.text('a PF such as ens1f0, or some of its VFs: ens1f0#0-3');
	if (text === undefined || cursor.findings.tooManyVfs) {
		return undefined;
	}

	const hash = text.includes('#');
	const range = hash && /^[^#]+#\d{1,5}(-\d{1,5})?$/.test(text) ? parseVfRange(text) : undefined;
	if (hash && !range) {
		return cursor.refuse(`'${shortened(text)}' does not name VFs`, 'it must be like ens1f0#0-3');
	}

	const name = range?.pf ?? text;
	const pf = parseBdf(name) ?? pfNameOf(name);
	if (pf === undefined) {
		return cursor.refuse(`'${shortened(name)}' is no PF`, interfaceNameProblem(name) ?? 'it must be an interface or a PCI address');
	}

	if (range && range.indexes.at(-1)! >= numVfs) {
		return cursor.refuse(`${shortened(text)} is beyond the last VF`, `numVfs is ${numVfs}`);
	}

	if (!cursor.findings.nameVfs(range?.indexes.length ?? numVfs, cursor)) {
		return undefined;
	}

	return {pf, indexes: range ? [...range.indexes] : Array.from({length: numVfs}, (_, index) => index), whole: !range};
}

/** The spec of a SriovNetworkNodeState: policies that are merged already. */
function readState(cursor: Cursor, name: string, left: Leftovers): Policy[] {
	const fields = cursor.someFields(['interfaces'], other => left.leave(other, 'it is of the operator'));
	const keys = ['pciAddress', 'name', 'numVfs', 'mtu', 'linkType', 'eSwitchMode', 'externallyManaged', 'vfGroups'];
	const parts = (fields?.get('interfaces')?.items('a list of interfaces') ?? []).map(item => {
		const own = item.someFields(keys, other => left.leave(other, 'a host file does not have it'));
		const address = own?.need('pciAddress', 'it says which PF is meant')?.text('a PCI address') ?? '';
		const pf = parseBdf(address) ?? own?.get('pciAddress')?.refuse(`'${shortened(address)}' is no PCI address`, 'it must be like 0000:03:00.0');
		const numVfs = own?.get('numVfs')?.whole(0, 65_535, 'a number of VFs') ?? 0;
		const common = own && readCommon(own, name, left);
		const groups = (own?.get('vfGroups')?.items('a list of groups') ?? []).map(group => readStateGroup(group, numVfs, left)).filter(one => one !== undefined);
		return pf === undefined || !common ? undefined : {policy: name, priority: 0, pf, mtuBytes: common.mtuBytes, numVfs: common.external ? undefined : numVfs, groups};
	});
	return [{name, priority: 0, parts: parts.filter(part => part !== undefined)}];
}

function readStateGroup(cursor: Cursor, numVfs: number, left: Leftovers): PfPart['groups'][number] | undefined {
	// The names of the policy and its MTU are in the interface already.
	const fields = cursor.someFields(['resourceName', 'deviceType', 'vfRange', 'policyName', 'mtu', 'isRdma', 'vdpaType', 'needVhostNet', 'excludeTopology'], other => left.leave(other, 'a host file does not have it'));
	const text = fields?.need('vfRange', 'it says which VFs are meant')?.text('a range such as 0-3');
	if (!fields || text === undefined || cursor.findings.tooManyVfs) {
		return undefined;
	}

	const range = /^\d{1,5}(-\d{1,5})?$/.test(text) ? parseVfRange(`pf#${text}`) : undefined;
	if (!range || range.indexes.at(-1)! >= numVfs) {
		return fields.get('vfRange')!.refuse(`'${shortened(text)}' is no range of its VFs`, `it must be like 0-3, below numVfs: ${numVfs}`);
	}

	if (!cursor.findings.nameVfs(range.indexes.length, cursor)) {
		return undefined;
	}

	const {resource, driver} = readCommon(fields, '', left);
	return {resource, driver, indexes: [...range.indexes], whole: false, place: `group ${resource}`};
}

function selectorText(cursor: Cursor | undefined): string {
	const entries = cursor?.node.kind === 'map' ? [...cursor.node.entries] : [];
	return entries.length === 0 ? '' : `, for nodes with ${entries.map(([key, {node}]) => `${shortened(key)}=${node.kind === 'scalar' ? shortened(node.text) : ''}`).join(', ')}`;
}
