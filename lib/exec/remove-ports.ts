// Takes the PCIe ports away that libvirt added to a saved definition for a device that is gone.
import {AppError} from '../errors.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {DetachDeviceAction} from '../plan/action.ts';
import type {ActionContext} from './actions/handler.ts';
import {readDefinition} from './guest-definition.ts';

/** Removes as many empty pcie-root-ports as libvirt had added; a port that is in use by now, or
 * that libvirt wants to keep, does no harm and is only noted. */
export async function removeAddedPorts(context: ActionContext, action: DetachDeviceAction): Promise<void> {
	const {guest, portsBefore} = action;
	if (portsBefore === null) {
		return;
	}

	const libvirt = await context.libvirt();
	const definition = await readDefinition(libvirt, action);
	if (typeof definition === 'string') {
		return;
	}

	// libvirt 11.3 adds one port when all are taken, and a spare one when there was none at all. It
	// wants the indexes without gaps and fills one again: so the last ports go, the highest first.
	const added = definition.ports.filter(({index}) => !portsBefore.includes(index)).slice(portsBefore.length === 0 ? -2 : -1).toReversed();
	for (const {index, model, occupied} of added) {
		if (occupied || model !== 'pcie-root-port' || !await removePort(libvirt, guest.uuid, index)) {
			context.note(`${guest.name} keeps a PCIe port that libvirt had added`);
			return;
		}
	}
}

async function removePort(libvirt: Libvirt, uuid: string, index: number): Promise<boolean> {
	try {
		await libvirt.detachDevice(uuid, `<controller type='pci' index='${index}' model='pcie-root-port'/>`, 'config');
		return true;
	} catch (error) {
		if (error instanceof AppError) {
			return false;
		}

		throw error;
	}
}
