// Plans how many huge pages the kernel keeps.
import {AppError} from '../errors.ts';
import {pageSizeWord, persistentPages, usedPages, keptHugepagesFile, type HugepageFacts, type HugepagePool} from '../model/hugepages.ts';
import type {Action} from './action.ts';
import {keptPages, keptPagesText} from './hugepages-file.ts';
import type {Plan} from './plan.ts';
import type {SetHugepagesAction} from './tuning-actions.ts';
import {hugepagesFile} from './tuning-equivalent.ts';

export interface HugepagesRequest {
	count: number;
	/** The kernel's default when absent. */
	sizeKiB?: number | undefined;
	/** Null spreads them evenly over the nodes. */
	node: number | null;
	persist: boolean;
}

const gibiKiB = 1_048_576;
// For the kernel, libvirt and the admin's shell.
const leastLeftKiB = 256 * 1024;

/** Sets the number; empty when it is so. Throws UNSUPPORTED, NO_MEMORY, MEMORY_IN_USE. */
export function planHugepages(facts: HugepageFacts, request: HugepagesRequest): Plan {
	const sizeKiB = requireSize(facts, request.sizeKiB);
	const shares = sharesOf(facts, sizeKiB, request);
	const steps = shares.map(({pool, count}): SetHugepagesAction => ({kind: 'set-hugepages', sizeKiB, node: pool.node, from: persistentPages(pool), to: count})).filter(({from, to}) => from !== to);
	requireFreePages(facts, shares);
	requireMemory(facts, sizeKiB, steps);
	const wanted = shares.map(({pool, count}) => ({sizeKiB, node: pool.node, count}));
	const text = request.persist ? keptPagesText(facts.kept, wanted) : facts.kept;
	const actions: Action[] = [
		// What is given back first is there for the others.
		...steps.toSorted((a, b) => (a.to - a.from) - (b.to - b.from)),
		...text === facts.kept ? [] : [{kind: 'write-file' as const, path: keptHugepagesFile, from: facts.kept, to: text, then: null}],
	];
	return {
		version: 1,
		subject: {command: 'dpdk'},
		title: `keep ${request.count} huge pages of ${pageSizeWord(sizeKiB)}${request.node === null ? '' : ` on NUMA node ${request.node}`}${request.persist ? ', now and at every boot' : ''}`,
		actions,
		warnings: warningsOf(facts, sizeKiB, request, wanted),
		risks: [],
	};
}

function requireSize({pools, defaultSizeKiB}: HugepageFacts, wanted: number | undefined): number {
	const sizes = [...new Set(pools.map(pool => pool.sizeKiB))];
	const sizeKiB = wanted ?? defaultSizeKiB ?? sizes[0];
	if (sizes.length === 0 || sizeKiB === undefined) {
		throw new AppError('UNSUPPORTED', 'this kernel has no huge pages', {why: '/sys/kernel/mm/hugepages is not there or empty (CONFIG_HUGETLBFS)', fix: 'boot a kernel with hugetlbfs'});
	}

	if (!sizes.includes(sizeKiB)) {
		throw new AppError('UNSUPPORTED', `this host has no huge pages of ${pageSizeWord(sizeKiB)}`, {
			why: `it has pages of ${sizes.map(size => pageSizeWord(size)).join(' and ')}${sizeKiB === gibiKiB ? ' (1G needs the CPU flag pdpe1gb)' : ''}`,
			fix: `--size ${pageSizeWord(sizes[0]!)}`,
		});
	}

	return sizeKiB;
}

interface Share {
	pool: HugepagePool;
	count: number;
}

/** Which pools are written. With several nodes each is, so that undo finds the same split again. */
function sharesOf({pools, nodes}: HugepageFacts, sizeKiB: number, {count, node}: HugepagesRequest): Share[] {
	const own = pools.filter(pool => pool.sizeKiB === sizeKiB);
	if (node !== null) {
		const pool = own.find(candidate => candidate.node === node);
		if (!pool) {
			throw new AppError('USAGE', `there is no NUMA node ${node} with memory`, {why: `the nodes are: ${[...nodes.keys()].join(', ') || 'not shown by this kernel'}`, fix: 'vfctl dpdk hugepages'});
		}

		return [{pool, count}];
	}

	const ofNodes = own.filter(pool => pool.node !== null);
	if (ofNodes.length < 2) {
		return own.filter(pool => pool.node === null).map(pool => ({pool, count}));
	}

	return ofNodes.map((pool, index) => ({pool, count: Math.floor(count / ofNodes.length) + (index < count % ofNodes.length ? 1 : 0)}));
}

