// The package as it is built, and as it is on a host: installed by apt into a Debian of its own,
// used, upgraded, removed and purged. Needs root, mmdebstrap and overlayfs.
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import anyTest, {type ExecutionContext, type TestFn} from 'ava';
import {commandUsages} from '../lib/cli/commands.ts';
import {digestOf} from '../lib/exec/driver/own-sources.ts';
import {readDkmsTemplates} from '../lib/exec/driver/read-dkms.ts';
import {realFiles} from '../lib/host/real-files.ts';
import {aptIn, difference, succeeds} from './helpers/apt-in.ts';
import {buildPackages, type BuildOptions} from './helpers/build-packages.ts';
import {startPackageRoot, type PackageRoot} from './helpers/package-root.ts';

const test = anyTest as TestFn<{root: PackageRoot}>;
const built = mkdtempSync(join(tmpdir(), 'vfctl-built-'));
const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string};

const topCommands = [...new Set(Object.keys(commandUsages).map(command => command.split(' ')[0]!))];

const build = (name: string, options?: BuildOptions) => buildPackages(join(built, name), options);
const first = build('first');
const newer = build('newer', {build: '2'});

test.after.always(() => {
	rmSync(built, {recursive: true});
});

test.beforeEach(async t => {
	t.context.root = await startPackageRoot();
});

test.afterEach.always(t => {
	t.context.root.stop();
});

/** The files of the package as `mode owner path`. */
function contents(deb: string): string[] {
	const lines = execFileSync('dpkg-deb', ['--contents', deb], {encoding: 'utf8'}).trimEnd().split('\n');
	return lines.map(line => line.split(/\s+/)).map(([mode, owner, , , , ...path]) => `${mode} ${owner} ${path.join(' ')}`);
}

