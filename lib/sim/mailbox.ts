// /sys/kernel/vfctl of a host whose PF driver was built by vfctl (docs/mailbox-abi.md).
import type {Bdf} from '../model/bdf.ts';
import {isClear, operationOf, replyOf} from '../model/mailbox-message.ts';
import {devicesPath, driverOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';

const directory = '/sys/kernel/vfctl';
const keptMessages = 16;
const keptWords = 4;

interface SimMessage {
	number: number;
	/** Of the machine's clock. */
	atMs: number;
	direction: 'in' | 'out';
	words: readonly number[];
}

/** What the module remembers of one VF. */
export interface SimMailbox {
	api: number;
	refused: number[];
	counts: Record<'requests' | 'replies' | 'acks' | 'nacks' | 'pings' | 'read_errors' | 'unhandled' | 'reset_messages' | 'flrs', number>;
	macs: string[];
	vlans: string;
	messages: SimMessage[];
	next: number;
}

function newMailbox(): SimMailbox {
	return {api: -1, refused: [], counts: {requests: 0, replies: 0, acks: 0, nacks: 0, pings: 0, read_errors: 0, unhandled: 0, reset_messages: 0, flrs: 0}, macs: [], vlans: '', messages: [], next: 1};
}

/** The driver of a PF takes it: its directory appears, for every VF that it can have. */
export function showMailboxes(machine: Machine, pf: Bdf): void {
	const total = Number(machine.tree.value(`${devicesPath}/${pf}/sriov_totalvfs`)) || 0;
	machine.mailboxes.set(pf, Array.from({length: total}, newMailbox));
	machine.tree.putValue(`${directory}/abi`, 1);
	machine.tree.putValue(`${directory}/${pf}/driver`, driverOf(machine, pf) ?? '');
	flushMailboxes(machine);
}

/** The driver lets the PF go. */
export function hideMailboxes(machine: Machine, pf: Bdf): void {
	if (machine.tree.exists(`${directory}/${pf}`)) {
		machine.mailboxes.delete(pf);
		machine.tree.remove(`${directory}/${pf}`);
	}
}

/** Writes the files as they are now; those of a record stay as they were recorded. */
export function flushMailboxes(machine: Machine): void {
	for (const [pf, mailboxes] of machine.mailboxes) {
		const vfs = vfsOf(machine, pf);
		machine.tree.putValue(`${directory}/${pf}/vfs`, vfs.length);
		for (const [index, mailbox] of mailboxes.entries()) {
			const path = `${directory}/${pf}/vf${index}`;
			const put = (name: string, lines: readonly string[]) => {
				machine.tree.put(`${path}/${name}`, {kind: 'text', text: lines.map(line => `${line}\n`).join('')});
			};

			put('mailbox', keyLines(machine, pf, index, mailbox));
			put('messages', mailbox.messages.map(({number, atMs, direction, words}) => [number, Math.round(machine.clock.monotonicMs() - atMs), direction, ...words.map(word => hex(word))].join(' ')));
			put('vlans', [mailbox.vlans]);
		}
	}
}

function keyLines(machine: Machine, pf: Bdf, index: number, {api, refused, counts, macs, messages}: SimMailbox): string[] {
	const state = machine.vfStates.get(pf)?.[index];
	const last = messages.at(-1);
	return Object.entries({
		present: state ? 1 : 0,
		api, refused: refused.join(','), ...counts,
		mac: state?.mac ?? '00:00:00:00:00:00', macs: macs.join(','),
		port_vlan: state?.vlan ?? 0, spoofchk: state?.spoofchk === false ? 0 : 1, trust: state?.trust === true ? 1 : 0, link: state?.linkState ?? 'auto',
		age_ms: last ? Math.round(machine.clock.monotonicMs() - last.atMs) : -1,
	}).map(([key, value]) => `${key}=${value}`);
}

/** A VF sends a message, and the PF answers, or not. */
export function sendMailbox(machine: Machine, pf: Bdf, index: number, {request, reply}: {request?: readonly number[]; reply?: readonly number[]}): void {
	const mailbox = machine.mailboxes.get(pf)?.[index];
	if (!mailbox) {
		throw new Error(`${pf} has no mailbox ${index}`);
	}

	if (request) {
		keep(machine, mailbox, 'in', request);
		mailbox.counts.requests++;
		mailbox.counts.reset_messages += operationOf(request[0] ?? 0) === 1 ? 1 : 0;
	}

	if (reply) {
		keep(machine, mailbox, 'out', reply);
		const word = reply[0] ?? 0;
		mailbox.counts[replyOf(word) === null ? 'pings' : 'replies']++;
		mailbox.counts.acks += replyOf(word) === 'ack' ? 1 : 0;
		mailbox.counts.nacks += replyOf(word) === 'nack' ? 1 : 0;
		if (operationOf(word) === 8 && isClear(word) && request?.[1] !== undefined) {
			negotiated(mailbox, request[1], replyOf(word) === 'ack');
		}
	}
}

function negotiated(mailbox: SimMailbox, wire: number, granted: boolean): void {
	if (granted) {
		mailbox.api = wire;
	} else {
		mailbox.refused.push(wire);
	}
}

function keep(machine: Machine, mailbox: SimMailbox, direction: 'in' | 'out', words: readonly number[]): void {
	mailbox.messages = [...mailbox.messages, {number: mailbox.next++, atMs: machine.clock.monotonicMs(), direction, words: words.slice(0, keptWords)}].slice(-keptMessages);
}

function hex(word: number): string {
	return (word >>> 0).toString(16).padStart(8, '0');
}
