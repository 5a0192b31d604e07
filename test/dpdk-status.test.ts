// `vfctl dpdk status` against the installed dpdk-devbind.py, byte for byte: both run in namespaces of
// their own over made-up hosts, with the real lspci, libkmod, udev database and ip. Needs root and
// the packages dpdk, pciutils, kmod, iproute2.
import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {release} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {dpdkTestHost, type DpdkTestHost} from './helpers/dpdk-hosts.ts';
import {writeModules} from './helpers/fake-modules.ts';
import {materialise} from './helpers/sysfs-tree.ts';

const program = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'vfctl.js');
const devbind = process.env['VFCTL_TEST_DEVBIND'] ?? '/usr/bin/dpdk-devbind.py';
// Releases before 24.11 show no NUMA node.
const layout = readFileSync(devbind, 'utf8').includes('NUMANode') ? '24.11' : '22.11';

interface Answers {
	real: string;
	ours: string;
}

/** Runs both on the host: for the whole status, or for each of the classes. */
function runBoth(host: DpdkTestHost, classes: ReadonlyArray<string | null> = [null]): Answers[] {
	const tree = materialise(host.entries);
	try {
		writeModules(tree.root, release(), host.modules);
		const out = join(tree.root, 'out');
		mkdirSync(out);
		const quoted = (words: readonly string[]) => words.map(word => `'${word}'`).join(' ');
		writeFileSync(join(tree.root, 'network'), ['link set lo up', ...host.network, ''].join('\n'));
		writeFileSync(join(tree.root, 'run.sh'), [
			'set -e',
			`ip -batch ${tree.root}/network`,
			// /lib/modules need not be there, and nothing is made on the machine itself.
			`mkdir ${tree.root}/over`, `mount -t tmpfs over ${tree.root}/over`, `mkdir ${tree.root}/over/up ${tree.root}/over/work`,
			`mount -t overlay over -o lowerdir=/usr/lib,upperdir=${tree.root}/over/up,workdir=${tree.root}/over/work /usr/lib`,
			'mkdir -p /usr/lib/modules', 'mount -t tmpfs modules /usr/lib/modules', `cp -r ${tree.root}/lib/modules/. /usr/lib/modules/`,
			`mount --bind ${tree.sysfs} /sys`,
			...classes.flatMap((name, index) => [
				`${quoted([devbind, ...name === null ? ['--status'] : ['--status-dev', name]])} > ${out}/real${index}`,
				`${quoted([process.execPath, program, 'dpdk', 'status', '--layout', layout, ...name === null ? [] : ['--class', name]])} > ${out}/ours${index}`,
			]),
		].join('\n'));
		const {status, stderr} = spawnSync('unshare', ['--net', '--mount', '--propagation', 'private', 'sh', join(tree.root, 'run.sh')], {encoding: 'utf8'});
		if (status !== 0) {
			throw new Error(`it needs root and the packages dpdk, pciutils, kmod and iproute2: ${stderr}`);
		}

		return classes.map((_, index) => ({real: readFileSync(join(out, `real${index}`), 'utf8'), ours: readFileSync(join(out, `ours${index}`), 'utf8')}));
	} finally {
		rmSync(tree.root, {recursive: true, force: true});
	}
}

for (let seed = 1; seed <= 12; seed++) {
	test.serial(`made-up host ${seed}`, t => {
		const host = dpdkTestHost(seed, 4 + ((seed * 7) % 60));
		const [answers] = runBoth(host);
		t.is(answers!.ours, answers!.real);
		t.true(answers!.real.split('\n').filter(line => /^\d{4,5}:/.test(line)).length >= host.shown, 'the real tool shows them');
	});
}

test.serial('hundreds of devices', t => {
	const [answers] = runBoth(dpdkTestHost(1000, 600));
	t.is(answers!.ours, answers!.real);
	t.true(answers!.real.includes('*Active*'));
});

test.serial('each class alone', t => {
	const classes = ['net', 'baseband', 'crypto', 'dma', 'event', 'mempool', 'compress', 'misc', 'regex', ...layout === '22.11' ? [] : ['ml']];
	for (const [index, {real, ours}] of runBoth(dpdkTestHost(77, 40), classes).entries()) {
		t.is(ours, real, classes[index]);
		t.not(real, '');
	}
});

test.serial('no device at all', t => {
	const [answers] = runBoth(dpdkTestHost(5, 0));
	t.is(answers!.ours, answers!.real);
	t.regex(answers!.ours, /No 'Network' devices detected/);
});
