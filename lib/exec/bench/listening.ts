// Which TCP ports programs listen on, as the kernel tells: /proc/net/tcp and tcp6 (get_tcp4_sock in
// net/ipv4/tcp_ipv4.c): `sl local_address rem_address st ...`, addresses and ports in hexadecimal.

const listenState = '0A'; // TCP_LISTEN in include/net/tcp_states.h

/** The ports, whatever the address; lines that are none are left out. */
export function listeningPorts(text: string): ReadonlySet<number> {
	return new Set(text.split('\n').flatMap(line => {
		const [, port, state] = /^\s*\d+: [\dA-F]{8,32}:([\dA-F]{4}) [\dA-F]{8,32}:[\dA-F]{4} ([\dA-F]{2})\s/.exec(line) ?? [];
		return port !== undefined && state === listenState ? [Number.parseInt(port, 16)] : [];
	}));
}
