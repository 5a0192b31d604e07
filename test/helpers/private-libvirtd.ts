// A real libvirtd of its own: namespaces of its own, state in tmpfs, its socket in a temporary
// directory. When it ends, everything it started ends with it. Needs root.
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

export interface PrivateLibvirtdOptions {
	/** A generated sysfs tree that libvirtd sees as /sys. */
	sysfs?: string;
	/** Other directories or files to put over paths: [from, to]. */
	binds?: ReadonlyArray<readonly [string, string]>;
	/** Lines of libvirtd.conf that make it listen on the loopback of its namespaces. */
	listen?: readonly string[];
	/** Lines of shell to run inside the namespaces before libvirtd. */
	prepare?: readonly string[];
	/** Milliseconds until the socket must be there. */
	timeoutMs?: number;
}

export interface PrivateLibvirtd {
	/** qemu:///system through the private socket. */
	readonly uri: string;
	/** Where libvirt-sock and libvirt-sock-ro are. */
	readonly socketDirectory: string;
	/** Process 1 of its namespaces as seen from here. */
	readonly pid: number;
	/** What libvirtd wrote to stderr; empty after stop(). */
	log(): string;
	/** virsh against it; throws when it fails. */
	virsh(...parameters: string[]): string;
	/** Runs a command inside its namespaces. */
	run(...argv: [string, ...string[]]): string;
	stop(): Promise<void>;
}

const daemon = '/usr/sbin/libvirtd';

/** What is missing on this machine for a private libvirtd, or undefined. */
export function missingForLibvirtd(): string | undefined {
	if (process.getuid?.() !== 0) {
		return 'the libvirt tests need root: they make namespaces';
	}

	const packages = [[daemon, 'libvirt-daemon-system'], ['/usr/bin/virsh', 'libvirt-clients'], ['/usr/bin/qemu-system-x86_64', 'qemu-system-x86'], ['/usr/bin/virt-xml-validate', 'libvirt-clients'], ['/usr/bin/xmllint', 'libxml2-utils']] as const;
	const missing = [...new Set(packages.filter(([path]) => !existsSync(path)).map(([, name]) => name))];
	return missing.length === 0 ? undefined : `the libvirt tests need a real libvirtd: apt-get install --no-install-recommends ${missing.join(' ')}`;
}

/** Starts one and waits until it answers. Throws with the name of the package that is missing. */
export async function startPrivateLibvirtd(options: PrivateLibvirtdOptions = {}): Promise<PrivateLibvirtd> {
	const missing = missingForLibvirtd();
	if (missing !== undefined) {
		throw new Error(missing);
	}

	const directory = mkdtempSync(join(tmpdir(), 'vfctl-libvirtd-'));
	writeFileSync(join(directory, 'libvirtd.conf'), libvirtdConf(directory, options));
	writeFileSync(join(directory, 'qemu.conf'), qemuConf);
	writeFileSync(join(directory, 'start.sh'), startScript(directory, options));
	// A file, not a pipe: libvirtd would wait for its reader, which may be waiting for libvirtd in a
	// synchronous call.
	const logPath = join(directory, 'log');
	const output = openSync(logPath, 'w');
	const log = () => existsSync(logPath) ? readFileSync(logPath, 'utf8') : '';
	// The death of this process kills unshare, that kills process 1 of the namespace, and that
	// everything inside.
	const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-e', join(directory, 'start.sh')], {stdio: ['ignore', output, output]});
	closeSync(output);
	const uri = `qemu:///system?socket=${directory}/libvirt-sock`;
	try {
		await waitFor(() => child.exitCode === null && virshResult(uri, ['version']).status === 0, {child, timeoutMs: options.timeoutMs ?? 60_000, log});
	} catch (error) {
		await end(child, directory);
		throw error;
	}

	const pid = firstProcess(child) ?? 0;
	return {
		uri,
		socketDirectory: directory,
		pid,
		log,
		virsh: (...parameters) => checked(virshResult(uri, parameters), ['virsh', ...parameters]),
		run: (...argv) => checked(spawnSync('nsenter', ['--target', String(pid), '--mount', '--net', '--pid', ...argv], {encoding: 'utf8'}), argv),
		stop: () => end(child, directory),
	};
}

