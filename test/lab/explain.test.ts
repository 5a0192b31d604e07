// vfctl explain on a real host: silent where all is well, and right about what is broken for real.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
const patientMs = 180_000;

test.before(async () => {
	lab = await Lab.start({name: `explain-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('ip link set eth1 up && ip link set eth2 up');
});

test.after.always(async () => {
	await lab?.down();
});

interface Told {
	id: string;
	severity: string;
	count: number;
	fields: Record<string, string>;
}

function byId(json: {explained: Told[]}, id: string): Told | undefined {
	return json.explained.find(one => one.id === id);
}

/** A moment that later lines of the kernel are not before. */
async function moment(): Promise<string> {
	return `@${(await lab.exec('date +%s')).stdout.trim()}`;
}

test.serial('two guests run and nothing is wrong: nothing but what is harmless, every log was read', async t => {
	const {json} = await vfctl.run(['explain']);
	t.deepEqual(json.explained.filter(({severity}: Told) => severity !== 'harmless'), []);
	t.deepEqual(json.todo, []);
	t.deepEqual(json.notRead, []);
});

test.serial('VFs of a PF that is down: which PF, and its remedy mends it', async t => {
	await lab.exec('ip link set eth2 down && echo 2 > /sys/class/net/eth2/device/sriov_numvfs');
	await lab.waitFor('dmesg | grep -c "PF still in reset state" | grep -qx 2', {timeoutMs: patientMs});
	const {json} = await vfctl.run(['explain'], {code: 11});
	const told = json.explained.filter(({id}: Told) => id === 'intel-vf.pf-in-reset') as Told[];
	t.deepEqual(told.map(({fields: {bdf, pf, vf}}) => [bdf, pf, vf]).sort(), [['0000:02:10.0', 'eth2', '0'], ['0000:02:10.2', 'eth2', '1']]);
	t.is(json.todo[0].command, 'ip link set eth2 up');

	await lab.exec(json.todo[0].command);
	await lab.waitFor('ip -o link show eth2 | grep -q LOWER_UP', {timeoutMs: patientMs});
	await lab.exec('sleep 1');
	const since = await moment();
	await lab.exec('for vf in 0000:02:10.0 0000:02:10.2; do echo $vf > /sys/bus/pci/drivers/igbvf/unbind; echo $vf > /sys/bus/pci/drivers/igbvf/bind; done');
	await lab.waitFor('test $(ls /sys/bus/pci/devices/0000:02:10.[02]/net | grep -c eth) = 2', {timeoutMs: patientMs});
	const after = await vfctl.run(['explain', '--since', since]);
	t.deepEqual(after.json.explained.filter(({severity}: Told) => severity !== 'harmless'), []);
});

test.serial('a guest on a VF: what the PF says of the VF is told with the guest that has it', async t => {
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await vfctl.run(['attach', 'vm0', 'eth1#0', '--mac', '52:54:00:aa:00:01']);
	await lab.waitFor('virsh domifaddr vm0 --source agent | grep -q 52:54:00:aa:00:01', {timeoutMs: patientMs});
	await lab.waitFor('dmesg | grep -q "01:00.0: VF 0 attempted to override administratively set MAC"', {timeoutMs: patientMs});
	const {json} = await vfctl.run(['explain'], {code: [0, 11]});
	t.like(byId(json, 'igb.vf-override-mac'), {severity: 'harmless', fields: {bdf: '0000:01:00.0', netdev: 'eth1', vf: '0', vfBdf: '0000:01:10.0', guest: 'vm0'}});
});

test.serial('--follow tells what comes, with the interface of the line, and ends with a signal', async t => {
	await lab.exec('nohup vfctl explain --follow --json > /tmp/follow.json 2>/tmp/follow.err < /dev/null & echo $! > /tmp/follow.pid');
	await lab.waitFor('grep -q withoutTime /tmp/follow.json', {timeoutMs: patientMs});
	await lab.waitFor('pgrep -x dmesg', {timeoutMs: patientMs});
	await lab.exec('for i in 1 2; do echo 5 > /sys/class/net/eth1/device/sriov_numvfs; done', {ok: [1]});
	await lab.waitFor('grep -q \'"id": "pci.sriov-already-enabled"\' /tmp/follow.json && grep -q \'"count": 2\' /tmp/follow.json', {timeoutMs: patientMs});
	await lab.exec('kill -TERM $(cat /tmp/follow.pid)');
	await lab.waitFor('! pgrep -x dmesg', {timeoutMs: patientMs});
	await lab.waitFor('! kill -0 $(cat /tmp/follow.pid) 2>/dev/null', {timeoutMs: patientMs});
	// Node of the lab warns about its own flags there.
	t.notRegex((await lab.exec('cat /tmp/follow.err')).stdout, /cannot be followed|error:/);
	const {json} = await vfctl.run(['explain'], {code: 11});
	t.like(byId(json, 'pci.sriov-already-enabled'), {count: 2, severity: 'error', fields: {bdf: '0000:01:00.0', netdev: 'eth1'}});
});

test.serial('what virsh prints is explained as a line', async t => {
	await lab.exec('virsh destroy vm1');
	await lab.exec('virsh dumpxml vm1 --inactive > /tmp/vm1.xml && cp /tmp/vm1.xml /tmp/vm1-saved.xml');
	await lab.exec(['sh', '-c', 'sed -i "s#</devices>#<interface type=\'hostdev\' managed=\'yes\'><source><address type=\'pci\' domain=\'0x0000\' bus=\'0x01\' slot=\'0x1f\' function=\'0x0\'/></source></interface></devices>#" /tmp/vm1.xml && virsh define /tmp/vm1.xml']);
	const failed = await lab.exec('virsh start vm1', {ok: [1]});
	const {json} = await vfctl.run(['explain', failed.stderr.trim().split('\n').at(-1)!], {code: 11});
	t.deepEqual(json.explained.map(({id}: Told) => id), ['libvirt.vf-only']);
	t.true(json.todo.length > 0);
	await lab.exec('virsh define /tmp/vm1-saved.xml');
});
