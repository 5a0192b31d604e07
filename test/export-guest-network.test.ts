// What guests have inside goes into an export, and a plan of the export is empty.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {guestFilePath} from '../lib/formats/guest-file.ts';
import type {HostFile, WantedGuestNetwork} from '../lib/model/host-file.ts';
import type {Mac} from '../lib/model/mac.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {vfctl, type Answer} from './helpers/plan-world.ts';

const mac = '52:54:00:ab:00:01' as Mac;
const directory = mkdtempSync(join(tmpdir(), 'vfctl-export-guest-'));
test.after.always(() => {
	rmSync(directory, {recursive: true});
});

let written = 0;

function guestHost(options: SimOptions = {}): SimHost {
	return simHost(hostBuilder('export-guest').bridge({name: 'br0'}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).pf({card: '82599', bdf: '0000:05:00.0', name: 'pf1', vfs: 4}).pool({name: 'fast', pf: 'pf1'})
		.guest({name: 'vm0'}).guest({name: 'vm1'}).guest({name: 'mute', agent: 'disconnected'}).guest({name: 'off', state: 'shutoff'}).record(), {guestServices: ['systemd-networkd'], ...options});
}

async function done(t: ExecutionContext, host: SimHost, line: string): Promise<Answer> {
	const answer = await vfctl(host, line.split(' '));
	t.is(answer.error, undefined, `${line}: ${answer.error?.message}: ${answer.error?.why}`);
	return answer;
}

/** Exports the host and checks that a plan of it is empty. */
async function exported(t: ExecutionContext, host: SimHost): Promise<{file: HostFile; notes: string; networksOf: (guest: string) => Array<WantedGuestNetwork | undefined>}> {
	const {json, text} = await done(t, host, 'export');
	const path = join(directory, `${written++}.yaml`);
	writeFileSync(path, text);
	const {json: plan} = await done(t, host, `plan ${path}`);
	t.deepEqual((plan['steps'] as Array<{text: string}>).map(step => step.text), [], text);
	const file = json['hostFile'] as HostFile;
	return {file, notes: (json['notes'] as string[]).join('\n'), networksOf: guest => file.guests.find(({name}) => name === guest)?.vfs?.map(({network}) => network) ?? []};
}

const attach = `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --route 10.9.0.0/24,via=20.0.0.9,metric=5 --gateway --address fd00::3/64 --route fd05::/64,via=fd00::1 --route 10.3.0.0/24,via=20.0.0.8 --nameserver 1.1.1.1 --nameserver 9.9.9.9`;
const expected = {
	addresses: ['20.0.0.3/24', 'fd00::3/64'],
	routes: [{to: '0.0.0.0/0', via: '20.0.0.1', metric: null}, {to: '10.3.0.0/24', via: '20.0.0.8', metric: null}, {to: '10.9.0.0/24', via: '20.0.0.9', metric: 5}, {to: 'fd05::/64', via: 'fd00::1', metric: null}],
};
const linkOf = (host: SimHost, guest = 'vm0') => host.daemon.insideGuest(guest).links.get(mac)!;
const fileOf = (host: SimHost, format: 'networkd' | 'netplan' = 'networkd') => host.daemon.insideGuest('vm0').files.get(guestFilePath(format, mac))!;

for (const format of ['networkd', 'netplan', 'networkmanager'] as const) {
	for (const mtu of [1400, undefined]) {
		test(`a guest with a file for ${format}, MTU ${mtu ?? 'as it is'}: all is exported, in whatever order it was given`, async t => {
			const host = guestHost();
			await done(t, host, `${attach} --guest-file ${format}${mtu === undefined ? '' : ` --mtu ${mtu}`}`);
			const {networksOf, notes} = await exported(t, host);
			t.deepEqual(networksOf('vm0'), [{...expected, ...mtu === undefined ? {} : {mtuBytes: mtu}, nameservers: ['1.1.1.1', '9.9.9.9'], file: format}]);
			t.notRegex(notes, /vm0/);
			await done(t, host, 'route add vm0 10.77.0.0/24 --via 20.0.0.1');
			t.is((await exported(t, host)).networksOf('vm0')[0]!.routes.length, 5);
		});
	}
}

