// The Libvirt interface over libvirt.so.0.
import {AppError} from '../errors.ts';
import {runAgentCommand} from './agent-command.ts';
import {AgentConnection} from './agent-connection.ts';
import {Connection, type CallOptions, type Session} from './connection.ts';
import * as c from './constants.ts';
import type {LibvirtApi, NativeFunction, Pointer} from './ffi.ts';
import {readGuestInterfaces} from './guest-interfaces.ts';
import type {AffectTarget, DomainRecord, GuestInterface, LeaseVerb, Libvirt, NetworkRecord} from './libvirt.ts';
import * as networkCalls from './network-calls.ts';
import {cString, eachObject, readDomain, readNetwork, withDomain, withObject} from './objects.ts';

export interface KoffiLibvirtOptions {
	/** Milliseconds that a question may take. */
	readonly timeoutMs?: number;
	/** Milliseconds that attaching and detaching may take. QEMU pins the whole memory of a guest
	 * when it gets its first device, which takes minutes for the largest. */
	readonly changeTimeoutMs?: number;
	/** Milliseconds that a guest agent may take. */
	readonly agentTimeoutMs?: number;
	/** Through the read-only socket, which needs no rights on Debian. */
	readonly readOnly?: boolean;
}

// Nothing depends on it: libvirtd notices the end of the process.
const closeTimeoutMs = 5000;

/** libvirt over its own client library; `openLibvirt` makes it. */
export class KoffiLibvirt implements Libvirt {
	readonly uri: string;
	readonly #connection: Connection;
	readonly #options: Required<KoffiLibvirtOptions>;
	readonly #agent: AgentConnection;

	private constructor(connection: Connection, options: Required<KoffiLibvirtOptions>) {
		this.uri = connection.uri;
		this.#connection = connection;
		this.#options = options;
		this.#agent = new AgentConnection(connection.uri, {...this.#asking('open the connection'), readOnly: options.readOnly});
	}

	/** Opens the connection; rejects with LIBVIRT_MISSING or LIBVIRT_UNREACHABLE. */
	static async open(uri: string, options: KoffiLibvirtOptions = {}): Promise<KoffiLibvirt> {
		const all = {timeoutMs: 30_000, changeTimeoutMs: 600_000, agentTimeoutMs: 10_000, readOnly: false, ...options};
		const connection = await Connection.open(cString(uri), {doing: 'open the connection', timeoutMs: all.timeoutMs, readOnly: all.readOnly});
		return new KoffiLibvirt(connection, all);
	}

