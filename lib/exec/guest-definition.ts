// The definition of a guest that an action is about.
import {AppError} from '../errors.ts';
import {parseDomain} from '../libvirt/domain-xml.ts';
import type {DomainRecord, Libvirt} from '../libvirt/libvirt.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Guest, GuestDefinition} from '../model/domain.ts';
import type {AttachDeviceAction, DetachDeviceAction} from '../plan/action.ts';

type DeviceAction = AttachDeviceAction | DetachDeviceAction;

/** The live or the saved definition as libvirt has it now; or, as a sentence, why there is none. */
export async function readDefinition(libvirt: Libvirt, {guest: {name, uuid}, target, network: named, method}: Pick<DeviceAction, 'guest' | 'target' | 'network' | 'method'>): Promise<GuestDefinition | string> {
	try {
		const record = await libvirt.findDomain(uuid);
		// Of other methods it is the name of something else.
		const network = method === 'network' ? named : null;
		const guest = parseOnce(libvirt, record, network);
		if (target === 'live') {
			return record.active && guest.live !== null ? guest.live : `${name} is not running`;
		}

		return guest.config ?? `${name} has no saved definition`;
	} catch (error) {
		if (error instanceof AppError && error.code === 'GUEST_NOT_FOUND') {
			return `there is no guest ${name} (${uuid})`;
		}

		throw error;
	}
}

// A step asks several times, mostly gets the same XML, and parsing takes longer than asking.
const lastParsed = new WeakMap<Libvirt, {record: DomainRecord; network: string | null; guest: Guest}>();

function parseOnce(libvirt: Libvirt, record: DomainRecord, network: string | null): Guest {
	const last = lastParsed.get(libvirt);
	const names = Object.keys(record) as Array<keyof DomainRecord>;
	if (last && last.network === network && names.length === Object.keys(last.record).length && names.every(name => last.record[name] === record[name])) {
		return last.guest;
	}

	const guest = parseDomain(record, network === null ? [] : [network]);
	lastParsed.set(libvirt, {record, network, guest});
	return guest;
}

const nicTypes: Readonly<Record<'macvtap' | 'bridge' | 'vhost-user', readonly string[]>> = {macvtap: ['direct'], bridge: ['bridge', 'network'], 'vhost-user': ['vhostuser']};

/** The device of the action in a definition: by its source on the host, which is the same in both
 * definitions; where a pool chooses the source, and of other interfaces, by the MAC. Of a failover pair's two interfaces with
 * that MAC, the virtio one is known by its teaming. */
export function findDevice(definition: GuestDefinition | string, {method, source, mac, network}: DeviceAction): {source: Bdf | null} | undefined {
	if (typeof definition === 'string') {
		return undefined;
	}

	if (method === 'virtio') {
		return definition.interfaces.some(nic => nic.mac === mac && nic.teaming?.type === 'persistent') ? {source: null} : undefined;
	}

	if (method === 'ivshmem') {
		return definition.sharedMemory.some(({name}) => name === network) ? {source: null} : undefined;
	}

	if (method === 'macvtap' || method === 'bridge' || method === 'vhost-user') {
		return definition.interfaces.some(nic => nic.mac === mac && nicTypes[method].includes(nic.type)) ? {source} : undefined;
	}

	return definition.devices.find(device => source === null
		? device.mac === mac && (device.network === null || device.network === network)
		: device.source === source);
}
