// vfctl watch [PF...]
import {AppError} from '../../errors.ts';
import {watchHost} from '../../exec/watch/watch-host.ts';
import type {Inventory} from '../../model/inventory.ts';
import {pfName, selectPf} from '../../model/select.ts';
import {Folder} from '../../model/watch/fold.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {watchJson, watchText} from '../../render/watch-text.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';

const flushMs = 1000;

/** Tells what happens until it is interrupted, or nobody reads on. */
export async function run(context: CommandContext, {pfs}: {pfs: readonly string[]}): Promise<void> {
	const {host, out, options} = context;
	const signal = out.closed === undefined ? context.signal : AbortSignal.any([context.signal, out.closed]);
	const [inventory, libvirtProblem] = await withInventory(context, (found, libvirt) => [found, libvirt instanceof AppError ? libvirt : undefined] as const);
	const isWanted = filterOf(inventory, pfs);
	const folder = new Folder({now: () => host.clock.monotonicMs(), tell(event) {
		const now = host.clock.now();
		out.result(watchText(now, event), watchJson(now, event), 'line');
	}});
	const stop = new AbortController();
	const flushing = flushUntil(context, AbortSignal.any([signal, stop.signal]), folder);
	folder.add({source: 'watch', severity: 'harmless', about: [], text: `watching ${pfs.length === 0 ? 'everything' : pfs.join(', ')}`});
	try {
		await watchHost(host, {connect: options.connect, signal, inventory, libvirtProblem, tell(event) {
			if (isWanted(event)) {
				folder.add(event);
			}
		}});
	} finally {
		stop.abort();
		await flushing;
		folder.flush(true);
	}
}

async function flushUntil({host: {clock}}: CommandContext, signal: AbortSignal, folder: Folder): Promise<void> {
	while (!signal.aborted) {
		await clock.sleep(flushMs);
		folder.flush();
	}
}

/** What is about nothing in particular is about everything. */
function filterOf(inventory: Inventory, names: readonly string[]): (event: WatchEvent) => boolean {
	const wanted = new Set(names.flatMap(name => {
		const pf = selectPf(inventory, name);
		return [pf.bdf, pfName(pf), ...pf.netdevs];
	}));
	return ({about}) => wanted.size === 0 || about.length === 0 || about.some(name => wanted.has(name) || wanted.has(name.replace(/#\d+$/, '')));
}
