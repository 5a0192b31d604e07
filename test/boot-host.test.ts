// Waiting for libvirt and guests at boot.
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import {waitForAgents} from '../lib/exec/boot-host.ts';
import type {Host} from '../lib/host/host.ts';
import type {HostFile} from '../lib/model/host-file.ts';
import {sampleHosts} from '../lib/sim/sample-hosts.ts';
import {simHost} from '../lib/sim/sim-host.ts';

const network = {addresses: ['20.0.0.1/24'], routes: [], nameservers: [], file: 'none'} as const;
const file: HostFile = {version: 1, pfs: [], vfs: [], pools: [], routes: [], leases: [], hugepages: [], guests: [{name: 'vm0', vfs: [{source: {pool: 'fast'}, settings: {}, network}]}]};

/** A host whose libvirt does not answer the first questions. */
function hostWith(silences: number): {host: Host; asked: () => number} {
	const host = simHost(sampleHosts['seed-82599']!());
	let asked = 0;
	return {asked: () => asked, host: {...host, async openLibvirt(uri) {
		asked++;
		if (asked <= silences) {
			throw new AppError('LIBVIRT_UNREACHABLE', 'it starts guests');
		}

		return host.openLibvirt(uri);
	}}};
}

test('a daemon that starts a whole host is asked again until it answers', async t => {
	const {host, asked} = hostWith(3);
	await waitForAgents(host, file, {uri: 'qemu:///system', budgetMs: 60_000});
	t.true(asked() > 3);
});

test('one that never answers is told at the end', async t => {
	const {host} = hostWith(Number.POSITIVE_INFINITY);
	const before = host.clock.monotonicMs();
	const error = await t.throwsAsync(waitForAgents(host, file, {uri: 'qemu:///system', budgetMs: 60_000}), {instanceOf: AppError});
	t.is(error.code, 'LIBVIRT_UNREACHABLE');
	t.true(host.clock.monotonicMs() - before >= 60_000);
});
