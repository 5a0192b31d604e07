// The kernel command line of the next boot.
import type {BootFacts} from '../../model/boot.ts';
import {quote} from '../../model/shell-word.ts';
import type {Action, WriteFileAction} from '../action.ts';
import {blockingArguments, missingArguments, ownArguments, wantedArguments} from './arguments.ts';
import {backupsOf, removeBackups, setAside, undoEdit} from './backups.ts';
import {addGrubWords, grubDropInText, grubWords, overridingDropIn, removeGrubWords, type Grub} from './grub.ts';
import {write, type ItemState} from './item.ts';
import {addCommandLineWords, addEntryWords, commandLineWords, entryWords, installedCommandLine, removeCommandLineWords, removeEntryWords} from './loader-entry.ts';
import {backupDirectory, grubDefaults, grubDropIn, kernelCommandLine} from './paths.ts';

const item = 'kernel-arguments';
type SystemdBoot = Extract<BootFacts['loader'], {kind: 'systemd-boot'}>;

/** grubby has no file of its own: this stands for it in the name of the copy. */
export const grubbySource = 'kernel-arguments';

/** What the next boot's command line lacks, and what adds it. `time` is for names of copies. */
export function kernelArgumentsItem(facts: BootFacts, time: string): ItemState {
	const {iommuMaker, loader, runningArguments} = facts;
	const wanted = wantedArguments(iommuMaker);
	if (wanted.length === 0) {
		return {item, state: 'not-needed', why: 'neither the firmware (DMAR, IVRS) nor /proc/cpuinfo tells of an IOMMU of Intel or AMD: no argument is needed', actions: [], warnings: []};
	}

	const notRunning = missingArguments(iommuMaker, runningArguments);
	if (loader.kind === 'unknown') {
		const state = notRunning.length === 0 ? 'set' : 'by-hand';
		const why = state === 'set' ? `the running kernel has ${wordsText(wanted.map(({word}) => word))}` : `${loader.why}: add ${notRunning.join(' ')} to the kernel command line by hand: ${loader.hint}`;
		return {item, state, why, actions: [], warnings: state === 'set' ? [] : [why]};
	}

	const {actions, notes, words, blocked = []} = additions(facts, time);
	const blocking = blockingArguments(iommuMaker, [...words, ...runningArguments]);
	const warnings = [
		...blocking.length === 0 ? [] : [`the kernel command line has ${[...new Set(blocking)].join(' ')}, which switches the IOMMU off whatever follows: take it away by hand`],
		...blocked,
		...notes,
		...actions.length > 0 && notRunning.length > 0 ? [`${wordsText(notRunning)} take${notRunning.length === 1 ? 's' : ''} effect after a reboot`] : [],
	];
	const reasons = wanted.map(({word, why}) => `${word} (${why})`).join('; ');
	if (actions.length > 0) {
		return {item, state: 'missing', why: `the next boot needs ${reasons}`, actions, warnings};
	}

	return notRunning.length === 0
		? {item, state: 'set', why: `active: ${reasons}`, actions, warnings}
		: {item, state: 'after-reboot', why: `written for the next boot and not active yet, a reboot is needed: ${notRunning.join(' ')}`, actions, warnings};
}

interface Additions {
	actions: Action[];
	notes: string[];
	/** What the next boot has without us. */
	words: string[];
	/** What stands in the way. */
	blocked?: string[];
}

function additions(facts: BootFacts, time: string): Additions {
	const {loader} = facts;
	switch (loader.kind) {
		case 'grub': {
			return grubAdditions(facts, loader, time);
		}

		case 'grubby': {
			return grubbyAdditions(facts, loader.entries, time);
		}

		case 'systemd-boot': {
			return systemdBootAdditions(facts, loader, time);
		}

		case 'unknown': {
			return {actions: [], notes: [], words: []};
		}
	}
}

function grubAdditions({iommuMaker, files}: BootFacts, loader: Grub, time: string): Additions {
	const words = grubWords(loader);
	const missing = missingArguments(iommuMaker, words);
	if (loader.dropIns !== null) {
		const overriding = overridingDropIn(loader);
		return {
			actions: missing.length === 0 ? [] : write(grubDropIn, files.get(grubDropIn) ?? null, grubDropInText(missing), loader.regenerate),
			notes: [], words,
			blocked: overriding === undefined ? [] : [`${overriding.path} is read after ${grubDropIn} and sets GRUB_CMDLINE_LINUX_DEFAULT anew: put $GRUB_CMDLINE_LINUX_DEFAULT into it`],
		};
	}

	if (missing.length === 0) {
		return {actions: [], notes: [], words};
	}

	const text = loader.defaults ?? '';
	const {actions, note} = setAside(grubDefaults, text, time);
	return {actions: [...actions, ...write(grubDefaults, loader.defaults, addGrubWords(text, missing), loader.regenerate)], notes: [note], words};
}

function grubbyAdditions({iommuMaker}: BootFacts, entries: ReadonlyArray<readonly string[]>, time: string): Additions {
	const common = commonWords(entries);
	const missing = missingArguments(iommuMaker, common);
	const words = [...new Set(entries.flat())];
	if (missing.length === 0) {
		return {actions: [], notes: [], words};
	}

	const {actions, note} = setAside(grubbySource, `${entries.map(entry => entry.join(' ')).join('\n')}\n`, time);
	const present = ownArguments.filter(word => common.includes(word));
	return {actions: [...actions, {kind: 'kernel-arguments', from: present, to: [...present, ...missing]}], notes: [note.replace(grubbySource, 'the arguments of the boot entries')], words};
}

