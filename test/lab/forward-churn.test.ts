// VFs, namespaces, drivers and vfctl_fwd itself go and come under traffic: a connection between two VFs that
// stay lives through all of it, the kernel complains of nothing and keeps nothing.
//
// VFCTL_LAB_ROUNDS is how often (docs/forward.md: 200 were run once).
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {patience} from '../../lab/timeouts.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {putProgram} from './helpers/put-program.ts';
import {declareSelfChecks} from './helpers/self-checks.ts';
import {LabVfctl} from './helpers/vfctl.ts';

const rounds = Number(process.env['VFCTL_LAB_ROUNDS'] ?? 8);
const roundMs = 90_000 * patience;
let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `forward-churn-${process.pid}`});
	vfctl = await LabVfctl.install(lab);
});

test.after.always(async () => {
	await lab?.down();
});

/** What the script printed with these first words: the rest of each line. */
function lines(output: string, ...words: string[]): string[][] {
	return output.split('\n').map(line => line.split(' ')).filter(line => words.every((word, index) => line[index] === word)).map(line => line.slice(words.length));
}

/** Names with more at the end than at the beginning, by at least `most`. */
function grown(output: string, what: string, most: number): Array<[string, number]> {
	const begun = new Map(lines(output, what, 'begin').map(([name, count]) => [name, Number(count)]));
	return lines(output, what, 'end').map(([name, count]): [string, number] => [name!, Number(count) - (begun.get(name) ?? 0)]).filter(([, more]) => more >= most);
}

test.serial('what goes and comes under traffic', async t => {
	t.timeout((rounds + 5) * roundMs);
	const release = await putDrivers(lab);
	await lab.put('test/lab/helpers/churn.sh', '/root/churn.sh');
	await putProgram(lab, 'bench/forward/traffic.c', '/root/traffic');
	await lab.exec('modprobe -a macvtap inet_diag tcp_diag');
	await vfctl.capture('/tmp/before.rec');
	await lab.exec('dmesg --clear');
	// By itself: an ssh connection of a quarter of an hour was seen to end in the middle.
	await lab.exec(`(setsid sh /root/churn.sh ${rounds} /var/lib/vfctl/drivers/${release} /root/traffic; echo "ended $?") >/run/churn.log 2>&1 </dev/null &`);
	await lab.waitFor('grep -q ^ended /run/churn.log', {timeoutMs: (rounds + 3) * roundMs, everyMs: 3000});
	const {stdout} = await lab.exec('cat /run/churn.log');
	t.log(stdout.split('\n').filter(line => !/^objects/.test(line)).join('\n'));
	t.deepEqual(lines(stdout, 'ended'), [['0']]);
	t.is(lines(stdout, 'round').length, rounds);
	t.deepEqual(lines(stdout, 'complaint'), []);
	// Documentation/admin-guide/tainted-kernels.rst: 7 died, 9 warned, 14 soft lockup.
	t.is(Number((await lab.exec('cat /proc/sys/kernel/tainted')).stdout) & (1 << 7 | 1 << 9 | 1 << 14), 0);

	// The same two ports: the connection of the beginning, and no other.
	t.is(lines(stdout, 'connection', 'begin').length, 1);
	t.deepEqual(lines(stdout, 'connection', 'end'), lines(stdout, 'connection', 'begin'));
	t.true(Number(lines(stdout, 'passed')[0]?.[0]) > rounds);
});

test.serial('the kernel keeps nothing of it', async t => {
	const {stdout} = await lab.exec('cat /run/churn.log');
	t.true(lines(stdout, 'objects', 'begin').length > 10);
	t.is(lines(stdout, 'memory', 'begin').length, 4);
	t.log(`most more: ${JSON.stringify(grown(stdout, 'objects', 1).sort((a, b) => b[1] - a[1]).slice(0, 6))} objects, ${JSON.stringify(grown(stdout, 'memory', 1))} KiB`);
	// A round makes seven ports, each with memory of its own. Few rounds cannot tell less than that from what comes and goes.
	t.deepEqual(grown(stdout, 'objects', Math.max(rounds, 64)), []);
	t.deepEqual(grown(stdout, 'memory', Math.max(16 * rounds, 4096)), []);
});

test.serial('the host is as it was', async t => {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

declareSelfChecks(() => lab);
