// Reads libvirt's XML into a tree. libvirt's XML is data of the host; a guest's admin can put
// text into it (names, descriptions, metadata), so limits are checked before parsing.
// The parser alone, not the xml2js package: that would also load the builder.
import xml2jsParser from 'xml2js/lib/parser.js';
import {AppError} from '../errors.ts';

/** An element: attributes in `$`, text in `_`, children as arrays by name. */
export interface XmlElement {
	readonly $?: Readonly<Record<string, string>>;
	readonly _?: string;
}

// libvirt's own limit for one string is 4 MiB (REMOTE_STRING_MAX in remote_protocol.x); what is
// longer did not come from libvirt.
const maximumLength = 4 * 1024 * 1024;

/** The root element, when it has the expected name; throws LIBVIRT_FAILED otherwise. `what` is
 * for the message: "guest web1". */
export function readXml(text: string, {root, what}: {root: string; what: string}): XmlElement {
	const refuse = (why: string) => new AppError('LIBVIRT_FAILED', `the description of ${what} cannot be read`, {why});
	if (text.length > maximumLength) {
		throw refuse(`it is ${text.length} characters long; libvirt's limit is ${maximumLength}`);
	}

	// libvirt never writes one; without it there are no entities that could grow.
	if (text.includes('<!DOCTYPE')) {
		throw refuse('it has a document type declaration, which libvirt does not write');
	}

	let tree: Record<string, XmlElement | string> | null = null;
	let failure: Error | null = null;
	const parser = new xml2jsParser.Parser({async: false, explicitArray: true, emptyTag: () => ({})});
	try {
		parser.parseString(text, (error: Error | null, result: Record<string, XmlElement | string> | null) => {
			// The first word counts: the parser goes on after an error.
			failure ??= error;
			tree ??= result;
		});
	} catch (error) {
		failure ??= error as Error;
	}

	if (failure !== null) {
		throw refuse((failure as Error).message.replaceAll('\n', ', '));
	}

	const element = (tree as Record<string, XmlElement | string> | null)?.[root];
	if (element === undefined) {
		throw refuse(`it is not a <${root}>`);
	}

	return typeof element === 'string' ? {_: element} : element;
}

/** Child elements of a name, in order. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
	const found = (element as Record<string, unknown> | undefined)?.[name];
	return Array.isArray(found) ? found.map(child => typeof child === 'string' ? {_: child} : child as XmlElement) : [];
}

/** The first child element of a name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
	return children(element, name)[0];
}

/** All child elements with their names; order is kept among those of one name. */
export function allChildren(element: XmlElement | undefined): ReadonlyArray<readonly [string, XmlElement]> {
	return Object.keys(element ?? {})
		.filter(name => name !== '$' && name !== '_')
		.flatMap(name => children(element, name).map(found => [name, found] as const));
}

/** An attribute, or null. */
export function attribute(element: XmlElement | undefined, name: string): string | null {
	return element?.$?.[name] ?? null;
}

/** A number as libvirt writes it: decimal, or hexadecimal with 0x. Null when there is none. */
export function numberOf(text: string | null | undefined): number | null {
	return text !== null && text !== undefined && /^(?:0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : null;
}
