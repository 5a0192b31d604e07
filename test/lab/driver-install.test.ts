// The PF drivers that vfctl builds, installed: the next boot of the host takes them, and the boot after
// they are taken away has the distribution's again.
import path from 'node:path';
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
let kernel: string;
let before: string;

test.before(async () => {
	lab = await Lab.start({name: `driver-install-${process.pid}`, platform: 'systemd'});
	vfctl = await LabVfctl.install(lab);
	kernel = await putDrivers(lab);
	before = await modules();
});

test.after.always(async () => {
	await lab?.down();
});

/** Every file of the kernel's modules with its content, but for the stamps in depmod's binary indexes. */
async function modules(): Promise<string> {
	return (await lab.exec(`cd /lib/modules && find . -path ./${kernel}/kernel -prune -o -type f -print0 | sort -z | xargs -0 sha256sum`, {timeoutMs: 120_000})).stdout;
}

interface Module {
	name: string;
	loaded: {origin: string; current: boolean; taint: string} | null;
	file: {path: string; origin: string; current: boolean} | null;
}

async function status(): Promise<{igb: Module; hub: Module; installed: string[]; stale: string[][]}> {
	const {json} = await vfctl.run(['driver', 'status']);
	const of = (name: string) => json.drivers.find((one: Module) => one.name === name);
	return {igb: of('igb'), hub: of('vfctl_pf'), installed: json.builds.map((one: {installed: string}) => one.installed), stale: json.builds.map((one: {stale: string[]}) => one.stale)};
}

test.serial('built for the kernel that runs, which has the distribution\'s driver', async t => {
	const {igb, hub, installed, stale} = await status();
	t.like(igb, {loaded: {origin: 'stock'}, file: {origin: 'stock'}});
	t.is(hub.loaded, null);
	t.is(hub.file, null);
	t.deepEqual(installed, ['no']);
	t.deepEqual(stale, [[]]);
});

test.serial('installed, undone: every file is as before', async t => {
	t.true((await vfctl.run(['driver', 'install'])).json.changed);
	t.like((await status()).igb, {loaded: {origin: 'stock'}, file: {origin: 'vfctl', current: true}});
	t.false((await vfctl.run(['driver', 'install'])).json.changed);
	await vfctl.run(['undo', '--yes']);
	t.is(await modules(), before);
});

test.serial('killed on the way, recovered: every file is as before', async t => {
	for (const phase of ['before', 'after']) {
		await vfctl.run(['driver', 'install'], {code: 137, env: {VFCTL_FAULT: `kill@1:${phase}`}});
		await vfctl.run(['recover', '--yes']);
		t.is(await modules(), before, phase);
	}
});

test.serial('the next boot takes it, and it knows the host\'s PFs and their VFs', async t => {
	await vfctl.run(['driver', 'install']);
	await vfctl.stop();
	await lab.reboot();
	const {igb, hub, installed} = await status();
	t.like(igb, {loaded: {origin: 'vfctl', current: true, taint: 'OE'}, file: {origin: 'vfctl', current: true}});
	t.like(hub, {loaded: {origin: 'vfctl', current: true}});
	t.deepEqual(installed, ['yes']);
	t.is((await lab.exec('cat /sys/kernel/vfctl/abi')).stdout, '1\n');
	const pf = path.basename((await lab.exec('readlink -f /sys/class/net/eth1/device')).stdout.trim());
	await vfctl.run(['vf', 'create', 'eth1', '2', '--yes']);
	t.is((await lab.exec(`cat /sys/kernel/vfctl/${pf}/driver /sys/kernel/vfctl/${pf}/vfs`)).stdout, 'igb\n2\n');
});

test.serial('taken away, the boot after has the distribution\'s driver again', async t => {
	await vfctl.run(['driver', 'uninstall']);
	t.is(await modules(), before);
	await vfctl.stop();
	await lab.reboot();
	const {igb, hub} = await status();
	t.like(igb, {loaded: {origin: 'stock'}, file: {origin: 'stock'}});
	t.is(hub.loaded, null);
});
