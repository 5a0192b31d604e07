// Reads the host for a command that changes nothing.
import type {AppError} from '../errors.ts';
import {readInventory, readLibvirtInventory} from '../exec/read-inventory.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {Inventory} from '../model/inventory.ts';
import type {CommandContext} from './context.ts';
import {libvirtOnce} from './libvirt-once.ts';

/** Calls `use` with the inventory of the host and with libvirt, or why it is not there, and closes libvirt after. */
export async function withInventory<T>(context: CommandContext, use: (inventory: Inventory, libvirt: Libvirt | AppError) => T | Promise<T>): Promise<T> {
	const libvirt = libvirtOnce(context);
	try {
		const opened = await libvirt.tryGet();
		return await use(await readInventory(context.host, opened), opened);
	} finally {
		await libvirt.close();
	}
}

/** The same for what is said by guests, pools and networks alone: with --connect to another machine, too. Rejects with
 * LIBVIRT_MISSING or LIBVIRT_UNREACHABLE there. */
export async function withLibvirtInventory<T>(context: CommandContext, use: (inventory: Inventory) => T | Promise<T>): Promise<T> {
	if (!context.host.libvirtAlone) {
		return withInventory(context, use);
	}

	const libvirt = libvirtOnce(context);
	try {
		return await use(await readLibvirtInventory(await libvirt.get()));
	} finally {
		await libvirt.close();
	}
}
