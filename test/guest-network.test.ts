// Addresses, routes and files inside guests: the parsers and the action on the real `ip` of
// iproute2 and of busybox, everything else on a simulated guest; agents that are silent, forbid
// things or lie.
import test, {type ExecutionContext} from 'ava';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {guestExec} from '../lib/exec/guest-agent.ts';
import {readGuestFile, writeGuestFile} from '../lib/exec/guest-files.ts';
import {chooseGuestLink, parseGuestIp, parseGuestLinks} from '../lib/exec/guest-ip-text.ts';
import {detectGuestFileFormat, readGuestInterface, readGuestNetwork} from '../lib/exec/read-guest-network.ts';
import {guestFile, guestNetwork} from '../lib/exec/actions/act-guest-network.ts';
import type {ActionContext} from '../lib/exec/actions/handler.ts';
import {realClock} from '../lib/host/real-clock.ts';
import type {Libvirt} from '../lib/libvirt/libvirt.ts';
import {noGuestIp, sameGuestIp} from '../lib/model/guest-ip.ts';
import type {GuestIp, IpRoute} from '../lib/model/guest-network.ts';
import type {Mac} from '../lib/model/mac.ts';
import type {GuestFileAction, GuestNetworkAction} from '../lib/plan/action.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {startNetnsGuest, type IpDialect} from './helpers/netns-guest.ts';

const mac = '52:54:00:aa:00:01' as Mac;
const dialects: readonly IpDialect[] = ['iproute2', 'busybox'];
const route = (to: string, via: string | null = null, metric: number | null = null): IpRoute => ({to, via, metric});

async function throwsCode(t: ExecutionContext, promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
	const error = await t.throwsAsync(promise, {instanceOf: AppError});
	t.is(error?.code, code, `${error?.message}: ${error?.why}`);
	return error!;
}

// The real `ip`

