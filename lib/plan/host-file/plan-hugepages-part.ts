// Huge pages of a host file.
import type {WantedHugepages} from '../../model/host-file.ts';
import {persistentPages, type HugepageFacts, type HugepagePool} from '../../model/hugepages.ts';
import type {Action} from '../action.ts';
import {planHugepages} from '../plan-hugepages.ts';
import type {Fold} from './fold.ts';

/** Sets them. What is given back first is there for the others. */
export function planHugepagesPart(fold: Fold, wanted: readonly WantedHugepages[], read: HugepageFacts | null): void {
	if (read === null) {
		return;
	}

	let facts = read;
	const growth = ({sizeKiB, node, count}: WantedHugepages) => (count - pagesOf(read, sizeKiB, node)) * sizeKiB;
	for (const [index, entry] of [...wanted.entries()].toSorted(([, a], [, b]) => growth(a) - growth(b))) {
		const actions = fold.add(`hugepages[${index}]`, () => planHugepages(facts, {...entry, persist: false}));
		facts = actions.reduce((before, action) => after(before, action), facts);
	}
}

function pagesOf({pools}: HugepageFacts, sizeKiB: number, node: number | null): number {
	const pool = pools.find(candidate => candidate.sizeKiB === sizeKiB && candidate.node === node);
	return pool === undefined ? 0 : persistentPages(pool);
}

function after(facts: HugepageFacts, action: Action): HugepageFacts {
	if (action.kind !== 'set-hugepages') {
		return facts;
	}

	const {sizeKiB, node, from, to} = action;
	const takenKiB = (to - from) * sizeKiB;
	const own = facts.pools.some(pool => pool.sizeKiB === sizeKiB && pool.node === node && pool.node !== null);
	// The host's pool is the sum of those of the nodes.
	const grows = (pool: HugepagePool) => pool.sizeKiB === sizeKiB && (pool.node === node || (own && pool.node === null));
	return {
		...facts,
		pools: facts.pools.map(pool => grows(pool) ? {...pool, total: pool.total + to - from, free: pool.free + to - from} : pool),
		memory: {...facts.memory, availableKiB: facts.memory.availableKiB - takenKiB},
		nodes: new Map([...facts.nodes].map(([number, memory]) => [number, number === node ? {...memory, availableKiB: memory.availableKiB - takenKiB} : memory])),
	};
}
