// The doctor on a real host: what it finds when all is well, and each state that is broken for real.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import type {DoctorView, FindingView} from '../../lib/render/doctor-view.ts';
import {killed, LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
/** What is found when nothing is broken. */
let usual: string[] = [];
const vf = '0000:01:10.0';
const statuses = [0, 11, 12, 13];

test.before(async () => {
	lab = await Lab.start({name: `doctor-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('/lab/vfs 2', {timeoutMs: 120_000});
});

test.after.always(async () => {
	await lab?.down();
});

async function doctor(...names: string[]): Promise<DoctorView & {code: number}> {
	const {json, code} = await vfctl.run(['doctor', ...names], {code: statuses});
	return {...json as DoctorView, code};
}

function short({severity, id, subject}: FindingView): string {
	return [severity ?? 'unseen', id, ...subject === null ? [] : [subject]].join(' ');
}

async function found(...names: string[]): Promise<string[]> {
	return (await doctor(...names)).findings.filter(({status}) => status !== 'ok').map(finding => short(finding));
}

/** Sees the finding that tells of what was broken, what follows from it, and nothing else that is new. */
async function seen(t: ExecutionContext, finding: string, ...following: string[]): Promise<FindingView> {
	const {findings, code} = await doctor();
	const bad = findings.filter(({status}) => status !== 'ok');
	t.deepEqual(bad.map(one => short(one)).filter(one => !usual.includes(one)), [finding, ...following]);
	const one = bad.find(candidate => short(candidate) === finding)!;
	t.true(one.evidence.length > 0);
	t.is(code, one.severity === 'warning' ? 12 : 11);
	return one;
}

test.serial('when all is well', async t => {
	const {findings, code} = await doctor();
	const bad = findings.filter(({status}) => status !== 'ok');
	usual = bad.map(finding => short(finding));
	t.log(bad.map(finding => `${short(finding)}: ${finding.what} ${JSON.stringify(finding.evidence)}`).join('\n'));
	// QEMU gives the kernel its arguments here; GRUB, which is installed and does not boot, would not.
	t.deepEqual(usual, ['warning libvirt.default-network default', 'warning host.kernel-arguments']);
	t.is(code, 12);
	t.log(findings.filter(({status}) => status === 'ok').map(({id, subject, what}) => `${id} ${subject ?? ''}: ${what}`).join('\n'));
	// Where the last VF will be is foretold from the PCI tree.
	const last = findings.find(({id, subject}) => id === 'sriov.bus-numbers' && subject === 'eth2')!.evidence.find(({source}) => source.startsWith('its last VF'))!.said;
	await lab.exec('/lab/vfs 7 0000:02:00.0', {timeoutMs: 120_000});
	t.is(`${(await lab.exec('basename "$(readlink /sys/class/net/eth2/device/virtfn6)"')).stdout.trim()}, bus 02`, last);
	await lab.exec('/lab/vfs 2 0000:02:00.0', {timeoutMs: 120_000});
});

test.serial('a PF that is down: found, put right, undone', async t => {
	await lab.exec('ip link set eth1 down');
	await seen(t, 'error sriov.pf-up eth1');
	t.true((await vfctl.run(['doctor', '--fix', 'sriov.pf-up'])).json.changed);
	t.deepEqual(await found('sriov'), []);
	await vfctl.run(['undo', '--yes']);
	t.regex((await lab.exec('ip link show eth1')).stdout, /^\d+: eth1: <BROADCAST,MULTICAST> /);
	await lab.exec('ip link set eth1 up');
});

test.serial('a driver_override that was left behind', async t => {
	await lab.exec(`echo vfio-pci > /sys/bus/pci/devices/${vf}/driver_override`);
	await seen(t, 'warning sriov.driver-override eth1#0');
	await vfctl.run(['doctor', '--fix', 'sriov.driver-override']);
	t.regex((await lab.exec(`cat /sys/bus/pci/devices/${vf}/driver_override`)).stdout, /^(?:\(null\))?\s*$/);
	t.is((await lab.exec(`basename "$(readlink /sys/bus/pci/devices/${vf}/driver)"`)).stdout.trim(), 'igbvf');
	t.deepEqual(await found('sriov'), []);
});

test.serial('a VF on vfio-pci for nobody goes back to its driver, and undo gives it to vfio-pci again', async t => {
	await lab.exec(`modprobe vfio-pci && cd /sys/bus/pci && echo vfio-pci > devices/${vf}/driver_override && echo ${vf} > devices/${vf}/driver/unbind && echo ${vf} > drivers_probe`);
	await seen(t, 'warning sriov.orphans eth1#0');
	await vfctl.capture('/tmp/before.rec');
	await vfctl.run(['doctor', '--fix', 'sriov.orphans']);
	t.is((await lab.exec(`basename "$(readlink /sys/bus/pci/devices/${vf}/driver)"`)).stdout.trim(), 'igbvf');
	t.deepEqual(await found('sriov'), []);
	await vfctl.run(['undo', '--yes']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);

	// Its group is open to everybody meanwhile.
	const node = `/dev/vfio/${(await lab.exec(`basename "$(readlink /sys/bus/pci/devices/${vf}/iommu_group)"`)).stdout.trim()}`;
	await lab.exec(`chmod 0666 ${node}`);
	t.deepEqual(await found('vfio'), [`danger vfio.permissions ${node}`]);
	await lab.exec(`chmod 0600 ${node}`);
	await vfctl.run(['doctor', '--fix', 'sriov.orphans']);
});

test.serial('the default network: started, and stopped again by undo', async t => {
	await vfctl.capture('/tmp/before.rec');
	await vfctl.run(['doctor', '--fix', 'libvirt.default-network']);
	t.deepEqual(await found('libvirt'), []);
	// While it runs the host must forward.
	await lab.exec('sysctl -qw net.ipv4.ip_forward=0');
	t.deepEqual(await found('network'), ['error network.forwarding default']);
	await lab.exec('sysctl -qw net.ipv4.ip_forward=1');
	t.deepEqual(await found('network'), []);
	await vfctl.run(['undo', '--yes']);
	// The kernel keeps the modules that the bridge and libvirt's rules loaded, and libvirt leaves forwarding on.
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec', {except: ['/sys/module/', '/proc/sys/net/ipv4/ip_forward']}), []);
});

test.serial('a guest that names a VF which is not there', async t => {
	await lab.exec('/lab/guest define vm9');
	await lab.exec(['sh', '-c', 'printf "%s" "$1" > /tmp/dev.xml && virsh attach-device vm9 /tmp/dev.xml --config', '-', "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x01' slot='0x11' function='0x0'/></source></hostdev>"]);
	const {what} = await seen(t, 'error libvirt.guest-devices vm9');
	t.regex(what, /0000:01:11\.0.*would be eth1#4/);
	await lab.exec('virsh undefine vm9');
});

test.serial('huge pages that a guest wants and nobody kept', async t => {
	await lab.exec('/lab/guest define vm9 && virsh dumpxml vm9 | sed "s#<vcpu#<memoryBacking><hugepages/></memoryBacking><vcpu#" > /tmp/vm9.xml && virsh define /tmp/vm9.xml');
	const {what} = await seen(t, 'error vfio.hugepages vm9');
	t.regex(what, /128 huge pages of 2M/);
	await vfctl.run(['doctor', '--fix', 'vfio.hugepages']);
	t.is((await lab.exec('cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages')).stdout.trim(), '128');
	t.deepEqual(await found('vfio'), []);
	await vfctl.run(['undo', '--yes']);
	t.is((await lab.exec('cat /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages')).stdout.trim(), '0');
	await lab.exec('virsh undefine vm9');
});

test.serial('a kernel without vfio-pci', async t => {
	await lab.exec('modprobe -r vfio_pci vfio_iommu_type1 && dep=/lib/modules/$(uname -r)/modules.dep && sed "/vfio/d" $dep > /tmp/modules.dep && mount --bind /tmp/modules.dep $dep');
	try {
		// libvirt looks for /dev/vfio/vfio, which goes with the module.
		const {fix} = await seen(t, 'error vfio.modules', 'error libvirt.hostdev');
		t.regex(fix!.commands.join('\n'), /^apt install --reinstall linux-image-\S+\ndepmod -a$/);
	} finally {
		await lab.exec('umount /lib/modules/$(uname -r)/modules.dep; modprobe -a vfio-pci');
	}

	t.deepEqual(await found('vfio', 'libvirt.hostdev'), []);
});

test.serial('a PF in a bridge that does not know the guest there: put right, undone, and by what would have been typed', async t => {
	await lab.exec('ip link add br9 type bridge && ip link set br9 up && ip link set eth2 master br9 && virsh attach-interface vm0 bridge br9 --mac 52:54:00:99:00:01 --model virtio --live');
	const {fix} = await seen(t, 'warning sriov.bridged-pf eth2');
	t.deepEqual(fix!.commands, ['bridge fdb add 52:54:00:99:00:01 dev eth2 self']);
	t.true((await vfctl.run(['doctor', '--fix', 'sriov.bridged-pf'])).json.changed);
	t.deepEqual(await found('sriov'), []);
	await vfctl.run(['undo', '--yes']);
	t.deepEqual(await found('sriov'), ['warning sriov.bridged-pf eth2']);
	await lab.exec(fix!.commands[0]!);
	t.deepEqual(await found('sriov'), []);
	await lab.exec('bridge fdb del 52:54:00:99:00:01 dev eth2 self; virsh detach-interface vm0 bridge --mac 52:54:00:99:00:01 --live; ip link set eth2 nomaster; ip link del br9');
});

test.serial('an operation that was cut off', async t => {
	await vfctl.run(['vf', 'set', 'eth1#0', '--vlan', '7'], {env: {VFCTL_FAULT: 'kill@1:after'}, code: killed});
	const {fix} = await seen(t, `error host.journal operation ${await newestOperation()}`);
	t.deepEqual(fix!.commands, ['vfctl recover']);
	await vfctl.run(['recover']);
	t.deepEqual(await found('host.journal'), []);
});

async function newestOperation(): Promise<number> {
	return Number((await lab.exec('ls /var/lib/vfctl/journal | sort | tail -n 1')).stdout.trim().replace('.jsonl', ''));
}

test.serial('libvirtd that was stopped', async t => {
	await lab.exec('kill $(cat /run/libvirtd.pid)');
	await lab.waitFor('! pgrep -x libvirtd');
	const answers = await found();
	t.true(answers.includes('error libvirt.reachable'), answers.join('\n'));
	t.deepEqual(answers.filter(one => one.startsWith('unseen')).sort(), ['unseen libvirt.default-network default', 'unseen libvirt.guest-devices', 'unseen libvirt.guest-networks', 'unseen libvirt.hostdev', 'unseen vfio.hugepages', 'unseen vfio.memlock'].sort());
	// It comes back with a list of nodes that has no /dev/kvm: a guest does not start, and the doctor knows why.
	await lab.exec('cp /etc/libvirt/qemu.conf /tmp/qemu.conf && echo \'cgroup_device_acl = [ "/dev/null", "/dev/full", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/ptmx" ]\' >> /etc/libvirt/qemu.conf');
	await lab.exec('libvirtd -d');
	await lab.waitFor('virsh -c qemu:///system list');
	t.deepEqual((await found()).filter(one => !usual.includes(one)), ['error libvirt.device-access']);
	await lab.exec('/lab/guest define vm9');
	await lab.exec('virsh start vm9 > /tmp/said 2>&1', {ok: [1]});
	const {explained} = (await vfctl.run(['explain', '/tmp/said', '--this-host'], {code: 11})).json;
	t.like(explained.find(({id}: {id: string}) => id === 'qemu.kvm-missing')?.remedies.at(-1), {command: 'vfctl doctor cpu libvirt.device-access'});
	await lab.exec('virsh undefine vm9; kill $(cat /run/libvirtd.pid)');
	await lab.waitFor('! pgrep -x libvirtd');
	await lab.exec('cp /tmp/qemu.conf /etc/libvirt/qemu.conf && libvirtd -d');
	await lab.waitFor('virsh -c qemu:///system list');
	t.deepEqual(await found(), usual);
});
