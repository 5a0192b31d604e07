// For every step of an attach: a failure there, and a kill -9 before and after it. The host must
// be as before each time. And twenty at once.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {killed, LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

// Down PF, no VFs, vfio-pci not loaded, settings, own binding, both definitions, guest agent:
// the longest way an attach can go.
const attach = ['attach', 'vm0', 'eth1', '--vfs', '2', '--method', 'hostdev', '--managed', 'no', '--mac', '52:54:00:aa:00:01', '--vlan', '42', '--spoofchk', 'off', '--max-tx-rate', '100'];
const kinds = ['set-link', 'set-numvfs', 'load-module', 'set-vf', 'bind', 'attach-device', 'attach-device', 'check-guest'];

test.before(async () => {
	lab = await Lab.start({name: `crash-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('ip link set eth1 down; modprobe -r vfio-pci');
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('the plan has every kind of step', async t => {
	const {json} = await vfctl.run([...attach, '--dry-run']);
	t.deepEqual(json.plan.actions.map((action: {kind: string}) => action.kind), kinds);
});

for (const [index, kind] of kinds.entries()) {
	const step = index + 1;
	test.serial(`failure at step ${step} (${kind}): everything is put back`, async t => {
		const {json} = await vfctl.run(attach, {code: 5, env: {VFCTL_FAULT: `fail@${step}:after`}});
		t.is(json.error.code, 'STEP_FAILED');
		await sameAsBefore(t);
	});

	for (const phase of ['before', 'after']) {
		test.serial(`kill -9 ${phase} step ${step} (${kind}) takes effect: recover puts everything back`, async t => {
			await vfctl.run(attach, {code: killed, env: {VFCTL_FAULT: `kill@${step}:${phase}`}});
			if (phase === 'after') {
				const {json} = await vfctl.run(['vf', 'create', 'eth2', '1'], {code: 3});
				t.is(json.error.code, 'NEEDS_RECOVERY');
			}

			await vfctl.run(['recover']);
			await sameAsBefore(t);
		});
	}
}

test.serial('kill -9 from outside at any moment: recover puts everything back', async t => {
	for (const seconds of [3, 4, 5, 6, 8]) {
		// timeout kills vfctl alone; what it had started goes on for a moment.
		await lab.exec(`timeout -s KILL ${seconds} vfctl ${attach.join(' ')}`, {ok: 'any', timeoutMs: 120_000});
		await vfctl.run(['recover']);
		await vfctl.run(['detach', 'vm0', 'eth1'], {code: [0, 3, 4]});
		const {json} = await vfctl.run(['history', '--limit', '1']);
		if (json.operations[0].subject.command !== 'attach' || json.operations[0].outcome === 'done') {
			// It was quicker than the kill.
			await vfctl.run(['vf', 'destroy', 'eth1', '--yes']);
			await lab.exec('ip link set eth1 down; modprobe -r vfio-pci');
		}

		await sameAsBefore(t);
	}
});

test.serial('twenty attaches at once on seven VFs', async t => {
	await lab.restore('clean');
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '7']);
	await lab.exec('for i in $(seq 20); do /lab/guest define g$i; done', {timeoutMs: 120_000});
	await lab.exec('for i in $(seq 20); do (vfctl attach g$i eth1 --config --json > /tmp/g$i.json 2>/tmp/g$i.err; echo $? > /tmp/g$i.code) & done; wait', {timeoutMs: 900_000});
	const results = await Promise.all(Array.from({length: 20}, async (_, index) => {
		const {stdout} = await lab.exec(`cat /tmp/g${index + 1}.code /tmp/g${index + 1}.json`);
		const [code, ...json] = stdout.split('\n');
		return {code: Number(code), json: JSON.parse(json.join('\n'))};
	}));
	const successes = results.filter(({code}) => code === 0);
	t.is(successes.length, 7);
	t.is(new Set(successes.map(({json}) => json.plan.subject.vf)).size, 7, 'each got a VF of its own');
	for (const {json} of results.filter(({code}) => code !== 0)) {
		t.is(json.error.code, 'NO_FREE_VF');
		t.regex(json.error.why, /guest g\d+/);
	}
});

async function sameAsBefore(t: {deepEqual: (a: unknown, b: unknown) => void}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}
