// vfctl explain: every form in which lines are met, and what is made of them.
import test from 'ava';
import {hostileLines} from '../bench/explain/hostile.ts';
import {randomOf} from '../bench/explain/make-log.ts';
import {createExplainer, type ExplainerOptions} from '../lib/model/explain/explainer.ts';
import {joinRules} from '../lib/model/explain/joins.ts';
import {notedIds} from '../lib/model/explain/notes.ts';
import {parseLogLine} from '../lib/model/explain/log-line.ts';
import {longestLineBytes} from '../lib/model/explain/line-scanner.ts';
import {patternTrouble} from '../lib/model/explain/pattern-cost.ts';
import {patternTree} from '../lib/model/explain/pattern-tree.ts';
import {neededWords} from '../lib/model/explain/pattern-words.ts';
import {parseSince} from '../lib/model/explain/since.ts';
import {wallMsOf} from '../lib/model/explain/wall-time.ts';
import {WordAutomaton} from '../lib/model/explain/word-automaton.ts';
import {catalogue} from '../lib/model/messages/catalogue.ts';
import type {MessageEntry} from '../lib/model/messages/message-entry.ts';
import {explainText} from '../lib/render/explain-text.ts';
import {explainView} from '../lib/render/explain-view.ts';

const said = 'ixgbe 0000:03:00.1 ens6f1: VF 3 requested invalid api version 6';
const nowMs = Date.parse('2026-11-22T12:00:00Z');
const at = Date.parse('2026-11-22T02:51:31.500Z');

const forms: ReadonlyArray<readonly [string, string, {seconds?: number; ms?: number; level?: number; stamp?: string}?]> = [
	['nothing before it', said],
	['dmesg', `[   12.345678] ${said}`, {seconds: 12.345678}],
	['dmesg -x', `kern  :err   : [   12.345678] ${said}`, {seconds: 12.345678, level: 3}],
	['dmesg -r', `<3>[   12.345678] ${said}`, {seconds: 12.345678, level: 3}],
	['dmesg -T', `[Sun Nov 22 02:51:31 2026] ${said}`, {ms: at - 500}],
	['dmesg -d', `[   12.345678 <    0.000012>] ${said}`, {seconds: 12.345678}],
	['dmesg -H, the first of a minute', `[Nov22 02:51] ${said}`, {stamp: '[Nov22 02:51]'}],
	['dmesg -H, after it', `[  +0.000012] ${said}`, {stamp: '[  +0.000012]'}],
	['dmesg --time-format iso', `2026-11-22T02:51:31,500000+00:00 ${said}`, {ms: at}],
	['dmesg -L', `\u001B[32m[   12.345678] \u001B[0m\u001B[33mixgbe 0000:03:00.1 ens6f1: \u001B[0mVF 3 requested invalid api version 6`, {seconds: 12.345678}],
	['a kernel that tells the caller', `[   12.345678][  T301] ${said}`, {seconds: 12.345678}],
	['/dev/kmsg', `3,1234,12345678,-;${said}`, {seconds: 12.345678, level: 3}],
	['dmesg -J, a member a line', `         "msg": "${said}"`],
	['dmesg -J, a message a line', `{"pri":3,"time":12.345678,"msg":"${said}"},`, {seconds: 12.345678, level: 3}],
	['syslog', `Nov 22 02:51:31 hv1 kernel: ${said}`, {stamp: 'Nov 22 02:51:31'}],
	['syslog, pasted without time and host', `kernel: ${said}`],
	['syslog with the kernel\'s time', `Nov 22 02:51:31 hv1 kernel: [   12.345678] ${said}`, {stamp: 'Nov 22 02:51:31'}],
	['journalctl -o short-precise', `Nov 22 02:51:31.500000 hv1 kernel: ${said}`, {stamp: 'Nov 22 02:51:31.500000'}],
	['journalctl -o short-iso', `2026-11-22T02:51:31+00:00 hv1 kernel: ${said}`, {ms: at - 500}],
	['journalctl -o short-iso of an older systemd, in another zone', `2026-11-22T04:51:31+0200 hv1 kernel: ${said}`, {ms: at - 500}],
	['journalctl -o short-iso-precise', `2026-11-22T02:51:31.500000+00:00 hv1 kernel: ${said}`, {ms: at}],
	['journalctl -o short-full', `Sun 2026-11-22 02:51:31 UTC hv1 kernel: ${said}`, {ms: at - 500}],
	['journalctl -o short-monotonic', `[   12.345678] hv1 kernel: ${said}`, {seconds: 12.345678}],
	['journalctl -o short-unix', `${at / 1000}00000 hv1 kernel: ${said}`.replace('.500000 ', '.500000 '), {ms: at}],
	['journalctl -o json', JSON.stringify({PRIORITY: '3', _TRANSPORT: 'kernel', SYSLOG_IDENTIFIER: 'kernel', __REALTIME_TIMESTAMP: String(at * 1000), MESSAGE: said}), {ms: at, level: 3}],
	['journalctl -o json, with a message that is no text', JSON.stringify({_TRANSPORT: 'kernel', MESSAGE: [...Buffer.from(`${said} \u001B[0m`)]})],
	['rsyslog in ISO times', `2026-11-22T02:51:31.500000+00:00 hv1 kernel: [   12.345678] ${said}`, {ms: at}],
	['RFC 3164 on the wire', `<3>Nov 22 02:51:31 hv1 kernel: ${said}`, {stamp: 'Nov 22 02:51:31', level: 3}],
	['a serial console', `[   12.345678] ${said}\r`, {seconds: 12.345678}],
	['a console server', `hv1-console: 2026: [   12.345678] ${said}`, {seconds: 12.345678}],
	['compose', `vm0  | [   12.345678] ${said}`, {seconds: 12.345678}],
	['an indented quotation', `    [   12.345678] ${said}`, {seconds: 12.345678}],
];

