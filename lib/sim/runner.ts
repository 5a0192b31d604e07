// Programs of a simulated host: ip and modprobe on the simulated state, recorded output for
// what the simulation does not model, TOOL_MISSING for the rest.
import {AppError} from '../errors.ts';
import type {CommandResult, Runner} from '../host/host.ts';
import {forwardModule} from '../model/driver-build.ts';
import {jsonLines} from '../record/json-lines.ts';
import {bootPrograms} from './boot-programs.ts';
import {bridgeFilter} from './bridge-filter.ts';
import {bridge} from './bridge-link.ts';
import {ethtool} from './ethtool.ts';
import {ipAddress} from './ip-address.ts';
import {ipRoute, routeList} from './ip-route.ts';
import {addressList, linkList} from './ip-show.ts';
import {ipLinkSet} from './ip-set.ts';
import {changing} from './machine.ts';
import type {Machine} from './machine.ts';
import {isKnownModule, isLoaded, loadModule, moduleName, stockSrcversion, unloadModule} from './modules.ts';
import {insmod, modinfo, modprobeForward, probeAll, rmmod} from './module-files.ts';
import {addNamespace, namespaceMachine, namespaceNames, removeNamespaceName} from './namespaces.ts';
import {driverForId} from './nic-drivers.ts';
import {failureHappens} from './options.ts';
import {settle} from './udev.ts';

type Program = (machine: Machine, words: readonly string[]) => CommandResult | undefined;

/** The programs of a machine. */
export function simRunner(machine: Machine): Runner {
	return {
		async run(argv, {onOutput, signal} = {}) {
			const [name, ...words] = argv;
			const command = argv.join(' ');
			const {commandFailures = [], missingTools = [], tools = {}} = machine.options;
			const failure = commandFailures.find(one => one.command.test(command) && failureHappens(machine.failureCounts, one));
			if (failure) {
				return {code: 1, stdout: '', stderr: '', ...failure.result};
			}

			const base = name.split('/').at(-1) ?? name;
			const stream = missingTools.includes(base) ? undefined : machine.options.streams?.[base];
			if (onOutput && stream) {
				return streaming(print => {
					stream(print, argv);
				}, onOutput, signal);
			}

			const program = missingTools.includes(base) ? undefined : tools[base] ? () => tools[base]?.(argv) : programs[base];
			const recorded = missingTools.includes(base) ? undefined : machine.record.commands.find(one => one.argv.join('\0') === argv.join('\0'));
			const result = program?.(machine, words) ?? recorded;
			if (!result) {
				throw new AppError('TOOL_MISSING', `the program ${name} is not installed on ${machine.record.name}`, {
					why: `'${command}' is neither simulated nor recorded`,
					details: {argv},
				});
			}

			// A recorded program that goes on has nothing more to say.
			onOutput?.(new TextEncoder().encode(result.stdout));
			return {code: result.code, stdout: onOutput ? '' : result.stdout, stderr: result.stderr};
		},
	};
}

/** A program that ends with the signal, as one that SIGKILL ends. */
async function streaming(begin: (print: (text: string) => void) => void, onOutput: (chunk: Uint8Array) => void, signal: AbortSignal | undefined): Promise<CommandResult> {
	const ended = new Promise<void>(resolve => {
		if (signal?.aborted) {
			resolve();
		}

		signal?.addEventListener('abort', () => {
			resolve();
		});
	});
	begin(text => {
		if (!signal?.aborted) {
			onOutput(new TextEncoder().encode(text));
		}
	});
	await ended;
	return {code: 137, stdout: '', stderr: ''};
}