	version(): Promise<string> {
		const options = this.#asking('tell its version');
		return this.#connection.exclusively(async ({api, call, connection}) => {
			const out: [number | bigint] = [0];
			await call(api.virConnectGetLibVersion, [connection, out], options);
			const number = Number(out[0]);
			return [Math.floor(number / 1_000_000), Math.floor(number / 1000) % 1000, number % 1000].join('.');
		});
	}

	listDomains(): Promise<readonly DomainRecord[]> {
		const options = this.#asking('list the guests');
		return this.#connection.exclusively(session =>
			eachObject(session, {list: session.api.virConnectListAllDomains, flags: 0, free: session.api.virDomainFree, options}, async pointer => {
				try {
					return await readDomain(session, pointer, options);
				} catch (error) {
					// It went away between the list and the question.
					if (error instanceof AppError && error.code === 'GUEST_NOT_FOUND') {
						return undefined;
					}

					throw error;
				}
			}));
	}

	findDomain(nameOrUuid: string): Promise<DomainRecord> {
		const options = this.#asking(`find guest '${nameOrUuid}'`);
		return this.#connection.exclusively(session =>
			withDomain(session, nameOrUuid, options, pointer => readDomain(session, pointer, options)));
	}

	attachDevice(uuid: string, deviceXml: string, target: AffectTarget): Promise<void> {
		const options = {doing: 'attach the device', timeoutMs: this.#options.changeTimeoutMs};
		return this.#change(session => session.api.virDomainAttachDeviceFlags, {uuid, deviceXml, target, options});
	}

	async detachDevice(uuid: string, deviceXml: string, target: AffectTarget): Promise<void> {
		// virDomainNetFindIdx matches what the XML names and nothing else: without a MAC it takes the
		// guest's only interface, whatever the source says.
		if (deviceXml.includes('<interface') && !deviceXml.includes('<mac ')) {
			throw new AppError('BUG', 'an interface must be detached by its MAC address', {why: 'libvirt would take any interface of the guest'});
		}

		const options = {doing: 'detach the device', timeoutMs: this.#options.changeTimeoutMs, detaching: true};
		return this.#change(session => session.api.virDomainDetachDeviceFlags, {uuid, deviceXml, target, options});
	}

	guestInterfaces(uuid: string): Promise<readonly GuestInterface[] | undefined> {
		const options = {doing: 'ask the guest agent', timeoutMs: this.#options.agentTimeoutMs};
		return this.#agent.ask(options, session => withDomain(session, uuid, options, pointer => readGuestInterfaces(session, pointer, options)));
	}

	agentCommand(uuid: string, command: string, timeoutMs: number): Promise<string | undefined> {
		return runAgentCommand(this.#agent, {uuid, command, timeoutMs});
	}

	listNetworks(): Promise<readonly NetworkRecord[]> {
		const options = this.#asking('list the networks');
		return this.#connection.exclusively(session =>
			eachObject(session, {list: session.api.virConnectListAllNetworks, flags: 0, free: session.api.virNetworkFree, options}, pointer =>
				readNetwork(session, pointer, options)));
	}

	defineNetwork(xml: string): Promise<void> {
		const options = this.#asking('define the network');
		return this.#connection.exclusively(session => networkCalls.defineNetwork(session, xml, options));
	}

	undefineNetwork(name: string): Promise<void> {
		return this.#changeNetwork(`remove the network '${name}'`, name, api => [api.virNetworkUndefine]);
	}

	startNetwork(name: string): Promise<void> {
		return this.#changeNetwork(`start the network '${name}'`, name, api => [api.virNetworkCreate]);
	}

	stopNetwork(name: string): Promise<void> {
		return this.#changeNetwork(`stop the network '${name}'`, name, api => [api.virNetworkDestroy]);
	}

	setNetworkAutostart(name: string, autostart: boolean): Promise<void> {
		return this.#changeNetwork(`set the autostart of the network '${name}'`, name, api => [api.virNetworkSetAutostart, autostart ? 1 : 0]);
	}

	updateLease(name: string, verb: LeaseVerb, leaseXml: string, target: AffectTarget, ipIndex?: number): Promise<void> {
		return this.#changeNetwork(`${verb} the lease in the network '${name}'`, name, api => [api.virNetworkUpdate, ...networkCalls.leaseParameters(verb, leaseXml, target, ipIndex)]);
	}

	listPciNodeDevices(): Promise<readonly string[]> {
		const options = this.#asking('list the PCI devices');
		return this.#connection.exclusively(session =>
			eachObject(session, {list: session.api.virConnectListAllNodeDevices, flags: c.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV, free: session.api.virNodeDeviceFree, options}, async pointer =>
				session.api.virNodeDeviceGetName(pointer) as string));
	}

	nodeDeviceXml(name: string): Promise<string> {
		const options = this.#asking(`describe node device ${name}`);
		return this.#connection.exclusively(session => {
			const {api, call, connection} = session;
			const lookUp = () => call<Pointer>(api.virNodeDeviceLookupByName, [connection, cString(name)], options);
			return withObject(session, lookUp, api.virNodeDeviceFree, pointer => call<string>(api.virNodeDeviceGetXMLDesc, [pointer, 0], options));
		});
	}

	domainCapabilities(): Promise<string> {
		const options = this.#asking('tell what guests can have');
		return this.#connection.exclusively(async ({api, call, connection}) => call<string>(api.virConnectGetDomainCapabilities, [connection, null, null, null, null, 0], options));
	}

	/** Throws BUG when references to the connection are left, which would be a leak of ours. A
	 * daemon that does not answer any more cannot be told and is no error. */
	async close(): Promise<void> {
		const options = {doing: 'close the connection', timeoutMs: Math.min(this.#options.timeoutMs, closeTimeoutMs)};
		const left = await Promise.all([this.#connection.close(options), this.#agent.close(options)]);
		if (left.some(references => references !== 0)) {
			throw new AppError('BUG', `${Math.max(...left)} references to the libvirt connection were not freed`);
		}
	}

	#asking(doing: string): CallOptions {
		return {doing, timeoutMs: this.#options.timeoutMs};
	}

	// Starting and stopping runs dnsmasq, iptables and what hooks there are: slow, like attaching.
	#changeNetwork(doing: string, name: string, call: (api: LibvirtApi) => networkCalls.NetworkCall): Promise<void> {
		const options = {doing, timeoutMs: this.#options.changeTimeoutMs};
		return this.#connection.exclusively(session => networkCalls.changeNetwork(session, name, call(session.api), options));
	}

	#change(
		nativeFunction: (session: Session) => NativeFunction,
		{uuid, deviceXml, target, options}: {uuid: string; deviceXml: string; target: AffectTarget; options: CallOptions},
	): Promise<void> {
		const flags = target === 'live' ? c.VIR_DOMAIN_AFFECT_LIVE : c.VIR_DOMAIN_AFFECT_CONFIG;
		return this.#connection.exclusively(session =>
			withDomain(session, uuid, options, async pointer => {
				await session.call(nativeFunction(session), [pointer, cString(deviceXml), flags], options);
			}));
	}
}
