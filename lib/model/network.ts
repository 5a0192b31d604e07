// A libvirt network of any forward mode: https://libvirt.org/formatnetwork.html
import type {Mac} from './mac.ts';

/** A static DHCP lease: <host> in <dhcp>. */
export interface Lease {
	readonly mac: Mac;
	readonly ip: string;
	readonly name: string | null;
}

/** One <ip> of a network. */
export interface NetworkIp {
	/** Address of the bridge with its length: `192.168.122.1/24`. */
	readonly address: string;
	readonly ranges: ReadonlyArray<{start: string; end: string}>;
	readonly leases: readonly Lease[];
	/** It has <dhcp> at all. */
	readonly dhcp: boolean;
}

/** A network as libvirt knows it. */
export interface Network {
	readonly name: string;
	readonly uuid: string;
	readonly active: boolean;
	readonly persistent: boolean;
	readonly autostart: boolean;
	/** `none` is an isolated one. */
	readonly forward: string;
	/** Interface of the bridge, or null. */
	readonly bridge: string | null;
	readonly ips: readonly NetworkIp[];
	/** Of the saved definition of an active network, when it says something else than the running one. */
	readonly savedIps?: readonly NetworkIp[];
	/** The saved definition, null for a transient network. */
	readonly savedXml: string | null;
}

/** What vfctl makes of a network: its saved definition, and whether it runs. */
export interface NetworkState {
	readonly xml: string;
	readonly active: boolean;
	readonly autostart: boolean;
}
