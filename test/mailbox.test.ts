// The mailbox of igb and ixgbe: what words mean, what is read and told, and what is told of trouble.
import test from 'ava';
import {parseMac} from '../lib/model/mac.ts';
import {toBdf} from '../lib/model/bdf.ts';
import {exchangesOf, exchangeText} from '../lib/model/mailbox-message.ts';
import {versionName, type MailboxMessage} from '../lib/model/mailbox.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import {maskMessages, wordsOfMac} from '../lib/record/mask-mailbox.ts';
import {parseRecord} from '../lib/record/parse.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {sendMailbox, showMailboxes} from '../lib/sim/mailbox.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import type {MailboxView} from '../lib/render/mailbox-view.ts';
import {captured, vfctl, withFile} from './helpers/plan-world.ts';

const pf = toBdf('0000:03:00.0');
const ack = 0xa0_00_00_00;
const nack = 0x60_00_00_00;
const mac = [0x11_00_54_52, 0x33_22] as const;

/** An ixgbe PF with the driver of vfctl and three VFs, and beside it a stock igb. */
function rebuilt(): SimHost {
	return simHost(hostBuilder('rebuilt')
		.pf({card: '82599', bdf: pf, name: 'pf0', vfs: 3, totalVfs: 4, rebuilt: true, vfSettings: {1: {mac: '52:54:00:00:00:01', vlan: 100, trust: true}}})
		.pf({card: '82576', bdf: '0000:04:00.0', name: 'eth1', vfs: 2})
		.record());
}

const say = (host: SimHost, index: number, request: number[], reply?: number[]) => {
	sendMailbox(host.machine, pf, index, {request, ...reply === undefined ? {} : {reply}});
};

/** A host as its driver finds it: records hold what was, and a driver that takes the PF now begins anew. */
function live(): SimHost {
	const host = rebuilt();
	showMailboxes(host.machine, pf);
	return host;
}

async function look(host: SimHost, ...words: string[]): Promise<{text: string; view: MailboxView}> {
	const {text, json, error} = await vfctl(host, ['mailbox', ...words]);
	if (error) {
		throw error;
	}

	return {text, view: json as unknown as MailboxView};
}

// Words

const messages: ReadonlyArray<readonly [driver: string, request: readonly number[] | null, reply: readonly number[] | null, text: string]> = [
	['ixgbe', [0x01], [ack | 0x01, ...mac, 0], 'RESET -> ACK 52:54:00:11:22:33'],
	['ixgbe', [0x01], [0x40_00_00_01, 0, 0, 0], 'RESET -> NACK (no MAC from the admin)'],
	['ixgbe', [0x02, ...mac], [nack | 0x02, ...mac], 'SET_MAC 52:54:00:11:22:33 -> NACK'],
	['ixgbe', [0x03 | (2 << 16), 0x1_23, 0x4_56], [ack | 0x03], 'SET_MULTICAST 2 addresses -> ACK'],
	['ixgbe', [0x04 | (1 << 16), 100], [nack | 0x04], 'SET_VLAN add 100 -> NACK'],
	['ixgbe', [0x04, 100], [ack | 0x04], 'SET_VLAN remove 100 -> ACK'],
	['ixgbe', [0x05, 1518], [ack | 0x05], 'SET_LPE 1518 bytes -> ACK'],
	['ixgbe', [0x06], [ack | 0x06], 'SET_MACVLAN clear -> ACK'],
	['ixgbe', [0x06 | (1 << 16), ...mac], [nack | 0x06], 'SET_MACVLAN 52:54:00:11:22:33 -> NACK'],
	['ixgbe', [0x08, 8], [ack | 0x08, 8], 'API_NEGOTIATE 1.7 -> ACK'],
	['ixgbe', [0x08, 6], [nack | 0x08, 6], 'API_NEGOTIATE 1.5 -> NACK'],
	['ixgbe', [0x08, 99], [nack | 0x08, 99], 'API_NEGOTIATE number 99 -> NACK'],
	['ixgbe', [0x09], [ack | 0x09, 4, 2, 0], 'GET_QUEUES -> ACK 4 transmit, 2 receive'],
	['ixgbe', [0x0c, 2], [ack | 0x0c, 2], 'UPDATE_XCAST_MODE all multicast -> ACK'],
	['ixgbe', [0x0c, 77], null, 'UPDATE_XCAST_MODE mode 77 -> no reply'],
	['ixgbe', [0x10], [ack | 0x10, 1], 'GET_LINK_STATE -> ACK enabled'],
	['ixgbe', [0x12, 3], [ack | 0x12, 1], 'FEATURES_NEGOTIATE IPsec, ESX mailbox -> ACK IPsec'],
	['ixgbe', [0], [nack], 'EMPTY -> NACK'],
	['ixgbe', [0x23], [nack | 0x23], 'op 0x23 -> NACK'],
	['ixgbe', null, [0x20_00_01_00], 'PF: CONTROL'],
	['igb', [0x02 | (1 << 16), 0, 0], [nack | 0x02], 'SET_MAC clear filters -> NACK'],
	['igb', [0x02 | (2 << 16), ...mac], [ack | 0x02], 'SET_MAC add filter 52:54:00:11:22:33 -> ACK'],
	['igb', [0x06 | (2 << 16)], [ack | 0x06], 'SET_PROMISC multicast -> ACK'],
	['igb', [0x08, 5], [nack | 0x08], 'op 0x08 -> NACK'],
	['igb', [0x02], null, 'SET_MAC -> no reply'],
];

