// Boot entries of systemd-boot (the Boot Loader Specification, type 1), and /etc/kernel/cmdline.
import {withoutWords} from './shell-assignment.ts';

const optionsLine = /^([ \t]*options[ \t]+)(.*)$/gm;

/** Words of the command line of an entry: those of all its `options` lines. */
export function entryWords(text: string): string[] {
	return [...text.matchAll(optionsLine)].flatMap(([, , value]) => split(value!));
}

/** The entry with the words at the end of its last `options` line. */
export function addEntryWords(text: string, words: readonly string[]): string {
	const last = [...text.matchAll(optionsLine)].at(-1);
	const added = words.join(' ');
	if (last === undefined) {
		return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}options ${added}\n`;
	}

	const end = last.index + last[0].trimEnd().length;
	return `${text.slice(0, end)} ${added}${text.slice(last.index + last[0].length)}`;
}

/** The entry without the words. */
export function removeEntryWords(text: string, words: readonly string[]): string {
	return text.replaceAll(optionsLine, (_line, key: string, value: string) => key + withoutWords(value, words)).replaceAll(/^[ \t]*options[ \t]*\n/gm, '');
}

/** Words of /etc/kernel/cmdline, which may have comments. */
export function commandLineWords(text: string): string[] {
	return split(text.replaceAll(/^[ \t]*#.*$/gm, ''));
}

/** /etc/kernel/cmdline with the words: one line. */
export function addCommandLineWords(text: string, words: readonly string[]): string {
	const line = text.trimEnd();
	const joint = line === '' ? '' : /(?:^|\n)[ \t]*#[^\n]*$/.test(line) ? '\n' : ' ';
	return `${line}${joint}${words.join(' ')}${text.slice(line.length) || '\n'}`;
}

/** A command line without the words. */
export function removeCommandLineWords(text: string, words: readonly string[]): string {
	return withoutWords(text, words);
}

/** What kernel-install would put into the entry of a new kernel: the running command line but for
 * what the loader added (90-loaderentry.install of systemd). Null when this boot was a special one. */
export function installedCommandLine(running: readonly string[]): string | null {
	if (running.some(word => /^(?:single|s|S|1|rescue|emergency|-b|(?:rd\.)?systemd\.unit=.*|(?:rd)?init=.*|rd\.break.*)$/.test(word))) {
		return null;
	}

	return `${running.filter(word => !/^(?:BOOT_IMAGE|initrd)=/.test(word)).join(' ')}\n`;
}

function split(line: string): string[] {
	return line.split(/\s+/).filter(word => word !== '');
}