for (const dialect of dialects) {
	test(`what a guest with ${dialect} has is read: no link-local or passing addresses, no routes of the kernel`, async t => {
		const guest = await startNetnsGuest(mac, dialect);
		t.teardown(guest.end);
		for (const command of [
			'ip link set vf0 up mtu 1400', 'ip addr add 20.0.0.3/24 dev vf0', 'ip addr add 20.0.0.4/24 dev vf0', 'ip addr add 30.0.0.1/32 dev vf0',
			'ip addr add fd00::3/64 dev vf0 nodad', 'ip addr add 40.0.0.3/24 dev vf0 valid_lft 1000 preferred_lft 900', 'ip addr add 50.0.0.1 peer 50.0.0.2/32 dev vf0',
			'ip route add default via 20.0.0.1', 'ip route add 10.0.0.0/24 via 20.0.0.1 metric 50', 'ip route add 10.3.0.0/24 dev vf0', 'ip route add 10.9.0.9 via 20.0.0.1',
			'ip route add unreachable 10.66.0.0/16', 'ip route add 10.77.0.0/16 nexthop via 20.0.0.1 dev vf0 nexthop via 20.0.0.2 dev vf0', 'ip route add 10.88.0.0/16 via 20.0.0.1 proto dhcp src 20.0.0.3',
			'ip -6 route add default via fd00::1 dev vf0', 'ip -6 route add fd05::/64 dev vf0', 'ip -6 route add fd06::/64 via fd00::9 metric 8', 'ip -6 route add fd07::7 via fe80::1 dev vf0',
		]) {
			guest.run(...command.split(' '));
		}

		const found = await readGuestInterface({libvirt: guest.libvirt, uuid: 'x', clock: realClock}, mac);
		t.is(found?.name, 'vf0');
		t.deepEqual(found?.ip, {
			addresses: ['20.0.0.3/24', '20.0.0.4/24', '30.0.0.1/32', 'fd00::3/64'],
			routes: [
				route('0.0.0.0/0', '20.0.0.1'), route('10.0.0.0/24', '20.0.0.1', 50), route('10.3.0.0/24'),
				// busybox does not tell that a DHCP client made it.
				...dialect === 'busybox' ? [route('10.88.0.0/16', '20.0.0.1')] : [], route('10.9.0.9/32', '20.0.0.1'),
				route('::/0', 'fd00::1'), route('fd05::/64'), route('fd06::/64', 'fd00::9', 8), route('fd07::7/128', 'fe80::1'),
			],
			mtuBytes: 1400,
			up: true,
		});
		t.is(await readGuestNetwork(guest.libvirt, 'x', '52:54:00:aa:00:99' as Mac, realClock), null);
	});

	test(`with ${dialect} an interface is set, changed and put back, and a wrong gateway is told in the guest's words`, async t => {
		const guest = await startNetnsGuest(mac, dialect);
		t.teardown(guest.end);
		const context = {host: {clock: realClock}, libvirt: async () => guest.libvirt, note() {}, signal: undefined, uncertain: false} as unknown as ActionContext;
		const action = (from: GuestIp, to: GuestIp): GuestNetworkAction => ({kind: 'guest-network', guest: {name: 'vm0', uuid: 'x'}, mac, from, to, assumed: false});
		const first: GuestIp = {
			addresses: ['20.0.0.3/24', '20.0.0.4/24', 'fd00::3/64'],
			routes: [route('0.0.0.0/0', '20.0.0.1'), route('10.0.0.0/24', '20.0.0.1', 50), route('10.3.0.0/24'), route('::/0', 'fd00::1'), route('fd05::/64')],
			mtuBytes: 1400, up: true,
		};
		// Its first address goes, which takes the second one and the routes along.
		const second: GuestIp = {...first, addresses: ['20.0.0.4/24', 'fd00::9/64'], routes: [...first.routes.slice(0, 2), route('fd06::/64', 'fd00::1', 7)], mtuBytes: 1500};
		const none: GuestIp = {...noGuestIp, mtuBytes: 1500};
		for (const [from, to] of [[none, first], [first, second], [second, none], [none, second]] as const) {
			t.is(await guestNetwork.observe(context, action(from, to)), 'from');
			await guestNetwork.apply(context, action(from, to));
			t.is(await guestNetwork.observe(context, action(from, to)), 'to');
			t.true(sameGuestIp((await readGuestNetwork(guest.libvirt, 'x', mac, realClock))!, to));
			// A second time nothing is run but questions.
			guest.ran.length = 0;
			await guestNetwork.apply(context, action(from, to));
			t.true(guest.ran.every(argv => argv.includes('show')));
		}

		const wrong = {...second, routes: [route('10.0.0.0/24', '99.0.0.1')]};
		const error = await throwsCode(t, guestNetwork.apply(context, action(second, wrong)), 'STEP_FAILED');
		t.regex(error.why!, /ip route add 10\.0\.0\.0\/24 via 99\.0\.0\.1.*(Network is unreachable|invalid gateway)/);
	});
}

test('of interfaces with one MAC the one above is meant: a failover pair, a bond', t => {
	const text = [
		'1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
		'2: eth0nsby: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel master eth0 state UP qlen 1000\\    link/ether 52:54:00:aa:00:01 brd ff:ff:ff:ff:ff:ff',
		'3: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP qlen 1000\\    link/ether 52:54:00:aa:00:01 brd ff:ff:ff:ff:ff:ff',
		'4: enp7s0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq master eth0 state UP qlen 1000\\    link/ether 52:54:00:aa:00:01 brd ff:ff:ff:ff:ff:ff',
		'5: eth0.7@eth0: <BROADCAST> mtu 1500 qdisc noqueue state UP qlen 1000\\    link/ether 52:54:00:aa:00:02 brd ff:ff:ff:ff:ff:ff',
		'6: member: <BROADCAST> mtu 1500 qdisc noqueue master br0 state UP qlen 1000\\    link/ether 52:54:00:aa:00:03 brd ff:ff:ff:ff:ff:ff',
		'nonsense', '7: ', '\u0000'.repeat(100),
	].join('\n');
	const links = parseGuestLinks(text);
	t.deepEqual(links.map(({name}) => name), ['lo', 'eth0nsby', 'eth0', 'enp7s0', 'eth0.7', 'member']);
	t.is(chooseGuestLink(links, mac)?.name, 'eth0');
	t.is(chooseGuestLink(links, '52:54:00:aa:00:03' as Mac)?.name, 'member');
	t.is(chooseGuestLink(links, '52:54:00:aa:00:04' as Mac), undefined);
});