const asMessages = (request: readonly number[] | null, reply: readonly number[] | null): MailboxMessage[] => [
	...request === null ? [] : [{number: 1, ageMs: 9, direction: 'in' as const, words: request}],
	...reply === null ? [] : [{number: 2, ageMs: 8, direction: 'out' as const, words: reply}],
];

for (const [driver, request, reply, text] of messages) {
	test(`${driver}: ${text}`, t => {
		t.deepEqual(exchangesOf(driver, asMessages(request, reply)).map(one => exchangeText(one)), [text]);
	});
}

test('numbers of versions are those of the wire, not in the order of versions', t => {
	t.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(wire => versionName(wire)), ['1.0', '2.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', 'number 9']);
});

test('any words from a guest are told, one line each', t => {
	let seed = 1;
	const random = () => {
		seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
		return seed;
	};

	for (let round = 0; round < 3000; round++) {
		const driver = ['igb', 'ixgbe', 'constructor'][round % 3]!;
		const list: MailboxMessage[] = Array.from({length: random() % 17}, (_, number) => ({number, ageMs: random() % 5000, direction: random() % 3 === 0 ? 'out' : 'in', words: Array.from({length: 1 + random() % 4}, () => random() % 2 === 0 ? random() : random() % 300)}));
		const told = exchangesOf(driver, list);
		t.true(told.length <= list.length && told.length * 2 >= list.length);
		for (const one of told) {
			t.regex(exchangeText(one), /^[\w:,()> -]+$/);
			t.notRegex(exchangeText(one), /undefined|NaN/);
		}
	}
});

test('a ping between a request and its reply separates nothing', t => {
	const told = exchangesOf('ixgbe', [
		{number: 1, ageMs: 3, direction: 'in', words: [0x02, ...mac]},
		{number: 2, ageMs: 2, direction: 'out', words: [0x01_00]},
		{number: 3, ageMs: 1, direction: 'out', words: [nack | 0x02]},
	]);
	t.deepEqual(told.map(one => exchangeText(one)), ['PF: CONTROL', 'SET_MAC 52:54:00:11:22:33 -> NACK']);
});

// Shown

