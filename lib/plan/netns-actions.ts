// What can be done to an interface that goes to a network namespace and comes back.
import type {Bdf} from '../model/bdf.ts';
import type {GuestIp} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import type {NetdevPlace, NetnsRef} from '../model/netns.ts';

/** Where an interface is moved from or to. `name` null: what it is called is not known, because an
 * earlier step of the plan makes it; back there it may be called anything. */
export interface MovePlace {
	netns: NetnsRef | null;
	name: string | null;
}

/** Moves the interface of a device to another network namespace, or renames it (`ip link set
 * NAME netns NS name NEW`). The kernel sets it down and takes its addresses and routes. */
export interface MoveNetdevAction {
	kind: 'move-netdev';
	bdf: Bdf;
	from: MovePlace;
	to: MovePlace;
}

/** What an interface has in its namespace. `mac` null is not known, or left as it is. */
export interface NetnsIp extends GuestIp {
	mac: Mac | null;
}

/** Sets MAC, MTU, addresses and routes of an interface in a namespace, and brings it up or down. */
export interface NetnsNetworkAction {
	kind: 'netns-network';
	bdf: Bdf;
	/** Where it is when the step runs. */
	place: NetdevPlace;
	from: NetnsIp;
	to: NetnsIp;
}
