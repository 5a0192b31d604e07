// The wanted state of a host, as the host file tells it after it was read and checked
// (formats/host-file-schema.ts). What is not named is left as it is.
import type {CpuChoice} from './cpu-spread.ts';
import type {GuestFileFormat, IpRoute} from './guest-network.ts';
import type {Mac} from './mac.ts';
import type {SteerRule} from './steer-rule.ts';
import type {VfSettingsPart} from './vf-settings.ts';

/** VFs by PF and index range, as `ens1f0#0-3`; the PF is a name as typed. */
export interface VfRange {
	readonly pf: string;
	/** Sorted, without duplicates. */
	readonly indexes: readonly number[];
}

/** CPUs for interrupts and packets of a PF or VF. */
export interface WantedTuning {
	/** Each interrupt goes to one of these CPUs, one after the other. */
	readonly interrupts?: CpuChoice;
	/** CPUs that share the packets of each receive queue. */
	readonly rps?: CpuChoice | 'none';
}

/** A steering rule of a PF. Without a location any will do. */
export interface WantedSteerRule extends SteerRule {
	readonly location?: number;
}

/** A PF: `pfs.ens1f0`. */
export interface WantedPf extends WantedTuning {
	/** Interface, or PCI address. */
	readonly pf: string;
	readonly numVfs?: number;
	readonly mtuBytes?: number;
	/** sriov_drivers_autoprobe. */
	readonly autoprobe?: boolean;
	readonly link?: 'up';
	/** The distribution's driver: the only one there is so far. */
	readonly driver?: 'stock';
	/** Frames between its VFs are passed on by the module vfctl_fwd, or left to the card. */
	readonly forwarding?: 'on' | 'off';
	/** How the card's own switch works. */
	readonly switch?: 'veb' | 'vepa';
	/** Group in which its frames are relayed; `none`: none. */
	readonly relay?: string;
	/** Exactly these rules, but for those that vfctl has no words for. */
	readonly steering?: readonly WantedSteerRule[];
}

/** Settings of VFs: one entry of `vfs`. */
export interface WantedVfs extends WantedTuning {
	readonly select: VfRange;
	/** A MAC only with one index. */
	readonly settings: VfSettingsPart;
	/** `host`: the driver that the kernel chooses, with nothing pinned. Another name is bound now
	 * and at every boot. */
	readonly driver?: string;
}

/** A pool: `pools.fast`. */
export interface WantedPool {
	readonly name: string;
	readonly state: 'present' | 'absent';
	/** A whole PF, or chosen VFs; absent with `state: absent`. */
	readonly source?: {readonly pf: string} | {readonly vfs: readonly VfRange[]};
	readonly autostart: boolean;
}

/** One VF of a guest. */
export interface WantedGuestVf {
	/** A VF (`ens1f0#2`), or a pool. */
	readonly source: {readonly pf: string; readonly index: number} | {readonly pool: string};
	readonly mac?: Mac;
	readonly method?: 'hostdev' | 'interface';
	readonly managed?: boolean;
	readonly settings: Omit<VfSettingsPart, 'mac'>;
	/** Name of the libvirt network or host bridge of the virtio interface that stands in for the VF. */
	readonly failover?: {readonly network: string} | {readonly bridge: string};
	readonly network?: WantedGuestNetwork;
}

/** What an interface has inside the guest. */
export interface WantedGuestNetwork {
	readonly addresses: readonly string[];
	/** With the gateways as default routes. */
	readonly routes: readonly IpRoute[];
	readonly mtuBytes?: number;
	readonly nameservers: readonly string[];
	/** `auto`: in the format that the guest uses; `none`: only while it runs. */
	readonly file: GuestFileFormat | 'auto' | 'none';
}

/** A guest: `guests.vm0`. Exactly these VFs: others are detached; without `vfs` nothing is said. */
export interface WantedGuest {
	readonly name: string;
	readonly vfs?: readonly WantedGuestVf[];
}

/** A route of the host. */
export interface WantedRoute extends IpRoute {
	readonly dev: string;
	readonly state: 'present' | 'absent';
}

/** A static DHCP lease. */
export interface WantedLease {
	readonly network: string;
	readonly mac: Mac;
	/** Null only with `state: absent`. */
	readonly ip: string | null;
	readonly name: string | null;
	readonly state: 'present' | 'absent';
}

/** Huge pages of one size. */
export interface WantedHugepages {
	readonly sizeKiB: number;
	/** Null spreads them evenly over the NUMA nodes. */
	readonly node: number | null;
	readonly count: number;
}

/** A whole host file. */
export interface HostFile {
	readonly version: 1;
	readonly pfs: readonly WantedPf[];
	readonly vfs: readonly WantedVfs[];
	readonly pools: readonly WantedPool[];
	readonly guests: readonly WantedGuest[];
	readonly routes: readonly WantedRoute[];
	readonly leases: readonly WantedLease[];
	readonly hugepages: readonly WantedHugepages[];
}
