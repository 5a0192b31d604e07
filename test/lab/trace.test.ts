// vfctl trace on a real kernel: the same pings with the module on and by the card; nothing of it stays.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {forwardDirectory, loadForward, makeSides, pf, type Side} from './helpers/forward-world.ts';
import {sane, shapes} from './helpers/trace-flows.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
let sides: Side[];

test.before(async () => {
	lab = await Lab.start({name: `trace-${process.pid}`});
	vfctl = await LabVfctl.install(lab);
	await loadForward(lab);
	sides = await makeSides(lab);
	await lab.exec('test -e /sys/kernel/tracing/trace_clock || mount -t tracefs nodev /sys/kernel/tracing');
	await lab.waitFor(`ip netns exec a ping -c 1 -W 1 ${sides[1]!.address}`);
});

test.after.always(async () => {
	await lab?.down();
});

const traced = async () => (await vfctl.run(['trace', 'eth1#0', 'eth1#1', '--seconds', '3', '--ping', sides[1]!.address])).json;
const instances = async () => (await lab.exec('ls /sys/kernel/tracing/instances')).stdout.trim();

test.serial('by the card: queue, driver, card, and the receiver\'s driver', async t => {
	const {flows, forwarding, lost, toCard} = await traced();
	t.log(JSON.stringify(flows));
	sane(t, flows);
	t.deepEqual([forwarding, lost, toCard], [false, 0, []]);
	for (const direction of ['eth1#0 to eth1#1', 'eth1#1 to eth1#0']) {
		const stages = shapes(flows)[`${direction}, card`]!;
		for (const stage of ['driver', 'card']) {
			t.true(stages.includes(stage), `${direction}: ${stages.join(' ')}`);
		}
	}
});

test.serial('with the module: handed over', async t => {
	await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
	const {flows, forwarding, resolutionNs} = await traced();
	t.log(JSON.stringify(flows));
	sane(t, flows);
	t.true(forwarding);
	t.true(resolutionNs <= 1000);
	for (const direction of ['eth1#0 to eth1#1', 'eth1#1 to eth1#0']) {
		t.true(shapes(flows)[`${direction}, passed`]!.includes('hand-over'), JSON.stringify(flows));
	}

	await lab.exec(`ip link set eth1 vf 0 max_tx_rate 100`);
	const {toCard} = await traced();
	await lab.exec(`ip link set eth1 vf 0 max_tx_rate 0; echo ${pf} > ${forwardDirectory}/remove`);
	t.true((toCard as Array<{from: string; reason: string; frames: number}>).some(({from, reason, frames}) => from === 'eth1#0' && reason === 'rate' && frames > 0), JSON.stringify(toCard));
});

test.serial('nothing stays, and what a kill left is removed by the next', async t => {
	t.is(await instances(), '');
	await lab.exec('(setsid vfctl trace eth1#0 eth1#1 --seconds 600 >/dev/null 2>&1 </dev/null & echo $! >/run/trace-pid)');
	await lab.waitFor('grep -q 1 /sys/kernel/tracing/instances/vfctl-*/tracing_on', {timeoutMs: 120_000});
	await lab.exec('kill -9 ${PID:=$(ls /sys/kernel/tracing/instances | sed "s/vfctl-//")}; while test -e /proc/$PID; do sleep 0.1; done');
	t.regex(await instances(), /^vfctl-\d+$/);
	await vfctl.run(['trace', 'eth1#0', 'eth1#1', '--seconds', '1']);
	t.is(await instances(), '');
});
