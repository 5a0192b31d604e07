// DPDK on a real kernel: the real dpdk-devbind.py, huge pages, and dpdk-testpmd with two VFs.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

// One VF of each PF: the PFs are joined by a cable.
const vfs = ['0000:01:10.0', '0000:02:10.0'] as const;
const macs = ['52:54:00:aa:00:01', '52:54:00:aa:00:02'] as const;
const pages = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';
const wantedPages = 64;

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `dpdk-${process.pid}`});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await vfctl.run(['vf', 'create', 'eth2', '2']);
	await vfctl.run(['vf', 'set', 'eth1#0', '--mac', macs[0]]);
	await vfctl.run(['vf', 'set', 'eth2#0', '--mac', macs[1]]);
	// Loaded once, they stay: undo would take vfio-pci away with the last VF, and testpmd's drivers for
	// NVIDIA's cards ask the kernel about RDMA, which loads ib_core.
	await lab.exec('modprobe -a vfio-pci ib_core; umount /dev/hugepages 2>/dev/null; true');
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

async function out(command: string): Promise<string> {
	const {stdout} = await lab.exec(command);
	return stdout.trim();
}

/** Our status and the real tool's, for both of what it can be asked. */
async function requireSameStatus(t: {is: (actual: string, expected: string, message?: string) => void}, when: string): Promise<void> {
	const ours = await out('vfctl dpdk status; echo end');
	const real = await out('dpdk-devbind.py --status; echo end');
	t.is(ours, real, when);
}

