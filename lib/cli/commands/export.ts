// vfctl export: the host file that says what this host has.
import {AppError} from '../../errors.ts';
import {readGuestNetworks} from '../../exec/read-guest-networks.ts';
import {readExportFacts} from '../../exec/read-export-facts.ts';
import {exportFile, type ExportFormat} from '../../formats/convert.ts';
import {exportHost} from '../../formats/export-host-file.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {leftOut} from './import.ts';

export interface ExportOptions {
	to: ExportFormat;
	/** What the format cannot say is an error. */
	strict: boolean;
}

/** Prints it; changes nothing. */
export async function run(context: CommandContext, {to, strict}: ExportOptions): Promise<void> {
	const {host, out} = context;
	const {file, notes, unread} = await withInventory(context, async (inventory, libvirt) => exportHost(
		inventory,
		libvirt instanceof AppError ? undefined : await readGuestNetworks(libvirt, host.clock, inventory),
		await readExportFacts(host, inventory),
	));
	const {text, notes: peerNotes} = exportFile(file, to, {hostName: host.name, comments: [`Exported by vfctl from ${host.name}.`, 'What is not named here is left as it is. docs/host-file.md tells every key.', ...notes, ...unread]});
	const all = [...notes, ...peerNotes];
	if (strict && all.length > 0) {
		throw leftOut(`${to} cannot say all that ${host.name} has`, all);
	}

	for (const note of [...unread, ...all]) {
		out.note(note);
	}

	out.result(text, {version: 1, to, ...(to === 'host-file' ? {hostFile: file} : {}), notes: [...unread, ...all], text});
}
