// Which routes of a guest or namespace are its own business.

/** Origins of routes that come with an address or from the network, and go by themselves. */
const passingProtocols: readonly string[] = ['kernel', 'ra', 'dhcp', 'redirect'];

/** True when nobody set the route: it is neither kept nor put back. `protocol` is what `ip route` tells. */
export function isPassing(protocol: string | null | undefined): boolean {
	return passingProtocols.includes(protocol ?? '');
}
