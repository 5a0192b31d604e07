// vfctl snapshot FILE [DEVICE...|--guest NAME]
import {AppError} from '../../errors.ts';
import {functionsOfGuest} from '../../exec/read-subjects.ts';
import type {Scope} from '../../model/device-changes/facts.ts';
import type {Inventory} from '../../model/inventory.ts';
import {select} from '../../model/select.ts';
import {captureHost} from '../../record/capture.ts';
import {formatRecord} from '../../record/format.ts';
import {snapshotOf} from '../../record/snapshot.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {writeNewFile} from '../write-new-file.ts';

export interface SnapshotArguments {
	file: string;
	devices: readonly string[];
	guest: string | undefined;
}

/** Writes a record of the whole host that says which devices it is about: it can be played like
 * any other (--host FILE), and `vfctl diff` tells of those devices. Never over a file that is there. */
export async function run(context: CommandContext, {file, devices, guest}: SnapshotArguments): Promise<void> {
	const scope = devices.length === 0 && guest === undefined ? undefined : await withInventory(context, inventory => scopeIn(inventory, devices, guest));
	const record = await captureHost(context.host, {connect: context.options.connect});
	await writeNewFile(file, formatRecord(snapshotOf(record, scope)), 0o600);
	const of = scope === undefined ? 'everything' : [...scope.guests.map(name => `guest ${name}`), ...scope.functions].join(', ');
	context.out.result(`wrote ${file} (${of})\nvfctl diff ${file} tells later what changed`, {file, scope: scope ?? null});
}

/** Throws what naming devices throws, and GUEST_NOT_FOUND. */
function scopeIn(inventory: Inventory, devices: readonly string[], guest: string | undefined): Scope {
	const named = devices.map(name => {
		const selected = select(inventory, name);
		return selected.kind === 'pf' ? selected.pf.bdf : selected.vf.bdf;
	});
	const ofGuest = guest === undefined ? [] : functionsOfGuest(inventory, guest);
	if (ofGuest === undefined) {
		throw new AppError('GUEST_NOT_FOUND', `there is no guest '${guest}'`, {
			why: inventory.libvirtProblem ?? `libvirt knows: ${inventory.guests?.map(({name}) => name).join(', ') || 'none'}`,
			fix: 'virsh list --all',
		});
	}

	const guests = inventory.guests?.filter(({name, uuid}) => name === guest || uuid === guest).map(({name}) => name) ?? [];
	return {functions: [...new Set([...named, ...ofGuest])], guests};
}
