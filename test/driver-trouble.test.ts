// What the head of a semantic patch, the version of a kernel and the output of make and spatch say.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {buildTrouble, missingProgram, otherCompiler, patchTrouble, type BuildContext} from '../lib/model/build-trouble.ts';
import {isKernelRelease, releaseOfHeader, versionOfHeader, versionOfMakefile} from '../lib/model/kernel-version.ts';
import {hasIdentifier, missingCalls, parseSemanticPatch} from '../lib/model/semantic-patch.ts';

const context: BuildContext = {kernel: '6.1.0-56-amd64', version: '6.1.192', target: 'igb', directory: '/var/lib/vfctl/drivers/.building/igb'};

// Outputs as the programs print them.
const troubles: ReadonlyArray<readonly [what: string, output: string, code: ErrorCode, says: RegExp, fix: RegExp]> = [
	['a full disk', '/tmp/ccx1.s: Assembler messages:\n/tmp/ccx1.s: Fatal error: can\'t write 512 bytes to section .text of igb_main.o: \'No space left on device\'\nmake[2]: *** [scripts/Makefile.build:255: igb_main.o] Error 1', 'DRIVER_BUILD_FAILED', /no space/, /df -h/],
	['a compiler out of memory', 'gcc-12: internal compiler error: Killed (program cc1)\nPlease submit a full bug report', 'DRIVER_BUILD_FAILED', /killed/, /memory/],
	['no modpost', '/bin/sh: 1: scripts/mod/modpost: not found\nmake[1]: *** [scripts/Makefile.modpost:126: Module.symvers] Error 127', 'NO_KERNEL_SOURCE', /not prepared/, /linux-headers-6\.1\.0-56-amd64/],
	['fixdep of another machine', '/bin/sh: 1: scripts/basic/fixdep: Exec format error', 'NO_KERNEL_SOURCE', /not prepared/, /reinstall/],
	['no configuration', '  ERROR: Kernel configuration is invalid.\n         include/generated/autoconf.h or include/config/auto.conf are missing.', 'NO_KERNEL_SOURCE', /not prepared/, /reinstall/],
	['no compiler', '/bin/sh: 1: gcc-12: not found\nmake[2]: *** [Makefile:99: x.o] Error 127', 'NO_KERNEL_SOURCE', /'gcc-12' is not installed/, /apt install gcc-12 .*dnf install gcc\)/],
	['no linker', '/bin/sh: line 1: ld: command not found', 'NO_KERNEL_SOURCE', /'ld' is not installed/, /apt install binutils/],
	['a compiler that make does not find', 'make: gcc-12: No such file or directory', 'NO_KERNEL_SOURCE', /'gcc-12' is not installed/, /apt install gcc-12/],
	['a function that the kernel has not', 'ERROR: modpost: "eth_hw_addr_set_new" [/w/igb/igb.ko] undefined!', 'KERNEL_MISMATCH', /does not fit 6\.1\.0-56-amd64/, /--source/],
	['an error of the compiler', '  CC [M]  igb_main.o\n/w/igb/igb_main.c: In function \'igb_probe\':\n/w/igb/igb_main.c:3200:9: error: implicit declaration of function \'foo\' [-Werror]\n/w/igb/igb_main.c:3201:9: error: \'x\' undeclared', 'DRIVER_BUILD_FAILED', /igb of 6\.1\.192 does not compile/, /report/],
	['a missing header', '/w/igb/igb.h:12:10: fatal error: linux/none.h: No such file or directory\ncompilation terminated.', 'DRIVER_BUILD_FAILED', /does not compile/, /report/],
	['anything else', 'make[1]: *** No rule to make target \'x\'.  Stop.', 'DRIVER_BUILD_FAILED', /cannot be built/, /report/],
	['silence', '', 'DRIVER_BUILD_FAILED', /cannot be built/, /report/],
];

for (const [what, output, code, says, fix] of troubles) {
	test(`output of a build: ${what}`, t => {
		const trouble = buildTrouble(output, context);
		t.is(trouble.code, code);
		t.regex(trouble.what, says);
		t.regex(trouble.fix, fix);
		t.not(trouble.why, '');
	});
}

test('errors of the compiler are told without directories, and not all of hundreds', t => {
	const many = Array.from({length: 300}, (_, index) => `/var/lib/vfctl/drivers/.building/igb/igb_main.c:${index + 1}:1: error: broken`).join('\n');
	const {why} = buildTrouble(many, context);
	t.is(why.split('\n').length, 9);
	t.true(why.startsWith('igb_main.c:1:1: error: broken\n'));
	t.true(why.endsWith('and 292 more'));
});

