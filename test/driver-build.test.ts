// `vfctl driver build` where it must not succeed: real make, spatch and tar on small trees that stand
// for a kernel's headers and source. Needs root, like the program.
import {chmodSync, existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {privateKernel, type PrivateKernel, type PrivateKernelOptions, type RanVfctl} from './helpers/private-kernel.ts';

const kernel = '6.1.0-99-test';
const headers = `modules/${kernel}/build`;

/** A kernel 6.1.5 whose headers are whole but for their Makefile, which does what it is told. */
function world(t: ExecutionContext, options: Pick<PrivateKernelOptions, 'without'> = {}): PrivateKernel {
	const made = privateKernel({fake: true, own: true, ...options});
	t.teardown(() => {
		made.remove();
	});
	made.write(`${headers}/Makefile`, 'modules:\n\t@echo "$(M)/igb_main.c:7:1: error: no such luck" >&2; exit 1\n');
	made.write(`${headers}/include/generated/uapi/linux/version.h`, '#define LINUX_VERSION_MAJOR 6\n#define LINUX_VERSION_PATCHLEVEL 1\n#define LINUX_VERSION_SUBLEVEL 5\n');
	made.write(`${headers}/include/generated/utsrelease.h`, `#define UTS_RELEASE "${kernel}"\n`);
	for (const name of ['include/config/auto.conf', 'Module.symvers', 'scripts/mod/modpost', 'scripts/basic/fixdep', '.config']) {
		made.write(`${headers}/${name}`, '');
	}

	source(made, 'src/linux-source-6.1');
	patches(made);
	return made;
}

function source(made: PrivateKernel, path: string, {version = 5, drivers = ['igb', 'ixgbe']}: {version?: number; drivers?: readonly string[]} = {}): void {
	made.write(`${path}/Makefile`, `VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = ${version}\n`);
	for (const driver of drivers) {
		made.write(`${path}/drivers/net/ethernet/intel/${driver}/Makefile`, `obj-$(CONFIG_${driver.toUpperCase()}) += ${driver}.o\n`);
		made.write(`${path}/drivers/net/ethernet/intel/${driver}/${driver}_main.c`, `#include "${driver}.h"\nint ${driver}_probe(struct pci_dev *pdev)\n{\n\treturn start(pdev);\n}\n`);
	}
}

/** Kernel sources of vfctl for the test: one patch for each driver, which puts a call before start(). */
function patches(made: PrivateKernel, patch = '@ probe @\nexpression e;\n@@\n+vfctl_pf_add(e);\n return start(e);\n'): void {
	for (const driver of ['igb', 'ixgbe']) {
		made.write(`own/kernel-module/cocci/${driver}/10-probe.cocci`, `// file: ${driver}_main.c\n// must call: vfctl_pf_add\n\n${patch}`);
	}

	made.write('own/kernel-module/include/vfctl_pf.h', '');
	made.write('own/kernel-module/module/Kbuild', 'obj-m := vfctl_pf.o\n');
	made.write('own/kernel-module/forward/Kbuild', 'obj-m := vfctl_fwd.o\n');
}

interface Told {
	code: string;
	message: string;
	why: string;
	fix: string;
	details: Record<string, unknown>;
}

function errorOf(t: ExecutionContext, made: PrivateKernel, {json}: RanVfctl): Told {
	t.truthy(json['error'], JSON.stringify(json));
	t.deepEqual(readdirSync(join(made.directory, 'state/vfctl')).filter(name => name !== 'drivers'), []);
	if (existsSync(join(made.directory, 'state/vfctl/drivers'))) {
		t.deepEqual(readdirSync(join(made.directory, 'state/vfctl/drivers')).filter(name => name !== '.lock'), [], 'nothing is left of the build');
	}

	return json['error'] as Told;
}

const build = ['driver', 'build', '--kernel', kernel];

interface Case {
	what: string;
	prepare: (made: PrivateKernel) => void;
	words?: (made: PrivateKernel) => readonly string[];
	code: string;
	message: RegExp;
	why: RegExp;
	fix: RegExp;
}

const take = (path: string) => (made: PrivateKernel) => {
	made.take(path);
};

const cases: readonly Case[] = [
	{what: 'no headers', prepare: take(headers), code: 'NO_KERNEL_SOURCE', message: /headers of 6\.1\.0-99-test are not installed/, why: /has no Makefile/, fix: /^apt install linux-headers-6\.1\.0-99-test/},
	{what: 'headers of another kernel', prepare: made => made.write(`${headers}/include/generated/utsrelease.h`, '#define UTS_RELEASE "6.1.0-1-amd64"\n'), code: 'KERNEL_MISMATCH', message: /another kernel/, why: /6\.1\.0-1-amd64/, fix: /apt install/},
	{what: 'no modpost', prepare: take(`${headers}/scripts/mod/modpost`), code: 'NO_KERNEL_SOURCE', message: /not prepared/, why: /modpost is missing/, fix: /modules_prepare/},
	{what: 'no Module.symvers', prepare: take(`${headers}/Module.symvers`), code: 'NO_KERNEL_SOURCE', message: /not prepared/, why: /Module\.symvers is missing/, fix: /whole make/},
	{what: 'no version', prepare: made => made.write(`${headers}/include/generated/uapi/linux/version.h`, ''), code: 'NO_KERNEL_SOURCE', message: /not prepared/, why: /no version/, fix: /reinstall/},
	{what: 'no source', prepare: take('src/linux-source-6.1'), code: 'NO_KERNEL_SOURCE', message: /source of 6\.1\.0-99-test is not installed/, why: /no linux-source-6\.1/, fix: /^apt install linux-source-6\.1,/},
	{what: 'a source of another version', prepare: made => source(made, 'src/linux-source-6.1', {version: 7}), code: 'KERNEL_MISMATCH', message: /is not the source of 6\.1\.0-99-test/, why: /it is of 6\.1\.7, the kernel is of 6\.1\.5/, fix: /boot the newest kernel/},
	{what: 'a source that is not there', prepare() {}, words: () => ['--source', '/nowhere'], code: 'NO_KERNEL_SOURCE', message: /\/nowhere is no source/, why: /no such file/, fix: /top directory/},
	{what: 'a source that is none', prepare: made => made.write('other/Makefile', 'VERSION = 6\n'), words: made => ['--source', join(made.directory, 'other')], code: 'NO_KERNEL_SOURCE', message: /is no source/, why: /neither a tarball/, fix: /top directory/},
	{what: 'a tarball that is damaged', prepare: made => made.write('bad.tar.xz', 'nonsense'), words: made => ['--source', join(made.directory, 'bad.tar.xz')], code: 'NO_KERNEL_SOURCE', message: /bad\.tar\.xz cannot be unpacked/, why: /xz|tar/, fix: /fetch/},
	{
		what: 'a source with only one of the drivers',
		prepare: made => source(made, 'half', {drivers: ['igb']}),
		words: made => ['--source', join(made.directory, 'half')],
		code: 'NO_KERNEL_SOURCE', message: /has no ixgbe/, why: /intel\/ixgbe is not in it/, fix: /--driver/,
	},
	{
		what: 'a source that a patch does not fit', prepare: made => made.write('src/linux-source-6.1/drivers/net/ethernet/intel/igb/igb_main.c', 'int igb_probe(void) { return 0; }\n'),
		code: 'DRIVER_BUILD_FAILED', message: /^the semantic patch 10-probe\.cocci does not fit igb of 6\.1\.5$/, why: /igb_main\.c does not call vfctl_pf_add/, fix: /newer vfctl/,
	},
	{what: 'a driver without the file', prepare: take('src/linux-source-6.1/drivers/net/ethernet/intel/igb/igb_main.c'), code: 'DRIVER_BUILD_FAILED', message: /10-probe\.cocci does not fit igb/, why: /no igb_main\.c/, fix: /newer vfctl/},
	{what: 'a patch that spatch cannot read', prepare: made => patches(made, '@ x @\n@@\n+{{{\n'), code: 'DRIVER_BUILD_FAILED', message: /10-probe\.cocci does not fit igb/, why: /error/, fix: /report/},
	{what: 'a patch that does not say what it is for', prepare: made => made.write('own/kernel-module/cocci/igb/20-more.cocci', '@ x @\n@@\n-a();\n'), code: 'DRIVER_BUILD_FAILED', message: /20-more\.cocci is damaged/, why: /file: NAME\.c/, fix: /install vfctl again/},
	{what: 'a compiler that complains', prepare() {}, code: 'DRIVER_BUILD_FAILED', message: /vfctl_pf of 6\.1\.5 does not compile/, why: /igb_main\.c:7:1: error: no such luck/, fix: /report/},
	{what: 'a make that makes nothing', prepare: made => made.write(`${headers}/Makefile`, 'modules:\n'), code: 'DRIVER_BUILD_FAILED', message: /cannot be built/, why: /made no vfctl_pf\.ko/, fix: /report/},
];

for (const {what, prepare, words = () => [], code, message, why, fix} of cases) {
	test(`not built: ${what}`, async t => {
		const made = world(t);
		prepare(made);
		const error = errorOf(t, made, await made.run(...build, ...words(made)));
		t.is(error.code, code, JSON.stringify(error));
		t.regex(error.message, message);
		t.regex(error.why, why);
		t.regex(error.fix, fix);
	});
}

test('a source with only one of the drivers does when only that one is asked for', async t => {
	const made = world(t);
	source(made, 'half', {drivers: ['igb']});
	const error = errorOf(t, made, await made.run(...build, '--source', join(made.directory, 'half'), '--driver', 'igb'));
	t.regex(error.message, /vfctl_pf of 6\.1\.5 does not compile/, 'it came as far as the headers that do not compile');
});

test('stopped while it compiles: the compiler ends too, and nothing is kept', async t => {
	const made = world(t);
	// The parent of make is vfctl.
	made.write(`${headers}/Makefile`, `modules:\n\t@kill -INT $$(cut -d' ' -f4 /proc/$$PPID/stat); sleep 60; touch ${made.directory}/went-on\n`);
	const ran = await made.run(...build);
	t.is(errorOf(t, made, ran).code, 'INTERRUPTED');
	t.is(ran.status, 130);
	t.false(existsSync(join(made.directory, 'went-on')));
});

test('a source that other users can write to is not built', async t => {
	const made = world(t);
	source(made, 'open');
	chmodSync(join(made.directory, 'open'), 0o777);
	const error = errorOf(t, made, await made.run(...build, '--source', join(made.directory, 'open')));
	t.is(error.code, 'UNSAFE_DIRECTORY');
	t.regex(error.why, /writable by everyone/);
});

test('not built: no spatch', async t => {
	const made = world(t, {without: ['/usr/bin/spatch']});
	const error = errorOf(t, made, await made.run(...build));
	t.is(error.code, 'NO_KERNEL_SOURCE');
	t.is(error.message, 'the program \'spatch\' is not installed');
	t.regex(error.fix, /^apt install coccinelle/);
});

test('a kernel that is none is refused before anything is looked at', async t => {
	const made = world(t);
	for (const name of ['../../etc', '6.1;reboot', '-6.1', '']) {
		const {json} = await made.run('driver', 'build', `--kernel=${name}`);
		t.is((json['error'] as Told).code, 'USAGE', name);
	}
});

test('an earlier build stays when a new one fails', async t => {
	const made = world(t);
	made.write(`state/vfctl/drivers/${kernel}/build.json`, 'as it was');
	made.write('state/vfctl/drivers/.building/igb/left.o', 'left by a killed build');
	const {json} = await made.run(...build);
	t.is((json['error'] as Told).code, 'DRIVER_BUILD_FAILED');
	t.deepEqual(readdirSync(join(made.directory, 'state/vfctl/drivers')).toSorted(), ['.lock', kernel]);
	t.is(readFileSync(join(made.directory, `state/vfctl/drivers/${kernel}/build.json`), 'utf8'), 'as it was');
});

test('a build that was moved aside by a killed vfctl is put back', async t => {
	const made = world(t);
	made.write(`state/vfctl/drivers/.old-${kernel}/build.json`, 'as it was');
	await made.run(...build);
	t.deepEqual(readdirSync(join(made.directory, 'state/vfctl/drivers')).toSorted(), ['.lock', kernel]);
});
