// `vfctl list --tree`: root port, PF, VFs, in the manner of `virsh nodedev-list --tree`.
import type {ListView, PfView, VfView} from './list-view.ts';
import {pfHolder} from './list-text.ts';
import {cell} from './names.ts';

interface Node {
	text: string;
	children: Map<string, Node>;
}

/** The tree; a PF on a root bus hangs on its PCI domain and bus. */
export function treeText({pfs}: ListView): string {
	const roots = new Map<string, Node>();
	for (const pf of pfs) {
		let level = roots;
		for (const bridge of [rootBus(pf), ...pf.bridges]) {
			level = child(level, bridge, bridge).children;
		}

		const node = child(level, pf.bdf, pfText(pf));
		for (const vf of pf.vfs) {
			child(node.children, vf.bdf, vfText(vf));
		}
	}

	return [...roots.values()].map(root => [root.text, ...lines(root, '')].join('\n')).join('\n');
}

function child(level: Map<string, Node>, key: string, text: string): Node {
	const node = level.get(key) ?? {text, children: new Map<string, Node>()};
	level.set(key, node);
	return node;
}

function rootBus({bdf, bridges}: PfView): string {
	return `pci ${(bridges[0] ?? bdf).split(':').slice(0, 2).join(':')}`;
}

function lines({children}: Node, indent: string): string[] {
	const nodes = [...children.values()];
	return nodes.flatMap((node, index) => {
		const last = index === nodes.length - 1;
		return [`${indent} +- ${node.text}`, ...lines(node, `${indent} ${last ? ' ' : '|'}  `)];
	});
}

function pfText(pf: PfView): string {
	return `${pf.bdf}  ${pf.name}  ${cell(pf.driver)}  ${pf.numVfs}/${pf.totalVfs}  ${pfHolder(pf)}`;
}

function vfText(vf: VfView): string {
	return `${vf.bdf}  ${vf.name}  ${cell(vf.driver)}  ${vf.holder.text}`;
}
