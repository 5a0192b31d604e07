// A real libvirtd of our own: everything that libvirt decides is asked of libvirt. Needs root and
// the packages that missingForLibvirtd names; the tests fail with their names otherwise.
import {spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import type {AppError} from '../lib/errors.ts';
import * as deviceXml from '../lib/libvirt/device-xml.ts';
import {parseDomain} from '../lib/libvirt/domain-xml.ts';
import type {Libvirt} from '../lib/libvirt/libvirt.ts';
import {hostdevPart, pciBackends} from '../lib/libvirt/hostdev-capabilities.ts';
import {openLibvirt} from '../lib/libvirt/open.ts';
import {toBdf} from '../lib/model/bdf.ts';
import type {Mac} from '../lib/model/mac.ts';
import {errorOf} from './helpers/error-of.ts';
import {addDeviceTests} from './helpers/live-devices.ts';
import {addNetworkTests} from './helpers/live-networks.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from './helpers/private-libvirtd.ts';

let daemon: PrivateLibvirtd;
let libvirt: Libvirt;
let directory: string;
let definedCount = 0;

test.before(async () => {
	directory = mkdtempSync(join(tmpdir(), 'vfctl-live-'));
	daemon = await startPrivateLibvirtd();
	libvirt = await openLibvirt(daemon.uri);
});

test.after.always(async t => {
	await libvirt?.close();
	await daemon?.stop();
	rmSync(directory, {recursive: true, force: true});
	if (daemon) {
		t.false(existsSync(daemon.socketDirectory), 'the daemon leaves nothing behind');
	}
});

const vf = (n: number) => toBdf(`0000:03:10.${n}`);
const macOf = (n: number) => `52:54:00:00:01:0${n}` as Mac;
const hostdev = (n: number) => deviceXml.hostdevXml({source: vf(n), managed: true});
const interfaceXml = (n: number) => deviceXml.interfaceHostdevXml({source: vf(n), managed: true, mac: macOf(n), vlan: 100 + n});
const poolXml = (n: number) => deviceXml.interfaceNetworkXml({network: 'vfpool', mac: macOf(n), vlan: null});

function domainXml(name: string, {devices = '', machine = 'q35'} = {}): string {
	return `<domain type='qemu'><name>${name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='${machine}'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${devices}
		<interface type='user'><mac address='52:54:00:00:00:0${definedCount % 10}'/><model type='virtio'/></interface>
		<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel><serial type='null'/></devices></domain>`;
}

function virshFile(command: string, xml: string, ...options: string[]): void {
	const path = join(directory, 'virsh.xml');
	writeFileSync(path, xml);
	daemon.virsh(command, ...options, path);
}

async function defineGuest(name = `guest${definedCount}`, options: Parameters<typeof domainXml>[1] = {}): Promise<string> {
	definedCount++;
	virshFile('define', domainXml(name, options));
	return (await libvirt.findDomain(name)).uuid;
}

async function configOf(uuid: string) {
	const {config} = parseDomain(await libvirt.findDomain(uuid), ['vfpool']);
	if (!config) {
		throw new Error('no saved definition');
	}

	return config;
}

test.serial('the version is the library\'s', async t => {
	t.regex(await libvirt.version(), /^\d+\.\d+\.\d+$/);
	t.true(daemon.virsh('version').includes(`libvirt ${await libvirt.version()}`));
});

test.serial('what guests can have: without an IOMMU no PCI device of the host', async t => {
	const xml = await libvirt.domainCapabilities();
	t.regex(xml, /^<domainCapabilities>[\s\S]*<hostdev supported='/);
	t.deepEqual(pciBackends(hostdevPart(xml)), pciBackends(xml));
	t.is(pciBackends(xml).includes('vfio'), existsSync('/sys/kernel/iommu_groups/0') && existsSync('/dev/vfio/vfio'), xml);
});

test.serial('a guest is found by name and UUID, also with a strange name, and listed', async t => {
	const name = 'a b;$(reboot)&<x>\'"';
	const uuid = await defineGuest(name);
	t.is((await libvirt.findDomain(name)).uuid, uuid);
	const record = await libvirt.findDomain(uuid);
	t.like(record, {name, state: 'shutoff', active: false, persistent: true, liveXml: undefined});
	t.true((await libvirt.listDomains()).some(domain => domain.uuid === uuid && domain.name === name));
	t.is(record.inactiveXml, daemon.virsh('dumpxml', '--inactive', uuid).replace(/\n$/, ''));
});

test.serial('a guest whose name is a UUID is found', async t => {
	const name = '0ddba11f-0000-4000-8000-000000000000';
	await defineGuest(name);
	t.is((await libvirt.findDomain(name)).name, name);
});

test.serial('unknown guests, empty names, UUIDs and names with NUL', async t => {
	for (const name of ['nope', '', '00000000-0000-0000-0000-000000000001', 'x'.repeat(10_000)]) {
		t.is((await errorOf(libvirt.findDomain(name))).code, 'GUEST_NOT_FOUND', name.slice(0, 40));
	}

	t.is((await errorOf(libvirt.findDomain('guest\0'))).code, 'USAGE');
	t.is((await errorOf(libvirt.attachDevice('00000000-0000-0000-0000-000000000001', hostdev(1), 'config'))).code, 'GUEST_NOT_FOUND');
});

test.serial('devices are attached to and detached from the saved definition; added ports can go again', async t => {
	const uuid = await defineGuest();
	const before = await configOf(uuid);
	for (const xml of [hostdev(1), hostdev(2), interfaceXml(3), poolXml(4)]) {
		await libvirt.attachDevice(uuid, xml, 'config');
	}

	const during = await configOf(uuid);
	t.deepEqual(during.devices.map(({method, source, network, mac, vlan}) => ({method, source, network, mac, vlan})), [
		{method: 'hostdev', source: vf(1), network: null, mac: null, vlan: null},
		{method: 'hostdev', source: vf(2), network: null, mac: null, vlan: null},
		{method: 'interface', source: vf(3), network: null, mac: macOf(3), vlan: 103},
		{method: 'network', source: null, network: 'vfpool', mac: macOf(4), vlan: null},
	]);
	// All of them on PCIe ports of their own, none behind a bridge to conventional PCI.
	t.true(during.devices.every(({guestAddress}) => during.ports.some(({index}) => guestAddress?.startsWith(index.toString(16).padStart(2, '0')))));
	for (const xml of [interfaceXml(3), hostdev(1), poolXml(4), hostdev(2)]) {
		await libvirt.detachDevice(uuid, xml, 'config');
	}

	const after = await configOf(uuid);
	const added = after.ports.filter(({index}) => before.ports.every(port => port.index !== index));
	t.true(added.length > 0, 'libvirt keeps the ports it added');
	for (const port of added.reverse()) {
		await libvirt.detachDevice(uuid, deviceXml.pciControllerXml(port), 'config');
	}

	t.deepEqual({...await configOf(uuid)}, {...before});
});

test.serial('a gap among the ports is filled again, so ports go from the last', async t => {
	const uuid = await defineGuest();
	for (const n of [1, 2, 3]) {
		await libvirt.attachDevice(uuid, hostdev(n), 'config');
	}

	const {ports} = await configOf(uuid);
	await libvirt.detachDevice(uuid, hostdev(2), 'config');
	const empty = (await configOf(uuid)).ports.find(({occupied}) => !occupied);
	await libvirt.detachDevice(uuid, deviceXml.pciControllerXml(empty ?? {index: 0, model: ''}), 'config');
	t.is((await configOf(uuid)).ports.length, ports.length);
});

test.serial('what libvirt refuses, in its own words', async t => {
	const uuid = await defineGuest();
	await libvirt.attachDevice(uuid, hostdev(1), 'config');
	const refusals: Array<[() => Promise<unknown>, AppError['code'], number, RegExp]> = [
		[() => libvirt.attachDevice(uuid, hostdev(1), 'config'), 'LIBVIRT_FAILED', 55, /already in the domain configuration/],
		[() => libvirt.attachDevice(uuid, hostdev(2), 'live'), 'LIBVIRT_FAILED', 55, /domain is not running/],
		[() => libvirt.attachDevice(uuid, '<hostdev', 'config'), 'LIBVIRT_FAILED', 35, /hostdev/],
		[() => libvirt.attachDevice(uuid, '', 'config'), 'LIBVIRT_FAILED', 35, /empty/],
		[() => libvirt.attachDevice(uuid, `<hostdev><!--${'x'.repeat(5_000_000)}--></hostdev>`, 'config'), 'LIBVIRT_FAILED', 39, /encode/],
		[() => libvirt.detachDevice(uuid, hostdev(2), 'config'), 'NOT_ATTACHED', 99, /not present/],
		[() => libvirt.detachDevice(uuid, interfaceXml(2), 'config'), 'NOT_ATTACHED', 99, /no device found/],
		[() => libvirt.nodeDeviceXml('pci_ffff_00_00_0'), 'LIBVIRT_FAILED', 53, /pci_ffff/],
	];
	for (const [call, code, number, why] of refusals) {
		const error = await errorOf(call());
		t.is(error.code, code);
		t.is(error.details['libvirtCode'], number);
		t.regex(error.why ?? '', why);
	}
});

test.serial('an interface is only detached by its MAC, because libvirt would take any', async t => {
	const uuid = await defineGuest();
	const withoutMac = deviceXml.interfaceHostdevXml({source: vf(1), managed: true, mac: null, vlan: null});
	t.is((await errorOf(libvirt.detachDevice(uuid, withoutMac, 'config'))).code, 'BUG');
	t.is((await configOf(uuid)).macs.length, 1);
	// The reason for the rule: virsh takes the guest's virtio interface for it.
	virshFile('detach-device', withoutMac, uuid, '--config', '--file');
	t.is((await configOf(uuid)).macs.length, 0);
});

test.serial('two interfaces of one MAC are told apart by their address in the guest', async t => {
	const uuid = await defineGuest();
	await libvirt.attachDevice(uuid, poolXml(1), 'config');
	await libvirt.attachDevice(uuid, poolXml(1), 'config');
	t.regex((await errorOf(libvirt.detachDevice(uuid, poolXml(1), 'config'))).why ?? '', /multiple/);
	const [first] = (await configOf(uuid)).devices;
	await libvirt.detachDevice(uuid, deviceXml.renderDeviceXml({...(first as NonNullable<typeof first>), alias: null}), 'config');
	t.is((await configOf(uuid)).devices.length, 1);
});

const pairMac = '52:54:00:0f:00:01' as Mac;

test.serial('the halves of a failover pair have one MAC, and each is taken by its alias', async t => {
	const uuid = await defineGuest();
	const names = async () => (await configOf(uuid)).interfaces.filter(({mac}) => mac === pairMac).map(({alias, teaming}) => [alias, teaming?.type, teaming?.persistent ?? null]);
	const pair = {network: null, mac: pairMac, vlan: null, managed: true};
	const standby = deviceXml.renderDeviceXml({...pair, method: 'virtio', network: 'br0', bridge: true, source: null, alias: 'ua-standby'});
	const half = deviceXml.renderDeviceXml({...pair, method: 'interface', source: vf(1), alias: 'ua-vf', teaming: 'ua-standby'});
	for (const taken of [half, standby]) {
		await libvirt.attachDevice(uuid, standby, 'config');
		await libvirt.attachDevice(uuid, half, 'config');
		t.deepEqual(await names(), [['ua-standby', 'persistent', null], ['ua-vf', 'transient', 'ua-standby']]);
		t.regex((await errorOf(libvirt.detachDevice(uuid, half.replace(/ *<alias.*\n/, ''), 'config'))).why ?? '', /multiple/);
		await libvirt.detachDevice(uuid, taken, 'config');
		t.deepEqual((await names()).map(([alias]) => alias), [taken === half ? 'ua-standby' : 'ua-vf']);
		await libvirt.detachDevice(uuid, taken === half ? standby : half, 'config');
	}
});

test.serial('a running guest: live XML, silent agent, refused and unknown devices; a transient one', async t => {
	const uuid = await defineGuest();
	daemon.virsh('start', '--paused', uuid);
	virshFile('create', domainXml('transient'), '--paused');
	const guest = parseDomain(await libvirt.findDomain(uuid));
	t.like(guest, {active: true, persistent: true, state: 'paused'});
	t.is(guest.live?.agent, 'disconnected');
	t.deepEqual(guest.live?.macs, guest.config?.macs);
	t.is(await libvirt.guestInterfaces(uuid), undefined);
	t.is((await errorOf(libvirt.detachDevice(uuid, hostdev(1), 'live'))).code, 'NOT_ATTACHED');
	t.is((await errorOf(libvirt.attachDevice(uuid, hostdev(1), 'live'))).details['libvirtCode'], 67);
	const transient = parseDomain(await libvirt.findDomain('transient'));
	t.like(transient, {active: true, persistent: false, config: null});
	t.is((await errorOf(libvirt.attachDevice(transient.uuid, hostdev(1), 'config'))).details['libvirtCode'], 55);
	daemon.virsh('destroy', 'transient');
	daemon.virsh('destroy', uuid);
	t.is(await libvirt.guestInterfaces(uuid), undefined);
});

test.serial('interfaces that an agent tells are read (libvirt\'s own test driver)', async t => {
	const driver = await openLibvirt('test:///default');
	const [domain] = await driver.listDomains();
	t.deepEqual(await driver.guestInterfaces(domain?.uuid ?? ''), [{name: 'testnet0', mac: 'aa:bb:cc:dd:ee:ff', addresses: ['192.168.122.3/24']}]);
	t.true((await driver.listNetworks()).some(({name, active}) => name === 'default' && active));
	await driver.close();
});

test.serial('1000 calls that fail and succeed in turn each get their own answer', async t => {
	const uuid = await defineGuest();
	const other = await openLibvirt(daemon.uri);
	const answers = await Promise.all(Array.from({length: 1000}, async (_, index) => {
		const from = index % 7 < 4 ? libvirt : other;
		switch (index % 4) {
			case 0: {
				return (await from.findDomain(uuid)).uuid === uuid;
			}

			case 1: {
				return (await errorOf(from.findDomain(`nope-${index}`))).why?.includes(`'nope-${index}'`);
			}

			case 2: {
				return (await errorOf(from.attachDevice(uuid, `<nonsense${index}`, 'config'))).why?.includes(`nonsense${index}`);
			}

			default: {
				return (await errorOf(from.detachDevice(uuid, hostdev(index % 8), 'config'))).code === 'NOT_ATTACHED';
			}
		}
	}));
	t.is(answers.filter(Boolean).length, 1000);
	await other.close();
});

test.serial('1000 lists of 50 guests leak neither memory nor references', async t => {
	while (definedCount < 50) {
		await defineGuest();
	}

	const {stdout, stderr, status} = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(new URL('helpers/list-many.js', import.meta.url)), daemon.uri], {encoding: 'utf8'});
	t.is(status, 0, stderr);
	const {guests, grownBytes} = JSON.parse(stdout) as {guests: number; grownBytes: number};
	t.true(guests >= 50);
	t.log(`900 lists: ${(grownBytes / 1_048_576).toFixed(1)} MiB more`);
	// One leaked XML per list and guest would be 200 MiB.
	t.true(grownBytes < 48 * 1_048_576, `${grownBytes}`);
});

