// `vfctl doctor` on simulated hosts: what it finds on each, every check in each of its answers, and
// what it puts right.
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import type {Severity} from '../lib/model/doctor.ts';
import {allChecks} from '../lib/plan/doctor/checks.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord, RecordEntry} from '../lib/record/record.ts';
import type {HostBuilder} from '../lib/sim/build-facts.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import type {DoctorView, FindingView} from '../lib/render/doctor-view.ts';
import {bootHost} from './helpers/boot-world.ts';
import {captured, hosts, vfctl} from './helpers/plan-world.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

async function doctor(host: SimHost, ...words: string[]): Promise<DoctorView> {
	const {json, error} = await vfctl(host, ['doctor', ...words]);
	if (error) {
		throw error;
	}

	return json as unknown as DoctorView;
}

function short({severity, id, subject}: FindingView): string {
	return [severity ?? 'unseen', id, ...subject === null ? [] : [subject]].join(' ');
}

// Whole hosts

// libvirt's default network is switched off on all of them, as the builder makes it; that is left out.
const expected: Readonly<Record<string, readonly string[]>> = {
	'seed-82599': [], 'i350': [], 'xl710-64': [],
	// A port without ACS: VFs, PF, port and disk controller in one group.
	'shared-group': ['warning iommu.acs enp5s0f0', 'error iommu.viability group 12'],
	// No DMAR table, so it is the firmware; and no boot loader is known whose next boot could be told.
	'no-iommu': ['error iommu.translation', 'unseen iommu.interrupt-remapping', 'unseen host.kernel-arguments'],
	'no-intremap': ['error iommu.interrupt-remapping'],
	// eno3 is in br1 with VFs, and the guests are on br1.
	'management': ['warning sriov.bridged-pf eno3'],
	// The disk that carries / is in the group of a PF and its VFs.
	'disk': ['error iommu.viability group 9'],
	'usual': [], 'pool': [], 'taken': [], 'saved': [], 'namespace': [], 'all-taken': [],
	'pf-address': [], 'pf-route': [], 'pf-vlan': [], 'pf-bond': [], 'pf-bridge': [], 'pf-ssh': [], 'pf-ssh-bond': [], 'vf-address': [], 'vf-ssh': [], 'full': [],
	'no-driver': ['warning sriov.pf-driver 0000:03:00.0'],
	// Somebody's choice: DPDK.
	'pf-on-vfio': [],
	'unsafe-interrupts': ['error iommu.interrupt-remapping', 'danger iommu.unsafe-interrupts'],
	'no-libvirt': ['unseen vfio.hugepages', 'unseen libvirt.reachable', 'unseen libvirt.guest-networks', 'unseen libvirt.hostdev', 'unseen libvirt.guest-devices'],
	'bare': ['error cpu.kvm-module'],
	// On vfio-pci by a pin that no rule keeps, and for nobody.
	'pinned': ['warning sriov.orphans pf0#0'],
};

for (const [name, make] of Object.entries(hosts)) {
	test(`${name}: what is found`, async t => {
		const {findings, counts, verdict} = await doctor(simHost(make()));
		t.deepEqual(findings.filter(({status, id}) => status !== 'ok' && id !== 'libvirt.default-network').map(finding => short(finding)), expected[name], name);
		t.is(findings.find(({id}) => id === 'libvirt.default-network')?.status, name === 'no-libvirt' ? 'could-not-look' : 'bad');
		t.is(counts.ok + counts.warning + counts.error + counts.danger + counts.couldNotLook, findings.length);
		t.is(verdict, counts.error + counts.danger > 0 ? 'error' : counts.warning > 0 ? 'warning' : 'could-not-look');
		for (const finding of findings) {
			t.is(finding.severity !== null, finding.status === 'bad', finding.id);
			t.is(finding.meaning !== null, finding.status === 'bad', finding.id);
			t.true(finding.status !== 'bad' || (finding.evidence.length > 0 && finding.fix !== null), finding.id);
		}
	});
}

const fixtures = join(root, 'test', 'fixtures', 'hosts');

test('the lab as it was recorded', async t => {
	const record = parseRecord(readFileSync(join(fixtures, 'lab.rec'), 'utf8'), 'lab');
	const {findings} = await doctor(simHost(record));
	// eth2#1 is on vfio-pci for nobody in that record; it is older than what is read of the daemon.
	t.deepEqual(findings.filter(({status}) => status !== 'ok').map(finding => short(finding)), ['warning sriov.orphans eth2#1', 'unseen vfio.memlock', 'warning libvirt.default-network default']);
});

// Every check

interface Changes {
	/** Text by path; null takes it away, with what is below. */
	files?: Readonly<Record<string, string | null>>;
	commands?: ReadonlyArray<readonly [argv: string, stdout: string]>;
	options?: SimOptions;
}

function changed(record: HostRecord, {files = {}, commands = [], options = {}}: Changes): SimHost {
	const entries = new Map<string, RecordEntry>(record.entries);
	for (const [path, text] of Object.entries(files)) {
		for (const key of [...entries.keys()].filter(one => one === path || one.startsWith(`${path}/`))) {
			entries.delete(key);
		}

		if (text !== null) {
			entries.set(path, {kind: 'text', text});
		}
	}

	return simHost({...record, entries, commands: [...commands.map(([argv, stdout]) => ({argv: argv.split(' '), code: 0, stdout, stderr: ''})), ...record.commands]}, options);
}

