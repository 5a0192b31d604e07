// A file tree in memory with symbolic links, as a path walk in Linux sees it.
import type {RecordEntry} from '../record/record.ts';

export type Leaf = Exclude<RecordEntry, {kind: 'directory'}>;

export interface Directory {
	readonly kind: 'directory';
	readonly children: Map<string, TreeNode>;
}

export type TreeNode = Directory | Leaf;

// MAXSYMLINKS of include/linux/namei.h.
const maximumHops = 40;

export class Tree {
	readonly root: Directory = {kind: 'directory', children: new Map()};

	/** The node at a path and its path without links, or undefined. `follow` false: a link at
	 * the end is itself the answer (lstat). */
	find(path: string, follow = true): {path: string; node: TreeNode} | undefined {
		const pending = path.split('/').reverse();
		const names: string[] = [];
		const nodes: TreeNode[] = [this.root];
		let hops = 0;
		while (pending.length > 0) {
			const part = pending.pop() as string;
			if (part === '' || part === '.') {
				continue;
			}

			if (part === '..') {
				if (names.pop() !== undefined) {
					nodes.pop();
				}

				continue;
			}

			const here = nodes.at(-1) as TreeNode;
			const next = here.kind === 'directory' ? here.children.get(part) : undefined;
			if (!next) {
				return undefined;
			}

			if (next.kind === 'link' && (follow || pending.some(rest => rest !== ''))) {
				if (++hops > maximumHops) {
					return undefined;
				}

				if (next.target.startsWith('/')) {
					names.length = 0;
					nodes.length = 1;
				}

				pending.push(...next.target.split('/').reverse());
				continue;
			}

			names.push(part);
			nodes.push(next);
		}

		return {path: `/${names.join('/')}`, node: nodes.at(-1) as TreeNode};
	}

	/** Text of a file, or undefined. */
	text(path: string): string | undefined {
		const node = this.find(path)?.node;
		return node?.kind === 'text' ? node.text : undefined;
	}

	/** Text without the newline at the end; '' when there is none. */
	value(path: string): string {
		return (this.text(path) ?? '').replace(/\n$/, '');
	}

	exists(path: string): boolean {
		return this.find(path) !== undefined;
	}

	/** Target of a link as written, or undefined. */
	link(path: string): string | undefined {
		const node = this.find(path, false)?.node;
		return node?.kind === 'link' ? node.target : undefined;
	}

	/** Names in a directory, sorted; empty when it is none. */
	list(path: string): string[] {
		const node = this.find(path)?.node;
		return node?.kind === 'directory' ? [...node.children.keys()].toSorted() : [];
	}

	/** The directory at a path; makes what is missing. Throws when a file is in the way. */
	directory(path: string): Directory {
		let here = this.root;
		let walked = '';
		for (const part of path.split('/')) {
			if (part === '') {
				continue;
			}

			walked += `/${part}`;
			let next = here.children.get(part);
			if (next?.kind === 'link') {
				next = this.find(walked)?.node;
			}

			if (!next) {
				next = {kind: 'directory', children: new Map()};
				here.children.set(part, next);
			}

			if (next.kind !== 'directory') {
				throw new Error(`${path}: ${part} is not a directory`);
			}

			here = next;
		}

		return here;
	}

	/** Puts a leaf at a path, making directories as needed. */
	put(path: string, leaf: Leaf): void {
		const cut = path.lastIndexOf('/');
		this.directory(path.slice(0, cut)).children.set(path.slice(cut + 1), leaf);
	}

	/** Puts an attribute: one value and a newline, as sysfs shows it. */
	putValue(path: string, value: string | number): void {
		this.put(path, {kind: 'text', text: `${value}\n`});
	}

	/** Puts a link with a relative target, as sysfs_create_link does. */
	putLink(path: string, to: string): void {
		this.put(path, {kind: 'link', target: relative(path, to)});
	}

	/** Removes a leaf or a whole directory; links are removed, not followed. */
	remove(path: string): void {
		const cut = path.lastIndexOf('/');
		const parent = this.find(path.slice(0, cut))?.node;
		if (parent?.kind === 'directory') {
			parent.children.delete(path.slice(cut + 1));
		}
	}

	/** Everything in it, as record entries: leaves, and directories that are empty. */
	entries(): Map<string, RecordEntry> {
		const entries = new Map<string, RecordEntry>();
		const visit = (path: string, node: TreeNode): void => {
			if (node.kind !== 'directory') {
				entries.set(path, node);
				return;
			}

			if (node.children.size === 0 && path !== '') {
				entries.set(path, {kind: 'directory'});
			}

			for (const [name, child] of node.children) {
				visit(`${path}/${name}`, child);
			}
		};

		visit('', this.root);
		return entries;
	}
}

/** A tree of record entries. */
export function treeOf(entries: ReadonlyMap<string, RecordEntry>): Tree {
	const tree = new Tree();
	for (const [path, entry] of entries) {
		if (entry.kind === 'directory') {
			tree.directory(path);
		} else {
			tree.put(path, entry);
		}
	}

	return tree;
}

/** The target of a link at `from` that leads to `to`: `../../devices/...`. */
export function relative(from: string, to: string): string {
	const base = from.split('/').slice(1, -1);
	const goal = to.split('/').slice(1);
	let shared = 0;
	while (shared < base.length && shared < goal.length - 1 && base[shared] === goal[shared]) {
		shared++;
	}

	return [...base.slice(shared).map(() => '..'), ...goal.slice(shared)].join('/');
}
