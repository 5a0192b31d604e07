// The command line as scripts and people meet it: the bundled program as a process of its own, and
// main() on recorded hosts.
import {spawn, spawnSync} from 'node:child_process';
import {chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {markDashes, requireClear, unmarkDashes} from '../lib/cli/arguments.ts';
import {commandUsages} from '../lib/cli/commands.ts';
import {AppError, errorCodes, exitStatuses, toAppError, type ErrorCode} from '../lib/errors.ts';
import {errorJson, errorText} from '../lib/render/error-text.ts';
import {printable} from '../lib/render/output.ts';
import {formatRecord} from '../lib/record/format.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {hostileName, hosts, vfctl} from './helpers/plan-world.ts';

// The tests run from dist/test; sources and fixtures are two levels up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = join(root, 'dist', 'vfctl.cjs');
const directory = mkdtempSync(join(tmpdir(), 'vfctl-cli-'));
const records = Object.fromEntries(Object.keys(hosts).map(name => [name, join(directory, `${name}.rec`)]));

test.before(() => {
	for (const name of ['usual', 'taken', 'bare', 'full', 'no-libvirt', 'i350', 'xl710-64']) {
		writeFileSync(records[name]!, formatRecord(hosts[name]!()));
	}
});

test.after.always(() => {
	rmSync(directory, {recursive: true});
});

interface Ran {
	status: number | null;
	stdout: string;
	stderr: string;
}

function run(argv: readonly string[], {host = 'usual', env = {}}: {host?: string; env?: Record<string, string>} = {}): Ran {
	const {PATH = '', HOME = ''} = process.env;
	const {status, stdout, stderr} = spawnSync(process.execPath, [program, '--host', records[host]!, ...argv], {encoding: 'utf8', input: '', env: {PATH, HOME, ...env}});
	return {status, stdout, stderr};
}

function errorOf(t: ExecutionContext, {stdout}: Ran): Record<string, unknown> {
	const value = JSON.parse(stdout) as {error: Record<string, unknown>};
	t.deepEqual(Object.keys(value), ['error']);
	t.deepEqual(Object.keys(value.error), ['code', 'message', 'why', 'fix', 'exitStatus', 'details']);
	return value.error;
}

// Usage

const attach = ['attach', 'vm0', 'pf0#1', '--dry-run'];
const usage: ReadonlyArray<readonly [what: string, argv: string[], says: RegExp, fix?: string]> = [
	['no command', [], /name a command/, 'vfctl --help'],
	['an unknown command', ['attahc'], /no such command; did you mean 'attach'\?/],
	['a command that is like none', ['frobnicate-everything'], /'frobnicate-everything'/],
	['a group without its command', ['vf'], /create, destroy, set/, 'vfctl vf --help'],
	['an unknown command of a group', ['vf', 'crate'], /did you mean 'create'\?/, 'vfctl vf --help'],
	['a missing name', ['attach', 'vm0'], /a name is missing/, 'vfctl attach --help'],
	['a missing name in a group', ['vf', 'create', 'pf0'], /a name is missing/, 'vfctl vf create --help'],
	['a name too many', [...attach, 'more'], /'more'/, 'vfctl attach --help'],
	['an unknown option', [...attach, '--vlna', '5'], /'vlna'/, 'vfctl attach --help'],
	['an option of another command', ['list', '--vlan', '5'], /'vlan'/, 'vfctl list --help'],
	['an option without its value', [...attach, '--vlan'], /--vlan needs a value/, 'vfctl attach --help'],
	['an option with another one for a value', [...attach, '--mac', '--live'], /--mac needs a value/],
	['a risk without its name', [...attach, '--accept-risk'], /--accept-risk needs a value/],
	['an unknown risk', [...attach, '--accept-risk', 'none'], /'none' is no value of accept-risk: it is one of bind-pf, unsafe-interrupts, uio, unknown-guests/],
	['an unknown method', [...attach, '--method', 'usb'], /hostdev, interface, network/],
	['two MACs', [...attach, '--mac', '52:54:00:00:00:01', '--mac', '52:54:00:00:00:02'], /--mac was given 2 times/, 'give --mac once'],
	['two methods', [...attach, '--method', 'hostdev', '--method', 'interface'], /--method was given 2 times/],
	['two spoof checks', ['vf', 'set', 'pf0#1', '--spoofchk', 'on', '--spoofchk', 'off', '--dry-run'], /--spoofchk was given 2 times/],
	['two URIs', ['list', '--connect', 'qemu:///system', '--connect', 'qemu:///session'], /--connect was given 2 times/],
	['a dry run that is 1', ['attach', 'vm0', 'pf0#1', '--dry-run=1'], /--dry-run is a switch/, '--dry-run'],
	['a dry run that is yes', ['attach', 'vm0', 'pf0#1', '--dry-run=yes', '--yes'], /--dry-run is a switch/],
	['live that is 1', [...attach, '--live=1'], /--live is a switch/],
	['-y with a value', [...attach, '-y=1'], /--y is a switch/],
	['a lock timeout of abc', ['attach', 'vm0', 'pf0#1', '--lock-timeout', 'abc'], /'abc' is not a number of seconds/],
	['a lock timeout of -1', ['attach', 'vm0', 'pf0#1', '--lock-timeout', '-1'], /'-1'/],
	['a lock timeout of 1e2', ['attach', 'vm0', 'pf0#1', '--lock-timeout', '1e2'], /'1e2'/],
	['a limit of junk', ['history', '--limit', 'junk'], /'junk'/],
	['a device that looks like an option', ['attach', 'vm0', '-x'], /a name is missing|'x'/],
	['a record in a directory that is not there', ['capture', join(directory, 'none', 'x')], /cannot be written/],
	['an unknown element', ['xml', 'disk', 'pf0#1'], /hostdev, interface, network/],
];

for (const [what, argv, says, fix] of usage) {
	test(`usage: ${what}`, t => {
		const {status, stdout, stderr} = run(argv);
		t.is(status, exitStatuses.usage, stderr);
		t.is(stdout, '');
		t.regex(stderr, says);
		t.regex(stderr, /^error: .*\n {2}why: .*\n {2}fix: .*\n {2}code: USAGE\n$/s);
		t.notRegex(stderr, /YError|\bat .*:\d+:\d+|undefined|\u0001/);
		if (fix !== undefined) {
			t.regex(stderr, new RegExp(`fix: ${fix}\\n`));
		}
	});
}

test('the same errors as JSON, on standard output and nowhere else', t => {
	for (const argv of [['--json', 'list', '--connect'], ['attach', 'vm0', '--json'], ['nonsense', '--json'], ['attach', 'nobody', 'pf0', '--json'], ['vf', 'create', 'pf0', '9999', '--json']]) {
		const ran = run(argv);
		t.is(ran.stderr, '', argv.join(' '));
		const error = errorOf(t, ran);
		t.is(error['exitStatus'], ran.status);
		t.true(String(error['code']) in errorCodes);
		t.is(typeof error['message'], 'string');
	}
});

test('names that begin with a dash come after --', t => {
	t.regex(run(['attach', '--dry-run', '--', '-vm', 'pf0']).stderr, /no guest called '-vm'/);
	t.regex(run(['attach', '--dry-run', 'vm0', '--', '--pf']).stderr, /called '--pf'/);
	t.regex(run(['attach', 'vm0', '--', 'pf0', '--dry-run']).stderr, /'--dry-run' here/);
	const args: Record<string, unknown> = {a: markDashes(['-'])[0], names: markDashes(['--', '-x', 'y']), n: 1};
	unmarkDashes(args);
	t.deepEqual(args, {a: '-', names: ['-x', 'y'], n: 1});
	t.notThrows(() => {
		requireClear({dryRun: true, 'dry-run': true, names: ['a', 'b'], acceptRisk: ['a']}, ['--dry-run=true', '--', '--dry-run=1'], ['names', 'accept-risk']);
	});
});

// Streams and statuses

const outcomes: ReadonlyArray<readonly [argv: string[], status: keyof typeof exitStatuses, host?: string]> = [
	[['list'], 'ok'],
	[['attach', 'vm0', 'pf0#1'], 'ok'],
	[['vf', 'create', 'pf0', '4'], 'ok'],
	[['vf', 'create', 'pf0', 'x'], 'usage'],
	[['bind', 'pf1', 'vfio-pci'], 'refused'],
	[['attach', 'nobody', 'pf0'], 'notFound'],
	[['bind', 'pf0#1', 'no-such-driver'], 'rolledBack'],
	[['attach', 'vm0', 'pf0'], 'unavailable', 'no-libvirt'],
	[['vf', 'destroy', 'pf0'], 'declined'],
];
for (const [argv, meaning, host] of outcomes) {
	test(`exit status ${exitStatuses[meaning]}: ${argv.join(' ')}`, t => {
		const {status, stdout, stderr} = run(argv, host === undefined ? {} : {host});
		t.is(status, exitStatuses[meaning], stderr);
		t.is(stdout === '', meaning !== 'ok');
		t.is(/^error: /m.test(stderr), meaning !== 'ok');
		t.notRegex(stdout + stderr, /\u001B/, 'no colour where there is no terminal');
	});
}

test('comparing tells by its status', t => {
	t.is(run(['compare', records['usual']!, records['usual']!]).status, exitStatuses.ok);
	const {status, stdout, stderr} = run(['compare', records['usual']!, records['taken']!]);
	t.is(status, exitStatuses.differs);
	t.regex(stdout, /libvirt guest vm1/);
	t.is(stderr, '');
});

test('a change tells its result on standard output and its progress on standard error', t => {
	const {stdout, stderr} = run(['attach', 'off', 'pf0#1']);
	t.is(stdout, 'done: attach pf0#1 (0000:03:10.2) to off\n');
	t.deepEqual(stderr.split('\n').slice(1), ['[1/2] note that 0000:03:10.2 has a MAC of its own, 4a:ac:0c:0f:66:ee', '[2/2] give 0000:03:10.2 to off (config)', '']);
});

test('JSON of every command that changes something has one shape', t => {
	for (const [argv, changed, operation] of [
		[['attach', 'off', 'pf0#1', '--dry-run'], true, null],
		[['attach', 'off', 'pf0#1'], true, 1],
		[['vf', 'create', 'pf1', '2'], true, 1],
		[['vf', 'create', 'pf0', '4'], false, null],
		[['vf', 'create', 'pf0', '4', '--dry-run'], false, null],
		[['vf', 'destroy', 'pf0', '--yes'], true, 1],
		[['vf', 'set', 'pf0#0', '--vlan', '5'], true, 1],
		[['bind', 'pf0#0', 'vfio-pci', '--persist'], true, 1],
		[['unbind', 'pf0#0'], true, 1],
		[['restore', 'pf0#0'], false, null],
	] as const) {
		const {status, stdout, stderr} = run([...argv, '--json']);
		t.is(status, 0, stderr);
		t.is(stderr, '');
		const value = JSON.parse(stdout) as Record<string, unknown> & {plan: {actions: unknown[]}; steps: unknown[]};
		t.deepEqual(Object.keys(value), ['dryRun', 'changed', 'operation', 'plan', 'steps'], argv.join(' '));
		t.is(value['changed'], changed, argv.join(' '));
		t.is(value['operation'], operation);
		t.is(value['dryRun'], (argv as readonly string[]).includes('--dry-run'));
		t.is(value.steps.length, value.plan.actions.length);
		t.is(value.steps.length > 0, changed);
	}
});

test('JSON of the journal\'s commands', async t => {
	const host = simHost(hosts['usual']!());
	t.deepEqual((await vfctl(host, ['recover'])).json, {dryRun: false, changed: false, recovered: []});
	t.deepEqual((await vfctl(host, ['recover', '--dry-run'])).json, {dryRun: true, changed: false, operations: []});
	await vfctl(host, ['vf', 'set', 'pf0#0', '--vlan', '5']);
	const {json} = await vfctl(host, ['history']);
	const [operation] = json['operations'] as Array<Record<string, unknown>>;
	t.deepEqual(Object.keys(operation!), ['number', 'time', 'endTime', 'outcome', 'waitsUntil', 'title', 'subject', 'commandLine', 'damage']);
	t.is(operation!['outcome'], 'done');
	t.deepEqual(operation!['commandLine'], ['vfctl', 'vf', 'set', 'pf0#0', '--vlan', '5']);
	t.deepEqual((await vfctl(host, ['history', '--limit', '0'])).json, json);
	t.is(operation!['waitsUntil'], null);
});

test('an operation that was cut off is put back, or given up', async t => {
	for (const how of ['recover', 'give-up'] as const) {
		const host = simHost(hosts['usual']!());
		let dead = false;
		host.set({beforeChange(what) {
			dead ||= what.startsWith('set VF');
			if (dead) {
				throw new AppError('BUG', 'killed');
			}
		}});
		await vfctl(host, ['vf', 'set', 'pf0#0', '--vlan', '5']);
		const after = host.afterCrash({beforeChange: undefined as never});
		t.is((await vfctl(after, ['vf', 'set', 'pf0#0', '--vlan', '5'])).error?.code, 'NEEDS_RECOVERY');
		t.deepEqual((await vfctl(after, ['recover', '--dry-run'])).json, {dryRun: true, changed: true, operations: [1]});
		if (how === 'recover') {
			t.regex((await vfctl(after, ['recover'])).text, /^operation 1 was put back: set pf0#0/);
		} else {
			t.deepEqual((await vfctl(after, ['recover', '--give-up', '1', '--dry-run'])).json, {dryRun: true, changed: true, givenUp: 1});
			t.deepEqual((await vfctl(after, ['recover', '--give-up', '1'])).json, {dryRun: false, changed: true, givenUp: 1});
		}

		t.is((await vfctl(after, ['vf', 'set', 'pf0#0', '--vlan', '5'])).error, undefined);
	}
});

test('a plan in the journal that is no plan is not undone', async t => {
	const host = simHost(hosts['usual']!());
	await vfctl(host, ['vf', 'set', 'pf0#0', '--vlan', '5']);
	const path = '/var/lib/vfctl/journal/000001.jsonl';
	host.machine.tree.put(path, {kind: 'text', text: host.files.readText(path)!.replace('"vlan":5', '"vlan":"5; reboot"')});
	const {error} = await vfctl(host, ['undo', '1', '--yes']);
	t.is(error?.code, 'BAD_PLAN');
	t.is(error?.exitStatus, exitStatuses.usage);
	t.regex(error?.why ?? '', /vlan/);
});

test('a lock that stays taken, and a caller who is not root', async t => {
	const host = simHost(hosts['usual']!());
	const release = await host.files.lock('/var/lib/vfctl/lock', {timeoutMs: 0, holder: 'vfctl (pid 7, attach vm9 pf9)'});
	const {error} = await vfctl(host.besides(), ['vf', 'set', 'pf0#0', '--vlan', '5']);
	t.is(error?.code, 'LOCKED');
	t.regex(error?.why ?? '', /attach vm9/);
	t.is((await vfctl(host.besides(), ['vf', 'set', 'pf0#0', '--vlan', '5', '--dry-run'])).error, undefined);
	await release();
	const user = simHost(hosts['usual']!(), {uid: 1000});
	t.is((await vfctl(user, ['vf', 'set', 'pf0#0', '--vlan', '5'])).error?.code, 'NOT_ROOT');
	t.is((await vfctl(user, ['vf', 'set', 'pf0#0', '--vlan', '5', '--dry-run'])).error, undefined);
	t.is((await vfctl(user, ['list'])).error, undefined);
});

test('capture writes what --host reads, to a file and to standard output', t => {
	const file = join(directory, 'again.rec');
	t.is(run(['capture', file]).status, 0);
	const {stdout} = run(['capture', '-']);
	t.true(stdout.startsWith('vfctl-record 1\n'));
	t.is(readFileSync(file, 'utf8'), stdout);
	t.is(statSync(file).mode & 0o777, 0o600);
	chmodSync(file, 0o644);
	t.is(run(['capture', file]).status, 0);
	t.is(statSync(file).mode & 0o777, 0o600, 'a record is for its owner alone, over an older file too');
	const listed = spawnSync(process.execPath, [program, '--host', file, 'list'], {encoding: 'utf8'});
	t.is(listed.stdout, run(['list']).stdout);
	t.is((JSON.parse(run(['capture', file, '--json']).stdout) as {bytes: number}).bytes, Buffer.byteLength(stdout));
	t.is(errorOf(t, run(['compare', file, join(directory, 'no.rec'), '--json']))['code'], 'BAD_RECORD');
});

async function piped(script: string): Promise<Ran> {
	const child = spawn('bash', ['-o', 'pipefail', '-c', script], {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, VFCTL: `${process.execPath} ${program}`}});
	let [stdout, stderr] = ['', ''];
	child.stdout.on('data', data => stdout += String(data));
	child.stderr.on('data', data => stderr += String(data));
	const status = await new Promise<number | null>(resolve => child.on('close', resolve));
	return {status, stdout, stderr};
}

test('diff of a host file that comes through a pipe with a name: no byte of it is lost', t => {
	const file = join(directory, 'host.yaml');
	writeFileSync(file, 'version: 1\npfs: {pf0: {numVfs: 2}}\n');
	const expected = run(['diff', file]);
	t.regex(expected.stdout, /pf0/);
	const {stdout, stderr, status} = spawnSync('bash', ['-c', '"$0" "$1" --host "$2" diff <(cat "$3")', process.execPath, program, records['usual']!, file], {encoding: 'utf8'});
	t.deepEqual({stdout, stderr, status}, expected);
});

test('a reader that stops early is no failure, and no change dies of it', async t => {
	// The record is far more than a pipe holds.
	const long = await piped(`$VFCTL --host ${records['xl710-64']} capture - | head -n 1`);
	t.deepEqual(long, {status: 0, stdout: 'vfctl-record 1\n', stderr: ''});
	// Standard error closed: the progress of a change has no reader.
	const change = await piped(`{ $VFCTL --host ${records['usual']} attach vm0 pf0#1 2>&1 >&3 3>&- | true; } 3>&1`);
	t.is(change.status, 0);
	t.is(change.stdout, 'done: attach pf0#1 (0000:03:10.2) to vm0\n');
});

test('a result that is lost is a failure', async t => {
	const {status, stderr} = await piped(`$VFCTL --host ${records['usual']} list >/dev/full`);
	t.is(status, exitStatuses.bug);
	t.regex(stderr, /ENOSPC/);
});

test('SIGINT, SIGTERM and SIGHUP stop a change before its next step', t => {
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
		// A played host waits in its own time, so that a signal from outside is always late: this one
		// comes as soon as the program listens.
		const script = `const {main} = await import(${JSON.stringify(join(root, 'dist', 'lib', 'cli', 'main.js'))}); const status = main(['--host', ${JSON.stringify(records['bare'])}, 'attach', 'vm0', 'pf0', '--json']); process.emit('${signal}', '${signal}'); process.exitCode = await status;`;
		const {status, stdout} = spawnSync(process.execPath, ['--input-type=module', '-e', script], {encoding: 'utf8'});
		t.is(status, exitStatuses.interrupted, stdout);
		const {error} = JSON.parse(stdout) as {error: {code: string; why: string}};
		t.is(error.code, 'INTERRUPTED');
		t.is(error.why, `${signal} arrived`);
	}
});

