// Refuses trees that no kernel has: files with children, links out of the root, link loops.
import {recordLimits} from './record.ts';
import type {RecordEntry} from './record.ts';

/** What makes a recorded tree impossible, and at which path; undefined when nothing does. */
export function treeProblem(entries: ReadonlyMap<string, RecordEntry>): {path: string; why: string} | undefined {
	const directories = new Set<string>(['/']);
	for (const path of entries.keys()) {
		for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
			const parent = path.slice(0, cut);
			if (directories.has(parent)) {
				break;
			}

			const kind = entries.get(parent)?.kind ?? 'directory';
			if (kind !== 'directory') {
				return {path, why: `${path} lies below ${parent}, which is no directory`};
			}

			directories.add(parent);
		}
	}

	for (const [path, entry] of entries) {
		const why = entry.kind === 'link' ? linkProblem(entries, path, entry.target) : undefined;
		if (why !== undefined) {
			return {path, why};
		}
	}

	return undefined;
}

// Walks the target; a link that leads to a link and back again never ends.
function linkProblem(entries: ReadonlyMap<string, RecordEntry>, path: string, target: string): string | undefined {
	if (target === '' || target.length > recordLimits.pathBytes) {
		return `the link ${path} has no target or a too long one`;
	}

	const pending = target.split('/').reverse();
	let here = target.startsWith('/') ? '' : path.slice(0, path.lastIndexOf('/'));
	let hops = 0;
	while (pending.length > 0) {
		const part = pending.pop() as string;
		if (part === '' || part === '.') {
			continue;
		}

		if (part === '..') {
			if (here === '') {
				return `the link ${path} leads out of the root`;
			}

			here = here.slice(0, here.lastIndexOf('/'));
			continue;
		}

		const entry = entries.get(`${here}/${part}`);
		if (entry?.kind !== 'link') {
			here += `/${part}`;
			continue;
		}

		if (++hops > recordLimits.linkHops) {
			return `the link ${path} runs in a circle`;
		}

		here = entry.target.startsWith('/') ? '' : here;
		pending.push(...entry.target.split('/').reverse());
	}

	return undefined;
}
