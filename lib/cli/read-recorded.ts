// Reads a record as the host is read that it was taken of.
import {toAppError, type AppError} from '../errors.ts';
import {readInventory} from '../exec/read-inventory.ts';
import type {Host} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {Inventory} from '../model/inventory.ts';
import type {HostRecord} from '../record/record.ts';
import {simHost} from '../sim/sim-host.ts';

export interface RecordedHost {
	readonly host: Host;
	readonly inventory: Inventory;
	/** Or why it was not there. A played one needs no closing. */
	readonly libvirt: Libvirt | AppError;
}

/** The played host, and what it holds. */
export async function readRecorded(record: HostRecord): Promise<RecordedHost> {
	const host = simHost(record);
	const libvirt = await host.openLibvirt('qemu:///system').catch((error: unknown) => toAppError(error));
	return {host, inventory: await readInventory(host, libvirt), libvirt};
}
