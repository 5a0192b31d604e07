// Small readings that every reader of sysfs needs.
import {posix} from 'node:path';
import type {FileReader} from '../host/host.ts';

/** Attribute without its newline, or undefined. */
export function readAttribute(files: FileReader, path: string): string | undefined {
	return files.readText(path)?.trimEnd();
}

/** Whole number of an attribute (decimal, or hexadecimal with 0x), or undefined when it is
 * missing or no number. */
export function readNumber(files: FileReader, path: string): number | undefined {
	const text = readAttribute(files, path);
	return text !== undefined && /^(-?\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : undefined;
}

/** Last component of a link's target (`driver`, `iommu_group`, `physfn`), or undefined. */
export function readLinkName(files: FileReader, path: string): string | undefined {
	const target = files.readLink(path);
	return target === undefined ? undefined : posix.basename(target);
}

/** Absolute path a link points to, or undefined when it is not a link. One level: sysfs links
 * lead straight to the device. */
export function resolveLink(files: FileReader, path: string): string | undefined {
	const target = files.readLink(path);
	return target === undefined ? undefined : posix.resolve(posix.dirname(path), target);
}
