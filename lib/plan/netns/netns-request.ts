// What attaching to a network namespace is asked to do, and what is known of the namespaces.
import type {Bdf} from '../../model/bdf.ts';
import type {IpRoute} from '../../model/guest-network.ts';
import type {Mac} from '../../model/mac.ts';
import type {CniAttachment, NetdevPlace, NetnsRef} from '../../model/netns.ts';
import type {VfSettingsPart} from '../../model/vf-settings.ts';
import type {Action} from '../action.ts';
import type {NetnsIp} from '../netns-actions.ts';
import type {RiskName} from '../plan.ts';

export interface NetnsAttachRequest {
	netns: NetnsRef;
	/** PF or VF as typed. A PF gives its first free VF; with `wholePf` it goes itself. */
	device: string;
	wholePf: boolean;
	/** Name in the namespace; undefined keeps the name it has. */
	name?: string;
	/** In canonical form: `20.0.0.3/24`. */
	addresses: readonly string[];
	routes: readonly IpRoute[];
	mtuBytes?: number;
	/** Set on the PF, and taken by the interface. */
	mac?: Mac;
	/** Settings on the PF without the MAC. */
	settings: Omit<VfSettingsPart, 'mac'>;
	/** VFs to create when the PF has none. */
	createVfs?: number;
	/** The container that asks through CNI. */
	cni?: CniAttachment;
	acceptedRisks: readonly RiskName[];
}

/** What has to be read of namespaces before something can be planned (exec/read-netns-facts.ts). */
export interface NetnsFacts {
	/** Names of the interfaces in the namespace of the request. */
	names: readonly string[];
	/** Interfaces of PCI functions that are in any namespace we may enter, the host's own too. */
	interfaces: readonly PlacedNetdev[];
	/** What vfctl gave to namespaces since the last boot and has not taken back (exec/netns-attachments.ts). */
	attachments: readonly NetnsAttachment[];
}

/** An interface of a PCI function, where it is and what it has there. */
export interface PlacedNetdev {
	bdf: Bdf;
	place: NetdevPlace;
	ip: NetnsIp;
}

/** An attach that is not taken back, from the journal. The namespace may be gone since. */
export interface NetnsAttachment {
	/** Number of the operation. */
	operation: number;
	bdf: Bdf;
	netns: NetnsRef;
	/** Name that it was given in the namespace. */
	name: string | null;
	cni: CniAttachment | null;
	/** What the operation did, with the names that it found filled in. */
	actions: readonly Action[];
}
