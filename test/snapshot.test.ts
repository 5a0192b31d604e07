// vfctl snapshot and diff: what changed on a host, told in words.
import {mkdtempSync, rmSync, statSync, writeFileSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {DeviceChange} from '../lib/model/device-changes/facts.ts';
import {configFacts} from '../lib/model/pci-config.ts';
import {formatRecord} from '../lib/record/format.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {done, hosts, vfctl} from './helpers/plan-world.ts';

function directory(t: ExecutionContext): string {
	const path = mkdtempSync(join(tmpdir(), 'vfctl-snapshot-'));
	t.teardown(() => {
		rmSync(path, {recursive: true});
	});
	return path;
}

interface Diff {
	same: boolean;
	changes: DeviceChange[];
	other: Array<{path: string; before: string | null; after: string | null}>;
	text: string;
}

async function diff(host: SimHost, ...files: string[]): Promise<Diff> {
	const {json, text, error} = await vfctl(host, ['diff', ...files]);
	if (error) {
		throw error;
	}

	return {...json as unknown as Diff, text};
}

const told = ({changes}: Diff) => changes.map(({subject: {name}, fact, before, after}) => `${name} ${fact}: ${before} -> ${after}`);
const facts = (found: Diff, name: string) => Object.fromEntries(found.changes.filter(({subject}) => subject.name === name).map(({fact, after, meaning}) => [fact, [after, meaning]]));

test('a guest gets a VF and gives it back: diff tells what that is, and then nothing', async t => {
	const host = simHost(hosts['usual']!());
	const before = join(directory(t), 'before.rec');
	t.is((await vfctl(host, ['snapshot', before])).error, undefined);
	t.deepEqual(await diff(host, before), {same: true, scope: null, changes: [], other: [], text: 'nothing changed'} as never);
	t.is(statSync(before).mode & 0o777, 0o600);

	await done(host, 'attach vm0 pf0#1 --vlan 42');
	const during = await diff(host, before);
	const vf = facts(during, 'pf0#1');
	t.deepEqual(vf['driver'], ['vfio-pci', 'given to guest vm0']);
	t.deepEqual(vf['interface'], [null, 'gone from the host: who uses the function has it']);
	t.deepEqual(Object.keys(vf).filter(fact => /link|set up|MTU|^MAC/.test(fact)), [], 'what the interface said is gone with it');
	t.deepEqual(vf['used by'], ['guest vm0', null]);
	t.deepEqual(vf['VF setting vlan'], ['42', 'the card tags its frames, and shows it no other VLAN']);
	t.deepEqual(facts(during, 'vm0')['devices'], ['0000:03:10.2', 'it was given a device of the host']);
	t.regex(during.text, /^pf0#1 \(0000:03:10\.2\)\n {3}driver: ixgbevf -> vfio-pci {3}given to guest vm0$/m);
	// All else that the attach changed is the definition of the guest.
	t.deepEqual(during.other.map(({path}) => path).filter(path => !path.startsWith('libvirt guest vm0 ')), []);

	await done(host, 'detach vm0 pf0#1');
	t.deepEqual(told(await diff(host, before)), []);
});

test('a snapshot of some devices: diff tells of them alone', async t => {
	const host = simHost(hosts['usual']!());
	const at = directory(t);
	const [one, ofPf, ofGuest] = ['one.rec', 'pf.rec', 'guest.rec'].map(name => join(at, name)) as [string, string, string];
	await vfctl(host, ['snapshot', one, 'pf0#1']);
	await vfctl(host, ['snapshot', ofPf, 'pf0']);
	await done(host, 'attach vm0 pf0#0');
	t.deepEqual(told(await diff(host, one)), []);
	t.true((await diff(host, ofPf)).changes.every(({subject}) => subject.bdf === '0000:03:10.0'));
	t.true((await diff(host, ofPf)).other.length === 0);
	await vfctl(host, ['snapshot', ofGuest, '--guest', 'vm0']);
	await done(host, 'detach vm0 pf0#0');
	await done(host, 'attach transient pf0#1 --live');
	t.deepEqual([...new Set((await diff(host, ofGuest)).changes.map(({subject}) => subject.name))].toSorted(), ['pf0#0', 'vm0']);
	t.is((await vfctl(host, ['snapshot', join(at, 'x'), 'nic9'])).error?.code, 'VF_NOT_FOUND');
	t.is((await vfctl(host, ['snapshot', join(at, 'x'), '--guest', 'nobody'])).error?.code, 'GUEST_NOT_FOUND');
	t.is((await vfctl(host, ['snapshot', one])).error?.code, 'USAGE', 'never over a file that is there');
});

test('VFs that come', async t => {
	const host = simHost(hosts['bare']!());
	const before = join(directory(t), 'before.rec');
	await vfctl(host, ['snapshot', before]);
	await done(host, 'vf create pf0 2');
	const found = await diff(host, before);
	t.deepEqual(facts(found, 'pf0')['VFs'], ['2', 'VFs were made']);
	t.deepEqual(facts(found, 'pf0#0')['present'], ['there', 'a new VF']);
	t.regex(found.text, /^pf0#1 \(0000:03:10\.2\)\n {3}a new VF$/m);
	t.deepEqual(found.other, [], JSON.stringify(found.other, undefined, 1));
});

function withEntry(record: HostRecord, path: string, text: string | undefined): HostRecord {
	const entries = new Map(record.entries);
	if (text === undefined) {
		entries.delete(path);
	} else {
		entries.set(path, {kind: 'text', text});
	}

	return {...record, entries};
}

const vf = [...hosts['usual']!().entries.keys()].find(path => path.endsWith('/0000:03:10.2/vendor'))!.replace(/\/vendor$/, '');
const pf = [...hosts['usual']!().entries.keys()].find(path => path.endsWith('/0000:03:00.0/vendor'))!.replace(/\/vendor$/, '');

const changed: ReadonlyArray<readonly [title: string, was: Record<string, string>, is: Record<string, string>, expected: string[]]> = [
	['more errors on the link', {[`${pf}/aer_dev_fatal`]: 'Undefined 0\nTOTAL_ERR_FATAL 0\n'}, {[`${pf}/aer_dev_fatal`]: 'Undefined 0\nTOTAL_ERR_FATAL 3\n'}, ['pf0 AER fatal errors: 0 -> 3 trouble 3 more: seating, cable, riser or card']],
	['a slower PCIe link', {[`${pf}/current_link_speed`]: '8.0 GT/s PCIe\n'}, {[`${pf}/current_link_speed`]: '2.5 GT/s PCIe\n'}, ['pf0 PCIe speed: 8.0 GT/s PCIe -> 2.5 GT/s PCIe trouble slower than before: seating, riser, or power saving']],
	['a pinned driver', {}, {[`${vf}/driver_override`]: 'vfio-pci\n'}, ['pf0#1 driver override: null -> vfio-pci detail pinned: vfio-pci alone may have it, until that is taken back']],
	['another spelling of no pin', {[`${vf}/driver_override`]: '(null)\n'}, {[`${vf}/driver_override`]: '\n'}, []],
	['a function that sleeps', {[`${vf}/power_state`]: 'D0\n'}, {[`${vf}/power_state`]: 'D3hot\n'}, ['pf0#1 power state: D0 -> D3hot detail asleep']],
	['a boot', {'/proc/sys/kernel/random/boot_id': 'a\n'}, {'/proc/sys/kernel/random/boot_id': 'b\n'}, ['the host boot: a -> b notice the host was booted in between: numbers and names may have changed with that']],
	['reset methods', {[`${vf}/reset_method`]: 'flr bus\n'}, {[`${vf}/reset_method`]: '\n'}, ['pf0#1 reset methods: flr bus -> null trouble it cannot be reset: what one user leaves in it the next one finds']],
];
for (const [title, was, is, expected] of changed) {
	test(`diff of two records: ${title}`, async t => {
		const record = hosts['usual']!();
		const at = directory(t);
		const [a, b] = ['a.rec', 'b.rec'].map(name => join(at, name)) as [string, string];
		const apply = (facts: Record<string, string>) => Object.entries(facts).reduce((made, [path, text]) => withEntry(made, path, text), record);
		writeFileSync(a, formatRecord(apply(was)));
		writeFileSync(b, formatRecord(apply({...was, ...is})));
		const found = await diff(simHost(record), a, b);
		t.deepEqual(found.changes.map(({subject: {name}, fact, before, after, weight, meaning}) => `${name} ${fact}: ${before} -> ${after} ${weight} ${meaning}`), expected);
		t.deepEqual(found.other, []);
		t.is(found.same, expected.length === 0);
		t.is((await vfctl(simHost(record), ['diff', a, b])).status, expected.length === 0 ? 0 : 10);
	});
}

test('a fact that has no words is told as it is', async t => {
	const record = hosts['usual']!();
	const at = directory(t);
	const [a, b] = ['a.rec', 'b.rec'].map(name => join(at, name)) as [string, string];
	writeFileSync(a, formatRecord(record));
	writeFileSync(b, formatRecord(withEntry(withEntry(record, `${vf}/broken_parity_status`, '1\n'), '/etc/os-release', 'NAME=x\n')));
	const found = await diff(simHost(record), a, b);
	t.deepEqual(found.changes, []);
	t.deepEqual(found.other.map(({path}) => path), ['/etc/os-release', `${vf}/broken_parity_status`]);
	t.regex(found.text, /broken_parity_status\n {2}- \(nothing\)\n {2}\+ 1/);
});

test('config space: what others than root cannot read has not changed', async t => {
	const record = hosts['usual']!();
	const at = directory(t);
	const [a, b] = ['a.rec', 'b.rec'].map(name => join(at, name)) as [string, string];
	const short = new Map([...record.entries].map(([path, entry]) => [path, entry.kind === 'bytes' && path.endsWith('/config') ? {...entry, bytes: entry.bytes.slice(0, 64)} : entry] as const));
	writeFileSync(a, formatRecord(record));
	writeFileSync(b, formatRecord({...record, entries: short}));
	t.deepEqual(told(await diff(simHost(record), a, b)).filter(line => !line.includes('config: length')), []);
});

test('what config space says', t => {
	const bytes = new Uint8Array(4096);
	const view = new DataView(bytes.buffer);
	view.setUint16(4, 0x0406, true);
	view.setUint16(6, 0x2010, true);
	bytes[0x34] = 0x40;
	// MSI-X, 10 vectors, on; then PCI Express with FLR; then the end.
	bytes.set([0x11, 0x60, 0x09, 0x80], 0x40);
	bytes.set([0x10, 0x00], 0x60);
	view.setUint32(0x64, 0x1000_0000, true);
	view.setUint16(0x68, 0x2020, true);
	view.setUint16(0x6a, 0x0009, true);
	// AER that leads to SR-IOV.
	view.setUint32(0x100, 0x1600_0000 | 0x0001_0001, true);
	view.setUint32(0x104, 0x4000, true);
	view.setUint32(0x160, 0x0001_0010, true);
	view.setUint16(0x168, 0x9, true);
	const found = configFacts(bytes);
	t.deepEqual(Object.fromEntries(found), {
		'memory decoding': 'on', 'bus master': 'on', 'INTx disabled': 'on', 'PCI errors seen': 'master abort received',
		'MSI-X': 'on', 'MSI-X all masked': 'off', 'MSI-X vectors': '10',
		'function-level reset': 'yes', 'PCIe payload': '256 bytes', 'PCIe read request': '512 bytes', 'PCIe errors seen': 'correctable, unsupported request',
		'AER uncorrectable status': '0x00004000', 'AER correctable status': '0x00000000', 'SR-IOV enabled': 'on', 'VF memory': 'on',
	});
	t.deepEqual(Object.fromEntries(configFacts(new Uint8Array(4096).fill(0xff))), {'config space': 'does not answer'});
	t.is(configFacts(new Uint8Array(16)).size, 0);
	// A list of capabilities that runs in a circle ends.
	bytes.set([0x01, 0x40], 0x40);
	view.setUint32(0x160, 0x1000_0010, true);
	t.true(configFacts(bytes).size > 0);
});

test('a section of a record comes back, and a damaged one is refused', t => {
	const record = hostBuilder('one').record();
	const sections = new Map([['notes', 'two\nlines\n'], ['snapshot', '{"functions":["0000:03:10.2"],"guests":["a b"]}\n']]);
	t.deepEqual(parseRecord(formatRecord({...record, sections}), 'one').sections, sections);
	t.is(parseRecord(formatRecord(record), 'one').sections, undefined);
	for (const bad of ['T: Up', 'T: ../x', 'T: a\nT: a']) {
		t.throws(() => parseRecord(`vfctl-record 1\nE: uid = 0\n${bad}\n`), {message: /damaged at line/}, bad);
	}
});

test('a snapshot that does not say what it is of is refused', async t => {
	const record = hosts['usual']!();
	const file = join(directory(t), 'bad.rec');
	for (const text of ['nonsense\n', '{"functions":["../../etc"],"guests":[]}\n', '{"functions":[],"guests":[],"more":1}\n']) {
		writeFileSync(file, formatRecord({...record, sections: new Map([['snapshot', text]])}));
		t.is((await vfctl(simHost(record), ['diff', file])).error?.code, 'BAD_RECORD', text);
	}

	t.true(readFileSync(file, 'utf8').startsWith('vfctl-record 1\n'));
});
