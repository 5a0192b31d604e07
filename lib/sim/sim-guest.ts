// One guest of the simulated libvirt: its definitions and what is looked up in them.
import {AppError} from '../errors.ts';
import {startDaemonFix} from '../libvirt/libvirt-error.ts';
import type {AffectTarget, DomainRecord} from '../libvirt/libvirt.ts';
import type {Bdf} from '../model/bdf.ts';
import type {RecordedDomain} from '../record/record.ts';
import {errorNumbers, Refusal} from './guest-hold.ts';
import type {Hold} from './guest-hold.ts';
import {addDevice, addRootPort, allDevicesOf, devicesOf, freePorts, isStandby} from './guest-xml.ts';
import type {Plug} from './guest-plug.ts';
import type {DeviceRequest} from './guest-xml.ts';
import {childOf, childrenOf, parseXml, removeElement} from './xml-text.ts';

/** A guest as it stands. */
export interface Guest extends Omit<RecordedDomain, 'liveXml' | 'inactiveXml' | 'migratableXml' | 'state' | 'active'> {
	state: RecordedDomain['state'];
	active: boolean;
	liveXml: string | undefined;
	inactiveXml: string | undefined;
	migratableXml: string | undefined;
	pid: number;
	holds: Map<Bdf, Hold>;
	nextAlias: number;
	/** What it has on the host besides VFs, by MAC. */
	plugs: Map<string, Plug>;
}

/** The error of a libvirt that cannot be opened. */
export function libvirtAbsent(why: 'missing' | 'unreachable', uri: string): AppError {
	return why === 'missing'
		? new AppError('LIBVIRT_MISSING', 'the libvirt client library is not installed', {why: 'libvirt.so.0 is not there', fix: 'apt install libvirt0'})
		: new AppError('LIBVIRT_UNREACHABLE', `libvirt at ${uri} does not answer`, {why: "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory", fix: startDaemonFix, details: {libvirtCode: 38, libvirtDomain: 7, uri}});
}

/** Throws a Refusal when the guest has no such definition. */
export function requireTarget(guest: Guest, target: AffectTarget): void {
	if (target === 'live' && !guest.active) {
		throw new Refusal(errorNumbers.operationInvalid, 'Requested operation is not valid: domain is not running');
	}

	if (target === 'config' && !guest.persistent) {
		throw new Refusal(errorNumbers.operationInvalid, 'Requested operation is not valid: transient domains do not have any persistent config');
	}
}

/** Puts a device into the saved definition. */
export function attachConfig(guest: Guest, device: DeviceRequest): void {
	let xml = guest.inactiveXml ?? '';
	if (device.source !== undefined && devicesOf(xml).some(other => other.device.source === device.source)) {
		throw new Refusal(errorNumbers.operationInvalid, 'Requested operation is not valid: device is already in the domain configuration');
	}

	if (device.kind === 'shmem' && allDevicesOf(xml).some(other => other.device.kind === 'shmem' && other.device.network === device.network)) {
		throw new Refusal(errorNumbers.operationInvalid, 'Requested operation is not valid: shmem device is already in the domain configuration');
	}

	let ports = freePorts(xml);
	if (ports?.length === 0) {
		const spare = !xml.includes("model='pcie-root-port'");
		const more = addRootPort(xml);
		xml = spare ? addRootPort(more.xml).xml : more.xml;
		ports = [more.index];
	}

	guest.inactiveXml = addDevice(xml, device, {bus: device.bus !== undefined && ports?.includes(device.bus) ? device.bus : ports?.[0], alias: undefined});
}

/** Takes a PCI controller out of the saved definition; libvirt puts one back that is not the last,
 * so that the indexes have no gap. False when the XML is no such controller. */
