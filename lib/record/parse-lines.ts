// The grammar of each line of a record.
import {AppError} from '../errors.ts';
import {linesToText, unescapeLine} from './escape.ts';
import {domainOf, guestInterfacesOf, networkOf} from './parse-libvirt.ts';
import {recordLimits} from './record.ts';
import type {RecordedCommand, RecordedDomain, RecordedLibvirt, RecordEntry} from './record.ts';

type Mutable<T> = {-readonly [K in keyof T]: T[K]};

/** What has been read so far. */
export interface Draft {
	uid: number | undefined;
	env: Record<string, string>;
	directory: string | undefined;
	entries: Map<string, RecordEntry>;
	/** Line of each path, for messages about the tree as a whole. */
	lines: Map<string, number>;
	commands: Array<Mutable<RecordedCommand>>;
	sections: Map<string, string>;
	libvirt: {uri: string; version: string; domains: Array<Mutable<RecordedDomain>>; networks: Array<Mutable<RecordedLibvirt['networks'][number]>>; nodeDevices: Map<string, string>; hostdevXml?: string} | null;
	/** Tag of the line before: X and G belong to a D, S to a C. */
	last: string;
}

/** A line with its tag and its block. */
export interface Line {
	number: number;
	tag: string;
	rest: string;
	/** Indented lines that follow. */
	block: string[];
}

/** The error for a record that cannot be used. */
export function badRecord(line: number, why: string): AppError {
	return new AppError('BAD_RECORD', `the host record is damaged at line ${line}`, {
		why,
		fix: 'take the record again with `vfctl capture`',
		details: {line},
	});
}

/** What each tag means: takes a line into the draft, or throws BAD_RECORD. */
export const readers: Readonly<Record<string, (draft: Draft, line: Line) => void>> = {
	E(draft, line) {
		noBlock(line);
		const [name, value] = assignment(line, ' =');
		if (name === 'uid') {
			if (!/^\d{1,10}$/.test(value) || draft.uid !== undefined) {
				throw badRecord(line.number, 'the uid is not one number');
			}

			draft.uid = Number(value);
		} else if (name in draft.env) {
			throw badRecord(line.number, `the variable ${name} is there twice`);
		} else {
			draft.env[name] = value;
		}
	},
	P(draft, line) {
		noBlock(line);
		const path = plain(line, line.rest);
		const parts = path.split('/').slice(1);
		if (!path.startsWith('/') || path.length > recordLimits.pathBytes || (path !== '/' && parts.some(part => !isName(part)))) {
			throw badRecord(line.number, 'it is not an absolute path without `.` and `..`');
		}

		draft.directory = path;
		add(draft, line, path, {kind: 'directory'});
	},
	A(draft, line) {
		if (line.block.length > 0) {
			add(draft, line, child(draft, line, line.rest), {kind: 'text', text: blockText(line)});
			return;
		}

		const [name, value] = rawAssignment(line, ' =');
		const text = linesToText([value]);
		if (typeof text !== 'string') {
			throw badRecord(line.number, 'it has a damaged escape or a control character');
		}

		add(draft, line, child(draft, line, name), {kind: 'text', text});
	},
	B(draft, line) {
		noBlock(line);
		const [name, value] = rawAssignment(line, ' =');
		const match = /^((?:[\da-f]{2})*)(?: 00\*(\d{1,6}))?$/.exec(value);
		if (!match) {
			throw badRecord(line.number, 'the value is not an even number of hexadecimal digits');
		}

		const bytes = Buffer.from(match[1] ?? '', 'hex');
		add(draft, line, child(draft, line, name), {kind: 'bytes', bytes: new Uint8Array(Buffer.concat([bytes, Buffer.alloc(Number(match[2] ?? 0))]))});
	},
	L(draft, line) {
		noBlock(line);
		const [name, target] = assignment(line, ' ->');
		add(draft, line, child(draft, line, name), {kind: 'link', target});
	},
	U(draft, line) {
		noBlock(line);
		add(draft, line, child(draft, line, line.rest), {kind: 'unreadable'});
	},
	C(draft, line) {
		const match = /^(\[.*\]) exit (\d{1,3})$/.exec(line.rest);
		const argv = match ? jsonOf(line, match[1] ?? '') : undefined;
		if (!match || !Array.isArray(argv) || argv.length === 0 || argv.some(argument => typeof argument !== 'string')) {
			throw badRecord(line.number, 'it is not of the form ["program","argument"] exit 0');
		}

		draft.commands.push({argv, code: Number(match[2]), stdout: blockText(line), stderr: ''});
	},
	S(draft, line) {
		const command = draft.commands.at(-1);
		if (!command || draft.last !== 'C' || line.rest !== 'stderr') {
			throw badRecord(line.number, 'it does not follow a command');
		}

		command.stderr = blockText(line);
	},
	V(draft, line) {
		noBlock(line);
		const [uri, version, ...more] = line.rest.split(' ').map(part => plain(line, part));
		if (!uri || !version || more.length > 0 || draft.libvirt) {
			throw badRecord(line.number, 'it is not one libvirt address and one version');
		}

		draft.libvirt = {uri, version, domains: [], networks: [], nodeDevices: new Map()};
	},
	D(draft, line) {
		noBlock(line);
		const domain = domainOf(jsonOf(line, line.rest));
		const domains = libvirtOf(draft, line).domains;
		if (!domain || domains.some(({uuid, name}) => uuid === domain.uuid || name === domain.name)) {
			throw badRecord(line.number, 'it does not describe one more guest');
		}

		domains.push({...domain, liveXml: undefined, inactiveXml: undefined, guestInterfaces: undefined});
	},
	X(draft, line) {
		const network = draft.last === 'N' && line.rest === 'inactive' ? libvirtOf(draft, line).networks.at(-1) : undefined;
		if (network) {
			network.inactiveXml = blockText(line);
			return;
		}

		const domain = libvirtOf(draft, line).domains.at(-1);
		const key = line.rest === 'live' ? 'liveXml' : line.rest === 'inactive' ? 'inactiveXml' : line.rest === 'migratable' ? 'migratableXml' : undefined;
		if (!domain || !key || domain[key] !== undefined || !/[DX]/.test(draft.last)) {
			throw badRecord(line.number, 'it is not the live, migratable or inactive definition of a guest, or the inactive one of a network');
		}

		domain[key] = blockText(line);
	},
	G(draft, line) {
		noBlock(line);
		const domain = libvirtOf(draft, line).domains.at(-1);
		const interfaces = guestInterfacesOf(jsonOf(line, line.rest));
		if (!domain || !interfaces || !/[DX]/.test(draft.last)) {
			throw badRecord(line.number, 'it does not tell the interfaces of a guest');
		}

		domain.guestInterfaces = interfaces;
	},
	N(draft, line) {
		const network = networkOf(jsonOf(line, line.rest));
		const networks = libvirtOf(draft, line).networks;
		if (!network || networks.some(({name}) => name === network.name)) {
			throw badRecord(line.number, 'it does not describe one more network');
		}

		networks.push({...network, xml: blockText(line)});
	},
	O(draft, line) {
		const name = plain(line, line.rest);
		const {nodeDevices} = libvirtOf(draft, line);
		if (!/^\w+$/.test(name) || nodeDevices.has(name)) {
			throw badRecord(line.number, 'it does not name one more node device');
		}

		nodeDevices.set(name, blockText(line));
	},
	H(draft, line) {
		const libvirt = libvirtOf(draft, line);
		if (line.rest !== 'hostdev' || libvirt.hostdevXml !== undefined) {
			throw badRecord(line.number, 'it does not tell once what libvirt can do with devices');
		}

		libvirt.hostdevXml = blockText(line);
	},
	T(draft, line) {
		const name = plain(line, line.rest);
		if (!/^[a-z][a-z-]{0,63}$/.test(name) || draft.sections.has(name)) {
			throw badRecord(line.number, 'it does not name one more section');
		}

		draft.sections.set(name, blockText(line));
	},
};

