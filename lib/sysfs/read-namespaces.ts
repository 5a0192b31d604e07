// In which network namespaces the interfaces of PCI functions are.
import type {FileReader, Runner} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {ipInside} from '../model/netns.ts';
import {readAttribute} from './attributes.ts';
import {listNamespaces} from './namespaces.ts';

/** An interface outside the host's own namespace. */
export interface NamespacedNetdev {
	/** Name or path. */
	namespace: string;
	/** Of a namespace without a name: a process in it. */
	process?: {readonly pid: number; readonly command: string};
	netdev: string;
}

interface IpNamespace {
	name?: string;
}

interface IpLink {
	ifname?: string;
	parentbus?: string;
	parentdev?: string;
}

// Containers have one each, and a look into one costs a process.
const mostUnnamed = 256;

/** Where interfaces of PCI functions are: in the namespaces that `ip netns` knows, and those of
 * `wanted` that are in none of them in those that a mount or a process leads to. One that we may not
 * enter is left out: then the function stays in "another network namespace". */
export async function readNamespacedNetdevs(runner: Runner, more?: {files: FileReader; wanted: readonly Bdf[]}): Promise<Map<Bdf, NamespacedNetdev>> {
	const found = new Map<Bdf, NamespacedNetdev>();
	const names = namesOf(await answer(runner, ['ip', '-j', 'netns', 'list']));
	const links = await Promise.all(names.map(async namespace => ({namespace, netdevs: await functionsIn(runner, namespace)})));
	for (const {namespace, netdevs} of links) {
		for (const [bdf, netdev] of netdevs) {
			found.set(bdf, {namespace, netdev});
		}
	}

	const unnamed = more === undefined || more.wanted.every(bdf => found.has(bdf)) ? [] : listNamespaces(more.files).filter(({name}) => !names.includes(name));
	for (const {name} of unnamed.slice(0, mostUnnamed)) {
		for (const [bdf, netdev] of await functionsIn(runner, name)) {
			found.set(bdf, {...describe(more!.files, name), netdev});
		}

		if (more!.wanted.every(bdf => found.has(bdf))) {
			break;
		}
	}

	return found;
}

function describe(files: FileReader, name: string): Pick<NamespacedNetdev, 'namespace' | 'process'> {
	const pid = /^\/proc\/(\d+)\//.exec(name)?.[1];
	const command = pid === undefined ? undefined : readAttribute(files, `/proc/${pid}/comm`);
	return pid === undefined ? {namespace: name} : {namespace: name, process: {pid: Number(pid), command: command ?? '?'}};
}

async function functionsIn(runner: Runner, namespace: string): Promise<Map<Bdf, string>> {
	const text = await answer(runner, [...ipInside({name: namespace}), '-j', '-d', 'link', 'show']);
	return new Map(parseArray<IpLink>(text).flatMap(({ifname, parentbus, parentdev}) => {
		const bdf = parentbus === 'pci' && parentdev !== undefined ? parseBdf(parentdev) : undefined;
		return bdf !== undefined && ifname !== undefined ? [[bdf, ifname] as const] : [];
	}));
}

// The names are a courtesy: a namespace that goes away while we ask must not fail a listing.
async function answer(runner: Runner, argv: readonly [string, ...string[]]): Promise<string> {
	const result = await runner.run(argv).catch(() => undefined);
	return result?.code === 0 ? result.stdout : '';
}

/** Older releases print lines whatever `-j` says: `red (id: 0)`. */
function namesOf(text: string): string[] {
	return text.trimStart().startsWith('[')
		? parseArray<IpNamespace>(text).map(({name}) => name).filter(name => name !== undefined)
		: text.split('\n').map(line => line.replace(/ \(id: \d+\)\s*$/, '').trim()).filter(name => name !== '');
}

function parseArray<T>(text: string): T[] {
	try {
		const parsed: unknown = JSON.parse(text);
		return Array.isArray(parsed) ? parsed.filter(entry => typeof entry === 'object' && entry !== null) as T[] : [];
	} catch {
		return [];
	}
}