test.serial('reading through the read-only socket; changing is forbidden', async t => {
	const uuid = await defineGuest();
	const reader = await openLibvirt(daemon.uri.replace(/sock$/, 'sock-ro'), {readOnly: true});
	t.is((await reader.findDomain(uuid)).uuid, uuid);
	const error = await errorOf(reader.attachDevice(uuid, hostdev(1), 'config'));
	t.is(error.code, 'LIBVIRT_UNREACHABLE');
	t.regex(error.fix ?? '', /root/);
	await reader.close();
});

test.serial('no socket', async t => {
	const error = await errorOf(openLibvirt(`qemu:///system?socket=${directory}/none`));
	t.is(error.code, 'LIBVIRT_UNREACHABLE');
	t.regex(error.why ?? '', /No such file/);
	t.regex(error.fix ?? '', /systemctl start libvirtd.*virtqemud/);
});

test.serial('no library', t => {
	const library = spawnSync('sh', ['-c', 'ldconfig -p | sed -n "s/.*libvirt\\.so\\.0 .*=> //p" | head -1'], {encoding: 'utf8'}).stdout.trim();
	const script = 'const {openLibvirt} = await import(process.argv[1]); try { await openLibvirt("test:///default"); } catch (error) { console.log(error.code, error.fix); }';
	const module = new URL('../lib/libvirt/open.js', import.meta.url).href;
	const {stdout} = spawnSync('unshare', ['--mount', 'sh', '-c', 'mount --bind /dev/null "$0" && exec "$@"', library, process.execPath, '--input-type=module', '--eval', script, module], {encoding: 'utf8'});
	t.regex(stdout, /^LIBVIRT_MISSING .*libvirt/);
});

