// Interfaces of a guest as its agent tells them.
import type {CallOptions, Session} from './connection.ts';
import {VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT} from './constants.ts';
import type {Pointer} from './ffi.ts';
import type {GuestInterface} from './libvirt.ts';

/** virDomainInterfaceAddresses; rejects when the agent does not answer. */
export async function readGuestInterfaces({api, call}: Session, domain: Pointer, options: CallOptions): Promise<GuestInterface[]> {
	const out: [Pointer | null] = [null];
	const count = await call<number>(api.virDomainInterfaceAddresses, [domain, out, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, 0], options);
	const [array] = out;
	if (array === null) {
		return [];
	}

	const pointers = count === 0 ? [] : api.readPointers(array, count);
	const interfaces = pointers.map(pointer => {
		const {name, hwaddr, naddrs, addrs} = api.readInterface(pointer);
		const addresses = addrs === null || naddrs === 0 ? [] : api.readAddresses(addrs, naddrs);
		return {name, mac: hwaddr ?? undefined, addresses: addresses.map(({addr, prefix}) => `${addr}/${prefix}`)};
	});
	for (const pointer of pointers) {
		api.virDomainInterfaceFree(pointer);
	}

	api.free(array);
	return interfaces;
}
