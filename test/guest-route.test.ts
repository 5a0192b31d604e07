// Routes in guests that last: in the file that keeps an interface's settings, and while it runs.
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../lib/errors.ts';
import {execute} from '../lib/exec/execute.ts';
import {parseFault} from '../lib/exec/fault.ts';
import {unfinishedOperations} from '../lib/exec/journal.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {addRoute, removeRoute, routesOf} from '../lib/formats/guest-file-route.ts';
import {guestFilePath, renderGuestFile} from '../lib/formats/guest-file.ts';
import {parseGuestFile, type WrittenFormat} from '../lib/formats/parse-guest-file.ts';
import type {GuestNetwork, IpRoute} from '../lib/model/guest-network.ts';
import type {Mac} from '../lib/model/mac.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {vfctl, type Answer} from './helpers/plan-world.ts';

const mac = '52:54:00:12:34:56' as Mac;
const formats: readonly WrittenFormat[] = ['netplan', 'networkd', 'networkmanager'];
const route = (to: string, via: string | null = null, metric: number | null = null): IpRoute => ({to, via, metric});

// Text

const nothing: GuestNetwork = {addresses: [], routes: [], mtuBytes: null, nameservers: []};
const everyRoute = [route('0.0.0.0/0', '20.0.0.1'), route('10.0.0.0/24', '20.0.0.1', 50), route('10.3.0.0/24'), route('10.4.0.0/24', null, 7), route('::/0', 'fd00::1'), route('fd05::/64'), route('fd06::/64', 'fd00::9', 8), route('fd07::/64', null, 9), route('10.0.0.0/24', '20.0.0.1', 0)];
const networks: Readonly<Record<string, GuestNetwork>> = {
	'IPv4 alone': {...nothing, addresses: ['20.0.0.3/24']},
	'IPv6 alone': {...nothing, addresses: ['fd00::3/64']},
	everything: {addresses: ['20.0.0.3/24', '20.0.1.3/24', 'fd00::3/64', 'fd01::3/64'], routes: [route('10.9.0.0/16', '20.0.0.8'), route('fd09::/48', 'fd00::8')], mtuBytes: 1400, nameservers: ['1.1.1.1', 'fd00::53']},
};

for (const format of formats) {
	for (const [title, network] of Object.entries(networks)) {
		test(`${format}: a route put into the file of ${title} makes the file of the network with the route, and taken out again the one before`, t => {
			for (const failover of [false, true]) {
				const textOf = (routes: readonly IpRoute[]) => renderGuestFile(format, {mac, failover, network: {...network, routes}}).text;
				let routes = [...network.routes];
				let text = textOf(routes);
				t.deepEqual(parseGuestFile(format, mac, text), {mac, network: format === 'networkmanager' ? byFamily(network) : network, failover});
				for (const one of everyRoute) {
					const more = addRoute({format, mac, text}, one);
					t.is(more, textOf([...routes, one]));
					t.is(addRoute({format, mac, text: more!}, one), more, 'a second time changes nothing');
					t.is(removeRoute({format, mac, text: more!}, one), text);
					t.is(removeRoute({format, mac, text}, one), text, 'what is not there is gone');
					routes = [...routes, one];
					text = more!;
				}

				// From the middle too: the numbers of a keyfile close up.
				for (const one of routes) {
					t.is(removeRoute({format, mac, text}, one), textOf(routes.filter(other => other !== one)));
				}
			}
		});
	}

	test(`${format}: a route to the same network with the same metric is replaced`, t => {
		const textOf = (...routes: IpRoute[]) => renderGuestFile(format, {mac, network: {...networks['IPv4 alone']!, routes}}).text;
		const text = textOf(route('10.0.0.0/24', '20.0.0.1'), route('10.0.0.0/24', '20.0.0.2', 9));
		t.is(addRoute({format, mac, text}, route('10.0.0.0/24', '20.0.0.7')), textOf(route('10.0.0.0/24', '20.0.0.2', 9), route('10.0.0.0/24', '20.0.0.7')));
	});

	test(`${format}: what is not as vfctl writes it is not touched`, t => {
		const {text} = renderGuestFile(format, {mac, network: {...networks['everything']!}});
		const strange = [
			'', '{', '[', text + text, `${text}\n`, text.trimEnd(), text.slice(text.indexOf('\n') + 1), text.replace('\n', '\n# mine\n'), text.replace('10.9.0.0/16', '10.9.0.1/33'), text.replace('20.0.0.8', '$(reboot)'),
			text.replace('1.1.1.1', 'dns.example'), text.replace('1400', '1e400'), text.replace('1400', '-1400'), text.replace('fd00::8', 'FD00::8'), text.replaceAll('\n', '\r\n'), text.replaceAll('52', '53'), text.replace('20.0.1.3/24', '020.0.1.3/24'),
			`${text}[Route]\nDestination=`, `${text}${'#'.repeat(70_000)}`, `a: &a [${'*a,'.repeat(100)}]\n`, '\u0000',
		];
		for (const other of strange) {
			t.not(other, text);
			t.is(routesOf({format, mac, text: other}), undefined, other.slice(0, 2000));
			t.is(addRoute({format, mac, text: other}, everyRoute[0]!), undefined);
			t.is(removeRoute({format, mac, text: other}, everyRoute[0]!), undefined);
		}

		t.is(routesOf({format, mac: '52:54:00:12:34:57' as Mac, text}), undefined, 'the file of another interface');
	});
}