test('stopped in the middle: rolled back, with the code and status of it', async t => {
	const host = simHost(hosts['bare']!());
	const before = host.files.readText('/sys/bus/pci/devices/0000:03:00.0/sriov_numvfs');
	const stop = new AbortController();
	host.set({beforeChange(what) {
		if (/sriov_numvfs/.test(what)) {
			stop.abort('SIGINT arrived');
		}
	}});
	const {error, notes} = await vfctl(host, ['attach', 'vm0', 'pf0'], stop.signal);
	t.is(error?.code, 'INTERRUPTED');
	t.is(error?.exitStatus, 130);
	t.is(error?.why, 'SIGINT arrived');
	t.true(error?.details['rolledBack']);
	t.true(notes.some(note => /putting back/.test(note)));
	t.is(host.files.readText('/sys/bus/pci/devices/0000:03:00.0/sriov_numvfs'), before);
});

// On a terminal

const onTerminal: ReadonlyArray<readonly [what: string, columns: number, before: string, options: string, input: string, moving: boolean, status: number, says: RegExp]> = [
	['moving lines', 100, '', 'attach vm0 pf0#1', '', true, 0, /done: attach/],
	['plain lines with NO_COLOR', 100, 'NO_COLOR=1', 'attach vm0 pf0#1', '', false, 0, /\[3\/4\] give 0000:03:10\.2 to vm0 \(live\)/],
	['moving lines with an empty NO_COLOR', 100, 'NO_COLOR=', 'attach vm0 pf0#1', '', true, 0, /done: attach/],
	['plain lines with --no-color', 100, '', 'attach vm0 pf0#1 --no-color', '', false, 0, /\[3\/4\]/],
	['plain lines on a dumb terminal', 100, 'TERM=dumb', 'attach vm0 pf0#1', '', false, 0, /\[3\/4\]/],
	['plain lines on one without a width', 0, '', 'attach vm0 pf0#1', '', false, 0, /\[3\/4\]/],
	['a question, answered with no', 100, '', 'vf destroy pf0', 'n\n', true, exitStatuses.declined, /Do this\? \[y\/N\].*nothing was changed/s],
	['a question, not answered', 100, '', 'vf destroy pf0', '\n', true, exitStatuses.declined, /sriov_numvfs.*nothing was changed/s],
	['a question, answered with yes', 0, '', 'vf destroy pf0', 'y\n', true, 0, /done: destroy/],
	['no question with --yes', 0, '', 'vf destroy pf0 -y', '', false, 0, /done: destroy/],
	['no question with --json', 100, '', 'vf destroy pf0 --json', 'y\n', false, exitStatuses.declined, /CONFIRMATION_NEEDED/],
];
for (const [what, columns, before, options, input, moving, expected, says] of onTerminal) {
	test(`on a terminal: ${what}`, t => {
		const {PATH = '', HOME = ''} = process.env;
		const line = `stty cols ${columns}; ${before} '${process.execPath}' '${program}' --host '${records['usual']}' ${options}`;
		const {status, stdout} = spawnSync('script', ['-qec', line, '/dev/null'], {encoding: 'utf8', input, env: {PATH, HOME, TERM: 'xterm'}});
		t.is(status, expected, stdout);
		t.regex(stdout, says);
		t.is(stdout.includes('\u001B['), moving, JSON.stringify(stdout));
	});
}

