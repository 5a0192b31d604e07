// A plan: what will be done, in order, as data that can be printed, saved, compared, run, undone.
import type {Bdf} from '../model/bdf.ts';
import type {Mac} from '../model/mac.ts';
import type {CniAttachment, NetnsRef} from '../model/netns.ts';
import type {Action} from './action.ts';

/** Named risks that an admin can accept with --accept-risk. */
export const riskNames = {
	'bind-pf': 'a PF leaves its network driver: its own interface and the control of its VFs are gone',
	'unsafe-interrupts': 'no interrupt remapping: a malicious guest can inject interrupts into the host',
	'uio': 'a uio driver does not use the IOMMU: the program that has the device can overwrite all memory of the host',
	'unknown-guests': 'libvirt does not answer, so it is unknown which guests hold VFs',
} as const;

export type RiskName = keyof typeof riskNames;

/** What an operation is about, for the journal: `vfctl detach` finds the attach by it. */
export interface PlanSubject {
	command: 'attach' | 'detach' | 'vf-create' | 'vf-destroy' | 'vf-set' | 'bind' | 'unbind' | 'restore' | 'undo'
		| 'route' | 'pool' | 'dhcp' | 'network' | 'apply' | 'persist' | 'netns-attach' | 'netns-detach' | 'tune' | 'dpdk' | 'steer' | 'bench' | 'driver' | 'forward' | 'doctor';
	guest?: {name: string; uuid: string};
	/** The VF, or null when a pool chooses. */
	vf?: Bdf | null;
	pf?: Bdf;
	pool?: string;
	/** `attach` of an interface that is no VF: by this MAC it is found in the guest. */
	mac?: Mac;
	/** `netns-attach` and `netns-detach`: the namespace, and the container that asked through CNI. */
	netns?: NetnsRef;
	cni?: CniAttachment;
	/** `netns-detach` of several devices at once (reclaim): all of them. */
	vfs?: readonly Bdf[];
	/** `detach`: the guest has the VF nowhere after it. */
	leaves?: boolean;
	/** `undo`: the number of the operation that is undone. */
	operation?: number;
	/** `apply`: the attaches in it, as first and last index in `actions`. A later detach puts back
	 * what these steps changed. */
	attaches?: Array<{first: number; last: number}>;
}

export interface Plan {
	version: 1;
	subject: PlanSubject;
	/** One sentence: "attach 0000:01:10.0 (eth1#0) to vm0". */
	title: string;
	actions: Action[];
	/** Things the admin should know that do not stop the plan. */
	warnings: string[];
	/** Risks that this plan takes; each was accepted. */
	risks: RiskName[];
}