/** A keyfile lists what is of IPv4 first. */
function byFamily(network: GuestNetwork): GuestNetwork {
	const is6 = (text: string) => Number(text.includes(':'));
	return {...network, addresses: network.addresses.toSorted((a, b) => is6(a) - is6(b)), routes: network.routes.toSorted((a, b) => is6(a.to) - is6(b.to)), nameservers: network.nameservers.toSorted((a, b) => is6(a) - is6(b))};
}

// Commands

function guestHost(options: SimOptions = {}): SimHost {
	return simHost(hostBuilder('guest-route').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).guest({name: 'vm0'}).record(), {guestServices: ['systemd-networkd', 'NetworkManager'], ...options});
}

async function done(t: ExecutionContext, host: SimHost, line: string): Promise<Answer> {
	const answer = await vfctl(host, line.split(' '));
	t.is(answer.error, undefined, `${line}: ${answer.error?.message}: ${answer.error?.why}`);
	return answer;
}

async function attached(t: ExecutionContext, {format = 'networkd' as WrittenFormat | 'none', more = '', options = {} as SimOptions} = {}): Promise<SimHost> {
	const host = guestHost(options);
	for (const path of format === 'netplan' ? ['/etc/netplan/', '/usr/sbin/netplan'] : []) {
		host.daemon.insideGuest('vm0').files.set(path, {text: '', mode: 0o755});
	}

	await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --address fd00::3/64 --guest-file ${format}${more}`);
	return host;
}

const linkOf = (host: SimHost) => host.daemon.insideGuest('vm0').links.get(mac)!;
const fileOf = (host: SimHost, format: WrittenFormat = 'networkd') => host.daemon.insideGuest('vm0').files.get(guestFilePath(format, mac));
const stateOf = (host: SimHost) => structuredClone({files: [...host.daemon.insideGuest('vm0').files], link: linkOf(host)});
const kindsOf = ({json}: Answer) => (json['plan'] as Plan | undefined)?.actions.map(({kind}) => kind);

for (const format of formats) {
	test(`${format}: a route is in the guest and in its file, a second time nothing is done, and it goes from both`, async t => {
		const host = await attached(t, {format});
		const before = stateOf(host);
		t.deepEqual(kindsOf(await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1 --dry-run')), ['guest-file', 'guest-network']);
		t.deepEqual(stateOf(host), before);
		const answer = await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1');
		t.notRegex(answer.notes.join('\n'), /lasts|stays/);
		await done(t, host, 'route add vm0 fd05::/64 --via fd00::1 --metric 7');
		t.deepEqual(linkOf(host).routes, [route('10.0.0.0/24', '20.0.0.1'), route('fd05::/64', 'fd00::1', 7)]);
		t.deepEqual(routesOf({format, mac, text: fileOf(host, format)!.text}), linkOf(host).routes);
		t.is(fileOf(host, format)!.mode, renderGuestFile(format, {mac, network: nothing}).mode);
		t.false((await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1')).json['changed']);
		await done(t, host, 'route delete vm0 fd05::/64');
		await done(t, host, 'route delete vm0 10.0.0.0/24');
		t.deepEqual(stateOf(host), before);
		await done(t, host, 'detach vm0 pf0#1');
		t.is(fileOf(host, format), undefined);
	});
}

test('undo of adding and of taking away a route puts guest and file back', async t => {
	const host = await attached(t, {more: ' --route 10.1.0.0/24,via=20.0.0.1'});
	for (const line of ['route add vm0 10.0.0.0/24 --via 20.0.0.1', 'route delete vm0 10.1.0.0/24']) {
		const before = stateOf(host);
		await done(t, host, line);
		t.notDeepEqual(stateOf(host), before);
		await done(t, host, 'undo --yes');
		t.deepEqual(stateOf(host), before, line);
	}
});

test('undo is refused when somebody edited the file since', async t => {
	const host = await attached(t);
	await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1');
	fileOf(host)!.text += '# mine\n';
	const before = stateOf(host);
	t.is((await vfctl(host, ['undo', '--yes'])).error?.code, 'PLAN_STALE');
	t.deepEqual(stateOf(host), before);
});

test('a failure before and after every step leaves guest and file as they were', async t => {
	for (const line of ['route add vm0 10.0.0.0/24 --via 20.0.0.1', 'route delete vm0 10.1.0.0/24']) {
		for (const fault of ['fail@1:before', 'fail@1:after', 'fail@2:before', 'fail@2:after']) {
			const host = await attached(t, {more: ' --route 10.1.0.0/24,via=20.0.0.1'});
			const before = stateOf(host);
			const plan = (await done(t, host, `${line} --dry-run`)).json['plan'] as Plan;
			const context: RunContext = {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl'], fault: parseFault(fault)};
			const error = await t.throwsAsync(execute(plan, context), {instanceOf: AppError});
			t.true(error?.details['rolledBack'], `${line} ${fault}`);
			t.deepEqual(stateOf(host), before, `${line} ${fault}`);
			t.deepEqual(unfinishedOperations(host.files), []);
		}
	}
});

test('a route that the guest refuses is not left in its file', async t => {
	const host = await attached(t, {format: 'netplan', options: {guestCommandFailures: [{command: /^ip route add/, result: {code: 2, stderr: 'RTNETLINK answers: No buffer space available'}}]}});
	const before = stateOf(host);
	const {error} = await vfctl(host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1'.split(' '));
	t.is(error?.code, 'STEP_FAILED');
	t.true(error?.details['rolledBack']);
	t.deepEqual(stateOf(host), before);
});

test('a guest without a file of ours: the note says how long it lasts and how it would last', async t => {
	const host = await attached(t, {format: 'none'});
	const {notes} = await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1');
	t.regex(notes.join('\n'), /lasts until vm0 restarts: .*attach with --address and --route.*host file/);
	t.deepEqual(linkOf(host).routes, [route('10.0.0.0/24', '20.0.0.1')]);
	t.deepEqual([...host.daemon.insideGuest('vm0').files.keys()], []);
});

test('a file that somebody edited is left alone, and the note says so', async t => {
	const host = await attached(t);
	const text = `${fileOf(host)!.text}\n[DHCPv4]\nUseDNS=no\n`;
	fileOf(host)!.text = text;
	const {notes} = await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1');
	t.regex(notes.join('\n'), /05-vfctl-52-54-00-12-34-56\.network stays as it is in vm0, because somebody edited it/);
	t.is(fileOf(host)!.text, text);
	t.deepEqual(linkOf(host).routes, [route('10.0.0.0/24', '20.0.0.1')]);
});

test('a guest whose files must not be read: the route is set, and the note says what is not known', async t => {
	const host = await attached(t);
	host.set({agentForbids: ['guest-file-open']});
	const {notes} = await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1');
	t.regex(notes.join('\n'), /files cannot be read \(.*guest-file-open/);
	t.deepEqual(linkOf(host).routes, [route('10.0.0.0/24', '20.0.0.1')]);
});

test('a route that runs but is in no file is put there, and one that is in the file alone is taken out', async t => {
	const host = await attached(t, {format: 'netplan'});
	linkOf(host).routes.push(route('10.0.0.0/24', '20.0.0.1'));
	const kept = await done(t, host, 'route add vm0 10.0.0.0/24 --via 20.0.0.1');
	t.true(kept.json['changed']);
	t.deepEqual(routesOf({format: 'netplan', mac, text: fileOf(host, 'netplan')!.text}), [route('10.0.0.0/24', '20.0.0.1')]);
	linkOf(host).routes.length = 0;
	await done(t, host, 'route delete vm0 10.0.0.0/24');
	t.deepEqual(routesOf({format: 'netplan', mac, text: fileOf(host, 'netplan')!.text}), []);
	t.is((await vfctl(host, 'route delete vm0 10.0.0.0/24'.split(' '))).error?.code, 'ROUTE_NOT_FOUND');
});

test('the metric that NetworkManager gives a route is no reason to leave it in the file', async t => {
	const host = await attached(t, {format: 'networkmanager', more: ' --route 10.0.0.0/24,via=20.0.0.1 --route 10.1.0.0/24,via=20.0.0.1,metric=5'});
	// As after a restart of the guest.
	linkOf(host).routes = [route('10.0.0.0/24', '20.0.0.1', 100), route('10.1.0.0/24', '20.0.0.1', 5)];
	await done(t, host, 'route delete vm0 10.0.0.0/24');
	t.deepEqual(linkOf(host).routes, [route('10.1.0.0/24', '20.0.0.1', 5)]);
	t.deepEqual(routesOf({format: 'networkmanager', mac, text: fileOf(host, 'networkmanager')!.text}), [route('10.1.0.0/24', '20.0.0.1', 5)]);
});

test('systemd-networkd sets the new file\'s route by itself, and the attach in place too: no step is in the way of it', async t => {
	const host = await attached(t);
	await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.4/24 --route 10.0.0.0/24,via=20.0.0.1`);
	t.like(linkOf(host), {addresses: ['20.0.0.4/24'], routes: [route('10.0.0.0/24', '20.0.0.1')]});
	await done(t, host, 'undo --yes');
	t.like(linkOf(host), {addresses: ['20.0.0.3/24', 'fd00::3/64'], routes: []});
});
