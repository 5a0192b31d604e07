// IOMMU groups in the shape of `vfctl iommu --json`.
import {acsOfPath, type AcsFact} from '../model/acs.ts';
import type {Bdf} from '../model/bdf.ts';
import {groupVerdict, isNetwork} from '../model/group-verdict.ts';
import {holderOf} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {IommuGroup, Pf, Vf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import {groupAcsPath} from '../sysfs/read-acs.ts';
import type {IommuFacts} from '../sysfs/read-iommu.ts';
import {hexId, holderView} from './names.ts';

export interface IommuMemberView {
	bdf: string;
	classCode: string;
	driver: string | null;
	/** `ens6f1#0` for a VF, `ens6f1` for a PF, else null. */
	name: string | null;
	/** Who has it, or what of the host is on it; null for nobody. */
	user: string | null;
}

export interface IommuGroupView {
	number: number;
	/** Domain type: DMA, DMA-FQ, identity. */
	type: string | null;
	/** Null for groups with nothing but bridges. */
	viable: boolean | null;
	reasons: string[];
	/** Of the whole way up: on, off, quirk (no ACS, but the kernel isolates it), unknown (not root),
	 * none (nothing on the way). */
	acs: ReturnType<typeof acsOfPath>;
	acsPath: AcsFact[];
	members: IommuMemberView[];
}

export interface IommuView {
	version: 1;
	host: string;
	iommu: 'on' | 'off';
	kind: IommuFacts['kind'];
	units: string[];
	interruptRemapping: 'on' | 'off' | 'unknown';
	unsafeInterrupts: boolean;
	noIommuMode: boolean;
	acsOverride: boolean;
	libvirtAnswers: boolean;
	libvirtProblem: string | null;
	groups: IommuGroupView[];
}

export interface IommuReading {
	hostName: string;
	inventory: Inventory;
	facts: IommuFacts;
	groups: readonly IommuGroup[];
	typeOf: (group: number) => string | null;
	/** ACS on the way up from one member. */
	acsPathOf: (bdf: Bdf) => AcsFact[];
}

/** Groups that hold network functions. */
export function networkGroups({groups, functions}: Inventory): IommuGroup[] {
	return [...groups.values()].filter(({members}) => members.some(bdf => {
		const fn = functions.get(bdf);
		return fn !== undefined && isNetwork(fn);
	}));
}

/** The view of some groups, by number. */
export function iommuView({hostName, inventory, facts, groups, typeOf, acsPathOf}: IommuReading): IommuView {
	const owners = new Map<Bdf, {pf: Pf; vf?: Vf}>(inventory.pfs.flatMap(pf => [[pf.bdf, {pf}] as const, ...pf.vfs.map(vf => [vf.bdf, {pf, vf}] as const)]));
	const {kernel} = inventory;
	return {
		version: 1,
		host: hostName,
		iommu: kernel.iommu,
		kind: facts.kind,
		units: facts.units,
		interruptRemapping: kernel.interruptRemapping,
		unsafeInterrupts: kernel.unsafeInterrupts,
		noIommuMode: facts.noIommuMode,
		acsOverride: facts.acsOverride,
		libvirtAnswers: inventory.guests !== null,
		libvirtProblem: inventory.libvirtProblem,
		groups: groups.toSorted((a, b) => a.number - b.number).map(group => {
			const acsPath = groupAcsPath(group, acsPathOf);
			return {
				number: group.number,
				type: typeOf(group.number),
				...groupVerdict(group, inventory),
				acs: acsOfPath(acsPath),
				acsPath,
				members: group.members.map(bdf => memberView(bdf, inventory, owners.get(bdf))),
			};
		}),
	};
}

function memberView(bdf: Bdf, inventory: Inventory, owner: {pf: Pf; vf?: Vf} | undefined): IommuMemberView {
	const fn = inventory.functions.get(bdf);
	const holder = owner?.vf && holderView(holderOf(owner.vf, inventory), undefined);
	const use = inventory.hostUses.find(candidate => candidate.bdf === bdf);
	return {
		bdf,
		classCode: hexId(fn?.classCode ?? 0, 6),
		driver: fn?.driver ?? null,
		name: owner ? (owner.vf ? vfName(owner.pf, owner.vf) : pfName(owner.pf)) : null,
		user: holder && holder.kind !== 'nobody' ? holder.text : use?.reason ?? null,
	};
}
