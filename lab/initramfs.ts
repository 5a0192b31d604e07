import path from 'node:path';

// One member of an initramfs. Content is a file's bytes; target makes it a symbolic link; neither, a directory.
export type Member = {path: string; mode?: number; content?: string | Uint8Array; target?: string};

const DIRECTORY = 0o040_000;
const FILE = 0o100_000;
const LINK = 0o120_000;

// An initramfs in cpio's newc format, uncompressed: copying it is faster than an emulated processor unpacks it.
export function initramfs(members: readonly Member[]): Buffer {
	const chunks: Buffer[] = [];
	const all = withParents(members);
	for (const [index, member] of all.entries()) {
		chunks.push(record(member, index + 1));
	}

	chunks.push(record({path: 'TRAILER!!!', content: ''}, 0));
	return Buffer.concat(chunks);
}

// Each directory once, before what is in it: the kernel creates no parents.
function withParents(members: readonly Member[]): Member[] {
	const seen = new Set<string>();
	const result: Member[] = [];
	const add = (member: Member): void => {
		const parent = path.dirname(member.path);
		if (parent !== '.' && !seen.has(parent)) {
			add({path: parent});
		}

		if (!seen.has(member.path)) {
			seen.add(member.path);
			result.push(member);
		}
	};

	for (const member of members) {
		add({...member, path: member.path.replace(/^\/+/, '')});
	}

	return result;
}

function record(member: Member, inode: number): Buffer {
	const name = Buffer.from(`${member.path}\0`);
	const data = Buffer.from(member.target ?? member.content ?? '');
	const type = member.target === undefined ? (member.content === undefined ? DIRECTORY : FILE) : LINK;
	const permissions = member.mode ?? (type === FILE ? 0o644 : type === LINK ? 0o777 : 0o755);
	const fields = [inode, type | permissions, 0, 0, type === DIRECTORY ? 2 : 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
	const header = Buffer.from(`070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`);
	return Buffer.concat([padded(Buffer.concat([header, name])), padded(data)]);
}

function padded(data: Buffer): Buffer {
	const rest = data.length % 4;
	return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(4 - rest)]);
}
