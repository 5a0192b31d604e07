// VFs, namespaces, drivers and vfctl_fwd itself go and come under traffic: a connection between two VFs that
// stay lives through all of it, the kernel complains of nothing and keeps nothing.
//
// VFCTL_LAB_ROUNDS is how often (docs/forward.md: 200 were run once).
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {patience} from '../../lab/timeouts.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {putProgram} from './helpers/put-program.ts';
import {grown, lines, runRounds} from './helpers/rounds.ts';
import {declareSelfChecks} from './helpers/self-checks.ts';
import {LabVfctl} from './helpers/vfctl.ts';

const rounds = Number(process.env['VFCTL_LAB_ROUNDS'] ?? 8);
const roundMs = 90_000 * patience;
let lab: Lab;
let vfctl: LabVfctl;
let said: string;

test.before(async () => {
	lab = await Lab.start({name: `forward-churn-${process.pid}`});
	vfctl = await LabVfctl.install(lab);
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('what goes and comes under traffic', async t => {
	t.timeout((rounds + 5) * roundMs);
	const release = await putDrivers(lab);
	await putProgram(lab, 'bench/forward/traffic.c', '/root/traffic');
	await lab.exec('modprobe -a macvtap inet_diag tcp_diag');
	await vfctl.capture('/tmp/before.rec');
	const {output, tainted} = await runRounds(lab, 'churn.sh', {args: [rounds, `/var/lib/vfctl/drivers/${release}`, '/root/traffic'], timeoutMs: (rounds + 3) * roundMs});
	said = output;
	t.log(said.split('\n').filter(line => !line.startsWith('objects')).join('\n'));
	t.deepEqual(lines(said, 'ended'), [['0']]);
	t.is(lines(said, 'round').length, rounds);
	t.deepEqual(lines(said, 'complaint'), []);
	t.false(tainted);

	// The same two ports: the connection of the beginning, and no other.
	t.is(lines(said, 'connection', 'begin').length, 1);
	t.deepEqual(lines(said, 'connection', 'end'), lines(said, 'connection', 'begin'));
	t.true(Number(lines(said, 'passed')[0]?.[0]) > rounds);
});

test.serial('the kernel keeps nothing of it', t => {
	t.true(lines(said, 'objects', 'begin').length > 10);
	t.is(lines(said, 'memory', 'begin').length, 4);
	t.log(`most more: ${JSON.stringify(grown(said, 'objects', 1).slice(0, 6))} objects, ${JSON.stringify(grown(said, 'memory', 1))} KiB`);
	// A round makes seven ports, each with memory of its own. Few rounds cannot tell less than that from what comes and goes.
	t.deepEqual(grown(said, 'objects', Math.max(rounds, 64)), []);
	t.deepEqual(grown(said, 'memory', Math.max(16 * rounds, 4096)), []);
});

test.serial('the host is as it was', async t => {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

declareSelfChecks(() => lab);
