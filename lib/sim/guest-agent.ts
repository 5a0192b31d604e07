// The guest agent of simulated guests, with the words of qemu-ga 10 (qga/commands-posix.c) in
// the form in which libvirt hands its errors on.
import type {GuestInterface} from '../libvirt/libvirt.ts';
import type {CommandResult} from '../host/host.ts';
import {Refusal, errorNumbers} from './guest-hold.ts';
import {guestIp} from './guest-ip.ts';
import {reloadNetworkd} from './guest-networkd.ts';
import {newGuestSystem, plugInterfaces, type GuestSystem} from './guest-system.ts';
import {changing, type Machine} from './machine.ts';
import {failureHappens} from './options.ts';
import type {Guest} from './sim-guest.ts';

const systems = new WeakMap<Guest, GuestSystem>();

/** What runs inside the guest. */
export function guestSystemOf(guest: Guest): GuestSystem {
	const system = systems.get(guest) ?? newGuestSystem();
	systems.set(guest, system);
	return system;
}

/** Answers a JSON command as qemu-guest-agent does; undefined when no agent answers. A command that the
 * agent refuses throws a Refusal of libvirt's number 1 (VIR_ERR_INTERNAL_ERROR). `interfaces` are
 * those that the guest has by now; undefined without an agent. */
export function agentAnswer(machine: Machine, guest: Guest, interfaces: readonly GuestInterface[] | undefined, command: string): string | undefined {
	if (!guest.active || interfaces === undefined) {
		return undefined;
	}

	const {execute, arguments: words = {}} = JSON.parse(command) as {execute: string; arguments?: Record<string, unknown>};
	const refuse = (why: string): Refusal => new Refusal(errorNumbers.internal, `internal error: unable to execute QEMU agent command '${execute}': ${why}`);
	if (machine.options.agentForbids?.includes(execute)) {
		throw refuse(`Command ${execute} has been disabled: the command is not allowed`);
	}

	const system = guestSystemOf(guest);
	plugInterfaces(system, interfaces);
	const answer = (value: unknown) => JSON.stringify({return: value});
	switch (execute) {
		case 'guest-ping': {
			return answer({});
		}

		case 'guest-exec': {
			const argv = [String(words['path']), ...(words['arg'] ?? []) as string[]];
			const result = run(machine, guest, system, argv);
			if (!result) {
				throw refuse(`Guest agent command failed, error was 'Failed to execute child process “${argv[0]}” (No such file or directory)'`);
			}

			const pid = system.nextNumber++;
			system.processes.set(pid, {...result, polls: 0});
			return answer({pid});
		}

		case 'guest-exec-status': {
			const ended = system.processes.get(Number(words['pid']));
			if (!ended) {
				throw refuse(`PID ${String(words['pid'])} does not exist`);
			}

			// A program is never done before it is first asked for.
			if (ended.polls++ === 0) {
				return answer({exited: false});
			}

			system.processes.delete(Number(words['pid']));
			const data = (name: string, value: string) => value === '' ? {} : {[name]: Buffer.from(value).toString('base64')};
			return answer({exitcode: ended.code, exited: true, ...data('out-data', ended.stdout), ...data('err-data', ended.stderr)});
		}

		default: {
			return answer(fileCommand(machine, guest, system, {execute, words, refuse}));
		}
	}
}

interface FileCommand {
	execute: string;
	words: Record<string, unknown>;
	refuse: (why: string) => Refusal;
}

