// A log that grows, and is moved away or emptied by those who rotate logs.
import {closeSync, fstatSync, openSync, readSync, statSync} from 'node:fs';

const pieceBytes = 1 << 16;

/** Reads what was added since the last look. Files that are not there yet are waited for. */
export class FileFollower {
	private descriptor: number | null = null;
	private position = 0;
	private inode = 0;
	private readonly path: string;

	/** From its beginning, from behind the bytes that were read already, or only what comes. */
	constructor(path: string, from: number | 'end' = 0) {
		this.path = path;
		if (from !== 0 && this.open()) {
			this.position = from === 'end' ? fstatSync(this.descriptor!).size : from;
		}
	}

	/** Hands over what is new. Calls `begin` where another file has taken the name or this one was emptied. */
	look(take: (chunk: Uint8Array) => void, begin: () => void): void {
		this.readOn(take, begin);
		const stats = statSync(this.path, {throwIfNoEntry: false});
		if (stats !== undefined && (this.descriptor === null || stats.ino !== this.inode)) {
			this.close();
			if (this.open()) {
				begin();
				this.readOn(take, begin);
			}
		}
	}

	close(): void {
		if (this.descriptor !== null) {
			closeSync(this.descriptor);
			this.descriptor = null;
		}
	}

	private open(): boolean {
		try {
			this.descriptor = openSync(this.path, 'r');
		} catch {
			return false;
		}

		this.inode = fstatSync(this.descriptor).ino;
		this.position = 0;
		return true;
	}

	private readOn(take: (chunk: Uint8Array) => void, begin: () => void): void {
		if (this.descriptor === null) {
			return;
		}

		if (fstatSync(this.descriptor).size < this.position) {
			this.position = 0;
			begin();
		}

		const piece = Buffer.alloc(pieceBytes);
		for (let read = 1; read > 0;) {
			read = readSync(this.descriptor, piece, 0, piece.length, this.position);
			this.position += read;
			if (read > 0) {
				take(piece.subarray(0, read));
			}
		}
	}
}
