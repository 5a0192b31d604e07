// Checks the one-line JSON facts about guests and networks in a record.
import type {DomainRecord, DomainState, GuestInterface, NetworkRecord} from '../libvirt/libvirt.ts';

const states: ReadonlySet<string> = new Set<DomainState>(['nostate', 'running', 'blocked', 'paused', 'shutdown', 'shutoff', 'crashed', 'pmsuspended']);

/** The guest facts of a D line, or undefined when they are not exactly those. */
export function domainOf(value: unknown): Pick<DomainRecord, 'name' | 'uuid' | 'state' | 'active' | 'persistent'> | undefined {
	const facts = fields(value, {name: 'string', uuid: 'string', state: 'string', active: 'boolean', persistent: 'boolean'});
	return facts && isUuid(facts['uuid']) && states.has(facts['state'] as string) ? facts as never : undefined;
}

/** The network facts of an N line, or undefined when they are not exactly those. */
export function networkOf(value: unknown): Omit<NetworkRecord, 'xml'> | undefined {
	const facts = fields(value, {name: 'string', uuid: 'string', active: 'boolean', persistent: 'boolean', autostart: 'boolean'});
	return facts && isUuid(facts['uuid']) ? facts as never : undefined;
}

/** The interfaces of a G line, or undefined when they are not a list of interfaces. */
export function guestInterfacesOf(value: unknown): GuestInterface[] | undefined {
	if (!Array.isArray(value)) {
		return undefined;
	}

	const interfaces: GuestInterface[] = [];
	for (const one of value) {
		const {name, mac, addresses} = (one ?? {}) as Record<string, unknown>;
		const strings = Array.isArray(addresses) && addresses.every(address => typeof address === 'string');
		if (typeof name !== 'string' || !strings || (mac !== undefined && typeof mac !== 'string')) {
			return undefined;
		}

		interfaces.push({name, mac, addresses});
	}

	return interfaces;
}

function fields(value: unknown, types: Record<string, string>): Record<string, unknown> | undefined {
	if (typeof value !== 'object' || value === null || Object.keys(value).length !== Object.keys(types).length) {
		return undefined;
	}

	const facts = value as Record<string, unknown>;
	return Object.entries(types).every(([name, type]) => Object.hasOwn(facts, name) && typeof facts[name] === type) ? facts : undefined;
}

function isUuid(value: unknown): boolean {
	return typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value);
}
