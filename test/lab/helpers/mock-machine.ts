// A small machine that has nothing but a kernel, the mock 82599, a shell and vfctl: boots, runs one
// script, and gives back what that printed, section by section.
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {initramfs, type Member} from '../../../lab/initramfs.ts';
import {run} from '../../../lab/run.ts';
import {NODE_FLAGS, vfctlFiles} from '../../../lab/transfer.ts';
import type {FileReader} from '../../../lib/host/host.ts';
import {buildableReleases, type MockKernel, needed} from './mock-drivers.ts';

// Where the BARs of the mock are: memory that the kernel leaves alone (kernel-module/mock/main.c).
// QEMU's serial port takes its time for a character as told: 9600 baud unless the kernel says more.
const commandLine = 'console=ttyS0,115200 quiet loglevel=1 panic=-1 mitigations=off log_buf_len=4M pci=no_e820 memmap=32M$0x110000000';
const begin = '@@@ ';
const end = '@@@ end of script';

/** The kernels that the modules can be built for here: series, as the source package is called, and newest release. */
export function buildableKernels(): Array<{series: string; release: string}> {
	return ['6.1', '6.12'].flatMap(series => buildableReleases(series).slice(-1).map(release => ({series, release})));
}

/** The lines between `section NAME` and the next one, by name. */
export type Sections = Map<string, string>;

// Loads what is needed, and has words for what tests do again and again.
const prelude = `#!/bin/sh
export PATH=/sbin:/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t debugfs debugfs /sys/kernel/debug
section() { echo; echo "${begin}$*"; }
load() { insmod "/modules/$1.ko"; }
pf=/sys/bus/pci/devices/0001:00:00.0
pfdev() { ls $pf/net; }
vfdev() { ls $pf/virtfn$1/net; }
# waitfor SECONDS COMMAND...: until it succeeds.
waitfor() { n=$(($1 * 5)); shift; until "$@" >/dev/null 2>&1; do n=$((n - 1)); [ $n -gt 0 ] || { echo "waited in vain for: $*"; return 1; }; sleep 0.2; done; }
carrier() { grep -qx 1 /sys/class/net/$1/carrier; }
# books: files of the module for the first VFs, as a record, which what is printed after does not belong to.
# No process for each: that took seconds.
books() {
	for file in /sys/kernel/vfctl/abi /sys/kernel/vfctl/*/driver /sys/kernel/vfctl/*/vfs /sys/kernel/vfctl/*/vf[0-2]/*; do
		[ ! -e $file ] || { echo "== $file"; while read -r line; do echo "$line"; done <$file; }
	done
	echo "== end"
}
vfctl() { node ${NODE_FLAGS} /opt/vfctl/vfctl.cjs "$@"; }
# told NAME [DEVICE]: what vfctl mailbox says to programs; shown: to people.
told() { section "$1"; shift; vfctl --json mailbox "$@" 2>/tmp/said || cat /tmp/said; }
shown() { section "$1"; shift; vfctl mailbox "$@" 2>&1; }
# logged TEXT: the kernel log has it.
logged() { dmesg | grep -q "$1"; }
start() { for name in ${needed.join(' ')} vfctl_pf mock82599; do [ ! -e /modules/$name.ko ] || load $name; done; load ixgbe-$1; echo 'func ixgbe_negotiate_vf_api +p' >/sys/kernel/debug/dynamic_debug/control; }
ip link set lo up
`;