const port = '/sys/devices/pci0000:00/0000:00:01.0';
const pf = `${port}/0000:03:00.0`;
const vf = `${port}/0000:03:10.0`;
const one = (facts: Partial<Parameters<HostBuilder['pf']>[0]> = {}, base: Parameters<typeof hostBuilder>[1] = {}) => hostBuilder('one', base).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, ...facts}).guest({name: 'vm0'});
const usual = (changes: Changes = {}) => changed(one().record(), changes);
const cpuinfo = (flags: string) => `vendor_id\t: GenuineIntel\nflags\t\t: fpu ${flags}\n`;
const hostdev = (slot: string, fn: string) => `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x03' slot='0x${slot}' function='0x${fn}'/></source></hostdev>`;
const withHugepages = (record: HostRecord): HostRecord => ({...record, libvirt: record.libvirt && {...record.libvirt, domains: record.libvirt.domains.map(domain => domain.name === 'huge' ? {...domain, inactiveXml: domain.inactiveXml!.replace('<vcpu', '<memoryBacking><hugepages/></memoryBacking><vcpu')} : domain)}});
const withNetwork = (record: HostRecord, name: string): HostRecord => ({...record, libvirt: record.libvirt && {...record.libvirt, domains: record.libvirt.domains.map(domain => ({...domain, inactiveXml: domain.inactiveXml?.replace("<interface type='bridge'>", "<interface type='network'>").replace("<source bridge='br0'/>", `<source network='${name}'/>`)}))}});
const journalOf = (time: string, end: boolean, pid = 4711) => `${JSON.stringify({version: 1, number: 1, time, bootId: '3d1f6b52-77c4-4f0e-9a35-6f1d2c0b8e11', pid, commandLine: ['vfctl'], plan: {version: 1, subject: {command: 'tune'}, title: 'place interrupts', actions: [{kind: 'set-irq-affinity', bdf: '0000:03:00.0', irq: 77, from: '0-1', to: '1'}], warnings: [], risks: []}})}\n${[{event: 'step-begin', step: 1}, {event: 'step-done', step: 1}, ...end ? [{event: 'end', outcome: 'done'}] : []].map(event => `${JSON.stringify({...event, time})}\n`).join('')}`;
const past = '2020-01-01T00:00:00.000Z';
const tracing = '/sys/kernel/tracing';
const qemuConf = '/etc/libvirt/qemu.conf';
const journal = '/var/lib/vfctl/journal/000001.jsonl';
const daemon = (limit: string, capabilities: string) => ({'/proc/812/limits': `Max locked memory         ${limit}              ${limit}              bytes     \n`, '/proc/812/status': `CapEff:\t${capabilities}\n`});
const withCapabilities = (record: HostRecord, hostdevXml: string): HostRecord => ({...record, libvirt: record.libvirt && {...record.libvirt, hostdevXml: `<domainCapabilities><devices>${hostdevXml}</devices></domainCapabilities>`}});
const natNetwork = (record: HostRecord): HostRecord => ({...record, libvirt: record.libvirt && {...record.libvirt, networks: record.libvirt.networks.map(network => ({...network, active: true, autostart: true}))}});
const withOldBuild = {'/var/lib/vfctl/drivers/6.12.57+deb13-amd64/build.json': JSON.stringify({
	version: 1, kernel: '6.12.57+deb13-amd64', kernelVersion: '6.12.56', vfctl: '1.0', sources: '0'.repeat(64), source: {path: '/usr/src/x', kind: 'tarball'}, compiler: 'gcc', builtAtMs: 1000, steps: [], warnings: [], patches: [],
	modules: [{name: 'ixgbe', sha256: 'a'.repeat(64), srcversion: 'B', vermagic: '6.12.57+deb13-amd64', depends: []}],
}), '/lib/modules/6.12.57+deb13-amd64/kernel/x': '', '/lib/modules/6.12.57+deb13-amd64/build/include/generated/uapi/linux/version.h': '#define LINUX_VERSION_CODE 396345\n'};

function unreadableState(): SimHost {
	const host = usual({options: {uid: 1000}});
	host.machine.tree.directory('/var/lib/vfctl');
	return host;
}

type Expectation = 'ok' | 'could-not-look' | Severity | 'nothing';

