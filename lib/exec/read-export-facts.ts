// Reads what an export of the host needs besides the inventory.
import {AppError} from '../errors.ts';
import type {ExportFacts} from '../formats/export-host-file.ts';
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Steering} from '../model/steering.ts';
import {forwardingPfs, relayGroupOf} from '../sysfs/read-forward.ts';
import {readHugepages} from '../sysfs/read-hugepages.ts';
import {readSteering} from '../sysfs/read-steering.ts';
import {readInterruptFacts} from './read-interrupt-facts.ts';

/** The facts of this host. */
export async function readExportFacts(host: Host, {pfs}: Inventory): Promise<ExportFacts> {
	const steering = new Map<Bdf, Steering | AppError>();
	for (const {bdf, netdevs: [netdev]} of pfs) {
		if (netdev !== undefined) {
			steering.set(bdf, await readSteering(host.runner, netdev).catch(error => {
				if (error instanceof AppError) {
					return error;
				}

				throw error;
			}));
		}
	}

	return {
		interrupts: await readInterruptFacts(host, pfs.flatMap(pf => [pf.bdf, ...pf.vfs.map(({bdf}) => bdf)])),
		steering,
		forwarding: forwardingPfs(host.files),
		relays: new Map(pfs.flatMap(({bdf}) => {
			const group = relayGroupOf(host.files, bdf);
			return group === null ? [] : [[bdf, group] as const];
		})),
		hugepages: readHugepages(host.files),
	};
}