/** Pages below what is in use would only become surplus: taken away as soon as their user frees them. */
function requireFreePages({users, pools}: HugepageFacts, shares: readonly Share[]): void {
	for (const {pool, count} of shares) {
		// The kernel counts what is promised for the host, not by node.
		const promised = pool.node === null ? pool.reserved : pools.find(({sizeKiB, node}) => sizeKiB === pool.sizeKiB && node === null)?.reserved ?? 0;
		const used = usedPages({...pool, reserved: promised});
		if (count < persistentPages(pool) && count < used) {
			const names = users.map(({command, pid}) => `${command} (${pid})`).join(', ');
			throw new AppError('MEMORY_IN_USE', `${used} huge pages of ${pageSizeWord(pool.sizeKiB)}${pool.node === null ? '' : ` on node ${pool.node}`} are in use, so ${count} are too few`, {
				why: `${names === '' ? 'files in a hugetlbfs mount hold them' : `these processes have huge pages: ${names}`}; the kernel would take the pages away behind their backs as soon as they free them`,
				fix: `stop what uses them (vfctl dpdk hugepages shows it), or set at least ${used}`,
				details: {used, users},
			});
		}
	}
}

function requireMemory({memory, nodes}: HugepageFacts, sizeKiB: number, steps: readonly SetHugepagesAction[]): void {
	const more = steps.reduce((sum, {from, to}) => sum + (to - from), 0) * sizeKiB;
	const left = Math.max(leastLeftKiB, Math.floor(memory.totalKiB / 100));
	if (more > 0 && memory.totalKiB > 0 && more > memory.availableKiB - left) {
		const most = Math.max(0, Math.floor((memory.availableKiB - left) / sizeKiB));
		throw new AppError('NO_MEMORY', `${mib(more)} more of huge pages would leave the host too little memory`, {
			why: `${mib(memory.availableKiB)} of ${mib(memory.totalKiB)} are available, and vfctl leaves ${mib(left)} to the host`,
			fix: `add at most ${most} pages of ${pageSizeWord(sizeKiB)}`,
			details: {availableKiB: memory.availableKiB, mostPages: most},
		});
	}

	for (const {node, from, to} of steps) {
		const facts = node === null ? undefined : nodes.get(node);
		if (facts !== undefined && (to - from) * sizeKiB > facts.availableKiB) {
			throw new AppError('NO_MEMORY', `NUMA node ${node} has no ${mib((to - from) * sizeKiB)} left`, {
				why: `${mib(facts.availableKiB)} of its ${mib(facts.totalKiB)} can be had`,
				fix: 'take fewer pages, or another --node',
			});
		}
	}
}

function warningsOf({kept}: HugepageFacts, sizeKiB: number, {persist, count}: HugepagesRequest, wanted: ReadonlyArray<{node: number | null; count: number}>): string[] {
	const before = keptPages(kept);
	const other = wanted.find(({node, count: share}) => (before.get(hugepagesFile({sizeKiB, node})) ?? share) !== share);
	return [
		...persist && sizeKiB >= gibiKiB && count > 0
			? [`memory may be too scattered for pages of ${pageSizeWord(sizeKiB)} when systemd-tmpfiles asks for them; the kernel arguments hugepagesz=${pageSizeWord(sizeKiB)} hugepages=${count} are sure`]
			: [],
		...!persist && other !== undefined ? [`at the next boot it will be ${before.get(hugepagesFile({sizeKiB, node: other.node}))} again, as ${keptHugepagesFile} says; --persist changes that`] : [],
	];
}

function mib(kiB: number): string {
	return `${Math.floor(kiB / 1024)} MiB`;
}
