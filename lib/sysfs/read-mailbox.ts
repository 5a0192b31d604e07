// The record that the kernel module vfctl_pf keeps of the mailboxes of VFs (docs/mailbox-abi.md).
import {AppError} from '../errors.ts';
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {zeroMac} from '../model/mac.ts';
import type {MailboxMessage, PfMailbox, VfMailbox} from '../model/mailbox.ts';
import {readAttribute} from './attributes.ts';
import {recordReader} from './module-record.ts';

/** Directory of the record. */
export const mailboxDirectory = '/sys/kernel/vfctl';
const knownAbi = '1';
const {required, keysOf, valueOf, whole, oneOf, macOf, listOf} = recordReader({damaged, unreadable});

/** PFs whose driver was built by vfctl and is loaded now, by address. Empty with stock drivers.
 * Throws NOT_ROOT, or UNSUPPORTED for a record that is damaged or of another kind. */
export function readMailboxes(files: FileReader): Map<Bdf, PfMailbox> {
	if (!files.exists(mailboxDirectory)) {
		return new Map();
	}

	const abi = readAttribute(files, `${mailboxDirectory}/abi`);
	if (abi === undefined) {
		throw unreadable(files, `${mailboxDirectory}/abi`);
	}

	if (abi !== knownAbi) {
		throw new AppError('UNSUPPORTED', 'the loaded PF driver tells of mailboxes in a way that this vfctl does not know', {
			why: `${mailboxDirectory}/abi is '${abi.slice(0, 20)}', known is ${knownAbi}`,
			fix: 'build and load the driver of this version: vfctl driver build, vfctl driver load',
		});
	}

	const found = new Map<Bdf, PfMailbox>();
	for (const name of files.list(mailboxDirectory)) {
		const pf = parseBdf(name);
		const mailbox = pf === undefined ? undefined : readPf(files, pf);
		if (pf !== undefined && mailbox !== undefined) {
			found.set(pf, mailbox);
		}
	}

	return found;
}

/** One PF; undefined when its driver has just let it go. */
function readPf(files: FileReader, pf: Bdf): PfMailbox | undefined {
	const directory = `${mailboxDirectory}/${pf}`;
	try {
		const driver = readAttribute(files, `${directory}/driver`);
		if (driver === undefined || !/^[\w-]{1,64}$/.test(driver)) {
			throw driver === undefined ? unreadable(files, `${directory}/driver`) : damaged(`${directory}/driver`, 'it is not the name of a driver');
		}

		const indexes = files.list(directory).flatMap(name => /^vf(\d{1,5})$/.exec(name)?.[1] ?? []).map(Number).toSorted((a, b) => a - b);
		return {pf, driver, vfs: indexes.flatMap(index => readVf(files, `${directory}/vf${index}`, index) ?? [])};
	} catch (error) {
		if (!files.exists(directory)) {
			return undefined;
		}

		throw error;
	}
}

/** One VF; undefined while it does not exist. */
function readVf(files: FileReader, directory: string, index: number): VfMailbox | undefined {
	const path = `${directory}/mailbox`;
	const keys = keysOf(path, required(files, path));
	const value = valueOf(path, keys);
	const count = (key: string) => whole(path, key, value(key));
	const flag = (key: string) => oneOf(path, key, value(key), ['0', '1']) === '1';
	if (!flag('present')) {
		return undefined;
	}

	const mac = macOf(path, 'mac', value('mac'));
	const version = signed(path, 'api', value('api'));
	const ageMs = signed(path, 'age_ms', value('age_ms'));
	return {
		index,
		version: version === -1 ? null : version,
		refused: listOf(value('refused')).map(text => whole(path, 'refused', text)),
		requests: count('requests'), replies: count('replies'), acks: count('acks'), nacks: count('nacks'), pings: count('pings'),
		readErrors: count('read_errors'), unhandled: count('unhandled'), resetMessages: count('reset_messages'), flrs: count('flrs'),
		mac: mac === zeroMac ? null : mac,
		macs: listOf(value('macs')).map(text => macOf(path, 'macs', text)),
		portVlan: whole(path, 'port_vlan', value('port_vlan'), 4095),
		spoofchk: flag('spoofchk'), trust: flag('trust'),
		link: oneOf(path, 'link', value('link'), ['auto', 'enable', 'disable']),
		vlans: vlansOf(`${directory}/vlans`, required(files, `${directory}/vlans`)),
		ageMs: ageMs === -1 ? null : ageMs,
		messages: messagesOf(`${directory}/messages`, required(files, `${directory}/messages`)),
	};
}

/** `NUMBER AGE_MS DIRECTION WORD...`, oldest first. */
function messagesOf(path: string, text: string): MailboxMessage[] {
	return text.split('\n').filter(line => line !== '').map(line => {
		const [, number, ageMs, direction, words = ''] = /^(\d{1,15}) (\d{1,15}) (in|out)((?: [\da-f]{8}){1,16})$/i.exec(line) ?? [];
		if (number === undefined) {
			throw damaged(path, `'${line.slice(0, 60)}' is not a message`);
		}

		return {number: Number(number), ageMs: Number(ageMs), direction: direction as 'in' | 'out', words: words.trim().split(' ').map(word => Number.parseInt(word, 16))};
	});
}

/** `100,200-203`, or nothing. */
function vlansOf(path: string, text: string): string {
	const line = text.trimEnd();
	if (!/^(?:\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)*)?$/.test(line)) {
		throw damaged(path, `'${line.slice(0, 40)}' is not a list of VLAN ids`);
	}

	return line;
}

function signed(path: string, key: string, text: string): number {
	return text === '-1' ? -1 : whole(path, key, text);
}

function damaged(path: string, why: string): AppError {
	return new AppError('UNSUPPORTED', 'what the loaded PF driver tells of mailboxes cannot be understood', {
		why: `${path}: ${why}`,
		fix: 'build and load the driver of this version: vfctl driver build, vfctl driver load',
		details: {path},
	});
}

function unreadable(files: FileReader, path: string): AppError {
	return files.exists(path)
		? new AppError('NOT_ROOT', 'reading the mailboxes of VFs needs root', {why: `${path} cannot be read: only root may`, fix: 'sudo vfctl mailbox'})
		: damaged(path, 'it is not there');
}
