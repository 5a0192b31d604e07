// --connect to another machine: what libvirt alone can tell is told, and everything else is refused
// before anything of this machine is taken for something of the other.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {commandUsages} from '../lib/cli/commands.ts';
import {remoteMachine} from '../lib/libvirt/remote-uri.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from './helpers/private-libvirtd.ts';
import {materialise, type SysfsTree} from './helpers/sysfs-tree.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let tree: SysfsTree;
let libvirtd: PrivateLibvirtd;
let directory: string;
let uri: string;

const guest = `<domain type='qemu'><name>web</name><memory>65536</memory><os><type machine='q35'>hvm</type></os><devices>
	<interface type='hostdev' managed='yes'><mac address='52:54:00:aa:00:01'/><source><address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x0'/></source><vlan><tag id='42'/></vlan></interface>
	<interface type='network'><mac address='52:54:00:aa:00:02'/><source network='fast'/></interface>
	<interface type='bridge'><mac address='52:54:00:aa:00:03'/><source bridge='br0'/><model type='virtio'/></interface>
</devices></domain>`;
const pool = '<network><name>fast</name><forward mode=\'hostdev\' managed=\'yes\'><address type=\'pci\' domain=\'0x0000\' bus=\'0x03\' slot=\'0x10\' function=\'0x0\'/><address type=\'pci\' domain=\'0x0000\' bus=\'0x03\' slot=\'0x10\' function=\'0x2\'/></forward></network>';

test.before(async () => {
	tree = materialise(hostBuilder('remote').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).record().entries);
	libvirtd = await startPrivateLibvirtd({sysfs: tree.sysfs});
	directory = mkdtempSync(join(tmpdir(), 'vfctl-remote-'));
	// Stands for ssh: what libvirt's client would run on the other machine runs here, in its namespaces. The far end is
	// libvirt's own virt-ssh-helper, and the tunnel its remote protocol.
	const ssh = join(directory, 'ssh');
	writeFileSync(ssh, `#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec nsenter --target ${libvirtd.pid} --mount --net --pid sh -c "$*"\n`, {mode: 0o755});
	libvirtd.run('sh', '-c', `mkdir -p /run/libvirt && ln -s '${libvirtd.socketDirectory}/libvirt-sock' /run/libvirt/libvirt-sock`);
	uri = `qemu+ssh://root@kvm2.example/system?command=${ssh}`;
	for (const [name, xml] of [['net-define', pool], ['define', guest]] as const) {
		const file = join(directory, `${name}.xml`);
		writeFileSync(file, xml);
		libvirtd.virsh(name, file);
	}
});

test.after.always(async () => {
	await libvirtd?.stop();
	tree?.remove();
	if (directory !== undefined) {
		rmSync(directory, {recursive: true});
	}
});

function vfctl(words: readonly string[], connect = uri) {
	const {status, stdout, stderr} = spawnSync(process.execPath, [join(root, 'dist/bin/vfctl.js'), ...words, '--connect', connect, '--json'], {encoding: 'utf8'});
	return {status, stderr, json: JSON.parse(stdout)};
}

test('which URI leads elsewhere', t => {
	for (const one of ['qemu:///system', 'qemu:///session', 'qemu+unix:///system?socket=/run/x', 'test:///default', 'qemu:///system?socket=/a//b@c']) {
		t.is(remoteMachine(one), null, one);
	}

	t.deepEqual(remoteMachine('qemu+ssh://root@kvm2/system'), {name: 'kvm2', login: 'root@kvm2'});
	t.deepEqual(remoteMachine('qemu+ssh://kvm2:2222/system?keyfile=/x'), {name: 'kvm2', login: 'kvm2'});
	t.deepEqual(remoteMachine('qemu+tls://[fd00::2]:16514/system'), {name: '[fd00::2]', login: '[fd00::2]'});
	t.deepEqual(remoteMachine('qemu://kvm2/system'), {name: 'kvm2', login: 'kvm2'});
	t.deepEqual(remoteMachine('qemu+ext:///system?command=/x'), {name: 'qemu+ext:///system?command=/x', login: 'HOST'});
	t.deepEqual(remoteMachine('hail'), {name: 'hail', login: 'HOST'});
});

