import {readFileSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {cacheEntry} from './cache.ts';
import {contentHash} from './hash.ts';
import {kindFor} from './kernels.ts';
import {Machine, type Parts, saveSnapshot, SNAPSHOT_FILE} from './machine.ts';
import {type Report, stage} from './progress.ts';
import {qemuCommand} from './qemu-command.ts';
import {COLD_BOOT_MS, COMMAND_MS} from './timeouts.ts';

// Where a lab can start: a host that just booted, or one with two guests, vm0 and vm1, that run.
export type Point = 'clean' | 'guests';

// Everything that is slow the first time is done before the snapshot. No VF may exist in it: after
// a restore their traffic would be dead.
const WARM_UP = `
	virsh --quiet capabilities >/dev/null
	virsh --quiet domcapabilities --virttype kvm >/dev/null
	virsh --quiet nodedev-list >/dev/null
	for pf in eth1 eth2; do ip link set $pf up; done
	for pf in eth1 eth2; do timeout 30 sh -c "until [ \\"\\$(cat /sys/class/net/$pf/carrier)\\" = 1 ]; do sleep 0.1; done"; done
	node --version >/dev/null
	sync
`;

const START_GUESTS = `
	for name in vm0 vm1; do /lab/guest define $name; done
	for name in vm0 vm1; do /lab/guest start $name; done
`;

// The directory with the snapshot of a point, made first if the cache has none.
export async function ensurePoint(point: Point, parts: Parts, report: Report): Promise<string> {
	return cacheEntry({
		kind: kindFor(parts.tree.kernel, point),
		key: contentHash(
			path.basename(parts.images.directory),
			// Images that were built anew have a key of their own, which the host in an older snapshot would refuse.
			readFileSync(`${parts.images.key}.pub`, 'utf8'),
			qemuCommand({accelerator: parts.accelerator, incoming: false}),
			parts.accelerator === 'kvm' ? hostProcessor() : '',
			WARM_UP,
			point === 'guests' ? START_GUESTS : '',
		),
		report,
		build: async entry => {
			const before = point === 'guests' ? await ensurePoint('clean', parts, report) : undefined;
			const state = path.join(entry, 'state');
			const machine = before === undefined
				? await stage(report, `first boot of the emulated host (${parts.accelerator})`, async () => Machine.boot(parts, state))
				: await Machine.resume(parts, state, before);
			try {
				await (before === undefined
					? stage(report, 'libvirt caches and PFs', async () => machine.ssh.exec(`set -e\n${WARM_UP}`, {timeoutMs: COMMAND_MS}))
					: stage(report, 'two guests', async () => machine.ssh.exec(`set -e\n${START_GUESTS}`, {timeoutMs: 2 * COLD_BOOT_MS})));
				await stage(report, `snapshot '${point}'`, async () => saveSnapshot(machine.qmp, SNAPSHOT_FILE));
			} finally {
				await machine.kill();
			}

			await fs.rename(path.join(state, SNAPSHOT_FILE), path.join(entry, SNAPSHOT_FILE));
			await fs.rm(state, {recursive: true, force: true});
		},
	});
}

// A snapshot made with KVM holds the features of the processor it ran on.
function hostProcessor(): string {
	return readFileSync('/proc/cpuinfo', 'utf8').split('\n').filter(line => /^(model name|flags|microcode)/.test(line)).slice(0, 3).join();
}
