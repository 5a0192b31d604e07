// The things vfctl can do to a host, as data. Each action names its target, the state it
// expects (`from`) and the state it makes (`to`), so it can be checked, printed and turned round.
import type {Bdf} from '../model/bdf.ts';
import type {GuestIp, IpRoute} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import type {Lease, NetworkState} from '../model/network.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import type {SwapDriverAction} from './driver-actions.ts';
import type {InsertModuleAction, SetForwardAction, SetRelayAction, SetSwitchModeAction} from './forward-actions.ts';
import type {InstallModulesAction, RegisterDkmsAction} from './module-actions.ts';
import type {MoveNetdevAction, NetnsNetworkAction} from './netns-actions.ts';
import type {SetFeatureAction, SetHugepagesAction, SetIrqAffinityAction, SetRpsAction, SetSteerAction} from './tuning-actions.ts';

/** Sets IFF_UP of a PF's interface. */
export interface SetLinkAction {
	kind: 'set-link';
	netdev: string;
	from: 'up' | 'down';
	to: 'up' | 'down';
}

/** Writes sriov_numvfs. One of `from` and `to` is 0: the kernel refuses any other change. */
export interface SetNumVfsAction {
	kind: 'set-numvfs';
	pf: Bdf;
	pfNetdev: string | null;
	from: number;
	to: number;
	/** What the VFs had before they went away: written again when the count comes back. Empty
	 * for VFs that did not exist before. */
	remembered: RememberedVf[];
}

/** Settings and pinned driver of a VF that is destroyed. */
export interface RememberedVf {
	index: number;
	bdf: Bdf;
	settings: VfSettingsPart;
	override: string | null;
}

/** Writes sriov_drivers_autoprobe. */
export interface SetAutoprobeAction {
	kind: 'set-autoprobe';
	pf: Bdf;
	from: boolean;
	to: boolean;
}

/** Loads a kernel module; the inverse unloads it when nothing uses it. */
export interface LoadModuleAction {
	kind: 'load-module';
	module: string;
	from: 'absent' | 'loaded';
	to: 'absent' | 'loaded';
}

/** The binding of one device: bound driver and driver_override. */
export interface Binding {
	driver: string | null;
	override: string | null;
}

/** Binds one device through driver_override (never new_id). With `to.driver` null the device is
 * only unbound. */
export interface BindAction {
	kind: 'bind';
	bdf: Bdf;
	/** The PF when the device must be a VF of it: checked before every write, so that an address
	 * that became another device is left alone. Not checked when it is missing or null. */
	physfn?: Bdf | null;
	from: Binding;
	to: Binding;
}

/** Changes settings of one VF on its PF. */
export interface SetVfAction {
	kind: 'set-vf';
	pfNetdev: string;
	pf: Bdf;
	index: number;
	bdf: Bdf;
	from: VfSettingsPart;
	to: VfSettingsPart;
	/** True when the VF does not exist yet: `from` is then what drivers give new VFs, not what
	 * was seen, and is not compared before the step. */
	assumed: boolean;
	/** Probe the VF's host driver again after a change of MAC, so that its interface takes it. */
	reload: boolean;
}

/** Whose the VF's MAC is. Its own: its driver made it up or its user set it, and the PF lets it
 * change. Administrative: set on the PF, which every attach does. The first step of an attach
 * notes the own MAC and changes nothing; turned round, it gives it back. */
export interface OwnMacAction {
	kind: 'own-mac';
	pfNetdev: string;
	pf: Bdf;
	index: number;
	bdf: Bdf;
	mac: Mac;
	from: 'own' | 'administrative';
	to: 'own' | 'administrative';
}

/** Identity of a guest in a plan. */
export interface GuestRef {
	name: string;
	uuid: string;
}

interface DeviceChange {
	guest: GuestRef;
	target: 'live' | 'config';
	deviceXml: string;
	/** VF on the host; null when a pool chooses it, and where there is none. */
	source: Bdf | null;
	/** The pool; of other methods the network, bridge, socket or shared memory by its name. */
	network: string | null;
	mac: Mac | null;
	/** `virtio`: the half of a failover pair that stays. `macvtap` stands on the VF `source`. */
	method: 'hostdev' | 'interface' | 'network' | 'virtio' | 'macvtap' | 'bridge' | 'vhost-user' | 'ivshmem';
	/** managed='yes': libvirt binds and gives back the driver. */
	managed: boolean;
	/** The host driver the VF has while no guest has it; null when it has none. */
	hostDriver: string | null;
	/** Indexes of the PCIe ports that the definition had without the device, when all were taken:
	 * libvirt adds ports to a saved definition then, and leaves them there. Null when one was free. */
	portsBefore: readonly number[] | null;
}

