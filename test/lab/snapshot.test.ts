// snapshot, diff, bundle and watch on a real kernel: what a guest's boot changes on the host, and
// that it is as before afterwards.
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {spawnSync} from 'node:child_process';
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const bdf = '0000:01:10.0';
const mac = '52:54:00:aa:07:01';

interface Change {
	subject: {id: string; name: string};
	fact: string;
	before: string | null;
	after: string | null;
	meaning: string | null;
}

test.before(async () => {
	lab = await Lab.start({name: `snapshot-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await lab.exec('/lab/guest define cold');
	// What the first use of VFIO leaves for good (modules) is there before.
	await lab.exec('modprobe vfio-pci');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('a guest that boots with a VF: diff tells the driver, the interface, the interrupts and bus master', async t => {
	await vfctl.capture('/tmp/settled.rec');
	await vfctl.run(['snapshot', '/tmp/before.rec', 'eth1#0']);
	await vfctl.run(['snapshot', '/tmp/all.rec']);
	await vfctl.run(['attach', 'cold', 'eth1#0', '--mac', mac]);
	await lab.exec('/lab/guest start cold', {timeoutMs: 360_000});
	await lab.waitFor(`virsh domifaddr cold --source agent | grep -q ${mac}`, {timeoutMs: 120_000});

	const {json} = await vfctl.run(['diff', '/tmp/before.rec'], {code: 10});
	const changes = json.changes as Change[];
	t.log(changes.map(({fact, before, after, meaning}) => `${fact}: ${before} -> ${after}   ${meaning}`).join('\n'));
	t.deepEqual([...new Set(changes.map(({subject}) => subject.id))], [bdf]);
	const of = (fact: string) => changes.find(one => one.fact === fact);
	t.like(of('driver'), {before: 'igbvf', after: 'vfio-pci', meaning: 'given to guest cold'});
	t.like(of('interface'), {after: null, meaning: 'gone from the host: who uses the function has it'});
	t.like(of('used by'), {after: 'guest cold'});
	t.like(of('vfio device'), {after: 'yes'});
	t.like(of('VF setting mac'), {after: mac});
	// igbvf of the guest has its vectors, as igbvf of the host had: what QEMU set up is seen from the host.
	const interrupts = (await lab.exec(`ls /sys/bus/pci/devices/${bdf}/msi_irqs | wc -l`)).stdout.trim();
	t.is(of('interrupts')?.after ?? of('interrupts')?.before ?? `${interrupts} MSI-X`, `${interrupts} MSI-X`);
	t.not(interrupts, '0');

	// Everything: the guest is told, too.
	const whole = (await vfctl.run(['diff', '/tmp/all.rec'], {code: 10})).json.changes as Change[];
	t.true(whole.some(({subject, fact, after}) => subject.name === 'cold' && fact === 'state' && after === 'running'));
});

test.serial('bus master goes off and on with the driver', async t => {
	await vfctl.run(['snapshot', '/tmp/running.rec', 'eth1#1']);
	await lab.exec('driver=/sys/bus/pci/devices/0000:01:10.2/driver; echo 0000:01:10.2 > $driver/unbind');
	const {json} = await vfctl.run(['diff', '/tmp/running.rec'], {code: 10});
	const changes = json.changes as Change[];
	t.log(changes.map(({fact, before, after}) => `${fact}: ${before} -> ${after}`).join('\n'));
	t.true(changes.some(({fact, before, after}) => fact === 'driver' && before === 'igbvf' && after === null));
	t.true(changes.some(({fact, before, after}) => fact === 'config: bus master' && before === 'on' && after === 'off'));
	t.true(changes.some(({fact, after}) => fact === 'interrupts' && after === '0'));
	await lab.exec('echo 0000:01:10.2 > /sys/bus/pci/drivers_probe');
	await lab.waitFor('[ -n "$(ls /sys/bus/pci/devices/0000:01:10.2/net)" ]', {timeoutMs: 60_000});
});

test.serial('a bundle taken here plays elsewhere', async t => {
	await vfctl.run(['bundle', '/tmp/bundle.rec', '--mask-macs'], {timeoutMs: 600_000});
	const {stdout} = await lab.exec('stat -c %a /tmp/bundle.rec; vfctl --version >/dev/null; grep -ci 52:54:00:aa:07:01 /tmp/bundle.rec || true', {timeoutMs: 120_000});
	t.deepEqual(stdout.trim().split('\n'), ['600', '0']);
	const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-lab-bundle-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const file = path.join(directory, 'bundle.rec');
	await lab.get('/tmp/bundle.rec', file);
	const play = (...argv: string[]) => {
		const {stdout: output, status, stderr} = spawnSync(process.execPath, ['dist/vfctl.cjs', '--host', file, ...argv, '--json'], {encoding: 'utf8'});
		return {json: JSON.parse(output || '{}'), status, stderr};
	};

	const here = (await vfctl.run(['show', 'eth1#0'])).json;
	const there = play('show', 'eth1#0');
	t.is(there.status, 0, there.stderr);
	// The name of a device is asked of udev's database, which did not answer each time on a loaded machine.
	const plain = (json: unknown) => JSON.stringify(json).replaceAll(/(?:[\da-f]{2}:){5}[\da-f]{2}/gi, 'MAC').replaceAll(/"host":"[^"]*"|"device":(?:null|"[^"]*")/g, '');
	t.is(plain(there.json), plain(here));
	const explained = play('explain');
	t.true(Array.isArray(explained.json.explained), explained.stderr);
	const doctor = play('doctor');
	t.true(Array.isArray(doctor.json.findings), doctor.stderr);
	const text = readFileSync(file, 'utf8');
	t.true(text.includes('T: versions') && text.includes('T: explain') && text.includes('T: doctor'));
	t.regex(text, /QEMU emulator version/);
	t.regex(text, /P: \/var\/log\/libvirt\/qemu/);
});

test.serial('watch tells of a PF that goes down and up, a VF that is given away, a guest that is destroyed', async t => {
	await lab.exec('cd /tmp; nohup vfctl watch --json > /tmp/watch.out 2> /tmp/watch.err < /dev/null & echo $! > /tmp/watch.pid');
	const told = async (pattern: string) => lab.waitFor(`grep -q -- '${pattern}' /tmp/watch.out`, {timeoutMs: 120_000});
	await told('watching everything');
	// The programs that watch listens to are there, too.
	await lab.waitFor('pgrep -f "[i]p -o monitor link" && pgrep -f "[u]devadm monitor --kernel" && pgrep -f "[v]irsh --connect .* event"', {timeoutMs: 60_000});
	await lab.exec('ip link set eth2 down');
	await told('eth2 was set down\\|eth2: set up: yes -> no');
	await lab.exec('ip link set eth2 up');
	await told('eth2 was set up\\|eth2: set up: no -> yes');
	await vfctl.run(['attach', 'vm0', 'eth1#1']);
	await told('eth1#1.*vfio-pci');
	await told('guest vm0: devices: none -> 0000:01:10.2');
	await lab.exec('virsh destroy cold');
	await told('guest cold: stopped (destroyed)');
	await vfctl.run(['detach', 'vm0', 'eth1#1']);
	await told('eth1#1.*igbvf');
	await lab.exec('kill -INT "$(cat /tmp/watch.pid)"');
	await lab.waitFor('! kill -0 "$(cat /tmp/watch.pid)" 2>/dev/null', {timeoutMs: 60_000});
	await lab.waitFor('! pgrep -f "[i]p -o monitor link" && ! pgrep -f "[u]devadm monitor --kernel" && ! pgrep -f "[v]irsh --connect .* event"', {timeoutMs: 30_000});
	const {stdout} = await lab.exec('cat /tmp/watch.out; cat /tmp/watch.err >&2');
	t.log(stdout);
	for (const line of stdout.trim().split('\n')) {
		t.true(typeof JSON.parse(line).text === 'string', line);
	}
});

test.serial('when the VF is back, nothing has changed', async t => {
	await lab.waitFor(`[ "$(basename "$(readlink /sys/bus/pci/devices/${bdf}/driver)")" = igbvf ]`, {timeoutMs: 60_000});
	await vfctl.run(['detach', 'cold', 'eth1#0']);
	t.deepEqual(await vfctl.changesSince('/tmp/settled.rec'), []);
	// Links have settled now.
	const {json} = await vfctl.run(['diff', '/tmp/before.rec'], {code: [0, 10]});
	t.deepEqual(json.changes, []);
	t.deepEqual(json.other, []);
});