test('a guest without a file: none, and no nameservers', async t => {
	const host = guestHost();
	await done(t, host, `${attach} --guest-file none`);
	t.deepEqual((await exported(t, host)).networksOf('vm0'), [{...expected, nameservers: [], file: 'none'}]);
});

test('a file that says the MTU that every interface has', async t => {
	const host = guestHost();
	await done(t, host, `${attach} --mtu 1500`);
	const [network] = (await exported(t, host)).networksOf('vm0');
	t.is(network!.mtuBytes, undefined);
	t.is(network!.file, 'networkd');
});

test('VFs of a pool, of a failover pair, without addresses and of several guests', async t => {
	const host = guestHost();
	await done(t, host, 'attach vm0 pf0#0 --mac 52:54:00:ab:00:10 --failover bridge:br0 --address 20.0.0.3/24');
	await done(t, host, 'attach vm0 pf0#1');
	await done(t, host, 'attach vm1 pool:fast --mac 52:54:00:ab:00:11 --address 20.0.0.4/24');
	await done(t, host, 'attach off pf0#2 --address 20.0.0.5/24');
	const {networksOf, notes} = await exported(t, host);
	t.deepEqual(networksOf('vm0').map(network => [network?.addresses, network?.file]), [[['20.0.0.3/24'], 'networkd'], [undefined, undefined]]);
	t.deepEqual(networksOf('vm1').map(network => network?.addresses), [['20.0.0.4/24']]);
	t.deepEqual(networksOf('off'), [undefined]);
	t.is(notes, '');
});

const differing: ReadonlyArray<readonly [title: string, change: (host: SimHost) => void]> = [
	['somebody edited it', host => {
		fileOf(host).text += '\n[DHCPv4]\nUseDNS=no\n';
	}],
	['a route runs that it does not say', host => {
		linkOf(host).routes.push({to: '10.66.0.0/24', via: '20.0.0.1', metric: null});
	}],
	['an address is gone', host => {
		linkOf(host).addresses.pop();
		linkOf(host).routes = linkOf(host).routes.filter(({to}) => to !== 'fd05::/64');
	}],
	['the MTU is another', host => {
		linkOf(host).mtuBytes = 1300;
	}],
];
for (const [title, change] of differing) {
	test(`a file that does not say what runs is left alone: ${title}`, async t => {
		const host = guestHost();
		await done(t, host, attach);
		await done(t, host, 'route list vm0');
		change(host);
		const {networksOf, notes} = await exported(t, host);
		t.like(networksOf('vm0')[0], {file: 'none', nameservers: [], addresses: linkOf(host).addresses.toSorted()});
		t.regex(notes, /05-vfctl-52-54-00-ab-00-01\.network in guest vm0 does not say what runs there/);
	});
}

const silent: ReadonlyArray<readonly [title: string, guest: string, options: SimOptions, note: RegExp]> = [
	['no agent that answers', 'mute', {}, /inside guest mute is left out: it has no guest agent that answers/],
	['programs are forbidden', 'vm0', {agentForbids: ['guest-exec']}, /inside guest vm0 is left out: .*must not run guest-exec/],
	['no ip', 'vm0', {guestCommandFailures: [{command: /^ip /, result: {code: 127, stderr: 'ip: \u001B[2Jnot\r\nfound'}}]}, /inside guest vm0 is left out: 'ip -o link show' failed/],
	['output without end', 'vm0', {guestCommandFailures: [{command: /^ip /, result: {code: 0, stdout: 'x'.repeat(300_000)}}]}, /inside guest vm0 is left out: .*says too much/],
];
for (const [title, guest, options, note] of silent) {
	test(`a guest that does not tell is a note and nothing else: ${title}`, async t => {
		const host = guestHost();
		await done(t, host, `attach ${guest} pf0#1 --mac ${mac} --address 20.0.0.3/24`);
		host.set(options);
		const {networksOf, notes, file} = await exported(t, host);
		t.regex(notes, note);
		t.deepEqual(networksOf(guest), [undefined]);
		t.is(file.guests.find(({name}) => name === guest)?.vfs?.[0]?.mac, mac);
		const strict = await done(t, host, 'export --strict');
		t.regex(strict.text, /left out/, 'the file says it too');
		// eslint-disable-next-line no-control-regex
		t.notRegex(strict.text, /[\u0000-\u0009\u000B-\u001F]/);
	});
}