test('nonsense of a guest is no address and no route', t => {
	const nonsense = ['2: eth0    inet 999.0.0.1/24 scope global eth0', '2: eth0    inet 10.0.0.1/99 scope global', 'default via $(reboot) dev eth0', '10.0.0.0/24 via', '-x /etc', `${'9'.repeat(400)}/24`].join('\n');
	t.deepEqual(parseGuestIp({mtuBytes: 1500, up: true}, {addresses: nonsense, routes: nonsense, routes6: nonsense}), {...noGuestIp, mtuBytes: 1500, up: true});
});

// A simulated guest

const wanted: GuestIp = {addresses: ['20.0.0.3/24', 'fd00::3/64'], routes: [route('0.0.0.0/0', '20.0.0.1'), route('fd05::/64', 'fd00::1')], mtuBytes: 1400, up: true};

function guestHost(options: SimOptions = {}): SimHost {
	return simHost(hostBuilder('guest-network').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2})
		.guest({name: 'vm0', mac}).guest({name: 'off', state: 'shutoff'}).guest({name: 'mute', agent: 'disconnected'}).record(), options);
}

async function simulated(host: SimHost, name = 'vm0'): Promise<{context: ActionContext; libvirt: Libvirt; uuid: string; notes: string[]; guest: {name: string; uuid: string}}> {
	const libvirt = await host.openLibvirt('qemu:///system');
	const {uuid} = await libvirt.findDomain(name);
	const notes: string[] = [];
	return {libvirt, uuid, notes, guest: {name, uuid}, context: {host, libvirt: async () => libvirt, note: (text: string) => notes.push(text), signal: undefined, uncertain: false, async remember() {}, recall: () => undefined} as ActionContext};
}

for (const guestIpDialect of dialects) {
	test(`a simulated guest with ${guestIpDialect} does as a real one`, async t => {
		const host = guestHost({guestIpDialect});
		const {context, libvirt, uuid, guest} = await simulated(host);
		const before = await readGuestNetwork(libvirt, uuid, mac, host.clock);
		t.deepEqual(before, {...noGuestIp, addresses: ['192.0.2.100/24'], mtuBytes: 1500, up: true});
		const action: GuestNetworkAction = {kind: 'guest-network', guest, mac, from: before!, to: wanted, assumed: false};
		t.is(await guestNetwork.observe(context, action), 'from');
		await guestNetwork.apply(context, action);
		t.is(await guestNetwork.observe(context, action), 'to');
		t.deepEqual((await libvirt.guestInterfaces(uuid))!.find(one => one.mac === mac)?.addresses, ['20.0.0.3/24', 'fd00::3/64']);
		await guestNetwork.apply(context, {...action, from: wanted, to: before!});
		t.deepEqual(await readGuestNetwork(libvirt, uuid, mac, host.clock), before);
	});
}

const file: Omit<GuestFileAction, 'guest'> = {kind: 'guest-file', path: '/etc/systemd/network/05-vfctl-x.network', from: null, to: 'text\n', mode: 0o600};

test('a file in a guest: its directory is made, its mode set, nothing is left beside it, and it goes again', async t => {
	const host = guestHost();
	const {context, guest, libvirt, uuid, notes} = await simulated(host);
	const long = 'é'.repeat(100_000);
	for (const [from, to] of [[null, 'text\n'], ['text\n', long], [long, null]] as const) {
		const action = {...file, guest, from, to};
		t.is(await guestFile.observe(context, action), 'from');
		await guestFile.apply(context, action);
		t.is(await guestFile.observe(context, action), 'to');
		t.is(await readGuestFile(libvirt, uuid, file.path), to);
		t.deepEqual([...host.daemon.insideGuest('vm0').files].filter(([path]) => !path.endsWith('/')).map(([path, {mode}]) => `${path} ${mode.toString(8)}`), to === null ? [] : [`${file.path} 600`]);
	}

	t.regex(notes[0]!, /reads .* when it starts the next time/, 'it has no networkctl');
});