for (const [form, line, {seconds, ms, level, stamp} = {}] of forms) {
	test(`a line as it is met in: ${form}`, t => {
		const parsed = parseLogLine(line);
		t.like(parsed, {driver: 'ixgbe', bdf: '0000:03:00.1', netdev: 'ens6f1', text: 'VF 3 requested invalid api version 6', level: level ?? null} as object);
		t.is(parsed.time.bootSeconds, seconds ?? null);
		t.is(parsed.time.wallMs, ms ?? null);
		if (stamp !== undefined) {
			t.is(parsed.time.stamp, stamp);
		}

		const {explained, unknown} = reportOf(`${line}\n`);
		t.deepEqual(explained.map(({entry, count}) => [entry.id, count]), [['ixgbe.vf-api-version', 1]]);
		t.is(unknown.count, 0);
	});
}

for (const [line, expected] of [
	['2026-05-01 10:11:12.123+0000: 1234: error : virHostdevPreparePCIDevices:695 : Non-endpoint PCI devices cannot be assigned to guests', {program: 'libvirtd', level: 3, text: 'Non-endpoint PCI devices cannot be assigned to guests'}],
	['May  1 10:11:12 hv1 libvirtd[1234]: internal error: text', {program: 'libvirtd', driver: 'internal error', text: 'internal error: text'}],
	['2026-05-01T10:11:12.123456Z qemu-system-x86_64: -device vfio-pci,host=03:10.0: vfio 0000:03:10.0: group 10 is not viable', {program: 'qemu-system-x86_64', text: '-device vfio-pci,host=03:10.0: vfio 0000:03:10.0: group 10 is not viable'}],
	['qemu-kvm: warning: text', {program: 'qemu-kvm'}],
	['[    1.0] igb 0000:01:00.0: text', {program: null, driver: 'igb', text: 'text'}],
	['[    1.000000] igb 0000:01:00.0 (unnamed net_device) (uninitialized): text', {driver: 'igb', netdev: null, text: 'text'}],
	['[    1.000000] ixgbevf 10000:e1:10.0 eth7: text', {driver: 'ixgbevf', bdf: '10000:e1:10.0', netdev: 'eth7'}],
	['[    1.000000] DMAR: DRHD: handling fault status reg 2', {driver: 'DMAR', text: 'DRHD: handling fault status reg 2', message: 'DMAR: DRHD: handling fault status reg 2'}],
	['[    1.000000] usb 1-1: new device', {driver: 'usb', bdf: null, text: 'new device'}],
	['', {text: '', driver: null}],
	['{', {text: '{'}],
	['{"MESSAGE":{"a":1}}', {text: '{"MESSAGE":{"a":1}}'}],
	['[99999999999999999999.1] text', {time: {stamp: null, bootSeconds: null, wallMs: null}}],
] as const) {
	test(`source and text of: ${line.slice(0, 60)}`, t => {
		const parsed = parseLogLine(line) as unknown as Record<string, unknown>;
		for (const [name, value] of Object.entries(expected)) {
			if (name !== 'driver' || value !== 'internal error') {
				t.deepEqual(parsed[name], value, name);
			}
		}
	});
}

