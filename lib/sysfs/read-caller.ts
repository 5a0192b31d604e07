// Where the admin came in from: the two ends of the ssh connection.
import type {FileReader} from '../host/host.ts';

interface Caller {
	pid: number;
	env: Readonly<Record<string, string | undefined>>;
}

/** Both ends of the caller's ssh connection: the address it came from, and the host's, each with
 * its port when that is told. sudo drops
 * SSH_CONNECTION from the environment, so the ancestors' environments are asked as well (root may
 * read them). */
export function readConnection(files: FileReader, caller: Caller): {peer: string; host: string; peerPort: number | null; hostPort: number | null} | undefined {
	let connection = caller.env['SSH_CONNECTION'];
	let pid = caller.pid;
	// 64 generations are more than any shell nests; the bound guards against a damaged record.
	for (let generation = 0; connection === undefined && pid > 1 && generation < 64; generation++) {
		connection = files.readText(`/proc/${pid}/environ`)?.split('\0').find(entry => entry.startsWith('SSH_CONNECTION='))?.slice('SSH_CONNECTION='.length);
		pid = Number(/^PPid:\s*(\d+)/m.exec(files.readText(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
	}

	// client address, client port, server address, server port (sshd's own order)
	const [peer, peerPort, host, hostPort] = connection?.split(' ') ?? [];
	return peer === undefined || host === undefined ? undefined : {peer: plain(peer), host: plain(host), peerPort: port(peerPort), hostPort: port(hostPort)};
}

/** A record of a forefather's connection has 0 where the port is not known. */
function port(text: string | undefined): number | null {
	return text !== undefined && /^[1-9]\d{0,4}$/.test(text) ? Number(text) : null;
}

/** sshd on an IPv6 socket writes IPv4 addresses as mapped ones. */
function plain(address: string): string {
	return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
