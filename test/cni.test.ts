// The CNI plugin on simulated hosts, with Debian's real IPAM plugin: whole calls, and calls that die.
import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {run as runCni} from '../lib/cli/commands/cni.ts';
import {realRunner} from '../lib/host/real-runner.ts';
import {addNamespace} from '../lib/sim/namespaces.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {crashAt} from './helpers/crash.ts';
import {hosts, vfctl, withFile} from './helpers/plan-world.ts';

const plugins = '/usr/lib/cni';
const [vf0, vf1] = ['0000:03:10.0', '0000:03:10.2'];
const directory = mkdtempSync(join(tmpdir(), 'vfctl-cni-'));
let files = 0;

test.before(() => {
	if (!existsSync(join(plugins, 'host-local'))) {
		throw new Error(`${plugins}/host-local is missing: apt install containernetworking-plugins`);
	}
});

test.after.always(() => {
	rmSync(directory, {recursive: true});
});

interface World {
	host: SimHost;
	/** Where IPAM keeps its addresses. */
	dataDir: string;
}

function world(record: HostRecord = hosts['full']!()): World {
	const host = simHost(record);
	for (const name of ['c1', 'c2']) {
		addNamespace(host.machine, {name});
	}

	return {host, dataDir: join(directory, `leases-${files++}`)};
}

interface Call {
	config?: object;
	env?: Record<string, string>;
	uid?: number;
}

/** One call as a runtime makes it: the status, and what came on standard output. */
async function cni({host, dataDir}: World, command: string, container: string, {config = {}, env = {}, uid = 0}: Call = {}): Promise<{status: number; json: any; notes: string[]}> {
	const file = join(directory, `${files++}.conf`);
	writeFileSync(file, JSON.stringify({
		cniVersion: '1.0.0', name: 'fast', type: 'vfctl',
		ipam: {type: 'host-local', dataDir, ranges: [[{subnet: '20.0.0.0/24', rangeStart: '20.0.0.10'}], [{subnet: 'fd00::/64'}]], routes: [{dst: '30.0.0.0/8'}]},
		...config,
	}));
	const real = realRunner();
	const answer = {status: 0, json: undefined as unknown, notes: [] as string[]};
	answer.status = await runCni({
		host: {
			...host,
			caller: {pid: host.caller.pid, uid, env: {CNI_COMMAND: command, CNI_CONTAINERID: container, CNI_NETNS: `/var/run/netns/${container}`, CNI_IFNAME: 'net1', CNI_PATH: plugins, ...env}},
			files: {...host.files, exists: path => path.startsWith(plugins) ? existsSync(path) : host.files.exists(path)},
			runner: {
				async run(argv, options) {
					if (!argv[0].startsWith(plugins)) {
						return host.runner.run(argv, options);
					}

					// A dead process starts no program.
					host.machine.options.beforeChange?.(argv[0]);
					return real.run(argv, options);
				},
			},
		},
		signal: new AbortController().signal,
		commandLine: ['vfctl', 'cni'],
		options: {connect: 'qemu:///system', dryRun: false, yes: false, acceptedRisks: [], lockTimeoutMs: 0},
		out: {
			json: false, fancy: false,
			result(text, value) {
				answer.json = value;
				if (JSON.stringify(JSON.parse(text)) !== JSON.stringify(value)) {
					throw new Error('text and JSON differ');
				}
			},
			note(text) {
				answer.notes.push(text);
			},
		},
	}, {config: file});
	return answer;
}

async function ip(host: SimHost, words: string): Promise<string> {
	const {code, stdout, stderr} = await host.runner.run(['ip', ...words.split(' ')]);
	if (code !== 0) {
		throw new Error(`ip ${words}: ${stderr}`);
	}

	return stdout;
}

