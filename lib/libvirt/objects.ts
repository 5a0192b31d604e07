// libvirt's objects: looked up or listed, read, and always given back.
import {AppError} from '../errors.ts';
import type {CallOptions, Session} from './connection.ts';
import * as c from './constants.ts';
import type {NativeFunction, Pointer} from './ffi.ts';
import type {DomainRecord, NetworkRecord} from './libvirt.ts';
import {withoutPasswords} from './without-passwords.ts';

/** Text for a `const char *`: a NUL would cut it short, and libvirt would act on the rest. */
export function cString(text: string): string {
	if (text.includes('\0')) {
		throw new AppError('USAGE', `${JSON.stringify(text.slice(0, 80))} contains a NUL character`, {why: 'neither names nor XML of libvirt can contain one'});
	}

	return text;
}

/** Runs the body with an object that a look-up gives. */
export async function withObject<Result>(session: Session, lookUp: () => Promise<Pointer>, free: NativeFunction, body: (pointer: Pointer) => Promise<Result>): Promise<Result> {
	const pointer = await lookUp();
	try {
		return await body(pointer);
	} finally {
		session.free(free, pointer);
	}
}

/** What `read` makes of each object that a virConnectListAll function gives, without the undefined. */
export async function eachObject<Result>(
	session: Session,
	listing: {list: NativeFunction; flags: number; free: NativeFunction; options: CallOptions},
	read: (pointer: Pointer) => Promise<Result | undefined>,
): Promise<Result[]> {
	const out: [Pointer | null] = [null];
	const count = await session.call<number>(listing.list, [session.connection, out, listing.flags], listing.options);
	const [array] = out;
	if (array === null) {
		return [];
	}

	const pointers = count === 0 ? [] : session.api.readPointers(array, count);
	session.api.free(array);
	const results: Result[] = [];
	try {
		for (const pointer of pointers) {
			const result = await read(pointer);
			if (result !== undefined) {
				results.push(result);
			}
		}
	} finally {
		for (const pointer of pointers) {
			session.free(listing.free, pointer);
		}
	}

	return results;
}

/** A guest by name or UUID; rejects with GUEST_NOT_FOUND. */
export async function lookUpDomain({api, call, connection}: Session, nameOrUuid: string, options: CallOptions): Promise<Pointer> {
	if (/^[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}$/i.test(nameOrUuid)) {
		try {
			return await call<Pointer>(api.virDomainLookupByUUIDString, [connection, nameOrUuid], options);
		} catch (error) {
			// A guest may have a name that looks like a UUID.
			if (!(error instanceof AppError && error.code === 'GUEST_NOT_FOUND')) {
				throw error;
			}
		}
	}

	return call<Pointer>(api.virDomainLookupByName, [connection, cString(nameOrUuid)], options);
}

/** Runs the body with a guest; rejects with GUEST_NOT_FOUND. */
export function withDomain<Result>(session: Session, nameOrUuid: string, options: CallOptions, body: (pointer: Pointer) => Promise<Result>): Promise<Result> {
	return withObject(session, () => lookUpDomain(session, nameOrUuid, options), session.api.virDomainFree, body);
}

/** State and XML of a guest. Name, UUID and id are in the object; the rest is asked. */
export async function readDomain({api, call}: Session, pointer: Pointer, options: CallOptions): Promise<DomainRecord> {
	const xml = (flags: number) => call<string>(api.virDomainGetXMLDesc, [pointer, flags], options);
	const active = (api.virDomainGetID(pointer) as number) !== c.VIR_DOMAIN_NO_ID;
	const state: [number] = [0];
	await call(api.virDomainGetState, [pointer, state, null, 0], options);
	// Only an active guest can be without a definition.
	const persistent = !active || await call<number>(api.virDomainIsPersistent, [pointer], options) === 1;
	const liveXml = active ? await xml(0) : undefined;
	return {
		name: api.virDomainGetName(pointer) as string,
		uuid: uuidOf(api.virDomainGetUUIDString, pointer),
		state: c.virDomainStates[state[0]] ?? 'nostate',
		active,
		persistent,
		liveXml,
		inactiveXml: persistent ? await xml(c.VIR_DOMAIN_XML_INACTIVE) : undefined,
		// Only this XML names the pool that a VF of the live XML came from.
		...(liveXml?.includes('<interface type=\'hostdev\'') ? {migratableXml: withoutPasswords(await xml(c.VIR_DOMAIN_XML_MIGRATABLE))} : {}),
	};
}

/** A network with its XML. */
export async function readNetwork({api, call}: Session, pointer: Pointer, options: CallOptions): Promise<NetworkRecord> {
	const autostart: [number] = [0];
	const active = await call<number>(api.virNetworkIsActive, [pointer], options) === 1;
	// Only an active guest can be without a definition.
	const persistent = !active || await call<number>(api.virNetworkIsPersistent, [pointer], options) === 1;
	if (persistent) {
		await call(api.virNetworkGetAutostart, [pointer, autostart], options);
	}

	const xml = (flags: number) => call<string>(api.virNetworkGetXMLDesc, [pointer, flags], options);
	const running = await xml(0);
	return {
		name: api.virNetworkGetName(pointer) as string,
		uuid: uuidOf(api.virNetworkGetUUIDString, pointer),
		active,
		persistent,
		autostart: autostart[0] === 1,
		xml: running,
		...(persistent && active ? {inactiveXml: await xml(c.VIR_NETWORK_XML_INACTIVE).catch((error: unknown) => sameXml(error, running))} : {}),
	};
}

// A driver that has one definition only refuses the flag (libvirt's test driver).
function sameXml(error: unknown, running: string): string {
	if (error instanceof AppError && error.details['libvirtCode'] === c.VIR_ERR_INVALID_ARG) {
		return running;
	}

	throw error;
}

function uuidOf(nativeFunction: NativeFunction, pointer: Pointer): string {
	const buffer = Buffer.alloc(c.VIR_UUID_STRING_BUFLEN);
	nativeFunction(pointer, buffer);
	return buffer.toString('latin1', 0, c.VIR_UUID_STRING_BUFLEN - 1);
}
