// What the formats of a guest's network configuration have in common.
import type {GuestNetwork} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';

/** What a file is to say. */
export interface GuestFileContent {
	readonly mac: Mac;
	readonly network: GuestNetwork;
	/** The MAC is that of a failover pair: three interfaces have it, and only the one that the
	 * kernel's net_failover driver made is to be configured. */
	readonly failover?: boolean;
}

/** Driver of the interface above a failover pair (FAILOVER_NAME in drivers/net/net_failover.c). */
export const failoverDriver = 'net_failover';

/** First line of every file. */
export const fileComment = '# Written by vfctl for the virtual function with this MAC address.';

/** The MAC as a part of file names and of names in files: `52-54-00-12-34-56`. */
export function macName(mac: Mac): string {
	return mac.replaceAll(':', '-');
}

/** The network is an IPv6 one, or the address. */
export function isIpv6(text: string): boolean {
	return text.includes(':');
}

/** Sections of an INI file, those without lines left out. */
export function iniText(sections: ReadonlyArray<readonly [name: string, lines: readonly string[]]>): string {
	return [fileComment, ...sections.filter(([, lines]) => lines.length > 0).flatMap(([name, lines]) => ['', `[${name}]`, ...lines]), ''].join('\n');
}