/** What DEL must put back. A driver that was loaded again has made a new interface, with another number. */
async function state({host, dataDir}: World): Promise<string> {
	const texts = await Promise.all(['-j -d link show', '-j addr show', '-j route show'].map(async words => ip(host, words)));
	const drivers = host.files.list('/sys/bus/pci/devices').map(bdf => `${bdf} ${host.files.readLink(`/sys/bus/pci/devices/${bdf}/driver`)} ${host.files.list(`/sys/bus/pci/devices/${bdf}/net`).join(',')}`);
	const leases = existsSync(join(dataDir, 'fast')) ? readdirSync(join(dataDir, 'fast')).filter(name => /^(?:20|fd)/.test(name)) : [];
	return [...texts.map(text => text.split('\n').map(line => line.replace(/"ifindex":\s*\d+,?/, '').replace(/,$/, '')).sort().join('\n')), ...drivers, ...leases].join('\n');
}

const settings = {vlan: 100, vlanQoS: 3, max_tx_rate: 200, spoofchk: 'off', trust: 'on', link_state: 'enable', mac: '52:54:00:00:0c:01'};

async function bdfs({host}: World): Promise<[string, string]> {
	const link = (index: number) => host.files.readLink(`/sys/class/net/pf0/device/virtfn${index}`)!.split('/').at(-1)!;
	return [link(2), link(3)];
}

test('ADD gives an interface with settings, addresses and routes; CHECK agrees; DEL makes everything as before, and again', async t => {
	const one = world();
	const before = await state(one);
	const [deviceID] = await bdfs(one);
	const config = {...settings, deviceID};
	const {status, json} = await cni(one, 'ADD', 'c1', {config});
	t.is(status, 0);
	t.deepEqual(json, {
		cniVersion: '1.0.0',
		interfaces: [{name: 'net1', mac: settings.mac, sandbox: '/var/run/netns/c1'}],
		ips: [{address: '20.0.0.10/24', gateway: '20.0.0.1', interface: 0}, {address: 'fd00::2/64', gateway: 'fd00::1', interface: 0}],
		routes: [{dst: '30.0.0.0/8'}],
	});
	t.regex(await ip(one.host, '-n c1 -j route show'), /"dst":\s*"30\.0\.0\.0\/8",\s*"gateway":\s*"20\.0\.0\.1"/);
	t.is((await cni(one, 'CHECK', 'c1', {config: {...config, prevResult: json}})).status, 0);
	t.is((await cni(one, 'ADD', 'c1', {config})).json.code, 103);
	t.is((await cni(one, 'ADD', 'c2', {config: {deviceID}})).json.code, 103);
	for (let times = 0; times < 2; times++) {
		const {status: deleted, json: nothing} = await cni(one, 'DEL', 'c1', {config: {...config, prevResult: json}});
		t.is(deleted, 0);
		t.is(nothing, undefined);
		t.is(await state(one), before);
	}

	t.is((await cni(one, 'CHECK', 'c1', {config: {...config, prevResult: json}})).json.code, 104);
});

for (const version of ['0.3.0', '0.3.1', '0.4.0']) {
	test(`a result of ${version} has the version of each address`, async t => {
		const one = world();
		const {json} = await cni(one, 'ADD', 'c1', {config: {cniVersion: version, pf: 'pf0'}});
		t.deepEqual(json.ips.map((address: {version: string}) => address.version), ['4', '6']);
		t.is(json.cniVersion, version);
	});
}

test('CHECK tells everything that is not as ADD left it', async t => {
	const one = world();
	const [deviceID] = await bdfs(one);
	const config = {...settings, deviceID};
	const {json} = await cni(one, 'ADD', 'c1', {config});
	for (const words of ['-n c1 addr del 20.0.0.10/24 dev net1', 'link set dev pf0 vf 2 vlan 7']) {
		await ip(one.host, words);
	}

	const {json: error} = await cni(one, 'CHECK', 'c1', {config: {...config, prevResult: json}});
	t.is(error.code, 104);
	t.regex(error.details, /vlan on the PF is 7, not 100/);
	t.regex(error.details, /address 20\.0\.0\.10\/24 is missing/);
	t.is((await cni(one, 'CHECK', 'c1', {config})).json.code, 7);
});

