// Networks and leases of a real libvirtd of our own, on a generated sysfs with VFs: part of
// test/libvirt-live.test.ts. Only one thread of a process can use libvirt (its error function is one
// for the process), so no other test file may load it. Networks with DHCP stay stopped.
import {readFileSync} from 'node:fs';
import test from 'ava';
import type {AppError} from '../../lib/errors.ts';
import {hostdevNetworkXml} from '../../lib/libvirt/device-xml.ts';
import {leaseXml} from '../../lib/libvirt/lease-xml.ts';
import type {Libvirt, NetworkRecord} from '../../lib/libvirt/libvirt.ts';
import {sameNetwork} from '../../lib/libvirt/network-same.ts';
import {parseNetwork, parsePool} from '../../lib/libvirt/network-xml.ts';
import {openLibvirt} from '../../lib/libvirt/open.ts';
import {toBdf} from '../../lib/model/bdf.ts';
import type {Mac} from '../../lib/model/mac.ts';
import {explainNetworkStart} from '../../lib/model/network-trouble.ts';
import {hostBuilder} from '../../lib/sim/builder.ts';
import {simHost} from '../../lib/sim/sim-host.ts';
import {errorOf} from './error-of.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from './private-libvirtd.ts';
import {materialise, type SysfsTree} from './sysfs-tree.ts';

const record = hostBuilder('networks').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).record();
const vf = (n: number) => toBdf(`0000:03:10.${n}`);
const mac = (n: number) => `52:54:00:00:01:0${n}` as Mac;
let tree: SysfsTree;
let daemon: PrivateLibvirtd;
let real: Libvirt;