test('guests, pools, networks and leases of another machine', t => {
	const {json} = vfctl(['guests']);
	t.is(json.host, 'kvm2.example');
	t.is(json.guests.length, 1);
	const [web] = json.guests;
	t.like(web, {name: 'web', state: 'shutoff', persistent: true});
	t.deepEqual(web.devices, [
		{method: 'interface', source: '0000:03:10.0', vf: null, pool: null, mac: '52:54:00:aa:00:01', vlan: 42, guestAddress: web.devices[0].guestAddress, definition: 'config'},
		{method: 'network', source: null, vf: null, pool: 'fast', mac: '52:54:00:aa:00:02', vlan: null, guestAddress: web.devices[1].guestAddress, definition: 'config'},
	]);
	t.deepEqual(web.interfaces, [{type: 'bridge', source: 'br0', model: 'virtio', mac: '52:54:00:aa:00:03', definition: 'config'}]);
	t.deepEqual(vfctl(['guests', 'web']).json.guests, json.guests);
	t.is(vfctl(['guests', 'nobody']).json.error.code, 'GUEST_NOT_FOUND');

	const {pools: [fast]} = vfctl(['pool', 'list']).json;
	// What of its VFs is free only the machine itself knows.
	t.like(fast, {name: 'fast', active: false, totalVfs: 2, freeVfs: null, pfs: []});
	t.deepEqual(fast.guests.map(({name}: {name: string}) => name), ['web']);
	const {members} = vfctl(['pool', 'show', 'fast']).json.pool;
	t.like(members[0], {bdf: '0000:03:10.0', name: null, free: false, holder: {kind: 'guest', guest: 'web'}});
	t.like(members[1], {bdf: '0000:03:10.2', name: null, free: null, holder: null});
	t.deepEqual(vfctl(['network', 'list']).json.map(({name}: {name: string}) => name), ['fast']);
	t.deepEqual(vfctl(['dhcp', 'list']).json, []);
});

test('the tables of another machine', t => {
	const text = (...words: string[]) => spawnSync(process.execPath, [join(root, 'dist/bin/vfctl.js'), ...words, '--connect', uri], {encoding: 'utf8'}).stdout;
	t.regex(text('guests'), /^web +shutoff +- +0000:03:10\.0 +interface +52:54:00:aa:00:01 +42 +config$/m);
	t.regex(text('pool', 'list'), /^fast +stopped +no +-\/2 +- +web$/m);
	t.regex(text('pool', 'show', 'fast'), /^- +0000:03:10\.2 +- +no guest$/m);
});

// They ask nobody but libvirt, or need no host at all.
const remote = new Set(['guests', 'pool list', 'pool show', 'network list', 'dhcp list']);

/** Words for the names of a command that a parser takes. */
const names: Readonly<Record<string, readonly string[]>> = {
	show: ['eth0'], attach: ['web', 'eth0#0'], detach: ['web', 'eth0#0'], xml: ['hostdev', 'eth0#0'], 'vf create': ['eth0', '1'], 'vf destroy': ['eth0'], 'vf set': ['eth0#0', '--vlan', '1'],
	'pool create': ['x', 'eth0'], 'pool resize': ['fast', '1'], 'pool start': ['fast'], 'pool stop': ['fast'], 'pool delete': ['fast'],
	'dhcp add': ['default', '52:54:00:aa:00:02', '192.168.122.9'], 'dhcp delete': ['default', '52:54:00:aa:00:02'], 'network repair': [], 'network check': [], 'persist on': [], 'persist off': [], persist: [],
	undo: [], recover: [], history: [], list: [], iommu: [], doctor: [], methods: [], bind: ['0000:03:10.0', 'vfio-pci'], unbind: ['0000:03:10.0'], restore: ['0000:03:10.0'], export: [],
	capture: [join(tmpdir(), 'vfctl-remote-no-record')],
};

test('what needs the machine itself is refused, with the line to type there', t => {
	const before = libvirtd.virsh('dumpxml', 'web') + libvirtd.virsh('net-dumpxml', 'fast');
	for (const [command, more] of Object.entries(names)) {
		t.true(command in commandUsages || command === 'persist', command);
		t.false(remote.has(command), command);
		const change = Object.keys(commandUsages).includes(command) && /^(?:attach|detach|vf|pool|dhcp (?:add|delete)|network repair|persist o|undo|recover|bind|unbind|restore)/.test(command);
		const {status, json} = vfctl([...command.split(' '), ...more, ...change ? ['--yes'] : []]);
		t.is(json.error?.code, 'REMOTE_HOST', `${command}: ${JSON.stringify(json)}`);
		t.is(status, 3, command);
		t.regex(json.error.fix, new RegExp(`ssh root@kvm2\\.example vfctl ${command}`));
		t.false(json.error.fix.includes('--connect'));
	}

	t.is(libvirtd.virsh('dumpxml', 'web') + libvirtd.virsh('net-dumpxml', 'fast'), before);
	t.throws(() => readFileSync(join(tmpdir(), 'vfctl-remote-no-record')));
});

test('a machine that cannot be reached, and a name that is nobody\'s', t => {
	for (const one of ['qemu+ssh://root@kvm2.example/system?command=/bin/false', 'qemu+tls://127.0.0.1:1/system?no_verify=1']) {
		const {json} = vfctl(['guests'], one);
		t.is(json.error?.code, 'LIBVIRT_UNREACHABLE', JSON.stringify(json));
		t.regex(json.error.fix, /virsh --connect/);
	}

	t.is(vfctl(['list'], 'hail').json.error.code, 'REMOTE_HOST');
});