const programs: Readonly<Record<string, Program>> = {
	ip(machine, words) {
		if (words[0] === '-n') {
			return inNamespace(machine, words[1] ?? '', words.slice(2));
		}

		const named = netnsCommand(machine, words);
		if (named !== undefined) {
			return named;
		}

		if (words[0] === 'link' && words[1] === 'set') {
			return ipLinkSet(machine, words.slice(2));
		}

		const routed = ipRoute(machine, words) ?? ipAddress(machine, words);
		if (routed !== undefined) {
			return routed;
		}

		const lists: Readonly<Record<string, () => unknown[]>> = {
			'-j -d link show': () => linkList(machine),
			'-j link show': () => linkList(machine),
			'-j addr show': () => addressList(machine),
			'-j route show': () => routeList(machine, 4),
			'-j -6 route show': () => routeList(machine, 6),
		};
		const one = /^(-j (?:-d )?(?:link|addr) show)(?: dev)? (\S+)$/.exec(words.join(' '));
		const list = (lists[one?.[1] ?? words.join(' ')])?.();
		if (one && list) {
			const chosen = list.filter(entry => (entry as {ifname?: string}).ifname === one[2]);
			return chosen.length > 0 ? text(jsonLines(chosen)) : {code: 1, stdout: '', stderr: `Device "${one[2]}" does not exist.\n`};
		}

		return list ? text(jsonLines(list)) : /^(?:-j )?netns list$/.test(words.join(' ')) && !recordedFor(machine, ['ip', ...words]) ? text('') : undefined;
	},
	nsenter(machine, [option = '', program = '', ...words]) {
		const path = option.replace(/^--net=/, '');
		const inner = namespaceMachine(machine, path);
		return inner === undefined ? {code: 1, stdout: '', stderr: `nsenter: cannot open ${path}: No such file or directory\n`} : programs[program]?.(inner, words);
	},
	modprobe(machine, words) {
		if (words.includes('--showconfig')) {
			return recordedFor(machine, ['modprobe', ...words]) ? undefined : text('');
		}

		if (words.includes('-R') || words.includes('--resolve-alias')) {
			return resolveAlias(words.at(-1) ?? '');
		}

		const remove = words.includes('-r') || words.includes('--remove');
		const names = words.filter(word => !word.startsWith('-'));
		for (const name of names) {
			const forward = moduleName(name) === forwardModule ? modprobeForward(machine, remove) : undefined;
			if (forward !== undefined) {
				continue;
			}

			if (!isKnownModule(name) && !isLoaded(machine, name)) {
				return fatal(`Module ${name} not found in directory /lib/modules/${machine.tree.value('/proc/sys/kernel/osrelease')}`);
			}

			changing(machine, `modprobe ${words.join(' ')}`);
			if (!remove) {
				loadModule(machine, name);
				if (stockSrcversion(name) !== undefined) {
					probeAll(machine);
				}
			} else if (isLoaded(machine, name) && !unloadModule(machine, name)) {
				return fatal(`Module ${moduleName(name)} is in use.`);
			}
		}

		return text('');
	},
	insmod: (machine, words) => insmod(machine, words),
	rmmod: (machine, words) => rmmod(machine, words),
	modinfo: (machine, words) => recordedFor(machine, ['modinfo', ...words]) ? undefined : modinfo(machine, words),
	udevadm(machine, [command]) {
		if (command === 'settle') {
			settle(machine);
		}

		return text('');
	},
	stat: (machine, words) => recordedFor(machine, ['stat', ...words]) ? undefined : stat(machine, words),
	bridge: (machine, words) => words.includes('fdb') ? bridgeFilter(machine, words) : bridge(machine, words),
	ethtool,
	...Object.fromEntries(Object.entries(bootPrograms).map(([name, program]): [string, Program] => [name, (machine, words) => recordedFor(machine, [name, ...words]) ? undefined : program(machine, words)])),
	dmesg(machine, words) {
		const recorded = recordedFor(machine, ['dmesg', ...words]) ?? machine.record.commands.find(one => one.argv[0] === 'dmesg');
		// Whoever took the record was not shown it.
		return recorded !== undefined && recorded.code !== 0 ? recorded : text((recorded?.stdout ?? '') + machine.log.map(line => `${line}\n`).join(''));
	},
};

/** `ip -n NAME ...`; undefined for a namespace that only the record knows. */
function inNamespace(machine: Machine, name: string, words: readonly string[]): CommandResult | undefined {
	const inner = namespaceMachine(machine, name);
	return inner ? programs['ip']?.(inner, words) : recordedFor(machine, ['ip', '-n', name, ...words]) ? undefined : {code: 255, stdout: '', stderr: `Cannot open network namespace "${name}": No such file or directory\n`};
}

/** `ip netns add|del|list` of the namespaces that are simulated; undefined for others. */
function netnsCommand(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const [object, verb, name = ''] = words.filter(word => word !== '-j');
	if (object !== 'netns') {
		return undefined;
	}

	const names = namespaceNames(machine);
	switch (verb) {
		case 'add': {
			changing(machine, `ip netns add ${name}`);
			return names.includes(name) ? {code: 1, stdout: '', stderr: `Cannot create namespace file "/run/netns/${name}": File exists\n`} : (addNamespace(machine, {name}), text(''));
		}

		case 'del': {
			changing(machine, `ip netns del ${name}`);
			return removeNamespaceName(machine, name) ? text('') : {code: 1, stdout: '', stderr: `Cannot remove namespace file "/run/netns/${name}": No such file or directory\n`};
		}

		default: {
			return names.length === 0 ? undefined : text(words.includes('-j') ? jsonLines(names.map(one => ({name: one}))) : names.map(one => `${one}\n`).join(''));
		}
	}
}

// Device nodes of VFIO as udev makes them: the container is for everybody, groups are root's.
function stat({tree}: Machine, words: readonly string[]): CommandResult | undefined {
	const [format, ...paths] = words;
	return format === '--format=%a %U:%G %n' && paths.every(path => path.startsWith('/dev/vfio/'))
		? {code: paths.every(path => tree.exists(path)) ? 0 : 1, stdout: paths.filter(path => tree.exists(path)).map(path => `${path === '/dev/vfio/vfio' ? '666' : '600'} root:root ${path}\n`).join(''), stderr: ''}
		: undefined;
}

// `modprobe -R pci:v00008086d000010EDsv...` prints the modules that the alias stands for.
function resolveAlias(alias: string): CommandResult {
	const match = /^pci:v0000([\dA-F]{4})d0000([\dA-F]{4})/.exec(alias);
	const driver = match ? driverForId(`${match[1]}:${match[2]}`.toLowerCase()) : undefined;
	return driver === undefined ? fatal(`Module ${alias} not found in directory /lib/modules`) : text(`${driver}\n`);
}

function recordedFor(machine: Machine, argv: readonly string[]): CommandResult | undefined {
	return machine.record.commands.find(one => one.argv.join('\0') === argv.join('\0'));
}

function text(stdout: string): CommandResult {
	return {code: 0, stdout, stderr: ''};
}

function fatal(message: string): CommandResult {
	return {code: 1, stdout: '', stderr: `modprobe: FATAL: ${message}\n`};
}
