// What vfctl needs of libvirt, and nothing else. Two implementations: koffi-libvirt.ts over
// libvirt.so.0, and lib/sim for recorded hosts. Methods reject with AppError; libvirt's own
// error number and domain are in `details.libvirtCode` and `details.libvirtDomain`.

/** virDomainState of libvirt-domain.h, by name. */
export type DomainState = 'nostate' | 'running' | 'blocked' | 'paused' | 'shutdown' | 'shutoff' | 'crashed' | 'pmsuspended';

/** A guest as libvirt tells it. */
export interface DomainRecord {
	readonly name: string;
	readonly uuid: string;
	readonly state: DomainState;
	/** Has a live instance (virDomainIsActive): running, paused, ... */
	readonly active: boolean;
	/** Has a saved definition (virDomainIsPersistent); a transient guest has none. */
	readonly persistent: boolean;
	/** virDomainGetXMLDesc(0) of an active domain. */
	readonly liveXml: string | undefined;
	/** virDomainGetXMLDesc(VIR_DOMAIN_XML_INACTIVE) of a persistent domain. */
	readonly inactiveXml: string | undefined;
	/** virDomainGetXMLDesc(VIR_DOMAIN_XML_MIGRATABLE), asked when the live XML has an <interface
	 * type='hostdev'>: the live XML shows the VF that a pool gave and hides the pool, this one the
	 * other way round (virDomainNetDefFormat, publicActual). */
	readonly migratableXml?: string;
}

export interface NetworkRecord {
	readonly name: string;
	readonly uuid: string;
	readonly active: boolean;
	readonly persistent: boolean;
	readonly autostart: boolean;
	/** Live XML when active (a hostdev pool's `<pf>` is expanded to its VFs), else the saved one. */
	readonly xml: string;
	/** VIR_NETWORK_XML_INACTIVE of an active persistent network: what it will be at its next start. */
	readonly inactiveXml?: string;
}

/** VIR_DOMAIN_AFFECT_LIVE or VIR_DOMAIN_AFFECT_CONFIG. */
export type AffectTarget = 'live' | 'config';

/** What happens to a static lease. */
export type LeaseVerb = 'add' | 'modify' | 'delete';

/** One interface as the guest agent tells it (virDomainInterfaceAddresses, source AGENT). */
export interface GuestInterface {
	readonly name: string;
	readonly mac: string | undefined;
	/** CIDR notation: `10.0.0.2/24`. */
	readonly addresses: readonly string[];
}

export interface Libvirt {
	readonly uri: string;
	/** Version as libvirt tells it: `11.3.0`. */
	version(): Promise<string>;
	/** All guests with their XML. */
	listDomains(): Promise<readonly DomainRecord[]>;
	/** A guest by name or UUID; rejects with GUEST_NOT_FOUND. */
	findDomain(nameOrUuid: string): Promise<DomainRecord>;
	/** virDomainAttachDeviceFlags. */
	attachDevice(uuid: string, deviceXml: string, target: AffectTarget): Promise<void>;
	/** virDomainDetachDeviceFlags. Live detach is a request to the guest: it resolves when libvirt
	 * has taken the request, not when the guest has let go. Rejects with NOT_ATTACHED when the
	 * definition has no such device (VIR_ERR_DEVICE_MISSING, or VIR_ERR_OPERATION_FAILED with "not found"). */
	detachDevice(uuid: string, deviceXml: string, target: AffectTarget): Promise<void>;
	/** Interfaces as the guest agent sees them; undefined when no agent answers. */
	guestInterfaces(uuid: string): Promise<readonly GuestInterface[] | undefined>;
	listNetworks(): Promise<readonly NetworkRecord[]>;
	/** virNetworkDefineXML: makes or replaces the saved definition. */
	defineNetwork(xml: string): Promise<void>;
	/** virNetworkUndefine; rejects with NETWORK_NOT_FOUND like the four below. */
	undefineNetwork(name: string): Promise<void>;
	/** virNetworkCreate. Rejects with LIBVIRT_FAILED when libvirt cannot start it. */
	startNetwork(name: string): Promise<void>;
	/** virNetworkDestroy: stops it; its saved definition stays. */
	stopNetwork(name: string): Promise<void>;
	setNetworkAutostart(name: string, autostart: boolean): Promise<void>;
	/** virNetworkUpdate of VIR_NETWORK_SECTION_IP_DHCP_HOST. `ipIndex` counts the network's <ip>
	 * elements from 0; without it libvirt takes the first that has <dhcp>. */
	updateLease(name: string, verb: LeaseVerb, leaseXml: string, target: AffectTarget, ipIndex?: number): Promise<void>;
	/** virDomainQemuAgentCommand: a JSON command to the guest agent, and its JSON answer as text.
	 * Undefined when no agent answers; rejects with STEP_FAILED when the agent reports an error. */
	agentCommand(uuid: string, command: string, timeoutMs: number): Promise<string | undefined>;
	/** Names of node devices with the PCI capability: `pci_0000_01_00_0`. */
	listPciNodeDevices(): Promise<readonly string[]>;
	nodeDeviceXml(name: string): Promise<string>;
	/** virConnectGetDomainCapabilities of the usual guest: what this libvirt and QEMU can do on this
	 * host. The first time it starts QEMU to ask it. */
	domainCapabilities(): Promise<string>;
	close(): Promise<void>;
}
