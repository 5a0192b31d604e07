// vfctl trace on a real kernel: the same pings with the module on, by the card, and by Open vSwitch; nothing of it stays.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {forwardDirectory, loadForward, makeSides, pf, type Side} from './helpers/forward-world.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
let sides: Side[];

interface Flow {
	from: string;
	to: string;
	way: string;
	stages: Array<{stage: string; count: number; medianNs: number; p99Ns: number; share: number}>;
}

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

/** Of each direction: its way and its stages. */
function shapes(flows: readonly Flow[]): Record<string, string[]> {
	return Object.fromEntries(flows.map(({from, to, way, stages}) => [`${from} to ${to}, ${way}`, stages.map(({stage}) => stage)]));
}

function sane(t: import('ava').ExecutionContext, flows: readonly Flow[]): void {
	for (const {stages} of flows) {
		t.true(Math.abs(stages.reduce((sum, {share}) => sum + share, 0) - 1) < 1e-6);
		for (const {count, medianNs, p99Ns} of stages) {
			t.true(count > 0 && medianNs > 0 && p99Ns >= medianNs, JSON.stringify(stages));
		}
	}
}

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

test.serial('a bridge between two veth', async t => {
	await lab.exec([
		'ip link add tracebr type bridge', 'ip link set tracebr up',
		...['d', 'e'].flatMap((name, index) => [
			`ip netns add ${name}`, `ip link add trace${name} type veth peer name ${name}0 netns ${name}`, `ip link set trace${name} master tracebr`, `ip link set trace${name} up`,
			`ip -n ${name} addr add 10.8.0.${index + 1}/24 dev ${name}0`, `ip -n ${name} link set ${name}0 up`,
		]),
	].join(' && '));
	await lab.waitFor('ip netns exec d ping -c 1 -W 1 10.8.0.2');
	await lab.exec('(ip netns exec d setsid ping -q -i 0.1 10.8.0.2 >/dev/null 2>&1 </dev/null & echo $! >/run/trace-ping)');
	const {flows} = (await vfctl.run(['trace', 'd0', 'e0', '--netdev', '--seconds', '3'])).json;
	await lab.exec('kill $(cat /run/trace-ping)', {ok: 'any'});
	t.log(JSON.stringify(flows));
	sane(t, flows);
	for (const direction of ['d0 to e0', 'e0 to d0']) {
		t.true(shapes(flows)[`${direction}, software`]!.includes('switch'), JSON.stringify(flows));
	}
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
