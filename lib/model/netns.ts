// Network namespaces, and where an interface is.
import type {Bdf} from './bdf.ts';

/** A network namespace. */
export interface NetnsRef {
	/** What `ip -n` and `ip link set netns` take: a name of `ip netns`, or the path of a file such
	 * as /proc/4711/ns/net. */
	readonly name: string;
	/** Inode of that file: another namespace that gets the name later has mostly another one. Of a
	 * namespace that is gone, the next new one gets it, so that it says nothing without the name. */
	readonly inode: number;
}

/** Where an interface is, and what it is called there. */
export interface NetdevPlace {
	/** Null: the namespace of the host, in which vfctl runs. */
	readonly netns: NetnsRef | null;
	readonly name: string;
}

/** Which container got an interface from `vfctl cni`. */
export interface CniAttachment {
	/** `name` of the network configuration. */
	readonly network: string;
	/** CNI_CONTAINERID and CNI_IFNAME. */
	readonly containerId: string;
	readonly ifname: string;
}

const nameForm = /^(?!\.\.?$)[^/\s\p{Cc}]{1,255}$/u;
const pathForm = /^(?!.*\/\.\.?(?:\/|$))\/(?:run|var\/run|proc)\/[\w.:/@+-]+$/;

/** A name or path that may be given to `ip`: nothing that could be an option or leave its directory. */
export function isNetnsName(text: string): boolean {
	return !text.startsWith('-') && (nameForm.test(text) || pathForm.test(text));
}

/** The file of a namespace: iproute2 keeps named ones below /run/netns (NETNS_RUN_DIR). */
export function netnsFile({name}: Pick<NetnsRef, 'name'>): string {
	return name.startsWith('/') ? name : `/run/netns/${name}`;
}

/** `ip` in a namespace; null is the host's. `ip -n` takes names alone (netns_switch in iproute2's
 * lib/namespace.c). */
export function ipInside(netns: Pick<NetnsRef, 'name'> | null): [string, ...string[]] {
	return netns === null ? ['ip'] : netns.name.startsWith('/') ? ['nsenter', `--net=${netns.name}`, 'ip'] : ['ip', '-n', netns.name];
}

/** A name for the interface of a function that no other interface has. */
export function spareName(bdf: Bdf): string {
	return `vf${bdf.replaceAll(/[:.]/g, '')}`;
}

/** What the kernel takes for an interface (IFNAMSIZ, dev_valid_name in net/core/dev.c), and `ip` for
 * a name. A number alone `ip` would take for an index, a `%d` the kernel for a pattern. */
export function isInterfaceName(text: string): boolean {
	return /^(?!\.\.?$)(?!-)(?!\d+$)[^/:\s%\p{Cc}]{1,15}$/u.test(text) && new TextEncoder().encode(text).length <= 15;
}
