// Files that a kernel module of vfctl writes: lines `key=value`, where nothing is taken on trust.
import type {AppError} from '../errors.ts';
import type {FileReader} from '../host/host.ts';
import {parseMac, type Mac} from '../model/mac.ts';

// More than that is no answer of the module: each file is one page at most.
const pageBytes = 64 * 1024;
const largestU64 = 0xFF_FF_FF_FF_FF_FF_FF_FFn;

/** The errors of one record. */
export interface RecordErrors {
	damaged(path: string, why: string): AppError;
	unreadable(files: FileReader, path: string): AppError;
}

/** Readers of values; they throw what `errors` makes. */
export function recordReader({damaged, unreadable}: RecordErrors) {
	const wrong = (path: string, key: string, text: string): AppError => damaged(path, `${key} is '${text.slice(0, 20)}'`);
	return {
		required(files: FileReader, path: string): string {
			const text = files.readText(path);
			if (text === undefined) {
				throw unreadable(files, path);
			}

			if (text.length > pageBytes) {
				throw damaged(path, 'it is longer than the kernel writes');
			}

			return text;
		},

		/** Lines `key=value`. Unknown keys are left to those who know them. */
		keysOf(path: string, text: string): Map<string, string> {
			const keys = new Map<string, string>();
			for (const line of text.split('\n').filter(one => one !== '')) {
				const [, key = '', value = ''] = /^([\w-]+)=(.*)$/.exec(line) ?? [];
				if (key === '') {
					throw damaged(path, `'${line.slice(0, 40)}' is not KEY=VALUE`);
				}

				if (keys.has(key)) {
					throw damaged(path, `${key} is there twice`);
				}

				keys.set(key, value);
			}

			return keys;
		},

		/** Reads values by key: a missing one is damage. */
		valueOf(path: string, keys: ReadonlyMap<string, string>): (key: string) => string {
			return key => {
				const text = keys.get(key);
				if (text === undefined) {
					throw damaged(path, `${key} is missing`);
				}

				return text;
			};
		},

		whole(path: string, key: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
			if (!/^\d{1,16}$/.test(text) || Number(text) > most) {
				throw wrong(path, key, text);
			}

			return Number(text);
		},

		/** A u64; beyond 2^53 the nearest number that JavaScript has. */
		counter(path: string, key: string, text: string): number {
			if (!/^\d{1,20}$/.test(text) || BigInt(text) > largestU64) {
				throw wrong(path, key, text);
			}

			return Number(text);
		},

		oneOf<T extends string>(path: string, key: string, text: string, words: readonly T[]): T {
			const word = words.find(one => one === text);
			if (word === undefined) {
				throw wrong(path, key, text);
			}

			return word;
		},

		macOf(path: string, key: string, text: string): Mac {
			const mac = parseMac(text);
			if (mac === undefined) {
				throw wrong(path, key, text);
			}

			return mac;
		},

		listOf(text: string): string[] {
			return text === '' ? [] : text.split(',');
		},
	};
}
