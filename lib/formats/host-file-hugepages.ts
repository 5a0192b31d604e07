// `hugepages` in a host file.
import type {HostFile, WantedHugepages} from '../model/host-file.ts';
import {pageSizeWord, parsePageSize} from '../model/hugepages.ts';
import type {Note} from './host-file-check.ts';
import {shortened} from './problems.ts';
import type {Cursor} from './reader.ts';

/** What other programs call them. */
const foreignHugepagesNames: Readonly<Record<string, string>> = {nr_hugepages: 'count', number: 'count', pages: 'count', hugepagesz: 'size', pagesize: 'size', 'numa-node': 'node', nodeset: 'node'};

/** The entries, in KiB. */
export function readHugepages(cursor: Cursor | undefined): WantedHugepages[] {
	return cursor?.items('a list of huge pages such as [{size: 2M, count: 512}]').map(item => {
		const fields = item.fields(['size', 'count', 'node'], foreignHugepagesNames);
		const size = fields?.need('size', 'it says which pages are meant, such as 2M or 1G');
		const text = size?.text('a size of pages such as 2M or 1G');
		const sizeKiB = text === undefined ? undefined : parsePageSize(text) ?? size!.refuse(`'${shortened(text)}' is not a size of pages`, 'it must be a number and K, M or G, such as 2M or 1G');
		const count = fields?.need('count', 'it says how many there are to be')?.whole(0, 2 ** 31 - 1, 'a number of huge pages');
		const node = fields?.get('node')?.whole(0, 1023, 'the number of a NUMA node') ?? null;
		return sizeKiB === undefined || count === undefined ? undefined : {sizeKiB, node, count};
	}).filter(entry => entry !== undefined) ?? [];
}

/** As the host file says it. */
export function hugepagesEntry({sizeKiB, node, count}: WantedHugepages): object {
	return {size: pageSizeWord(sizeKiB), count, ...(node === null ? {} : {node})};
}

/** Entries that set the same pages. */
export function checkHugepages({hugepages}: HostFile, note: Note): void {
	for (const [index, {sizeKiB, node}] of hugepages.entries()) {
		const other = hugepages.slice(0, index).find(entry => entry.sizeKiB === sizeKiB && (entry.node === node || entry.node === null || node === null));
		if (other !== undefined) {
			note(['hugepages', index], `huge pages of ${pageSizeWord(sizeKiB)} are there twice`, other.node === node ? 'an entry before this one sets the same' : 'those without a node are spread over all nodes', 'say each number once');
		}
	}
}
