import {readFileSync} from 'node:fs';
import path from 'node:path';
import type {Member} from './initramfs.ts';
import {run, runBinary} from './run.ts';
import {kernelRelease} from './tree.ts';

// Kernel modules and what they depend on, unpacked, with the order to load them in as /modules.order.
export async function moduleMembers(root: string, names: readonly string[]): Promise<Member[]> {
	const files = new Set<string>();
	for (const name of names) {
		const {stdout} = await run(
			['chroot', root, 'modprobe', '--set-version', kernelRelease(root), '--show-depends', name],
			{timeoutMs: 10_000, what: `the kernel of the tree has no module ${name}`},
		);
		for (const [, file] of stdout.matchAll(/^insmod (\S+)/gm)) {
			files.add(file ?? '');
		}
	}

	const members: Member[] = [];
	const order: string[] = [];
	for (const file of files) {
		const name = path.basename(file).replace(/\.xz$/, '');
		order.push(name);
		members.push({path: `modules/${name}`, content: await unpacked(root, file)});
	}

	return [...members, {path: 'modules.order', content: `${order.join('\n')}\n`}];
}

async function unpacked(root: string, file: string): Promise<Buffer> {
	const content = readFileSync(path.join(root, file));
	if (!file.endsWith('.xz')) {
		return content;
	}

	const {stdout} = await runBinary(['chroot', root, 'busybox', 'xzcat'], {timeoutMs: 10_000, input: content, what: `${file} could not be unpacked`});
	return stdout;
}
