// /etc/network/interfaces and what is beside it (interfaces(5) of Debian's ifupdown).
import type {FileReader} from '../host/host.ts';
import type {TextFile} from '../model/boot.ts';

const main = '/etc/network/interfaces';
const directory = `${main}.d`;

/** Lines that say which interfaces are set up. Only these: stanzas may hold passwords. */
export function ifupdownLines(text: string): string {
	return text.split('\n').filter(line => /^\s*(?:auto|allow-\w+|iface|mapping|source|source-directory)\s/.test(line)).map(line => `${line}\n`).join('');
}

/** The files that are there; ifupdown reads those of the directory whose names are plain. */
export function ifupdownFiles(files: FileReader): string[] {
	return [main, ...files.list(directory).filter(name => /^[\w.-]+$/.test(name)).map(name => `${directory}/${name}`)].filter(path => files.exists(path));
}

/** Their lines. */
export function readIfupdown(files: FileReader): TextFile[] {
	return ifupdownFiles(files).map(path => ({path, text: ifupdownLines(files.readText(path) ?? '')}));
}
