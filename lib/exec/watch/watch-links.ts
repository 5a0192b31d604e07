// Interfaces that come, go, or change: the kernel's link messages through `ip monitor`.
import type {Host} from '../../host/host.ts';
import {parseBdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {readLinkName, readNumber} from '../../sysfs/attributes.ts';
import {parseLinkLine, type LinkLine} from '../../sysfs/parse-link-line.ts';
import type {DeviceNames} from './device-names.ts';
import {followLines} from './follow-lines.ts';

export const linkCommand = ['ip', '-o', 'monitor', 'link'] as const;

/** Watches until the signal comes; resolves to why it cannot, or undefined. */
export async function watchLinks(host: Host, inventory: Inventory, names: DeviceNames, signal: AbortSignal, tell: (event: WatchEvent) => void): Promise<string | undefined> {
	const known = new Map<number, LinkLine>();
	for (const {name, up, operstate, mtuBytes, master, mac} of inventory.netdevs.values()) {
		const index = readNumber(host.files, `/sys/class/net/${name}/ifindex`);
		if (index !== undefined) {
			// `unknown` is what interfaces say that cannot tell: they work.
			known.set(index, {deleted: false, index, name, up, link: up && operstate !== 'down' && operstate !== 'lowerlayerdown', mtuBytes, master, mac});
		}
	}

	return followLines(host, linkCommand, signal, line => {
		const now = parseLinkLine(line);
		if (now === undefined) {
			return;
		}

		const was = known.get(now.index);
		if (now.deleted) {
			known.delete(now.index);
		} else {
			known.set(now.index, now);
		}

		const bdf = parseBdf(readLinkName(host.files, `/sys/class/net/${now.name}/device`) ?? '');
		const about = [...new Set([now.name, ...was ? [was.name] : [], ...bdf === undefined ? [] : names.allOf(bdf)])];
		const device = bdf === undefined ? undefined : names.before(bdf)?.name;
		const called = device === undefined || device === now.name ? now.name : `${now.name} (${device})`;
		for (const {text, severity = 'harmless'} of changesOf(was, now)) {
			tell({source: 'link', severity, subject: bdf ?? `interface ${now.name}`, about, text: `${called} ${text}`, details: {interface: now.name, bdf: bdf ?? null, up: now.up, link: now.link, mtuBytes: now.mtuBytes, master: now.master, mac: now.mac}});
		}
	});
}

/** What one message says that the one before did not. */
export function changesOf(was: LinkLine | undefined, now: LinkLine): Array<Pick<WatchEvent, 'text'> & {severity?: WatchEvent['severity']}> {
	if (now.deleted) {
		return [{text: 'is gone from the host'}];
	}

	if (was === undefined) {
		return [{text: 'has appeared'}];
	}

	return [
		...was.name === now.name ? [] : [{text: `was ${was.name} until now`}],
		...was.up === now.up ? [] : [{text: now.up ? 'was set up' : 'was set down'}],
		// One that was set down has no link: that is said already.
		...was.link === now.link || (!now.up && !now.link) ? [] : [now.link ? {text: 'has a link'} : {text: 'has lost its link: cable, switch, or what is behind it', severity: 'warning' as const}],
		...was.mtuBytes === now.mtuBytes ? [] : [{text: `has an MTU of ${now.mtuBytes} instead of ${was.mtuBytes}`}],
		...was.mac === now.mac || now.mac === null ? [] : [{text: `has the MAC ${now.mac} instead of ${was.mac ?? 'none'}`}],
		...was.master === now.master ? [] : [{text: now.master === null ? `has left ${was.master}` : `is in ${now.master}`}],
	];
}