const entry = (id: string, pattern: RegExp, more: Partial<MessageEntry> = {}): MessageEntry => ({
	id, pattern, severity: 'error', meaning: `${id} means.`, cause: `${id} because.`, remedies: [{advice: `Mend ${id}.`, command: 'mend {netdev|PF}'}], source: 'test', examples: [], ...more,
});

function reportOf(text: string | Uint8Array, options: Partial<ExplainerOptions> = {}) {
	const explainer = createExplainer({nowMs, ...options});
	explainer.push(text);
	explainer.end();
	return explainer.report();
}

test('the words that a pattern needs', t => {
	for (const [pattern, words] of [
		[/VF (?<vf>\d+) requested invalid api version (?<api>\d+)/, [' requested invalid api version'.slice(0, 24)]],
		[/(?:first thing|second) and/, ['first thing', 'second']],
		[/a?bcdefg+h/, ['bcdefg', 'bcdef']],
		[/Short\.(?<rest>.*)/i, ['short.']],
		[/(?:x|yy)?long enough/, ['long enough']],
		[/a "quoted" text/, ['quoted']],
		[/\d+/, undefined],
	] as const) {
		const found = neededWords(patternTree(pattern));
		t.true(words === undefined ? found === undefined : found!.every(word => words.some(one => one.startsWith(word) || word === one)), `${pattern.source}: ${String(found)}`);
	}
});

test('a pattern that could take long is refused, others are not', t => {
	for (const pattern of [/(a+)+b/, /(?:a*b?)*c/, /a.*b.*c.*d/, /(?:\w+\s?)+$/, /x\S+:\S+:\S+:y/]) {
		t.not(patternTrouble(patternTree(pattern)), undefined, pattern.source);
	}

	for (const pattern of [/VF (\d+) of (\S+) at (\S+) and .*$/, /^a.*b$/, /(?:one|two) \d+/, /[^\]]+\] text/, /(?:\d{1,3} ){2}x/, /failed: .{0,60} on .{0,60}x/]) {
		t.is(patternTrouble(patternTree(pattern)), undefined, pattern.source);
	}
});

test('the automaton finds what includes() finds, in random text', t => {
	const random = randomOf(7);
	const letters = 'abAB :0';
	const some = (length: number) => Array.from({length}, () => letters[Math.floor(random() * letters.length)]!).join('');
	for (let round = 0; round < 200; round++) {
		const words = [...new Set(Array.from({length: 8}, () => some(1 + Math.floor(random() * 5)).toLowerCase()))];
		const text = some(40);
		const found = new Set<number>();
		const automaton = new WordAutomaton(words);
		automaton.scan(Buffer.from(text), 0, text.length, word => {
			found.add(word);
		});
		t.deepEqual([...found].sort(), words.flatMap((word, index) => text.toLowerCase().includes(word) ? [index] : []).sort());
		t.is(automaton.first(Buffer.from(text), 0, text.length) === -1, found.size === 0);
	}
});