function libvirtdConf(directory: string, {listen = []}: PrivateLibvirtdOptions): string {
	return [
		`unix_sock_dir = "${directory}"`,
		'auth_unix_rw = "none"',
		'auth_unix_ro = "none"',
		'unix_sock_rw_perms = "0700"',
		'unix_sock_ro_perms = "0777"',
		'log_outputs = "3:stderr"',
		...listen,
		'',
	].join('\n');
}

// No AppArmor, no other user, no cgroups, no virtlogd: nothing that the machine would have to
// have or that would be left behind.
const qemuConf = [
	'security_driver = "none"',
	'user = "root"',
	'group = "root"',
	'dynamic_ownership = 0',
	'remember_owner = 0',
	'cgroup_controllers = []',
	'namespaces = []',
	'stdio_handler = "file"',
	'',
].join('\n');

function startScript(directory: string, {sysfs, binds = [], prepare = [], listen}: PrivateLibvirtdOptions): string {
	const quote = (text: string) => `'${text.replaceAll('\'', '\'\\\'\'')}'`;
	return [
		'mount -t proc proc /proc',
		'ip link set lo up',
		// /tmp stays: the socket is there. /run must be seen empty, or libvirt talks to the machine's own daemons.
		...['/run', '/etc/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt'].map(path => `mkdir -p ${path} && mount -t tmpfs tmpfs ${path}`),
		'mkdir -p /run/lock',
		`cp ${quote(directory)}/qemu.conf /etc/libvirt/qemu.conf`,
		// No /dev/kvm: libvirt would probe QEMU with it, which hangs for minutes where it is broken.
		'mount -t tmpfs -o mode=755 tmpfs /dev && mkdir /dev/pts /dev/shm /dev/vfio && mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && ln -s pts/ptmx /dev/ptmx && ln -s /proc/self/fd /dev/fd',
		'mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/zero c 1 5; mknod -m 666 /dev/random c 1 8; mknod -m 666 /dev/urandom c 1 9; : > /dev/vfio/vfio',
		...(sysfs === undefined ? [] : [`mount --bind ${quote(sysfs)} /sys`, 'export SYSTEMD_DEVICE_VERIFY_SYSFS=0']),
		...binds.map(([from, to]) => `mount --bind ${quote(from)} ${quote(to)}`),
		...prepare,
		// The shell stays process 1 and reaps: libvirtd waits 40 s for the zombie of each QEMU probe.
		`${daemon} ${listen === undefined ? '' : '--listen '}--config ${quote(directory)}/libvirtd.conf & wait $!`,
		'',
	].join('\n');
}

async function waitFor(ready: () => boolean, {child, timeoutMs, log}: {child: ChildProcess; timeoutMs: number; log: () => string}): Promise<void> {
	const end = Date.now() + timeoutMs;
	while (!ready()) {
		if (child.exitCode !== null || Date.now() > end) {
			throw new Error(`libvirtd did not start: ${log()}`);
		}

		await sleep(100);
	}
}

async function waitForEnd(pid: number | undefined): Promise<void> {
	while (pid !== undefined && existsSync(`/proc/${pid}`)) {
		await sleep(20);
	}
}

function firstProcess(child: ChildProcess): number | undefined {
	const pid = Number(spawnSync('pgrep', ['--parent', String(child.pid)], {encoding: 'utf8'}).stdout.trim());
	return pid || undefined;
}

async function end(child: ChildProcess, directory: string): Promise<void> {
	const first = firstProcess(child);
	if (child.exitCode === null && child.signalCode === null) {
		const ended = new Promise(resolve => {
			child.once('exit', resolve);
		});
		child.kill('SIGKILL');
		await ended;
		// Its namespaces go a moment later, when their first process is gone.
		await waitForEnd(first);
	}

	rmSync(directory, {recursive: true, force: true});
}

function virshResult(uri: string, parameters: readonly string[]) {
	return spawnSync('virsh', ['--connect', uri, ...parameters], {encoding: 'utf8', env: {...process.env, LC_ALL: 'C'}, timeout: 60_000});
}

function checked({status, stdout, stderr}: {status: number | null; stdout: string; stderr: string}, argv: readonly string[]): string {
	if (status !== 0) {
		throw new Error(`${argv.join(' ')}: ${stderr || stdout}`);
	}

	return stdout;
}
