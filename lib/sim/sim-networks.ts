// Networks of the simulated libvirt, with the error numbers and words of libvirt 9.0 and 11.3
// (seen with a real libvirtd: test/helpers/live-networks.ts). Bridges, dnsmasq and firewall rules of a running network
// are not simulated: nothing of vfctl looks at them.
import type {AffectTarget, LeaseVerb, NetworkRecord} from '../libvirt/libvirt.ts';
import {errorNumbers, Refusal} from './guest-hold.ts';
import {addressOf} from './guest-xml.ts';
import {bdfOfNetdev, changing, physfnOf, vfsOf, type Machine} from './machine.ts';
import {collapsedPool, definedNetwork, expandedPool, writeXml} from './network-xml.ts';
import {updateLeases} from './sim-leases.ts';
import {childOf, childrenOf, parseXml, type XmlElement} from './xml-text.ts';

interface SimNetwork {
	name: string;
	uuid: string;
	autostart: boolean;
	/** Undefined for a transient network. */
	saved: string | undefined;
	/** Undefined while it does not run. */
	live: string | undefined;
}

/** The networks of one daemon. */
export class SimNetworks {
	readonly #machine: Machine;
	readonly #networks: SimNetwork[];
	#made = 0;

	constructor(machine: Machine) {
		this.#machine = machine;
		this.#networks = (machine.record.libvirt?.networks ?? []).map(({name, uuid, active, persistent, autostart, xml, inactiveXml}) => ({
			name, uuid, autostart,
			saved: persistent ? inactiveXml ?? (active ? savedOf(xml) : xml) : undefined,
			live: active ? xml : undefined,
		}));
	}

	list(): NetworkRecord[] {
		return this.#networks.map(({name, uuid, autostart, saved, live}) => ({
			name, uuid, autostart,
			active: live !== undefined,
			persistent: saved !== undefined,
			xml: live ?? saved ?? '',
			...(saved !== undefined && live !== undefined ? {inactiveXml: saved} : {}),
		}));
	}

	/** networkDefineXMLFlags. Without a UUID libvirt makes one up, so an existing network is only
	 * replaced by a definition that names its UUID. */
	define(xml: string): void {
		const root = parseXml(xml.trim());
		const name = childOf(root, 'name')?.text.trim() ?? '';
		if (root?.name !== 'network' || name === '') {
			throw new Refusal(root === undefined ? errorNumbers.xmlDetail : 27, root === undefined ? '(network_definition):1: not well-formed' : 'XML error: missing name or wrong root element in the network definition');
		}

		const uuid = childOf(root, 'uuid')?.text.trim() ?? this.#newUuid();
		const existing = this.#networks.find(network => network.name === name);
		const twin = this.#networks.find(network => network.uuid === uuid);
		if (twin && twin !== existing) {
			throw new Refusal(9, `operation failed: network '${twin.name}' is already defined with uuid ${uuid}`);
		}

		if (existing && existing.uuid !== uuid) {
			throw new Refusal(9, `operation failed: network '${name}' already exists with uuid ${existing.uuid}`);
		}

		this.#validate(name, root);
		changing(this.#machine, `define network ${name}`);
		const saved = writeXml(definedNetwork(root, {uuid, bridge: this.#freeBridge(name), mac: `52:54:00:0b:00:${(this.#networks.length % 256).toString(16).padStart(2, '0')}`}));
		if (existing) {
			existing.saved = saved;
		} else {
			this.#networks.push({name, uuid, autostart: false, saved, live: undefined});
		}
	}

	undefine(name: string): void {
		const network = this.#find(name);
		if (network.saved === undefined) {
			throw new Refusal(errorNumbers.operationInvalid, "Requested operation is not valid: can't undefine transient network");
		}

		changing(this.#machine, `undefine network ${name}`);
		Object.assign(network, {saved: undefined, autostart: false});
		this.#dropGone(network);
	}

	start(name: string): void {
		const network = this.#find(name);
		if (network.live !== undefined) {
			throw new Refusal(errorNumbers.operationInvalid, 'Requested operation is not valid: network is already active');
		}

		const root = parseXml(network.saved ?? '') as XmlElement;
		const pf = childOf(childOf(root, 'forward'), 'pf')?.attributes['dev'];
		if (pf === undefined) {
			changing(this.#machine, `start network ${name}`);
			network.live = network.saved;
			return;
		}

		const bdf = bdfOfNetdev(this.#machine, pf);
		const vfs = bdf === undefined ? [] : vfsOf(this.#machine, bdf);
		if (vfs.length === 0) {
			throw new Refusal(errorNumbers.internal, `internal error: No usable Vf's present on SRIOV PF ${pf}`);
		}

		changing(this.#machine, `start network ${name}`);
		network.live = writeXml(expandedPool(root, vfs));
	}

	stop(name: string): void {
		const network = this.#find(name);
		if (network.live === undefined) {
			throw new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: network '${name}' is not active`);
		}

		changing(this.#machine, `stop network ${name}`);
		network.live = undefined;
		this.#dropGone(network);
	}

	setAutostart(name: string, autostart: boolean): void {
		const network = this.#find(name);
		if (network.saved === undefined) {
			throw new Refusal(errorNumbers.operationInvalid, 'Requested operation is not valid: cannot set autostart for transient network');
		}

		changing(this.#machine, `autostart network ${name}`);
		network.autostart = autostart;
	}

	updateLease(name: string, change: {verb: LeaseVerb; leaseXml: string; target: AffectTarget; ipIndex: number | undefined}): void {
		const network = this.#find(name);
		const key = change.target === 'live' ? 'live' : 'saved';
		const xml = network[key];
		if (xml === undefined) {
			throw new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: ${key === 'live' ? 'network is not running' : "can't update persistent def of transient network"}`);
		}

		const changed = updateLeases(name, parseXml(xml) as XmlElement, change);
		changing(this.#machine, `${change.verb} lease in network ${name} (${change.target})`);
		network[key] = writeXml(changed);
	}

	/** Throws libvirt's refusal when there is none of that name. */
	find(name: string): NetworkRecord {
		this.#find(name);
		return this.list().find(network => network.name === name) as NetworkRecord;
	}

	#find(name: string): SimNetwork {
		const network = this.#networks.find(one => one.name === name);
		if (!network) {
			throw new Refusal(43, `Network not found: no network with matching name '${name}'`);
		}

		return network;
	}

	#dropGone(network: SimNetwork): void {
		if (network.saved === undefined && network.live === undefined) {
			this.#networks.splice(this.#networks.indexOf(network), 1);
		}
	}

	// networkValidate: only VFs may be listed.
	#validate(name: string, root: XmlElement): void {
		const forward = childOf(root, 'forward');
		const listed = forward?.attributes['mode'] === 'hostdev' ? childrenOf(forward, 'address') : [];
		for (const bdf of listed.map(address => addressOf(address))) {
			if (bdf === undefined || physfnOf(this.#machine, bdf) === undefined) {
				throw new Refusal(errorNumbers.unsupported, `unsupported configuration: device '/sys/bus/pci/devices/${bdf}' in network '${name}' is not an SR-IOV Virtual Function`);
			}
		}
	}

	#newUuid(): string {
		this.#made++;
		return `6e657477-6f72-4b00-8000-${this.#made.toString(16).padStart(12, '0')}`;
	}

	#freeBridge(name: string): string {
		const used = new Set(this.#networks.filter(network => network.name !== name).map(({saved, live}) => childOf(parseXml(saved ?? live ?? ''), 'bridge')?.attributes['name']));
		for (let index = 0; ; index++) {
			if (!used.has(`virbr${index}`)) {
				return `virbr${index}`;
			}
		}
	}
}

function savedOf(liveXml: string): string {
	const root = parseXml(liveXml);
	if (root === undefined) {
		return liveXml;
	}

	const {connections: _, ...attributes} = root.attributes;
	return writeXml(collapsedPool({...root, attributes}));
}