test('a guest whose file was changed since says so', async t => {
	const host = guestHost();
	const {context, guest} = await simulated(host);
	await guestFile.apply(context, {...file, guest});
	host.daemon.insideGuest('vm0').files.get(file.path)!.text = 'other\n';
	t.deepEqual(await guestFile.observe(context, {...file, guest}), {other: `${file.path} in vm0 has other content`});
});

test('a guest that is off: observed as such, and nothing is done in it', async t => {
	const {context, guest, notes} = await simulated(guestHost(), 'off');
	t.deepEqual(await guestFile.observe(context, {...file, guest}), {other: 'off is not running'});
	await guestFile.apply(context, {...file, guest});
	const action: GuestNetworkAction = {kind: 'guest-network', guest, mac, from: wanted, to: noGuestIp, assumed: false};
	t.deepEqual(await guestNetwork.observe(context, action), {other: 'off is not running'});
	await guestNetwork.apply(context, action);
	t.is(notes.length, 2);
	const gone = {name: 'gone', uuid: '00000000-0000-0000-0000-000000000000'};
	t.deepEqual(await guestFile.observe(context, {...file, guest: gone}), {other: 'gone is not running'});
});

test('an interface that was just plugged in is waited for; one that never comes is an error', async t => {
	const host = guestHost();
	const {context, guest} = await simulated(host);
	const action: GuestNetworkAction = {kind: 'guest-network', guest, mac: '52:54:00:aa:00:77' as Mac, from: noGuestIp, to: wanted, assumed: true};
	t.is(await guestNetwork.observe(context, action), 'from');
	const error = await throwsCode(t, guestNetwork.apply(context, action), 'GUEST_NO_INTERFACE');
	t.regex(error.why!, /after 60 s/);
	await t.notThrowsAsync(guestNetwork.apply(context, {...action, assumed: false, to: noGuestIp}), 'putting back: nothing is left');
});

test('a route that the guest refuses is told in its words', async t => {
	const {context, guest} = await simulated(guestHost());
	const error = await throwsCode(t, guestNetwork.apply(context, {kind: 'guest-network', guest, mac, from: noGuestIp, to: {...wanted, routes: [route('10.0.0.0/24', '99.0.0.1')]}, assumed: false}), 'STEP_FAILED');
	t.regex(error.why!, /'ip route add 10\.0\.0\.0\/24 via 99\.0\.0\.1 dev enp1s0': Error: Nexthop has invalid gateway/);
});

test('a service of the guest that sets its own way is an error, not an endless fight', async t => {
	const {context, guest} = await simulated(guestHost({guestCommandFailures: [{command: /^ip link set dev \S+ mtu/, result: {code: 0}}]}));
	const error = await throwsCode(t, guestNetwork.apply(context, {kind: 'guest-network', guest, mac, from: noGuestIp, to: wanted, assumed: false}), 'STEP_FAILED');
	t.regex(error.why!, /a network service of the guest may have changed it back/);
});

const formats: ReadonlyArray<readonly [title: string, files: readonly string[], services: readonly string[], format: string | null]> = [
	['netplan, whatever runs below it', ['/etc/netplan/', '/usr/sbin/netplan'], ['systemd-networkd'], 'netplan'],
	['a directory of netplan without netplan', ['/etc/netplan/'], ['systemd-networkd'], 'networkd'],
	['NetworkManager', [], ['NetworkManager', 'systemd-networkd'], 'networkmanager'],
	['systemd-networkd', [], ['systemd-networkd'], 'networkd'],
	['systemd with neither', [], ['sshd'], null],
	['no systemd', [], [], null],
];
for (const [title, files, guestServices, format] of formats) {
	test(`how a guest keeps its configuration: ${title}`, async t => {
		const host = guestHost({guestServices});
		const {libvirt, uuid} = await simulated(host);
		for (const path of files) {
			host.daemon.insideGuest('vm0').files.set(path, {text: '', mode: 0o755});
		}

		t.is(await detectGuestFileFormat(libvirt, uuid, host.clock), format as never);
	});
}

// Agents that do not do what they should

