// vfctl mailbox [device] [--watch]
import {factsOfPf, readMailboxFacts} from '../../exec/read-mailbox-facts.ts';
import {watchMailboxes, type WatchedChange} from '../../exec/watch-mailboxes.ts';
import type {Inventory} from '../../model/inventory.ts';
import {isMailboxDriver} from '../../model/mailbox.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import {pfName, select} from '../../model/select.ts';
import {mailboxText} from '../../render/mailbox-text.ts';
import {mailboxView} from '../../render/mailbox-view.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';

export interface MailboxArguments {
	device?: string | undefined;
	watch: boolean;
}

/** Shows what the PFs know of the mailboxes of their VFs, and with `watch` what happens there. */
export async function run(context: CommandContext, {device, watch}: MailboxArguments): Promise<void> {
	const {host, out, signal} = context;
	const {pfs, vf, netdevs} = await withInventory(context, inventory => ({...chosen(inventory, device), netdevs: inventory.netdevs}));
	const facts = await readMailboxFacts(host, pfs);
	const view = mailboxView(host.name, pfs.map(pf => ({...factsOfPf(facts, pf), up: pf.netdevs.map(name => netdevs.get(name)?.up).find(up => up !== undefined) ?? null})), vf);
	out.result(mailboxText(view, vf !== undefined), view);
	if (watch) {
		await watchMailboxes(host, pfs, {
			signal, first: facts,
			tell(change) {
				if (vf === undefined || change.vf === null || change.vf === vf.index) {
					tell(context, change);
				}
			},
		});
	}
}

function chosen(inventory: Inventory, device: string | undefined): {pfs: readonly Pf[]; vf?: Vf} {
	if (device === undefined) {
		return {pfs: inventory.pfs.filter(({driver}) => isMailboxDriver(driver))};
	}

	const selected = select(inventory, device);
	return selected.kind === 'pf' ? {pfs: [selected.pf]} : {pfs: [selected.pf], vf: selected.vf};
}

function tell({host: {clock}, out}: CommandContext, {pf, vf, kind, text}: WatchedChange): void {
	const time = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
	const name = vf === null ? pfName(pf) : `${pfName(pf)}#${vf}`;
	out.result(`${time} ${name}: ${text}`, {time, pf: pf.bdf, vf, kind, text});
}