// Every answer of every check. `nothing`: there is nothing to ask about.
const cases: ReadonlyArray<readonly [id: string, expectation: Expectation, why: string, make: () => SimHost]> = [
	['cpu.virtualization', 'ok', 'vmx', () => usual()],
	['cpu.virtualization', 'ok', 'svm', () => usual({files: {'/proc/cpuinfo': cpuinfo('svm')}})],
	['cpu.virtualization', 'error', 'no flag', () => usual({files: {'/proc/cpuinfo': cpuinfo('sse')}})],
	['cpu.virtualization', 'error', 'the firmware', () => usual({commands: [['dmesg', '[    0.05] x86/cpu: VMX (outside TXT) disabled by BIOS\n']]})],
	['cpu.virtualization', 'error', 'the firmware, as older kernels say it', () => usual({commands: [['dmesg', '[    9.1] kvm: disabled by bios\n']]})],
	['cpu.virtualization', 'could-not-look', 'nothing tells', () => usual({files: {'/proc/cpuinfo': null, '/dev/kvm': null}})],
	['cpu.kvm-module', 'ok', 'loaded', () => usual()],
	['cpu.kvm-module', 'error', 'not loaded', () => changed(one({}, {modules: ['kvm']}).record(), {})],
	['cpu.kvm-device', 'ok', 'there', () => usual()],
	['cpu.kvm-device', 'error', 'not there', () => usual({files: {'/dev/kvm': null}})],
	['cpu.nested', 'nothing', 'not a guest', () => usual()],
	['cpu.nested', 'ok', 'a guest with vmx', () => usual({files: {'/proc/cpuinfo': cpuinfo('vmx hypervisor')}})],
	['cpu.nested', 'warning', 'a guest without', () => usual({files: {'/proc/cpuinfo': cpuinfo('hypervisor')}})],

	['iommu.translation', 'ok', 'groups', () => usual()],
	['iommu.translation', 'error', 'no groups', () => simHost(hosts['no-iommu']!())],
	['iommu.translation', 'error', 'only on the command line', () => changed(one({}, {iommu: false, commandLine: 'ro intel_iommu=on iommu=pt'}).record(), {})],
	['iommu.groups', 'ok', 'identity', () => usual()],
	['iommu.groups', 'error', 'a PF outside', () => usual({files: {[`${pf}/iommu_group`]: null}})],
	['iommu.groups', 'could-not-look', 'no type', () => changed(one().record(), {files: Object.fromEntries([...one().record().entries.keys()].filter(path => path.endsWith('/type') && path.includes('iommu_groups')).map(path => [path, null]))})],
	['iommu.interrupt-remapping', 'ok', 'IR-', () => usual()],
	['iommu.interrupt-remapping', 'error', 'none', () => simHost(hosts['no-intremap']!())],
	['iommu.interrupt-remapping', 'could-not-look', 'no interrupts', () => usual({files: {'/proc/interrupts': ''}})],
	['iommu.unsafe-interrupts', 'ok', 'off', () => usual()],
	['iommu.unsafe-interrupts', 'danger', 'on', () => usual({files: {'/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts': 'Y\n'}})],
	['iommu.no-iommu-mode', 'ok', 'off', () => usual()],
	['iommu.no-iommu-mode', 'danger', 'on', () => usual({files: {'/sys/module/vfio/parameters/enable_unsafe_noiommu_mode': 'Y\n'}})],
	['iommu.acs-override', 'ok', 'not there', () => usual()],
	['iommu.acs-override', 'danger', 'there', () => usual({files: {'/proc/cmdline': 'ro pcie_acs_override=downstream\n'}})],
	['iommu.acs', 'ok', 'a port with ACS', () => usual()],
	['iommu.acs', 'warning', 'a port without', () => simHost(hosts['shared-group']!())],
	['iommu.acs', 'could-not-look', 'no config space', () => usual({files: {[`${port}/config`]: null}})],
	['iommu.viability', 'ok', 'alone', () => usual()],
	['iommu.viability', 'ok', 'two VFs of one guest', () => simHost(one({group: 50, vfGroup: 51}).guest({name: 'vm9', devices: [hostdev('10', '0'), hostdev('10', '2')]}).record())],
	['iommu.viability', 'error', 'with the disk', () => simHost(hosts['disk']!())],

	['sriov.capability', 'ok', 'VFs', () => usual()],
	['sriov.capability', 'warning', 'the firmware gives none', () => changed(one({vfs: 0}).record(), {files: {[`${pf}/sriov_totalvfs`]: null}})],
	['sriov.capability', 'error', 'no such card', () => simHost(hostBuilder('plain').nic({bdf: '0000:09:00.0', name: 'eno1'}).record())],
	['sriov.capability', 'could-not-look', 'not root', () => changed(hostBuilder('plain').nic({bdf: '0000:09:00.0', name: 'eno1'}).record(), {files: {'/sys/devices/pci0000:00/0000:00:01.0/0000:09:00.0/config': null}, options: {uid: 1000}})],
	['sriov.bus-numbers', 'ok', 'its own bus', () => usual()],
	['sriov.bus-numbers', 'ok', 'the next bus', () => simHost(one({card: 'i350', vfs: 0}).record())],
	['sriov.bus-numbers', 'error', 'none of them', () => simHost(one({card: 'i350', vfs: 0, narrow: true}).record())],
	['sriov.bus-numbers', 'warning', 'some of them', () => simHost(one({totalVfs: 100, narrow: true}).record())],
	['sriov.bus-numbers', 'could-not-look', 'no offset', () => usual({files: {[`${pf}/sriov_offset`]: null}})],
	['sriov.ari', 'ok', 'on', () => usual()],
	['sriov.ari', 'error', 'off', () => usual({files: {[`${pf}/ari_enabled`]: '0\n'}})],
	['sriov.ari', 'could-not-look', 'not told', () => usual({files: {[`${pf}/ari_enabled`]: null}})],
	['sriov.mmio', 'ok', 'addresses', () => simHost(one({vfs: 0}).record())],
	['sriov.mmio', 'error', 'none', () => simHost(one({vfs: 0, noVfAddresses: true}).record())],
	['sriov.mmio', 'could-not-look', 'not told', () => changed(one({vfs: 0}).record(), {files: {[`${pf}/resource`]: null}})],
	['sriov.pf-driver', 'ok', 'ixgbe', () => usual()],
	['sriov.pf-driver', 'warning', 'none', () => simHost(hosts['no-driver']!())],
	['sriov.pf-up', 'ok', 'up', () => usual()],
	['sriov.pf-up', 'nothing', 'down, without VFs', () => simHost(one({up: false, vfs: 0}).record())],
	['sriov.pf-up', 'error', 'down', () => simHost(one({up: false}).record())],
	['sriov.pf-up', 'could-not-look', 'in another namespace', () => usual({files: {'/sys/class/net/pf0': null, [`${pf}/net/pf0`]: null}})],
	['sriov.bridged-pf', 'warning', 'a guest that the card does not know', () => simHost(hosts['management']!())],
	['sriov.bridged-pf', 'ok', 'all known', () => simHost(hosts['management']!(), {tools: {bridge: () => ({code: 0, stderr: '', stdout: JSON.stringify(['00', '01', '02'].map(end => ({mac: `52:54:00:a0:00:${end}`, ifname: 'eno3', flags: ['self'], state: 'permanent'})))})}})],
	['sriov.bridged-pf', 'could-not-look', 'no bridge program', () => simHost(hosts['management']!(), {missingTools: ['bridge']})],
	['sriov.bridged-pf', 'could-not-look', 'nonsense of the bridge program', () => simHost(hosts['management']!(), {tools: {bridge: () => ({code: 0, stderr: '', stdout: '{"a'})}})],
	['sriov.orphans', 'ok', 'none', () => usual()],
	['sriov.orphans', 'ok', 'a guest has it', () => simHost(hosts['taken']!())],
	['sriov.orphans', 'ok', 'a rule wants it', () => changed(one({vfDrivers: {0: 'vfio-pci'}}).record(), {files: {'/etc/udev/rules.d/70-vfctl-0000:03:10.0.rules': 'ATTR{driver_override}="vfio-pci"\n'}})],
	['sriov.orphans', 'ok', 'a pool wants it', () => simHost(one({vfDrivers: {0: 'vfio-pci'}}).pool({name: 'p', pf: 'pf0'}).record())],
	['sriov.orphans', 'warning', 'nobody has it', () => simHost(hosts['pinned']!())],
	['sriov.orphans', 'error', 'the PF lost its driver', () => changed(one().record(), {files: {[`${pf}/driver`]: null, [`${pf}/uevent`]: 'PCI_CLASS=20000\nPCI_ID=8086:10FB\n'}})],
	['sriov.orphans', 'could-not-look', 'libvirt does not tell', () => simHost(hosts['pinned']!(), {libvirt: 'unreachable'})],
	['sriov.orphans', 'could-not-look', 'not root', () => simHost(hosts['pinned']!(), {uid: 1000})],
	['sriov.driver-override', 'ok', 'none', () => usual()],
	['sriov.driver-override', 'ok', 'driverctl\'s word for no driver', () => usual({files: {[`${vf}/driver_override`]: 'none\n'}})],
	['sriov.driver-override', 'warning', 'another driver', () => usual({files: {[`${vf}/driver_override`]: 'vfio-pci\n'}})],
	['sriov.driver-override', 'warning', 'of the PF', () => usual({files: {[`${pf}/driver_override`]: 'vfio-pci\n'}})],

	['driver.known-trouble', 'ok', 'nothing known', () => usual()],
	['driver.known-trouble', 'warning', 'E610 on 6.12', () => usual({files: {[`${pf}/uevent`]: 'DRIVER=ixgbe\nPCI_CLASS=20000\nPCI_ID=8086:57AF\n'}})],
	['driver.known-trouble', 'ok', 'E610 on 6.18', () => usual({files: {[`${pf}/uevent`]: 'DRIVER=ixgbe\nPCI_CLASS=20000\nPCI_ID=8086:57AF\n', '/proc/sys/kernel/osrelease': '6.18.1-amd64\n'}})],
	['driver.firmware', 'ok', 'a quiet log', () => usual()],
	['driver.firmware', 'error', 'firmware in its emergency mode', () => usual({commands: [['dmesg', '[    4.110281] ixgbe 0000:03:00.0: Firmware recovery mode detected. Limiting functionality. Refer to the Intel(R) Ethernet Adapters and Devices User Guide for details on firmware recovery mode.\n']]})],
	['driver.firmware', 'warning', 'firmware that is newer than the driver', () => changed(hostBuilder('two').pf({card: 'xl710', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).record(), {commands: [['dmesg', '[    4.1] i40e 0000:03:00.0: fw 9.130.73618 api 1.15 nvm 9.30 0x8000e606 1.3429.0\n[    4.2] i40e 0000:03:00.0: The driver for the device detected a newer version of the NVM image v1.15 than expected v1.9. Please install the most recent version of the network driver.\n']]})],
	['driver.firmware', 'ok', 'another card\'s firmware', () => usual({commands: [['dmesg', '[    4.110281] ixgbe 0000:83:00.0: Firmware recovery mode detected. Limiting functionality.\n']]})],
	['driver.firmware', 'could-not-look', 'no log', () => usual({options: {commandFailures: [{command: /^dmesg/, result: {code: 1, stderr: 'dmesg: read kernel buffer failed: Operation not permitted\n'}}]}})],
	['driver.mailbox', 'ok', 'a quiet log', () => usual()],
	['driver.mailbox', 'warning', 'a VF that resets all the time', () => usual({commands: [['dmesg', [1, 2, 3, 4, 5].map(second => `[  10${second}.000000] ixgbe 0000:03:00.0 pf0: VF Reset msg received from vf 0\n`).join('')]]})],
	['driver.mailbox', 'could-not-look', 'no log', () => usual({options: {commandFailures: [{command: /^dmesg/, result: {code: 1, stderr: 'dmesg: read kernel buffer failed: Operation not permitted\n'}}]}})],
	['driver.rebuilt', 'ok', 'nothing built', () => usual()],
	['driver.rebuilt', 'warning', 'built from an older kernel', () => usual({files: withOldBuild})],

	['driver.rebuilt', 'could-not-look', 'not root', () => unreadableState()],

	['vfio.modules', 'ok', 'loaded', () => usual()],
	['vfio.modules', 'ok', 'on the disk', () => changed(one({}, {modules: ['kvm', 'kvm_intel']}).record(), {})],
	['vfio.modules', 'error', 'the kernel has none', () => changed(one({}, {modules: ['kvm', 'kvm_intel']}).record(), {files: {'/lib/modules/6.12.57+deb13-amd64/modules.dep': 'kernel/drivers/net/dummy.ko:\n'}})],
	['vfio.modules', 'error', 'taken away by an update', () => changed(one({}, {modules: ['kvm', 'kvm_intel']}).record(), {files: {'/lib/modules/6.12.57+deb13-amd64': null, '/lib/modules/6.12.60/modules.dep': ''}})],
	['vfio.modules', 'could-not-look', 'no list', () => changed(one({}, {modules: ['kvm', 'kvm_intel']}).record(), {files: {'/lib/modules/6.12.57+deb13-amd64/modules.dep': null}})],
	['vfio.at-boot', 'nothing', 'persist is off', () => usual()],
	['vfio.at-boot', 'warning', 'persist without its modules', () => usual({files: {'/etc/systemd/system/vfctl.service': '[Unit]\n'}})],
	['vfio.at-boot', 'ok', 'persist', () => usual({files: {'/etc/systemd/system/vfctl.service': '[Unit]\n', '/etc/modules-load.d/vfctl.conf': '# Written by vfctl persist; vfctl persist off removes it.\nvfio-pci\nvfio_iommu_type1\n'}})],
	['vfio.permissions', 'ok', 'as udev makes them', () => simHost(hosts['taken']!())],
	['vfio.permissions', 'danger', 'for everybody', () => simHost(hosts['taken']!(), {tools: {stat: () => ({code: 0, stderr: '', stdout: '666 root:root /dev/vfio/vfio\n666 root:root /dev/vfio/7\n'})}})],
	['vfio.permissions', 'error', 'no container', () => usual({files: {'/dev/vfio/vfio': null}})],
	['vfio.permissions', 'could-not-look', 'no stat', () => simHost(hosts['taken']!(), {missingTools: ['stat']})],
	['libvirt.device-access', 'ok', 'libvirt\'s own list', () => usual({files: {[qemuConf]: 'user = "libvirt-qemu"\n#cgroup_device_acl = [\n#    "/dev/null"\n#]\n'}})],
	['libvirt.device-access', 'ok', 'a list with all that is needed', () => usual({files: {[qemuConf]: `cgroup_device_acl = [\n  "/dev/null", "/dev/full", "/dev/zero",\n  # more\n  "/dev/random", '/dev/urandom',\n  "/dev/ptmx", "/dev/kvm", "/dev/vfio/vfio"\n]\n`}})],
	['libvirt.device-access', 'error', 'a list without /dev/kvm', () => usual({files: {[qemuConf]: 'cgroup_device_acl = [ "/dev/null", "/dev/full", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/ptmx", "/dev/vfio/vfio" ]\n'}})],
	['libvirt.device-access', 'warning', 'a list without /dev/full', () => usual({files: {[qemuConf]: 'cgroup_device_acl = ["/dev/null","/dev/zero","/dev/random","/dev/urandom","/dev/ptmx","/dev/kvm"]\n'}})],
	['libvirt.device-access', 'ok', 'a list that is not used', () => usual({files: {[qemuConf]: 'cgroup_controllers = [ "cpu", "memory" ]\nnamespaces = [ ]\ncgroup_device_acl = [ "/dev/null" ]\n'}})],
	['libvirt.device-access', 'error', 'a list that only makes the guests\' /dev', () => usual({files: {[qemuConf]: 'cgroup_controllers = [ "cpu", "memory" ]\ncgroup_device_acl = [ "/dev/null" ]\n'}})],
	['libvirt.device-access', 'ok', 'version 1, and all is allowed', () => usual({files: {'/sys/fs/cgroup/devices/machine.slice/devices.list': 'a *:* rwm\n', '/proc/devices': 'Character devices:\n 10 misc\n511 vfio\n'}})],
	['libvirt.device-access', 'ok', 'version 1, and the nodes are allowed', () => usual({files: {'/sys/fs/cgroup/devices/devices.list': 'c 1:3 rwm\nc 10:196 rwm\nc 511:* rwm\n', '/proc/devices': 'Character devices:\n511 vfio\n'}})],
	['libvirt.device-access', 'error', 'version 1, in a container', () => usual({files: {'/sys/fs/cgroup/devices/devices.list': 'c *:* m\nc 1:3 rwm\nc 10:200 rwm\n', '/proc/devices': 'Character devices:\n511 vfio\n'}})],
	['libvirt.device-access', 'could-not-look', 'not root', () => changed({...one().record(), entries: new Map([...one().record().entries, [qemuConf, {kind: 'unreadable' as const}]])}, {options: {uid: 1000}})],
	['vfio.memlock', 'ok', 'may raise it', () => usual()],
	['vfio.memlock', 'ok', 'no limit', () => usual({files: daemon('unlimited', '0000000000000000')})],
	['vfio.memlock', 'error', 'a container', () => usual({files: daemon('67108864', '00000000a80425fb')})],
	['vfio.memlock', 'could-not-look', 'no pid file', () => usual({files: {'/run/libvirtd.pid': null}})],
	['vfio.memlock', 'could-not-look', 'the pid of another', () => usual({files: {'/proc/812/comm': 'bash\n'}})],
	['vfio.hugepages', 'ok', 'nobody wants some', () => usual()],
	['vfio.hugepages', 'error', 'too few', () => simHost(withHugepages(one().guest({name: 'huge', state: 'shutoff'}).record()))],
	['vfio.hugepages', 'ok', 'enough', () => changed(withHugepages(one().guest({name: 'huge', state: 'shutoff'}).record()), {files: {'/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '1024\n', '/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages': '1024\n'}})],
	['vfio.hugepages', 'warning', 'fewer than on the command line', () => usual({files: {'/proc/cmdline': 'ro intel_iommu=on iommu=pt hugepagesz=2M hugepages=512\n'}})],
	['vfio.hugepages', 'warning', 'fewer than kept', () => usual({files: {'/etc/tmpfiles.d/vfctl-hugepages.conf': 'w /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages - - - - 12\n'}})],
	['vfio.hugepages', 'could-not-look', 'libvirt does not tell', () => simHost(hosts['no-libvirt']!())],
	['vfio.signatures', 'ok', 'no lockdown', () => usual()],
	['vfio.signatures', 'ok', 'lockdown, and nothing of vfctl', () => usual({files: {'/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n'}})],
	['vfio.signatures', 'error', 'lockdown, and an unsigned driver', () => usual({files: {'/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n', '/lib/modules/6.12.57+deb13-amd64/modules.dep': 'updates/vfctl/ixgbe.ko:\n', '/lib/modules/6.12.57+deb13-amd64/updates/vfctl/ixgbe.ko': ''}, options: {tools: {modinfo: () => ({code: 0, stdout: '\n', stderr: ''})}}})],

	['libvirt.reachable', 'ok', 'answers', () => usual()],
	['libvirt.reachable', 'error', 'does not answer', () => usual({files: {'/usr/sbin/libvirtd': ''}, options: {libvirt: 'unreachable'}})],
	['libvirt.reachable', 'could-not-look', 'not installed', () => simHost(hosts['no-libvirt']!())],
	['libvirt.default-network', 'warning', 'off', () => usual()],
	['libvirt.default-network', 'error', 'off, and a guest is on it', () => simHost(withNetwork(one().record(), 'default'))],
	['libvirt.default-network', 'ok', 'runs', () => simHost(natNetwork(one().record()))],
	['libvirt.default-network', 'could-not-look', 'libvirt does not answer', () => simHost(hosts['no-libvirt']!())],
	['libvirt.guest-networks', 'ok', 'none named', () => usual()],
	['libvirt.guest-networks', 'error', 'missing', () => simHost(withNetwork(one().record(), 'lan'))],
	['libvirt.guest-networks', 'ok', 'runs', () => simHost(withNetwork(one().pool({name: 'lan', pf: 'pf0'}).record(), 'lan'))],
	['libvirt.guest-networks', 'could-not-look', 'libvirt does not answer', () => simHost(hosts['no-libvirt']!())],
	['libvirt.hostdev', 'ok', 'vfio', () => usual()],
	['libvirt.hostdev', 'nothing', 'no IOMMU', () => simHost(hosts['no-iommu']!())],
	['libvirt.hostdev', 'error', 'not', () => simHost(withCapabilities(one().record(), "<hostdev supported='no'/>"))],
	['libvirt.hostdev', 'error', 'no VFIO', () => simHost(withCapabilities(one().record(), "<hostdev supported='yes'><enum name='pciBackend'/></hostdev>"))],
	['libvirt.hostdev', 'could-not-look', 'libvirt does not answer', () => simHost(hosts['no-libvirt']!())],
	['libvirt.guest-devices', 'ok', 'there', () => simHost(hosts['taken']!())],
	['libvirt.guest-devices', 'error', 'not made', () => simHost(one({vfs: 0}).guest({name: 'vm9', state: 'shutoff', devices: [hostdev('10', '2')]}).record())],
	['libvirt.guest-devices', 'error', 'beyond the count', () => simHost(one().guest({name: 'vm9', state: 'shutoff', devices: [hostdev('11', '0')]}).record())],
	['libvirt.guest-devices', 'error', 'no VF of any PF', () => simHost(one().guest({name: 'vm9', state: 'shutoff', devices: [hostdev('01', '5')]}).record())],
	['libvirt.guest-devices', 'could-not-look', 'libvirt does not answer', () => simHost(hosts['no-libvirt']!())],

	['network.managers', 'ok', 'none', () => usual()],
	['network.managers', 'warning', 'NetworkManager', () => usual({files: {'/usr/sbin/NetworkManager': ''}})],
	['network.ifupdown', 'nothing', 'no ifupdown', () => usual()],
	['network.ifupdown', 'ok', 'lo', () => usual({files: {'/etc/network/interfaces': 'auto lo\niface lo inet loopback\n'}})],
	['network.ifupdown', 'warning', 'a VF', () => usual({files: {'/etc/network/interfaces.d/vfs': 'auto lo pf0v0\niface pf0v0 inet dhcp\n\twpa-psk secret\n'}})],
	['network.irqbalance', 'ok', 'does not run', () => usual()],
	['network.irqbalance', 'ok', 'runs, and nothing was tuned', () => usual({files: {'/proc/900/comm': 'irqbalance\n', '/proc/900/cmdline': '/usr/sbin/irqbalance\0--foreground\0'}})],
	['network.irqbalance', 'warning', 'undoes', () => usual({files: {'/proc/900/comm': 'irqbalance\n', '/proc/900/cmdline': '/usr/sbin/irqbalance\0--foreground\0', [journal]: journalOf(past, true)}})],
	['network.irqbalance', 'ok', 'is told to leave it', () => usual({files: {'/proc/900/comm': 'irqbalance\n', '/proc/900/cmdline': '/usr/sbin/irqbalance\0--banirq=77\0', [journal]: journalOf(past, true)}})],
	['network.forwarding', 'nothing', 'no network runs', () => usual()],
	['network.forwarding', 'ok', 'on', () => simHost(natNetwork(one().record()))],
	['network.forwarding', 'error', 'off', () => changed(natNetwork(one().record()), {files: {'/proc/sys/net/ipv4/ip_forward': '0\n'}})],
	['network.forwarding', 'could-not-look', 'not told', () => changed(natNetwork(one().record()), {files: {'/proc/sys/net/ipv4/ip_forward': null}})],

	['host.journal', 'ok', 'empty', () => usual()],
	['host.journal', 'ok', 'ended', () => usual({files: {[journal]: journalOf(past, true)}})],
	['host.journal', 'ok', 'at work', () => usual({files: {[journal]: journalOf(past, false), '/proc/4711/comm': 'vfctl\n'}})],
	['host.journal', 'error', 'cut off', () => usual({files: {[journal]: journalOf(past, false)}})],
	['host.journal', 'error', 'damaged', () => usual({files: {[journal]: '{"nonsense\nmore\n'}})],
	['host.journal', 'could-not-look', 'not root', () => unreadableState()],
	['host.clock', 'could-not-look', 'not root', () => unreadableState()],
	['host.clock', 'ok', 'empty', () => usual()],
	['host.clock', 'ok', 'past', () => usual({files: {[journal]: journalOf(past, true)}})],
	['host.clock', 'warning', 'future', () => usual({files: {[journal]: journalOf('2999-01-01T00:00:00.000Z', true)}})],
	['host.traces', 'nothing', 'no tracefs', () => usual()],
	['host.traces', 'ok', 'none', () => usual({files: {[`${tracing}/trace_clock`]: '[local]', [`${tracing}/instances/vfctl-4711/tracing_on`]: '1', '/proc/4711/comm': 'vfctl\n'}})],
	['host.traces', 'warning', 'left', () => usual({files: {[`${tracing}/trace_clock`]: '[local]', [`${tracing}/instances/vfctl-4711/tracing_on`]: '1'}})],
	['host.traces', 'could-not-look', 'not root', () => unreadableState()],
	['host.kernel-arguments', 'ok', 'nobody knows the loader, and the running kernel has them', () => usual()],
	['host.kernel-arguments', 'ok', 'the IOMMU is on without them', () => simHost(bootHost('debian-12'))],
	['host.kernel-arguments', 'warning', 'the next boot has them not', () => simHost(bootHost('debian-12', {'/proc/cmdline': 'ro intel_iommu=on iommu=pt\n'}))],
	['host.kernel-arguments', 'warning', 'written, not active', () => simHost(bootHost('debian-12', {'/etc/default/grub.d/50-vfctl.cfg': '# Written by vfctl persist; vfctl persist off removes it.\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on iommu=pt"\n'}))],
	['host.kernel-arguments', 'could-not-look', 'nobody knows the loader, and they are needed', () => simHost(hosts['no-iommu']!())],
];

for (const [id, expectation, why, make] of cases) {
	test(`${id} says ${expectation}: ${why}`, async t => {
		const {findings} = await doctor(make(), id);
		if (expectation === 'nothing') {
			t.deepEqual(findings, []);
			return;
		}

		t.true(findings.every(finding => finding.id === id));
		t.true(findings.some(({status, severity}) => (severity ?? status) === expectation), JSON.stringify(findings, undefined, 1));
	});
}

// What can always be seen has no `could-not-look`: files that everybody reads, and whose absence tells.
const alwaysSeen = new Set(['cpu.kvm-module', 'cpu.kvm-device', 'cpu.nested', 'iommu.translation', 'iommu.unsafe-interrupts', 'iommu.no-iommu-mode', 'iommu.acs-override', 'iommu.viability', 'sriov.pf-driver', 'sriov.driver-override', 'driver.known-trouble', 'vfio.at-boot', 'vfio.signatures', 'network.managers', 'network.ifupdown', 'network.irqbalance']);

test('every check is tried bad, well, and as what could not be looked at', t => {
	for (const {id} of allChecks) {
		const tried = new Set(cases.filter(([name]) => name === id).map(([, expectation]) => expectation));
		t.true(tried.has('ok'), `${id}: ok`);
		t.true(tried.has('warning') || tried.has('error') || tried.has('danger'), `${id}: bad`);
		t.is(tried.has('could-not-look'), !alwaysSeen.has(id), `${id}: could not look`);
	}
});

test('the documentation has every check, as the program tells it', t => {
	const page = readFileSync(join(root, 'docs', 'doctor.md'), 'utf8');
	for (const {id, asks} of allChecks) {
		t.true(page.includes(`| \`${id}\` | ${asks} |`), `${id}: ${asks}`);
	}

	const named = [...page.slice(page.indexOf('## Checks')).matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(match => match[1]);
	t.deepEqual(named, allChecks.map(({id}) => id));
});

// What they say

test('the fix is that of the distribution', async t => {
	const narrow = one({card: 'i350', vfs: 0, narrow: true}).record();
	const boot = bootHost('rhel-9');
	const commands = async (files: Readonly<Record<string, string | null>>) => (await doctor(changed(narrow, {files}), 'sriov.bus-numbers')).findings[0]!.fix!.commands;
	const text = (name: string, paths: readonly string[]) => Object.fromEntries(paths.map(path => [path, (bootHost(name).entries.get(path) as {text: string}).text]));
	t.deepEqual(await commands(text('debian-12', ['/usr/sbin/grub-mkconfig', '/usr/sbin/update-grub', '/etc/default/grub'])), ['echo \'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX pci=assign-busses"\' > /etc/default/grub.d/60-pci-assign-busses.cfg', 'update-grub', 'reboot']);
	t.deepEqual(await commands(text('suse', ['/usr/sbin/grub2-mkconfig', '/etc/default/grub'])), ['sed -i \'s/^GRUB_CMDLINE_LINUX="/&pci=assign-busses /\' /etc/default/grub', 'grub2-mkconfig -o /boot/grub2/grub.cfg', 'reboot']);
	t.deepEqual(await commands(text('proxmox-grub', ['/usr/sbin/grub-mkconfig', '/etc/default/grub', '/etc/kernel/proxmox-boot-uuids'])), ['echo \'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX pci=assign-busses"\' > /etc/default/grub.d/60-pci-assign-busses.cfg', 'proxmox-boot-tool refresh', 'reboot']);
	t.deepEqual(await commands(Object.fromEntries([...boot.entries].filter(([path]) => /grub|loader/.test(path)).map(([path, entry]) => [path, (entry as {text: string}).text]))), ['grubby --update-kernel=ALL --args=pci=assign-busses', 'reboot']);
	t.deepEqual(await commands({}), []);
	const missing = {'/dev/kvm': null, '/sys/module/kvm': null, '/sys/module/kvm_intel': null};
	for (const [release, command] of [['ID=fedora\n', 'dnf install qemu-kvm'], ['ID=ubuntu\nID_LIKE=debian\n', 'apt install qemu-system-x86'], ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', 'zypper install qemu-kvm'], ['ID=arch\n', 'pacman -S qemu-base']] as const) {
		t.deepEqual((await doctor(usual({files: {...missing, '/etc/os-release': release}}), 'cpu.kvm-device')).findings[0]!.fix!.commands, [command]);
	}
});

test('bus numbers: the message that the kernel would give is foretold', async t => {
	const {findings: [finding]} = await doctor(simHost(one({card: 'i350', vfs: 0, narrow: true}).record()), 'sriov.bus-numbers');
	t.true(finding!.meaning!.includes('can\'t enable 7 VFs (bus 04 out of range of [bus 03])'), finding!.meaning!);
	const {findings: [some]} = await doctor(simHost(one({totalVfs: 100, narrow: true}).record()), 'sriov.bus-numbers');
	t.true(some!.what.startsWith('only 64 of its 100 VFs'), some!.what);
	t.is(some!.fix!.commands[0], 'vfctl vf create pf0 64');
});

test('a guest that wants a VF which is not made: the command that makes it', async t => {
	const {findings: [finding]} = await doctor(simHost(one({vfs: 0}).guest({name: 'vm9', state: 'shutoff', devices: [hostdev('10', '2')]}).record()), 'libvirt.guest-devices');
	t.deepEqual(finding!.fix!.commands, ['vfctl vf create pf0 2']);
	t.true(finding!.what.includes('would be pf0#1'));
	t.is(finding!.repair, null);
});

test('lines of /etc/network/interfaces that may hold passwords are neither shown nor recorded', async t => {
	const host = usual({files: {'/etc/network/interfaces': 'auto pf0v0\niface pf0v0 inet dhcp\n\twpa-psk secret\n'}});
	t.notRegex(JSON.stringify(await doctor(host)), /secret/);
	t.notRegex(JSON.stringify([...(await captured(host)).entries]), /secret/);
});

// Exit status and forms

test('exit status by severity; monitoring line', async t => {
	const status = async (host: SimHost, ...words: string[]) => (await vfctl(host, ['doctor', ...words]));
	const well = simHost(natNetwork(one().record()));
	const nagios = async (host: SimHost) => (await status(host, '--nagios')).text;
	t.regex(await nagios(well), /^VFCTL OK - nothing wrong, \d+ well \| danger=0 error=0 warning=0 unknown=0 ok=\d+$/);
	t.regex(await nagios(usual()), /^VFCTL WARNING - 1 warning, \d+ well: libvirt\.default-network \(default\) \|/);
	t.regex(await nagios(simHost(hosts['unsafe-interrupts']!())), /^VFCTL CRITICAL - 1 danger, 1 error, 1 warning, \d+ well: iommu\.unsafe-interrupts, iommu\.interrupt-remapping, libvirt\.default-network \(default\) \|/);
	t.regex(await nagios(simHost(hosts['no-libvirt']!())), /^VFCTL UNKNOWN - 6 could not be looked at, \d+ well: vfio\.hugepages, libvirt\.reachable, libvirt\.default-network \(default\) and 3 more \|/);
});

test('names: groups, checks, and what is neither', async t => {
	t.deepEqual([...new Set((await doctor(usual(), 'cpu', 'host.clock')).findings.map(({group}) => group))], ['cpu', 'host']);
	const {error} = await vfctl(usual(), ['doctor', 'gpu']);
	t.is(error?.code, 'USAGE');
	t.is((await vfctl(usual(), ['doctor', '--list'])).text.split('\n').length, allChecks.length + 1);
	t.is((await vfctl(usual(), ['doctor', '--fix', '--nagios'])).error?.code, 'USAGE');
});

// Putting right

const repairs: ReadonlyArray<readonly [id: string, make: () => SimHost, steps: readonly string[]]> = [
	['sriov.pf-up', () => simHost(one({up: false}).record()), ['set-link']],
	['sriov.bridged-pf', () => simHost(hosts['management']!()), ['set-filter', 'set-filter']],
	['sriov.driver-override', () => usual({files: {[`${vf}/driver_override`]: 'vfio-pci\n'}}), ['bind']],
	['sriov.orphans', () => simHost(hosts['pinned']!()), ['bind']],
	['libvirt.default-network', () => usual(), ['set-network']],
	['vfio.hugepages', () => simHost(withHugepages(one().guest({name: 'huge', state: 'shutoff', memoryMib: 64}).record())), ['set-hugepages']],
	['cpu.kvm-module', () => changed(one({}, {modules: ['kvm']}).record(), {}), ['load-module']],
	['network.managers', () => usual({files: {'/usr/sbin/NetworkManager': ''}}), ['write-file']],
	['vfio.at-boot', () => usual({files: {'/etc/systemd/system/vfctl.service': '[Unit]\n'}}), ['write-file']],
	['host.kernel-arguments', () => simHost(bootHost('debian-12', {'/proc/cmdline': 'ro intel_iommu=on iommu=pt\n'})), ['write-file']],
];
for (const [id, make, steps] of repairs) {
	test(`--fix ${id}: one plan, then it is well, and undo gives the host as before`, async t => {
		const host = make();
		const before = await captured(host);
		t.true((await doctor(host, id)).findings.some(({status, repair}) => status === 'bad' && repair !== null));
		const {json: dry, error} = await vfctl(host, ['doctor', '--fix', id, '--dry-run']);
		t.is(error, undefined);
		t.deepEqual((dry['plan'] as {actions: Array<{kind: string}>}).actions.map(({kind}) => kind), [...steps]);
		t.deepEqual(await captured(host), before);
		t.is((await vfctl(host, ['doctor', '--fix', id])).error, undefined);
		t.deepEqual((await doctor(host, id)).findings.filter(({status}) => status !== 'ok'), []);
		t.is((await vfctl(host, ['doctor', '--fix', id])).json['changed'], false);
		const undone = await vfctl(host, ['undo', '--yes']);
		t.is(undone.error, undefined);
		t.deepEqual((await doctor(host, id)).findings.filter(({status}) => status !== 'ok').map(finding => short(finding)), (await doctor(make(), id)).findings.filter(({status}) => status !== 'ok').map(finding => short(finding)));
	});
}

test('what may be meant is left alone until it is named', async t => {
	const host = changed(one({up: false}, {modules: ['kvm']}).record(), {});
	const {json} = await vfctl(host, ['doctor', '--fix']);
	const {actions, warnings} = json['plan'] as {actions: Array<{kind: string}>; warnings: string[]};
	t.deepEqual(actions.map(({kind}) => kind), ['load-module']);
	t.true(warnings.some(text => text.includes('sriov.pf-up (pf0) may be meant so')), warnings.join('\n'));
	t.is((await doctor(host, 'sriov.pf-up')).verdict, 'error');
	await vfctl(host, ['doctor', '--fix', 'sriov', 'libvirt']);
	t.deepEqual((await doctor(host)).findings.filter(({status}) => status !== 'ok'), []);
});

test('the arguments of the IOMMU are put right for the next boot, and a reboot is said to be needed', async t => {
	const boot = bootHost('debian-12');
	const files = Object.fromEntries(['/usr/sbin/grub-mkconfig', '/usr/sbin/update-grub', '/etc/default/grub'].map(path => [path, (boot.entries.get(path) as {text: string}).text]));
	const host = changed(one({}, {iommu: false}).record(), {files});
	const {json} = await vfctl(host, ['doctor', '--fix', 'iommu']);
	t.true((json['plan'] as {warnings: string[]}).warnings.includes('it shows after a reboot'));
	const {findings} = await doctor(host, 'iommu.translation', 'host.kernel-arguments');
	t.deepEqual(findings.map(finding => short(finding)), ['error iommu.translation', 'warning host.kernel-arguments']);
	t.deepEqual(findings.map(({fix}) => fix!.commands), [['reboot'], ['reboot']]);
	t.deepEqual(findings.map(({repair}) => repair), [null, null]);
});

test('another user is not told that all is well where only root can see', async t => {
	t.deepEqual((await doctor(unreadableState(), 'host', 'driver')).findings.filter(({status}) => status !== 'ok').map(finding => short(finding)), ['unseen driver.rebuilt', 'unseen host.journal', 'unseen host.clock', 'unseen host.traces']);
});

test('only root puts right', async t => {
	t.is((await vfctl(simHost(one({up: false}).record(), {uid: 1000}), ['doctor', '--fix', 'sriov'])).error?.code, 'NOT_ROOT');
});

// Played again, and hostile

test('a record says what its host says', async t => {
	for (const name of ['management', 'taken', 'shared-group', 'no-iommu', 'bare']) {
		const host = simHost(hosts[name]!());
		const again = simHost(await captured(host));
		t.deepEqual((await doctor(again)).findings, (await doctor(host)).findings, name);
	}
});

test('no nonsense in files makes it fail', async t => {
	const records = [...readdirSync(fixtures).filter(name => /^(?:lab|disk|management|no-iommu)\.rec$/.test(name)).map(name => parseRecord(readFileSync(join(fixtures, name), 'utf8'), name))];
	for (const record of records) {
		for (let round = 0; round < 12; round++) {
			const entries = new Map<string, RecordEntry>();
			for (const [index, [path, entry]] of [...record.entries].entries()) {
				const turn = (index * 7 + round * 5) % 23;
				if (turn === 0) {
					continue;
				}

				entries.set(path, entry.kind === 'text' && turn === 1 ? {kind: 'text', text: entry.text.slice(0, 3)}
					: entry.kind === 'text' && turn === 2 ? {kind: 'text', text: '\u0000\u001B[2J-1 0xffffffffffffffffff\n'}
						: entry.kind === 'bytes' && turn < 8 ? {kind: 'bytes', bytes: entry.bytes.slice(0, [0, 14, 63, 64, 255, 258, 261, 300][turn])}
							: entry.kind === 'link' && turn === 3 ? {kind: 'link', target: '../../nowhere/else'} : entry);
			}

			const {error, json} = await vfctl(simHost({...record, entries}), ['doctor']);
			t.true(error === undefined || error.code !== 'BUG', error?.message);
			t.true(error !== undefined || Array.isArray(json['findings']));
		}
	}
});
