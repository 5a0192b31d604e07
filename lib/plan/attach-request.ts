// What an attach is asked to do.
import type {DeviceSpec} from '../libvirt/device-xml.ts';
import type {Mac} from '../model/mac.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import type {FailoverSource} from './failover-source.ts';
import type {TargetOptions} from './find-guest.ts';
import type {RiskName} from './plan.ts';

/** The ways a guest can get an interface, or shared memory (`ivshmem`). */
export const attachMethods = ['hostdev', 'interface', 'network', 'macvtap', 'bridge', 'vhost-user', 'ivshmem'] as const;
export type AttachMethod = typeof attachMethods[number];
export const macvtapModes = ['passthrough', 'bridge', 'private', 'vepa'] as const;
export type MacvtapMode = typeof macvtapModes[number];

export interface AttachRequest extends TargetOptions {
	guest: string;
	/** PF, VF or pool as typed; of other methods an interface, a bridge, a network, the path of a
	 * socket, or the name of shared memory. */
	device: string;
	/** Settings without the MAC. */
	settings: Omit<VfSettingsPart, 'mac'>;
	mac?: Mac;
	method?: AttachMethod;
	/** Undefined: libvirt binds and gives back the driver when the VF is on its host driver. */
	managed?: boolean;
	/** Network or bridge of a virtio interface that stands by for the VF. */
	failover?: FailoverSource;
	/** `macvtap`: how the guest shares the interface. Undefined: a VF, and the guest has it alone. */
	macvtapMode?: MacvtapMode;
	/** `vhost-user`: who of QEMU (`client`: connects) and the other program makes the socket. */
	socketMode?: 'client' | 'server';
	/** `vhost-user`: pairs of queues. */
	queues?: number;
	/** `ivshmem`. */
	sizeMiB?: number;
	/** Of methods without a VF: what else of the host they depend on. */
	wires?: WireFacts;
	/** VFs to create when the PF has none. */
	createVfs?: number;
	/** How long the guest agent may take to show the interface; 0 does not look. */
	guestTimeoutMs: number;
	acceptedRisks: readonly RiskName[];
	/** Renders libvirt's XML for the device. */
	renderXml: (spec: DeviceSpec) => string;
}

/** What the inventory does not tell (exec/read-wire-facts.ts). */
export interface WireFacts {
	/** `11.3.0`. */
	libvirtVersion: string;
	/** Bridges that Open vSwitch has; null when it is not there. */
	openvswitchBridges: readonly string[] | null;
	/** The socket that was named; null when there is nothing of that name, or none was asked for. */
	socket: SocketFacts | null;
	/** `ivshmem`: there is a file of that name in /dev/shm. */
	sharedMemoryFile: boolean;
}

export interface SocketFacts {
	/** What `stat` calls it: `socket`, `regular file`, ... */
	kind: string;
	/** `root:root`. */
	owner: string;
	/** Permission bits in octal: `755`. */
	mode: string;
}
