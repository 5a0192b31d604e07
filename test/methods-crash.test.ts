// Attach methods without a VF of the guest's own, when something goes wrong: a process that is killed
// before any single change of an attach or a detach, and a failure at each step, leave a host as before.
import test from 'ava';
import {execute} from '../lib/exec/execute.ts';
import {parseFault} from '../lib/exec/fault.ts';
import {unfinishedOperations} from '../lib/exec/journal.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord} from '../lib/record/record.ts';
import type {SimHost} from '../lib/sim/sim-host.ts';
import {crashAt, crashEverywhere} from './helpers/crash.ts';
import {errorOf} from './helpers/error-of.ts';
import {methodsHost} from './helpers/methods-host.ts';
import {captured, done, vfctl} from './helpers/plan-world.ts';

const address = '--address 10.2.0.3/24 --guest-file none';
const attaches: ReadonlyArray<readonly [method: string, attach: string, detach: string, least: number]> = [
	['macvtap on a VF', `attach vm0 pf0#1 --method macvtap --vlan 42 --trust on --spoofchk off ${address}`, 'detach vm0 pf0#1', 8],
	['a bridge', `attach vm0 br0 --method bridge ${address}`, 'detach vm0 br0', 5],
	['vhost-user', `attach vm0 /run/open.sock --method vhost-user --queues 2 ${address}`, 'detach vm0 /run/open.sock', 5],
	['ivshmem', 'attach vm0 ring --method ivshmem --size 8M', 'detach vm0 ring', 4],
];

const words = (line: string): string[] => line.split(' ');

/** The host without what libvirt numbers anew when it gives a device a second time. */
async function lasting(host: SimHost): Promise<HostRecord> {
	return parseRecord(formatRecord(await captured(host)).replaceAll(/\bmacvtap\d+\b/g, 'macvtapN').replaceAll(/<alias name='([a-z]+)\d+'\/>/g, '<alias name=\'$1N\'/>'));
}

async function hostAfter(given: readonly string[]): Promise<SimHost> {
	const host = methodsHost();
	for (const line of given) {
		await done(host, line);
	}

	return host;
}

async function planOn(host: SimHost, line: string): Promise<Plan> {
	return done(host, `${line} --dry-run`);
}

function contextOf(host: SimHost, fault: string): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl'], fault: parseFault(fault)};
}

for (const [method, attach, detach, least] of attaches) {
	for (const [what, given, line] of [['attach', [], attach], ['detach', [attach], detach]] as const) {
		test(`${method}: a crash before any single change of ${what} is recovered`, async t => {
			const before = await lasting(await hostAfter(given));
			const changes = await crashEverywhere(async () => hostAfter(given), async host => vfctl(host, words(line)), async (after, at) => {
				t.is((await vfctl(after, ['recover'])).error, undefined, `change ${at}`);
				t.deepEqual(compareRecords(before, await lasting(after)), [], `crash at change ${at}`);
				t.deepEqual(unfinishedOperations(after.files), []);
				await done(after, line);
			});
			t.true(changes >= least, `only ${changes} changes`);
		});

		test(`${method}: a failure before and after each step of ${what} puts everything back`, async t => {
			const steps = (await planOn(await hostAfter(given), line)).actions.length;
			t.true(steps > 0);
			for (const fault of Array.from({length: steps}, (_, index) => [`fail@${index + 1}:before`, `fail@${index + 1}:after`]).flat()) {
				const host = await hostAfter(given);
				const before = await lasting(host);
				const error = await errorOf(execute(await planOn(host, line), contextOf(host, fault)));
				t.is(error.code, 'STEP_FAILED', fault);
				t.deepEqual(compareRecords(before, await lasting(host)), [], fault);
				t.deepEqual(unfinishedOperations(host.files), []);
			}
		});
	}
}

test('a recovery that crashes is taken up by the next one', async t => {
	for (let at = 1; ; at++) {
		const host = methodsHost();
		const before = await lasting(host);
		const [, attach] = attaches[0]!;
		// The first process dies once the running guest has the interface.
		const second = await crashAt(host, what => /attach.*config/.test(what), async () => vfctl(host, words(attach)));
		const third = await crashAt(second!, at, async () => vfctl(second!, ['recover']));
		t.is((await vfctl(third ?? second!, ['recover'])).error, undefined);
		t.deepEqual(compareRecords(before, await lasting(third ?? second!)), [], `second crash at change ${at}`);
		if (third === undefined) {
			t.true(at > 3, `only ${at} changes`);
			return;
		}
	}
});
