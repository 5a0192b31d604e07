import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {onProcessEnd} from './cleanup.ts';
import {contentHash} from './hash.ts';
import type {Images} from './images.ts';
import {launch} from './launch.ts';
import {cacheDirectory} from './paths.ts';
import {poll} from './poll.ts';
import {type Report, stage} from './progress.ts';
import {type Accelerator, qemuCommand} from './qemu-command.ts';
import {KVM_PROBE_MS} from './timeouts.ts';
import type {Tree} from './tree.ts';

// KVM where a bounded boot shows that it works and nests, TCG otherwise. A /dev/kvm alone proves nothing: some
// machines have one that hangs or crashes with a distribution kernel. The verdict holds until the next boot.
export async function chooseAccelerator(tree: Tree, images: Images, report: Report): Promise<Accelerator> {
	const forced = process.env['VFCTL_LAB_ACCEL'];
	if (forced === 'kvm' || forced === 'tcg') {
		return forced;
	}

	if (!existsSync('/dev/kvm')) {
		return 'tcg';
	}

	const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
	const verdictFile = path.join(cacheDirectory(), `kvm-${contentHash(bootId, os.release(), path.basename(tree.directory))}`);
	if (!existsSync(verdictFile)) {
		const boots = await stage(report, 'does KVM boot here', async () => kvmBoots(tree, images));
		writeFileSync(verdictFile, boots ? 'kvm' : 'tcg');
	}

	return readFileSync(verdictFile, 'utf8') === 'kvm' ? 'kvm' : 'tcg';
}

async function kvmBoots(tree: Tree, images: Images): Promise<boolean> {
	const state = await fs.mkdtemp(path.join(cacheDirectory(), '.partial-kvm-'));
	const forget = onProcessEnd(() => rmSync(state, {recursive: true, force: true}));
	const command = qemuCommand({accelerator: 'kvm', incoming: false}).map(word => (word.startsWith('console=') ? `${word} lab.probe` : word));
	try {
		const launched = await launch({stateDirectory: state, treeDirectory: tree.directory, imagesDirectory: images.directory, command});
		try {
			const console = path.join(state, 'console');
			return (await poll(() => (readFileSync(console, 'utf8').includes('BOOTOK') ? true : undefined), {timeoutMs: KVM_PROBE_MS})) ?? false;
		} finally {
			await launched.kill();
		}
	} catch {
		return false; // It did not even start.
	} finally {
		await fs.rm(state, {recursive: true, force: true});
		forget();
	}
}
