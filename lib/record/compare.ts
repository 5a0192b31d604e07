// Compares two records of a host by what lasts.
import {sameNetwork} from '../libvirt/network-same.ts';
import {filledDirectories} from './directories.ts';
import {parseJsonList} from './json-lines.ts';
import type {HostRecord, RecordEntry} from './record.ts';
import {volatileFacts} from './volatile.ts';

/** One fact that differs; undefined where it is not there. */
export interface Difference {
	path: string;
	before: string | undefined;
	after: string | undefined;
}

/** The lasting facts in which two records differ, sorted by path. A MAC that a VF made up for
 * itself is another one after each probe: two such count as the same. */
export function compareRecords(before: HostRecord, after: HostRecord): Difference[] {
	const [old, now] = [factsOf(before), factsOf(after)];
	const randomNow = randomAddresses(after);
	const random = new Set([...randomAddresses(before)].filter(fact => randomNow.has(fact)));
	const differences: Difference[] = [];
	for (const path of [...new Set([...old.keys(), ...now.keys()])].toSorted()) {
		const [was, is] = [old.get(path), now.get(path)];
		if (was !== is && !random.has(path)) {
			differences.push({path, ...differingLines(was, is)});
		}
	}

	return differences;
}

function factsOf(record: HostRecord): Map<string, string> {
	const facts = new Map<string, string>();
	const add = (fact: string, value: string) => {
		const row = volatileFacts.find(one => one.fact.test(fact));
		const kept = row ? row.keep?.(value) : value;
		if (kept !== undefined) {
			facts.set(fact, kept);
		}
	};

	const filled = filledDirectories(record.entries);
	for (const [path, entry] of record.entries) {
		// A directory is a fact of its own only while nothing is in it.
		if (entry.kind !== 'directory' || !filled.has(path)) {
			add(path, entryText(entry));
		}
	}

	for (const {argv, code, stdout} of record.commands) {
		const name = `$ ${argv.join(' ')}`;
		const list = parseJsonList(stdout);
		if (!list) {
			add(name, `exit ${code}\n${stdout}`);
		}

		for (const [item, key, value] of (list ?? []).flatMap(element => itemFacts(element))) {
			add(`${name} ${item} ${key}`, value);
		}
	}

	for (const {name, uuid, state, persistent, liveXml, migratableXml, inactiveXml, guestInterfaces} of record.libvirt?.domains ?? []) {
		const guest = `libvirt guest ${name}`;
		add(`${guest} uuid`, uuid);
		add(`${guest} state`, `${state}${persistent ? '' : ', transient'}`);
		for (const [which, xml] of [['live', liveXml], ['migratable', migratableXml], ['inactive', inactiveXml]] as const) {
			if (xml !== undefined) {
				add(`${guest} ${which}`, xml);
			}
		}

		add(`${guest} agent`, JSON.stringify(guestInterfaces ?? null));
	}

	for (const {name, active, persistent, autostart, xml, inactiveXml} of record.libvirt?.networks ?? []) {
		add(`libvirt network ${name} state`, JSON.stringify({active, persistent, autostart}));
		add(`libvirt network ${name} xml`, xml);
		// Records of older versions do not have it, and most often it says the same.
		if (inactiveXml !== undefined && !sameNetwork(inactiveXml, xml)) {
			add(`libvirt network ${name} inactive`, inactiveXml);
		}
	}

	return facts;
}

function entryText(entry: RecordEntry): string {
	switch (entry.kind) {
		case 'text': {
			return entry.text;
		}

		case 'link': {
			return `-> ${entry.target}`;
		}

		case 'bytes': {
			return Buffer.from(entry.bytes).toString('hex');
		}

		default: {
			return `(${entry.kind})`;
		}
	}
}

// Elements of `ip` lists go by interface name or, for routes, by all that they say; VFs by number.
function itemFacts(element: Record<string, unknown>): Array<[string, string, string]> {
	const {ifname, vfinfo_list: vfs, ...rest} = element;
	if (typeof ifname !== 'string') {
		// A route that a router told has a lifetime, which runs out and is renewed; a namespace gets
		// its id when somebody first asks the kernel about it (net/core/net_namespace.c, peernet2id_alloc).
		const {expires: _, id: __, ...lasting} = element;
		return [['', JSON.stringify(lasting), 'present']];
	}

	const own = Object.entries(rest).map(([key, value]): [string, string, string] => [ifname, key, JSON.stringify(value)]);
	const ofVfs = (Array.isArray(vfs) ? vfs as Array<Record<string, unknown>> : []).flatMap(vf =>
		Object.entries(vf).map(([key, value]): [string, string, string] => [`${ifname} vf ${String(vf['vf'])}`, key, JSON.stringify(value)]));
	return [...own, ...ofVfs];
}

// Facts that hold a MAC which a VF's driver made up (NET_ADDR_RANDOM is 1): the interface's own,
// and the one that the PF shows.
function randomAddresses(record: HostRecord): Set<string> {
	const facts = new Set<string>();
	const value = (path: string) => {
		const entry = record.entries.get(path);
		return entry?.kind === 'text' ? entry.text.trim() : undefined;
	};

	const factOfMac = vfFactsByMac(record);
	for (const [path, entry] of record.entries) {
		const match = /^(.*)\/net\/([^/]+)\/addr_assign_type$/.exec(path);
		const physfn = record.entries.get(`${match?.[1]}/physfn`);
		if (!match || entry.kind !== 'text' || entry.text.trim() !== '1' || physfn?.kind !== 'link') {
			continue;
		}

		const [, directory = '', name = ''] = match;
		facts.add(`${directory}/net/${name}/address`);
		facts.add(`$ ip -j -d link show ${name} address`);
		facts.add(`$ ip -j addr show ${name} address`);
		const mac = value(`${directory}/net/${name}/address`);
		for (const fact of factOfMac.get(mac ?? '') ?? []) {
			facts.add(fact);
		}
	}

	return facts;
}

// Where `ip link` shows each MAC as that of a VF. Read once: a big card has many VFs.
function vfFactsByMac(record: HostRecord): Map<string, string[]> {
	const byMac = new Map<string, string[]>();
	for (const {argv, stdout} of record.commands.filter(command => command.argv.join(' ') === 'ip -j -d link show')) {
		for (const {ifname, vfinfo_list: vfs} of parseJsonList(stdout) ?? []) {
			for (const vf of Array.isArray(vfs) ? vfs as Array<Record<string, unknown>> : []) {
				const mac = String(vf['address']);
				byMac.set(mac, [...byMac.get(mac) ?? [], `$ ${argv.join(' ')} ${String(ifname)} vf ${String(vf['vf'])} address`]);
			}
		}
	}

	return byMac;
}

// Long texts are told by the lines that differ.
function differingLines(was: string | undefined, is: string | undefined): Pick<Difference, 'before' | 'after'> {
	if (was === undefined || is === undefined) {
		return {before: was?.replace(/\n$/, ''), after: is?.replace(/\n$/, '')};
	}

	const [a, b] = [was.split('\n'), is.split('\n')];
	let head = 0;
	while (head < a.length && head < b.length && a[head] === b[head]) {
		head++;
	}

	let tail = 0;
	while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) {
		tail++;
	}

	return {before: a.slice(head, a.length - tail).join('\n'), after: b.slice(head, b.length - tail).join('\n')};
}