function fileCommand(machine: Machine, guest: Guest, system: GuestSystem, {execute, words, refuse}: FileCommand): unknown {
	if (execute === 'guest-file-open') {
		const [path, mode] = [String(words['path']), String(words['mode'] ?? 'r')];
		if (!(mode.startsWith('r') ? system.files.has(path) : hasDirectory(system, path))) {
			throw refuse(`failed to open file '${path}' (mode: '${mode}'): No such file or directory`);
		}

		if (mode.startsWith('w')) {
			changing(machine, `${guest.name}: write ${path}`);
			system.files.set(path, {text: '', mode: 0o666});
		}

		const handle = system.nextNumber++;
		system.handles.set(handle, {path, mode, offset: 0});
		return handle;
	}

	const open = system.handles.get(Number(words['handle']));
	const file = open && system.files.get(open.path);
	if (!open || !file) {
		throw refuse(['guest-file-read', 'guest-file-write', 'guest-file-flush', 'guest-file-close'].includes(execute) ? `handle '${String(words['handle'])}' has not been found` : `The command ${execute} has not been found`);
	}

	switch (execute) {
		case 'guest-file-read': {
			const all = Buffer.from(file.text);
			const part = all.subarray(open.offset, open.offset + Number(words['count'] ?? 4096));
			open.offset += part.length;
			return {count: part.length, 'buf-b64': part.toString('base64'), eof: open.offset >= all.length};
		}

		case 'guest-file-write': {
			changing(machine, `${guest.name}: write to ${open.path}`);
			const part = Buffer.from(String(words['buf-b64']), 'base64');
			file.text += part.toString();
			return {count: part.length, eof: false};
		}

		case 'guest-file-flush': {
			return {};
		}

		case 'guest-file-close': {
			system.handles.delete(Number(words['handle']));
			return {};
		}

		default: {
			throw refuse(`The command ${execute} has not been found`);
		}
	}
}

// Folders that every guest has; others come with their first file.
function hasDirectory(system: GuestSystem, path: string): boolean {
	const directory = path.slice(0, path.lastIndexOf('/'));
	return ['/etc', '/var', '/tmp', '/run'].includes(directory) || system.files.has(`${directory}/`);
}

/** Runs a program; undefined when the guest has none of that name. */
function run(machine: Machine, guest: Guest, system: GuestSystem, argv: readonly string[]): CommandResult | undefined {
	const {guestCommandFailures = [], guestServices = [], guestIpDialect = 'iproute2'} = machine.options;
	const failure = guestCommandFailures.find(one => one.command.test(argv.join(' ')) && failureHappens(machine.failureCounts, one));
	if (failure) {
		return {code: 1, stdout: '', stderr: '', ...failure.result};
	}

	const [name, ...words] = argv;
	const change = () => {
		changing(machine, `${guest.name}: ${argv.join(' ')}`);
	};

	const paths = words.filter(word => word.startsWith('/'));
	const succeeded = {code: 0, stdout: '', stderr: ''};
	switch (name) {
		case 'ip': {
			return guestIp(system, guestIpDialect, words, change);
		}

		case 'mkdir': {
			system.files.set(`${paths[0]}/`, {text: '', mode: 0o755});
			return succeeded;
		}

		case 'chmod': {
			const file = system.files.get(paths[0]!);
			if (file) {
				file.mode = Number.parseInt(words[0]!, 8);
			}

			return file ? succeeded : missing(`chmod: cannot access '${paths[0]}'`);
		}

		case 'mv': {
			const file = system.files.get(paths[0]!);
			if (!file) {
				return missing(`mv: cannot stat '${paths[0]}'`);
			}

			change();
			system.files.delete(paths[0]!);
			system.files.set(paths[1]!, file);
			return succeeded;
		}

		case 'rm': {
			change();
			system.files.delete(paths[0]!);
			return succeeded;
		}

		case 'ls': {
			return paths.every(path => system.files.has(path) || system.files.has(`${path}/`)) ? succeeded : missing(`ls: cannot access '${paths[0]}'`);
		}

		case 'readlink': {
			return {code: 1, stdout: '', stderr: ''};
		}

		// Without services the guest is like that of the lab, which has no systemd at all.
		case 'systemctl': {
			return guestServices.length === 0 ? undefined : {code: guestServices.includes(words.at(-1)!) ? 0 : 3, stdout: '', stderr: ''};
		}

		case 'networkctl': {
			if (!guestServices.includes('systemd-networkd')) {
				return undefined;
			}

			change();
			reloadNetworkd(system);
			return succeeded;
		}

		case 'nmcli': {
			return guestServices.includes('NetworkManager') ? succeeded : undefined;
		}

		case 'netplan': {
			return system.files.has('/usr/sbin/netplan') ? succeeded : undefined;
		}

		default: {
			return undefined;
		}
	}
}

function missing(what: string): CommandResult {
	return {code: 1, stdout: '', stderr: `${what}: No such file or directory\n`};
}
