// A host file as policies of the SR-IOV network operator for Kubernetes.
import {stringify} from 'yaml';
import {parseBdf} from '../model/bdf.ts';
import type {HostFile, VfRange, WantedPf} from '../model/host-file.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import {vfRangeText} from '../model/vf-range.ts';
import {hasTuning} from './host-file-tuning.ts';
import type {PeerFile} from './peer-format.ts';

interface Selection {
	pf: string;
	/** All VFs of the PF when undefined. */
	range: VfRange | undefined;
}

/** Policies as documents of one file for kubectl, for the node of that name. */
export function exportSriovPolicies(file: HostFile, hostName: string): PeerFile {
	const notes = notesOf(file);
	const pfs = new Map(file.pfs.map(pf => [pf.pf, pf]));
	const policies = new Map<string, {resource: string; deviceType: string; pf: WantedPf; selections: Selection[]}>();
	const add = (resource: string, deviceType: string, selection: Selection) => {
		// The number of VFs is the policy's; without one in the host file somebody else makes them.
		const pf = pfs.get(selection.pf) ?? {pf: selection.pf};
		const key = JSON.stringify([resource, deviceType, pf.numVfs ?? `of ${pf.pf}`, pf.mtuBytes ?? null, parseBdf(pf.pf) === undefined]);
		const policy = policies.get(key) ?? {resource, deviceType, pf, selections: []};
		policy.selections.push(selection);
		policies.set(key, policy);
	};

	const taken = new Set<string>();
	for (const {name, source, state} of file.pools.filter(pool => pool.state === 'present')) {
		const selections: Selection[] = state === 'present' && source ? 'pf' in source ? [{pf: source.pf, range: undefined}] : source.vfs.map(range => ({pf: range.pf, range})) : [];
		if (selections.some(({range}) => range && !isRun(range))) {
			notes.push(`pools.${name}: a policy selects one run of VFs of a PF`);
		} else if (selections.some(({pf, range}) => range && parseBdf(pf) !== undefined)) {
			notes.push(`pools.${name}: a policy selects some VFs only of a PF that it names by its interface`);
		} else {
			selections.forEach(selection => {
				add(resourceName(name), 'vfio-pci', selection);
				taken.add(selection.pf);
			});
		}
	}

	const pooled = new Set(file.pools.flatMap(({source}) => source && 'vfs' in source ? source.vfs.flatMap(({pf, indexes}) => indexes.map(index => `${pf}#${index}`)) : []));
	const wholes = new Set(file.pools.flatMap(({source}) => source && 'pf' in source ? [source.pf] : []));
	for (const {select, driver} of file.vfs) {
		const rest = {pf: select.pf, indexes: select.indexes.filter(index => !pooled.has(`${select.pf}#${index}`))};
		if (driver === undefined || (isVfioDriver(driver) && (wholes.has(select.pf) || rest.indexes.length === 0))) {
			continue;
		}

		const all = rest.indexes.length === pfs.get(select.pf)?.numVfs;
		if (driver !== 'host' && driver !== 'vfio-pci') {
			notes.push(`driver ${driver} of ${vfRangeText(select)}: a policy knows netdevice and vfio-pci`);
		} else if (!isRun(rest) || (!all && parseBdf(select.pf) !== undefined)) {
			notes.push(`driver of ${vfRangeText(rest)}: a policy selects one run of VFs of a PF that it names by its interface`);
		} else {
			add(resourceName(`${select.pf}_${driver === 'host' ? 'host' : 'vfio'}`), driver === 'host' ? 'netdevice' : 'vfio-pci', {pf: select.pf, range: all ? undefined : rest});
			taken.add(select.pf);
		}
	}

	for (const {pf, numVfs} of file.pfs) {
		if (!taken.has(pf) && numVfs !== undefined) {
			add(resourceName(`${pf}_host`), 'netdevice', {pf, range: undefined});
		}
	}

	const used = new Map<string, number>();
	const documents = [...policies.values()].map(({resource, deviceType, pf, selections}) => {
		const base = resource.toLowerCase().replaceAll('_', '-').replaceAll(/^-+|-+$/g, '') || 'policy';
		const count = (used.get(base) ?? 0) + 1;
		used.set(base, count);
		return policyOf({name: count === 1 ? base : `${base}-${count}`, resource, deviceType, pf, selections, hostName});
	});
	return {text: documents.map(document => stringify(document, {lineWidth: 0, compat: 'yaml-1.1', singleQuote: true})).join('---\n'), notes: notes.map(note => `not exported: ${note}`)};
}

function policyOf({name, resource, deviceType, pf: {numVfs, mtuBytes}, selections, hostName}: {name: string; resource: string; deviceType: string; pf: WantedPf; selections: readonly Selection[]; hostName: string}): object {
	const byAddress = selections.some(({pf}) => parseBdf(pf) !== undefined);
	const least = Math.max(0, ...selections.map(({range}) => (range?.indexes.at(-1) ?? -1) + 1));
	return {
		apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovNetworkNodePolicy',
		metadata: {name, namespace: 'sriov-network-operator'},
		spec: {
			resourceName: resource,
			nodeSelector: {'kubernetes.io/hostname': hostName},
			priority: 99,
			...(mtuBytes === undefined ? {} : {mtu: mtuBytes}),
			numVfs: numVfs ?? least,
			...(numVfs === undefined ? {externallyManaged: true} : {}),
			nicSelector: byAddress ? {rootDevices: selections.map(({pf}) => pf)} : {pfNames: selections.map(({pf, range}) => range ? `${pf}#${range.indexes[0]}-${range.indexes.at(-1)}` : pf)},
			deviceType,
		},
	};
}

/** What policies have no words for. */
function notesOf(file: HostFile): string[] {
	return [
		...file.pfs.filter(({autoprobe}) => autoprobe !== undefined).map(({pf}) => `autoprobe of ${pf}: the operator decides`),
		...file.pfs.filter(({numVfs, mtuBytes}) => numVfs === undefined && mtuBytes !== undefined).map(({pf}) => `mtu of ${pf}: a policy is about VFs, and the host file has none of it`),
		...file.vfs.filter(({settings}) => Object.keys(settings).length > 0).map(({select}) => `settings of ${vfRangeText(select)}: the operator has them in SriovNetwork, for each pod`),
		...file.pfs.filter(pf => hasTuning(pf)).map(({pf}) => `interrupts and rps of ${pf}: the operator does not have them`),
		...file.pfs.filter(({steering}) => steering !== undefined).map(({pf}) => `steering of ${pf}: the operator does not have them`),
		...file.hugepages.length === 0 ? [] : ['hugepages: the operator does not have them'],
		...file.vfs.filter(entry => hasTuning(entry)).map(({select}) => `interrupts and rps of ${vfRangeText(select)}: the operator does not have them`),
		...file.pools.filter(({state}) => state === 'absent').map(({name}) => `pools.${name}: what is absent has no policy`),
		...file.guests.map(({name}) => `guests.${name}: Kubernetes has its own way to give VFs to guests`),
		...file.routes.map(({to}) => `the route to ${to}: a policy is about VFs`),
		...[...new Set(file.leases.map(({network}) => network))].map(network => `dhcp.${network}: a policy is about VFs`),
	];
}

function isRun({indexes}: VfRange): boolean {
	return indexes.length > 0 && indexes.at(-1)! - indexes[0]! === indexes.length - 1;
}

// The operator takes [a-zA-Z0-9_]+ for a resource.
function resourceName(name: string): string {
	return name.replaceAll(/\W/g, '_');
}
