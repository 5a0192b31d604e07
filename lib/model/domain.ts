// A libvirt guest as far as vfctl needs it, read from its XML.
import type {Bdf} from './bdf.ts';
import type {Mac} from './mac.ts';

/** One PCI device given to a guest. */
export interface GuestDevice {
	/** `hostdev`: <hostdev type='pci'>; `interface`: <interface type='hostdev'>; `network`: an
	 * <interface type='network'> on a hostdev pool; `macvtap`: an <interface type='direct'> on the
	 * interface that the host has for a VF. */
	readonly method: 'hostdev' | 'interface' | 'network' | 'macvtap';
	/** Source on the host; null for a pool's interface that has not been given a VF yet. */
	readonly source: Bdf | null;
	/** Name of the pool. */
	readonly network: string | null;
	/** `macvtap`: the host's interface, and how the guest shares it. */
	readonly macvtap?: {readonly netdev: string; readonly mode: string};
	readonly mac: Mac | null;
	readonly vlan: number | null;
	readonly managed: boolean;
	/** <alias name>, only in live XML. */
	readonly alias: string | null;
	/** Address inside the guest, as `BB:SS.F` of the guest's bus, or null. */
	readonly guestAddress: string | null;
	/** <teaming type='transient'>: alias of the virtio interface that stands by for it, or null. */
	readonly teaming: string | null;
}

/** Any <interface> of a guest: virtio, emulated or a VF. */
export interface GuestNic {
	readonly mac: Mac | null;
	/** `network`, `bridge`, `hostdev`, `direct`, `user`, ... In live XML a pool's is `hostdev`. */
	readonly type: string;
	/** Name of the network, else of the bridge, of the host's interface (`direct`), or path of the
	 * socket (`vhostuser`); null for those that are on none. */
	readonly source: string | null;
	/** `direct`: bridge, private, vepa, passthrough; `vhostuser`: client, server; else null. */
	readonly mode: string | null;
	/** 802.1Q tag, or null. */
	readonly vlan: number | null;
	/** <model type>: `virtio`, `e1000e`, ... or null. */
	readonly model: string | null;
	readonly alias: string | null;
	/** `BB:SS.F`, as of a device. */
	readonly guestAddress: string | null;
	/** Half of a failover pair: https://libvirt.org/formatdomain.html#teaming-a-virtio-hostdev-nic-pair */
	readonly teaming: Teaming | null;
}

export interface Teaming {
	/** `persistent`: the virtio half, which stays; `transient`: the VF, which comes and goes. */
	readonly type: 'persistent' | 'transient';
	/** Of a transient half: alias of the persistent one. */
	readonly persistent: string | null;
}

/** Memory that guests which name it share: <shmem>, QEMU's ivshmem. */
export interface GuestSharedMemory {
	/** The file in the host's /dev/shm. */
	readonly name: string;
	/** `ivshmem-plain`, or `ivshmem-doorbell` with a server for interrupts. */
	readonly model: string | null;
	readonly sizeBytes: number | null;
	/** `BB:SS.F`, as of a device. */
	readonly guestAddress: string | null;
}

/** A PCIe port of the guest into which a device can be plugged. */
export interface GuestPort {
	/** Controller index: the bus number that devices behind the port use. */
	readonly index: number;
	readonly model: string;
	/** Something is plugged in. */
	readonly occupied: boolean;
}

/** One definition of a guest: the live or the saved one. */
export interface GuestDefinition {
	readonly devices: readonly GuestDevice[];
	/** All its interfaces, those that are devices too. */
	readonly interfaces: readonly GuestNic[];
	/** MACs of its interfaces, of both halves of a failover pair. */
	readonly macs: readonly Mac[];
	/** PCIe root ports and switch downstream ports. */
	readonly ports: readonly GuestPort[];
	/** A PCI root or bridge with hot-pluggable slots (i440fx): ports do not limit then. */
	readonly conventionalPci: boolean;
	readonly sharedMemory: readonly GuestSharedMemory[];
	/** Other processes can map the guest's own memory, as a vhost-user backend must. */
	readonly memoryIsShared: boolean;
	/** <memoryBacking><hugepages>: how much of its memory in pages of which size (null: the host's
	 * default); empty when it has none. */
	readonly hugepages: ReadonlyArray<{readonly sizeKiB: number | null; readonly memoryKiB: number}>;
	/** qemu-guest-agent channel: none, defined but silent, or connected. */
	readonly agent: 'none' | 'disconnected' | 'connected';
}

export interface Guest {
	readonly name: string;
	readonly uuid: string;
	readonly active: boolean;
	readonly persistent: boolean;
	readonly state: string;
	readonly live: GuestDefinition | null;
	readonly config: GuestDefinition | null;
}

/** A libvirt network with forward mode hostdev. */
export interface Pool {
	readonly name: string;
	readonly active: boolean;
	readonly persistent: boolean;
	/** The PF it was made from, by interface name, or null. */
	readonly pfNetdev: string | null;
	/** VFs it hands out (expanded by libvirt while active). */
	readonly members: readonly Bdf[];
	readonly managed: boolean;
	/** What it is made of in its saved definition, and so after its next start; null when it has
	 * none. */
	readonly saved: {readonly pfNetdev: string | null; readonly members: readonly Bdf[]} | null;
}