/** Declares the tests. */
export function addNetworkTests(): void {
	test.before(async () => {
		tree = materialise(record.entries);
		daemon = await startPrivateLibvirtd({sysfs: tree.sysfs});
		real = await openLibvirt(daemon.uri);
	});

	test.after.always(async () => {
		await real?.close();
		await daemon?.stop();
		tree?.remove();
	});

	async function find(libvirt: Libvirt, name: string): Promise<NetworkRecord | undefined> {
		const networks = await libvirt.listNetworks();
		return networks.find(network => network.name === name);
	}

	const isolated = (name: string, ips = '<ip address=\'10.9.9.1\' netmask=\'255.255.255.0\'><dhcp><range start=\'10.9.9.100\' end=\'10.9.9.200\'/></dhcp></ip>') =>
		`<network><name>${name}</name>${ips}</network>`;

	// The same on the real daemon and on the simulated one, so that the simulator is as good as it claims.
	for (const which of ['libvirtd', 'the simulator'] as const) {
		const open = async () => which === 'libvirtd' ? real : simHost(record).openLibvirt('qemu:///system');

		test.serial(`${which}: a pool of a PF is defined, started, stopped and removed`, async t => {
			const libvirt = await open();
			const xml = hostdevNetworkXml({name: 'p1', managed: true, pf: 'pf0'});
			await libvirt.defineNetwork(xml);
			const defined = await find(libvirt, 'p1');
			t.like(defined, {active: false, persistent: true, autostart: false, inactiveXml: undefined});
			t.true(sameNetwork(xml, defined!.xml));
			await libvirt.startNetwork('p1');
			await libvirt.setNetworkAutostart('p1', true);
			const running = await find(libvirt, 'p1');
			t.like(running, {active: true, persistent: true, autostart: true, uuid: defined!.uuid});
			t.deepEqual(parsePool(running!)?.members, [0, 2, 4, 6].map(n => vf(n)));
			t.false(running!.inactiveXml!.includes('<address'), running!.inactiveXml);
			t.true(sameNetwork(running!.inactiveXml!, running!.xml));
			t.true(sameNetwork(xml, parseNetwork(running!).savedXml!));
			await libvirt.setNetworkAutostart('p1', false);
			await libvirt.stopNetwork('p1');
			t.like(await find(libvirt, 'p1'), {active: false, autostart: false});
			await libvirt.undefineNetwork('p1');
			t.is(await find(libvirt, 'p1'), undefined);
		});

		test.serial(`${which}: a running pool of chosen VFs gets a new definition at its next start`, async t => {
			const libvirt = await open();
			const xml = (...vfs: number[]) => hostdevNetworkXml({name: 'p2', managed: true, pf: vfs.map(n => vf(n))});
			await libvirt.defineNetwork(xml(0, 2));
			await libvirt.startNetwork('p2');
			const {uuid} = (await find(libvirt, 'p2'))!;
			await libvirt.defineNetwork(xml(4).replace('</name>', `</name><uuid>${uuid}</uuid>`));
			const network = await find(libvirt, 'p2');
			t.true(sameNetwork(xml(0, 2), network!.xml));
			t.true(sameNetwork(xml(4), network!.inactiveXml!));
			await libvirt.undefineNetwork('p2');
			t.like(await find(libvirt, 'p2'), {active: true, persistent: false, inactiveXml: undefined});
			await libvirt.stopNetwork('p2');
			t.is(await find(libvirt, 'p2'), undefined, 'a transient network goes when it is stopped');
		});

		test.serial(`${which}: what is refused, with number and words`, async t => {
			const libvirt = await open();
			const pool = hostdevNetworkXml({name: 'p3', managed: true, pf: 'pf0'});
			await libvirt.defineNetwork(pool);
			await libvirt.defineNetwork(hostdevNetworkXml({name: 'p4', managed: true, pf: 'nope'}));
			await libvirt.defineNetwork(isolated('n3'));
			const {uuid} = (await find(libvirt, 'p3'))!;
			const refusals: Array<[() => Promise<unknown>, AppError['code'], number, RegExp]> = [
				...[() => libvirt.undefineNetwork('nope'), () => libvirt.startNetwork('nope'), () => libvirt.stopNetwork('nope'), () => libvirt.setNetworkAutostart('nope', true), () => libvirt.updateLease('nope', 'add', leaseXml({mac: mac(1), ip: '10.9.9.5', name: null}), 'config')]
					.map((call): [() => Promise<unknown>, AppError['code'], number, RegExp] => [call, 'NETWORK_NOT_FOUND', 43, /no network with matching name 'nope'/]),
				[() => libvirt.stopNetwork('p3'), 'LIBVIRT_FAILED', 55, /network 'p3' is not active/],
				[() => libvirt.startNetwork('p4'), 'LIBVIRT_FAILED', 1, /No usable Vf's present on SRIOV PF nope/],
				[() => libvirt.defineNetwork(pool), 'LIBVIRT_FAILED', 9, /network 'p3' already exists with uuid/],
				[() => libvirt.defineNetwork(pool.replace('p3', 'p5').replace('</name>', `</name><uuid>${uuid}</uuid>`)), 'LIBVIRT_FAILED', 9, /network 'p3' is already defined with uuid/],
				[() => libvirt.defineNetwork(hostdevNetworkXml({name: 'p6', managed: true, pf: [toBdf('0000:03:00.0')]})), 'LIBVIRT_FAILED', 67, /is not an SR-IOV Virtual Function/],
				[() => libvirt.defineNetwork('<network'), 'LIBVIRT_FAILED', 35, /network/],
				[() => libvirt.updateLease('p3', 'add', leaseXml({mac: mac(1), ip: '10.9.9.5', name: null}), 'config'), 'LIBVIRT_FAILED', 55, /no <ip> element found in network 'p3'/],
				[() => libvirt.updateLease('n3', 'add', leaseXml({mac: mac(1), ip: '10.9.9.5', name: null}), 'live'), 'LIBVIRT_FAILED', 55, /network is not running/],
				[() => libvirt.updateLease('n3', 'delete', leaseXml({mac: mac(1), ip: '10.9.9.5', name: null}), 'config'), 'LIBVIRT_FAILED', 55, /couldn't locate a matching dhcp host entry/],
				[() => libvirt.updateLease('n3', 'modify', leaseXml({mac: mac(1), ip: '10.9.9.5', name: null}), 'config'), 'LIBVIRT_FAILED', 55, /couldn't locate an existing dhcp host entry/],
			];
			for (const [call, code, number, why] of refusals) {
				const error = await errorOf(call());
				t.is(error.code, code, error.why);
				t.is(error.details['libvirtCode'], number, error.why);
				t.regex(error.why ?? '', why);
			}

			for (const name of ['p3', 'p4', 'n3']) {
				await libvirt.undefineNetwork(name);
			}
		});

		test.serial(`${which}: leases are added, changed and taken away in the saved definition`, async t => {
			const libvirt = await open();
			await libvirt.defineNetwork(isolated('n4'));
			const change = (verb: 'add' | 'modify' | 'delete', n: number, ip: string, name: string | null = null) => libvirt.updateLease('n4', verb, leaseXml({mac: mac(n), ip, name}), 'config');
			const leases = async () => parseNetwork((await find(libvirt, 'n4'))!).ips[0]?.leases.map(({mac: address, ip, name}) => `${address} ${ip} ${name}`);
			await change('add', 1, '10.9.9.5', 'web-1');
			await change('add', 2, '10.9.9.6');
			t.deepEqual(await leases(), [`${mac(1)} 10.9.9.5 web-1`, `${mac(2)} 10.9.9.6 null`]);
			await change('modify', 1, '10.9.9.7');
			t.deepEqual(await leases(), [`${mac(1)} 10.9.9.7 null`, `${mac(2)} 10.9.9.6 null`]);
			const conflicts: Array<Promise<unknown>> = [change('add', 1, '10.9.9.9'), change('add', 3, '10.9.9.6')];
			for (const conflict of conflicts) {
				t.regex((await errorOf(conflict)).why ?? '', /there is an existing dhcp host entry in network 'n4'/);
			}

			await change('delete', 1, '10.9.9.7');
			await change('delete', 2, '10.9.9.6');
			t.deepEqual(await leases(), []);
			await libvirt.undefineNetwork('n4');
		});

		test.serial(`${which}: the index of the <ip> counts when two have DHCP; IPv6 takes no MAC`, async t => {
			const libvirt = await open();
			await libvirt.defineNetwork(isolated('n5', '<ip family=\'ipv6\' address=\'fd00:9::1\' prefix=\'64\'><dhcp><range start=\'fd00:9::100\' end=\'fd00:9::200\'/></dhcp></ip><ip address=\'10.9.5.1\' netmask=\'255.255.255.0\'><dhcp><range start=\'10.9.5.100\' end=\'10.9.5.200\'/></dhcp></ip>'));
			const v4 = leaseXml({mac: mac(1), ip: '10.9.5.5', name: null});
			await t.throwsAsync(libvirt.updateLease('n5', 'add', v4, 'config'), undefined, 'the first one is IPv6');
			await libvirt.updateLease('n5', 'add', v4, 'config', 1);
			t.deepEqual(parseNetwork((await find(libvirt, 'n5'))!).ips.map(({leases}) => leases.length), [0, 1]);
			const error = await errorOf(libvirt.updateLease('n5', 'add', leaseXml({mac: mac(2), ip: 'fd00:9::5', name: null}), 'config', 0));
			t.regex(error.why ?? '', /Invalid to specify MAC address/);
			await libvirt.undefineNetwork('n5');
		});
	}

	test.serial('libvirt 9 itself writes a name of a lease without escaping it, so vfctl lets only host names through', async t => {
		await real.defineNetwork(isolated('n7'));
		const error = await errorOf(real.updateLease('n7', 'add', leaseXml({mac: mac(1), ip: '10.9.9.5', name: 'a<b'}), 'config'));
		t.regex(error.why ?? '', /Unescaped '<' not allowed/);
		await real.undefineNetwork('n7');
	});

	test.serial('a network with DHCP does not start without dnsmasq, and that is explained', async t => {
		await real.defineNetwork(isolated('n6'));
		const error = await errorOf(real.startNetwork('n6'));
		t.is(explainNetworkStart(error.why ?? '')?.name, 'dnsmasq-missing', error.why);
		await real.undefineNetwork('n6');
	});

	test.serial('a guest without an agent gives no answer; an unknown guest is one', async t => {
		daemon.run('sh', '-c', 'echo "<domain type=\'qemu\'><name>g</name><memory unit=\'MiB\'>32</memory><os><type arch=\'x86_64\' machine=\'q35\'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>" > /run/g.xml');
		daemon.virsh('define', `/proc/${daemon.pid}/root/run/g.xml`);
		const {uuid} = await real.findDomain('g');
		const isLoaded = () => readFileSync('/proc/self/maps', 'utf8').includes('libvirt-qemu.so');
		t.false(isLoaded(), 'nothing asked an agent yet');
		t.is(await real.agentCommand(uuid, '{"execute":"guest-ping"}', 1000), undefined);
		t.true(isLoaded());
		t.is((await errorOf(real.agentCommand('00000000-0000-0000-0000-000000000001', '{"execute":"guest-ping"}', 1000))).code, 'GUEST_NOT_FOUND');
		daemon.virsh('undefine', 'g');
	});

	test.serial('a driver without agents gives no answer', async t => {
		const driver = await openLibvirt('test:///default');
		const [domain] = await driver.listDomains();
		t.is(await driver.agentCommand(domain?.uuid ?? '', '{"execute":"guest-ping"}', 1000), undefined);
		await driver.close();
	});
}
