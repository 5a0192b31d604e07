// In which network namespaces the interfaces of PCI functions are.
import type {FileReader, Runner} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {isNetnsName} from '../model/netns.ts';
import {readAttribute} from './attributes.ts';
import {findFunctions} from './find-functions.ts';
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

/** Where the interfaces of `wanted` are: in the namespaces that a name, a mount or a process leads
 * to. A record holds the names of `ip netns` alone. One that we may not enter is left out: then the
 * function stays in "another network namespace". */
export async function readNamespacedNetdevs({files, runner}: {files: FileReader; runner: Runner}, wanted: readonly Bdf[]): Promise<Map<Bdf, NamespacedNetdev>> {
	const seen = listNamespaces(files).map(({name}) => name);
	const named = namesOf(await answer(runner, ['ip', '-j', 'netns', 'list'])).filter(name => isNetnsName(name) && !seen.includes(name));
	const found = await findFunctions(runner, [...named, ...seen].map(name => ({name})), wanted);
	return new Map([...found].map(([bdf, {netns, name}]) => [bdf, {...describe(files, netns.name), netdev: name}]));
}

function describe(files: FileReader, name: string): Pick<NamespacedNetdev, 'namespace' | 'process'> {
	const pid = /^\/proc\/(\d+)\//.exec(name)?.[1];
	const command = pid === undefined ? undefined : readAttribute(files, `/proc/${pid}/comm`);
	return pid === undefined ? {namespace: name} : {namespace: name, process: {pid: Number(pid), command: command ?? '?'}};
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
