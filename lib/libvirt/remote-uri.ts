// Where a URI of libvirt leads: https://libvirt.org/uri.html

export interface RemoteMachine {
	/** As the URI has it, without user and port. */
	readonly name: string;
	/** What ssh takes for it. */
	readonly login: string;
}

/** The other machine that a URI leads to, or null for this one. A name without a scheme is an alias of
 * libvirt.conf(5), which can stand for any machine. */
export function remoteMachine(uri: string): RemoteMachine | null {
	const parts = /^[\w-]+(?:\+(?<transport>[\w-]+))?:\/\/(?<authority>[^/?#]*)/.exec(uri)?.groups;
	if (parts === undefined) {
		return {name: uri, login: 'HOST'};
	}

	const {transport, authority = ''} = parts;
	// Without a transport an empty authority is the local socket, and any other one is TLS.
	if (authority === '' && (transport === undefined || transport === 'unix')) {
		return null;
	}

	const login = authority.replace(/:\d*$/, '');
	return login === '' ? {name: uri, login: 'HOST'} : {name: login.replace(/^.*@/, ''), login};
}
