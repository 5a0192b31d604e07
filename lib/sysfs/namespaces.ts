// Which network namespaces there are, and how to enter them.
import {posix} from 'node:path';
import {AppError} from '../errors.ts';
import type {FileReader} from '../host/host.ts';
import {isNetnsName, netnsFile, type NetnsRef} from '../model/netns.ts';

const namedDirectory = '/run/netns/';
// More processes than any hypervisor runs: the bound guards against a damaged record.
const mostProcesses = 65_536;
// What may_follow_link and path_init allow the kernel, too (MAXSYMLINKS).
const mostLinks = 40;

/** Inode of a process's network namespace (`net:[4026531840]`), or undefined when it may not be
 * known. */
export function processNetns(files: FileReader, pid: number | string): number | undefined {
	return inodeOf(files.readLink(`/proc/${pid}/ns/net`));
}

/** Namespaces that something keeps under a path: names of `ip netns`, and those that container
 * runtimes bind elsewhere. proc_pid_mountinfo(5); the root of such a mount is `net:[INODE]`
 * (nsfs_show_path in fs/nsfs.c). */
export function mountedNamespaces(files: FileReader): NetnsRef[] {
	const byPath = new Map<string, number>();
	for (const line of (files.readText('/proc/self/mountinfo') ?? '').split('\n')) {
		const [, , , root, path = ''] = line.split(' ');
		const inode = inodeOf(root);
		if (inode !== undefined) {
			// A later mount lies on top of an earlier one.
			byPath.set(path, inode);
		}
	}

	return [...byPath].map(([path, inode]) => ({name: shortName(path), inode})).filter(({name}) => isNetnsName(name));
}

/** Every namespace but the own one that a name, a mount or a process leads to, each once: names
 * first. Processes that may not be looked at are passed over. */
export function listNamespaces(files: FileReader): NetnsRef[] {
	const found = new Map<number, NetnsRef>();
	const own = processNetns(files, 'self');
	const add = (ref: NetnsRef) => {
		if (ref.inode !== own && !found.has(ref.inode)) {
			found.set(ref.inode, ref);
		}
	};

	for (const ref of mountedNamespaces(files).toSorted((a, b) => Number(a.name.startsWith('/')) - Number(b.name.startsWith('/')))) {
		add(ref);
	}

	for (const pid of files.list('/proc').map(Number).filter(number => number > 0).sort((a, b) => a - b).slice(0, mostProcesses)) {
		const inode = processNetns(files, pid);
		if (inode !== undefined) {
			add({name: `/proc/${pid}/ns/net`, inode});
		}
	}

	return [...found.values()];
}

/** A namespace as an admin names it: a name of `ip netns`, a path, or `pid:N`. Throws USAGE for
 * text that is none and for the host's own, NETNS_NOT_FOUND. */
export function resolveNetns(files: FileReader, text: string): NetnsRef {
	const given = netnsNameOf(text);
	const path = realPath(files, netnsFile({name: given}));
	const inode = inodeOf(files.readLink(path)) ?? mountedNamespaces(files).find(ref => netnsFile(ref) === path)?.inode;
	if (inode === undefined) {
		throw new AppError('NETNS_NOT_FOUND', `there is no network namespace '${text}'`, {
			why: `${netnsFile({name: given})} ${files.exists(path) ? 'is no namespace (the file is left of one that is gone, or may not be read)' : 'is not there'}`,
			fix: /^pid:/.test(text) ? 'name a process that runs' : 'ip netns list shows those with a name; pid:N names that of a process',
		});
	}

	if (inode === processNetns(files, 'self')) {
		throw new AppError('USAGE', `'${text}' is the network namespace of the host itself`, {why: 'its interfaces are there already', fix: 'name another namespace: ip netns list'});
	}

	return {name: shortName(path), inode};
}

/** The path or name behind what an admin typed, as `NetnsRef.name`; throws USAGE. */
export function netnsNameOf(text: string): string {
	const pid = /^pid:([1-9]\d{0,9})$/.exec(text)?.[1];
	const name = pid === undefined ? text.replace(/^\/var\/run\//, '/run/') : `/proc/${pid}/ns/net`;
	if (!isNetnsName(name) || /^pid:/.test(name)) {
		throw new AppError('USAGE', `'${text}' is not the name of a network namespace`, {why: 'it is a name of ip netns, a path below /run or /proc, or pid:N', fix: 'ip netns list'});
	}

	return shortName(name);
}

/** The namespace by a way that leads to it now: its own, or any that has the same inode. Only to look
 * for something there: the kernel gives the number of a namespace that is gone to the next new one
 * (ns_alloc_inum in include/linux/proc_ns.h takes the lowest free one), which may be a stranger's. */
export function findNamespace(files: FileReader, wanted: NetnsRef): NetnsRef | undefined {
	return namespaceAt(files, wanted) ?? listNamespaces(files).find(({inode}) => inode === wanted.inode);
}

/** The same by its own name or path alone: to give something to it. */
export function namespaceAt(files: FileReader, wanted: NetnsRef): NetnsRef | undefined {
	const path = realPath(files, netnsFile(wanted));
	const direct = inodeOf(files.readLink(path)) ?? mountedNamespaces(files).find(ref => netnsFile(ref) === path)?.inode;
	return direct === wanted.inode ? wanted : undefined;
}

/** Throws UNSUPPORTED when vfctl itself is in another network namespace than process 1: it would
 * take the interfaces that it sees for the host's. Where that cannot be told it goes on. */
export function requireHostNamespace(files: FileReader): void {
	const [own, first] = [processNetns(files, 'self'), processNetns(files, 1)];
	if (own !== undefined && first !== undefined && own !== first) {
		throw new AppError('UNSUPPORTED', 'vfctl does not run in the network namespace of the host', {
			why: `it is in net:[${own}], process 1 is in net:[${first}]: the interfaces of the cards are not visible from here`,
			fix: 'run it outside of the container or namespace: nsenter --target 1 --net vfctl ...',
		});
	}
}

function inodeOf(text: string | undefined): number | undefined {
	const digits = /^net:\[(\d{1,15})\]$/.exec(text ?? '')?.[1];
	return digits === undefined ? undefined : Number(digits);
}

function shortName(path: string): string {
	const name = path.startsWith(namedDirectory) ? path.slice(namedDirectory.length) : '';
	return name !== '' && !name.includes('/') ? name : path;
}

/** The path without links in it; /run/netns is often one to where a container runtime keeps its
 * own. The last part may be a link of /proc, which leads to no path. */
function realPath(files: FileReader, path: string): string {
	let parts = path.split('/').slice(1);
	let done = '';
	for (let links = 0; parts.length > 0;) {
		const [part, ...rest] = parts;
		const target = files.readLink(`${done}/${part}`);
		if (target === undefined || inodeOf(target) !== undefined || links++ >= mostLinks) {
			done = `${done}/${part}`;
			parts = rest;
		} else {
			parts = [...posix.resolve(done || '/', target).split('/').slice(1), ...rest];
			done = '';
		}
	}

	return done;
}
