// Devices of simulated guests that are no VFs.
import {guestSystemOf} from './guest-agent.ts';
import {allDevicesOf, type DeviceRequest} from './guest-xml.ts';
import {errorNumbers, Refusal} from './guest-hold.ts';
import type {Guest} from './sim-guest.ts';
import {childOf, parseXml, removeElement} from './xml-text.ts';

/** Throws a Refusal when other processes cannot map the memory that a vhost-user program needs:
 * <memoryBacking><access mode='shared'/>. */
export function requireSharedMemory({kind}: DeviceRequest, xml: string): void {
	if (kind === 'vhostuser' && childOf(childOf(parseXml(xml), 'memoryBacking'), 'access')?.attributes['mode'] !== 'shared') {
		throw new Refusal(errorNumbers.unsupported, "unsupported configuration: 'vhostuser' requires shared memory");
	}
}

/** The device goes from both forms of the running definition, and from the host. */
export function releasePlain(guest: Guest, {mac, kind, network}: DeviceRequest): void {
	guest.plugs.get(mac ?? '')?.release();
	guest.plugs.delete(mac ?? '');
	guestSystemOf(guest).links.delete(mac ?? '');
	const without = (xml: string | undefined) => {
		const found = allDevicesOf(xml ?? '').find(({device}) => device.kind === kind && (kind === 'shmem' ? device.network === network : device.mac === mac));
		return xml === undefined || found === undefined ? xml : removeElement(xml, found.element);
	};

	guest.liveXml = without(guest.liveXml);
	guest.migratableXml = without(guest.migratableXml);
}
