// Interfaces in network namespaces on a simulated host: attach, detach, reclaim, list, and every
// way in which they are refused.
import test from 'ava';
import {crashAt, crashEverywhere} from './helpers/crash.ts';
import {hosts, vfctl} from './helpers/plan-world.ts';
import {addNamespace, endProcess, joinNamespace} from '../lib/sim/namespaces.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';

const vf0 = '0000:03:10.0';
const vf1 = '0000:03:10.2';

function hostWith(name: keyof typeof hosts, ...namespaces: readonly string[]): SimHost {
	const host = simHost(hosts[name]!());
	for (const one of namespaces) {
		addNamespace(host.machine, {name: one});
	}

	return host;
}

async function run(host: SimHost, words: string): Promise<Awaited<ReturnType<typeof vfctl>>> {
	return vfctl(host, words.split(' '));
}

/** Everything a detach must put back: interfaces of the host, settings, routes, addresses, drivers. */
async function state(host: SimHost): Promise<string> {
	const texts = await Promise.all([['ip', '-j', '-d', 'link', 'show'], ['ip', '-j', 'addr', 'show'], ['ip', '-j', 'route', 'show'], ['ip', '-j', '-6', 'route', 'show']].map(async argv => (await host.runner.run(argv as [string, ...string[]])).stdout));
	const drivers = host.files.list('/sys/bus/pci/devices').map(bdf => `${bdf} ${host.files.readLink(`/sys/bus/pci/devices/${bdf}/driver`)} ${host.files.readText(`/sys/bus/pci/devices/${bdf}/driver_override`)?.trim()} ${host.files.list(`/sys/bus/pci/devices/${bdf}/net`).join(',')}`);
	// A driver that was loaded again has made a new interface, which has another number and place.
	return [...texts.map(text => text.split('\n').map(line => line.replace(/"ifindex":\s*\d+,?/, '').replace(/,$/, '')).sort().join('\n')), ...drivers].join('\n');
}

async function ip(host: SimHost, words: string): Promise<string> {
	const {code, stdout, stderr} = await host.runner.run(['ip', ...words.split(' ')]);
	if (code !== 0) {
		throw new Error(`ip ${words}: ${stderr}`);
	}

	return stdout;
}

interface Link {ifname: string; parentdev?: string; address: string; mtu: number; flags: string[]; addr_info?: Array<{local: string; prefixlen: number}>}

async function linkIn(host: SimHost, namespace: string, name: string): Promise<Link | undefined> {
	const links = JSON.parse(await ip(host, `-n ${namespace} -j -d link show`)) as Link[];
	const addresses = JSON.parse(await ip(host, `-n ${namespace} -j addr show`)) as Link[];
	const link = links.find(one => one.ifname === name);
	return link && {...link, addr_info: addresses.find(one => one.ifname === name)?.addr_info ?? []};
}

