// /etc/tmpfiles.d/vfctl-hugepages.conf: the huge pages of every boot.
import {hugepagesFile} from './tuning-equivalent.ts';

export interface KeptPages {
	sizeKiB: number;
	node: number | null;
	count: number;
}

const head = '# Written by vfctl dpdk hugepages set --persist; systemd-tmpfiles writes the numbers at boot.';

/** The pools that the file names, by the attribute it writes. */
export function keptPages(text: string | null): Map<string, number> {
	const found = (text ?? '').split('\n').flatMap(line => {
		const match = /^w\s+(\/sys\/\S+\/nr_hugepages)\s+-\s+-\s+-\s+-\s+(\d+)\s*$/.exec(line);
		return match ? [[match[1]!, Number(match[2])] as const] : [];
	});
	return new Map(found);
}

/** The file with these pools as they are wanted and the others as they were; null without any.
 * `w` writes to a file that is there (tmpfiles.d(5)). */
export function keptPagesText(current: string | null, wanted: readonly KeptPages[]): string | null {
	const lines = keptPages(current);
	for (const {sizeKiB, node, count} of wanted) {
		// One of them alone decides: the host's number and those of its nodes would overwrite each other.
		for (const path of lines.keys()) {
			if (path.includes(`hugepages-${sizeKiB}kB/`) && (node === null) !== path.startsWith('/sys/kernel/mm/')) {
				lines.delete(path);
			}
		}

		lines.set(hugepagesFile({sizeKiB, node}), count);
	}

	const kept = [...lines].filter(([, count]) => count > 0).sort(([a], [b]) => a < b ? -1 : 1);
	return kept.length === 0 ? null : `${[head, ...kept.map(([path, count]) => `w ${path} - - - - ${count}`)].join('\n')}\n`;
}