/** virDomainAttachDeviceFlags. */
export interface AttachDeviceAction extends DeviceChange {
	kind: 'attach-device';
}

/** virDomainDetachDeviceFlags, waited for: gone from the definition, and after a managed live
 * detach back on `hostDriver`. Takes the ports away that libvirt added. */
export interface DetachDeviceAction extends DeviceChange {
	kind: 'detach-device';
}

/** Waits until the guest agent shows an interface with the MAC. Changes nothing. */
export interface CheckGuestAction {
	kind: 'check-guest';
	guest: GuestRef;
	mac: Mac;
	timeoutMs: number;
	/** The VF of a failover pair, whose virtio half has the MAC too. */
	pair?: boolean;
}

/** Writes, replaces or removes (`to` null) one configuration file. */
export interface WriteFileAction {
	kind: 'write-file';
	path: string;
	from: string | null;
	to: string | null;
	/** A command after the write, such as `udevadm control --reload`; undone the same way. One of
	 * those in plan-schema.ts. */
	then: readonly string[] | null;
}

/** Sets the MTU of an interface of the host. */
export interface SetMtuAction {
	kind: 'set-mtu';
	netdev: string;
	from: number;
	to: number;
}

/** Adds an address to the unicast filter of a PF's card, or takes it away: its switch then gives frames of VFs to that
 * address to the host, where a bridge has it. It goes with the interface. */
export interface SetFilterAction {
	kind: 'set-filter';
	netdev: string;
	mac: Mac;
	/** Whether it is there. */
	from: boolean;
	to: boolean;
}

/** A route of the host's main table. */
export interface HostRoute extends IpRoute {
	dev: string;
	/** What else a route had that is taken away, so that it can be made again. Not compared. */
	source?: string;
	/** Who made it; absent for what `ip route add` makes (boot). */
	protocol?: string;
	/** The gateway is not looked for among the networks of the device. */
	onlink?: boolean;
}

/** Adds, replaces or removes one route of the host. `from` and `to` have the same `to` network. */
export interface SetRouteAction {
	kind: 'set-route';
	from: HostRoute | null;
	to: HostRoute | null;
}

/** Makes the interface with the MAC in a running guest have these addresses, routes and MTU,
 * through its agent, and reads them back. */
export interface GuestNetworkAction {
	kind: 'guest-network';
	guest: GuestRef;
	mac: Mac;
	from: GuestIp;
	to: GuestIp;
	/** `from` is not compared before the step: the interface does not exist yet, or a service of the
	 * guest was told of a new file just before, and may be at work on it. */
	assumed: boolean;
}

/** Writes, replaces or removes (`to` null) one file in a running guest through its agent. */
export interface GuestFileAction {
	kind: 'guest-file';
	guest: GuestRef;
	path: string;
	from: string | null;
	to: string | null;
	/** Permission bits of a new file. */
	mode: number;
}

/** Defines, changes, starts, stops or removes a libvirt network. A network that changes while it
 * is active is stopped and started: never planned while guests use it. */
export interface SetNetworkAction {
	kind: 'set-network';
	name: string;
	from: NetworkState | null;
	to: NetworkState | null;
}

/** Adds, changes or removes a static DHCP lease, in the saved definition and, when the network
 * is active, in the running one (virNetworkUpdate). */
export interface SetLeaseAction {
	kind: 'set-lease';
	network: string;
	from: Lease | null;
	to: Lease | null;
}

/** Arguments of the kernel command line that grubby keeps per boot entry. */
export interface KernelArgumentsAction {
	kind: 'kernel-arguments';
	from: readonly string[];
	to: readonly string[];
}

/** systemctl enable or disable. */
export interface SetUnitAction {
	kind: 'set-unit';
	unit: string;
	from: 'enabled' | 'disabled';
	to: 'enabled' | 'disabled';
}

export type Action =
	| SetLinkAction
	| SetNumVfsAction
	| SetAutoprobeAction
	| LoadModuleAction
	| BindAction
	| SetVfAction
	| OwnMacAction
	| AttachDeviceAction
	| DetachDeviceAction
	| CheckGuestAction
	| WriteFileAction
	| SetMtuAction
	| SetFilterAction
	| SetRouteAction
	| GuestNetworkAction
	| GuestFileAction
	| SetNetworkAction
	| SetLeaseAction
	| KernelArgumentsAction
	| SetUnitAction
	| MoveNetdevAction
	| NetnsNetworkAction
	| SetIrqAffinityAction
	| SetRpsAction
	| SetHugepagesAction
	| SetFeatureAction
	| SetSteerAction
	| InstallModulesAction
	| SwapDriverAction
	| RegisterDkmsAction
	| SetForwardAction
	| SetRelayAction
	| SetSwitchModeAction
	| InsertModuleAction;

export type ActionKind = Action['kind'];