test('a log says the same however it is cut into pieces', t => {
	const log = Buffer.from([said, 'noise', `[ 1.000000] ${said}\r`, '', said.replace('VF 3', 'VF 4'), 'x'.repeat(20_000), `Nov 22 02:51:31 hv1 kernel: ${said}`].join('\n'));
	const told = (pieces: readonly Uint8Array[]) => {
		const explainer = createExplainer({nowMs});
		for (const piece of pieces) {
			explainer.push(piece);
		}

		explainer.end();
		const {explained, cutLines, bytes} = explainer.report();
		return {explained: explained.map(one => [one.entry.id, one.fields['vf'], one.count, one.first.stamp, one.last.stamp]), bytes, cut: cutLines > 0};
	};

	const whole = told([log]);
	t.deepEqual(whole.explained, [['ixgbe.vf-api-version', '3', 3, null, 'Nov 22 02:51:31'], ['ixgbe.vf-api-version', '4', 1, null, null]]);
	for (const size of [1, 2, 3, 7, 64, 1000, 8191, 8192, 8193]) {
		const pieces = Array.from({length: Math.ceil(log.length / size)}, (_, index) => log.subarray(index * size, (index + 1) * size));
		t.deepEqual({...told(pieces), cut: true}, {...whole, cut: true}, `pieces of ${size}`);
	}
});

test('endless lines, bytes that are no text and control characters harm nothing', t => {
	const endless = reportOf(`${said} ${'x'.repeat(5_000_000)} ${said}\n${said}\n`);
	t.deepEqual(endless.explained.map(({count}) => count), [2]);
	t.true(endless.cutLines > 0);
	t.is(endless.bytes, 5_000_000 + 3 * said.length + 4);
	t.is(reportOf('x'.repeat(longestLineBytes * 3)).explained.length, 0);
	t.is(reportOf(Buffer.concat([Buffer.from([0, 255, 254, 0xc3, 10]), Buffer.from(`\0\0${said}\0\n`), Buffer.from([0xe2, 0x82])])).explained.length, 1);
	const {explained} = reportOf(`[ 1.000000] ixgbe 0000:03:00.1 ens6f1: VF 3 requested \u001B]0;owned\u0007invalid api version 6 \u001B[2J\u009B31m\u0008\n`);
	t.deepEqual(explained, []);
	const [one] = reportOf(`${said} \u001B]0;owned\u0007\u001B[2J\u009B31m\u0008\n`).explained;
	t.notRegex(one!.line, /[\u0000-\u001F\u007F-\u009F]/);
});

test('what comes from a log is one word of a command line', t => {
	const entries = [entry('test.one', /^something is wrong with (?<netdev>.*)$/)];
	const {todo} = explainView(reportOf('something is wrong with eth0; rm -rf /\nsomething is wrong with eth1\n', {entries}));
	t.deepEqual(todo.map(({command}) => command).sort(), ['mend \'eth0; rm -rf /\'', 'mend eth1']);
});

test('repeats are one thing with a count and two times; other values are told together', t => {
	const {explained} = reportOf([1, 2, 3].map(n => `[    ${n}.000000] ${said.replace(/6$/, String(9 - n))}`).join('\n'));
	t.is(explained.length, 1);
	t.like(explained[0], {count: 3, first: {stamp: '1.000000'}, last: {stamp: '3.000000'}} as object);
	t.deepEqual([...explained[0]!.values], [['api', ['8', '7', '6']]]);
});

test('what to do: worst first, then the most frequent, and the same advice once', t => {
	const entries = [
		entry('test.warned', /^warned by now/, {severity: 'warning'}),
		entry('test.broken', /^broken by now on (?<netdev>\w+)/, {remedies: [{advice: 'Mend it.', command: 'mend'}, {advice: 'Or else this.'}, {advice: 'A third.'}]}),
		entry('test.other', /^other by now/, {remedies: [{advice: 'Mend it.', command: 'mend'}]}),
		entry('test.fine', /^fine by now/, {severity: 'harmless'}),
		entry('test.danger', /^danger by now/, {severity: 'danger'}),
	];
	const view = explainView(reportOf('warned by now\nbroken by now on a\nother by now\nother by now\nfine by now\ndanger by now\n', {entries}));
	t.deepEqual(view.explained.map(({id}) => id), ['test.danger', 'test.other', 'test.broken', 'test.warned', 'test.fine']);
	t.deepEqual(view.todo.map(todo => [todo.command ?? todo.advice, ...todo.for]), [['mend PF', 'test.danger', 'test.warned'], ['mend', 'test.other', 'test.broken'], ['Or else this.', 'test.broken']]);
});