test('a VF goes to a namespace with a name, addresses, routes and an MTU; a second time nothing happens; detach puts everything back', async t => {
	const host = hostWith('usual', 'blue');
	const before = await state(host);
	const attach = 'netns attach blue pf0#0 --name net1 --address 20.0.0.3/24 --address fd00::3/64 --gateway --route 30.0.0.0/8,via=20.0.0.9 --mtu 1400';
	t.is((await run(host, attach)).error, undefined);
	const link = await linkIn(host, 'blue', 'net1');
	t.like(link, {parentdev: vf0, mtu: 1400});
	t.true(link?.flags.includes('UP'));
	t.deepEqual(link?.addr_info?.map(({local, prefixlen}) => `${local}/${prefixlen}`), ['20.0.0.3/24', 'fd00::3/64']);
	t.regex(await ip(host, '-n blue -j route show'), /"dst":"default","gateway":"20\.0\.0\.1"[^]*"dst":"30\.0\.0\.0\/8","gateway":"20\.0\.0\.9"/);
	const again = await run(host, attach);
	t.is(again.error, undefined);
	t.false(again.json['changed']);
	t.deepEqual(again.notes, []);
	const {text} = await run(host, 'netns list');
	t.regex(text, /^blue +net1 +pf0#0 +0000:03:10\.0 .* up +20\.0\.0\.3\/24,fd00::3\/64 +operation 1$/m);
	t.is((await run(host, 'netns detach blue net1')).error, undefined);
	t.is(await state(host), before);
	t.is((await run(host, 'netns list')).text, 'no VF or PF is in a network namespace');
});

test('udev gives new VFs their lasting MACs: whoever makes VFs is told the MACs that stay', async t => {
	for (const [name, make] of [['bare', 'vf create pf0 2'], ['pinned', 'restore pf0#0']] as const) {
		const host = hostWith(name);
		host.set({udevMs: 3000});
		t.is((await run(host, make)).error, undefined);
		const told = await state(host);
		host.machine.clock.pass(60_000);
		t.is(await state(host), told, make);
	}
});

for (const first of ['vf create pf0 2', undefined]) {
	test(`a namespace gets a VF of those that ${first ?? 'the attach itself makes'}, while udev goes on, and it comes back with its MAC`, async t => {
		const host = hostWith('bare', 'blue');
		if (first !== undefined) {
			host.set({udevMs: 3000});
			t.is((await run(host, first)).error, undefined);
		}

		// Every change takes its time.
		host.set({udevMs: 3000, beforeChange: () => host.machine.clock.pass(2000)});
		t.is((await run(host, 'netns attach blue pf0 --vfs 2 --name net1 --address 20.0.0.3/24')).error, undefined);
		const mac = (await linkIn(host, 'blue', 'net1'))?.address;
		t.is((await run(host, 'netns detach blue net1')).error, undefined);
		host.machine.clock.pass(60_000);
		t.regex(await ip(host, '-j -d link show'), new RegExp(`"address":"${mac}"`));
	});
}

test('what the container changed does not stop the way back: name, MAC, MTU, addresses, state', async t => {
	for (const last of ['link set dev other up', 'link set dev other down']) {
		const host = hostWith('usual', 'blue');
		const before = await state(host);
		t.is((await run(host, 'netns attach blue pf0#0 --address 20.0.0.3/24')).error, undefined);
		for (const words of ['link set dev pf0v0 down', 'link set dev pf0v0 name other', 'link set dev other address 02:00:00:00:00:77', 'link set dev other mtu 1300', 'link set dev other up', 'addr add 9.9.9.9/24 dev other', last]) {
			await ip(host, `-n blue ${words}`);
		}

		t.is((await run(host, 'netns detach blue pf0#0')).error, undefined);
		t.is(await state(host), before);
	}
});

for (const [what, options] of [
	['a MAC', '--mac 52:54:00:aa:00:01'],
	['a VLAN and a MAC', '--vlan 42 --qos 3 --mac 52:54:00:aa:00:01'],
	['rates, checks and trust', '--max-tx-rate 100 --spoofchk off --trust on'],
	['everything that an XL710 can', '--vlan 5 --link-state enable --mac 52:54:00:aa:00:01 --trust on'],
] as const) {
	test(`settings on the PF come back: ${what}`, async t => {
		for (const end of ['netns detach blue pf0#3', 'undo --yes', 'reclaim']) {
			const host = hostWith('full', 'blue');
			const before = await state(host);
			t.is((await run(host, `netns attach blue pf0#3 --name net1 ${options}`)).error, undefined, options);
			const seen = await linkIn(host, 'blue', 'net1');
			t.is(options.includes('52:54:00:aa:00:01'), seen?.address === '52:54:00:aa:00:01');
			t.not(await state(host), before);
			if (end === 'reclaim') {
				await ip(host, 'netns del blue');
				t.regex((await run(host, 'netns list')).text, /^blue +net1 +pf0#3 .*gone: vfctl netns reclaim$/m);
				t.is((await run(host, 'netns reclaim')).error, undefined);
			} else {
				t.is((await run(host, end)).error, undefined);
			}

			t.is(await state(host), before, end);
		}
	});
}

test('a MAC that the container set while it was trusted goes back to the own one', async t => {
	const host = hostWith('full', 'blue');
	const before = await state(host);
	t.is((await run(host, 'netns attach blue pf0#3 --mac 52:54:00:aa:00:01 --trust on --name net1')).error, undefined);
	await ip(host, '-n blue link set dev net1 down');
	await ip(host, '-n blue link set dev net1 address 02:00:00:00:00:77');
	t.is((await run(host, 'netns detach blue net1')).error, undefined);
	t.is(await state(host), before);
});

test('a PF gives its first free VF, and makes VFs when it has none', async t => {
	const host = hostWith('taken', 'blue');
	t.is((await run(host, 'netns attach blue pf0 --name a')).error, undefined);
	t.is((await linkIn(host, 'blue', 'a'))?.parentdev, '0000:03:10.6');
	const full = await run(host, 'netns attach blue pf0 --name b');
	t.is(full.error?.code, 'NO_FREE_VF');
	t.regex(full.error?.why ?? '', /guest vm0.*guest off.*namespace/);
	const bare = hostWith('bare', 'blue');
	const before = await state(bare);
	t.is((await run(bare, 'netns attach blue pf0 --vfs 2 --address 20.0.0.3/24')).error, undefined);
	t.like(await linkIn(bare, 'blue', 'pf0v0'), {mtu: 1500});
	t.is((await run(bare, 'undo --yes')).error, undefined);
	t.is(await state(bare), before);
});

test('a free VF without its network driver gets it, and loses it again', async t => {
	const host = hostWith('pinned', 'blue');
	const pinned = await run(host, 'netns attach blue pf0#0');
	t.is(pinned.error?.code, 'VF_HELD');
	t.regex(pinned.error?.why ?? '', /pinned to vfio-pci/);
	for (const end of ['netns detach blue net1', 'undo --yes']) {
		const unbound = hostWith('usual', 'blue');
		t.is((await run(unbound, 'unbind pf0#1')).error, undefined);
		const before = await state(unbound);
		t.is((await run(unbound, 'netns attach blue pf0#1 --name net1 --mac 52:54:00:aa:00:01')).error, undefined);
		t.like(await linkIn(unbound, 'blue', 'net1'), {address: '52:54:00:aa:00:01', parentdev: vf1});
		t.is((await run(unbound, end)).error, undefined);
		t.is(await state(unbound), before, end);
	}
});

test('the PF itself goes only when it is asked for, and only without VFs', async t => {
	const host = hostWith('usual', 'blue');
	t.is((await run(host, 'netns attach blue pf0 --whole-pf')).error?.code, 'PF_IN_USE');
	t.is((await run(host, 'netns attach blue pf0#0 --whole-pf')).error?.code, 'USAGE');
	t.is((await run(host, 'netns attach blue pf1 --whole-pf --vlan 5')).error?.code, 'USAGE');
	await ip(host, 'link set dev pf1 up');
	const before = await state(host);
	t.is((await run(host, 'netns attach blue pf1 --whole-pf --name uplink --mtu 9000 --address 20.0.0.3/24')).error, undefined);
	t.like(await linkIn(host, 'blue', 'uplink'), {mtu: 9000, parentdev: '0000:03:00.1'});
	t.false((await run(host, 'netns attach blue 0000:03:00.1 --whole-pf')).json['changed']);
	t.is((await run(host, 'vf create 0000:03:00.1 1')).error?.code, 'PF_IN_USE');
	t.is(host.files.readText('/sys/bus/pci/devices/0000:03:00.1/sriov_numvfs')?.trim(), '0');
	t.is((await run(host, 'netns detach blue pf1')).error, undefined);
	t.is(await state(host), before);
	for (const [name, code] of [['pf-address', 'HOST_NETWORK'], ['pf-route', 'HOST_NETWORK'], ['pf-vlan', 'HOST_NETWORK'], ['pf-bond', 'HOST_NETWORK'], ['pf-bridge', 'HOST_NETWORK'], ['pf-ssh', 'MANAGEMENT_INTERFACE'], ['pf-ssh-bond', 'MANAGEMENT_INTERFACE']] as const) {
		t.is((await run(hostWith(name, 'blue'), 'netns attach blue pf0 --whole-pf')).error?.code, code, name);
	}
});

const refusals: ReadonlyArray<readonly [host: keyof typeof hosts, words: string, code: string, says: RegExp]> = [
	['usual', 'attach nope pf0#0', 'NETNS_NOT_FOUND', /\/run\/netns\/nope is not there/],
	['usual', 'attach pid:4711 pf0#0', 'NETNS_NOT_FOUND', /\/proc\/4711\/ns\/net is not there/],
	['usual', 'attach pid:1 pf0#0', 'USAGE', /the host itself/],
	['usual', 'attach ../../etc/passwd pf0#0', 'USAGE', /not the name of a network namespace/],
	['usual', 'attach /run/../etc/passwd pf0#0', 'USAGE', /not the name of a network namespace/],
	['usual', 'attach /tmp/ns pf0#0', 'USAGE', /not the name of a network namespace/],
	['usual', 'attach blue pf0#9', 'VF_NOT_FOUND', /VF 9/],
	['usual', 'attach blue nope', 'VF_NOT_FOUND', /nope/],
	['usual', 'attach blue pf0#0 --name lo', 'NETDEV_EXISTS', /interface lo already/],
	['usual', 'attach blue pf0#0 --name a/b', 'USAGE', /name of an interface/],
	['usual', 'attach blue pf0#0 --name=-x', 'USAGE', /name of an interface/],
	['usual', 'attach blue pf0#0 --name sixteencharacter', 'USAGE', /name of an interface/],
	['usual', 'attach blue pf0#0 --name dev%d', 'USAGE', /name of an interface/],
	['usual', 'attach blue pf0#0 --mtu 9000', 'UNSUPPORTED', /does not carry an MTU of 9000/],
	['usual', 'attach blue pf0#0 --address 20.0.0.0/24', 'BAD_ADDRESS', /network/],
	['usual', 'attach blue pf0#0 --vlan 5000', 'BAD_VLAN', /VLAN/],
	['usual', 'detach nope pf0#0', 'NETNS_NOT_FOUND', /nope/],
	['usual', 'detach blue pf0#0', 'NOT_ATTACHED', /does not have pf0#0/],
	['usual', 'detach blue nope', 'VF_NOT_FOUND', /nope/],
	['usual', 'reclaim pf0#0', 'NOT_ATTACHED', /nothing to reclaim/],
	['taken', 'attach blue pf0#0', 'VF_HELD', /guest vm0/],
	['taken', 'attach blue pf0#1', 'VF_HELD', /guest off/],
	['taken', 'attach blue pf0#2', 'VF_HELD', /another network namespace/],
	['vf-address', 'attach blue pf0#0', 'HOST_NETWORK', /10\.1\.0\.1/],
	['vf-ssh', 'attach blue pf0#0', 'MANAGEMENT_INTERFACE', /ssh/],
	['no-driver', 'attach blue 0000:03:00.0', 'PF_NO_DRIVER', /no driver/],
];
for (const [name, words, code, says] of refusals) {
	test(`refused, and nothing changed: ${name}: netns ${words}`, async t => {
		const host = hostWith(name, 'blue');
		const before = await state(host);
		const {error} = await run(host, `netns ${words}`);
		t.is(error?.code as string | undefined, code);
		t.regex(`${error?.message}: ${error?.why}`, says);
		t.is(await state(host), before);
	});
}

test('a namespace that dies: the interface comes home as the container left it, and reclaim puts it back', async t => {
	const host = hostWith('usual', 'blue', 'red');
	const before = await state(host);
	t.is((await run(host, 'netns attach blue pf0#0 --vlan 42 --mac 52:54:00:aa:00:01 --name net1 --address 20.0.0.3/24 --mtu 1300')).error, undefined);
	// Under the name that another interface has: the kernel calls it dev and its number.
	await ip(host, '-n blue link set dev net1 name pf0v1');
	await ip(host, 'netns del blue');
	t.true(host.files.list('/sys/class/net').some(name => /^dev\d+$/.test(name)));
	t.regex((await run(host, 'netns list')).text, /^blue +net1 +pf0#0 .*gone/m);
	const other = await run(host, 'netns attach red pf0#0');
	t.is(other.error?.code, 'VF_HELD');
	t.is(other.error?.fix, 'vfctl netns reclaim pf0#0');
	// Nothing chooses it by itself, for a guest or another namespace.
	t.is((await run(host, 'netns attach red pf0 --name x --dry-run')).json['plan'] && ((await run(host, 'netns attach red pf0 --name x --dry-run')).json['plan'] as {subject: {vf: string}}).subject.vf, vf1);
	t.is(((await run(host, 'attach vm0 pf0 --dry-run')).json['plan'] as {subject: {vf: string}}).subject.vf, vf1);
	t.is((await run(host, 'netns reclaim')).error, undefined);
	t.is(await state(host), before);
	const nothing = await run(host, 'netns reclaim');
	t.is(nothing.error, undefined);
	t.false(nothing.json['changed']);
});

test('several at once, one of them taken by somebody else since', async t => {
	const host = hostWith('usual', 'blue');
	const before = await state(host);
	for (const index of [0, 1, 2]) {
		t.is((await run(host, `netns attach blue pf0#${index} --vlan 4${index}`)).error, undefined);
	}

	await ip(host, 'netns del blue');
	await ip(host, 'link set dev pf0v1 up');
	const {error, notes} = await run(host, 'netns reclaim');
	t.is(error, undefined);
	t.regex(notes.join('\n'), /0000:03:10\.2 is left alone: .*pf0v1 is up/);
	await ip(host, 'link set dev pf0v1 down');
	t.is((await run(host, 'netns reclaim pf0#1')).error, undefined);
	t.is(await state(host), before);
});

test('a namespace of the same name that was made later is another one', async t => {
	const host = hostWith('usual', 'blue');
	const before = await state(host);
	t.is((await run(host, 'netns attach blue pf0#0 --name net1 --vlan 42')).error, undefined);
	await ip(host, 'netns del blue');
	await ip(host, 'netns add blue');
	t.regex((await run(host, 'netns list')).text, /gone/);
	const detached = await run(host, 'netns detach blue net1');
	t.is(detached.error, undefined);
	t.is(await state(host), before);
	t.is((await run(host, 'netns detach blue pf0#0')).error?.code, 'NOT_ATTACHED');
});

test('namespaces without a name: of a process, kept by another process, and gone with the last', async t => {
	const host = hostWith('usual');
	const inode = addNamespace(host.machine, {pid: 4711});
	joinNamespace(host.machine, 4712, inode);
	const before = await state(host);
	t.is((await run(host, 'netns attach pid:4711 pf0#0 --name net1 --vlan 42')).error, undefined);
	t.regex((await run(host, 'netns list')).text, /^\/proc\/4711\/ns\/net +net1 +pf0#0/m);
	endProcess(host.machine, 4711);
	t.regex((await run(host, 'netns list')).text, /^\/proc\/4712\/ns\/net +net1 +pf0#0/m);
	t.is((await run(host, 'netns reclaim')).json['changed'], false);
	t.is((await run(host, 'netns reclaim pf0#0')).error?.code, 'VF_HELD');
	t.is((await run(host, 'netns detach pid:4713 pf0#0')).error?.code, 'NETNS_NOT_FOUND');
	t.is((await run(host, 'netns detach pid:4711 pf0#0')).error, undefined, 'process 4711 is gone, its namespace is not');
	t.is(await state(host), before);
	t.is((await run(host, 'netns attach /proc/4712/ns/net pf0#0 --name net1 --vlan 42')).error, undefined);
	endProcess(host.machine, 4712);
	t.is((await run(host, 'netns detach /proc/4712/ns/net net1')).error, undefined);
	t.is(await state(host), before);
});

test('the kernel gives the number of a namespace that is gone to the next one: a stranger gets nothing by it', async t => {
	const host = hostWith('usual');
	const inode = addNamespace(host.machine, {pid: 4711});
	t.is((await run(host, 'netns attach pid:4711 pf0#0 --name net1 --vlan 42')).error, undefined);
	t.is((await run(host, 'netns detach pid:4711 pf0#0')).error, undefined);
	const before = await state(host);
	endProcess(host.machine, 4711);
	host.machine.namespaces.made--;
	t.is(addNamespace(host.machine, {pid: 4799}), inode);
	const {error} = await run(host, 'undo --yes');
	t.is(await state(host), before, error?.message);
	t.regex((await run(host, 'netns list')).text, /^(?!.*4799)/s);
	t.is((await run(host, 'netns attach /proc/4711/ns/net pf0#0')).error?.code, 'NETNS_NOT_FOUND');
});

test('vfctl in another network namespace than process 1 changes nothing', async t => {
	const host = hostWith('usual', 'blue');
	host.machine.tree.put('/proc/self/ns/net', {kind: 'link', target: 'net:[4026532999]'});
	const before = await state(host);
	for (const words of ['netns attach blue pf0#0', 'attach vm0 pf0#0', 'vf set pf0#0 --vlan 5']) {
		const {error} = await run(host, words);
		t.is(error?.code, 'UNSUPPORTED', words);
		t.regex(error?.message ?? '', /namespace of the host/);
	}

	t.is(await state(host), before);
});

test('a guest and a namespace at once: one has it, the other is told who', async t => {
	for (const order of [['netns attach blue pf0#0', 'attach vm0 pf0#0'], ['attach vm0 pf0#0', 'netns attach blue pf0#0']] as const) {
		const host = hostWith('usual', 'blue');
		const [first, second] = await Promise.all([run(host, order[0]), vfctl(host.besides(), order[1].split(' '))]);
		const errors = [first, second].flatMap(({error}) => error ?? []);
		t.is(errors.length, 1);
		t.true(['VF_HELD', 'LOCKED'].includes(errors[0]!.code), errors[0]!.code);
		const later = await run(host, first.error === undefined ? order[1] : order[0]);
		t.is(later.error?.code, 'VF_HELD');
	}
});

for (const words of [
	'netns attach blue pf0#3 --name net1 --mac 52:54:00:aa:00:01 --vlan 42 --mtu 1400 --address 20.0.0.3/24 --address fd00::3/64 --gateway',
	'netns attach blue pf0 --name net1 --whole-pf',
]) {
	const name = words.includes('whole') ? 'usual' : 'full';
	const command = words.replace('pf0 --name', 'pf1 --name');
	test(`killed before every change of: ${command}`, async t => {
		const before = await state(hostWith(name, 'blue'));
		const crashes = await crashEverywhere(() => hostWith(name, 'blue'), async host => run(host, command), async (after, at) => {
			t.is((await run(after, 'recover')).error, undefined, `change ${at}`);
			t.is(await state(after), before, `change ${at}`);
		});
		t.true(crashes > 5);
	});

	test(`killed before every change of the detach after: ${command}`, async t => {
		let crashes = 0;
		for (let at = 1; ; at++) {
			const host = hostWith(name, 'blue');
			const untouched = await state(host);
			await run(host, command);
			for (const changed of ['link set dev net1 down', 'link set dev net1 name other', 'link set dev other mtu 1300', 'link set dev other up']) {
				await ip(host, `-n blue ${changed}`);
			}

			const before = await state(host);
			const after = await crashAt(host, at, async () => run(host, 'netns detach blue other'));
			if (after === undefined) {
				t.is(await state(host), untouched);
				break;
			}

			crashes++;
			t.is((await run(after, 'recover')).error, undefined, `change ${at}`);
			t.is(await state(after), before, `change ${at}`);
			t.is((await run(after, 'netns detach blue other')).error, undefined, `change ${at}`);
			t.is(await state(after), untouched, `change ${at}`);
		}

		t.true(crashes > 5);
	});
}

test('the namespace dies in the middle of an attach: what was done is put back on the host', async t => {
	const host = hostWith('full', 'blue');
	const before = await state(host);
	let moved = false;
	host.set({
		beforeChange(what) {
			if (!moved && /dev net1|net1 (?:mtu|up)|dev net1/.test(what)) {
				moved = true;
				host.set({beforeChange: undefined as never});
				void host.runner.run(['ip', 'netns', 'del', 'blue']);
			}
		},
	});
	const {error} = await run(host, 'netns attach blue pf0#3 --name net1 --mac 52:54:00:aa:00:01 --vlan 42 --mtu 1400 --address 20.0.0.3/24');
	t.true(moved);
	t.is(error?.code, 'STEP_FAILED');
	t.true(error?.details['rolledBack']);
	t.is(await state(host), before);
});

test('a name that is taken between planning and moving: the interface has moved under its old one, and comes back', async t => {
	const host = hostWith('full', 'blue');
	await ip(host, '-n blue link set dev lo up');
	const before = await state(host);
	let raced = false;
	host.set({
		beforeChange(what) {
			if (!raced && what.startsWith('ip link set pf0v3 netns')) {
				raced = true;
				// Something else got the name just now.
				const blue = [...host.machine.namespaces.known.values()][0]!;
				blue.tree.putValue('/sys/class/net/net1/ifindex', 99);
			}
		},
	});
	const {error} = await run(host, 'netns attach blue pf0#3 --name net1 --vlan 42');
	t.true(raced);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /File exists/);
	t.true(error?.details['rolledBack']);
	t.is(await state(host), before);
});
