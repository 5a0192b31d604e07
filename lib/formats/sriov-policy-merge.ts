// Several policies for one PF, merged as the SR-IOV network operator does it.
import {compareNames} from '../model/host-file-order.ts';
import type {HostFile, VfRange, WantedPool, WantedVfs} from '../model/host-file.ts';
import {vfRangeText} from '../model/vf-range.ts';
import {poolNameProblem} from './host-file-vf-schema.ts';
import type {Leftovers} from './peer-format.ts';

export interface VfGroup {
	/** The operator's resource; '' when it has none. */
	resource: string;
	/** `vfio-pci`, or `host`. */
	driver: string;
	/** Sorted. */
	indexes: number[];
	/** All VFs of the PF, by not naming any. */
	whole: boolean;
	/** Where it comes from, for messages. */
	place: string;
}

/** What one policy says of one PF. */
export interface PfPart {
	policy: string;
	priority: number;
	pf: string;
	mtuBytes: number | undefined;
	/** Undefined: somebody else makes the VFs. */
	numVfs: number | undefined;
	groups: VfGroup[];
}

/** One part for each PF. `parts` come in the order of the operator: a later one wins. Groups of
 * another resource that do not overlap are kept (api/v1/helper.go: mergeConfigs). */
export function mergePolicies(parts: readonly PfPart[], left: Leftovers): PfPart[] {
	const merged = new Map<string, PfPart>();
	for (const part of parts) {
		const before = merged.get(part.pf);
		// A policy of no VFs changes nothing when another one wants some.
		if (before && (part.numVfs ?? 1) === 0) {
			left.note(`policy ${part.policy}`, `it wants no VFs of ${part.pf}, and policy ${before.policy} does`);
			continue;
		}

		const [own] = part.groups;
		const kept: VfGroup[] = [];
		for (const group of before?.groups ?? []) {
			const why = group.resource === own?.resource ? 'has the same resourceName' : group.indexes.some(index => own?.indexes.includes(index)) ? 'has some of the same VFs' : undefined;
			if (why === undefined) {
				kept.push(group);
			} else {
				left.note(`${group.place}: ${vfRangeText({pf: part.pf, indexes: group.indexes})}`, `policy ${part.policy} ${why} and goes before`);
			}
		}

		const joined = before !== undefined && (kept.length > 0 || before.priority === part.priority);
		merged.set(part.pf, {
			...part,
			mtuBytes: joined ? highest(part.mtuBytes, before.mtuBytes) : part.mtuBytes,
			numVfs: joined && part.numVfs !== undefined ? highest(part.numVfs, before.numVfs) : part.numVfs,
			groups: [...part.groups, ...kept],
		});
	}

	return [...merged.values()].toSorted((a, b) => compareNames(a.pf, b.pf));
}

function highest(a: number | undefined, b: number | undefined): number | undefined {
	return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

/** The host file: VFs on vfio-pci are a pool by the name of their resource; VFs with a network
 * driver stay with the host. */
export function hostFileOf(parts: readonly PfPart[], left: Leftovers): HostFile {
	const vfs: WantedVfs[] = [];
	const pools = new Map<string, Array<{range: VfRange; whole: boolean}>>();
	for (const {pf, groups} of parts) {
		for (const {resource, driver, indexes, whole, place} of groups.toSorted((a, b) => a.indexes[0]! - b.indexes[0]!)) {
			const select = {pf, indexes};
			vfs.push({select, settings: {}, driver});
			const problem = driver === 'host' ? 'VFs with deviceType netdevice stay with the host, and a host file has no name for them' : poolNameProblem(resource);
			if (problem === undefined) {
				pools.set(resource, [...pools.get(resource) ?? [], {range: select, whole}]);
			} else {
				left.note(`${place}: resourceName ${resource}`, problem);
			}
		}
	}

	return {
		version: 1,
		pfs: parts.map(({pf, numVfs, mtuBytes}) => ({pf, ...(numVfs === undefined ? {} : {numVfs}), ...(mtuBytes === undefined ? {} : {mtuBytes})})).filter(pf => Object.keys(pf).length > 1),
		vfs,
		pools: [...pools].map(([name, ranges]): WantedPool => {
			const [first] = ranges;
			return {name, state: 'present', autostart: true, source: ranges.length === 1 && first!.whole ? {pf: first!.range.pf} : {vfs: ranges.map(({range}) => range)}};
		}).toSorted((a, b) => compareNames(a.name, b.name)),
		guests: [], routes: [], leases: [], hugepages: [],
	};
}
