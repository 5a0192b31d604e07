// A host file on a real kernel with real guests: applied, unchanged, drifted, wrong and put back.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const pages = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';

const whole = `version: 1
pfs:
  eth1: {numVfs: 3, mtu: 2000, link: up}
  eth2: {numVfs: 2, link: up}
vfs:
  - {select: "eth1#1", vlan: 7, spoofchk: false}
  - {select: "eth1#2", driver: vfio-pci}
pools:
  fast: {vfs: ["eth2#1"]}
guests:
  vm0:
    vfs:
      - vf: eth1#0
        mac: 52:54:00:aa:00:01
        vlan: 42
        network: {addresses: [20.0.0.3/24], routes: [{to: 10.0.0.0/24, via: 20.0.0.1}]}
  vm1:
    vfs:
      - vf: eth2#0
        mac: 52:54:00:aa:00:02
        method: hostdev
        network: {addresses: [10.0.0.3/24], gateway: 10.0.0.1}
hugepages:
  - {size: 2M, count: 16}
`;

test.before(async () => {
	lab = await Lab.start({name: `host-file-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await put('whole', whole);
	await vfctl.capture('/tmp/first.rec');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('from nothing to the whole state, and nothing left to do', async t => {
	const {json} = await vfctl.run(['apply', '/tmp/whole.yaml', '--yes']);
	t.true(json.changed);
	const again = await vfctl.run(['apply', '/tmp/whole.yaml', '--yes']);
	t.deepEqual(again.json.steps, []);
	t.false(again.json.changed);
	t.false((await vfctl.run(['diff', '/tmp/whole.yaml'])).json.differs);
	t.regex((await inGuest('vm0', 'addr')), /20\.0\.0\.3\/24/);
	t.regex((await inGuest('vm0', 'route')), /10\.0\.0\.0\/24 via 20\.0\.0\.1/);
	t.regex((await inGuest('vm1', 'route')), /default via 10\.0\.0\.1/);
	t.regex((await lab.exec('virsh net-list --all')).stdout, /fast +active/);
	t.is((await lab.exec('basename "$(readlink /sys/bus/pci/devices/0000:01:10.4/driver)"')).stdout.trim(), 'vfio-pci');
	t.is((await lab.exec(`cat ${pages}`)).stdout.trim(), '16');
	const {json: exported} = await vfctl.run(['export']);
	t.deepEqual(exported.hostFile.hugepages, [{sizeKiB: 2048, node: null, count: 16}]);
});

test.serial('drift by hand is told and repaired', async t => {
	await lab.exec(`ip link set eth1 vf 0 vlan 9 && ip link set eth1 mtu 1500 && echo 8 > ${pages}`);
	const {json} = await vfctl.run(['diff', '/tmp/whole.yaml'], {code: 10});
	t.deepEqual(json.differences, [
		{path: 'hugepages[0]', what: 'huge pages of 2 MiB', actual: '8', wanted: '16'},
		{path: 'pfs.eth1.mtu', what: 'MTU of eth1', actual: '1500', wanted: '2000'},
		{path: 'guests.vm0.vfs[0]', what: 'vlan of VF 0 of eth1', actual: '9', wanted: '42'},
	]);
	await vfctl.run(['apply', '/tmp/whole.yaml', '--yes']);
	t.false((await vfctl.run(['diff', '/tmp/whole.yaml'])).json.differs);
});

// It takes a guest's VF away, gives the other one a wrong VLAN, and the pool goes.
const wrong = whole.replace('vlan: 42', 'vlan: 43').replace(/ {2}vm1:[^]*$/, '  vm1: {vfs: []}\n').replace('{vfs: ["eth2#1"]}', '{state: absent}');

test.serial('a wrong host file is put back by the timer', async t => {
	await put('wrong', wrong);
	await vfctl.capture('/tmp/before.rec');
	const {json} = await vfctl.run(['apply', '/tmp/wrong.yaml', '--yes', '--confirm-within', '5s'], {code: 5});
	t.is(json.error.code, 'NOT_CONFIRMED');
	t.true(json.error.details.rolledBack);
	await sameAs(t, '/tmp/before.rec');
	t.false((await vfctl.run(['diff', '/tmp/whole.yaml'])).json.differs, 'also inside of the guests');
});

test.serial('a change that is confirmed from another session stays', async t => {
	await put('small', 'version: 1\nvfs: [{select: "eth1#1", vlan: 8}]\n');
	await waiting();
	t.is((await vfctl.run(['history', '--limit', '1'])).json.operations[0].outcome, 'waiting');
	await vfctl.run(['confirm']);
	await lab.waitFor('! kill -0 $(cat /tmp/apply.pid) 2>/dev/null', {timeoutMs: 30_000});
	t.regex((await lab.exec('cat /tmp/apply.out')).stdout, /done: make this host what/);
	t.is((await vfctl.run(['confirm'], {code: 4})).json.error.code, 'OPERATION_NOT_FOUND');
	t.false((await vfctl.run(['diff', '/tmp/small.yaml'])).json.differs);
	await vfctl.run(['undo', '--yes']);
	t.false((await vfctl.run(['diff', '/tmp/whole.yaml'])).json.differs);
});

test.serial('SIGHUP while it waits stops nothing, SIGTERM puts everything back', async t => {
	await vfctl.capture('/tmp/before.rec');
	await waiting();
	await lab.exec('kill -HUP $(cat /tmp/apply.pid); sleep 2; kill -0 $(cat /tmp/apply.pid)');
	t.is((await vfctl.run(['history', '--limit', '1'])).json.operations[0].outcome, 'waiting');
	await lab.exec('kill -TERM $(cat /tmp/apply.pid); while kill -0 $(cat /tmp/apply.pid) 2>/dev/null; do sleep 0.2; done', {timeoutMs: 60_000});
	t.regex((await lab.exec('cat /tmp/apply.out')).stdout, /was not confirmed, so everything was put back/);
	await sameAs(t, '/tmp/before.rec');
});

test.serial('kill -9 while it waits: nothing can be confirmed, recover puts it back', async t => {
	await waiting();
	await lab.exec('kill -9 $(cat /tmp/apply.pid)');
	t.is((await vfctl.run(['confirm'], {code: 5})).json.error.code, 'NOT_CONFIRMED');
	t.is((await vfctl.run(['vf', 'set', 'eth1#1', '--vlan', '9'], {code: 3})).json.error.code, 'NEEDS_RECOVERY');
	await vfctl.run(['recover']);
	await sameAs(t, '/tmp/before.rec');
});

test.serial('undoing the first apply brings back everything', async t => {
	const {json} = await vfctl.run(['history', '--limit', '0']);
	const done = json.operations.filter((operation: {outcome: string; subject: {command: string}}) => operation.outcome === 'done' && operation.subject.command === 'apply');
	await vfctl.run(['undo', String(done[0].number), '--yes']);
	await sameAs(t, '/tmp/first.rec');
});

/** An apply in the background that waits for its confirmation. */
async function waiting(): Promise<void> {
	await lab.exec('rm -f /tmp/apply.*; setsid sh -c \'echo $$ > /tmp/apply.pid; exec vfctl apply /tmp/small.yaml --yes --confirm-within 120s\' > /tmp/apply.out 2>&1 < /dev/null & sleep 1');
	await lab.waitFor('grep -q "vfctl confirm" /tmp/apply.out', {timeoutMs: 120_000});
}

async function put(name: string, text: string): Promise<void> {
	await lab.exec(`cat > /tmp/${name}.yaml`, {input: text});
}

async function inGuest(guest: string, what: 'addr' | 'route'): Promise<string> {
	return (await lab.exec(['/lab/guest', 'exec', guest, `ip ${what}`])).stdout;
}

async function sameAs(t: ExecutionContext, record: string): Promise<void> {
	t.deepEqual(await vfctl.changesSince(record), []);
}