test('a silent agent and one that must not run programs are two things', async t => {
	const host = guestHost({agentForbids: ['guest-exec']});
	const mute = await simulated(host, 'mute');
	await throwsCode(t, readGuestNetwork(mute.libvirt, mute.uuid, mac, host.clock), 'NO_AGENT');
	const {libvirt, uuid} = await simulated(host);
	const error = await throwsCode(t, readGuestNetwork(libvirt, uuid, mac, host.clock), 'UNSUPPORTED');
	t.regex(error.message, /vm0 must not run guest-exec/);
	t.regex(error.fix!, /qemu-ga/);
});

test('a program that the guest has not', async t => {
	const host = guestHost();
	const {libvirt, uuid} = await simulated(host);
	const error = await throwsCode(t, guestExec({libvirt, uuid, clock: host.clock}, ['nothing']), 'UNSUPPORTED');
	t.regex(error.why!, /Failed to execute child process/);
});

const lies: ReadonlyArray<readonly [title: string, answers: readonly unknown[], why: RegExp]> = [
	['no JSON', ['{'], /JSON/],
	['no object', ['[]'], /./],
	['a process number that is none', [{return: {pid: '$(reboot)'}}], /pid/],
	['a negative process number', [{return: {pid: -1}}], /pid/],
	['output that is no base64', [{return: {pid: 1}}, {return: {exited: true, exitcode: 0, 'out-data': '<script>'}}], /out-data/],
	['an answer of 2 MiB', [JSON.stringify({return: {pid: 1, more: 'x'.repeat(2 ** 21)}})], /characters long/],
	['output of 300 KiB', [{return: {pid: 1}}, {return: {exited: true, exitcode: 0, 'out-data': Buffer.alloc(300 * 1024, 'x').toString('base64')}}], /not read/],
	['output that was cut', [{return: {pid: 1}}, {return: {exited: true, exitcode: 0, 'out-data': '', 'out-truncated': true}}], /not read/],
	['a program that never ends', [{return: {pid: 1}}, {return: {exited: false}}], /still runs/],
];
for (const [title, answers, why] of lies) {
	test(`an agent that lies: ${title}`, async t => {
		let index = 0;
		const libvirt = {
			findDomain: async () => ({name: 'vm0'}),
			async agentCommand() {
				const answer = answers[Math.min(index++, answers.length - 1)];
				return typeof answer === 'string' ? answer : JSON.stringify(answer);
			},
		} as unknown as Libvirt;
		const error = await throwsCode(t, guestExec({libvirt, uuid: 'x', clock: guestHost().clock}, ['ip']), 'STEP_FAILED');
		t.regex(error.why!, why);
	});
}

test('a file that never ends is not read to its end, and its handle is closed', async t => {
	for (const [data, why] of [[Buffer.alloc(40_000).toString('base64'), /above/], ['', /does not end/]] as const) {
		const asked: string[] = [];
		const libvirt = {
			findDomain: async () => ({name: 'vm0'}),
			async agentCommand(_uuid: string, command: string) {
				const {execute} = JSON.parse(command) as {execute: string};
				asked.push(execute);
				return JSON.stringify({return: execute === 'guest-file-open' ? 7 : execute === 'guest-file-read' ? {count: 1, 'buf-b64': data, eof: false} : {}});
			},
		} as unknown as Libvirt;
		t.regex((await throwsCode(t, readGuestFile(libvirt, 'x', '/etc/x'), 'STEP_FAILED')).why!, why);
		t.is(asked.at(-1), 'guest-file-close');
		t.true(asked.length < 60);
	}
});

test('a write that the agent does not finish is an error, and the file in its place stays', async t => {
	const host = guestHost();
	const {libvirt, uuid} = await simulated(host);
	host.daemon.insideGuest('vm0').files.set('/etc/x', {text: 'old', mode: 0o644});
	const half = {...libvirt, agentCommand: async (id: string, command: string, timeoutMs: number) => command.includes('guest-file-write') ? JSON.stringify({return: {count: 0, eof: false}}) : libvirt.agentCommand(id, command, timeoutMs)};
	await throwsCode(t, writeGuestFile({libvirt: half, uuid, clock: host.clock}, '/etc/x', {text: 'new', mode: 0o600}), 'STEP_FAILED');
	t.is(await readGuestFile(libvirt, uuid, '/etc/x'), 'old');
});
