// Interrupts and receive queues on a board with two processors: moved, seen to fire on the new one, put
// back, on the host and in a namespace.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

// The first VFs of both cards: eth1#0 stays on the host, eth2#0 goes to the namespace blue.
const [here, there] = ['0000:01:10.0', '0000:02:10.0'];
let netdev = '';
const peer = '10.9.0.2';

test.before(async () => {
	lab = await Lab.start({name: `tune-${process.pid}`, cpus: 2});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('for pf in eth1 eth2; do ip link set $pf up; done; /lab/vfs 2', {timeoutMs: 120_000});
	netdev = (await lab.exec(`ls /sys/bus/pci/devices/${here}/net`)).stdout.trim();
	await lab.exec(`
		set -e
		ip netns add blue
		ip link set $(ls /sys/bus/pci/devices/${there}/net) netns blue name inner
		ip -n blue addr add ${peer}/24 dev inner
		ip -n blue link set inner up
		ip addr add 10.9.0.1/24 dev ${netdev}
		ip link set ${netdev} up
	`);
	// igbvf takes its time to see the link.
	await lab.waitFor(`ping -c 1 -W 1 ${peer}`, {timeoutMs: 120_000});
});

test.after.always(async () => {
	await lab?.down();
});

interface Counted {
	irq: number;
	cpus: string;
	counts: number[];
}

/** Interrupts of a device with their counts on CPU 0 and CPU 1, as the kernel tells them. */
async function interrupts(bdf: string): Promise<Counted[]> {
	const {stdout} = await lab.exec(`cd /sys/bus/pci/devices/${bdf}/msi_irqs && for irq in *; do echo "$irq $(cat /proc/irq/$irq/smp_affinity_list) $(cat /sys/kernel/irq/$irq/per_cpu_count)"; done`);
	return stdout.trim().split('\n').map(line => {
		const [irq, cpus = '', counts = ''] = line.split(' ');
		return {irq: Number(irq), cpus, counts: counts.split(',').map(Number)};
	});
}

const sum = (all: readonly Counted[], cpu: number) => all.reduce((total, {counts}) => total + counts[cpu]!, 0);

test.serial('interrupts of a VF with traffic go to another CPU, and fire there', async t => {
	const original = await interrupts(here);
	for (const [from, to] of [[1, 0], [0, 1]] as const) {
		const {json} = await vfctl.run(['tune', 'irq', 'eth1#0', '--cpus', String(to)]);
		t.true(json.changed);
		t.deepEqual((await interrupts(here)).map(({cpus}) => cpus), original.map(() => String(to)));
		// One that was on its way may still arrive where it was sent to.
		await lab.exec(`ping -c 2 -W 5 ${peer}`);
		const before = await interrupts(here);
		await lab.exec(`ping -c 20 -i 0.1 -W 5 ${peer}`, {timeoutMs: 120_000});
		const after = await interrupts(here);
		t.is(sum(after, from), sum(before, from), `CPU ${from} took interrupts that belong to CPU ${to}`);
		t.true(sum(after, to) - sum(before, to) >= 20, JSON.stringify({before, after}));
	}

	const shown = (await vfctl.run(['tune', 'show', 'eth1#0'])).json.devices[0];
	t.deepEqual(shown.interrupts.map(({action, cpus, effectiveCpus}: {action: string; cpus: string; effectiveCpus: string}) => [action, cpus, effectiveCpus]), [`${netdev}-tx-0`, `${netdev}-rx-0`, netdev].map(name => [name, '1', '1']));
	t.true(shown.interrupts[1].counts['1'] >= 20);
	t.false((await vfctl.run(['tune', 'irq', 'eth1#0', '--cpus', '1'])).json.changed, 'a second time');

	await vfctl.run(['undo', '--yes']);
	await vfctl.run(['undo', '--yes']);
	t.deepEqual((await interrupts(here)).map(({irq, cpus}) => ({irq, cpus})), original.map(({irq, cpus}) => ({irq, cpus})));
});

test.serial('several devices go round the CPUs', async t => {
	await vfctl.run(['tune', 'irq', 'eth1#0', 'eth2#0', '--spread', 'all']);
	t.deepEqual([...await interrupts(here), ...await interrupts(there)].map(({cpus}) => cpus), ['0', '1', '0', '1', '0', '1']);
	await vfctl.run(['undo', '--yes']);
	t.deepEqual([...await interrupts(here), ...await interrupts(there)].map(({cpus}) => cpus), Array.from({length: 6}, () => '0-1'));
});

test.serial('RPS is set, read back by the kernel, and undone; the link still works', async t => {
	const file = `/sys/class/net/${netdev}/queues/rx-0/rps_cpus`;
	const read = async () => (await lab.exec(['cat', file])).stdout.trim();
	await vfctl.run(['tune', 'rps', 'eth1#0', '--cpus', '0-1']);
	t.is(await read(), '3');
	await lab.exec(`ping -c 3 -W 5 ${peer}`);
	t.false((await vfctl.run(['tune', 'rps', 'eth1#0', '--cpus', '0-1'])).json.changed);
	await vfctl.run(['tune', 'rps', 'eth1#0', '--cpus', '1', '--queue', '0']);
	t.is(await read(), '2');
	await vfctl.run(['undo', '--yes']);
	t.is(await read(), '3');
	await vfctl.run(['tune', 'rps', 'eth1#0', '--cpus', 'none']);
	t.is(await read(), '0');
});