function add(draft: Draft, line: Line, path: string, entry: RecordEntry): void {
	if (draft.entries.has(path) && !(entry.kind === 'directory' && path === '/')) {
		throw badRecord(line.number, `${path} is there twice`);
	}

	if (draft.entries.size >= recordLimits.entries) {
		throw badRecord(line.number, `it has more than ${recordLimits.entries} entries`);
	}

	draft.entries.set(path, entry);
	draft.lines.set(path, line.number);
}

function child(draft: Draft, line: Line, written: string): string {
	const name = plain(line, written);
	if (draft.directory === undefined || !isName(name)) {
		throw badRecord(line.number, draft.directory === undefined ? "no 'P:' line stands before it" : 'the name is not a file name');
	}

	return draft.directory === '/' ? `/${name}` : `${draft.directory}/${name}`;
}

function isName(name: string): boolean {
	return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0') && name.length <= 255;
}

function rawAssignment(line: Line, sign: string): [string, string] {
	const cut = line.rest.indexOf(sign);
	const value = line.rest.slice(cut + sign.length);
	if (cut < 1 || (value !== '' && !value.startsWith(' '))) {
		throw badRecord(line.number, `it is not of the form name${sign} value`);
	}

	return [line.rest.slice(0, cut), value.slice(1)];
}

function assignment(line: Line, sign: string): [string, string] {
	const [name, value] = rawAssignment(line, sign);
	return [plain(line, name), plain(line, value)];
}

function plain(line: Line, written: string): string {
	const text = unescapeLine(written);
	if (text === undefined) {
		throw badRecord(line.number, 'it has a damaged escape or a control character');
	}

	return text;
}

function blockText(line: Line): string {
	if (line.block.length === 0) {
		return '';
	}

	const text = linesToText(line.block);
	if (typeof text !== 'string') {
		throw badRecord(line.number + 1 + text.damagedLine, 'it has a damaged escape or a control character');
	}

	return text;
}

function noBlock(line: Line): void {
	if (line.block.length > 0) {
		throw badRecord(line.number + 1, 'no indented text belongs here');
	}
}

function jsonOf(line: Line, written: string): unknown {
	try {
		return JSON.parse(plain(line, written));
	} catch (error) {
		if (error instanceof AppError) {
			throw error;
		}

		throw badRecord(line.number, 'the JSON in it is damaged');
	}
}

function libvirtOf(draft: Draft, line: Line): NonNullable<Draft['libvirt']> {
	if (!draft.libvirt) {
		throw badRecord(line.number, "no 'V:' line stands before it");
	}

	return draft.libvirt;
}