test('the number of different things is bounded', t => {
	const entries = [entry('test.one', /^something is wrong with (?<device>\S+)$/)];
	const {explained, notKept} = reportOf(Array.from({length: 1500}, (_, n) => `something is wrong with d${n}`).join('\n'), {entries});
	t.is(explained.length, 1000);
	t.is(notKept, 500);
});

test('lines of drivers that no entry knows are counted, those that say they are information are not', t => {
	const {explained, unknown} = reportOf([
		'[    1.000000] ixgbe 0000:03:00.1: nobody has ever seen this',
		'kern  :info  : [    1.000000] ixgbe 0000:03:00.1: nobody has ever seen this',
		'[    1.000000] ixgbevf: nor this',
		'Nov 22 02:51:31 hv1 sshd[1]: a service 0 of a device 0:',
		'[    1.000000] EXT4-fs (sda1): mounted',
	].join('\n'));
	t.deepEqual(explained, []);
	t.is(unknown.count, 2);
	t.deepEqual([...unknown.drivers], [['ixgbe', 1], ['ixgbevf', 1]]);
	t.deepEqual(unknown.lines, ['ixgbe 0000:03:00.1: nobody has ever seen this', 'ixgbevf: nor this']);
});

test('--since passes by what is older, where the time can be told', t => {
	const lines = [`2026-11-22T02:00:00+00:00 hv1 kernel: ${said}`, `2026-11-22T03:00:00+00:00 hv1 kernel: ${said}`, `[   10.000000] ${said}`, `Nov 22 02:59:59 hv1 kernel: ${said}`, said].join('\n');
	const sinceMs = parseSince('2026-11-22 02:59:59', nowMs);
	t.like(reportOf(lines, {sinceMs}), {withoutTime: 2} as object);
	t.is(reportOf(lines, {sinceMs}).explained[0]!.count, 4);
	const booted = createExplainer({nowMs, sinceMs});
	booted.begin({name: 'kernel', bootMs: nowMs - 86_400_000});
	booted.push(lines);
	booted.end();
	t.is(booted.report().explained[0]!.count, 3);
});

test('times that --since takes', t => {
	for (const [text, ms] of [
		['2h', nowMs - 7_200_000], ['10 min ago', nowMs - 600_000], ['90s', nowMs - 90_000], ['1 day ago', nowMs - 86_400_000], ['today', Date.parse('2026-11-22T00:00:00Z')],
		['yesterday', Date.parse('2026-11-21T00:00:00Z')], ['@1700000000', 1_700_000_000_000], ['2026-11-22', Date.parse('2026-11-22T00:00:00Z')],
		['2026-11-22 02:51', Date.parse('2026-11-22T02:51:00Z')], ['2026-11-22T02:51:31+02:00', Date.parse('2026-11-22T00:51:31Z')],
	] as const) {
		t.is(parseSince(text, nowMs), ms, text);
	}

	for (const text of ['', 'soon', '2026-13-01', '1', '-2h', '2h; reboot', '10 fortnights ago']) {
		t.throws(() => parseSince(text, nowMs), {message: /is not a time/}, text);
	}
});

test('a day of syslog that is to come was one of last year', t => {
	const of = (stamp: string) => wallMsOf({stamp, bootSeconds: null, wallMs: null}, {bootMs: null, nowMs});
	t.is(of('Nov 22 02:51:31'), at - 500);
	t.is(of('Dec 24 20:00:00'), Date.parse('2025-12-24T20:00:00Z'));
	t.is(of('Jun  1 00:00:00.123456'), Date.parse('2026-06-01T00:00:00Z'));
});

test('what nothing explains is said plainly', t => {
	t.is(explainText(explainView(reportOf('[    1.000000] EXT4-fs (sda1): mounted\n')), {verbose: false}), 'nothing to explain');
	const text = explainText(explainView(reportOf('ixgbe 0000:03:00.1: nobody has ever seen this\n')), {verbose: true});
	t.is(text, 'nothing to explain\n\n1 line of these drivers and programs are not in the catalogue: ixgbe 1\n  ixgbe 0000:03:00.1: nobody has ever seen this');
});