test('without deviceID the first free VF of the PF is taken, and two containers get two', async t => {
	const one = world();
	const before = await state(one);
	const config = {cniVersion: '1.1.0', pf: 'pf0', ipam: {}};
	const ids = [];
	for (const container of ['c1', 'c2']) {
		const {json} = await cni(one, 'ADD', container, {config});
		t.is(json.interfaces[0].mtu, 1500);
		ids.push(json.interfaces[0].pciID);
	}

	t.is(new Set(ids).size, 2);
	t.is((await cni(one, 'GC', '', {config: {...config, 'cni.dev/valid-attachments': [{containerID: 'c2', ifname: 'net1'}]}})).status, 0);
	t.regex(await ip(one.host, '-n c2 -j link show'), /"net1"/);
	t.notRegex(await ip(one.host, '-n c1 -j link show'), /"net1"/);
	t.is((await cni(one, 'GC', '', {config: {...config, name: 'other', 'cni.dev/valid-attachments': []}})).status, 0);
	t.regex(await ip(one.host, '-n c2 -j link show'), /"net1"/);
	await cni(one, 'GC', '', {config: {...config, 'cni.dev/valid-attachments': []}});
	t.is(await state(one), before);
});

/** Kills a call before each of its changes in turn; `after` makes it right each time. */
async function killEverywhere(t: ExecutionContext, prepare: (one: World) => Promise<void>, work: (one: World) => Promise<{status: number}>, after: (one: World) => Promise<void>): Promise<number> {
	for (let at = 1; ; at++) {
		const one = world();
		await prepare(one);
		const crashed = await crashAt(one.host, at, async () => work(one));
		if (crashed === undefined) {
			return at - 1;
		}

		await after({...one, host: crashed});
		t.pass();
	}
}

test('ADD killed before any of its changes: DEL puts everything right', async t => {
	const before = await state(world());
	const kills = await killEverywhere(t, async () => {}, async one => cni(one, 'ADD', 'c1', {config: {...settings, deviceID: (await bdfs(one))[0]}}), async one => {
		const {status, json} = await cni(one, 'DEL', 'c1');
		t.is(status, 0, JSON.stringify(json));
		t.is(await state(one), before);
	});
	// Two operations, IPAM between them.
	t.true(kills > 12, `${kills} kills`);
});

test('ADD killed before any of its changes: so does GC, without having heard of the container', async t => {
	const before = await state(world());
	await killEverywhere(t, async () => {}, async one => cni(one, 'ADD', 'c1', {config: {...settings, deviceID: (await bdfs(one))[0]}}), async one => {
		// Debian's IPAM plugin knows no 1.1.0, so the call is made through one that it knows.
		const {status, json} = await cni(one, 'GC', '', {config: {cniVersion: '1.1.0', ipam: {}, 'cni.dev/valid-attachments': []}});
		t.is(status, 0, JSON.stringify(json));
		t.is((await state(one)).replaceAll(/\n(?:20\.0\.0\.10|fd00.*)$/gm, ''), before);
	});
});

for (const gone of [false, true]) {
	test(`DEL killed before any of its changes${gone ? ', and the namespace goes away after it' : ''}: the next DEL ends it`, async t => {
		const before = await state(world());
		await killEverywhere(t, async one => {
			await cni(one, 'ADD', 'c1', {config: {...settings, deviceID: (await bdfs(one))[0]}});
		}, async one => cni(one, 'DEL', 'c1'), async one => {
			if (gone) {
				await ip(one.host, 'netns del c1');
			}

			const {status, json} = await cni(one, 'DEL', 'c1', gone ? {env: {CNI_NETNS: ''}} : {});
			t.is(status, 0, JSON.stringify(json));
			t.is(await state(one), before);
		});
	});
}

