// vfctl_pf and the rebuilt igb are loaded and unloaded again and again while packets run between VFs:
// the kernel complains of nothing and keeps nothing, and the last one works as the first.
//
// VFCTL_LAB_LOADS is how often (docs/lab.md: 100 were run once).
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {grown, lines, runRounds} from './helpers/rounds.ts';

const loads = Number(process.env['VFCTL_LAB_LOADS'] ?? 8);
const loadMs = 60_000;
let lab: Lab;

test.before(async () => {
	lab = await Lab.start({name: `driver-loads-${process.pid}`});
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('loaded and unloaded under traffic', async t => {
	t.timeout((loads + 5) * loadMs);
	const release = await putDrivers(lab);
	const {output, tainted} = await runRounds(lab, 'loads.sh', {args: [loads, `/var/lib/vfctl/drivers/${release}`], timeoutMs: (loads + 3) * loadMs});
	t.log(output.split('\n').filter(line => !line.startsWith('objects')).join('\n'));
	t.deepEqual(lines(output, 'ended'), [['0']]);
	t.is(lines(output, 'load').length, loads);
	t.is(lines(output, 'answered').length, 1);

	t.deepEqual(lines(output, 'complaint'), []);
	t.false(tainted);

	t.true(lines(output, 'objects', 'begin').length > 10);
	t.log(`most more: ${JSON.stringify(grown(output, 'objects', 1).slice(0, 6))}`);
	// With 100 loads less than one object a load in every cache. Few loads cannot tell that little from what comes and goes.
	t.deepEqual(grown(output, 'objects', Math.max(loads, 64)), []);
});
