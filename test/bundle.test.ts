// vfctl bundle: one file for a bug report, which plays, and has no secrets.
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {logCommands} from '../lib/exec/read-host-logs.ts';
import type {BundleContents} from '../lib/record/bundle.ts';
import {formatRecord} from '../lib/record/format.ts';
import {maskSecrets, maskedWord} from '../lib/record/mask-secrets.ts';
import {maskRecord} from '../lib/record/mask.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {done, hosts, vfctl, withFile} from './helpers/plan-world.ts';

function path(t: ExecutionContext, name = 'bundle.rec'): string {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-bundle-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	return join(directory, name);
}

async function bundle(t: ExecutionContext, host: SimHost, ...options: string[]): Promise<{record: HostRecord; contents: BundleContents; text: string; said: string}> {
	const file = path(t);
	const {json, error, text: said} = await vfctl(host, ['bundle', file, ...options]);
	t.is(error, undefined, error?.message);
	t.is(statSync(file).mode & 0o777, 0o600);
	const text = readFileSync(file, 'utf8');
	t.is((await vfctl(host, ['bundle', file])).error?.code, 'USAGE', 'never over a file that is there');
	return {record: parseRecord(text, file), contents: json as unknown as BundleContents, text, said};
}

const kernelLine = '[    0.000000] Linux version 6.12.0\n[  100.000000] vfio-pci 0000:03:10.0: vfio_ecap_init: hiding ecap 0x1e@0x178\n[  101.000000] ixgbe 0000:03:00.0 pf0: VF 1 requested invalid api version 6\n';
const guestLog = "2026-11-22 01:02:03.000+0000: starting up libvirt version: 11.3.0\n/usr/bin/qemu-system-x86_64 -name guest=vm0 -object '{\"qom-type\":\"secret\",\"id\":\"s0\",\"data\":\"c2VjcmV0LWRhdGE=\"}' -vnc 0.0.0.0:1,password=hunter-two\n";

/** A host with logs, an operation of vfctl, and secrets wherever somebody may have put them. */
function withLogs(record: HostRecord): HostRecord {
	const base = [
		['/var/log/libvirt/qemu/vm0.log', guestLog],
		['/var/log/libvirt/qemu/notes.txt', 'this is no log\n'],
		['/etc/modprobe.d/vfio.conf', 'options vfio-pci ids=8086:10ed\n'],
		['/proc/sys/kernel/hostname', 'hv17.example.net\n'],
		['/proc/cmdline', 'root=/dev/sda1 intel_iommu=on rd.iscsi.password=tulip-nine\n'],
	] as const;
	const made = base.reduce((one, [file, text]) => withFile(one, file, text), record);
	return {
		...made,
		commands: [
			...made.commands.filter(({argv}) => argv[0] !== 'dmesg'),
			{argv: ['dmesg'], code: 0, stdout: kernelLine, stderr: ''},
			{argv: logCommands.libvirtJournal, code: 0, stdout: '2026-11-22T01:02:03+00:00 hv17 libvirtd[900]: internal error: token=opensesame for 0c:c4:7a:12:34:56\n', stderr: ''},
			{argv: logCommands.kernelJournal, code: 0, stdout: '2026-11-22T01:02:03+00:00 hv17 kernel: device 0c:c4:7a:12:34:56\n', stderr: ''},
		],
	};
}

test('a bundle has the host, its logs, versions, operations and what explain says, and tells so', async t => {
	const host = simHost(withLogs(hosts['usual']!()));
	await done(host, 'attach vm0 pf0#1');
	const {record, contents, said} = await bundle(t, host);
	t.deepEqual([...record.sections!.keys()].toSorted(), ['bundle', 'doctor', 'explain', 'versions']);
	t.deepEqual(contents.logs.map(({log}) => log.split(' ')[0]), ['dmesg', 'journalctl', 'journalctl', '/var/log/libvirt/qemu/vm0.log']);
	t.is(contents.operations, 1);
	const versions = JSON.parse(record.sections!.get('versions')!);
	t.is(versions.kernel, host.files.readText('/proc/version')?.trim() ?? null);
	t.true('vfio_pci' in versions.drivers && 'ixgbe' in versions.drivers);
	t.is(record.entries.get('/etc/modprobe.d/vfio.conf')?.kind, 'text');
	t.false(record.entries.has('/var/log/libvirt/qemu/notes.txt'));
	const {contents: listed} = {contents: JSON.parse(record.sections!.get('bundle')!) as BundleContents};
	t.deepEqual(listed.logs, contents.logs);
	t.regex(said, /the last 1 operations of vfctl/);
	t.regex(said, /Not masked: MAC addresses \(--mask-macs\), the name of the host/);
	t.regex(JSON.stringify(JSON.parse(record.sections!.get('explain')!)), /api/);
});

