// Methods by which a guest's memory, or memory of its own, is shared: vhost-user with a real DPDK
// program between two guests, and ivshmem.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const guests = ['vm0', 'vm1'] as const;
const backing = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>';

test.before(async () => {
	lab = await Lab.start({name: `methods-shared-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('ivshmem: what one guest writes the other reads, and nothing stays', async t => {
	await vfctl.capture('/tmp/before.rec');
	for (const guest of guests) {
		const {json} = await vfctl.run(['attach', guest, 'ring', '--method', 'ivshmem', '--size', '1M']);
		t.true(json.changed);
		await lab.waitFor(`/lab/guest exec ${guest} 'grep -l 0x1110 /sys/bus/pci/devices/*/device'`, {timeoutMs: 200_000});
	}

	// BAR 2 is the memory: third line of `resource`.
	const devmem = (guest: string, value = '') => lab.exec(`/lab/guest exec ${guest} 'd=$(dirname $(grep -l 0x1110 /sys/bus/pci/devices/*/device)); echo 1 > $d/enable; a=$(sed -n 3p $d/resource | cut -d" " -f1); busybox devmem $a 32 ${value}'`, {timeoutMs: 200_000});
	await devmem('vm0', '0x5ca1ab1e');
	t.is((await devmem('vm1')).stdout.trim().toLowerCase(), '0x5ca1ab1e');

	t.false((await vfctl.run(['attach', 'vm0', 'ring', '--method', 'ivshmem'])).json.changed, 'a second time nothing is to be done');
	for (const guest of guests) {
		await vfctl.run(['detach', guest, 'ring']);
	}

	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	t.is((await lab.exec('ls /dev/shm')).stdout.trim(), '', 'the memory is given back');
});

test.serial('vhost-user: refused without shared memory; with it, two guests reach each other through testpmd', async t => {
	t.is((await vfctl.run(['attach', 'vm0', '/run/vhost0.sock', '--method', 'vhost-user'], {code: 3})).json.error.code, 'NO_SHARED_MEMORY');
	for (const guest of guests) {
		await lab.exec(`virsh destroy ${guest} && virsh dumpxml ${guest} --inactive | sed 's,</currentMemory>,&${backing},' > /tmp/${guest}.xml && virsh define /tmp/${guest}.xml && /lab/guest start ${guest}`, {timeoutMs: 400_000});
	}

	t.is((await vfctl.run(['attach', 'vm0', '/run/vhost0.sock', '--method', 'vhost-user'], {code: 3})).json.error.code, 'UNSUPPORTED', 'no socket yet');
	// Once it forwards it polls without pause, and this machine has one processor: guests are three
	// times as slow then. So it starts to forward when they are attached, and makes way for them. No
	// huge pages: then its memory is in no file, and EAL takes no --in-memory beside it.
	await lab.exec(`mkfifo /tmp/testpmd.in; (sleep infinity > /tmp/testpmd.in 2> /dev/null < /dev/null &)
		(nice -n 19 dpdk-testpmd --lcores 0@0,1@0 --no-huge -m 96 --no-pci --no-telemetry --vdev net_vhost0,iface=/run/vhost0.sock --vdev net_vhost1,iface=/run/vhost1.sock -- --interactive --forward-mode=io --total-num-mbufs=2048 < /tmp/testpmd.in > /tmp/testpmd.log 2>&1; touch /tmp/testpmd.ended) > /dev/null 2>&1 &`);
	const listening = 'test -S /run/vhost0.sock -a -S /run/vhost1.sock';
	await lab.waitFor(`${listening} || test -e /tmp/testpmd.ended`, {timeoutMs: 200_000});
	await lab.exec(`${listening} || { cat /tmp/testpmd.log >&2; false; }`);
	await lab.exec('chmod 777 /run/vhost0.sock /run/vhost1.sock');
	await vfctl.capture('/tmp/before.rec');
	for (const [index, guest] of guests.entries()) {
		await vfctl.run(['attach', guest, `/run/vhost${index}.sock`, '--method', 'vhost-user', '--address', `10.6.0.${index + 1}/24`, '--guest-file', 'none', '--guest-timeout', '200']);
	}

	await lab.exec('echo start > /tmp/testpmd.in');
	await lab.exec('/lab/guest ping vm0 10.6.0.2', {timeoutMs: 200_000});
	await lab.exec('echo stop > /tmp/testpmd.in');
	for (const [index, guest] of guests.entries()) {
		await vfctl.run(['detach', guest, `/run/vhost${index}.sock`]);
	}

	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	await lab.exec('echo quit > /tmp/testpmd.in');
	await lab.waitFor('test -e /tmp/testpmd.ended', {timeoutMs: 200_000});
	// What it forwarded is what the guests said to each other.
	t.regex((await lab.exec('cat /tmp/testpmd.log')).stdout, /Accumulated forward statistics for all ports[^]*RX-packets: [1-9]/);
});