test.serial('huge pages: set, read back, refused, undone', async t => {
	const {json: set} = await vfctl.run(['dpdk', 'hugepages', 'set', String(wantedPages)]);
	t.true(set.changed);
	t.is(await out(`cat ${pages}`), String(wantedPages));
	const {json: shown} = await vfctl.run(['dpdk', 'hugepages']);
	t.like(shown.pools.find((pool: {sizeKiB: number; node: number | null}) => pool.sizeKiB === 2048 && pool.node === null), {total: wantedPages, free: wantedPages, reserved: 0, surplus: 0});
	const {json: again} = await vfctl.run(['dpdk', 'hugepages', 'set', String(wantedPages)]);
	t.false(again.changed);

	const {json: much} = await vfctl.run(['dpdk', 'hugepages', 'set', '100000'], {code: 3});
	t.is(much.error.code, 'NO_MEMORY');
	t.is(await out(`cat ${pages}`), String(wantedPages));

	await vfctl.run(['undo', '--yes']);
	t.is(await out(`cat ${pages}`), '0');
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

test.serial('two VFs move packets with testpmd, and nothing takes them away meanwhile', async t => {
	await requireSameStatus(t, 'on the kernel drivers');
	await vfctl.run(['dpdk', 'hugepages', 'set', String(wantedPages)]);
	const {json: bound} = await vfctl.run(['dpdk', 'bind', ...vfs, '--driver', 'vfio_pci']);
	for (const bdf of vfs) {
		t.is(await out(`basename $(readlink /sys/bus/pci/devices/${bdf}/driver)`), 'vfio-pci');
	}

	await requireSameStatus(t, 'on vfio-pci');

	// Forwarding what comes in on one VF to the other, where it came from: once started it never ends.
	// Short rings, and buffers for all of them: each ring keeps as many as it is long, and the 1024 of
	// each of testpmd's four rings were more than there were, so that nothing moved after 400 packets.
	// Lowest priority: it polls, and the lab has one processor.
	await lab.exec([
		'mkdir -p /dev/hugepages', 'mount -t hugetlbfs none /dev/hugepages', 'mkfifo /tmp/testpmd.in',
		// It ends when its input does.
		'(sleep infinity < /dev/null > /tmp/testpmd.in 2> /dev/null & echo $! > /tmp/testpmd.feeder)',
		`(nice -n 19 dpdk-testpmd --lcores=0@0,1@0 --main-lcore 0 -n 1 ${vfs.map(bdf => `-a ${bdf}`).join(' ')} --file-prefix labtest --no-telemetry -- --total-num-mbufs=8192 --rxd=256 --txd=256 --forward-mode=io --tx-first --eth-peer=0,${macs[1]} --eth-peer=1,${macs[0]} --stats-period 2 < /tmp/testpmd.in > /tmp/testpmd.log 2>&1 &)`,
	].join(' && '));
	await lab.waitFor('[ "$(grep -c "RX-packets: [1-9]" /tmp/testpmd.log)" -ge 2 ]', {timeoutMs: 180_000});
	const pid = await out('pgrep -x dpdk-testpmd');
	// Stopped it has everything open still, and leaves the processor to what is asked of it.
	await lab.exec(`kill -STOP ${pid}`);

	const {json: list} = await vfctl.run(['list']);
	const held = (list.pfs as Array<{vfs: Array<{bdf: string; holder: {kind: string; pid: number; command: string}}>}>).flatMap(pf => pf.vfs).filter(({bdf}) => (vfs as readonly string[]).includes(bdf));
	for (const {holder} of held) {
		t.like(holder, {kind: 'process', pid: Number(pid)});
		t.regex(holder.command, /testpmd/);
	}

	for (const args of [['dpdk', 'unbind', ...vfs], ['restore', vfs[0]], ['bind', vfs[0], 'igbvf'], ['unbind', vfs[1]]]) {
		const {json} = await vfctl.run(args, {code: 3});
		t.is(json.error.code, 'VF_HELD', args.join(' '));
		t.regex(json.error.why, /testpmd/);
	}

	const {json: destroy} = await vfctl.run(['vf', 'destroy', 'eth1', '--yes'], {code: 3});
	t.is(destroy.error.code, 'VFS_IN_USE');
	const {json: undo} = await vfctl.run(['undo', String(bound.operation), '--yes'], {code: 3});
	t.is(undo.error.code, 'VF_HELD');
	const {json: fewer} = await vfctl.run(['dpdk', 'hugepages', 'set', '0'], {code: 3});
	t.is(fewer.error.code, 'MEMORY_IN_USE');
	t.regex(fewer.error.why, /testpmd/);
	const {json: shown} = await vfctl.run(['dpdk', 'hugepages']);
	t.true(shown.users.some((user: {pid: number}) => user.pid === Number(pid)));
	t.deepEqual(shown.mounts.map((mount: {path: string; files: Array<{owner: string}>}) => [mount.path, mount.files.map(file => file.owner)]), [['/dev/hugepages', ['DPDK, file prefix labtest']]]);
	await requireSameStatus(t, 'while testpmd runs');

	// Still at work, after all that was asked.
	const count = async () => Number((await out('grep -o "RX-packets: [0-9]*" /tmp/testpmd.log | tail -1')).split(' ').at(-1));
	const before = await count();
	t.true(before > 0);
	await lab.exec(`kill -CONT ${pid}`);
	await lab.waitFor(`[ "$(grep -o "RX-packets: [0-9]*" /tmp/testpmd.log | tail -1 | cut -d' ' -f2)" -gt ${before} ]`, {timeoutMs: 120_000});
	await lab.exec('kill -INT $(pgrep -x dpdk-testpmd); kill $(cat /tmp/testpmd.feeder)');
	await lab.waitFor('! pgrep -x dpdk-testpmd', {timeoutMs: 60_000});
	t.log(await out('grep -A4 "NIC statistics for port" /tmp/testpmd.log | tail -14'));

	await vfctl.run(['dpdk', 'unbind', ...vfs]);
	for (const bdf of vfs) {
		t.is(await out(`basename $(readlink /sys/bus/pci/devices/${bdf}/driver)`), 'igbvf');
	}

	await requireSameStatus(t, 'back on the kernel drivers');
	await lab.exec('rm -f /dev/hugepages/labtestmap_*; umount /dev/hugepages; rm -rf /var/run/dpdk /tmp/testpmd.*');
	await vfctl.run(['dpdk', 'hugepages', 'set', '0']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});