for (const options of [[], ['--mask-macs'], ['--mask-macs', '--mask-hostname']]) {
	test(`a bundle plays like the host: ${options.join(' ') || 'nothing masked'}`, async t => {
		const host = simHost(withLogs(hosts['usual']!()));
		await done(host, 'attach vm0 pf0#1 --vlan 42');
		const {record} = await bundle(t, host, ...options);
		const played = simHost(parseRecord(formatRecord(record), record.name));
		const both = async (...argv: string[]) => {
			const [a, b] = [await vfctl(host, argv), await vfctl(played, argv)];
			t.is(b.error, undefined, b.error?.message);
			const plain = (json: unknown) => JSON.stringify(json).replaceAll(/(?:[\da-f]{2}:){5}[\da-f]{2}/gi, 'MAC').replaceAll(/"host":"[^"]*"/g, '');
			t.is(plain(b.json), plain(a.json), argv.join(' '));
		};

		await both('show', 'pf0');
		await both('show', 'pf0#1');
		await both('list');
		await both('iommu');
		await both('history');
		const {error, json} = await vfctl(played, ['explain']);
		t.is(error, undefined);
		const doctor = await vfctl(played, ['doctor']);
		t.is(doctor.error, undefined);
		t.deepEqual({...doctor.json, host: ''}, {...JSON.parse(record.sections!.get('doctor')!), host: ''}, 'and what the doctor says');
		t.deepEqual(JSON.parse(JSON.stringify(json)), JSON.parse(record.sections!.get('explain')!), 'the section says what explain says on the bundle');
	});
}

test('secrets are not in a bundle, wherever they were', async t => {
	const {text, contents} = await bundle(t, simHost(withLogs(hosts['usual']!())));
	for (const secret of ['c2VjcmV0LWRhdGE', 'hunter-two', 'tulip-nine', 'opensesame']) {
		t.false(text.includes(secret), secret);
	}

	t.true(text.includes('intel_iommu=on'));
	t.true(Object.values(contents.masked.secrets).reduce((sum, count) => sum + count, 0) >= 4);
});

test('the name of the host is masked when that is wished, with its domain', async t => {
	const {text} = await bundle(t, simHost(withLogs(hosts['usual']!())), '--mask-hostname');
	t.false(/hv17/i.test(text));
	t.true((await bundle(t, simHost(withLogs(hosts['usual']!())))).text.includes('hv17'));
});