// Words

// They change nothing, or what they do cannot be tried without doing it.
const readOnly = new Set(['cni', 'methods', 'status', 'build', 'vpp', 'list', 'show', 'guests', 'iommu', 'xml', 'history', 'capture', 'compare', 'check', 'plan', 'diff', 'confirm', 'import', 'export', 'mailbox', 'explain', 'table', 'stats', 'snapshot', 'bundle', 'watch', 'trace']);

test('every command has help, and help names every command and option', t => {
	const all = run(['--help']);
	t.is(all.status, 0);
	for (const [name, names] of Object.entries(commandUsages)) {
		const {status, stdout, stderr} = run([...name.split(' '), '--help']);
		t.is(status, 0);
		t.is(stderr, '');
		t.true(stdout.startsWith(`vfctl ${name}${names === '' ? '' : ` ${names}`}\n`), name);
		t.regex(stdout, /--json/);
		const [group, member = group!] = name.split(' ');
		t.true((member === group ? all : run([group!, '--help'])).stdout.includes(`vfctl ${name}`), name);
		t.is(/--dry-run/.test(stdout), !readOnly.has(member), name);
	}
});

test('the version is that of the package', t => {
	t.is(run(['--version']).stdout.trim(), (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string}).version);
});

test('the completion script is one, and the words it asks for are commands', t => {
	const {status, stdout} = run(['completion']);
	t.is(status, 0);
	t.is(spawnSync('bash', ['-n'], {input: stdout, encoding: 'utf8'}).stderr, '');
	const words = run(['--get-yargs-completions', 'vfctl', '']).stdout;
	for (const name of Object.keys(commandUsages)) {
		t.true(words.includes(name.split(' ')[0]!), name);
	}
});

