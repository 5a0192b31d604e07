// The environment that a container runtime calls a CNI plugin with.
import {AppError} from '../errors.ts';
import {cniCommands, type CniCommand} from '../model/cni.ts';
import {toVfMac, type Mac} from '../model/mac.ts';
import {isNetnsName} from '../model/netns.ts';
import {cniRefusal, withCniCode} from './cni-error.ts';

export interface CniCall {
	readonly command: CniCommand;
	/** Empty for commands that are about no container. */
	readonly containerId: string;
	readonly ifname: string;
	/** Path of the namespace; null when it was not told, which DEL allows. */
	readonly netns: string | null;
	/** MAC= of CNI_ARGS. */
	readonly mac: Mac | null;
	/** Directories of CNI_PATH. */
	readonly path: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

// What each command must be called with (section "Parameters" of the specification).
const needed: Readonly<Record<CniCommand, readonly string[]>> = {
	ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
	CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
	DEL: ['CNI_CONTAINERID', 'CNI_IFNAME'],
	GC: [],
	STATUS: [],
	VERSION: [],
};

// PATH_MAX of the kernel; nothing that names a file is longer.
const longest = 4096;

/** The command alone, so that an error in the rest can still be told as CNI wants it. */
export function parseCniCommand(env: Environment): CniCommand {
	const text = env['CNI_COMMAND'] ?? '';
	const command = cniCommands.find(name => name === text);
	if (command === undefined) {
		throw cniRefusal('invalidEnvironment', text === '' ? 'CNI_COMMAND is not set' : 'CNI_COMMAND is none that CNI knows', {
			why: `vfctl cni is called by container runtimes, with one of ${cniCommands.join(', ')} in it`,
			fix: 'CNI_COMMAND=VERSION vfctl cni',
		});
	}

	return command;
}

/** Reads the environment; throws BAD_CNI or BAD_MAC with the code for an invalid environment. */
export function parseCniCall(env: Environment): CniCall {
	const command = parseCniCommand(env);
	const missing = needed[command].filter(name => (env[name] ?? '') === '');
	if (missing.length > 0) {
		throw cniRefusal('invalidEnvironment', `${command} needs ${missing.join(', ')}`, {why: 'the environment does not have it'});
	}

	const container = needed[command].length > 0;
	return {
		command,
		containerId: container ? requireContainerId(env['CNI_CONTAINERID']!) : '',
		ifname: container ? requireIfname(env['CNI_IFNAME']!) : '',
		netns: container ? netnsOf(command, env['CNI_NETNS'] ?? '') : null,
		mac: container ? parseArguments(env['CNI_ARGS'] ?? '') : null,
		path: parsePath(env['CNI_PATH'] ?? ''),
	};
}

/** Whether a text can be a container's id: it becomes part of file names elsewhere. */
export function isContainerId(text: string): boolean {
	return /^[a-z\d][\w.-]{0,254}$/i.test(text);
}

/** Whether the kernel takes it for an interface (dev_valid_name in net/core/dev.c). */
export function isIfname(text: string): boolean {
	return Buffer.byteLength(text) < 16 && /^(?!\.\.?$)[^/:\s\u0000-\u001F\u007F-\u009F-][^/:\s\u0000-\u001F\u007F-\u009F]*$/.test(text);
}

function requireContainerId(text: string): string {
	if (!isContainerId(text)) {
		throw cniRefusal('invalidEnvironment', 'CNI_CONTAINERID is no container id', {why: 'it must begin with a letter or digit and have only letters, digits, _, . and - after it, 255 at most'});
	}

	return text;
}

function requireIfname(text: string): string {
	if (!isIfname(text)) {
		throw cniRefusal('invalidEnvironment', 'CNI_IFNAME is no name for an interface', {why: 'it must have 1 to 15 characters, none of them /, : or white space, and not begin with a dash'});
	}

	return text;
}

function netnsOf(command: CniCommand, text: string): string | null {
	const isPath = text.length <= longest && text.startsWith('/') && isNetnsName(text);
	if (!isPath && command === 'DEL') {
		// ADD took nothing there, and DEL is to succeed for what is gone.
		return null;
	}

	if (!isPath) {
		throw cniRefusal('invalidEnvironment', 'CNI_NETNS is no path of a network namespace', {why: 'it must be a path below /run, /var/run or /proc, such as /run/netns/blue or /proc/4711/ns/net'});
	}

	return text;
}

function parsePath(text: string): string[] {
	const directories = text.split(':').filter(directory => directory !== '');
	const wrong = directories.find(directory => !directory.startsWith('/') || directory.length > longest || directory.includes('\0'));
	if (wrong !== undefined || directories.length > 100) {
		throw cniRefusal('invalidEnvironment', 'CNI_PATH is no list of directories', {why: 'each must be absolute: plugins run as root'});
	}

	return directories;
}

/** MAC= of `K=V;K=V`. Keys that nobody knows are an error unless IgnoreUnknown says otherwise
 * (LoadArgs of libcni); those of Kubernetes are known and say nothing that we need. */
function parseArguments(text: string): Mac | null {
	const pairs = new Map<string, string>();
	for (const pair of text.split(';').filter(part => part !== '')) {
		const equals = pair.indexOf('=');
		if (equals < 1 || pair.includes('=', equals + 1) || pair.length > longest) {
			throw cniRefusal('invalidEnvironment', 'CNI_ARGS is no list of KEY=VALUE', {why: 'pairs are separated by ; and each has one ='});
		}

		pairs.set(pair.slice(0, equals), pair.slice(equals + 1));
	}

	const unknown = [...pairs.keys()].filter(key => !['IgnoreUnknown', 'MAC', 'IP'].includes(key) && !/^K8S_[A-Z\d_]+$/.test(key));
	if (unknown.length > 0 && !isTrue(pairs.get('IgnoreUnknown'))) {
		throw cniRefusal('invalidEnvironment', `CNI_ARGS has keys that vfctl does not know: ${unknown.slice(0, 5).map(key => key.slice(0, 40)).join(', ')}`, {fix: 'add IgnoreUnknown=1 to CNI_ARGS when other plugins need them'});
	}

	const mac = pairs.get('MAC') ?? '';
	if (mac === '') {
		return null;
	}

	try {
		return toVfMac(mac);
	} catch (error) {
		throw error instanceof AppError ? withCniCode(error, 4) : error;
	}
}

function isTrue(text = 'false'): boolean {
	const value = text.toLowerCase();
	if (!['1', 'true', '0', 'false'].includes(value)) {
		throw cniRefusal('invalidEnvironment', 'IgnoreUnknown of CNI_ARGS is neither true nor false', {fix: 'IgnoreUnknown=1'});
	}

	return value === '1' || value === 'true';
}
