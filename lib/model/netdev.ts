// Network interfaces of the host's own namespace.
import type {Bdf} from './bdf.ts';
import type {Mac} from './mac.ts';

export interface Netdev {
	readonly name: string;
	/** Further names that the kernel knows it by (udev's, `ip link property add`); absent for none. */
	readonly altnames?: readonly string[];
	readonly mac: Mac | null;
	readonly mtuBytes: number;
	/** What the driver takes, or null when it does not tell (or iproute2 is older than 4.19). */
	readonly minMtuBytes: number | null;
	readonly maxMtuBytes: number | null;
	/** IFF_UP: administratively up. */
	readonly up: boolean;
	/** Link seen: operstate of the kernel (up, down, unknown, ...). */
	readonly operstate: string;
	/** Addresses in CIDR notation, link-local IPv6 left out. */
	readonly addresses: readonly string[];
	/** What it is when no card is behind it: `bridge`, `openvswitch`, `bond`, `vlan`, `macvtap`, ...; else null. */
	readonly kind: string | null;
	/** Of a bridge: it tells VLANs apart (`vlan_filtering`). */
	readonly vlanFiltering: boolean;
	/** Name of the bond, bridge or team above it, or null. */
	readonly master: string | null;
	/** Interfaces this one stands on: the VLAN's or macvlan's parent. */
	readonly lowerDevices: readonly string[];
	/** The PCI function behind it, or null for virtual ones. */
	readonly bdf: Bdf | null;
}

/** A route of the main table: what `ip route` tells. */
export interface Route {
	/** CIDR, one address, or `default`. */
	readonly destination: string;
	/** `unicast`; or `blackhole`, `unreachable`, `prohibit`, ...: what is sent there goes nowhere. */
	readonly type: string;
	/** Empty for IPv4 routes that lead nowhere. */
	readonly device: string;
	readonly family: 4 | 6;
	readonly gateway: string | null;
	readonly metric: number | null;
	/** Who made it: kernel (it comes with an address), static, boot, dhcp, ra, ... */
	readonly protocol: string | null;
	/** Preferred source address. */
	readonly source: string | null;
	/** The gateway was not looked for on the device. */
	readonly onlink: boolean;
	/** Next hops of the route that this is one of: 1, unless it is a multipath route. */
	readonly hops: number;
}
