// Faults that are made for real, and what `vfctl explain` says of the words that the kernel, QEMU, libvirt and the
// tools then had for them: which entry, and that its remedy names the real device and guest. The boards that lack
// something are in platform.test.ts.
import type {ChildProcess} from 'node:child_process';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {repositoryDirectory} from '../../lab/paths.ts';
import {runBinary} from '../../lab/run.ts';
import type {ExplainedView, ExplainView} from '../../lib/render/explain-view.ts';
import {hostdevXml} from './helpers/hostdev-xml.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
const patientMs = 180_000;
// Three VFs of eth1: one that vm0 has, one of the host, one on vfio-pci for nobody.
const [given, hosts, free] = ['0000:01:10.0', '0000:01:10.2', '0000:01:10.4'] as const;
let group: string;

test.before(async () => {
	lab = await Lab.start({name: `explain-faults-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await lab.put(path.join(repositoryDirectory, 'test/lab/helpers/vfio-user.py'), '/root/vfio-user.py');
	await lab.exec('/lab/vfs 3', {timeoutMs: patientMs});
	await lab.exec(`cd /sys/bus/pci && echo vfio-pci > devices/${free}/driver_override && echo ${free} > devices/${free}/driver/unbind && echo ${free} > drivers_probe`);
	group = (await lab.exec(`basename "$(readlink /sys/bus/pci/devices/${free}/iommu_group)"`)).stdout.trim();
	await lab.exec('/lab/guest define vm9 && virsh dumpxml vm9 > /tmp/vm9.xml');
});

test.after.always(async () => {
	await lab?.down();
});

async function attach(guest: string, xml: string): Promise<string> {
	await lab.exec(['sh', '-c', 'printf "%s" "$1" > "/tmp/$2.xml"', '-', xml, guest]);
	return `virsh attach-device ${guest} /tmp/${guest}.xml --live`;
}

/** A command that starts vm9 with more in its definition. */
async function startWith(edit: string): Promise<string> {
	await lab.exec(['sh', '-c', 'sed "$1" /tmp/vm9.xml > /tmp/vm9-now.xml && virsh define /tmp/vm9-now.xml', '-', edit]);
	return 'virsh start vm9';
}

/** What is said of the words that a command fails with. */
async function said(command: string): Promise<ExplainView> {
	const {code} = await lab.exec(`(${command}) > /tmp/said 2>&1`, {ok: 'any', timeoutMs: patientMs});
	if (code === 0) {
		throw new Error(`${command} was to fail`);
	}

	return (await vfctl.run(['explain', '/tmp/said', '--this-host'], {code: [0, 11]})).json as ExplainView;
}

/** What is said of the host's own logs. */
async function logged(): Promise<ExplainView> {
	return (await vfctl.run(['explain'], {code: [0, 11]})).json as ExplainView;
}

/** The only thing with that id, and that nothing in the words of a command was left unexplained. */
async function only(t: ExecutionContext, view: ExplainView, id: string): Promise<ExplainedView> {
	// virsh begins with a line that only tells what was tried.
	const whole = view.explained.filter(({partOf}) => partOf.length === 0);
	t.deepEqual([whole.map(one => one.id), view.unknown.lines], [[id], []], (await lab.exec('cat /tmp/said')).stdout);
	return whole[0]!;
}

function byId({explained}: ExplainView, id: string): ExplainedView | undefined {
	return explained.find(one => one.id === id);
}

function commandsOf(one: ExplainedView | undefined): string {
	return one?.remedies.map(({command}) => command ?? '').join('\n') ?? '';
}

test.serial('more VFs than the card has: the shell, and tee, which names the file', async t => {
	t.like(await only(t, await said('bash -c "echo 8 > /sys/class/net/eth2/device/sriov_numvfs"'), 'shell.write-out-of-range'), {severity: 'error'});
	const told = await only(t, await said('echo 8 | tee /sys/class/net/eth2/device/sriov_numvfs > /dev/null'), 'shell.write-out-of-range');
	t.like(told, {severity: 'error', fields: {netdev: 'eth2', bdf: '0000:02:00.0'}});
	t.regex(commandsOf(told), /^vfctl list eth2; cat \/sys\/class\/net\/eth2\/device\/sriov_totalvfs$/m);
});

test.serial('a second guest wants the VF of the first', async t => {
	await lab.exec(await attach('vm0', hostdevXml(given)), {timeoutMs: patientMs});
	const told = await only(t, await said(await attach('vm1', hostdevXml(given))), 'libvirt.device-in-use');
	t.like(told, {severity: 'error', fields: {bdf: given, guest: 'vm0', pf: 'eth1', vf: '0'}});
	t.regex(commandsOf(told), /vm0/);
});

test.serial('a VF that is still with its driver: libvirt without managed, and QEMU alone', async t => {
	const unmanaged = await only(t, await said(await attach('vm1', hostdevXml(hosts, 'no'))), 'libvirt.unmanaged-not-detached');
	t.like(unmanaged, {severity: 'error', fields: {bdf: hosts, pf: 'eth1', vf: '1'}});
	t.regex(commandsOf(unmanaged), /^vfctl bind 0000:01:10\.2 vfio-pci --persist$/m);
	const missing = await only(t, await said(qemuWith(hosts)), 'qemu.group-missing');
	t.like(missing, {severity: 'error', fields: {bdf: hosts, pf: 'eth1', vf: '1'}});
	t.regex(commandsOf(missing), /vfctl bind 0000:01:10\.2 vfio-pci/);
});

function qemuWith(bdf: string): string {
	return `exec timeout 60 qemu-system-x86_64 -M q35 -accel kvm -nodefaults -display none -S -m 64 -device vfio-pci,host=${bdf}`;
}

test.serial('a VLAN that the PF set, and another that the VF asks for', async t => {
	await lab.exec('ip link set eth1 vf 1 vlan 100');
	await lab.exec(`n=$(ls /sys/bus/pci/devices/${hosts}/net) && ip link set $n up && ip link add link $n name tagged type vlan id 5`);
	await lab.waitFor('dmesg | grep -q "VF 1 attempted to override administratively set VLAN tag"', {timeoutMs: patientMs});
	await lab.exec('ip link del tagged && ip link set eth1 vf 1 vlan 0');
	t.like(byId(await logged(), 'igb.vf-override-vlan'), {severity: 'warning', fields: {bdf: '0000:01:00.0', netdev: 'eth1', vf: '1', vfBdf: hosts}});
});

test.serial('a program has the VF by VFIO', async t => {
	const program = lab.spawn(`exec python3 /root/vfio-user.py hold ${free}`);
	await untilReady(program);
	const view = await said(await attach('vm1', hostdevXml(free)));
	program.stdin.end();
	await lab.waitFor('! pgrep -f "[v]fio-user.py"', {timeoutMs: patientMs});
	await backOnVfio();
	const told = await only(t, view, 'qemu.group-busy');
	t.like(told, {severity: 'error', fields: {bdf: free, group, pf: 'eth1', vf: '2'}});
	t.regex(commandsOf(told), new RegExp(`^fuser -v /dev/vfio/${group};.*\nvfctl show ${free};`, 'm'));
});

async function untilReady(program: ChildProcess): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		program.stdout!.on('data', chunk => {
			if (String(chunk).includes('ready')) {
				resolve();
			}
		});
		program.once('close', code => {
			reject(new Error(`vfio-user.py ended with ${code}`));
		});
	});
}

/** libvirt gives a device back to its driver when it fails. */
async function backOnVfio(): Promise<void> {
	await lab.exec(`cd /sys/bus/pci && echo vfio-pci > devices/${free}/driver_override && if [ "$(basename "$(readlink devices/${free}/driver)")" != vfio-pci ]; then [ ! -e devices/${free}/driver ] || echo ${free} > devices/${free}/driver/unbind; echo ${free} > drivers_probe; fi`);
}

test.serial('a VF that reads where it has no memory', async t => {
	await lab.exec(`python3 /root/vfio-user.py stray ${free} < /dev/null`, {timeoutMs: patientMs});
	await lab.waitFor('dmesg | grep -q "DMAR: .*fault addr 0x12340000"', {timeoutMs: patientMs});
	const told = byId(await logged(), 'dmar.fault-not-mapped');
	t.like(told, {severity: 'danger', fields: {bdf: free, pf: 'eth1', vf: '2', address: '0x12340000', access: 'Read'}});
	t.regex(commandsOf(told), new RegExp(free.replaceAll('.', '\\.')));
});

test.serial('a device whose group the host uses', async t => {
	// The functions of the chipset are one group: the ISA bridge and the disk controller stay with the host.
	const told = await only(t, await said(await startWith(`s#</devices>#${hostdevXml('0000:00:1f.3')}</devices>#`)), 'qemu.group-not-viable');
	const number = (await lab.exec('basename "$(readlink /sys/bus/pci/devices/0000:00:1f.3/iommu_group)"')).stdout.trim();
	t.like(told, {severity: 'error', fields: {bdf: '0000:00:1f.3', group: number}});
	const ofGuest = (await logged()).explained.find(({id, log}) => id === 'qemu.group-not-viable' && log === '/var/log/libvirt/qemu/vm9.log');
	t.like(ofGuest, {fields: {bdf: '0000:00:1f.3', group: number, guest: 'vm9'}});
});

test.serial('a hard limit below the memory of a guest with a VF', async t => {
	t.like(await only(t, await said(await startWith(`s#<vcpu#<memtune><hard_limit unit='MiB'>200</hard_limit></memtune><vcpu#; s#</devices>#${hostdevXml(free)}</devices>#`)), 'libvirt.qemu-died-at-start'), {fields: {guest: 'vm9'}});
	await backOnVfio();
	const view = await logged();
	const told = byId(view, 'qemu.oom-own-limit');
	t.like(told, {severity: 'error', fields: {guest: 'vm9'}});
	t.regex(commandsOf(told), /^virsh memtune vm9;/m);
	t.deepEqual(byId(view, 'qemu.oom-killed')?.partOf, [told!.number]);
});

test.serial('a limit of locked memory that is too low', async t => {
	await lab.exec(`chown libvirt-qemu /dev/vfio/${group}`);
	const told = await only(t, await said(`prlimit --memlock=33554432 setpriv --reuid=libvirt-qemu --regid=kvm --clear-groups --bounding-set=-all sh -c '${qemuWith(free)}'`), 'qemu.dma-map-no-memory');
	t.like(told, {severity: 'error', fields: {bdf: free, pf: 'eth1', vf: '2'}});
	t.like(byId(await logged(), 'vfio.memlock-exceeded'), {severity: 'error', fields: {limit: '33554432'}});
});

test.serial('AppArmor keeps a guest from its VFIO node', async t => {
	// A profile with the name that libvirt gives it, without the rule that libvirt would have written for this device.
	const uuid = (await lab.exec('virsh domuuid vm9')).stdout.trim();
	const profile = `profile libvirt-${uuid} { capability, network, signal, unix, / r, /{usr,lib,lib64,bin,lab,etc,proc,sys,tmp,run}/** rmlkix, /dev/* rw, /dev/{pts,shm}/** rw, /dev/vfio/vfio rw, }`;
	const features = '/etc/apparmor.d/abi/3.0';
	const {stdout} = await runBinary(['apparmor_parser', '--skip-kernel-load', '--skip-cache', '--stdout', '--kernel-features', features, '--policy-features', features], {timeoutMs: 60_000, input: profile});
	await lab.exec('mountpoint -q /sys/kernel/security || mount -t securityfs security /sys/kernel/security');
	await lab.exec('cat > /sys/kernel/security/apparmor/.replace', {input: stdout});
	const told = await only(t, await said(`echo "exec libvirt-${uuid}" > /proc/self/attr/apparmor/exec; ${qemuWith(free)}`), 'qemu.group-denied');
	t.like(told, {severity: 'error', fields: {bdf: free, group}});
	const denied = byId(await logged(), 'access.apparmor-vfio');
	t.like(denied, {severity: 'error', fields: {path: `/dev/vfio/${group}`, guest: 'vm9', bdf: free}});
	t.regex(commandsOf(denied), new RegExp(`^vfctl attach vm9 ${free.replaceAll('.', '\\.')}$`, 'm'));
});

test.serial('a kernel whose modules are gone', async t => {
	await lab.exec('virsh destroy vm0');
	await lab.waitFor('modprobe -r vfio_pci vfio_iommu_type1', {timeoutMs: patientMs});
	await lab.exec('mount -t tmpfs none /lib/modules/$(uname -r)');
	try {
		t.like(await only(t, await said('modprobe vfio-pci'), 'modules.not-found'), {severity: 'error', fields: {module: 'vfio-pci'}});
		t.like(await only(t, await said(await attach('vm1', hostdevXml(hosts))), 'libvirt.no-passthrough'), {severity: 'error'});
	} finally {
		await lab.exec('umount /lib/modules/$(uname -r)');
	}
});

test.serial('of the host\'s logs nothing else is called an error', async t => {
	const {explained} = await logged();
	const found = new Set(explained.filter(({severity, partOf}) => (severity === 'error' || severity === 'danger') && partOf.length === 0).map(({severity, id}) => `${severity} ${id}`));
	// What libvirt refuses before it tries (OPERATION_INVALID) it does not log.
	t.deepEqual([...found].sort(), [
		'danger dmar.fault-not-mapped', 'error access.apparmor-vfio', 'error libvirt.no-passthrough', 'error libvirt.qemu-died-at-start',
		'error qemu.group-busy', 'error qemu.group-not-viable', 'error qemu.oom-own-limit', 'error vfio.memlock-exceeded',
	]);
});