/** Boots it and runs the script. Fails when it does not come to its end in time. */
export async function runMockMachine(kernel: MockKernel, script: string, timeoutMs = 600_000): Promise<Sections> {
	const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-mock-'));
	try {
		const initrd = path.join(directory, 'initrd');
		writeFileSync(initrd, initramfs([
			...await programs(['/usr/bin/busybox', '/usr/sbin/ip', '/usr/sbin/bridge', '/usr/sbin/ethtool', process.execPath]),
			...await ownProgram(path.join(directory, 'vfctl')),
			...readdirSync(path.join(kernel.directory, 'modules')).map(name => ({path: `modules/${name}`, content: readFileSync(path.join(kernel.directory, 'modules', name))})),
			...['proc', 'sys', 'dev', 'tmp', 'run'].map(name => ({path: name})),
			{path: 'init', mode: 0o755, content: `${prelude}${script}\necho; echo '${end}'; poweroff -f\n`},
		]));
		// Into a file: QEMU drops what a pipe does not take at once.
		const log = path.join(directory, 'console');
		await run([
			'qemu-system-x86_64', '-machine', 'q35,max-ram-below-4g=1G', '-accel', 'tcg,thread=single', '-cpu', 'max', '-m', '1536', '-nodefaults', '-display', 'none', '-serial', `file:${log}`, '-no-reboot',
			'-kernel', path.join(kernel.directory, 'vmlinuz'), '-initrd', initrd, '-append', commandLine,
		], {timeoutMs, what: `the machine with kernel ${kernel.release} did not come to the end of its script`});
		const text = readFileSync(log, 'latin1').replaceAll('\r', '');
		if (!text.includes(end)) {
			throw new Error(`the machine with kernel ${kernel.release} ended before its script:\n${text.slice(-4000)}`);
		}

		return new Map(text.slice(0, text.indexOf(end)).split(`\n${begin}`).slice(1).map(part => {
			const line = part.indexOf('\n');
			return [part.slice(0, line), part.slice(line + 1).trimEnd()] as const;
		}));
	} finally {
		rmSync(directory, {recursive: true});
	}
}

// What stands before a trace says why it is there.
const linesBefore = 3;
const linesAfter = 12;

/** What the kernel complained of in the section `log`, with what it said around that, and what the
 * script waited for in vain. */
export function complaints(sections: Sections): string[] {
	const log = sections.get('log')!.split('\n');
	return [
		...log.flatMap((line, index) => /BUG:|WARNING:|Oops|general protection|Call Trace|refcount_t|use-after-free/.test(line) ? [log.slice(Math.max(0, index - linesBefore), index + linesAfter).join('\n')] : []),
		...[...sections.values()].flatMap(text => text.match(/^waited in vain.*$/gm) ?? []),
	];
}

/** What the script's `books` printed, for those who read files of a host. */
export function booksOf(section: string): FileReader {
	const files = new Map(section.split('\n== ').map(part => part.replace(/^== /, '')).map(part => [part.split('\n')[0]!, `${part.split('\n').slice(1).join('\n')}\n`]));
	return {
		readText: file => files.get(file),
		readBytes: () => undefined,
		readLink: () => undefined,
		list: directory => [...new Set([...files.keys()].filter(file => file.startsWith(`${directory}/`)).map(file => file.slice(directory.length + 1).split('/')[0]!))].sort(),
		exists: file => [...files.keys()].some(one => one === file || one.startsWith(`${file}/`)),
	};
}

/** The built vfctl, as it is in the lab. */
async function ownProgram(scratch: string): Promise<Member[]> {
	mkdirSync(scratch);
	await run(['sh', '-ec', 'to=$1; shift; tar --create "$@" | tar --extract --directory "$to"', 'sh', scratch, ...vfctlFiles()], {timeoutMs: 60_000});
	return readdirSync(scratch, {recursive: true, withFileTypes: true}).filter(entry => entry.isFile()).map(({name, parentPath}) => {
		const file = path.join(parentPath, name);
		return {path: path.join('opt/vfctl', path.relative(scratch, file)), content: readFileSync(file)};
	});
}

/** Programs of this machine with the libraries that they are linked with. */
async function programs(paths: readonly string[]): Promise<Member[]> {
	const members = new Map<string, Member>();
	const add = (file: string, target: string): void => {
		members.set(target, {path: target, mode: 0o755, content: readFileSync(file)});
	};

	for (const program of paths) {
		const {stdout} = await run(['ldd', program], {timeoutMs: 10_000, ok: [0, 1]});
		for (const [library] of stdout.matchAll(/\/\S+/g)) {
			if (existsSync(library)) {
				add(library, library);
			}
		}

		add(program, path.join(program.includes('sbin') ? '/sbin' : '/bin', path.basename(program)));
	}

	return [...members.values(), {path: '/bin/sh', target: 'busybox'}];
}
