// Templates with eta: values are text, whatever they contain.
import {Eta} from 'eta/core';
import {AppError} from '../errors.ts';
import {templateText} from './template-text.ts';

const eta = new Eta({escapeFunction: value => escapeXml(String(value)), autoEscape: true});
const compiled = new Map<string, ReturnType<typeof eta.compile>>();

/** The text of a template of templates/ with the values filled in, escaped for XML. */
export function renderTemplate(name: string, values: object): string {
	let template = compiled.get(name);
	if (!template) {
		template = eta.compile(templateText(name));
		compiled.set(name, template);
	}

	return eta.render(template, values);
}

/** Text for XML content and for attributes in either kind of quotes. Line ends and tabs are
 * written as references, or a parser would make blanks of them in an attribute. */
export function escapeXml(text: string): string {
	// https://www.w3.org/TR/xml/#charsets
	// eslint-disable-next-line no-control-regex
	if (/[\0-\u0008\v\f\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)) {
		throw new AppError('USAGE', `${JSON.stringify(text.slice(0, 80))} cannot be written in XML`, {why: 'it contains a character that XML forbids'});
	}

	return text.replaceAll(/[&<>"'\t\n\r]/g, character => references[character] as string);
}

const references: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	'\'': '&apos;',
	'\t': '&#9;',
	'\n': '&#10;',
	'\r': '&#13;',
};
