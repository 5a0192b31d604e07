// vfctl guests: which devices guests have, by what libvirt tells alone.
import {findGuest, knownGuests} from '../../plan/find-guest.ts';
import {guestListText} from '../../render/guests-text.ts';
import {guestListView} from '../../render/guests-view.ts';
import type {CommandContext} from '../context.ts';
import {withLibvirtInventory} from '../read-state.ts';

/** Lists the guests, or one of them by name or UUID. */
export async function run(context: CommandContext, guest: string | undefined): Promise<void> {
	const view = await withLibvirtInventory(context, inventory => guestListView(context.host.name, inventory, guest === undefined ? knownGuests(inventory) : [findGuest(inventory, guest)]));
	context.out.result(guestListText(view), view);
}