test.serial('a VF in a namespace: its interrupts, and RPS inside', async t => {
	const read = async () => (await lab.exec('ip netns exec blue cat /sys/class/net/inner/queues/rx-0/rps_cpus')).stdout.trim();
	const [device] = (await vfctl.run(['tune', 'show', 'eth2#0'])).json.devices;
	t.deepEqual(device.interface, {name: 'inner', netns: 'blue'});
	t.deepEqual(device.receiveQueues, [{queue: 0, cpus: ''}]);
	t.true(device.interrupts.length === 3 && device.interrupts.every(({cpus}: {cpus: string}) => cpus === '0-1'));
	await vfctl.run(['tune', 'rps', 'eth2#0', '--cpus', '1']);
	t.is(await read(), '2');
	await vfctl.run(['tune', 'irq', 'eth2#0', '--cpus', '1']);
	t.deepEqual((await interrupts(there)).map(({cpus}) => cpus), ['1', '1', '1']);
	await vfctl.run(['undo', '--yes']);
	await vfctl.run(['undo', '--yes']);
	t.is(await read(), '0');
	t.deepEqual((await interrupts(there)).map(({cpus}) => cpus), ['0-1', '0-1', '0-1']);
});

test.serial('what the kernel refuses is told, and nothing is changed', async t => {
	await lab.exec('echo 0 > /sys/devices/system/cpu/cpu1/online');
	try {
		const before = await interrupts(here);
		t.is((await vfctl.run(['tune', 'irq', 'eth1#0', '--cpus', '1'], {code: 2})).json.error.code, 'BAD_CPUS');
		t.is((await vfctl.run(['tune', 'rps', 'eth1#0', '--cpus', '0-1'], {code: 2})).json.error.code, 'BAD_CPUS');
		t.deepEqual((await interrupts(here)).map(({cpus}) => cpus), before.map(({cpus}) => cpus));
		t.is((await vfctl.run(['tune', 'show', 'eth1#0'])).json.cpus.online, '0');
	} finally {
		await lab.exec('echo 1 > /sys/devices/system/cpu/cpu1/online');
	}
});

test.serial('undo leaves numbers alone that belong to a driver bound anew', async t => {
	const {json} = await vfctl.run(['tune', 'irq', 'eth1#0', '--cpus', '1']);
	await lab.exec(`set -e; echo ${here} > /sys/bus/pci/drivers/igbvf/unbind; test ! -e /sys/bus/pci/devices/${here}/msi_irqs; for irq in ${json.plan.actions.map(({irq}: {irq: number}) => irq).join(' ')}; do test ! -e /proc/irq/$irq; done`);
	const undone = await vfctl.run(['undo', String(json.operation), '--yes']);
	t.false(undone.json.changed, JSON.stringify(undone.json));
	await lab.exec(`echo ${here} > /sys/bus/pci/drivers/igbvf/bind`);
});

test.serial('irqbalance itself is seen, with what it was told', async t => {
	// This machine's, with what the lab has of libraries: another package in its tree would change it for all tests.
	await lab.put('/usr/sbin/irqbalance', '/tmp/irqbalance');
	const irqs = (await interrupts(there)).map(({irq}) => irq);
	await lab.exec(`chmod 755 /tmp/irqbalance && mkdir -p /run/irqbalance && (setsid /tmp/irqbalance --foreground ${irqs.map(irq => `--banirq=${irq}`).join(' ')} >/tmp/irqbalance.log 2>&1 </dev/null &)`);
	await lab.waitFor('pgrep -x irqbalance');
	try {
		await lab.exec(`ip link set $(ls /sys/bus/pci/devices/${here}/net) up`);
		const {json} = await vfctl.run(['tune', 'show', 'eth1#0', 'eth2#0']);
		t.true(json.irqbalance.running);
		t.deepEqual(json.irqbalance.bannedIrqs, irqs);
		const verdicts = (name: string) => [...new Set(json.devices.find((device: {name: string}) => device.name === name).interrupts.map(({irqbalance}: {irqbalance: string}) => irqbalance))];
		t.deepEqual(verdicts('eth1#0'), ['undoes']);
		t.deepEqual(verdicts('eth2#0'), ['leaves']);
		const {json: planned} = await vfctl.run(['tune', 'irq', 'eth2#0', 'eth1#0', '--cpus', '1', '--dry-run']);
		t.regex(planned.plan.warnings.join('\n'), /will move 3 of these interrupts again/);
	} finally {
		await lab.exec('pkill -x irqbalance', {ok: 'any'});
	}
});