// Numbers that come out the same in every run: a test that fails must fail again.
function numbers(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const word = (random: () => number, length: number, of = alphabet) => Array.from({length}, () => of[Math.floor(random() * of.length)]).join('');

/** Where secrets stand, with `%` for the secret; the second is what the secret is made of. */
const places: ReadonlyArray<readonly [place: string, make: (random: () => number) => string]> = [
	...["<graphics type='vnc' port='-1' passwd='%' keymap='de'/>", '<graphics type="spice" passwd="%">', 'password=%', 'password: %', '"password": "%",', "passwd='%'", 'admin_password = % ', 'token=%&x=1', 'api_key: %', 'X-Auth-Token: %',
		'Authorization: Bearer %', 'authorization: Basic %', 'https://admin:%@storage.example/x', 'rbd:pool/vm:id=admin:key=%:auth_supported=cephx', '\tkey = %', 'PSK=%', 'wpa_passphrase=%', 'secret: "%"', '<password>%</password>',
		'io.systemd.credential:login.key=%', "<entry name='opt/com.coreos/config'>%</entry>", '-fw_cfg name=opt/x,string=%', '-object secret,id=s0,format=raw,data=%', '{"qom-type":"secret","id":"a","data":"%"}', 'the password is %', 'iscsi://user%25:%@target/iqn', '<session>%</session>', 'private-key: %', 'VNC_PASSWORD=%', '--client-secret=%', 'rd.luks.key-secret=%'].map(place => [place, (random: () => number) => word(random, 8 + Math.floor(random() * 24))] as const),
	['PrivateKey = %', random => `${word(random, 42)}A=`],
	['peer: % allowed', random => `${word(random, 42)}8=`],
	['client.admin %', random => `AQ${word(random, 36)}==`],
	['root:%:19000:0:', random => `$6$${word(random, 16)}$${word(random, 86)}`],
	['-----BEGIN RSA PRIVATE KEY-----\n%\n-----END RSA PRIVATE KEY-----', random => word(random, 64)],
	['-----BEGIN PRIVATE KEY-----\n%', random => word(random, 64)],
	['%', random => `eyJ${word(random, 20)}.${word(random, 20)}.${word(random, 20)}`],
	['%', random => `AQ${word(random, 36)}==`],
	['cookie %', random => `eyJ${word(random, 20)}.${word(random, 20)}.${word(random, 20)}`],
	['cloned with %', random => `ghp_${word(random, 36)}`],
	['key id %', random => `AKIA${word(random, 16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`],
];

for (const [place, make] of places) {
	test(`a secret is masked in: ${place.replaceAll('\n', '\\n')} (${make(numbers(1)).slice(0, 4)}...)`, t => {
		const random = numbers(place.length);
		for (let round = 0; round < 40; round++) {
			const secret = make(random);
			for (const around of ['%', 'before %', '% after', 'x\n%\ny', 'x\n%', '[ 1.0] %', '\t%\n\n']) {
				const text = around.replace('%', () => place.replace(/%(?!25)/, () => secret));
				const masked = maskSecrets(text);
				t.false(masked.includes(secret), `${text}\n${masked}`);
				t.true(masked.includes(maskedWord), text);
				t.is(maskSecrets(masked), masked, 'masking twice is masking once');
				// As it stands in a report, and in a report of a report.
				const once = JSON.stringify({line: text, more: [text, 1]});
				for (const json of [once, JSON.stringify({once}), JSON.stringify({line: text, more: [text, 1]}, undefined, 2)]) {
					t.false(maskSecrets(json).includes(secret), `${json}\n${maskSecrets(json)}`);
					t.notThrows(() => JSON.parse(maskSecrets(json)) as unknown, maskSecrets(json));
				}
			}
		}
	});
}

test('a value of several words is masked to the end of its line', t => {
	t.is(maskSecrets('name: x\npassphrase: three plain words\nport: 7\n'), `name: x\npassphrase: ${maskedWord}\nport: 7\n`);
	t.is(maskSecrets('{\n  "hasPassword": true,\n  "n": 1\n}'), `{\n  "hasPassword": "${maskedWord}",\n  "n": 1\n}`);
});

for (const plain of [
	'vfio-pci 0000:03:10.0: enabling device (0000 -> 0002)', "<secret type='ceph' uuid='5a3c1d70-94e2-4b7f-8f10-000000000001'/>", '8086  Intel Corporation', '<mac address="52:54:00:11:22:33"/>',
	'[{"ifname":"eth0","address":"52:54:00:11:22:33","flags":["UP"]}]', 'BOOT_IMAGE=/vmlinuz root=UUID=5a3c1d70-94e2-4b7f-8f10-000000000001 intel_iommu=on', "<graphics type='vnc' port='5900' autoport='yes'/>", 'https://libvirt.org/formatdomain.html', 'user@host:~$ ls',
]) {
	test(`what is no secret stays: ${plain}`, t => {
		t.is(maskSecrets(plain), plain);
	});
}

test('no line makes masking slow', t => {
	for (const line of ['password'.repeat(100_000), 'a.'.repeat(300_000), '"'.repeat(300_000), 'a:'.repeat(300_000), '-----BEGIN PRIVATE KEY-----'.repeat(5000), '"qom-type": "secret"'.repeat(20_000), 'secret,'.repeat(60_000), 'A'.repeat(600_000), 'http://'.repeat(60_000), '<entry name=\'opt/'.repeat(20_000)]) {
		t.is(typeof maskSecrets(line), 'string');
	}
});

test('no MAC of a host is left, whatever spells it, and the same one becomes the same', t => {
	const random = numbers(7);
	const hex = () => Math.floor(random() * 256).toString(16).padStart(2, '0');
	const macs = Array.from({length: 60}, () => [(Number.parseInt(hex(), 16) & 0xfe).toString(16).padStart(2, '0'), hex(), hex(), hex(), hex(), hex()].join(':'));
	const spell = (mac: string) => {
		const bytes = mac.split(':');
		const first = (Number.parseInt(bytes[0]!, 16) ^ 2).toString(16).padStart(2, '0');
		const short = (text: string) => text.replace(/^0+(?=.)/, '');
		return [mac, mac.toUpperCase(), mac.replaceAll(':', '-'), `net_eth0_${mac.replaceAll(':', '_')}`, `enx${mac.replaceAll(':', '')}`, `id ${mac.replaceAll(':', '')} of`, `fe80::${short(first + bytes[1]!)}:${short(`${bytes[2]}ff`)}:fe${bytes[3]}:${short(bytes[4]! + bytes[5]!)}/64`];
	};

	const base = hosts['bare']!();
	const record: HostRecord = {
		...macs.reduce((one, mac, index) => withFile(one, `/var/log/libvirt/qemu/g${index}.log`, spell(mac).join('\n')), base),
		commands: [...base.commands, ...macs.map((mac, index) => ({argv: ['log', String(index)], code: 0, stdout: spell(mac).toReversed().join(' and '), stderr: mac}))],
		sections: new Map([['explain', macs.map(mac => `"${mac}"`).join(',')]]),
	};
	const masked = maskRecord(record);
	const text = formatRecord(masked);
	for (const mac of macs) {
		for (const spelling of spell(mac)) {
			t.false(text.includes(spelling), spelling);
		}
	}

	const shown = masked.sections!.get('explain')!.match(/[\da-f:]{17}/g)!;
	t.is(new Set(shown).size, new Set(macs).size);
	for (const [index, mac] of shown.entries()) {
		t.is(masked.commands.find(({argv}) => argv.join(' ') === `log ${index}`)!.stderr, mac);
		const log = masked.entries.get(`/var/log/libvirt/qemu/g${index}.log`);
		t.deepEqual(log?.kind === 'text' && log.text.toLowerCase().split('\n'), spell(mac).map(one => one.toLowerCase()));
	}
});
