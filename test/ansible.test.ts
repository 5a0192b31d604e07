// The Ansible collection, run by Debian's ansible-core: modules on hosts that are played by the simulator
// or by the real command line on a record, roles and the playbook of a fleet, and what ansible-test,
// ansible-lint, yamllint and ansible-doc say.
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {Ansible} from './helpers/ansible.ts';
import {bootHost} from './helpers/boot-world.ts';
import {kernel, withBuild} from './helpers/built-drivers.ts';
import {captured, hosts, withFile} from './helpers/plan-world.ts';

// The tests run from dist/test.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = readdirSync(join(root, 'ansible', 'plugins', 'modules')).map(name => name.replace(/\.py$/, ''));
const roles = readdirSync(join(root, 'ansible', 'roles'));

let ansible: Ansible;

test.before(() => {
	ansible = new Ansible(root);
});

test.after.always(() => {
	ansible?.end();
});

function downHost(): HostRecord {
	return hostBuilder('down').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, up: false}).record();
}

const spec = {version: 1, pfs: {pf0: {numVfs: 2, link: 'up'}}, pools: {fast: {vfs: ['pf0#1']}}};

test.serial('check mode tells the plan and its diff, and changes nothing', async t => {
	const host = simHost(hosts['bare']!());
	const before = await captured(host);
	const program = await ansible.playedVfctl(host);
	const look = {check_mode: true, diff: true};
	const told = await ansible.tasks(program, [
		['host', 'host', {spec}, look],
		['vf', 'vf', {pf: 'pf0', count: 3}, look],
		['attach', 'attach', {guest: 'vm0', device: 'pf0', create_vfs: 1}, look],
		['persist', 'persist', {only: ['kernel-arguments', 'modules']}, look],
		['recover', 'recover', {}, look],
	]);
	for (const name of ['host', 'vf', 'attach', 'persist']) {
		const {outcome, result} = told[name]!;
		t.is(outcome, 'ok', JSON.stringify(result));
		t.true(result.changed, name);
		t.deepEqual(result.operations, [], name);
		t.true(result.steps.length > 0 && result.steps.every((step: {text: string}) => step.text !== ''), name);
		t.not(result.diff.before, result.diff.after, name);
	}

	t.false(told['recover']!.result.changed);
	t.regex(told['vf']!.result.diff.before, /^# make 3 VFs on pf0\n0\n/m);
	t.regex(told['vf']!.result.diff.after, /^# make 3 VFs on pf0\n3\n/m);
	t.regex(told['attach']!.result.diff.after, /<hostdev|<interface/);
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test.serial('what was asked for is done once, told as it was, and taken back', async t => {
	const host = simHost(hosts['bare']!());
	const calls: string[] = [];
	const program = await ansible.playedVfctl(host, calls);
	const attached = {guest: 'vm0', device: 'pf0#0', mac: '52:54:00:aa:00:01', vlan: 7};
	const set = {vf: 'pf0#1', max_tx_rate: 100, spoofchk: false, driver: 'vfio-pci'};
	const pool = {name: 'fast', vfs: ['pf0#1']};
	const gone = {name: 'fast', state: 'absent'};
	const absent = {guest: 'vm0', device: 'pf0#0', state: 'absent'};
	const pairs: Array<[string, string, object]> = [
		['host', 'host', {content: 'version: 1\npfs:\n  pf0: {numVfs: 2, link: up}\n'}],
		['attach', 'attach', attached],
		['pool', 'pool', pool],
		['no pool', 'pool', gone],
		['set', 'vf', set],
		['back', 'vf', {vf: 'pf0#1', driver: 'host'}],
		['detach', 'attach', absent],
		['persist', 'persist', {spec, only: ['host-file', 'modules']}],
		['not persist', 'persist', {state: 'absent', only: ['modules']}],
		['no VFs', 'vf', {pf: 'pf0', count: 0}],
	];
	const told = await ansible.tasks(program, pairs.flatMap(([name, module, args]) => [[name, module, args], [`${name} again`, module, args]] as Array<[string, string, object]>));
	for (const [name] of pairs) {
		const [first, second] = [told[name]!, told[`${name} again`]!];
		t.is(first.outcome, 'ok', `${name}: ${JSON.stringify(first.result)}`);
		t.true(first.result.changed, name);
		t.true(first.result.operations.length > 0, name);
		t.is(second.outcome, 'ok', `${name}: ${JSON.stringify(second.result)}`);
		t.false(second.result.changed, name);
		t.deepEqual([second.result.operations, second.result.steps], [[], []], name);
	}

	t.deepEqual(told['set']!.result.operations.length, 2, 'settings and driver are two operations');
	t.true(calls.every(call => call.includes('--json') && !call.includes('--dry-run')));
});

test.serial('facts and the doctor', async t => {
	const program = await ansible.playedVfctl(simHost(hosts['usual']!()));
	const told = await ansible.tasks(program, [
		['info', 'info', {gather: ['inventory', 'pools', 'methods', 'iommu', 'forward', 'history', 'export', 'driver', 'persist'], facts: true}],
		['look', 'doctor', {fail_on: 'never'}],
		['strict', 'doctor', {fail_on: 'could-not-look'}],
	]);
	const down = await ansible.playedVfctl(simHost(downHost()));
	const fixed = await ansible.tasks(down, [
		['red', 'doctor', {checks: ['sriov.pf-up']}],
		['would', 'doctor', {checks: ['sriov.pf-up'], fix: true, fail_on: 'never'}, {check_mode: true}],
		['up', 'doctor', {checks: ['sriov.pf-up'], fix: true}],
		['up again', 'doctor', {checks: ['sriov.pf-up'], fix: true}],
	]);
	t.deepEqual(told['info']!.result.info.inventory.pfs.map(({name}: {name: string}) => name).slice(0, 2), ['pf0', 'pf1']);
	t.deepEqual(told['info']!.result.ansible_facts.vfctl, told['info']!.result.info);
	t.is(told['info']!.result.version, 'played');
	const {verdict, findings, counts} = told['look']!.result;
	t.is(told['look']!.outcome, 'ok');
	t.not(verdict, 'ok');
	t.is(findings.length, counts.warning + counts.error + counts.danger + counts.couldNotLook);
	t.is(told['strict']!.outcome, 'failed');
	t.regex(told['strict']!.result.msg, /^vfctl doctor: /);
	t.is(fixed['red']!.outcome, 'failed');
	t.regex(fixed['red']!.result.msg, /sriov\.pf-up \(error\) pf0:.*\n {2}fix: .*\n {4}ip link set/);
	t.deepEqual([fixed['would']!.result.changed, fixed['would']!.result.verdict], [true, 'error']);
	t.is(fixed['up']!.outcome, 'ok', JSON.stringify(fixed['up']!.result));
	t.deepEqual([fixed['up']!.result.changed, fixed['up']!.result.verdict], [true, 'ok']);
	t.false(fixed['up again']!.result.changed);
});

test.serial('PF drivers and the module between VFs', async t => {
	const stock = `/lib/modules/${kernel}/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz`;
	const base = hostBuilder('drivers').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', vfs: 3}).record();
	const host = simHost(withFile(withBuild(base, ['vfctl_pf', 'igb', 'ixgbe', 'vfctl_fwd']), stock, 'igb'));
	const program = await ansible.playedVfctl(host);
	const told = await ansible.tasks(program, [
		['built', 'driver', {state: 'built'}],
		['loaded', 'driver', {state: 'loaded', name: 'igb'}],
		['loaded again', 'driver', {state: 'loaded', name: 'igb'}],
		['stock', 'driver', {state: 'stock', name: 'igb'}],
		['stock again', 'driver', {state: 'stock', name: 'igb'}],
		['pruned', 'driver', {state: 'pruned'}],
		['on', 'forward', {pfs: ['eth1'], state: 'enabled'}],
		['on again', 'forward', {pfs: ['eth1'], state: 'enabled'}],
		['relay', 'forward', {pfs: ['eth1'], state: 'enabled', relay: 'lan'}],
		['relay again', 'forward', {pfs: ['eth1'], state: 'enabled', relay: 'lan'}],
		['off', 'forward', {pfs: ['eth1'], state: 'disabled'}],
		['off again', 'forward', {pfs: ['eth1'], state: 'disabled'}],
		['bad group', 'forward', {pfs: ['eth1'], state: 'enabled', relay: 'a b'}],
	]);
	const changed = Object.entries(told).filter(([, {result}]) => result.changed).map(([name]) => name);
	t.deepEqual(changed, ['loaded', 'stock', 'on', 'relay', 'off'], JSON.stringify(Object.values(told).filter(({outcome}) => outcome === 'failed')));
	t.deepEqual(Object.values(told).filter(({outcome}) => outcome === 'failed').map(({task, result}) => [task, result.vfctl.code]), [['bad group', 'USAGE']]);
	t.is(told['built']!.result.kernel, kernel);

	// Nothing is built there yet: check mode says so, and a simulated host has no compiler.
	const bare = await ansible.tasks(await ansible.playedVfctl(simHost(base)), [
		['would build', 'driver', {state: 'built'}, {check_mode: true}],
		['build', 'driver', {state: 'built'}],
	]);
	t.true(bare['would build']!.result.changed);
	t.is(bare['build']!.result.vfctl.code, 'UNSUPPORTED');
});

test.serial('a build is brought from the host that built it, to the byte', async t => {
	const place = '/var/lib/vfctl/drivers/6.0.0-test';
	// Not UTF-8, as modules are.
	const bytes = Buffer.from(Array.from({length: 4096}, (_, index) => index % 256));
	const directories = ['builder', 'other'].map(name => join(ansible.directory, name));
	for (const directory of directories) {
		mkdirSync(join(directory, 'drivers', '6.0.0-test'), {recursive: true});
	}

	writeFileSync(join(directories[0]!, 'drivers', '6.0.0-test', 'igb.ko'), bytes);
	writeFileSync(join(directories[0]!, 'drivers', '6.0.0-test', 'build.json'), '{}');
	writeFileSync(join(directories[1]!, 'drivers', '6.0.0-test', 'old.ko'), 'old');
	// Each host has a /var/lib/vfctl of its own: Ansible's Python runs in a mount namespace.
	const pythons = directories.map(directory => ansible.write('python3', `#!/bin/sh\nexec unshare --mount sh -c 'mount --make-rprivate / && mkdir -p /var/lib && mount -t tmpfs none /var/lib && mkdir /var/lib/vfctl && mount --bind "$0" /var/lib/vfctl && exec /usr/bin/python3 "$@"' '${directory}' "$@"\n`, 0o755));
	// With become, as in real plays: fetch then reads by that Python, too.
	const become = {ansible_become: true, ansible_become_method: 'su'};
	const machines = {builder: {ansible_python_interpreter: pythons[0], ...become}, other: {ansible_python_interpreter: pythons[1], ...become}};
	const play = [{
		hosts: 'other', gather_facts: false,
		vars: {vfctl_pf_driver_builder: 'builder', vfctl_pf_driver_build: {directory: place}},
		tasks: [{name: 'bring', 'ansible.builtin.include_role': {name: 'vfctl.vfctl.pf_driver', tasks_from: 'bring.yml'}}],
	}];
	const other = join(directories[1]!, 'drivers', '6.0.0-test');
	const checked = await ansible.play(play, {hosts: machines, args: ['--check']});
	t.is(checked.code, 0, troubles(checked));
	t.true(checked.told.some(({result}) => result.changed));
	t.deepEqual(readdirSync(other), ['old.ko']);

	const run = await ansible.play(play, {hosts: machines});
	t.is(run.code, 0, troubles(run));
	t.deepEqual(readdirSync(other).sort(), ['build.json', 'igb.ko']);
	t.deepEqual(readFileSync(join(other, 'igb.ko')), bytes);
	const again = await ansible.play(play, {hosts: machines});
	t.is(again.code, 0, troubles(again));
	t.deepEqual(again.told.filter(({result}) => result.changed), []);
});

test.serial('errors of the real command line come with code, cause and remedy', async t => {
	const record = ansible.write('host.rec', formatRecord(hosts['usual']!()));
	const program = ansible.write('vfctl', `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist', 'bin', 'vfctl.js')}' --host '${record}' "$@"\n`, 0o755);
	const told = await ansible.tasks(program, [
		['bad file', 'host', {spec: {version: 1, pfs: {pf0: {'total-vfs': 2}}}}],
		['bad MAC', 'vf', {vf: 'pf0#0', mac: '01:00:00:00:00:00'}],
		['no PF', 'vf', {pf: '-y', count: 1}],
		['an option as a name', 'attach', {guest: '--help', device: '$(reboot)'}],
		['no guest', 'attach', {guest: 'nobody', device: 'pf0#0', state: 'absent'}],
		['bad risk', 'vf', {pf: 'pf0', count: 1, accept_risks: ['all']}],
		['no program', 'info', {executable: '/nowhere/vfctl'}],
		['no JSON', 'info', {executable: '/bin/true'}],
		['plan', 'vf', {pf: 'pf0', count: 5}, {check_mode: true}],
	]);
	for (const [name, code, status] of [['bad file', 'BAD_HOST_FILE', 2], ['bad MAC', 'BAD_MAC', 2], ['no PF', 'PF_NOT_FOUND', 4], ['an option as a name', 'GUEST_NOT_FOUND', 4], ['no guest', 'GUEST_NOT_FOUND', 4], ['bad risk', 'USAGE', 2]] as const) {
		const {outcome, result} = told[name]!;
		t.is(outcome, 'failed', name);
		t.is(result.vfctl?.code, code, `${name}: ${result.msg}`);
		t.is(result.vfctl.exit_status, status, name);
		t.is(result.rc, status, name);
		t.true(result.msg.startsWith(result.vfctl.message) && result.msg.includes(`fix: ${result.vfctl.fix}`) && result.msg.endsWith(`code: ${code}`), result.msg);
		t.false(result.changed, name);
	}

	t.regex(told['bad file']!.result.vfctl.why, /numVfs/);
	t.regex(told['no program']!.result.msg, /there is no program \/nowhere\/vfctl/);
	t.regex(told['no JSON']!.result.msg, /did not answer in JSON/);
	t.is(told['plan']!.outcome, 'ok', JSON.stringify(told['plan']!.result));
});

function troubles({told, stderr}: Awaited<ReturnType<Ansible['play']>>): string {
	return [...told.filter(({outcome}) => outcome === 'failed').map(one => JSON.stringify(one)), stderr].join('\n');
}

const fleet = {vfctl_host_install_packages: false, vfctl_host_persist_items: ['modules'], vfctl_doctor_checks: ['sriov.pf-up'], vfctl_guests_wait: 1};

test.serial('the playbook of a fleet: done once, check mode changes nothing, and a red host stops it', async t => {
	const names = ['one', 'two', 'three'] as const;
	const asked = {vfctl_pfs: {pf0: {numVfs: 2, link: 'up'}}, vfctl_pools: {fast: {vfs: ['pf0#1']}}, vfctl_guests: {vm0: {vfs: [{vf: 'pf0#0', mac: '52:54:00:aa:00:01'}]}}};
	const worlds = await Promise.all(names.map(async name => {
		const calls: string[] = [];
		// The second one has VFs on a PF that is down, and nothing says that it is to be up.
		const host = simHost(name === 'two' ? downHost() : hosts['bare']!());
		return {name, host, calls, before: await captured(host), variables: {...fleet, ...name === 'two' ? {} : asked, vfctl_executable: await ansible.playedVfctl(host, calls)}};
	}));
	const variables = (chosen: readonly string[]) => Object.fromEntries(worlds.filter(({name}) => chosen.includes(name)).map(one => [one.name, one.variables]));
	const site = 'vfctl.vfctl.site';

	const checked = await ansible.play(site, {hosts: variables(names), args: ['--check', '--diff']});
	t.is(checked.code, 0, troubles(checked));
	t.true(checked.told.some(({result}) => result.changed));
	for (const {host, before} of worlds) {
		t.deepEqual(compareRecords(before, await captured(host)), []);
	}

	for (const {calls} of worlds) {
		calls.length = 0;
	}

	const run = await ansible.play(site, {hosts: variables(names)});
	t.not(run.code, 0);
	const failed = run.told.filter(({outcome}) => outcome === 'failed').map(({host, task}) => [host, task]);
	t.deepEqual(failed, [['two', 'The doctor']], troubles(run));
	t.deepEqual(worlds[2]!.calls, [], 'the third host was not touched');
	t.deepEqual(compareRecords(worlds[2]!.before, await captured(worlds[2]!.host)), []);

	const again = await ansible.play(site, {hosts: variables(['one'])});
	t.is(again.code, 0, troubles(again));
	t.deepEqual(again.told.filter(({result}) => result.changed).map(({task}) => task), []);
});

test.serial('a host that cannot be reached stops the rollout, one at a time and in batches', async t => {
	const ssh = ansible.write('ssh', '#!/bin/sh\nexit 255\n', 0o755);
	const calls: string[] = [];
	const program = await ansible.playedVfctl(simHost(hosts['bare']!()), calls);
	const away = {ansible_connection: 'ssh', ansible_ssh_executable: ssh};
	const there = {...fleet, vfctl_executable: program};
	for (const [size, machines] of [[1, {away, next: there}], [2, {near: there, away, next: there, last: there}]] as const) {
		calls.length = 0;
		const run = await ansible.play('vfctl.vfctl.site', {hosts: machines, args: ['-e', `vfctl_serial=${size}`]});
		t.not(run.code, 0);
		t.true(run.told.some(({host, outcome}) => host === 'away' && outcome === 'unreachable'), troubles(run));
		for (const name of ['next', 'last']) {
			const tasks = run.told.filter(({host}) => host === name).map(({task, outcome}) => `${task}: ${outcome}`);
			t.deepEqual(tasks, name in machines ? ['Stop behind a host that was lost: failed'] : [], troubles(run));
		}

		t.deepEqual(calls, [], 'no vfctl was started anywhere');
	}
});

test.serial('a host without vfctl: check mode goes on without, and a run stops there with what to do', async t => {
	const machines = {bare: {...fleet, vfctl_pf_driver_wanted: true, vfctl_pfs: {pf0: {numVfs: 1}}, vfctl_executable: '/nowhere/vfctl'}};
	const checked = await ansible.play('vfctl.vfctl.site', {hosts: machines, args: ['--check']});
	t.is(checked.code, 0, troubles(checked));
	t.deepEqual(checked.told.find(({task}) => task.endsWith('Tell what is planned when vfctl is there'))?.result.msg[1].pfs, {pf0: {numVfs: 1}});
	const run = await ansible.play('vfctl.vfctl.site', {hosts: machines});
	t.not(run.code, 0);
	t.deepEqual(run.told.filter(({outcome, result}) => outcome === 'failed' && !result.failed_when_result).map(({task}) => task.split(' : ').at(-1)), ['Stop where vfctl is not there'], troubles(run));
	t.regex(troubles(run), /vfctl_host_package/);
});

test.serial('a host that would restart first: check mode plans the rest, and tells what comes after', async t => {
	const host = simHost(bootHost('debian-12'));
	const before = await captured(host);
	const guests = {vm0: {vfs: [{vf: 'pf0#0', mac: '52:54:00:aa:00:01'}]}};
	// Stands for ssh, since Ansible restarts no machine that it runs on: the last word is the command.
	const ssh = ansible.write('ssh', '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', 0o755);
	const machines = {one: {
		ansible_connection: 'ssh', ansible_ssh_executable: ssh, ansible_pipelining: true,
		...fleet, vfctl_host_persist_items: ['kernel-arguments'], vfctl_host_reboot_allowed: true, vfctl_persist_host_file: false,
		vfctl_pfs: {pf0: {numVfs: 2}}, vfctl_guests: guests, vfctl_executable: await ansible.playedVfctl(host),
	}};
	const checked = await ansible.play('vfctl.vfctl.site', {hosts: machines, args: ['--check']});
	t.is(checked.code, 0, troubles(checked));
	const outcomes = new Map(checked.told.map(({task, outcome, result}) => [task.split(' : ').at(-1), result.changed === true ? 'changed' : outcome]));
	t.is(outcomes.get('Restart the host'), 'changed');
	t.is(outcomes.get('PFs and their VFs'), 'changed');
	t.is(outcomes.get('Guests, routes and leases'), 'skipped');
	t.deepEqual(checked.told.find(({task}) => task.endsWith('Tell what is planned after the restart'))?.result.msg[1], guests);
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test.serial('ansible-doc shows every module and role', async t => {
	const {stdout, stderr, code} = await ansible.run('ansible-doc', ['--json', ...modules.map(name => `vfctl.vfctl.${name}`)]);
	t.is(code, 0, stderr);
	const docs = JSON.parse(stdout) as Record<string, {doc: {options: Record<string, unknown>; short_description: string}; examples: string; return: object}>;
	for (const name of modules) {
		const {doc, examples, return: returned} = docs[`vfctl.vfctl.${name}`]!;
		t.true('executable' in doc.options && doc.short_description.length > 10, name);
		t.regex(examples, new RegExp(`vfctl\\.vfctl\\.${name}:`));
		t.true('vfctl' in returned, name);
	}

	const shown = JSON.parse((await ansible.run('ansible-doc', ['--json', '--type', 'role', ...roles.map(name => `vfctl.vfctl.${name}`)])).stdout) as Record<string, {entry_points: {main: {options: object}}}>;
	for (const name of roles) {
		const {main} = shown[`vfctl.vfctl.${name}`]!.entry_points;
		const defaults = [...readFileSync(join(root, 'ansible', 'roles', name, 'defaults', 'main.yml'), 'utf8').matchAll(/^(?:# )?(vfctl_\w+):/gm)].map(match => match[1]!);
		t.deepEqual(defaults.filter(option => !(option in main.options)), [], name);
	}

	for (const name of modules) {
		t.regex((await ansible.run('ansible-doc', [`vfctl.vfctl.${name}`])).stdout, /EXAMPLES:/, name);
	}
});

test.serial('ansible-lint, yamllint and pycodestyle have nothing to say', async t => {
	const lint = await ansible.run('ansible-lint', ['--offline', '--nocolor', '--parseable'], {cwd: ansible.collection});
	t.is(lint.code, 0, lint.stdout + lint.stderr);
	t.regex(lint.stderr, /Passed with production profile/);
	const yaml = await ansible.run('yamllint', ['--strict', '.'], {cwd: ansible.collection});
	t.is(yaml.code, 0, yaml.stdout);
	// As ansible-test does: modules have their documentation before what they import.
	const style = await ansible.run('/usr/bin/python3', ['-m', 'pycodestyle', '--max-line-length=160', '--ignore=E402,W503', 'plugins'], {cwd: ansible.collection});
	t.is(style.code, 0, style.stdout);
});

// Those that need nothing from the network. The others make an environment of their own with pip; of these,
// validate-modules and pycodestyle are run as they are.
const sanity = ['compile', 'empty-init', 'ignores', 'line-endings', 'no-assert', 'no-basestring', 'no-get-exception', 'no-illegal-filenames', 'no-main-display', 'no-smart-quotes', 'no-unicode-literals', 'replace-urlopen', 'shebang', 'symlinks', 'use-argspec-type-path', 'use-compat-six'];

test.serial('ansible-test', async t => {
	// It takes the files that git knows.
	await ansible.run('git', ['init', '--quiet', '.'], {cwd: ansible.collection});
	await ansible.run('git', ['add', '--all'], {cwd: ansible.collection});
	const {code, stdout, stderr} = await ansible.run('ansible-test', ['sanity', '--python', 'default', ...sanity.flatMap(name => ['--test', name])], {cwd: ansible.collection});
	t.is(code, 0, stdout + stderr);
	for (const name of sanity) {
		t.true((stdout + stderr).includes(`Running sanity test "${name}"`), name);
	}

	const directory = '/usr/lib/python3/dist-packages/ansible_test/_util/controller/sanity/validate-modules';
	const paths = modules.map(name => `plugins/modules/${name}.py`);
	const {stdout: told, stderr: trouble} = await ansible.run('/usr/bin/python3', [`${directory}/validate.py`, '--collection', 'ansible_collections/vfctl/vfctl', '--collection-version', '0.1.0', '--format', 'json', '--arg-spec', ...paths], {cwd: ansible.collection, env: {PYTHONPATH: ansible.directory}});
	const found = JSON.parse(told || JSON.stringify(trouble)) as Record<string, {errors: Array<{code: string; msg: string}>}>;
	t.deepEqual(Object.keys(found).sort(), paths.toSorted());
	for (const path of paths) {
		// Its license is that of vfctl, which tests/sanity/ignore-*.txt tells ansible-test.
		t.deepEqual(found[path]!.errors.map(error => error.code), ['missing-gplv3-license'], JSON.stringify(found[path]!.errors));
	}
});
