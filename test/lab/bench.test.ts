// Measurements between real guests and namespaces: every test over every method gives figures, and
// the host is as before, also when vfctl is killed or stopped in the middle. The figures themselves
// mean nothing here.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import type {BenchResult} from '../../lib/model/bench-result.ts';
import {mainFigure} from '../../lib/model/bench.ts';
import {makeUsedBridge, useVfsOnce} from './helpers/first-use.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const benchMs = 900_000;

test.before(async () => {
	lab = await Lab.start({name: `bench-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('ip netns add a && ip netns add b');
	await makeUsedBridge(lab, 'br0');
	// The measurements make VFs, and take them away: those that stay would change names, because the
	// kernel gives the one that is back first the first free name.
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await useVfsOnce(lab);
	await vfctl.run(['vf', 'destroy', 'eth1', '--yes']);
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('two guests over three methods, a stream and connections', async t => {
	const {json} = await vfctl.run(['bench', 'vm0', 'vm1', '--method', 'sriov,macvtap,bridge', '--on', 'eth1', '--test', 'crr,stream', '--seconds', '1', '--runs', '1', '--svg', '/tmp/bench.svg'], {timeoutMs: benchMs});
	const result = json as BenchResult;
	t.deepEqual(result.methods.map(({method, problem}) => [method, problem]), [['sriov', null], ['macvtap', null], ['bridge', null]]);
	for (const {method, tests, ends} of result.methods) {
		for (const {test: name, problem, summary} of tests) {
			t.is(problem, null, `${method}, ${name}`);
			t.true((summary[mainFigure[name].figure]?.median ?? 0) > 0, `${method}, ${name}`);
		}

		t.deepEqual(ends?.map(({driver}) => driver), method === 'sriov' ? ['igbvf', 'igbvf'] : ['virtio_net', 'virtio_net'], method);
	}

	t.is(result.host.virtualization, 'qemu');
	t.true(result.notes.some(note => note.includes('emulated in software')));
	t.deepEqual(Object.keys(result.tools).sort(), ['ab', 'iperf3', 'lighttpd']);
	t.is((await lab.exec('xmllint --noout /tmp/bench.svg')).stderr, '');
	await unchanged(t);
});

test.serial('two namespaces, four tests; what cannot be had is a row with the reason', async t => {
	const {json} = await vfctl.run(['bench', 'netns:a', 'netns:b', '--method', 'bridge,sriov', '--on', 'eth1', '--seconds', '1', '--runs', '1'], {timeoutMs: benchMs});
	const [bridge, sriov] = (json as BenchResult).methods;
	t.is(bridge?.problem?.code, 'UNSUPPORTED');
	t.is(sriov?.problem, null);
	t.deepEqual(sriov?.tests.map(({test: name, problem, runs}) => [name, problem, runs.length]), [['rr', null, 1], ['crr', null, 1], ['stream', null, 1], ['ping', null, 1]]);
	await unchanged(t);
});

test.serial('kill -9 in the middle of a measurement between guests: recover puts everything back', async t => {
	await startBench(['vm0', 'vm1'], '/lab/guest exec vm1 "pidof iperf3" && /lab/guest exec vm0 "pidof iperf3"');
	await lab.exec('kill -9 $(cat /tmp/bench.pid)');
	const {json: refused} = await vfctl.run(['vf', 'create', 'eth2', '1'], {code: 3});
	t.is(refused.error.code, 'NEEDS_RECOVERY');
	await vfctl.run(['recover']);
	await unchanged(t);
});

test.serial('stopped in the middle of a measurement between namespaces: it puts everything back itself', async t => {
	await startBench(['netns:a', 'netns:b'], 'pgrep -f "[i]perf3 --server" && pgrep -f "[i]perf3 --client"');
	await lab.exec('kill -INT $(cat /tmp/bench.pid)');
	await lab.waitFor('test -e /tmp/bench.code', {timeoutMs: 240_000});
	t.is((await lab.exec('cat /tmp/bench.code')).stdout.trim(), '130', 'INTERRUPTED');
	const {json} = await vfctl.run(['recover']);
	t.deepEqual(json.recovered ?? [], []);
	t.is((await lab.exec('pgrep iperf3', {ok: 'any'})).stdout, '', 'no program stays');
	await unchanged(t);
});

/** A measurement that goes on for minutes, once its programs run at both ends. They are looked for
 * when it says that it measures: to look into guests takes the one processor from it. */
async function startBench(ends: readonly [string, string], measuring: string): Promise<void> {
	await lab.exec(`rm -f /tmp/bench.*; (vfctl bench ${ends.join(' ')} --method sriov --on eth1 --test stream --seconds 600 --runs 1 >/tmp/bench.out 2>/tmp/bench.err </dev/null & echo $! >/tmp/bench.pid; wait $!; echo $? >/tmp/bench.code) >/dev/null 2>&1 &`);
	await lab.waitFor(`test -e /tmp/bench.code || { grep -q ': stream$' /tmp/bench.err && ${measuring}; }`, {timeoutMs: 300_000, everyMs: 2000});
	await lab.exec('test ! -e /tmp/bench.code || { cat /tmp/bench.out /tmp/bench.err >&2; false; }');
}

async function unchanged(t: {deepEqual(actual: unknown, expected: unknown): unknown}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}
