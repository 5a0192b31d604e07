// Finds elements in XML text by position, so that a definition can be changed without being
// written anew: everything that is not touched stays as libvirt wrote it.

export interface XmlElement {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
	readonly children: readonly XmlElement[];
	/** Text directly inside, entities resolved. */
	readonly text: string;
	/** Offsets of the first character and of the one after the last. */
	readonly start: number;
	readonly end: number;
}

const entities: Readonly<Record<string, string>> = {lt: '<', gt: '>', amp: '&', quot: '"', apos: "'"};

// One comment, processing instruction, CDATA, end tag or start tag.
const markup = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;

interface Open {
	name: string;
	attributes: Record<string, string>;
	children: XmlElement[];
	text: string;
	start: number;
}

/** The root element of a document, or undefined when the text is not well-formed. */
export function parseXml(xml: string): XmlElement | undefined {
	const open: Open[] = [];
	let root: XmlElement | undefined;
	let after = 0;
	for (const match of xml.matchAll(markup)) {
		const [whole, cdata, endName, startName, attributes = '', empty] = match;
		const between = xml.slice(after, match.index);
		const here = open.at(-1);
		if (between.includes('<') || (!here && between.trim() !== '')) {
			return undefined;
		}

		if (here) {
			here.text += resolve(between) + (cdata ?? '');
		}

		after = match.index + whole.length;
		if (startName !== undefined) {
			if (root) {
				return undefined;
			}

			open.push({name: startName, attributes: attributesOf(attributes), children: [], text: '', start: match.index});
		}

		if (endName !== undefined || empty === '/') {
			const done = open.pop();
			if (!done || (endName !== undefined && done.name !== endName)) {
				return undefined;
			}

			const element: XmlElement = {...done, end: after};
			const parent = open.at(-1);
			if (parent) {
				parent.children.push(element);
			} else {
				root = element;
			}
		}
	}

	return open.length === 0 && xml.slice(after).trim() === '' ? root : undefined;
}

/** The first child of a name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
	return element?.children.find(child => child.name === name);
}

/** The children of a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
	return element?.children.filter(child => child.name === name) ?? [];
}

/** Text for use between quotes or tags. */
export function escapeXml(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&apos;').replaceAll('"', '&quot;');
}

/** The text without an element, with the line that it stood on. */
export function removeElement(xml: string, element: XmlElement): string {
	const lineStart = xml.lastIndexOf('\n', element.start - 1) + 1;
	const ownLine = xml.slice(lineStart, element.start).trim() === '' && xml[element.end] === '\n';
	return ownLine ? xml.slice(0, lineStart) + xml.slice(element.end + 1) : xml.slice(0, element.start) + xml.slice(element.end);
}

/** The text with lines put in at the beginning of the line of an offset. */
export function insertLines(xml: string, offset: number, lines: string): string {
	const lineStart = xml.lastIndexOf('\n', offset - 1) + 1;
	return `${xml.slice(0, lineStart)}${lines}\n${xml.slice(lineStart)}`;
}

function attributesOf(text: string): Record<string, string> {
	const attributes: Record<string, string> = {};
	for (const [, name = '', double, single] of text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
		attributes[name] = resolve(double ?? single ?? '');
	}

	return attributes;
}

function resolve(text: string): string {
	return text.replaceAll(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
		const code = hex === undefined ? (decimal === undefined ? undefined : Number(decimal)) : Number.parseInt(hex, 16);
		return code === undefined ? entities[name ?? ''] ?? whole : String.fromCodePoint(code);
	});
}
