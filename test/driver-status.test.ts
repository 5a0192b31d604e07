// `vfctl driver status`: whose driver is loaded, whose would be, and whether what was built is still good.
import test from 'ava';
import {parseDriverBuild, type DriverBuild} from '../lib/model/driver-build.ts';
import {taintReasons} from '../lib/model/driver-status.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {hosts, vfctl, withFile} from './helpers/plan-world.ts';

const kernel = hosts['usual']!().entries.get('/proc/sys/kernel/osrelease') as {text: string};
const release = kernel.text.trim();
const modules = `/lib/modules/${release}`;
const built = `/var/lib/vfctl/drivers/${release}`;

const build: DriverBuild = {
	version: 1, kernel: release, kernelVersion: '6.1.5', vfctl: '1.0', sources: '0'.repeat(64), source: {path: '/usr/src/linux-source-6.1.tar.xz', kind: 'tarball'},
	compiler: 'gcc', builtAtMs: 1000, steps: [], warnings: [], patches: [],
	modules: (['vfctl_pf', 'igb', 'ixgbe'] as const).map(name => ({name, sha256: 'a'.repeat(64), srcversion: `BUILT-${name}`, vermagic: release, depends: []})),
};

/** What modinfo tells of files on the simulated host: field by path. */
type Fields = Readonly<Record<string, Readonly<Record<string, string>>>>;

function host(files: Readonly<Record<string, string>>, fields: Fields = {}): SimHost {
	const record = Object.entries(files).reduce((one, [path, text]) => withFile(one, path, text), hosts['usual']!());
	return simHost(record, {tools: {modinfo: argv => ({code: 0, stderr: '', stdout: `${fields[argv[3]!]?.[argv[2]!] ?? ''}\n`})}});
}

interface Told {
	drivers: Array<{name: string; loaded: {origin: string; current: boolean} | null; file: {path: string; origin: string; current: boolean; signer: string | null} | null}>;
	builds: Array<{kernel: string; stale: string[]; installed: string}>;
	security: Record<string, unknown>;
}

async function statusOf(one: SimHost): Promise<{told: Told; text: string}> {
	const {json, text, error} = await vfctl(one, ['driver', 'status']);
	if (error) {
		throw error;
	}

	return {told: json as unknown as Told, text};
}

const stock = `${modules}/kernel/drivers/net/ethernet/intel/ixgbe/ixgbe.ko.xz`;
const own = `${modules}/updates/vfctl/ixgbe.ko`;
const keptBuild = {[`${built}/build.json`]: JSON.stringify(build), ...Object.fromEntries(build.modules.map(({name}) => [`${built}/${name}.ko`, '']))};

test('a host that knows nothing of this', async t => {
	const {told, text} = await statusOf(host({}));
	t.deepEqual(told.builds, []);
	t.true(text.includes('nothing is built'));
	t.false(text.includes('next:'));
});

const loaded: ReadonlyArray<readonly [what: string, files: Readonly<Record<string, string>>, fields: Fields, origin: string, current: boolean]> = [
	['the distribution\'s, which has no digest', {'/sys/module/ixgbe/taint': '\n'}, {}, 'stock', false],
	['the distribution\'s, by its digest', {'/sys/module/ixgbe/taint': '\n', '/sys/module/ixgbe/srcversion': 'S1\n', [stock]: ''}, {[stock]: {srcversion: 'S1'}}, 'stock', false],
	['one of the tree that is not the file', {'/sys/module/ixgbe/taint': '\n', '/sys/module/ixgbe/srcversion': 'S2\n', [stock]: ''}, {[stock]: {srcversion: 'S1'}}, 'other', false],
	['one from outside of the tree', {'/sys/module/ixgbe/taint': 'OE\n', '/sys/module/ixgbe/srcversion': 'S2\n'}, {}, 'other', false],
	['vfctl\'s of now', {'/sys/module/ixgbe/taint': 'OE\n', '/sys/module/ixgbe/srcversion': 'BUILT-ixgbe\n', ...keptBuild}, {}, 'vfctl', true],
	['vfctl\'s of an earlier build', {'/sys/module/ixgbe/taint': 'OE\n', '/sys/module/ixgbe/srcversion': 'OLDER\n', '/sys/module/vfctl_pf/holders/ixgbe': '', ...keptBuild}, {}, 'vfctl', false],
	['nobody knows', {}, {}, 'unknown', false],
];

for (const [what, files, fields, origin, current] of loaded) {
	test(`loaded: ${what}`, async t => {
		const {told} = await statusOf(host({'/sys/module/ixgbe/initstate': 'live\n', ...files}, fields));
		const ixgbe = told.drivers.find(({name}) => name === 'ixgbe')!;
		t.is(ixgbe.loaded?.origin, origin);
		t.is(ixgbe.loaded?.current, current);
	});
}

test('the file that modprobe would take is told with whose it is', async t => {
	const file = async (dep: string, fields: Fields = {}) => (await statusOf(host({[`${modules}/modules.dep`]: `kernel/a.ko: \n${dep}: updates/vfctl/vfctl_pf.ko\n`, ...keptBuild}, fields))).told.drivers.find(({name}) => name === 'ixgbe')!.file;
	t.like(await file('kernel/drivers/net/ethernet/intel/ixgbe/ixgbe.ko.xz'), {path: stock, origin: 'stock', current: false});
	t.like(await file('updates/vfctl/ixgbe.ko', {[own]: {srcversion: 'BUILT-ixgbe', signer: 'me'}}), {path: own, origin: 'vfctl', current: true, signer: 'me'});
	t.like(await file('updates/vfctl/ixgbe.ko', {[own]: {srcversion: 'OLDER'}}), {origin: 'vfctl', current: false, signer: null});
	t.like(await file('updates/drivers/net/ethernet/intel/ixgbe/ixgbe.ko.zst'), {origin: 'other', current: false});
	t.is(await file('kernel/ixgbevf.ko'), null);
});

