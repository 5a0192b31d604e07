// The attach methods without a VF of the guest's own, by a real libvirtd and by the simulated one:
// part of test/libvirt-live.test.ts (why is said in live-networks.ts).
import test from 'ava';
import {nicXml, sharedMemoryXml} from '../../lib/libvirt/device-xml.ts';
import {parseDomain} from '../../lib/libvirt/domain-xml.ts';
import type {AffectTarget, Libvirt} from '../../lib/libvirt/libvirt.ts';
import {openLibvirt} from '../../lib/libvirt/open.ts';
import type {GuestDefinition, GuestNic} from '../../lib/model/domain.ts';
import type {Mac} from '../../lib/model/mac.ts';
import {hostBuilder} from '../../lib/sim/builder.ts';
import {simHost} from '../../lib/sim/sim-host.ts';
import {errorOf} from './error-of.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from './private-libvirtd.ts';

const mac = '52:54:00:00:02:01' as Mac;
const nic = (on: Parameters<typeof nicXml>[0]['on'], name: string, more: Partial<Parameters<typeof nicXml>[0]> = {}) => nicXml({on, name, mac, vlan: null, ...more});

/** What is attached, how it is read back, and what vfctl does not read but libvirt must keep. */
const nics: ReadonlyArray<readonly [what: string, xml: string, read: Partial<GuestNic>, kept: RegExp]> = [
	['macvtap that is shared', nic('direct', 'lan0', {mode: 'bridge'}), {type: 'direct', source: 'lan0', mode: 'bridge'}, /<source dev='lan0' mode='bridge'\/>/],
	['macvtap alone, with a VLAN', nic('direct', 'lan0', {mode: 'passthrough', vlan: 42}), {type: 'direct', source: 'lan0', mode: 'passthrough', vlan: 42}, /<vlan>\s*<tag id='42'\/>/],
	['a bridge', nic('bridge', 'br0'), {type: 'bridge', source: 'br0'}, /<source bridge='br0'\/>/],
	['a bridge of Open vSwitch with a VLAN', nic('openvswitch', 'ovs0', {vlan: 9}), {type: 'bridge', source: 'ovs0', vlan: 9}, /<virtualport type='openvswitch'/],
	['a network', nic('network', 'default'), {type: 'network', source: 'default'}, /<source network='default'\/>/],
	['a socket', nic('vhostuser', '/run/port.sock', {queues: 2}), {type: 'vhostuser', source: '/run/port.sock', mode: 'client'}, /<reconnect enabled='yes' timeout='1'\/>[^]*<driver queues='2'\/>/],
	['a socket that QEMU makes', nic('vhostuser', '/run/port.sock', {mode: 'server'}), {type: 'vhostuser', source: '/run/port.sock', mode: 'server'}, /<source type='unix' path='\/run\/port.sock' mode='server'/],
];

const guestXml = `<domain type='qemu'><name>plug</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
	<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
	<controller type='usb' model='none'/><controller type='pci' model='pcie-root'/>${'<controller type=\'pci\' model=\'pcie-root-port\'/>'.repeat(6)}
	<memballoon model='none'/><serial type='null'/></devices></domain>`;

let daemon: PrivateLibvirtd;
let real: Libvirt;

/** Declares the tests. */
export function addDeviceTests(): void {
	test.before(async () => {
		daemon = await startPrivateLibvirtd();
		real = await openLibvirt(daemon.uri);
		daemon.run('sh', '-c', 'printf %s "$1" > /run/plug.xml', 'sh', guestXml);
		daemon.virsh('define', `/proc/${daemon.pid}/root/run/plug.xml`);
	});

	test.after.always(async () => {
		await real?.close();
		await daemon?.stop();
	});

	const simulated = () => simHost(hostBuilder('devices').bridge({name: 'br0'}).nic({name: 'lan0', bdf: '0000:06:00.0'}).guest({name: 'plug', state: 'shutoff', sharedMemory: true}).record());
	for (const which of ['libvirtd', 'the simulator'] as const) {
		const open = async () => which === 'libvirtd' ? real : simulated().openLibvirt('qemu:///system');
		for (const [what, xml, read, kept] of nics) {
			test.serial(`${which}: ${what} is saved, read back and taken away`, async t => {
				const libvirt = await open();
				const before = await definition(libvirt, 'config');
				await libvirt.attachDevice(before.uuid, xml, 'config');
				const during = await definition(libvirt, 'config');
				const added = during.interfaces.filter(one => one.mac === mac);
				t.like(added, {length: 1, 0: {vlan: null, model: 'virtio', ...read}});
				t.regex(during.xml, kept);
				t.truthy(added[0]!.guestAddress, 'in a slot of its own');
				await libvirt.detachDevice(before.uuid, xml, 'config');
				t.deepEqual(await definition(libvirt, 'config'), before);
				t.is((await errorOf(libvirt.detachDevice(before.uuid, xml, 'config'))).code, 'NOT_ATTACHED');
			});
		}

		test.serial(`${which}: shared memory is saved in the port it is told, read back and taken away`, async t => {
			const libvirt = await open();
			const before = await definition(libvirt, 'config');
			const port = before.ports.find(({occupied}) => !occupied)!;
			const guestAddress = `${port.index.toString(16).padStart(2, '0')}:00.0`;
			const xml = sharedMemoryXml({name: 'ring', sizeMiB: 8, guestAddress});
			await libvirt.attachDevice(before.uuid, xml, 'config');
			const during = await definition(libvirt, 'config');
			t.deepEqual(during.sharedMemory, [{name: 'ring', model: 'ivshmem-plain', sizeBytes: 8 * 1_048_576, guestAddress}]);
			t.is(during.ports.length, before.ports.length, 'no bridge to conventional PCI');
			await libvirt.detachDevice(before.uuid, xml, 'config');
			t.deepEqual(await definition(libvirt, 'config'), before);
		});
	}
}

async function definition(libvirt: Libvirt, target: AffectTarget): Promise<GuestDefinition & {uuid: string; xml: string}> {
	const record = await libvirt.findDomain('plug');
	const {live, config} = parseDomain(record);
	return {...(target === 'live' ? live : config)!, uuid: record.uuid, xml: (target === 'live' ? record.liveXml : record.inactiveXml)!};
}