test('nonsense for addresses and routes is none', async t => {
	const host = guestHost();
	await done(t, host, attach);
	host.set({guestCommandFailures: [{command: /^ip .*(?:addr|route)/, result: {code: 0, stdout: '2: enp6s0    inet 999.1.1.1/24 scope global\ndefault via $(reboot)\n'}}]});
	t.deepEqual((await exported(t, host)).networksOf('vm0'), [undefined]);
});

test('files that must not be read: what runs is exported, without them', async t => {
	const host = guestHost();
	await done(t, host, attach);
	host.set({agentForbids: ['guest-file-open']});
	const {networksOf, notes} = await exported(t, host);
	t.deepEqual(networksOf('vm0'), [{...expected, nameservers: [], file: 'none'}]);
	t.regex(notes, /files that keep the network of guest vm0 cannot be read/);
});

test('an interface that is down, and what no host file may say, are left out with a note', async t => {
	const host = guestHost();
	await done(t, host, attach);
	await done(t, host, 'route list vm0');
	linkOf(host).up = false;
	t.regex((await exported(t, host)).notes, /network of 52:54:00:ab:00:01 in guest vm0 is left out: the interface is down/);
	linkOf(host).up = true;
	linkOf(host).addresses = ['20.0.0.0/24'];
	linkOf(host).routes = [];
	const {networksOf, notes} = await exported(t, host);
	t.regex(notes, /network of 52:54:00:ab:00:01 in guest vm0 is left out/);
	t.deepEqual(networksOf('vm0'), [undefined]);
});

test('two guests with one address: the second keeps its VFs and loses its networks', async t => {
	const host = guestHost();
	await done(t, host, attach);
	await done(t, host, 'attach vm1 pf0#2 --mac 52:54:00:ab:00:02 --address 20.0.0.4/24 --guest-file none');
	await done(t, host, 'route list vm1');
	host.daemon.insideGuest('vm1').links.get('52:54:00:ab:00:02')!.addresses = ['20.0.0.3/24'];
	const {networksOf, notes} = await exported(t, host);
	t.is(networksOf('vm0')[0]!.addresses.length, 2);
	t.deepEqual(networksOf('vm1'), [undefined]);
	t.regex(notes, /the networks inside guest vm1 are left out: the address 20\.0\.0\.3 is there twice/);
});

test('a host file that gives a failover pair a network writes the file for the interface above, and comes back from an export', async t => {
	const host = guestHost();
	const path = join(directory, `${written++}.yaml`);
	writeFileSync(path, `version: 1\nguests:\n  vm0: {vfs: [{vf: "pf0#1", mac: "${mac}", failover: {bridge: br0}, network: {addresses: [20.0.0.3/24], gateway: 20.0.0.1, file: netplan}}]}\n`);
	await done(t, host, `apply ${path} --yes`);
	t.regex(fileOf(host, 'netplan').text, /driver: "net_failover"/);
	t.deepEqual((await exported(t, host)).networksOf('vm0'), [{addresses: ['20.0.0.3/24'], routes: [{to: '0.0.0.0/0', via: '20.0.0.1', metric: null}], nameservers: [], file: 'netplan'}]);
});
