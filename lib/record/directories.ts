// Directories of a record: named for themselves only while nothing is in them.
import type {RecordEntry} from './record.ts';

/** Paths of all directories that have something in them. */
export function filledDirectories(entries: ReadonlyMap<string, RecordEntry>): Set<string> {
	const filled = new Set<string>();
	for (const path of entries.keys()) {
		for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
			const parent = path.slice(0, cut);
			if (filled.has(parent)) {
				break;
			}

			filled.add(parent);
		}
	}

	if (entries.size > 0) {
		filled.add('/');
	}

	return filled;
}