function systemdBootAdditions({iommuMaker, runningArguments}: BootFacts, loader: SystemdBoot, time: string): Additions {
	const actions: Action[] = [];
	const notes: string[] = [];
	const edit = (path: string, from: string | null, to: string, then: readonly string[] | null) => {
		const aside = setAside(path, from ?? '', time);
		actions.push(...aside.actions, ...write(path, from, to, then));
		notes.push(from === null ? `${path} is new` : aside.note);
	};

	// Entries first: with a loader that copies (proxmox-boot-tool) the last step makes new ones.
	for (const {path, text} of loader.entries) {
		const missing = missingArguments(iommuMaker, entryWords(text));
		if (missing.length > 0) {
			edit(path, text, addEntryWords(text, missing), null);
		}
	}

	const base = loader.commandLine ?? loader.vendorCommandLine ?? installedCommandLine(runningArguments);
	const blocked: string[] = [];
	if (base === null) {
		blocked.push(`this boot was a special one (${runningArguments.join(' ')}), so ${kernelCommandLine} was not made from it: run this again after a usual boot`);
	} else {
		const missing = missingArguments(iommuMaker, commandLineWords(base));
		// Without the file new entries take the running command line, which has them.
		if (missing.length > 0) {
			edit(kernelCommandLine, loader.commandLine, addCommandLineWords(base, missing), loader.refresh);
		}
	}

	if (loader.entries.length === 0 && loader.refresh === null) {
		blocked.push(`there are no boot entries to edit: if this host boots a unified kernel image, build it anew after this (mkinitcpio -P, dracut --regenerate-all --force or kernel-install add-all), so that it takes ${kernelCommandLine}`);
	}

	return {actions, notes, words: [...commandLineWords(loader.commandLine ?? ''), ...loader.entries.flatMap(({text}) => entryWords(text))], blocked};
}

/** What takes away what vfctl added, and nothing else. */
export function removeKernelArguments(facts: BootFacts): {actions: Action[]; warnings: string[]} {
	const {loader, files, backups} = facts;
	const dropIn = write(grubDropIn, files.get(grubDropIn) ?? null, null, loader.kind === 'grub' ? loader.regenerate : null);
	const actions: Action[] = [...dropIn];
	const warnings: string[] = [];
	if (loader.kind === 'grub') {
		const before = backupsOf(backups, grubDefaults)[0]?.text;
		if (before !== undefined && loader.defaults !== null) {
			const text = undoEdit({text: loader.defaults, before, words: ownArguments, wordsOf: one => grubWords({...loader, defaults: one, dropIns: null}), add: addGrubWords, remove: removeGrubWords});
			actions.push(...write(grubDefaults, loader.defaults, text, loader.regenerate));
		}
	} else if (loader.kind === 'grubby') {
		actions.push(...removeByGrubby(facts, loader.entries, warnings));
	} else if (loader.kind === 'systemd-boot') {
		actions.push(...removeFromSystemdBoot(facts, loader));
	}

	// Of entries that are gone by now too.
	const ours = backups.filter(({path}) => [grubDefaults, kernelCommandLine, grubbySource].some(source => backupsOf([{path, text: ''}], source).length > 0)
		|| /^(?:boot|efi|boot-efi)-loader-entries-/.test(path.slice(backupDirectory.length + 1)));
	actions.push(...removeBackups(ours));
	return {actions, warnings};
}

function removeByGrubby({backups}: BootFacts, entries: ReadonlyArray<readonly string[]>, warnings: string[]): Action[] {
	const before = backupsOf(backups, grubbySource)[0]?.text;
	if (before === undefined) {
		return [];
	}

	const common = commonWords(entries);
	const had = before.split(/\s+/);
	const ours = ownArguments.filter(word => common.includes(word));
	const kept = ours.filter(word => had.includes(word));
	if (kept.length > 0) {
		warnings.push(`${wordsText(kept)} stay${kept.length === 1 ? 's' : ''}: a boot entry had it before`);
	}

	return kept.length === ours.length ? [] : [{kind: 'kernel-arguments', from: ours, to: kept}];
}

function removeFromSystemdBoot({backups, runningArguments}: BootFacts, {entries, commandLine, refresh}: SystemdBoot): WriteFileAction[] {
	const actions: WriteFileAction[] = [];
	const before = backupsOf(backups, kernelCommandLine)[0]?.text;
	for (const {path, text} of entries) {
		// A newer kernel's entry was made from the command line that we edited.
		const copy = backupsOf(backups, path)[0]?.text;
		if (copy !== undefined) {
			actions.push(...write(path, text, undoEdit({text, before: copy, words: ownArguments, wordsOf: entryWords, add: addEntryWords, remove: removeEntryWords}), null));
		} else if (before !== undefined) {
			const had = commandLineWords(before);
			actions.push(...write(path, text, removeEntryWords(text, ownArguments.filter(word => !had.includes(word))), null));
		}
	}

	if (before !== undefined && commandLine !== null) {
		const rest = undoEdit({text: commandLine, before, words: ownArguments, wordsOf: commandLineWords, add: addCommandLineWords, remove: removeCommandLineWords});
		const made = before === '' && sameWords(rest, installedCommandLine(runningArguments));
		actions.push(...write(kernelCommandLine, commandLine, made ? null : rest, refresh));
	}

	return actions;
}

function sameWords(text: string, installed: string | null): boolean {
	const words = (one: string) => commandLineWords(one).filter(word => !ownArguments.includes(word)).join(' ');
	return installed !== null && words(text) === words(installed);
}

function commonWords(entries: ReadonlyArray<readonly string[]>): string[] {
	return (entries[0] ?? []).filter(word => entries.every(entry => entry.includes(word)));
}

function wordsText(words: readonly string[]): string {
	return words.map(word => quote(word)).join(' and ');
}
