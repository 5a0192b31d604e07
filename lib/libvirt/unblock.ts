// Frees a call that hangs. A native call cannot be cancelled, and Node waits for its threads even
// in process.exit; but libvirt's client gives up at once when its socket is shut down.
import {readdirSync, readlinkSync} from 'node:fs';
import type {LibvirtApi} from './ffi.ts';

/** A socket of this process: file descriptor and the kernel's name of the socket, which tells a
 * reused number apart. */
export type Sockets = ReadonlyMap<number, string>;

const directory = '/proc/self/fd';
// AF_UNIX of sys/socket.h; struct sockaddr_un has the path after two bytes, 108 bytes long.
const AF_UNIX = 1;
const sockaddrLength = 110;
const SHUT_RDWR = 2;

/** The sockets of this process that lead to a named local socket, as a daemon's is. */
export function daemonSockets(api: LibvirtApi): Sockets {
	const found = new Map<number, string>();
	for (const name of readdirSync(directory)) {
		const fd = Number(name);
		const target = readTarget(fd);
		if (target?.startsWith('socket:') && hasNamedPeer(api, fd)) {
			found.set(fd, target);
		}
	}

	return found;
}

/** Those of `now` that are not in `before`. */
export function newSockets(before: Sockets, now: Sockets): Sockets {
	return new Map([...now].filter(([fd, target]) => before.get(fd) !== target));
}

/** shutdown(2) of the sockets that are still the same; calls that wait for them fail. */
export function shutDown(api: LibvirtApi, sockets: Sockets): void {
	for (const [fd, target] of sockets) {
		if (readTarget(fd) === target) {
			api.shutdown(fd, SHUT_RDWR);
		}
	}
}

function readTarget(fd: number): string | undefined {
	try {
		return readlinkSync(`${directory}/${fd}`);
	} catch {
		return undefined;
	}
}

function hasNamedPeer(api: LibvirtApi, fd: number): boolean {
	const address = Buffer.alloc(sockaddrLength);
	const length: [number] = [sockaddrLength];
	return api.getpeername(fd, address, length) === 0 && address.readUInt16LE(0) === AF_UNIX && length[0] > 2;
}
