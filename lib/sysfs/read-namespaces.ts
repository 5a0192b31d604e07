// In which named network namespaces the interfaces of PCI functions are.
import type {Runner} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';

/** An interface outside the host's own namespace. */
export interface NamespacedNetdev {
	namespace: string;
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

/** Interfaces of PCI functions in the namespaces that `ip netns` knows. A namespace without a
 * name (a container's) is not among them, and one that we may not enter is left out: then the
 * function stays in "another network namespace". */
export async function readNamespacedNetdevs(runner: Runner): Promise<Map<Bdf, NamespacedNetdev>> {
	const found = new Map<Bdf, NamespacedNetdev>();
	const namespaces = namesOf(await answer(runner, ['ip', '-j', 'netns', 'list']));
	const links = await Promise.all(namespaces.map(async namespace => ({namespace, text: await answer(runner, ['ip', '-n', namespace, '-j', '-d', 'link', 'show'])})));
	for (const {namespace, text} of links) {
		for (const {ifname, parentbus, parentdev} of parseArray<IpLink>(text)) {
			const bdf = parentbus === 'pci' && parentdev !== undefined ? parseBdf(parentdev) : undefined;
			if (bdf !== undefined && ifname !== undefined) {
				found.set(bdf, {namespace, netdev: ifname});
			}
		}
	}

	return found;
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