test.serial('a daemon that accepts and never answers: error in time, and the process can end', async t => {
	const socket = join(directory, 'mute');
	const server = createServer(() => {});
	await new Promise<void>(resolve => {
		server.listen(socket, resolve);
	});
	const script = 'const {openLibvirt} = await import(process.argv[1]); try { await openLibvirt(process.argv[2], {timeoutMs: 300}); } catch (error) { console.log(error.code, error.why); process.exit(8); }';
	const module = new URL('../lib/libvirt/open.js', import.meta.url).href;
	const child = spawn(process.execPath, ['--input-type=module', '--eval', script, module, `qemu:///system?socket=${socket}`], {stdio: ['ignore', 'pipe', 'inherit']});
	let output = '';
	child.stdout.on('data', (chunk: Buffer) => {
		output += chunk.toString();
	});
	const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
	const code = await new Promise(resolve => {
		child.once('close', resolve);
	});
	clearTimeout(killer);
	t.is(code, 8);
	t.regex(output, /LIBVIRT_UNREACHABLE .*0\.3 s/);
	server.close();
});

test.serial('a daemon that stops answering, and one that dies', async t => {
	const own = await openLibvirt(daemon.uri, {timeoutMs: 500});
	const pid = daemon.run('pgrep', '-x', 'libvirtd').trim();
	daemon.run('kill', '-STOP', pid);
	try {
		t.is((await errorOf(own.listDomains())).code, 'LIBVIRT_UNREACHABLE');
		t.is((await errorOf(own.findDomain('x'))).code, 'LIBVIRT_UNREACHABLE', 'later calls are refused');
		await t.notThrowsAsync(own.close());
	} finally {
		daemon.run('kill', '-CONT', pid);
	}

	const second = await startPrivateLibvirtd();
	const dying = await openLibvirt(second.uri);
	await second.stop();
	t.is((await errorOf(dying.listDomains())).code, 'LIBVIRT_UNREACHABLE');
	t.is((await errorOf(dying.listDomains())).code, 'LIBVIRT_UNREACHABLE');
	await t.notThrowsAsync(dying.close());
	t.false(existsSync(second.socketDirectory));
	t.false(existsSync(`/proc/${second.pid}`));
});

