// libvirt of a simulated host: recorded guests and networks, device attach and detach with the
// error numbers that libvirt 11.3 gave in runs (shared notes, stack.md 4.3). Nothing else of
// libvirt is here: only what vfctl's plans use.
import {asAgentRefusal, translateLibvirtError} from '../libvirt/libvirt-error.ts';
import type {AffectTarget, Libvirt} from '../libvirt/libvirt.ts';
import type {Bdf} from '../model/bdf.ts';
import {agentAnswer, guestSystemOf} from './guest-agent.ts';
import {guestInterfaces} from './guest-interfaces.ts';
import type {GuestSystem} from './guest-system.ts';
import {addDevice, addressOf, deviceRequest, devicesOf, freePorts, isStandby} from './guest-xml.ts';
import type {DeviceRequest} from './guest-xml.ts';
import {plugIn} from './guest-plug.ts';
import {errorNumbers, giveBack, Refusal, takeVf} from './guest-hold.ts';
import {bdfOfNetdev, changing, groupOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {hostdevCapabilities} from './hostdev-capabilities.ts';
import {nodeDeviceXml, pciNodeDevices} from './nodedev.ts';
import {failureHappens} from './options.ts';
import type {LibvirtFailure} from './options.ts';
import {attachConfig, detachController, domainRecord, findDevice, findInterface, findSharedMemory, requireTarget, withoutDevices} from './sim-guest.ts';
import type {Guest} from './sim-guest.ts';
import {doingOf} from './sim-doing.ts';
import {releasePlain, requireSharedMemory} from './sim-plain.ts';
import {SimNetworks} from './sim-networks.ts';
import {childOf, childrenOf, parseXml, removeElement} from './xml-text.ts';

// virErrorDomain: VIR_FROM_QEMU. libvirt waits so long for a guest to let go of a device
// (qemuDomainWaitForDeviceRemoval), then answers success anyway.
const fromQemu = 10;
const unplugWaitMs = 5000;

/** Guests of a machine; there is one daemon, however many connections are opened. */
export class SimDaemon {
	readonly machine: Machine;
	readonly #guests: Guest[];
	readonly #networks: SimNetworks;
	#nextMac = 1;

	constructor(machine: Machine) {
		this.machine = machine;
		this.#networks = new SimNetworks(machine);
		this.#guests = (machine.record.libvirt?.domains ?? []).map((domain, index) => ({...domain, migratableXml: domain.migratableXml, pid: 2000 + index, holds: new Map(), nextAlias: 0, plugs: new Map()}));
		for (const guest of this.#guests) {
			this.#adopt(guest);
		}

		machine.requestRelease = (bdf, owner) => {
			const guest = this.#guests.find(({name}) => name === owner);
			if (guest) {
				this.#release(guest, bdf);
			}
		};
	}

	/** A connection to it. */
	connect(uri: string): Libvirt {
		const answer = async <T>(call: LibvirtFailure['call'], detaching: boolean, body: () => T, target?: AffectTarget): Promise<T> => {
			try {
				this.#failIfTold(call, target);
				return body();
			} catch (error) {
				throw error instanceof Refusal ? translateLibvirtError({code: error.libvirtCode, domain: fromQemu, message: error.message}, {doing: doingOf[call], uri, detaching}) : error;
			}
		};

		return {
			uri,
			version: async () => this.machine.record.libvirt?.version ?? '11.3.0',
			listDomains: () => answer('listDomains', false, () => this.#guests.map(guest => domainRecord(guest))),
			findDomain: name => answer('findDomain', false, () => domainRecord(this.#find(name))),
			attachDevice: (uuid, xml, target) => answer('attachDevice', false, () => {
				this.#attach(this.#find(uuid), xml, target);
			}, target),
			detachDevice: (uuid, xml, target) => answer('detachDevice', true, () => {
				this.#detach(this.#find(uuid), xml, target);
			}, target),
			guestInterfaces: uuid => answer('findDomain', false, () => guestInterfaces(this.machine, this.#guests, this.#find(uuid))),
			listNetworks: () => answer('listNetworks', false, () => this.#networks.list()),
			defineNetwork: xml => answer('defineNetwork', false, () => {
				this.#networks.define(xml);
			}),
			undefineNetwork: name => answer('undefineNetwork', false, () => {
				this.#networks.undefine(name);
			}),
			startNetwork: name => answer('startNetwork', false, () => {
				this.#networks.start(name);
			}),
			stopNetwork: name => answer('stopNetwork', false, () => {
				this.#networks.stop(name);
			}),
			setNetworkAutostart: (name, autostart) => answer('setNetworkAutostart', false, () => {
				this.#networks.setAutostart(name, autostart);
			}),
			updateLease: (name, verb, leaseXml, target, ipIndex) => answer('updateLease', false, () => {
				this.#networks.updateLease(name, {verb, leaseXml, target, ipIndex});
			}, target),
			agentCommand: async (uuid, command) => {
				try {
					return await answer('agentCommand', false, () => {
						const guest = this.#find(uuid);
						return agentAnswer(this.machine, guest, guestInterfaces(this.machine, this.#guests, guest), command);
					});
				} catch (error) {
					throw asAgentRefusal(error);
				}
			},
			listPciNodeDevices: async () => pciNodeDevices(this.machine),
			nodeDeviceXml: name => answer('findDomain', false, () => nodeDeviceXml(this.machine, name)),
			domainCapabilities: () => answer('findDomain', false, () => this.machine.record.libvirt?.hostdevXml ?? hostdevCapabilities(this.machine)),
			async close() {},
		};
	}

	/** Ends a running guest, as `virsh destroy` does: its VFs go back to the host. */
	stopGuest(name: string): void {
		const guest = this.#find(name);
		for (const bdf of guest.holds.keys()) {
			this.#release(guest, bdf);
		}

		for (const {release} of guest.plugs.values()) {
			release();
		}

		guest.plugs.clear();
		Object.assign(guest, {state: 'shutoff', active: false, liveXml: undefined, migratableXml: undefined});
		guestSystemOf(guest).links.clear();
	}

	/** What is inside a guest: its files and, as the last question to its agent found them, its interfaces. */
	insideGuest(name: string): GuestSystem {
		return guestSystemOf(this.#find(name));
	}

	/** Starts a guest that is shut off: every VF of its saved definition is taken, or none. */
	startGuest(name: string): void {
		const guest = this.#find(name);
		const saved = guest.inactiveXml ?? '';
		const devices = devicesOf(saved);
		Object.assign(guest, {state: 'running', active: true, nextAlias: 0, liveXml: withoutDevices(saved), migratableXml: undefined});
		try {
			for (const {device} of devices) {
				this.#attachLive(guest, device);
			}
		} catch (error) {
			this.stopGuest(name);
			throw error;
		}
	}

	#find(nameOrUuid: string): Guest {
		const guest = this.#guests.find(({name, uuid}) => name === nameOrUuid || uuid === nameOrUuid);
		if (!guest) {
			throw new Refusal(errorNumbers.noDomain, `Domain not found: no domain with matching name '${nameOrUuid}'`);
		}

		return guest;
	}

	// Guests that run in the record have their VFs already.
	#adopt(guest: Guest): void {
		for (const {device} of guest.liveXml === undefined ? [] : devicesOf(guest.liveXml)) {
			const group = device.source === undefined ? undefined : groupOf(this.machine, device.source);
			if (device.kind === 'direct') {
				guest.plugs.set(device.mac ?? '', plugIn(this.machine, device));
			}

			if (device.source !== undefined) {
				const saved = device.kind === 'interface' ? {mac: '00:00:00:00:00:00', vlan: 0} : undefined;
				guest.holds.set(device.source, {bdf: device.source, guest: guest.name, pid: guest.pid, boundByLibvirt: device.managed, saved, mac: device.mac, since: Number.NEGATIVE_INFINITY});
			}

			if (device.source !== undefined && group !== undefined) {
				const devices = this.machine.groupHolders.get(group)?.devices ?? new Set();
				this.machine.groupHolders.set(group, {pid: guest.pid, owner: guest.name, devices: devices.add(device.source)});
				this.machine.tree.putValue(`/proc/${guest.pid}/comm`, 'qemu-system-x86');
				this.machine.tree.put(`/proc/${guest.pid}/fd/${100 + group}`, {kind: 'link', target: `/dev/vfio/${group}`});
			}
		}
	}

	#attach(guest: Guest, xml: string, target: AffectTarget): void {
		const device = deviceRequest(xml);
		if (!device) {
			throw new Refusal(errorNumbers.xmlDetail, `(device_definition):1: Start tag expected, '<' not found\n${xml.slice(0, 80)}\n^`);
		}

		if ((device.kind === 'hostdev' || device.kind === 'interface') && device.source === undefined) {
			throw new Refusal(errorNumbers.unsupported, 'unsupported configuration: missing source address of the host device');
		}

		requireTarget(guest, target);
		changing(this.machine, `attach ${device.source ?? device.network ?? ''} to ${guest.name} (${target})`);
		// libvirt makes up a MAC where the XML has none; the same one each run here.
		const mac = device.kind === 'hostdev' || device.kind === 'shmem' ? undefined : device.mac ?? `52:54:00:5e:00:${(this.#nextMac++).toString(16).padStart(2, '0')}`;
		if (target === 'live') {
			this.#attachLive(guest, {...device, mac});
		} else {
			attachConfig(guest, {...device, mac});
		}
	}

	#attachLive(guest: Guest, device: DeviceRequest): void {
		const {machine} = this;
		if (this.#isPlain(device)) {
			this.#attachPlain(guest, device);
			return;
		}

		const bdf = device.source ?? this.#allocate(device.network ?? '');
		const network = device.kind === 'hostdev' ? undefined : {mac: device.mac ?? '', vlan: device.vlan ?? 0};
		const hold = takeVf(machine, {bdf, guest: guest.name, pid: guest.pid, managed: device.managed, network});
		const xml = guest.liveXml ?? '';
		const ports = freePorts(xml);
		if (ports?.length === 0) {
			giveBack(machine, hold);
			throw new Refusal(errorNumbers.internal, 'internal error: No more available PCI slots');
		}

		const bus = ports === undefined ? undefined : device.bus !== undefined && ports.includes(device.bus) ? device.bus : ports[0];
		const alias = device.alias ?? `hostdev${guest.nextAlias++}`;
		// A pool's interface shows the VF in the live XML and the pool in the migratable one.
		const seen: DeviceRequest = device.kind === 'network' ? {...device, kind: 'interface', source: bdf, network: undefined, managed: true} : device;
		const migratable = guest.migratableXml ?? xml;
		guest.migratableXml = addDevice(migratable, device, {bus, alias: undefined});
		guest.liveXml = addDevice(xml, seen, {bus, alias});
		guest.holds.set(bdf, {...hold, since: machine.clock.monotonicMs()});
	}

	#isPlain({kind, network}: DeviceRequest): boolean {
		return kind === 'bridge' || kind === 'direct' || kind === 'vhostuser' || kind === 'shmem' || (kind === 'network' && childOf(parseXml(this.#networks.find(network ?? '').xml), 'forward')?.attributes['mode'] !== 'hostdev');
	}

	#attachPlain(guest: Guest, device: DeviceRequest): void {
		if (device.kind === 'network' && !this.#networks.find(device.network ?? '').active) {
			throw new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: network '${device.network}' is not active`);
		}

		const xml = guest.liveXml ?? '';
		const ports = freePorts(xml);
		if (ports?.length === 0) {
			throw new Refusal(errorNumbers.internal, 'internal error: No more available PCI slots');
		}

		const bus = ports === undefined ? undefined : device.bus !== undefined && ports.includes(device.bus) ? device.bus : ports[0];
		if (device.kind === 'shmem' && ports !== undefined && device.bus === undefined) {
			// Without an address it is a conventional PCI device, for which q35 has no slot.
			throw new Refusal(errorNumbers.internal, 'internal error: No more available PCI slots');
		}

		requireSharedMemory(device, xml);
		if (device.kind === 'shmem') {
			this.machine.tree.put(`/dev/shm/${device.network ?? ''}`, {kind: 'text', text: ''});
		} else if (!isStandby(device)) {
			guest.plugs.set(device.mac ?? '', plugIn(this.machine, device));
		}

		guest.migratableXml &&= addDevice(guest.migratableXml, device, {bus, alias: undefined});
		guest.liveXml = addDevice(xml, device, {bus, alias: device.alias ?? (device.kind === 'shmem' ? `shmem${guest.nextAlias++}` : `net${1 + guest.nextAlias++}`)});
	}

	// networkAllocateActualDevice: the first VF of the pool that no guest has through a pool.
	#allocate(name: string): Bdf {
		const network = this.#networks.find(name);
		if (!network.active) {
			throw new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: network '${name}' is not active`);
		}

		const forward = childOf(parseXml(network.xml), 'forward');
		const pf = childOf(forward, 'pf')?.attributes['dev'];
		const listed = childrenOf(forward, 'address').map(address => addressOf(address)).filter(bdf => bdf !== undefined);
		const pfBdf = pf === undefined ? undefined : bdfOfNetdev(this.machine, pf);
		const members = listed.length > 0 ? listed : pfBdf === undefined ? [] : vfsOf(this.machine, pfBdf);
		const taken = new Set(this.#guests.flatMap(guest => [...guest.holds.values()].filter(({saved}) => saved).map(({bdf}) => bdf)));
		const free = members.find(bdf => !taken.has(bdf));
		if (free === undefined) {
			throw new Refusal(errorNumbers.internal, `internal error: network '${name}' requires exclusive access to interfaces, but none are available`);
		}

		return free;
	}

	#detach(guest: Guest, xml: string, target: AffectTarget): void {
		if (target === 'config' && detachController(guest, xml)) {
			return;
		}

		const device = deviceRequest(xml);
		if (!device) {
			throw new Refusal(errorNumbers.xmlDetail, '(device_definition): not a device');
		}

		if (device.kind === 'interface' && device.source === undefined) {
			throw new Refusal(errorNumbers.unsupported, 'unsupported configuration: missing source address of the host device');
		}

		requireTarget(guest, target);
		const definition = target === 'live' ? guest.liveXml : guest.inactiveXml;
		const found = device.kind === 'shmem' ? findSharedMemory(definition, device) : device.kind === 'hostdev' || device.mac === undefined ? findDevice(definition, device) : findInterface(definition, device);
		if (!found) {
			throw new Refusal(errorNumbers.deviceMissing, `device not found: ${device.source === undefined ? `no device matching MAC address ${device.mac ?? ''} found` : `host device ${device.source} not found`}`);
		}

		changing(this.machine, `detach ${device.source ?? device.mac ?? ''} from ${guest.name} (${target})`);
		if (target === 'config') {
			guest.inactiveXml = removeElement(guest.inactiveXml ?? '', found.element);
			return;
		}

		const bdf = found.device.source;
		const {clock, options} = this.machine;
		if (options.guestsKeepDevices?.includes(guest.name)) {
			clock.pass(unplugWaitMs);
			return;
		}

		const delay = options.unplugDelayMs ?? 0;
		clock.after(delay, () => {
			if (bdf === undefined) {
				releasePlain(guest, found.device);
			} else {
				this.#release(guest, bdf);
			}
		});
		clock.pass(Math.min(delay, unplugWaitMs));
	}

	#release(guest: Guest, bdf: Bdf): void {
		const hold = guest.holds.get(bdf);
		if (!hold) {
			return;
		}

		guest.holds.delete(bdf);
		guestSystemOf(guest).links.delete(hold.mac ?? '');
		const live = devicesOf(guest.liveXml ?? '').find(({device}) => device.source === bdf);
		if (live && guest.liveXml !== undefined) {
			guest.liveXml = removeElement(guest.liveXml, live.element);
			const other = guest.migratableXml && findDevice(guest.migratableXml, {...live.device, source: undefined}, bdf);
			guest.migratableXml = other && guest.migratableXml ? removeElement(guest.migratableXml, other.element) : guest.migratableXml;
		}

		giveBack(this.machine, hold);
	}

	#failIfTold(call: LibvirtFailure['call'], target: AffectTarget | undefined): void {
		const failure = this.machine.options.libvirtFailures?.find(one =>
			one.call === call && (one.target === undefined || one.target === target) && failureHappens(this.machine.failureCounts, one));
		if (failure) {
			throw new Refusal(failure.libvirtCode ?? errorNumbers.internal, failure.message ?? `internal error: ${call} fails because the test wants it`);
		}
	}
}
