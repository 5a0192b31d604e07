// The kernel command line in GRUB's configuration.
import type {BootLoader, TextFile} from '../../model/boot.ts';
import {addWords, assignedWords, assignsAnew, isAssigned, removeWords} from './shell-assignment.ts';
import {grubDropIn} from './paths.ts';

export type Grub = Extract<BootLoader, {kind: 'grub'}>;

// The first is for normal entries only; the second for recovery entries too.
const variables = ['GRUB_CMDLINE_LINUX_DEFAULT', 'GRUB_CMDLINE_LINUX'] as const;

/** Words of the command line that GRUB gives, but for what our own file adds. */
export function grubWords({defaults, dropIns}: Grub): string[] {
	return [defaults ?? '', ...(dropIns ?? []).filter(({path}) => path !== grubDropIn).map(({text}) => text)].flatMap(text => assignedWords(text, variables));
}

/** Our file in /etc/default/grub.d. */
export function grubDropInText(words: readonly string[]): string {
	return `# Written by vfctl persist; vfctl persist off removes it.\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT ${words.join(' ')}"\n`;
}

/** A file that is read after ours and throws away what ours added. */
export function overridingDropIn({dropIns}: Grub): TextFile | undefined {
	return dropIns?.find(({path, text}) => path > grubDropIn && assignsAnew(text, variables[0]));
}

/** /etc/default/grub with the words in it. */
export function addGrubWords(text: string, words: readonly string[]): string {
	return addWords(text, variables.find(name => isAssigned(text, name)) ?? variables[0], words);
}

/** /etc/default/grub without the words. */
export function removeGrubWords(text: string, words: readonly string[]): string {
	return removeWords(text, variables, words);
}
