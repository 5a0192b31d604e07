// IPAM plugins: Debian's real ones, and those that do what none should.
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {parseCniJson, parseCniNetwork} from '../lib/formats/cni-config.ts';
import {parseCniCall} from '../lib/formats/cni-environment.ts';
import {cniCodeOf} from '../lib/formats/cni-error.ts';
import {ipamAdd, ipamCheck, ipamDel, ipamDelFor, ipamSinceOne} from '../lib/exec/cni/ipam.ts';
import type {CniSession} from '../lib/exec/cni/session.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import {realFiles} from '../lib/host/real-files.ts';
import {realRunner} from '../lib/host/real-runner.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {errorOf} from './helpers/error-of.ts';

const debian = '/usr/lib/cni';
const directory = mkdtempSync(join(tmpdir(), 'vfctl-cni-'));
const own = join(directory, 'bin');

test.before(() => {
	if (!existsSync(join(debian, 'host-local'))) {
		throw new Error(`${debian}/host-local is missing: apt install containernetworking-plugins`);
	}

	mkdirSync(own);
});

test.after.always(() => {
	rmSync(directory, {recursive: true});
});

function plugin(name: string, script: string): void {
	writeFileSync(join(own, name), `#!/bin/sh\n${script}\n`);
	chmodSync(join(own, name), 0o755);
}

/** A call whose programs are real; nothing of it touches the network. */
function session(command: string, container: string, ipam: object, {cniVersion = '1.0.0', logged = [] as string[], env: more = {}} = {}): CniSession {
	const env = {CNI_COMMAND: command, CNI_CONTAINERID: container, CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'net1', CNI_PATH: `${own}:${debian}`, ...more};
	const text = JSON.stringify({cniVersion, name: 'fast', type: 'vfctl', ipam});
	const value = parseCniJson(text);
	const sim = simHost(hostBuilder('ipam').record());
	return {
		run: {
			host: {...sim, files: realFiles(), runner: realRunner(), caller: {pid: process.pid, uid: 0, env}},
			reporter: silentReporter, commandLine: ['vfctl', 'cni'],
			async libvirt() {
				throw new Error('nobody asks it');
			},
		},
		call: parseCniCall(env), network: parseCniNetwork(value), text, value,
		async libvirt() {
			throw new Error('nobody asks it');
		},
		log(_level, line) {
			logged.push(line);
		},
	};
}

const v6 = {subnet: 'fd00::/64', rangeStart: 'fd00::10'};

for (const cniVersion of ['0.3.1', '0.4.0', '1.0.0']) {
	test(`host-local of Debian, ${cniVersion}: addresses of both families, each once, and back`, async t => {
		const dataDir = join(directory, `leases-${cniVersion}`);
		const ipam = {type: 'host-local', dataDir, ranges: [[{subnet: '20.0.0.0/24', rangeStart: '20.0.0.10', rangeEnd: '20.0.0.11'}], [v6]], routes: [{dst: '0.0.0.0/0'}, {dst: '50.0.0.7/24', gw: '20.0.0.9'}]};
		const options = {cniVersion};
		t.deepEqual(await ipamAdd(session('ADD', 'c1', ipam, options)), {
			interfaces: [],
			ips: [{address: '20.0.0.10/24', gateway: '20.0.0.1', interface: null}, {address: 'fd00::10/64', gateway: 'fd00::1', interface: null}],
			routes: [{to: '0.0.0.0/0', via: null, metric: null, more: {}}, {to: '50.0.0.0/24', via: '20.0.0.9', metric: null, more: {}}],
			dns: {},
		});
		t.is((await ipamAdd(session('ADD', 'c2', ipam, options)))?.ips[0]?.address, '20.0.0.11/24');
		const full = await errorOf(ipamAdd(session('ADD', 'c3', ipam, options)));
		t.is(full.code, 'IPAM_FAILED');
		t.regex(full.why ?? '', /no IP addresses available/);
		if (cniVersion !== '0.3.1') {
			await ipamCheck(session('CHECK', 'c1', ipam, options));
			t.is((await errorOf(ipamCheck(session('CHECK', 'c9', ipam, options)))).code, 'IPAM_FAILED');
		}

		await ipamDel(session('DEL', 'c1', ipam, options));
		await ipamDel(session('DEL', 'c1', ipam, options));
		// As GC gives back what another container had.
		await ipamDelFor(session('GC', '', ipam, options), {network: 'fast', containerId: 'c2', ifname: 'net1'}, '');
		t.deepEqual(readdirSync(join(dataDir, 'fast')).filter(name => /^(?:20|fd)/.test(name)), []);
	});
}

