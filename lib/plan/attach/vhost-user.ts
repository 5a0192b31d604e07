// vhost-user: a virtio interface whose other end is a program of the host (OVS-DPDK, testpmd, VPP),
// which reads and writes the guest's memory itself.
// https://libvirt.org/formatdomain.html#vhost-user-interface, QEMU docs/interop/vhost-user.rst
import {AppError} from '../../errors.ts';
import type {Guest} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import {quote} from '../../model/shell-word.ts';
import type {AttachRequest} from '../attach-request.ts';
import type {Plan} from '../plan.ts';
import {planNic, type AttachTo} from './nic.ts';

// sizeof(sockaddr_un.sun_path), unix(7).
const longestPath = 107;

/** The plan. Throws USAGE, NO_SHARED_MEMORY, UNSUPPORTED. */
export function planVhostUserAttach(inventory: Inventory, to: AttachTo): Plan {
	const {request, guest, targets} = to;
	const {device: path, socketMode = 'client', queues} = request;
	if (!/^\/[^\0-\x1F\x7F]*[^/\0-\x1F\x7F]$/.test(path) || path.split('/').includes('..') || Buffer.byteLength(path) > longestPath) {
		throw new AppError('USAGE', `'${path}' is no path of a socket`, {why: `a socket has an absolute path of at most ${longestPath} bytes`, fix: 'name it as the other program does: /run/vhost/port0.sock'});
	}

	for (const target of targets) {
		requireSharedMemory(guest, target);
	}

	const other = findUser(inventory, path, guest);
	if (other !== undefined) {
		throw new AppError('UNSUPPORTED', `${other} has an interface on ${path} already`, {why: 'a vhost-user socket connects one interface with one program', fix: 'let the other program make one socket more, and name that'});
	}

	const warnings = [
		...socketMode === 'client' ? clientWarnings(request, targets.includes('live')) : [`${guest.name} waits with the socket ${path} until the other program connects: QEMU goes on only then`],
		socketMode === 'client' ? 'when the other program ends, the interface has no link until it is back: QEMU connects again every second' : 'when the other program ends, the interface has no link until it connects again',
		`${guest.name} can migrate only to a host with a program at ${path} that has the same virtio features`,
	];
	return planNic(inventory, to, {
		method: 'vhost-user', spec: {on: 'vhostuser', name: path, mode: socketMode, queues: queues === undefined || queues === 1 ? null : queues}, vlan: null, vf: null, before: [], after: [],
		text: `a vhost-user interface on ${path}`, warnings,
	});
}

/** Throws NO_SHARED_MEMORY: the other program maps the guest's memory. */
function requireSharedMemory(guest: Guest, target: 'config' | 'live'): void {
	if (guest[target]?.memoryIsShared !== false) {
		return;
	}

	const edited = target === 'live' && guest.config?.memoryIsShared === true;
	const xml = '<memoryBacking><source type=\'memfd\'/><access mode=\'shared\'/></memoryBacking>';
	throw new AppError('NO_SHARED_MEMORY', `the memory of ${guest.name} is not shared, so no other program can reach it`, {
		why: edited ? 'its saved definition says it is, but it runs with another one since before' : `a vhost-user program maps it, and its ${target === 'live' ? 'running' : 'saved'} definition lacks ${xml}`,
		fix: edited
			? `virsh shutdown ${quote(guest.name)}, and start it again`
			: `virt-xml ${quote(guest.name)} --edit --memorybacking source.type=memfd,access.mode=shared (or virsh edit ${quote(guest.name)}: ${xml} below <domain>), then shut it down and start it`,
		details: {xml},
	});
}

/** The socket must be there: UNSUPPORTED. */
function clientWarnings({wires, device: path}: AttachRequest, live: boolean): string[] {
	const socket = wires?.socket ?? null;
	if (socket === null) {
		if (!live) {
			return [`there is no ${path} yet: the guest starts only when the other program has made it`];
		}

		throw new AppError('UNSUPPORTED', `there is no socket ${path}`, {why: 'in client mode QEMU connects to a socket that the other program has made', fix: 'start that program first, or use --mode server when it is the one that connects'});
	}

	if (socket.kind !== 'socket') {
		throw new AppError('UNSUPPORTED', `${path} is a ${socket.kind}, no socket`, {why: 'stat says so', fix: 'name the socket of the other program'});
	}

	// connect(2) on a socket needs write permission (unix(7)).
	const bits = Number.parseInt(socket.mode, 8);
	const open = (bits & 0o002) !== 0;
	return open ? [] : [`${path} is ${socket.owner} ${socket.mode}: QEMU, which libvirt runs as a user of its own (libvirt-qemu, qemu), must be allowed to write to it`];
}

function findUser({guests}: Inventory, path: string, {uuid}: Guest): string | undefined {
	return guests?.find(guest => guest.uuid !== uuid && [guest.live, guest.config].some(definition => definition?.interfaces.some(nic => nic.type === 'vhostuser' && nic.source === path)))?.name;
}