test('a namespace that died: the VF is made as before by DEL, or by the next ADD for it', async t => {
	const one = world();
	const before = await state(one);
	const [deviceID] = await bdfs(one);
	await cni(one, 'ADD', 'c1', {config: {...settings, deviceID}});
	await ip(one.host, 'netns del c1');
	t.not(await state(one), before);
	t.is((await cni(one, 'DEL', 'c1', {env: {CNI_NETNS: ''}})).status, 0);
	t.is(await state(one), before);

	addNamespace(one.host.machine, {name: 'c1'});
	await cni(one, 'ADD', 'c1', {config: {...settings, deviceID}});
	await ip(one.host, 'netns del c1');
	const {status, json} = await cni(one, 'ADD', 'c2', {config: {deviceID, vlan: 200}});
	t.is(status, 0, JSON.stringify(json));
	// The late DEL of the container before it.
	await cni(one, 'DEL', 'c1', {env: {CNI_NETNS: ''}});
	t.regex(await ip(one.host, '-n c2 -j link show'), /"net1"/);
	t.is((await cni(one, 'CHECK', 'c2', {config: {deviceID, vlan: 200, prevResult: json}})).status, 0);
	await cni(one, 'DEL', 'c2');
	t.is(await state(one), before);
});

test('an ADD that IPAM or the kernel refuses leaves nothing', async t => {
	const one = world();
	const before = await state(one);
	const [deviceID] = await bdfs(one);
	const config = {...settings, deviceID};
	for (const [more, code, says] of [
		[{ipam: {type: 'host-local', subnet: 'nonsense'}}, 105, /nonsense/],
		[{ipam: {type: 'not-installed'}}, 105, /CNI_PATH/],
		[{ipam: {type: 'static', addresses: [{address: '20.0.0.1/24'}], routes: [{dst: '30.0.0.0/8', gw: '99.0.0.1'}]}}, 105, /30\.0\.0\.0\/8/],
		[{max_tx_rate: 5, min_tx_rate: 10}, 7, /BAD_RATE/],
		[{deviceID: '0000:3b:00.0'}, 103, /PF_NOT_VF/],
		[{deviceID: '0000:ff:00.0'}, 104, /VF_NOT_FOUND/],
		[{deviceID: '', pf: 'nothing'}, 104, /PF_NOT_FOUND/],
	] as const) {
		const {status, json} = await cni(one, 'ADD', 'c1', {config: {...config, ...more}});
		t.not(status, 0);
		t.is(json.code, code, JSON.stringify(json));
		t.regex(json.details, says);
		t.is(await state(one), before);
	}

	t.is((await cni(one, 'ADD', 'c1', {config, env: {CNI_NETNS: '/run/netns/none'}})).json.code, 104);
	t.is((await cni(one, 'ADD', 'c1', {config, uid: 1000})).json.code, 103);
	t.is(await state(one), before);
});

test('a VF on vfio-pci is set and not moved, and has one owner', async t => {
	const one = world();
	const [, deviceID] = await bdfs(one);
	t.is((await vfctl(one.host, ['bind', deviceID, 'vfio-pci'])).error, undefined);
	const before = await state(one);
	const config = {cniVersion: '1.1.0', deviceID, mac: '52:54:00:00:0c:03', vlan: 5, ipam: {}};
	const {json} = await cni(one, 'ADD', 'c1', {config});
	t.deepEqual(json, {cniVersion: '1.1.0', interfaces: [{name: 'net1', mac: '52:54:00:00:0c:03', sandbox: '/var/run/netns/c1', pciID: deviceID}]});
	t.is((await cni(one, 'ADD', 'c2', {config})).json.code, 103);
	t.is((await cni(one, 'CHECK', 'c1', {config: {...config, prevResult: json}})).status, 0);
	await cni(one, 'DEL', 'c1', {config});
	t.is(await state(one), before);
	await cni(one, 'ADD', 'c1', {config});
	await ip(one.host, 'netns del c1');
	t.is((await cni(one, 'ADD', 'c2', {config})).status, 0);
	await cni(one, 'DEL', 'c1', {config});
	t.is((await cni(one, 'CHECK', 'c2', {config: {...config, prevResult: json}})).status, 0);
	await cni(one, 'DEL', 'c2', {config});
	t.is(await state(one), before);
});

test('a VF that a guest has is not for containers', async t => {
	const one = world(hosts['taken']!());
	for (const deviceID of [vf0, vf1]) {
		const {json} = await cni(one, 'ADD', 'c1', {config: {deviceID}});
		t.is(json.code, 103);
		t.regex(json.details, /^VF_HELD; it is held by guest/);
	}
});