test('the package has what vfctl needs, for everybody to read and for root to change', t => {
	const all = contents(first.deb);
	for (const line of all) {
		t.regex(line, /^(?:drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root /);
	}

	t.deepEqual(all.filter(line => line.startsWith('-rwx')).map(line => line.split(' ')[2]), ['./usr/lib/vfctl/bin/vfctl', './usr/lib/vfctl/kernel-module/build.sh']);
	t.deepEqual(all.filter(line => line.startsWith('l')), ['lrwxrwxrwx root/root ./usr/bin/vfctl -> ../lib/vfctl/bin/vfctl']);
	const files = all.filter(line => line.startsWith('-')).map(line => line.split(' ')[2]!);
	t.deepEqual([...new Set(files.map(file => file.split('/').slice(0, 4).join('/')))].sort(), ['./usr/lib/vfctl', './usr/share/bash-completion', './usr/share/doc', './usr/share/lintian', './usr/share/man', './usr/share/zsh']);
	const native = files.filter(file => file.endsWith('.node'));
	t.is(native.length, 1);
	const pages = files.filter(file => file.includes('/man1/')).map(file => /([^/]+)\.1\.gz$/.exec(file)![1]);
	t.deepEqual(pages.sort(), ['vfctl', ...topCommands.map(command => `vfctl-${command}`)].sort());
	t.false(files.some(file => file.includes('/mock/')));

	const extracted = join(built, 'extracted');
	execFileSync('dpkg-deb', ['--extract', first.deb, extracted]);
	const sources = join(extracted, 'usr/lib/vfctl/kernel-module');
	t.is(digestOf(realFiles(), sources), digestOf(realFiles(), 'kernel-module'));
	t.notThrows(() => readDkmsTemplates(realFiles(), sources));
});

test('the package knows nothing of the machine that built it', t => {
	const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', first.deb], {maxBuffer: 1 << 28});
	for (const word of [process.cwd(), built, join(tmpdir(), 'vfctl-package')]) {
		t.is(tar.indexOf(word), -1, word);
	}
});

test('two builds are the same to the byte', t => {
	mkdirSync(join(built, 'elsewhere'));
	const again = build('again', {umask: '077', env: {TZ: 'Pacific/Kiritimati', LC_ALL: 'C', TMPDIR: join(built, 'elsewhere')}});
	t.true(readFileSync(again.deb).equals(readFileSync(first.deb)));
	t.true(readFileSync(again.tarball).equals(readFileSync(first.tarball)));
	t.false(readFileSync(newer.deb).equals(readFileSync(first.deb)));
	t.deepEqual(readdirSync(join(built, 'elsewhere')), []);
});

test('npm\'s tarball has the program and the kernel\'s part', t => {
	const files = execFileSync('tar', ['--list', '--gzip', '--file', first.tarball], {encoding: 'utf8'}).split('\n');
	for (const file of ['package/dist/vfctl.cjs', 'package/kernel-module/dkms.conf', 'package/LICENSE', 'package/README.md']) {
		t.true(files.includes(file), file);
	}

	t.false(files.some(file => /^package\/(?:lib|test|lab|node_modules|dist\/test)\//.test(file)));
});

test('lintian has nothing to say but what is overridden with a reason', t => {
	const {root} = t.context;
	const said = root.run('lintian', '--allow-root', '--pedantic', '--display-info', '--tag-display-limit', '0', '--fail-on', 'error,warning,info,pedantic', root.put(first.deb));
	t.is(said.stdout, '');
	t.is(said.status, 0, said.stderr);
});

test('installed, upgraded, removed and purged: nothing is left behind', t => {
	const {root} = t.context;
	const before = root.files();
	succeeds(t, aptIn(root, 'install', root.put(first.deb)));
	t.is(succeeds(t, root.run('vfctl', '--version')), `${version}\n`);
	t.regex(succeeds(t, root.run('vfctl', '--host', root.put('test/fixtures/hosts/i350.rec'), 'show', 'enp1s0f1#0')), /guest vm3/);

	// On this host itself. The lock needs koffi's library, the unit a program that nobody else can replace.
	t.regex(succeeds(t, root.run('vfctl', 'persist', 'on', '--only', 'unit', '--yes')), /^done: /);
	t.regex(root.read('/etc/systemd/system/vfctl.service')!, /^ExecStart=\/usr\/lib\/vfctl\/bin\/vfctl apply /m);

	const history = succeeds(t, root.run('vfctl', 'history', '--json'));
	succeeds(t, aptIn(root, 'install', root.put(newer.deb)));
	t.is(succeeds(t, root.run('dpkg-query', '--show', '--showformat=${Version} ${Status}', 'vfctl')), `${version}+2 install ok installed`);
	t.is(succeeds(t, root.run('vfctl', 'history', '--json')), history);
	succeeds(t, root.run('vfctl', 'undo', '--yes'));
	t.is(root.read('/etc/systemd/system/vfctl.service'), undefined);

	succeeds(t, aptIn(root, 'remove', 'vfctl'));
	t.not(root.read('/var/lib/vfctl/journal/000001.jsonl'), undefined);
	t.is(root.read('/usr/bin/vfctl'), undefined);
	succeeds(t, aptIn(root, 'purge', 'vfctl'));
	t.deepEqual(difference(before, root.files()), []);
});

test('every manual page is found by man and makes no warnings', t => {
	const {root} = t.context;
	succeeds(t, aptIn(root, 'install', root.put(first.deb)));
	const pages = succeeds(t, root.run('sh', '-c', 'ls /usr/share/man/man1/vfctl*')).trim().split('\n');
	t.true(pages.length > 20);
	for (const page of pages) {
		const said = root.run('man', '--warnings=w', '--encoding=UTF-8', '--local-file', page);
		t.is(said.stderr, '', page);
		t.regex(succeeds(t, said), /SEE ALSO/);
	}

	t.regex(succeeds(t, root.run('man', 'vfctl-attach')), /--guest-timeout/);
	t.regex(succeeds(t, root.run('apropos', 'vfctl-doctor')), /what is wrong with this host/);
});

/** What bash offers for a line, as it was typed up to the cursor. */
function offered(t: ExecutionContext, root: PackageRoot, line: string): string[] {
	const words = line.split(' ');
	const script = `
		. /usr/share/bash-completion/bash_completion
		_comp_load vfctl || exit 9
		virsh() { printf '%s\\n' vm0 vm1 'web $(touch /HIT)'; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		$(complete -p vfctl | sed 's/.*-F \\([^ ]*\\).*/\\1/')
		printf '%s\\n' "\${COMPREPLY[@]}"`;
	return succeeds(t, root.run('bash', '-c', script, 'bash', ...words)).trimEnd().split('\n');
}

test('bash completes commands, options, their values, guests and files', t => {
	const {root} = t.context;
	succeeds(t, aptIn(root, 'install', root.put(first.deb)));
	t.deepEqual(offered(t, root, 'vfctl '), topCommands);
	t.deepEqual(offered(t, root, 'vfctl vf '), ['create', 'destroy', 'set']);
	t.deepEqual(offered(t, root, 'vfctl --json vf s'), ['set']);
	t.deepEqual(offered(t, root, 'vfctl vf create --d'), ['--dry-run', '--debug']);
	t.deepEqual(offered(t, root, 'vfctl attach vm0 --method h'), ['hostdev']);
	t.deepEqual(offered(t, root, 'vfctl attach --method hostdev v'), ['vm0', 'vm1']);
	t.deepEqual(offered(t, root, 'vfctl persist on --only k'), ['kernel-arguments']);
	t.deepEqual(offered(t, root, 'vfctl apply /usr/sh'), ['/usr/share/']);
	t.deepEqual(offered(t, root, 'vfctl nonsense '), ['']);
	// The name of a guest is typed as a word, and never run.
	t.deepEqual(offered(t, root, 'vfctl detach w'), [String.raw`web\ \$\(touch\ /HIT\)`]);
	t.is(root.read('/HIT'), undefined);
});

const end = (outcome: string) => `{"version":1,"number":1}\n{"event":"end","outcome":"${outcome}","time":"2026-01-01T00:00:00.000Z"}\n`;

/** What a host can have that needs vfctl: how it comes about, and what apt's user is told to do first. */
const reasons: ReadonlyArray<readonly [string, string, RegExp]> = [
	['a unit at boot', 'touch /etc/systemd/system/vfctl-guests.service', /vfctl persist off --only unit/],
	['DKMS', 'mkdir /usr/src/vfctl-0.0.9 && touch /usr/src/vfctl-0.0.9/dkms.conf', /vfctl driver uninstall --dkms/],
	['the CNI plugin', 'mkdir -p /opt/cni/bin && ln -s /usr/bin/vfctl /opt/cni/bin/sriov', /rm \/opt\/cni\/bin\/sriov/],
	['an operation without an end', 'echo \'{"version":1,"number":1}\' >/var/lib/vfctl/journal/000001.jsonl', /vfctl recover/],
	['an operation put back in part', `printf '%s' '${end('rollback-incomplete')}' >/var/lib/vfctl/journal/000001.jsonl`, /vfctl recover/],
	['a vfctl at work', 'touch /var/lib/vfctl/lock && (flock /var/lib/vfctl/lock sleep 3000 >/dev/null 2>&1 & ) && until ! flock -n /var/lib/vfctl/lock true; do :; done', /wait for it/],
];

for (const [name, cause, advice] of reasons) {
	test(`it is not removed while the host needs it: ${name}`, t => {
		const {root} = t.context;
		succeeds(t, aptIn(root, 'install', root.put(first.deb)));
		succeeds(t, root.run('sh', '-ec', `mkdir -p /var/lib/vfctl/journal; ${cause}`));
		const said = aptIn(root, 'purge', 'vfctl');
		t.not(said.status, 0);
		t.regex(said.stdout + said.stderr, advice);
		t.is(succeeds(t, root.run('vfctl', '--version')), `${version}\n`);
		t.true(succeeds(t, root.run('ls', '/var/lib/vfctl')).includes('journal'));
		// An upgrade is none of that.
		succeeds(t, aptIn(root, 'install', root.put(newer.deb)));
	});
}

test('a purge keeps the journal while something that it can undo is there', t => {
	const {root} = t.context;
	succeeds(t, aptIn(root, 'install', root.put(first.deb)));
	succeeds(t, root.run('sh', '-ec', `mkdir -p /var/lib/vfctl/journal /etc/vfctl; printf '%s' '${end('done')}' >/var/lib/vfctl/journal/000001.jsonl; touch /etc/vfctl/host.yaml /etc/udev/rules.d/70-vfctl-0000:03:10.1.rules`));
	const purged = aptIn(root, 'purge', 'vfctl');
	succeeds(t, purged);
	t.regex(purged.stdout + purged.stderr, /\/etc\/udev\/rules\.d\/70-vfctl-0000:03:10\.1\.rules/);
	t.is(root.read('/var/lib/vfctl/journal/000001.jsonl'), end('done'));
	t.is(root.read('/etc/vfctl/host.yaml'), '');

	succeeds(t, root.run('rm', '/etc/udev/rules.d/70-vfctl-0000:03:10.1.rules'));
	succeeds(t, aptIn(root, 'install', root.put(first.deb)));
	succeeds(t, aptIn(root, 'purge', 'vfctl'));
	t.is(root.read('/var/lib/vfctl/journal/000001.jsonl'), undefined);
	t.is(root.read('/etc/vfctl/host.yaml'), undefined);
});

test('its control file names the Node.js that it needs', t => {
	const said = spawnSync('dpkg-deb', ['--field', first.deb, 'Depends', 'Architecture', 'Version'], {encoding: 'utf8'});
	t.regex(said.stdout, /nodejs \(>= 20\.19\) \| vfctl-node,/);
	t.regex(said.stdout, new RegExp(`^Version: ${version.replace('-', '~').replaceAll('.', String.raw`\.`)}$`, 'm'));
});