test('hostile lines: none is thrown over, and what is told holds no control characters', t => {
	const explainer = createExplainer({nowMs});
	let count = 0;
	for (const line of hostileLines(1)) {
		explainer.push(line);
		explainer.push('\n');
		if (++count === 3000) {
			break;
		}
	}

	explainer.end();
	const view = explainView(explainer.report());
	t.true(view.explained.length > 100);
	t.notRegex(view.explained.flatMap(({line, meaning, cause, remedies}) => [line, meaning, cause, ...remedies.flatMap(({advice, command}) => [advice, command ?? ''])]).join(''), /[\u0000-\u001F\u007F-\u009F]/);
});

test('rules and notes are about entries that there are', t => {
	const ids = new Set(catalogue.map(({id}) => id));
	t.deepEqual([...joinRules.flatMap(({part, whole}) => [...part, ...whole]), ...notedIds].filter(id => !ids.has(id)), []);
});

const joined: ReadonlyArray<readonly [string, string[], string, string[]]> = [
	['a fault and the register that announces it', [
		'[ 4120.330118] DMAR: DRHD: handling fault status reg 2',
		'[ 4120.330120] DMAR: [DMA Read NO_PASID] Request device [03:10.0] fault addr 0xfee00000 [fault reason 0x06] PTE Read access is not set',
	], 'dmar.fault-not-mapped', ['dmar.fault-pending']],
	['the driver\'s error and why the PCI core refused', [
		'[   88.100001] ixgbe 0000:03:00.0: can\'t enable 8 VFs (bus 04 out of range of [bus 03])',
		'[   88.100090] ixgbe 0000:03:00.0: Failed to enable PCI sriov: -12',
	], 'pci.sriov-bus-range', ['ixgbe.sriov-failed']],
	['what the shell printed, and why the kernel refused', [
		'bash: echo: write error: Cannot allocate memory',
		'[   88.100001] ixgbe 0000:03:00.0: not enough MMIO resources for SR-IOV',
	], 'pci.sriov-no-mmio', ['shell.write-no-memory']],
	['a reset and the message that it emptied', [
		'[   90.000000] ixgbe 0000:03:00.0 ens6f0: VF Reset msg received from vf 3',
		'[   90.000300] ixgbe 0000:03:00.0 ens6f0: Unhandled Msg 00000000',
	], 'ixgbe.vf-reset', ['ixgbe.unhandled-zero']],
	['two lines of one message, of which the second has no time', [
		'[   90.000000] igb 0000:01:00.0: VF 0 attempted to override administratively set MAC address',
		'Reload the VF driver to resume operations',
	], 'igb.vf-override-mac', ['intel.reload-to-resume']],
];

for (const [what, lines, whole, parts] of joined) {
	test(`lines that belong together: ${what}`, t => {
		const {explained} = explainView(reportOf(lines.join('\n')));
		t.deepEqual(explained.filter(({partOf}) => partOf.length === 0).map(({id}) => id), [whole]);
		t.deepEqual(explained.filter(({partOf}) => partOf.length > 0).map(({id, partOf}): Array<string | number> => [id, ...partOf]), parts.map(id => [id, explained.find(one => one.id === whole)!.number]));
		const text = explainText(explainView(reportOf(lines.join('\n'))), {verbose: false});
		t.is(text.match(/^ {2}part: /gm)?.length, parts.length);
		// Far apart they are two things.
		const apart = explainView(reportOf(lines.map((line, index) => line.replace(/^\[ *\d+/, `[${1000 * (index + 1)}`)).join(`${'\nzzz'.repeat(3)}\n`))).explained;
		t.is(apart.every(({partOf}) => partOf.length === 0), lines.every(line => line.startsWith('[')));
	});
}

test('api version 6, then 5: one thing, and where the PF ends', t => {
	const note = (...numbers: number[]) => explainView(reportOf(numbers.map(number => said.replace(/6$/, String(number))).join('\n'))).explained.map(one => one.note);
	t.deepEqual(note(6, 5), ['The VF\'s driver asked for 1.5, then 1.4 and was refused; 1.3, which it asks for next, was not refused: the PF\'s driver ends there.']);
	t.deepEqual(note(8, 7, 6), ['The VF\'s driver asked for 1.7, then 1.6, then 1.5 and was refused; 1.4, which it asks for next, was not refused: the PF\'s driver ends there.']);
});