test.serial('what is written is valid by libvirt\'s schemas', t => {
	const devices = [
		hostdev(1), interfaceXml(2), poolXml(3),
		deviceXml.hostdevXml({source: toBdf('10000:03:1f.7'), managed: false, driver: 'vfio', alias: 'ua-x', guestAddress: '06:00.0'}),
		deviceXml.interfaceHostdevXml({source: vf(1), managed: false, mac: null, vlan: null, driver: 'vfio', alias: 'ua-y', guestAddress: '07:00.0'}),
		deviceXml.interfaceNetworkXml({network: 'a&b', mac: null, vlan: 4094, alias: 'ua-z', guestAddress: '08:00.0'}),
		deviceXml.hostdevXml({source: vf(1), managed: true, teaming: 'ua-standby', alias: 'ua-w'}),
		deviceXml.interfaceHostdevXml({source: vf(1), managed: true, mac: pairMac, vlan: 7, teaming: 'ua-standby', alias: 'ua-v'}),
		deviceXml.interfaceNetworkXml({network: 'p', mac: pairMac, vlan: null, teaming: 'ua-standby', alias: 'ua-v'}),
		deviceXml.standbyXml({network: 'a&b', bridge: false, mac: pairMac, alias: 'ua-standby', guestAddress: '08:00.0'}),
		deviceXml.standbyXml({network: 'br0', bridge: true, mac: pairMac}),
		deviceXml.pciControllerXml({index: 9, model: 'pcie-root-port'}),
		deviceXml.nicXml({on: 'direct', name: 'ens1f0v3', mode: 'passthrough', mac: macOf(1), vlan: 42, alias: 'ua-m', guestAddress: '08:00.0'}),
		deviceXml.nicXml({on: 'openvswitch', name: 'ovs-1.br', mac: null, vlan: 4094}),
		deviceXml.nicXml({on: 'vhostuser', name: '/run/a&b.sock', mac: macOf(1), vlan: null, queues: 4}),
		deviceXml.nicXml({on: 'vhostuser', name: '/run/x.sock', mode: 'server', mac: macOf(1), vlan: null}),
		deviceXml.sharedMemoryXml({name: 'ring.1', sizeMiB: 1024, guestAddress: '09:00.0'}),
	];
	const documents: Array<[string, string]> = [
		...devices.map((xml): [string, string] => [domainXml('x', {devices: xml}), 'domain']),
		[deviceXml.hostdevNetworkXml({name: 'p', managed: true, pf: 'ens1f0'}), 'network'],
		[deviceXml.hostdevNetworkXml({name: 'p', managed: false, pf: [vf(1), vf(2)]}), 'network'],
	];
	const path = join(directory, 'valid.xml');
	for (const [xml, schema] of documents) {
		writeFileSync(path, xml);
		const {status, stderr} = spawnSync('virt-xml-validate', [path, schema], {encoding: 'utf8'});
		t.is(status, 0, `${xml}\n${stderr}`);
	}
});

test.serial('closing twice is fine; a closed connection refuses', async t => {
	const own = await openLibvirt(daemon.uri);
	await own.listDomains();
	await own.close();
	await own.close();
	t.is((await errorOf(own.listDomains())).code, 'BUG');
});

addDeviceTests();
addNetworkTests();