const header = (patch: number) => `#define LINUX_VERSION_MAJOR 6\n#define LINUX_VERSION_PATCHLEVEL 1\n#define LINUX_VERSION_SUBLEVEL ${patch}\n`;

test('a build is stale when its kernel changed, went away, or it is damaged', async t => {
	const state = async (files: Readonly<Record<string, string>>) => (await statusOf(host(files))).told.builds.map(({stale}) => stale);
	const version = `${modules}/build/include/generated/uapi/linux/version.h`;
	t.deepEqual(await state({...keptBuild, [version]: header(5)}), [[]]);
	t.deepEqual(await state({...keptBuild, [version]: header(6)}), [['the kernel is 6.1.6 now, it was built from 6.1.5']]);
	const revised = JSON.stringify({...build, revisions: {headers: '6.1.5-1', source: null}});
	const headers = (revision: string) => ({[`${modules}/build/include/generated/package.h`]: `#define LINUX_PACKAGE_ID " Debian ${revision}"\n`});
	t.deepEqual(await state({...keptBuild, [`${built}/build.json`]: revised, [version]: header(5), ...headers('6.1.5-1')}), [[]]);
	t.deepEqual(await state({...keptBuild, [`${built}/build.json`]: revised, [version]: header(5), ...headers('6.1.5-2')}), [['the kernel\'s headers are Debian\'s 6.1.5-2 now, it was built with 6.1.5-1']]);
	t.deepEqual(await state({...keptBuild, [version]: header(5), ...headers('6.1.5-2')}), [[]], 'a build of an older vfctl does not tell');
	const gone = '/var/lib/vfctl/drivers/5.10.0-1-amd64';
	t.deepEqual(await state(Object.fromEntries(Object.entries(keptBuild).map(([path, text]) => [path.replace(built, gone), text.replaceAll(release, '5.10.0-1-amd64')]))), [['this kernel is not installed any more']]);
	const [[damaged]] = await state({[`${built}/build.json`]: '{"version":2}'}) as [[string]];
	t.regex(damaged, /damaged, or of another version/);
	const [[half]] = await state({[`${built}/build.json`]: JSON.stringify(build), [`${built}/igb.ko`]: ''}) as [[string]];
	t.regex(half, /vfctl_pf\.ko is not there/);
});

test('a damaged build.json is DRIVER_NOT_BUILT with its place', t => {
	for (const text of ['', 'null', '{', JSON.stringify({...build, kernel: 5}), JSON.stringify({...build, more: 1}), JSON.stringify({...build, modules: [{name: '../evil'}]})]) {
		t.throws(() => parseDriverBuild(text, 'x/build.json'), {message: /x\/build\.json is damaged/, code: 'DRIVER_NOT_BUILT'});
	}
});

test('what the kernel asks of modules', async t => {
	const security = async (files: Readonly<Record<string, string>>) => (await statusOf(host(files))).told.security;
	t.like(await security({}), {lockdown: null, secureBoot: null, onlySigned: false});
	t.like(await security({'/sys/kernel/security/lockdown': '[none] integrity confidentiality\n', '/sys/firmware/efi/runtime': ''}), {lockdown: 'none', secureBoot: false, onlySigned: false});
	t.like(await security({'/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n', '/proc/sys/kernel/tainted': '12288\n'}), {lockdown: 'integrity', onlySigned: true, tainted: 12_288});
	t.like(await security({'/sys/module/module/parameters/sig_enforce': 'Y\n'}), {lockdown: null, onlySigned: true});
	t.deepEqual(taintReasons(12_288), ['out-of-tree module', 'unsigned module']);
	t.deepEqual(taintReasons(0), []);
});

test('what DKMS has built and put elsewhere is vfctl\'s too, and installed', async t => {
	const paths = Object.fromEntries(build.modules.map(({name}) => [name, `${modules}/updates/dkms/${name}.ko`]));
	const dep = Object.values(paths).map(path => `${path.slice(modules.length + 1)}:\n`).join('');
	const {told} = await statusOf(host({...keptBuild, [`${modules}/modules.dep`]: dep}, Object.fromEntries(build.modules.map(({name, srcversion}) => [paths[name]!, {srcversion, signer: 'DKMS'}]))));
	t.like(told.drivers.find(({name}) => name === 'ixgbe')!.file, {path: paths['ixgbe'], origin: 'vfctl', current: true, signer: 'DKMS'});
	t.is(told.builds[0]!.installed, 'yes');
});

test('the next step is told: build again, install, reboot', async t => {
	const next = async (files: Readonly<Record<string, string>>, fields: Fields = {}) => (await statusOf(host(files, fields))).text.split('\n').at(-1);
	const version = `${modules}/build/include/generated/uapi/linux/version.h`;
	t.is(await next({...keptBuild, [version]: header(6)}), 'next: vfctl driver build');
	t.is(await next({...keptBuild, [version]: header(5)}), 'next: vfctl driver install');
	const installed = Object.fromEntries(build.modules.map(({name}) => [`${modules}/updates/vfctl/${name}.ko`, '']));
	const fields = Object.fromEntries(build.modules.map(({name, srcversion}) => [`${modules}/updates/vfctl/${name}.ko`, {srcversion}]));
	t.is(await next({...keptBuild, ...installed, [version]: header(5), '/sys/module/ixgbe/taint': '\n'}, fields), 'ixgbe: the new driver comes with the next boot');
	t.is(await next({...keptBuild, ...installed, [version]: header(5)}, Object.fromEntries(Object.keys(fields).map(path => [path, {srcversion: 'OLDER'}]))), 'next: vfctl driver install');
});
