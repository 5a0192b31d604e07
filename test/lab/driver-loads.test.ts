// vfctl_pf and the rebuilt igb are loaded and unloaded again and again while packets run between VFs:
// the kernel complains of nothing and keeps nothing, and the last one works as the first.
//
// VFCTL_LAB_LOADS is how often (docs/lab.md: 100 were run once).
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {putDrivers} from './helpers/put-drivers.ts';

const loads = Number(process.env['VFCTL_LAB_LOADS'] ?? 8);
const loadMs = 60_000;
let lab: Lab;

test.before(async () => {
	lab = await Lab.start({name: `driver-loads-${process.pid}`});
});

test.after.always(async () => {
	await lab?.down();
});

/** What the script printed with these first words: the rest of each line. */
function lines(output: string, ...words: string[]): string[][] {
	return output.split('\n').map(line => line.split(' ')).filter(line => words.every((word, index) => line[index] === word)).map(line => line.slice(words.length));
}

test.serial('loaded and unloaded under traffic', async t => {
	t.timeout((loads + 5) * loadMs);
	const release = await putDrivers(lab);
	await lab.put('test/lab/helpers/loads.sh', '/root/loads.sh');
	await lab.exec('dmesg --clear');
	// By itself: an ssh connection of a quarter of an hour was seen to end in the middle.
	await lab.exec(`(setsid sh /root/loads.sh ${loads} /var/lib/vfctl/drivers/${release}; echo "ended $?") >/run/loads.log 2>&1 </dev/null &`);
	await lab.waitFor('grep -q ^ended /run/loads.log', {timeoutMs: (loads + 3) * loadMs, everyMs: 3000});
	const {stdout} = await lab.exec('cat /run/loads.log');
	t.log(stdout.split('\n').filter(line => !line.startsWith('objects')).join('\n'));
	t.deepEqual(lines(stdout, 'ended'), [['0']]);
	t.is(lines(stdout, 'load').length, loads);
	t.is(lines(stdout, 'answered').length, 1);

	t.deepEqual(lines(stdout, 'complaint'), []);
	// Documentation/admin-guide/tainted-kernels.rst: 7 died, 9 warned, 14 soft lockup.
	t.is(Number((await lab.exec('cat /proc/sys/kernel/tainted')).stdout) & (1 << 7 | 1 << 9 | 1 << 14), 0);

	// With 100 loads less than one object a load in every cache. Few loads cannot tell that little from what comes and goes.
	const few = 64;
	const before = new Map(lines(stdout, 'objects', 'begin').map(([cache, count]) => [cache, Number(count)]));
	const ends = new Map(lines(stdout, 'objects', 'end').map(([cache, count]) => [cache, Number(count)]));
	const grown = [...ends].filter(([cache, count]) => count - (before.get(cache) ?? 0) >= Math.max(loads, few));
	t.true(before.size > 10);
	t.log([...before].map(([cache, count]) => `${cache} ${count} ${ends.get(cache)}`).join(', '));
	t.deepEqual(grown, []);
});