export function detachController(guest: Guest, xml: string): boolean {
	const wanted = parseXml(xml.trim());
	if (wanted?.name !== 'controller' || wanted.attributes['type'] !== 'pci') {
		return false;
	}

	const controllers = childrenOf(childOf(parseXml(guest.inactiveXml ?? ''), 'devices'), 'controller').filter(({attributes}) => attributes['type'] === 'pci');
	const indexes = controllers.map(({attributes}) => Number(attributes['index']));
	const found = controllers[indexes.indexOf(Number(wanted.attributes['index']))];
	if (!found) {
		throw new Refusal(errorNumbers.deviceMissing, `device not found: controller pci:${wanted.attributes['index'] ?? ''} not found`);
	}

	if (Number(found.attributes['index']) === Math.max(...indexes)) {
		guest.inactiveXml = removeElement(guest.inactiveXml ?? '', found);
	}

	return true;
}

/** The interface that XML means: libvirt asks for the MAC, the address in the guest and the alias as
 * far as they are given, never for the source, and takes no first of several (virDomainNetFindIdx;
 * both refusals as libvirt 11.3 gave them). */
export function findInterface(xml: string | undefined, wanted: DeviceRequest): ReturnType<typeof devicesOf>[number] {
	const matches = allDevicesOf(xml ?? '').filter(({device}) => device.kind !== 'hostdev' && device.kind !== 'shmem' && device.mac === wanted.mac
		&& (wanted.bus === undefined || device.bus === wanted.bus) && (wanted.alias === undefined || device.alias === wanted.alias));
	const [first] = matches;
	if (first === undefined) {
		throw new Refusal(errorNumbers.deviceMissing, `device not found: no device matching MAC address ${wanted.mac ?? ''} found`);
	}

	if (matches.length > 1) {
		throw new Refusal(errorNumbers.operationFailed, `operation failed: multiple devices matching MAC address ${wanted.mac ?? ''} found`);
	}

	return first;
}

/** The shared memory that XML means (virDomainShmemDefFind: by name, size and model). */
export function findSharedMemory(xml: string | undefined, wanted: DeviceRequest): ReturnType<typeof devicesOf>[number] {
	const found = allDevicesOf(xml ?? '').find(({device}) => device.kind === 'shmem' && device.network === wanted.network);
	if (found === undefined) {
		throw new Refusal(errorNumbers.deviceMissing, "device not found: model 'ivshmem-plain' shmem device not present in domain configuration");
	}

	return found;
}

/** The device of a definition that XML means: libvirt looks a hostdev up by its source, the VF of a
 * pool is found by MAC in XML that does not show it. */
export function findDevice(xml: string | undefined, wanted: DeviceRequest, source = wanted.source): ReturnType<typeof devicesOf>[number] | undefined {
	return devicesOf(xml ?? '').find(({device}) => {
		const sameSource = source !== undefined && device.source === source;
		const sameMac = wanted.mac !== undefined && device.mac === wanted.mac;
		if (wanted.kind === 'hostdev') {
			return sameSource;
		}

		return device.kind !== 'hostdev' && !isStandby(device) && (sameSource || device.source === undefined || wanted.source === undefined) && (wanted.mac === undefined ? sameSource : sameMac);
	});
}

/** The definition without its VFs. */
export function withoutDevices(xml: string): string {
	return devicesOf(xml).toReversed().reduce((text, {element}) => removeElement(text, element), xml);
}

/** The guest as libvirt tells it. */
export function domainRecord({name, uuid, state, active, persistent, liveXml, inactiveXml, migratableXml}: Guest): DomainRecord {
	const migratable = liveXml?.includes("<interface type='hostdev'") ? migratableXml ?? liveXml : undefined;
	return {name, uuid, state, active, persistent, liveXml, inactiveXml, ...(migratable === undefined ? {} : {migratableXml: migratable})};
}

/** Holds of all guests. */
export function * machineHolds(guests: readonly Guest[]): Generator<Hold> {
	for (const guest of guests) {
		yield * guest.holds.values();
	}
}

/** MACs of the VFs that guests have in a record. */
export function guestVfMacs(domains: readonly RecordedDomain[]): Set<string> {
	return new Set(domains.flatMap(({liveXml}) => devicesOf(liveXml ?? '').map(({device}) => device.source === undefined ? undefined : device.mac).filter(mac => mac !== undefined)));
}
