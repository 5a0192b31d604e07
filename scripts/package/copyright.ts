// /usr/share/doc/vfctl/copyright, machine-readable:
// https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
import type {Bundled} from './bundled.ts';

/** The file. */
export function copyrightText(bundled: readonly Bundled[]): string {
	const texts = new Map<string, string>();
	const stanzas = bundled.map(one => {
		const name = shortName(one, texts);
		return stanza([['Files', `node_modules/${one.name}/*`], ['Copyright', one.holders.join('\n')], ['License', name]]);
	});
	return `${[
		stanza([['Format', 'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'], ['Upstream-Name', 'vfctl'], ['Comment', 'The program has the packages below node_modules inside, in one file.']]),
		stanza([['Files', '*'], ['Copyright', 'the authors of vfctl'], ['License', 'Apache-2.0']]),
		stanza([['Files', 'kernel-module/*'], ['Copyright', 'the authors of vfctl'], ['License', 'GPL-2']]),
		...stanzas,
		stanza([['License', 'Apache-2.0\nOn Debian systems the text is in /usr/share/common-licenses/Apache-2.0.']]),
		stanza([['License', 'GPL-2\nVersion 2 and no other. On Debian systems the text is in\n/usr/share/common-licenses/GPL-2.']]),
		...[...texts].map(([text, name]) => stanza([['License', `${name}\n${wrap(text)}`]])),
	].join('\n\n')}\n`;
}

// Licences of one name have texts that differ in words; each text has a name of its own.
function shortName({name, license, text}: Bundled, texts: Map<string, string>): string {
	const known = texts.get(text);
	if (known !== undefined) {
		return known;
	}

	const usual = license === 'MIT' ? 'Expat' : license;
	const short = [...texts.values()].includes(usual) ? `${usual}-${name.replaceAll(/[^\w.]/g, '')}` : usual;
	texts.set(text, short);
	return short;
}

function stanza(fields: ReadonlyArray<readonly [string, string]>): string {
	return fields.map(([name, value]) => `${name}: ${value.split('\n').map((line, index) => index === 0 ? line : line === '' ? ' .' : ` ${line}`).join('\n')}`).join('\n');
}

function wrap(text: string): string {
	return text.split('\n').map(line => line.replaceAll(/(.{1,76})(?:\s+|$)/g, '$1\n').trimEnd()).join('\n');
}
