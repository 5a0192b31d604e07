// The network settings of one interface inside a guest.

/** A route inside a guest, or on the host. */
export interface IpRoute {
	/** CIDR of a network, without bits behind the length; `0.0.0.0/0` and `::/0` are the default. */
	readonly to: string;
	/** Gateway, or null when the network is on the link. */
	readonly via: string | null;
	/** Null: what the kernel takes by itself. */
	readonly metric: number | null;
}

/** What a running guest's interface has. Lists are in canonical form and sorted. */
export interface GuestIp {
	/** `20.0.0.3/24`; link-local IPv6 left out. */
	readonly addresses: readonly string[];
	/** Without those that come with the addresses (protocol kernel). A default gateway is a route. */
	readonly routes: readonly IpRoute[];
	/** Null: not known, or left as it is. */
	readonly mtuBytes: number | null;
	readonly up: boolean;
}

/** What an admin wants an interface of a guest to have. */
export interface GuestNetwork {
	readonly addresses: readonly string[];
	readonly routes: readonly IpRoute[];
	readonly mtuBytes: number | null;
	readonly nameservers: readonly string[];
}

/** Formats of a guest's own network configuration. */
export const guestFileFormats = ['netplan', 'networkd', 'networkmanager', 'cloud-init'] as const;

export type GuestFileFormat = (typeof guestFileFormats)[number];

/** A configuration file inside a guest. */
export interface GuestFile {
	readonly format: GuestFileFormat;
	/** Absolute path in the guest. */
	readonly path: string;
	readonly text: string;
	/** Permission bits: netplan and NetworkManager refuse or warn about files that others can read. */
	readonly mode: number;
}