test('without libvirt a container host just works; with guests and a silent libvirt nothing is chosen', async t => {
	const plain = () => hostBuilder('plain').pf({card: 'xl710', bdf: '0000:3b:00.0', name: 'pf0', vfs: 4}).noLibvirt().record();
	t.is((await cni(world(plain()), 'ADD', 'c1', {config: {pf: 'pf0'}})).status, 0);
	const withGuest = () => world(withFile(plain(), '/etc/libvirt/qemu/vm0.xml', '<domain/>'));
	const {json} = await cni(withGuest(), 'ADD', 'c1', {config: {pf: 'pf0'}});
	t.is(json.code, 103);
	t.regex(json.details, /^RISK_NOT_ACCEPTED.*"acceptRisk": \["unknown-guests"\]/);
	t.is((await cni(withGuest(), 'ADD', 'c1', {config: {pf: 'pf0', acceptRisk: ['unknown-guests']}})).status, 0);
	const named = withGuest();
	const {status, notes} = await cni(named, 'ADD', 'c1', {config: {deviceID: (await bdfs(named))[0], logLevel: 'warning'}});
	t.is(status, 0);
	t.regex(notes.join('\n'), /guests that are off may name/);
});

test('STATUS tells whether an ADD would have a chance', async t => {
	const one = world(hosts['all-taken']!());
	const ask = async (config: object, host = one) => (await cni(host, 'STATUS', '', {config: {cniVersion: '1.1.0', ipam: {}, ...config}})).json?.code;
	t.is(await ask({pf: 'pf0'}), 50);
	t.is(await ask({pf: 'nothing'}), 50);
	t.is(await ask({deviceID: '0000:ff:00.0'}), 50);
	t.is(await ask({ipam: {type: 'not-installed'}}), 50);
	t.is(await ask({pf: 7}), 7);
	const free = world();
	t.is(await ask({pf: 'pf0'}, free), undefined);
	t.is(await ask({}, free), undefined);
	t.is(await ask({ipam: {type: 'host-local'}}, free), undefined);
	t.is((await cni(one, 'STATUS', '')).json.code, 1);
});

test('an admin\'s operation that was cut off is the admin\'s to put back', async t => {
	const one = world();
	const crashed = await crashAt(one.host, what => what.includes('sriov_numvfs') || what.includes('vlan'), async () => vfctl(one.host, ['vf', 'set', 'pf0#2', '--vlan', '7']));
	const left = {...one, host: crashed!};
	const {json} = await cni(left, 'ADD', 'c1', {config: {pf: 'pf0'}});
	t.is(json.code, 11);
	t.regex(json.details, /^NEEDS_RECOVERY.*fix: vfctl recover/);
	t.is((await cni(left, 'DEL', 'c1')).json.code, 11);
	t.is((await cni(left, 'STATUS', '', {config: {cniVersion: '1.1.0', pf: 'pf0', ipam: {}}})).json.code, 50);
	await vfctl(left.host, ['recover', '--yes']);
	t.is((await cni(left, 'ADD', 'c1', {config: {pf: 'pf0'}})).status, 0);
});

test('errors of the call come as CNI wants them, whatever is wrong', async t => {
	const one = world();
	t.like((await cni(one, 'ADD', 'c1', {config: {cniVersion: '9.0.0', pf: 'pf0'}})).json, {cniVersion: '1.1.0', code: 1});
	t.like((await cni(one, 'add', 'c1', {config: {pf: 'pf0'}})).json, {code: 4});
	t.like((await cni(one, 'ADD', '', {config: {pf: 'pf0'}})).json, {cniVersion: '1.0.0', code: 4, msg: 'ADD needs CNI_CONTAINERID'});
	t.like((await cni(one, 'GC', '', {config: {pf: 'pf0'}})).json, {code: 1});
	t.like((await cni(one, 'GC', '', {config: {cniVersion: '1.1.0', pf: 'pf0'}})).json, {code: 7});
	t.deepEqual((await cni(one, 'VERSION', '', {config: {cniVersion: '0.4.0'}})).json, {cniVersion: '0.4.0', supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']});
});