test('static of Debian, with DNS', async t => {
	const ipam = {type: 'static', addresses: [{address: '10.10.0.1/24', gateway: '10.10.0.254'}], dns: {nameservers: ['10.10.0.254'], search: ['example.org']}};
	t.deepEqual(await ipamAdd(session('ADD', 'c1', ipam)), {
		interfaces: [], ips: [{address: '10.10.0.1/24', gateway: '10.10.0.254', interface: null}], routes: [], dns: {nameservers: ['10.10.0.254'], search: ['example.org']},
	});
});

test('a plugin that is older than GC and STATUS is not in their way', async t => {
	await t.notThrowsAsync(ipamSinceOne(session('GC', '', {type: 'host-local'}), 'GC'));
	await t.notThrowsAsync(ipamSinceOne(session('STATUS', '', {type: 'host-local'}), 'STATUS'));
	const error = await errorOf(ipamAdd(session('ADD', 'c1', {type: 'host-local', subnet: '20.0.0.0/24'}, {cniVersion: '1.1.0'})));
	t.regex(error.why ?? '', /incompatible CNI versions/);
	const calls = join(directory, 'young.calls');
	plugin('young', `echo $CNI_COMMAND >> ${calls}; [ $CNI_COMMAND != VERSION ] || echo '{"cniVersion": "1.1.0", "supportedVersions": ["1.0.0", "1.1.0"]}'`);
	await ipamSinceOne(session('GC', '', {type: 'young'}), 'GC');
	t.is(realFiles().readText(calls), 'VERSION\nGC\n');
});

test('no IPAM is no address', async t => {
	t.is(await ipamAdd(session('ADD', 'c1', {})), null);
});

// Each of them writes down what it was called with.
for (const [name, script, says, code] of [
	['prints-nothing', 'exit 0', /it: |ips/, 105],
	['prints-garbage', 'echo "{"', /not JSON/, 105],
	['prints-endlessly', 'yes', /printed more than/, 105],
	['prints-html', 'echo "<html>"; exit 1', /ended with 1/, 105],
	['gives-no-address', 'echo \'{"cniVersion": "1.0.0", "ips": []}\'', /no address/, 105],
	['gives-nonsense', 'echo \'{"ips": [{"address": "$(reboot)/24"}]}\'', /ips\.0\.address/, 105],
	['gives-a-name-as-gateway', 'echo \'{"ips": [{"address": "20.0.0.1/24", "gateway": "example.org"}]}\'', /ips\.0\.gateway/, 105],
	['gives-a-number', 'echo 7', /it: /, 105],
	['asks-to-wait', 'echo \'{"code": 11, "msg": "no lease yet", "details": "dhcp"}\'; exit 1', /no lease yet; dhcp/, 11],
	['dies', 'kill -9 $$', /ended with 137/, 105],
] as const) {
	test(`a plugin that ${name.replaceAll('-', ' ')}: an error, and DEL after it`, async t => {
		const calls = join(directory, `${name}.calls`);
		plugin(name, `echo "$CNI_COMMAND $CNI_CONTAINERID" >> ${calls}; [ $CNI_COMMAND = DEL ] && exit 0\n${script}`);
		const error = await errorOf(ipamAdd(session('ADD', 'c1', {type: name})));
		t.is(error.code, 'IPAM_FAILED');
		t.regex(error.why ?? '', says);
		t.is(cniCodeOf(error), code);
		t.is(realFiles().readText(calls), 'ADD c1\nDEL c1\n');
	});
}

test('the plugin gets the configuration and the environment as they came, and its words go to the log', async t => {
	const calls = join(directory, 'echo.calls');
	plugin('echo-input', `cat > ${calls}; env | grep ^CNI_ | sort >> ${calls}; echo "words" >&2; echo '{"ips": [{"address": "20.0.0.1/24"}]}'`);
	const logged: string[] = [];
	const call = session('ADD', 'c1', {type: 'echo-input', more: 'é'}, {logged, env: {CNI_ARGS: 'K8S_POD_NAME=web', PATH: process.env['PATH']!}});
	await ipamAdd(call);
	t.is(realFiles().readText(calls), `${call.text}CNI_ARGS=K8S_POD_NAME=web\nCNI_COMMAND=ADD\nCNI_CONTAINERID=c1\nCNI_IFNAME=net1\nCNI_NETNS=/run/netns/none\nCNI_PATH=${own}:${debian}\n`);
	t.deepEqual(logged, ['echo-input: words']);
});

test('a plugin that is nowhere in CNI_PATH', async t => {
	const error = await errorOf(ipamAdd(session('ADD', 'c1', {type: 'not-there'})));
	t.regex(error.message, /not-there is not installed/);
	t.regex(error.why ?? '', /CNI_PATH/);
});
