// Huge pages of a simulated kernel: set_max_huge_pages and alloc_pool_huge_folio of mm/hugetlb.c,
// as far as their numbers show.
import type {Machine} from './machine.ts';

const hostPools = '/sys/kernel/mm/hugepages';
const nodesPath = '/sys/devices/system/node';

/** What a machine has: nodes of this much memory, half of it free. */
export interface MemoryFacts {
	nodes: number;
	nodeKiB: number;
}

const sizes = [2048, 1_048_576];

/** Puts memory, nodes and empty pools. */
export function buildMemory(machine: Machine, {nodes, nodeKiB}: MemoryFacts): void {
	const {tree} = machine;
	const free = nodeKiB / 2;
	tree.put('/proc/meminfo', {kind: 'text', text: `MemTotal:       ${nodes * nodeKiB} kB\nMemFree:        ${nodes * free} kB\nMemAvailable:   ${nodes * free} kB\nHugepagesize:       2048 kB\n`});
	for (let node = 0; node < nodes; node++) {
		const path = `${nodesPath}/node${node}`;
		tree.put(`${path}/meminfo`, {kind: 'text', text: `Node ${node} MemTotal:       ${nodeKiB} kB\nNode ${node} MemFree:        ${free} kB\n`});
		for (const size of sizes) {
			for (const name of ['nr_hugepages', 'free_hugepages', 'surplus_hugepages']) {
				tree.putValue(`${path}/hugepages/hugepages-${size}kB/${name}`, 0);
			}
		}
	}

	for (const size of sizes) {
		for (const name of ['nr_hugepages', 'free_hugepages', 'resv_hugepages', 'surplus_hugepages', 'nr_overcommit_hugepages']) {
			tree.putValue(`${hostPools}/hugepages-${size}kB/${name}`, 0);
		}
	}
}

/** A write to nr_hugepages of the host (`node` undefined) or of a node: as many pages as there is
 * memory for; pages in use stay and become surplus. */
export function storeHugepages(machine: Machine, {sizeKiB, node, count}: {sizeKiB: number; node: number | undefined; count: number}): void {
	const nodes = nodesOf(machine);
	const targets = node === undefined ? nodes : nodes.filter(candidate => candidate === node);
	const persistent = () => targets.reduce((sum, target) => sum + value(machine, target, sizeKiB, 'nr') - value(machine, target, sizeKiB, 'surplus'), 0);
	// Round and round over the nodes until nobody has any more (for_each_node_mask_to_alloc).
	for (let stuck = 0, turn = 0; persistent() !== count && stuck < targets.length; turn++) {
		const target = targets[turn % targets.length] as number;
		stuck = (count > persistent() ? grow(machine, target, sizeKiB) : shrink(machine, target, sizeKiB)) ? 0 : stuck + 1;
	}

	for (const name of ['nr', 'free', 'surplus'] as const) {
		const sum = nodes.reduce((total, one) => total + value(machine, one, sizeKiB, name), 0);
		machine.tree.putValue(`${hostPools}/hugepages-${sizeKiB}kB/${name}_hugepages`, sum);
	}
}

/** A program takes pages of a node. */
export function useHugepages(machine: Machine, {sizeKiB, node, count}: {sizeKiB: number; node: number; count: number}): void {
	put(machine, node, sizeKiB, 'free', value(machine, node, sizeKiB, 'free') - count);
	const path = `${hostPools}/hugepages-${sizeKiB}kB/free_hugepages`;
	machine.tree.putValue(path, Number(machine.tree.value(path)) - count);
}

function grow(machine: Machine, node: number, sizeKiB: number): boolean {
	const surplus = value(machine, node, sizeKiB, 'surplus');
	if (surplus > 0) {
		put(machine, node, sizeKiB, 'surplus', surplus - 1);
		return true;
	}

	const limit = machine.options.scatteredMemory?.find(one => one.sizeKiB === sizeKiB)?.pages ?? Number.POSITIVE_INFINITY;
	if (freeKiB(machine, node) < sizeKiB || value(machine, node, sizeKiB, 'nr') >= limit) {
		return false;
	}

	change(machine, node, sizeKiB, 1);
	return true;
}

function shrink(machine: Machine, node: number, sizeKiB: number): boolean {
	const nr = value(machine, node, sizeKiB, 'nr');
	if (value(machine, node, sizeKiB, 'free') > 0) {
		change(machine, node, sizeKiB, -1);
		return true;
	}

	const surplus = value(machine, node, sizeKiB, 'surplus');
	if (surplus < nr) {
		put(machine, node, sizeKiB, 'surplus', surplus + 1);
		return true;
	}

	return false;
}

/** A free page more or less, with the memory it is made of. */
function change(machine: Machine, node: number, sizeKiB: number, by: 1 | -1): void {
	put(machine, node, sizeKiB, 'nr', value(machine, node, sizeKiB, 'nr') + by);
	put(machine, node, sizeKiB, 'free', value(machine, node, sizeKiB, 'free') + by);
	const {tree} = machine;
	for (const path of ['/proc/meminfo', `${nodesPath}/node${node}/meminfo`]) {
		const text = (tree.text(path) ?? '').replaceAll(/(Mem(?:Free|Available):\s+)(\d+)/g, (_, name: string, kiB: string) => `${name}${Number(kiB) - by * sizeKiB}`);
		tree.put(path, {kind: 'text', text});
	}
}

function nodesOf({tree}: Machine): number[] {
	return tree.list(nodesPath).map(name => Number(/^node(\d+)$/.exec(name)?.[1] ?? -1)).filter(node => node >= 0).sort((a, b) => a - b);
}

function freeKiB({tree}: Machine, node: number): number {
	return Number(/MemFree:\s+(\d+)/.exec(tree.text(`${nodesPath}/node${node}/meminfo`) ?? '')?.[1] ?? 0);
}

function file(node: number, sizeKiB: number, name: 'nr' | 'free' | 'surplus'): string {
	return `${nodesPath}/node${node}/hugepages/hugepages-${sizeKiB}kB/${name}_hugepages`;
}

function value({tree}: Machine, node: number, sizeKiB: number, name: 'nr' | 'free' | 'surplus'): number {
	return Number(tree.value(file(node, sizeKiB, name)));
}

function put({tree}: Machine, node: number, sizeKiB: number, name: 'nr' | 'free' | 'surplus', pages: number): void {
	tree.putValue(file(node, sizeKiB, name), pages);
}
