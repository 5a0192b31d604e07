// A failover pair in a real guest: the VF is taken and given back under a running ping.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {quote} from '../../lib/model/shell-word.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const pairMac = '52:54:00:0f:00:01';
const peerMac = '52:54:00:0f:00:02';
const pairAddress = '10.9.0.1';
const peerAddress = '10.9.0.2';

// A request every 0.2 s. Seen in 13 rounds: 2 to 4 lost when the VF goes; 4 to 8 when it comes, and
// three times 13 to 18. igbvf looks for its carrier every 2 s, which may be why; it was not traced.
const spacing = '0.2';
const lostAtMost = {detach: 12, attach: 35};
const rounds = 2;

test.before(async () => {
	lab = await Lab.start({name: `failover-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	// The bridge carries the virtio half; the PF in it hears everything that is not for a VF.
	await lab.exec('ip link add br0 type bridge forward_delay 0 && ip link set eth1 master br0 && ip link set br0 up');
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await vfctl.run(['vf', 'create', 'eth2', '1']);
	await vfctl.run(['attach', 'vm1', 'eth2', '--mac', peerMac]);
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('a VF goes and comes back under a running ping, and a handful of packets are lost', async t => {
	await vfctl.capture('/tmp/before.rec');
	const {json} = await vfctl.run(['attach', 'vm0', 'eth1', '--failover', 'bridge:br0', '--mac', pairMac]);
	t.deepEqual(json.plan.warnings, []);
	t.is(await interfacesWith(pairMac), 3, 'net_failover above the virtio interface and the VF');
	await lab.exec(`/lab/guest address vm0 ${pairMac} ${pairAddress}/24 && /lab/guest address vm1 ${peerMac} ${peerAddress}/24`, {timeoutMs: 120_000});
	await lab.waitFor(carrierOfVf, {timeoutMs: 60_000, everyMs: 1000});
	await lab.exec(`/lab/guest ping vm1 ${pairAddress}`, {timeoutMs: 60_000});

	await lab.exec(['/lab/guest', 'exec', 'vm1', `ping -i ${spacing} ${pairAddress} >/tmp/ping 2>&1 &`]);
	const quiet = await lostIn(t, 'nothing', async () => {});
	t.true(quiet <= 2, `${quiet} lost without a change`);
	for (let round = 1; round <= rounds; round++) {
		const away = await lostIn(t, 'detach', async () => {
			const {json} = await vfctl.run(['detach', 'vm0', 'eth1']);
			t.regex(json.plan.warnings.join(), /carries the traffic/);
		});
		t.is(await interfacesWith(pairMac), 2, 'the virtio interface stays');
		const back = await lostIn(t, 'attach', async () => {
			await vfctl.run(['attach', 'vm0', 'eth1', '--failover', 'bridge:br0']);
			await lab.waitFor(carrierOfVf, {timeoutMs: 60_000, everyMs: 1000});
		});
		t.is(await interfacesWith(pairMac), 3);
		t.true(away <= lostAtMost.detach, `${away} lost when the VF was taken`);
		t.true(back <= lostAtMost.attach, `${back} lost when the VF came back`);
	}

	await lab.exec(['/lab/guest', 'exec', 'vm1', 'killall ping']);
	await vfctl.run(['detach', 'vm0', 'eth1', '--both']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

test.serial('undo of the attach takes both halves', async t => {
	await vfctl.capture('/tmp/before.rec');
	const {json} = await vfctl.run(['attach', 'vm0', 'eth1#1', '--failover', 'bridge:br0']);
	await vfctl.run(['undo', String(json.operation), '--yes']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

test.serial('a guest that is off starts with the pair, and its peer reaches it', async t => {
	await lab.exec(`/lab/guest define fo0 --vfip ${pairMac}=${pairAddress}/24`);
	await vfctl.run(['attach', 'fo0', 'eth1', '--failover', 'bridge:br0', '--mac', pairMac]);
	await lab.exec('/lab/guest start fo0', {timeoutMs: 360_000});
	await lab.exec(`/lab/guest address vm1 ${peerMac} ${peerAddress}/24 && /lab/guest ping vm1 ${pairAddress}`, {timeoutMs: 120_000});
	t.is(await interfacesWith(pairMac, 'fo0'), 3);
	await vfctl.run(['detach', 'fo0', 'eth1', '--live']);
	await lab.exec(`/lab/guest ping vm1 ${pairAddress}`, {timeoutMs: 60_000});
	await vfctl.run(['detach', 'fo0', pairMac, '--both']);
	const {stdout} = await lab.exec('virsh dumpxml fo0 | grep -c "<interface"', {ok: 'any'});
	t.is(stdout.trim(), '0');
	await lab.exec('/lab/guest remove fo0');
});

/** The VF is the pair's way out as soon as it has a carrier. */
const carrierOfVf = inGuest('vm0', 'for n in /sys/class/net/*; do [ -e $n/master ] && [ "$(readlink $n/device/driver | sed s,.*/,,)" = igbvf ] && [ "$(cat $n/carrier)" = 1 ] && exit 0; done; exit 1');

function inGuest(guest: string, command: string): string {
	return `/lab/guest exec ${guest} ${quote(command)}`;
}

async function interfacesWith(mac: string, guest = 'vm0'): Promise<number> {
	return Number((await lab.exec(['/lab/guest', 'exec', guest, `grep -li ^${mac} /sys/class/net/*/address | wc -l`])).stdout);
}

/** Requests without an answer while `work` runs and until answers come again. */
async function lostIn(t: ExecutionContext, what: string, work: () => Promise<void>): Promise<number> {
	const first = await lastAnswer();
	await work();
	await answersGoOn();
	const seen = await answers();
	const last = seen.at(-1)!;
	const lost = last - first - seen.filter(number => number > first).length;
	t.log(`${what}: ${lost} of ${last - first} requests lost, one every ${spacing} s; gaps: ${gaps(seen.filter(number => number >= first))}`);
	return lost;
}

/** Ten more answers than now: what was lost before is known then. */
async function answersGoOn(): Promise<void> {
	const now = await lastAnswer();
	await lab.waitFor(inGuest('vm1', `[ "$(sed -n 's/.*seq=\\([0-9]*\\).*/\\1/p' /tmp/ping | tail -n 1)" -ge ${now + 10} ]`), {timeoutMs: 60_000, everyMs: 1000});
}

async function lastAnswer(): Promise<number> {
	return (await answers()).at(-1) ?? -1;
}

/** Sequence numbers that were answered, in order. */
async function answers(): Promise<number[]> {
	const {stdout} = await lab.exec(['/lab/guest', 'exec', 'vm1', 'cat /tmp/ping']);
	return [...stdout.matchAll(/seq=(\d+)/g)].map(([, digits]) => Number(digits)).sort((a, b) => a - b);
}

function gaps(numbers: readonly number[]): string {
	return numbers.flatMap((number, index) => index > 0 && number > numbers[index - 1]! + 1 ? [`${number - numbers[index - 1]! - 1}`] : []).join(', ') || 'none';
}