test('control characters of names do not reach the terminal', t => {
	const text = 'a\u001B[31mred\u001B]0;title\u0007\u009B2Jb\r\u0008c\u0000\n\td';
	t.notRegex(printable(text), /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
	t.regex(printable(text), /\n\td$/);
	const {stderr, status} = run(['attach', 'vm\u001B[2J\u0007', 'pf0', '--dry-run']);
	t.is(status, exitStatuses.notFound);
	t.notRegex(stderr, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
	const {stdout} = run(['attach', hostileName, 'pf0#1', '--config', '--dry-run']);
	t.true(stdout.includes(`virsh attach-device '$(reboot)'\\''"</name>&amp; \`id\`; #x' /dev/stdin`));
});

test('an error of no kind known is a bug, with the place it comes from', t => {
	const bug = toAppError(new TypeError('x is not a function'));
	t.is(bug.code, 'BUG');
	t.is(bug.exitStatus, exitStatuses.bug);
	t.regex(errorText(bug, false), /error: x is not a function\n {2}code: BUG\n {2}TypeError: x is not a function\n/);
	const known = new AppError('VF_HELD', 'held', {why: 'w', fix: 'f'});
	t.is(errorText(known, false), 'error: held\n  why: w\n  fix: f\n  code: VF_HELD');
	t.regex(errorText(known, true), /code: VF_HELD\n {2}AppError: held\n/);
	t.deepEqual(errorJson(known), {error: {code: 'VF_HELD', message: 'held', why: 'w', fix: 'f', exitStatus: 3, details: {}}});
	t.is(toAppError(known), known);
	t.is(toAppError('text').message, 'text');
});

// Codes

test('every error code is in a test', t => {
	const texts = ['', 'lab'].flatMap(below => readdirSync(join(root, 'test', below)).filter(name => name.endsWith('.test.ts')).map(name => readFileSync(join(root, 'test', below, name), 'utf8')));
	const inTests = (code: string) => texts.some(text => text.includes(`'${code}'`));
	for (const code of Object.keys(errorCodes) as ErrorCode[]) {
		t.true(inTests(code), code);
	}
});

test('every error code is used somewhere', t => {
	const sources = readdirSync(join(root, 'lib'), {recursive: true, encoding: 'utf8'}).filter(name => name.endsWith('.ts') && name !== 'errors.ts').map(name => readFileSync(join(root, 'lib', name), 'utf8')).join('\n');
	for (const code of Object.keys(errorCodes) as ErrorCode[]) {
		t.true(sources.includes(`'${code}'`), code);
	}
});

test('no word of the program names a command that is not there', t => {
	const known = new Set(Object.keys(commandUsages).map(name => name.split(' ')[0]!));
	// Sentences about the program itself.
	const others = new Set(['vf', 'then', 'does', 'did', 'has', 'runs']);
	const sources = readdirSync(join(root, 'lib'), {recursive: true, encoding: 'utf8'}).filter(name => name.endsWith('.ts') && name !== 'errors.ts').map(name => [name, readFileSync(join(root, 'lib', name), 'utf8')] as const);
	let found = 0;
	for (const [name, text] of sources) {
		const code = text.split('\n').filter(line => !/^\s*(\/\/|\/?\*)/.test(line)).join('\n');
		for (const [line] of code.matchAll(/['`(] ?vfctl ([a-z]+)\b[^\n]{0,20}|: vfctl ([a-z]+)\b/g)) {
			const word = /vfctl ([a-z]+)/.exec(line)![1]!;
			found++;
			t.true(known.has(word) || others.has(word), `${name}: ${line}`);
		}
	}

	t.true(found > 20);
});
