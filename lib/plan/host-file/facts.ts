// What planning a host file needs besides the inventory.
import type {Bdf} from '../../model/bdf.ts';
import type {GuestFile, GuestIp, GuestNetwork} from '../../model/guest-network.ts';
import type {Mac} from '../../model/mac.ts';
import type {DeviceSpec} from '../../libvirt/device-xml.ts';
import type {PoolXmlSpec} from '../../libvirt/pool-xml.ts';
import type {WantedGuestNetwork} from '../../model/host-file.ts';
import type {HugepageFacts} from '../../model/hugepages.ts';
import type {InterruptFacts} from '../../model/interrupts.ts';
import type {Steering} from '../../model/steering.ts';
import type {Action, GuestRef} from '../action.ts';
import type {ForwardFacts} from '../plan-forward.ts';
import type {SwitchModes} from '../plan-switch-mode.ts';
import type {RiskName} from '../plan.ts';

export interface HostFileFacts {
	/** As the admin called it, for the title. */
	fileName: string;
	acceptedRisks: readonly RiskName[];
	/** The host is starting: what a file cannot have of forwarding is told, and must not keep VFs from
	 * being made. */
	boot?: boolean;
	/** How long the guest agent may take to show a new interface; 0 does not look. */
	guestTimeoutMs: number;
	/** Renders libvirt's XML for a device. */
	renderXml: (spec: DeviceSpec) => string;
	/** Renders a pool. */
	renderPool: (spec: PoolXmlSpec) => string;
	/** The udev rules that vfctl wrote, by device. */
	bindingRules: ReadonlyMap<Bdf, string>;
	/** What the journal knows of a device of a guest: its attaches that are not undone. */
	attachActions: (key: {guestUuid: string; source: Bdf | null; mac: Mac | null; standby?: boolean}) => readonly Action[];
	/** What was read in running guests, by `guestNetworkKey`. */
	guestNetworks: ReadonlyMap<string, GuestNetworkFacts>;
	/** Of the devices whose interrupts or receive queues the file places; null when it places none. */
	interrupts: InterruptFacts | null;
	/** Rules of PFs with an interface whose `steering` the file tells, or whose number of VFs it changes. */
	steering: ReadonlyMap<Bdf, Steering>;
	/** Of the PFs whose `forwarding` the file tells; null when it tells none. */
	forward: ForwardFacts | null;
	/** Of the PFs whose `switch` the file tells. */
	switchModes: SwitchModes;
	/** Null when the file sets none. */
	hugepages: HugepageFacts | null;
}

/** What a running guest says of one interface. */
export interface GuestNetworkFacts {
	/** Null: the guest has no such interface yet. */
	current: GuestIp | null;
	/** The guest's own configuration file for it: as it shall be, and its text now. Null: none is kept. */
	file: {file: GuestFile; current: string | null} | null;
}

/** An interface in a running guest that the host file says something about: read it before planning. */
export interface GuestNetworkNeed {
	guest: GuestRef;
	mac: Mac;
	/** Where the host file says it. */
	path: string;
	/** Null: the guest loses the device, and what it has of it is only noted, as far as it can be read. */
	wanted: GuestNetwork | null;
	file: WantedGuestNetwork['file'];
	/** The VF is half of a failover pair. */
	failover: boolean;
	/** The plan gives the device to the guest: what the guest has of it now goes away before. */
	fresh: boolean;
}

/** Key of the facts about an interface in a guest. */
export function guestNetworkKey(guestUuid: string, mac: Mac): string {
	return `${guestUuid} ${mac}`;
}
