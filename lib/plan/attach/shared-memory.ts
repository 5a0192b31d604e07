// Memory that guests share: QEMU's ivshmem device, https://www.qemu.org/docs/master/system/devices/ivshmem.html
import {AppError} from '../../errors.ts';
import type {Guest} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import {quote} from '../../model/shell-word.ts';
import type {AttachDeviceAction} from '../action.ts';
import type {Plan} from '../plan.ts';
import type {AttachTo} from './nic.ts';

const defaultSizeMiB = 4;

/** The plan; empty when the guest has it already. Throws USAGE, UNSUPPORTED, NO_PCI_SLOT. */
export function planSharedMemoryAttach(inventory: Inventory, {request, guest, targets}: AttachTo): Plan {
	const {device: name, sizeMiB: asked} = request;
	// The name is a file in /dev/shm. libvirt refuses a slash (virDomainShmemDefValidate).
	if (!/^[\w][\w.-]{0,63}$/.test(name)) {
		throw new AppError('USAGE', `'${name}' is no name for shared memory`, {why: 'it becomes a file in /dev/shm', fix: 'take letters, digits, dots, dashes and underscores'});
	}

	const users = usersOf(inventory, name);
	const known = users.find(({sizeMiB}) => sizeMiB !== null);
	const sizeMiB = asked ?? known?.sizeMiB ?? defaultSizeMiB;
	// QEMU: a PCI BAR is a power of two; libvirt: at least 1 MiB (qemuBuildShmemDevProps).
	if (!Number.isInteger(Math.log2(sizeMiB)) || sizeMiB < 1) {
		throw new AppError('USAGE', `${sizeMiB} MiB is no size for shared memory`, {why: 'guests see it as a PCI BAR, whose size is a power of two, and at least 1 MiB', fix: '--size 4M'});
	}

	if (known !== undefined && known.sizeMiB !== sizeMiB) {
		throw new AppError('UNSUPPORTED', `${known.guest} has ${name} with ${known.sizeMiB} MiB`, {why: 'guests that share memory map the same file', fix: `--size ${known.sizeMiB}M, or another name`});
	}

	// A detach takes the file away when no guest names it any more; what is another program's must stay.
	if (users.length === 0 && request.wires?.sharedMemoryFile === true) {
		throw new AppError('UNSUPPORTED', `/dev/shm/${name} is there, and no guest names it`, {why: 'it is another program\'s, or was left by guests that are gone', fix: `take another name; or rm ${quote(`/dev/shm/${name}`)}, when nobody needs it`});
	}

	const guestRef = {name: guest.name, uuid: guest.uuid};
	const subject = {command: 'attach' as const, guest: guestRef, vf: null};
	const missing = targets.filter(target => !guest[target]?.sharedMemory.some(memory => memory.name === name));
	if (missing.length === 0) {
		return {version: 1, subject, title: `${guest.name} has the shared memory ${name} already`, actions: [], warnings: [], risks: []};
	}

	const guestAddress = freePort(guest, missing);
	const deviceXml = request.renderXml({method: 'ivshmem', source: null, network: name, mac: null, vlan: null, managed: false, sizeMiB, guestAddress});
	const attach = (target: 'config' | 'live'): AttachDeviceAction => ({
		kind: 'attach-device', guest: guestRef, target, deviceXml, source: null, network: name, mac: null, method: 'ivshmem', managed: false, hostDriver: null, portsBefore: null,
	});
	const others = [...new Set(users.map(user => user.guest))].filter(user => user !== guest.name);
	return {
		version: 1,
		subject,
		title: `attach the shared memory ${name} (${sizeMiB} MiB) to ${guest.name}`,
		actions: missing.map(target => attach(target)),
		warnings: [
			others.length === 0 ? 'it is shared with nobody yet: the guests that are given the same name share it' : `shared with ${others.join(', ')}: each can read and change what the others write, at any moment`,
			'it is memory, not a network: programs in the guests must agree on what is in it',
			`${guest.name} cannot migrate live while it has it`,
		],
		risks: [],
	};
}

function usersOf({guests}: Inventory, name: string): Array<{guest: string; sizeMiB: number | null}> {
	return (guests ?? []).flatMap(guest => [guest.live, guest.config].flatMap(definition => definition?.sharedMemory ?? [])
		.filter(memory => memory.name === name).map(({sizeBytes}) => ({guest: guest.name, sizeMiB: sizeBytes === null ? null : sizeBytes / 1024 ** 2})));
}

/** Address behind a port that is free in all definitions. libvirt takes the device for conventional
 * PCI, adds a bridge for it to a saved definition and finds no slot in a running guest; into a PCIe
 * port it goes when it is told so (virDomainPCIAddressFlagsCompatible). */
function freePort(guest: Guest, targets: ReadonlyArray<'config' | 'live'>): string | null {
	const definitions = targets.flatMap(target => guest[target] ?? []);
	if (definitions.every(({conventionalPci}) => conventionalPci)) {
		return null;
	}

	const free = definitions[0]?.ports.find(({index}) => definitions.every(({ports}) => ports.some(port => port.index === index && !port.occupied)));
	if (free === undefined) {
		throw new AppError('NO_PCI_SLOT', `${guest.name} has no free PCIe port for it`, {why: definitions.length > 1 ? 'no port is free both in the running guest and in its saved definition' : 'all are taken, or there are none', fix: `add <controller type='pci' model='pcie-root-port'/> with virsh edit ${quote(guest.name)} and start it anew`});
	}

	return `${free.index.toString(16).padStart(2, '0')}:00.0`;
}