test('a PF with the driver of vfctl is told VF by VF', async t => {
	const host = live();
	say(host, 0, [0x01], [0x40_00_00_01, 0, 0, 0]);
	say(host, 0, [0x08, 8], [ack | 0x08, 8]);
	say(host, 0, [0x02, ...mac], [ack | 0x02]);
	for (const wire of [8, 7, 6]) {
		say(host, 1, [0x08, wire], [nack | 0x08, wire]);
	}

	say(host, 1, [0x08, 5], [ack | 0x08, 5]);
	say(host, 1, [0x04 | (1 << 16), 7], [nack | 0x04]);
	const {text, view} = await look(host, 'pf0');
	t.regex(text, /^pf0: 0000:03:00\.0, ixgbe, told by the driver of vfctl$/m);
	t.regex(text, /^pf0#0 +1\.7 +- +1 +0 +2 +1 .*SET_MAC 52:54:00:11:22:33 -> ACK$/m);
	t.regex(text, /^pf0#1 +1\.4 +1\.7,1\.6,1\.5 .* 52:54:00:00:00:01 +100 .*SET_VLAN add 7 -> NACK$/m);
	t.regex(text, /^hint: pf0#1: the PF refused 1\.7, 1\.6, 1\.5 and agreed on 1\.4/m);
	t.notRegex(text, /pf0#3|driver build/, 'a VF that is not there is not told');
	const [, second] = view.pfs[0]!.vfs;
	t.like(second, {name: 'pf0#1', bdf: '0000:03:10.2', version: {number: 5, name: '1.4'}, acks: 1, nacks: 4, mac: '52:54:00:00:00:01', portVlan: 100, trust: true, spoofchk: true, link: 'auto'});
	t.is(second!.messages!.length, 5);
	t.deepEqual(second!.messages!.at(-1)!.words, {asked: ['00010004', '00000007'], answered: ['60000004']});

	const one = await look(host, 'pf0#1');
	t.regex(one.text, /version +1\.4\n +refused +1\.7,1\.6,1\.5\n +resets +0 by message, 0 function level/);
	t.regex(one.text, / +API_NEGOTIATE 1\.4 -> ACK\n/);
	t.is(one.view.pfs[0]!.vfs.length, 1);
});

test('without a name all PFs of igb and ixgbe are told', async t => {
	const {view, text} = await look(live());
	t.deepEqual(view.pfs.map(({name, source}) => [name, source]), [['pf0', 'driver'], ['eth1', 'kernel log']]);
	t.regex(text, /a stock driver tells no more; one that does: vfctl driver build, then vfctl driver load eth1/);
	t.regex(text, /^eth1#0 +unknown +unknown +unknown/m);
});

test('a PF of another driver has no such mailbox', async t => {
	const host = simHost(hostBuilder('other').pf({card: 'xl710', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).record());
	const {text, view} = await look(host, 'pf0');
	t.regex(text, /i40e, has no such mailbox/);
	t.is(view.pfs[0]!.source, 'none');
	t.is((await look(host)).text, 'no PF of igb or ixgbe is here');
});

// The kernel log

const log = `[    2.000001] ixgbe 0000:03:00.0 pf0: VF Reset msg received from vf 0
[    3.000001] ixgbe 0000:03:00.0 pf0: VF 0 requested invalid api version 6
[    4.000001] ixgbe 0000:03:00.0 pf0: VF Reset msg received from vf 0
[    4.100001] ixgbe 0000:03:00.0 pf0: VF 0 requested unsupported api version 8
[    4.200001] ixgbe 0000:03:00.0 pf0: VF 0 requested unsupported api version 7
[    5.000001] ixgbe 0000:03:00.0 pf0: Unhandled Msg 00000000
[    6.000001] ixgbe: Error receiving message from VF
[    7.000001] ixgbe 0000:03:00.0 pf0: VF 1 attempted to override administratively set MAC address
Reload the VF driver to resume operations
[    8.000001] ixgbe 0000:03:00.0 pf0: VF 1 attempted to override administratively set VLAN configuration
[    9.000001] ixgbe 0000:03:00.0 pf0: VF 1 requested MACVLAN filter but is administratively denied
[    9.500001] ixgbe 0000:03:00.0 pf0: 12 Spoofed packets detected
[    9.600001] ixgbe 0000:03:00.0 pf0: 3 Spoofed packets detected
[   10.000001] igb 0000:04:00.0: Spoof event(s) detected on VF 1
[   11.000001] igb 0000:04:00.0: VF 0 attempted to set invalid MAC filter
[   12.000001] igb 0000:04:00.0: VF 0 attempted to override administratively set MAC address
[   13.000001] igb 0000:04:00.0: Unhandled Msg 00000008
[   14.000001] e1000e 0000:00:1f.6 eno1: VF 0 requested invalid api version 6
[   15.000001] ixgbe 0000:zz:00.0 pf0: VF 99999999999 requested invalid api version 6
`;

function stock(text = log): SimHost {
	return simHost(hostBuilder('stock').pf({card: '82599', bdf: pf, name: 'pf0', vfs: 3}).pf({card: '82576', bdf: '0000:04:00.0', name: 'eth1', vfs: 2}).command(['dmesg'], text).record());
}

test('with stock drivers the kernel log is all there is, and what it does not tell is unknown', async t => {
	const {view, text} = await look(stock());
	const [ixgbe, igb] = view.pfs;
	t.is(ixgbe!.source, 'kernel log');
	t.like(ixgbe, {unhandledWords: ['00000000'], spoofedPackets: 15, readErrors: 1});
	t.like(ixgbe!.vfs[0], {version: null, refused: [{number: 8, name: '1.7'}, {number: 7, name: '1.6'}], resetMessages: 2, nacks: null, messages: null, refusedMacs: null});
	t.like(ixgbe!.vfs[1], {refused: null, resetMessages: null, refusedMacs: 1, refusedVlans: 1, refusedFilters: 1});
	t.like(igb, {unhandledWords: ['00000008'], spoofedPackets: null, readErrors: null});
	t.like(igb!.vfs[0], {refusedMacs: 1});
	t.like(igb!.vfs[1], {spoofEvents: 1, refusedMacs: null});
	t.regex(text, /stock driver: from the kernel log/);
	t.regex(text, /echo 'module ixgbe \+p' > \/sys\/kernel\/debug\/dynamic_debug\/control/);
	t.regex(text, /^pf0#2 +unknown +unknown +unknown +unknown/m);
	t.regex(text, /^hint: 1 requests of VFs could not be read/m);
	t.notRegex(text, /eth1.*\n.*0000.*ixgbe \+p/);
});

test('a kernel log that cannot be read leaves everything unknown', async t => {
	const host = stock();
	host.set({commandFailures: [{command: /^dmesg/, result: {code: 1, stderr: 'dmesg: read kernel buffer failed: Operation not permitted'}}]});
	const {view, text} = await look(host, 'pf0');
	t.is(view.pfs[0]!.source, 'none');
	t.is(view.pfs[0]!.readErrors, null);
	t.regex(text, /the kernel log cannot be read/);
	host.set({commandFailures: [], missingTools: ['dmesg']});
	t.is((await look(host, 'pf0')).view.pfs[0]!.source, 'none');
});

// As ixgbevf (two blanks) and igbvf write it; a VF of a card that is not here, and a line of another driver.
const inReset = `[   20.000001] ixgbevf 0000:03:10.0: PF still in reset state.  Is the PF interface up?
[   20.000002] ixgbevf 0000:03:10.0: Assigning random MAC address
[   21.000001] ixgbevf 0000:03:10.0: PF still in reset state.  Is the PF interface up?
[   22.000001] igbvf 0000:04:10.2: PF still in reset state. Is the PF interface up?
[   23.000001] ixgbevf 0000:07:10.0: PF still in reset state.  Is the PF interface up?
[   24.000001] ixgbe 0000:03:00.0 pf0: PF still in reset state. Is the PF interface up?
`;

test('a VF driver that started while the PF was in reset is told with any driver of the PF', async t => {
	const pfs = hostBuilder('in-reset').pf({card: '82599', bdf: pf, name: 'pf0', vfs: 2, rebuilt: true}).pf({card: '82576', bdf: '0000:04:00.0', name: 'eth1', vfs: 2});
	const {view, text} = await look(simHost(pfs.command(['dmesg'], inReset).record()));
	t.deepEqual(view.pfs.map(({source, vfs}) => [source, ...vfs.map(({pfInReset}) => pfInReset)]), [['driver', 2, null], ['kernel log', null, 1]]);
	t.regex(text, /^the VF's driver on this host started while the PF was in reset \(kernel log\): pf0#0 2 times$/m);
	t.regex(text, /\(kernel log\): eth1#1 1 time$/m);
	t.deepEqual(view.pfs.map(({up}) => up), [true, true]);
	t.notRegex(text, /its interface is down/);
});

test('foreign source addresses are told with any driver of the PF: only the log has them', async t => {
	const spoofs = log.split('\n').filter(line => /[Ss]poof/.test(line)).join('\n');
	const {view, text} = await look(simHost(hostBuilder('spoofs').pf({card: '82599', bdf: pf, name: 'pf0', vfs: 2, rebuilt: true}).pf({card: '82576', bdf: '0000:04:00.0', name: 'eth1', vfs: 2, rebuilt: true}).command(['dmesg'], spoofs).record()));
	t.deepEqual(view.pfs.map(({source, spoofedPackets, vfs}) => [source, spoofedPackets, vfs[1]!.spoofEvents]), [['driver', 15, null], ['driver', null, 1]]);
	t.regex(text, /^frames with a foreign source address, dropped: 15$/m);
	t.regex(text, /^the card saw foreign source addresses \(kernel log\): eth1#1 1 time$/m);
});

test('a PF whose interface is down is told, with what its VFs will say', async t => {
	for (const rebuilt of [true, false]) {
		const {view, text} = await look(simHost(hostBuilder('down').pf({card: '82599', bdf: pf, name: 'pf0', vfs: 2, up: false, rebuilt}).record()), 'pf0');
		t.false(view.pfs[0]!.up!);
		t.deepEqual(view.pfs[0]!.hints.filter(({kind}) => kind === 'pf-down').map(({vf}) => vf), [null]);
		t.regex(text, /^hint: its interface is down: .*'PF still in reset state'; ip link set pf0 up/m);
	}

	const alone = await look(simHost(hostBuilder('no-vfs').pf({card: '82599', bdf: pf, name: 'pf0', up: false}).record()), 'pf0');
	t.deepEqual(alone.view.pfs[0]!.hints, [], 'without VFs it harms nobody');
});

test('many resets within a minute are told from the log', async t => {
	const lines = (apart: number) => Array.from({length: 5}, (_, index) => `[${String(100 + index * apart).padStart(5)}.000001] ixgbe 0000:03:00.0 pf0: VF Reset msg received from vf 2\n`).join('');
	t.deepEqual((await look(stock(lines(5)), 'pf0')).view.pfs[0]!.hints.map(({vf, kind}) => [vf, kind]), [['pf0#2', 'many-resets']]);
	t.deepEqual((await look(stock(lines(120)), 'pf0')).view.pfs[0]!.hints, []);
});

// Hints

const troubles: ReadonlyArray<readonly [kind: string | null, what: (host: SimHost) => void, says: RegExp]> = [
	['no-version', host => {
		say(host, 0, [0x01], [0x40_00_00_01]);
		host.machine.clock.pass(5000);
	}, /agreed on no version.*see that the PF is up/],
	['no-version', host => {
		say(host, 0, [0x08, 8], [nack | 0x08, 8]);
		host.machine.clock.pass(5000);
	}, /asked for 1\.7, was refused/],
	[null, host => {
		say(host, 0, [0x01], [0x40_00_00_01]);
	}, /./],
	['older-vf-driver', host => {
		say(host, 0, [0x08, 5], [ack | 0x08, 5]);
	}, /asks for 1\.4 at most and the PF knows 1\.7/],
	['refused-versions', host => {
		say(host, 0, [0x08, 8], [nack | 0x08, 8]);
		say(host, 0, [0x08, 5], [ack | 0x08, 5]);
	}, /fell back by itself/],
	[null, host => {
		say(host, 0, [0x08, 8], [ack | 0x08, 8]);
	}, /./],
	['read-errors', host => {
		say(host, 0, [0x08, 6], [ack | 0x08, 6]);
		host.machine.mailboxes.get(pf)![0]!.counts.read_errors = 31;
	}, /31 requests.*agreed on 1\.5/],
	['many-resets', host => {
		for (let round = 0; round < 4; round++) {
			say(host, 0, [0x01], [0x40_00_00_01]);
			say(host, 0, [0x08, 8], [ack | 0x08, 8]);
		}
	}, /4 resets within a minute/],
	['only-refusals', host => {
		host.machine.mailboxes.get(pf)![0]!.api = 8;
		for (let round = 0; round < 3; round++) {
			say(host, 0, [0x0c, 1], [0x40_00_00_0c]);
		}
	}, /until a VF was reset it may ask for nothing/],
	['only-refusals', host => {
		host.machine.mailboxes.get(pf)![0]!.api = 8;
		for (let round = 0; round < 3; round++) {
			say(host, 0, [0x02, ...mac], [nack | 0x02]);
		}
	}, /what it is not allowed/],
];

for (const [index, [kind, what, says]] of troubles.entries()) {
	test(`hint ${index}: ${kind ?? 'none'}`, async t => {
		const host = live();
		what(host);
		const {view} = await look(host, 'pf0');
		t.deepEqual(view.pfs[0]!.hints.filter(({vf}) => vf === 'pf0#0').map(hint => hint.kind), kind === null ? [] : kind === 'read-errors' ? ['read-errors', 'older-vf-driver'] : [kind]);
		t.true(view.pfs[0]!.hints.every(hint => kind === null || hint.kind !== kind || says.test(hint.text)));
	});
}

// Damage

const mailboxPath = `/sys/kernel/vfctl/${pf}/vf0`;
const sound = () => rebuilt().machine.record;
const textAt = (path: string) => (sound().entries.get(path) as {text: string}).text;

const damages: ReadonlyArray<readonly [what: string, path: string, edit: (text: string) => string, says: RegExp]> = [
	['another ABI', '/sys/kernel/vfctl/abi', () => '2\n', /abi is '2', known is 1/],
	['an empty ABI', '/sys/kernel/vfctl/abi', () => '', /abi is ''/],
	['no driver', `/sys/kernel/vfctl/${pf}/driver`, () => '\n', /not the name of a driver/],
	['a line that is no pair', `${mailboxPath}/mailbox`, text => `${text}nonsense\n`, /'nonsense' is not KEY=VALUE/],
	['a key twice', `${mailboxPath}/mailbox`, text => `${text}acks=1\n`, /acks is there twice/],
	['a key less', `${mailboxPath}/mailbox`, text => text.replace(/^nacks=.*\n/m, ''), /nacks is missing/],
	['cut off', `${mailboxPath}/mailbox`, text => text.slice(0, 60), /missing/],
	['a count that is none', `${mailboxPath}/mailbox`, text => text.replace(/^acks=.*$/m, 'acks=many'), /acks is 'many'/],
	['a negative count', `${mailboxPath}/mailbox`, text => text.replace(/^acks=.*$/m, 'acks=-1'), /acks is '-1'/],
	['a MAC that is none', `${mailboxPath}/mailbox`, text => text.replace(/^mac=.*$/m, 'mac=52:54'), /mac is '52:54'/],
	['a VLAN out of range', `${mailboxPath}/mailbox`, text => text.replace(/^port_vlan=.*$/m, 'port_vlan=4096'), /port_vlan is '4096'/],
	['a link state that is none', `${mailboxPath}/mailbox`, text => text.replace(/^link=.*$/m, 'link=maybe'), /link is 'maybe'/],
	['refused versions that are none', `${mailboxPath}/mailbox`, text => text.replace(/^refused=.*$/m, 'refused=8,,7'), /refused is ''/],
	['a message without words', `${mailboxPath}/messages`, () => '1 5 in\n', /is not a message/],
	['a message of another direction', `${mailboxPath}/messages`, () => '1 5 up 00000001\n', /is not a message/],
	['a message with a short word', `${mailboxPath}/messages`, () => '1 5 in 1\n', /is not a message/],
	['control characters', `${mailboxPath}/messages`, () => '\u001B[2J\n', /is not a message/],
	['VLANs that are none', `${mailboxPath}/vlans`, () => '1-\n', /not a list of VLAN ids/],
	['too long', `${mailboxPath}/vlans`, () => '1,'.repeat(40_000), /longer than the kernel writes/],
];

for (const [what, path, edit, says] of damages) {
	test(`damage: ${what}`, async t => {
		const {error} = await vfctl(simHost(withFile(sound(), path, edit(textAt(path)))), ['mailbox']);
		t.is(error?.code, 'UNSUPPORTED');
		t.regex(error!.why!, says);
		t.regex(error!.fix!, /vfctl driver build/);
	});
}

test('what a later module tells is skipped', async t => {
	let record = withFile(sound(), `${mailboxPath}/mailbox`, `${textAt(`${mailboxPath}/mailbox`)}weather=fine\nlatency_ns=5\n`);
	record = withFile(withFile(record, '/sys/kernel/vfctl/relay/state', 'on\n'), `/sys/kernel/vfctl/${pf}/queues`, '4\n');
	t.is((await look(simHost(record), 'pf0')).view.pfs[0]!.vfs.length, 3);
});

test('only root can read it, and is told so', async t => {
	const record = sound();
	const entries = new Map([...record.entries].map(([path, entry]) => [path, path.startsWith('/sys/kernel/vfctl/') ? {kind: 'unreadable' as const} : entry]));
	const {error} = await vfctl(simHost({...record, entries}), ['mailbox']);
	t.is(error?.code, 'NOT_ROOT');
});

test('a PF whose driver lets it go meanwhile is not told', async t => {
	const host = live();
	host.machine.tree.remove(`/sys/kernel/vfctl/${pf}`);
	host.machine.mailboxes.clear();
	t.is((await look(host, 'pf0')).view.pfs[0]!.source, 'kernel log');
});

// Records

test('a record plays the same mailboxes', async t => {
	const host = live();
	say(host, 0, [0x02, ...mac], [nack | 0x02, ...mac]);
	const before = await look(host);
	const played = simHost(parseRecord(formatRecord(await captureHost(host)), 'x.rec'));
	t.deepEqual((await look(played)).view.pfs, before.view.pfs);
});

test('counts and messages are no difference between two records, another PF driver is one', async t => {
	const host = live();
	const before = await captured(host);
	say(host, 0, [0x02, ...mac], [nack | 0x02, ...mac]);
	t.deepEqual(compareRecords(before, await captured(host)), []);
	const stockRecord = await captured(simHost(hostBuilder('rebuilt').pf({card: '82599', bdf: pf, name: 'pf0', vfs: 3, totalVfs: 4}).record()));
	const paths = compareRecords(before, stockRecord).map(({path}) => path);
	t.true(paths.includes('/sys/module/ixgbe/srcversion') && paths.includes('/sys/kernel/vfctl/abi'));
});

test('masking hides addresses in messages, the same by the same', async t => {
	const host = live();
	say(host, 0, [0x02, ...mac], [nack | 0x02, ...mac]);
	say(host, 0, [0x03 | (1 << 16), 0x11_00_54_52], [ack | 0x03]);
	host.machine.vfStates.get(pf)![0]!.mac = '52:54:00:11:22:33';
	const text = formatRecord(await captureHost(host, {maskMacs: true}));
	t.notRegex(text, /52:54:00:11:22:33|00000002 11005452/);
	const {view} = await look(simHost(parseRecord(text, 'x.rec')), 'pf0');
	const [vf] = view.pfs[0]!.vfs;
	t.regex(vf!.mac!, /^52:54:00:00:00:/);
	t.is(vf!.messages![0]!.text, `SET_MAC ${vf!.mac} -> NACK`);
	t.is(vf!.messages![1]!.text, 'SET_MULTICAST 1 addresses -> ACK');
	t.is(maskMessages('nonsense\n1 2 in 00000002\n', () => '00:00:00:00:00:01'), 'nonsense\n1 2 in 00000002\n');
	t.deepEqual(wordsOfMac(parseMac('52:54:00:11:22:33')!), ['11005452', '00003322']);
});

// Watching

/** Lines that --watch prints while the host does these things, one a second. */
async function watched(host: SimHost, steps: ReadonlyArray<() => void>, device = 'pf0'): Promise<string[]> {
	const stop = new AbortController();
	const lines: string[] = [];
	for (const [index, step] of steps.entries()) {
		host.machine.clock.after((index + 1) * 1000 - 500, step);
	}

	host.machine.clock.after(steps.length * 1000 + 500, () => {
		stop.abort();
	});
	const {run} = await import('../lib/cli/commands/mailbox.ts');
	await run({
		host, signal: stop.signal, commandLine: ['vfctl'],
		options: {connect: 'qemu:///system', dryRun: false, yes: false, acceptedRisks: [], lockTimeoutMs: 0},
		out: {json: false, fancy: false, note() {}, result(text) {
			lines.push(text);
		}},
	}, {device, watch: true});
	return lines.slice(1).map(line => line.replace(/^2026-01-01T00:00:(\d\d)Z /, '$1 '));
}

test('watching tells what is new, once', async t => {
	const host = live();
	say(host, 0, [0x08, 8], [ack | 0x08, 8]);
	const vf = host.machine.mailboxes.get(pf)![0]!;
	t.deepEqual(await watched(host, [
		() => {
			say(host, 0, [0x02, ...mac], [nack | 0x02]);
		},
		() => {},
		() => {
			say(host, 1, [0x01], [0x40_00_00_01]);
			vf.counts.flrs++;
		},
		() => {
			vf.api = -1;
			vf.counts.read_errors += 2;
		},
	]), [
		'01 pf0#0: SET_MAC 52:54:00:11:22:33 -> NACK',
		'03 pf0#0: function level resets 0 -> 1',
		'03 pf0#1: RESET -> NACK (no MAC from the admin)',
		'04 pf0#0: no version',
		'04 pf0#0: read errors 0 -> 2',
	]);
});

test('a request that waits for its reply is told with it, and one that gets none without', async t => {
	const host = live();
	t.deepEqual(await watched(host, [
		() => {
			sendMailbox(host.machine, pf, 0, {request: [0x02, ...mac]});
		},
		() => {
			sendMailbox(host.machine, pf, 0, {reply: [ack | 0x02]});
		},
		() => {
			sendMailbox(host.machine, pf, 0, {request: [0x05, 1518]});
		},
		() => {},
		() => {},
	]), ['02 pf0#0: SET_MAC 52:54:00:11:22:33 -> ACK', '05 pf0#0: SET_LPE 1518 bytes -> no reply']);
});

test('watching tells of messages that went by, of VFs that come and go, and of one VF alone', async t => {
	const host = live();
	say(host, 0, [0x08, 8], [ack | 0x08, 8]);
	const lines = await watched(host, [
		() => {
			for (let round = 0; round < 20; round++) {
				say(host, 0, [0x05, 1500 + round], [ack | 0x05]);
			}

			say(host, 1, [0x05, 1500], [ack | 0x05]);
		},
		() => {
			host.machine.vfStates.get(pf)!.pop();
		},
	], 'pf0#0');
	t.is(lines.length, 9);
	t.is(lines[0], '01 pf0#0: 24 messages went by unseen');
	t.is(lines.at(-1), '01 pf0#0: SET_LPE 1519 bytes -> ACK');
	const all = await watched(host, [() => {
		host.machine.vfStates.get(pf)!.pop();
	}]);
	t.deepEqual(all.map(line => line.slice(3)), ['pf0#1: the VF is gone']);
});

test('watching the driver of vfctl tells of the log only what the VF\'s own driver says', async t => {
	const host = live();
	t.deepEqual(await watched(host, [
		() => {
			host.machine.log.push('[  120.000001] ixgbe 0000:03:00.0 pf0: Unhandled Msg 00000000', '[  120.000002] ixgbe: Error receiving message from VF', '[  120.000003] ixgbevf 0000:03:10.2: PF still in reset state.  Is the PF interface up?');
		},
		() => {},
	]), ['01 pf0#1: ixgbevf 0000:03:10.2: PF still in reset state.  Is the PF interface up?']);
});

test('watching a stock driver tells new lines of the log', async t => {
	const host = stock();
	t.deepEqual(await watched(host, [
		() => {
			host.machine.log.push('[  120.000001] ixgbe 0000:03:00.0 pf0: VF 2 requested invalid api version 6', '[  120.000002] eth9: nothing');
		},
		() => {},
	]), ['01 pf0#2: ixgbe 0000:03:00.0 pf0: VF 2 requested invalid api version 6']);
});
