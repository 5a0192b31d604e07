// The filter of a card on the real kernel, and `bridge fdb` of the simulated one held against it.
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import {execute} from '../lib/exec/execute.ts';
import {readFilter} from '../lib/exec/read-filter.ts';
import {recover} from '../lib/exec/recover.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import {planUndoOf} from '../lib/exec/undo.ts';
import type {Mac} from '../lib/model/mac.ts';
import type {SetFilterAction} from '../lib/plan/action.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {hosts} from './helpers/plan-world.ts';
import {startPrivateNetwork} from './helpers/private-network.ts';

const mac = '52:54:00:99:00:01' as Mac;
const known: SetFilterAction = {kind: 'set-filter', netdev: 't0', mac, from: false, to: true};
const planOf = (action: SetFilterAction): Plan => ({version: 1, subject: {command: 'doctor'}, title: 'test', actions: [action], warnings: [], risks: []});

function contextOf(host: SimHost): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'test']};
}

test('on the kernel: an address is added beside another one, and taken away by undo', async t => {
	const network = await startPrivateNetwork();
	try {
		const {runner} = network;
		t.is((await runner.run(['bridge', 'fdb', 'add', '52:54:00:99:00:02', 'dev', 't0', 'self'])).code, 0);
		const before = await readFilter(runner, 't0');
		const context = contextOf(network.over(simHost(hosts['usual']!())));
		const {number} = await execute(planOf(known), context);
		t.deepEqual((await readFilter(runner, 't0')).toSorted(), [...before, mac].toSorted());
		await execute(await planUndoOf(context, number), context);
		t.deepEqual(await readFilter(runner, 't0'), before);
		t.deepEqual(await recover(context), []);

		const error = await t.throwsAsync(execute(planOf({...known, netdev: 't9'}), context), {instanceOf: AppError});
		t.regex(`${error?.message} ${error?.why}`, /there is no interface t9/);
	} finally {
		network.stop();
	}
});

test('bridge fdb of a simulated host: the same codes and words', async t => {
	const network = await startPrivateNetwork();
	try {
		const sim = simHost(hosts['usual']!());
		const netdev = sim.files.list('/sys/class/net').find(name => name !== 'lo')!;
		for (const words of [`add ${mac} dev IF self`, `add ${mac} dev IF self`, `del ${mac} dev IF self`, `del ${mac} dev IF self`, `add ${mac} dev nope self`]) {
			const [real, played] = await Promise.all(([[network.runner, 't0'], [sim.runner, netdev]] as const).map(async ([runner, name]) => {
				const {code, stdout, stderr} = await runner.run(['bridge', 'fdb', ...words.replace('IF', name).split(' ')]);
				return {code, stdout, stderr};
			}));
			t.deepEqual(played, real, words);
			t.deepEqual(await readFilter(sim.runner, netdev).then(list => list.includes(mac)), await readFilter(network.runner, 't0').then(list => list.includes(mac)), words);
		}
	} finally {
		network.stop();
	}
});
