// Puts the texts of templates/ into a bundle, so that a copied file still works.
import {readdirSync, readFileSync} from 'node:fs';
import type {Plugin} from 'esbuild';

/** Replaces lib/libvirt/template-text.ts, which reads the files, by a table of their texts. */
export const templatesInside: Plugin = {
	name: 'templates-inside',
	setup({onLoad}) {
		onLoad({filter: /\/template-text\.[jt]s$/}, () => {
			const names = readdirSync('templates').filter(name => name.endsWith('.eta')).sort();
			const texts = Object.fromEntries(names.map(name => [name, readFileSync(`templates/${name}`, 'utf8')]));
			return {contents: `const texts = ${JSON.stringify(texts)};\nexport const templateText = name => texts[name];\n`, loader: 'js'};
		});
	},
};