test('another compiler than the kernel\'s is told, the same one is not', t => {
	t.is(otherCompiler(`warning: the compiler differs from the one used to build the kernel
  The kernel was built by: gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0
  You are using:           gcc-13 (Debian 13.1.0) 13.1.0`), 'the kernel was built by gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, the driver by gcc-13 (Debian 13.1.0) 13.1.0');
	t.is(otherCompiler('  CC [M]  igb_main.o'), undefined);
});

test('what spatch says of a patch that it cannot read or apply', t => {
	t.regex(patchTrouble('init_defs_builtins: /usr/lib/coccinelle/standard.h\nminus: parse error: \n  File "x.cocci", line 5, column 2, charpos = 40\n  around = \'{\''), /parse error/);
	t.is(patchTrouble(''), 'spatch failed and said nothing');
	t.regex(missingProgram('/usr/bin/spatch').fix, /apt install coccinelle/);
});

test('versions of headers, Makefiles and releases', t => {
	t.deepEqual(versionOfHeader('#define LINUX_VERSION_CODE 393664\n#define LINUX_VERSION_MAJOR 6\n#define LINUX_VERSION_PATCHLEVEL 1\n#define LINUX_VERSION_SUBLEVEL 300\n'), {major: 6, minor: 1, patch: 300});
	t.deepEqual(versionOfHeader('#define LINUX_VERSION_CODE 267213\n#define KERNEL_VERSION(a,b,c) (((a) << 16) + ((b) << 8) + (c))\n'), {major: 4, minor: 19, patch: 205});
	t.is(versionOfHeader('#define OTHER 1'), undefined);
	t.deepEqual(versionOfMakefile('# SPDX-License-Identifier: GPL-2.0\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\n'), {major: 6, minor: 12, patch: 117});
	t.is(versionOfMakefile('all:\n\techo\n'), undefined);
	t.is(releaseOfHeader('#define UTS_RELEASE "6.1.0-56-amd64"\n'), '6.1.0-56-amd64');
	for (const release of ['6.1.0-56-amd64', '6.12.48+deb13-amd64', '5.14.0-503.el9.x86_64', '7.3~rc1-amd64']) {
		t.true(isKernelRelease(release), release);
	}

	for (const release of ['', '..', '6.1/../../etc', '6.1;reboot', '-rf', '6.1 x', '6..1', `6.${'1'.repeat(90)}`]) {
		t.false(isKernelRelease(release), release);
	}
});

const head = '// SPDX-License-Identifier: GPL-2.0-only\n// The life of a PF.\n// file: igb_main.c\n// must call: vfctl_pf_add vfctl_pf_remove\n';

test('the head of a semantic patch', t => {
	t.deepEqual(parseSemanticPatch('10-pf.cocci', `${head}// unless: igb_new\n\n@ a @\n@@\n- x();\n`), {name: '10-pf.cocci', file: 'igb_main.c', hooks: ['vfctl_pf_add', 'vfctl_pf_remove'], unless: 'igb_new'});
	t.is(parseSemanticPatch('10-pf.cocci', head).unless, null);
	for (const [text, says] of [
		['// must call: a\n', /\/\/ file: NAME\.c/],
		['// file: ../../etc/passwd.c\n// must call: a\n', /\/\/ file: NAME\.c/],
		['// file: igb_main.c\n', /\/\/ must call/],
		['// file: igb_main.c\n// must call: a(b\n', /\/\/ must call/],
		['// file: igb_main.c\n// must call: a\n// unless: a.*\n', /no identifier/],
		// Below the head it is part of the patch.
		['@ a @\n@@\n// file: igb_main.c\n// must call: a\n', /\/\/ file: NAME\.c/],
	] as const) {
		t.regex(t.throws(() => parseSemanticPatch('x.cocci', text), {code: 'DRIVER_BUILD_FAILED'} as never)!.message, /x\.cocci is damaged/);
		t.regex((t.throws(() => parseSemanticPatch('x.cocci', text)) as Error & {why: string}).why, says);
	}
});

test('calls and identifiers are looked for in code, not in comments', t => {
	const source = 'int a; /* vfctl_a(x) */\n// vfctl_b(x)\nchar *s = "// no comment"; vfctl_c (s);\nvfctl_dd(s);\n';
	t.deepEqual(missingCalls(source, ['vfctl_a', 'vfctl_b', 'vfctl_c', 'vfctl_d']), ['vfctl_a', 'vfctl_b', 'vfctl_d']);
	t.true(hasIdentifier(source, 's'));
	t.false(hasIdentifier(source, 'vfctl_b'));
});
