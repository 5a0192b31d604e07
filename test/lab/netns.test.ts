// VFs in network namespaces on igb cards: traffic, everything that a container can do to its
// interface, namespaces that die, and guests that want the same VF.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

// Settings on the PF, a MAC that reloads the driver, a new name, MTU and addresses of both kinds.
const blue = ['netns', 'attach', 'blue', 'eth1#0', '--name', 'net1', '--mac', '52:54:00:aa:00:01', '--vlan', '42', '--mtu', '1400', '--address', '20.0.0.1/24', '--address', 'fd00::1/64'];
const red = ['netns', 'attach', 'red', 'eth2', '--name', 'net1', '--vlan', '42', '--address', '20.0.0.2/24', '--address', 'fd00::2/64'];
const vf = '0000:01:10.0';

test.before(async () => {
	lab = await Lab.start({name: `netns-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('/lab/vfs 2 0000:01:00.0; /lab/vfs 1 0000:02:00.0; ip netns add red; ip netns add blue; /lab/guest define vm0');
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('two VFs of two PFs in two namespaces reach each other over IPv4 and IPv6 in their VLAN', async t => {
	await vfctl.run(blue);
	await vfctl.run(red);
	t.false((await vfctl.run(blue)).json.changed, 'a second time there is nothing to do');
	await lab.waitFor('ip netns exec blue ping -c 1 -W 2 20.0.0.2', {timeoutMs: 120_000});
	await lab.waitFor('ip netns exec red ping -6 -c 1 -W 2 fd00::1', {timeoutMs: 120_000});
	const {json} = await vfctl.run(['netns', 'list']);
	t.deepEqual(json.interfaces.map(({namespace, netdev, device, up, addresses}: Record<string, unknown>) => [namespace, netdev, device, up, addresses]), [
		['blue', 'net1', 'eth1#0', true, ['20.0.0.1/24', 'fd00::1/64']],
		['red', 'net1', 'eth2#0', true, ['20.0.0.2/24', 'fd00::2/64']],
	]);
	const {json: list} = await vfctl.run(['list', 'eth1']);
	t.is(list.pfs[0].vfs[0].holder.text, 'namespace blue (net1)');
	const refused = await vfctl.run(['attach', 'vm0', 'eth1#0'], {code: 3});
	t.is(refused.json.error.code, 'VF_HELD');
	await vfctl.run(['vf', 'set', 'eth2#0', '--vlan', '43']);
	await lab.exec('ip -n blue neigh flush all; ip -n red neigh flush all');
	t.not((await lab.exec('ip netns exec blue ping -c 3 -W 2 20.0.0.2', {ok: 'any', timeoutMs: 60_000})).code, 0, 'another VLAN hears nothing');
	await vfctl.run(['vf', 'set', 'eth2#0', '--vlan', '42']);
});

test.serial('whatever the container made of its interface, detach leaves the host as it was', async t => {
	// The MAC of the VF in red is its own, so the container may change it.
	await lab.exec('ip -n red link set net1 down; ip -n red link set net1 name other; ip -n red link set other address 02:00:00:00:00:77; ip -n red link set other mtu 1300; ip -n red link set other up; ip -n red addr add 9.9.9.9/24 dev other');
	await lab.exec('ip -n blue link set net1 name lan0; ip -n blue link set lan0 mtu 1280');
	await vfctl.run(['netns', 'detach', 'red', 'other']);
	await vfctl.run(['netns', 'detach', 'blue', 'eth1#0']);
	await sameAsBefore(t);
});

test.serial('undo of an attach, and of the detach after one', async t => {
	await vfctl.run(blue);
	await vfctl.run(['undo', '--yes']);
	await sameAsBefore(t);
	await vfctl.run(blue);
	await lab.exec('ip -n blue link set net1 name lan0');
	await vfctl.run(['netns', 'detach', 'blue', 'lan0']);
	await vfctl.run(['undo', '--yes']);
	const {stdout} = await lab.exec('ip -n blue addr show dev lan0');
	t.regex(stdout, /mtu 1400 [^]*52:54:00:aa:00:01[^]*20\.0\.0\.1\/24[^]*fd00::1\/64/);
	await vfctl.run(['netns', 'detach', 'blue', 'lan0']);
	await sameAsBefore(t);
});

test.serial('a namespace that is deleted: its VFs come home as they are, and reclaim puts them back', async t => {
	await vfctl.run(blue);
	await lab.exec('ip -n blue link set net1 name eth4; ip -n blue link set eth4 mtu 1280; ip netns del blue');
	// The second VF has that name on the host, so the kernel calls this one dev and its number.
	await lab.waitFor(`ls /sys/bus/pci/devices/${vf}/net | grep -q '^dev[0-9]'`, {timeoutMs: 60_000});
	await lab.exec('ip netns add blue');
	const refused = await vfctl.run(['netns', 'attach', 'blue', 'eth1#0'], {code: 3});
	t.regex(refused.json.error.fix, /vfctl netns reclaim/);
	t.is((await vfctl.run(['netns', 'list'])).json.interfaces[0].state, 'gone');
	await vfctl.run(['netns', 'reclaim']);
	await sameAsBefore(t);
});

test.serial('a namespace whose only process is killed: detach finds what it was', async t => {
	const {stdout} = await lab.exec('setsid unshare --net sleep 100000 > /dev/null 2>&1 & echo $!');
	const pid = stdout.trim();
	await lab.waitFor(`test "$(readlink /proc/${pid}/ns/net)" != "$(readlink /proc/1/ns/net)" && grep -q sleep /proc/${pid}/comm`, {timeoutMs: 60_000});
	await vfctl.run(['netns', 'attach', `pid:${pid}`, 'eth1#0', '--name', 'net1', '--trust', 'on', '--mtu', '1400', '--address', '20.0.0.1/24']);
	const {json} = await vfctl.run(['list', 'eth1']);
	t.is(json.pfs[0].vfs[0].holder.text, `a namespace of process sleep (${pid}), as net1`);
	await lab.exec(`kill -9 ${pid}`);
	await lab.waitFor(`test -n "$(ls /sys/bus/pci/devices/${vf}/net)"`, {timeoutMs: 60_000});
	await vfctl.run(['netns', 'detach', `pid:${pid}`, 'net1']);
	await sameAsBefore(t);
});

test.serial('a guest and a namespace at once: exactly one gets the VF', async t => {
	await lab.exec('(vfctl netns attach blue eth1#0 --name net1 --json > /tmp/ns.json 2>&1; echo $? > /tmp/ns.code) & (vfctl attach vm0 eth1#0 --config --json > /tmp/vm.json 2>&1; echo $? > /tmp/vm.code) & wait', {timeoutMs: 300_000});
	const codes = (await lab.exec('cat /tmp/ns.code /tmp/vm.code')).stdout.trim().split('\n').map(Number);
	t.deepEqual(codes.toSorted((a, b) => a - b), [0, 3]);
	const [winner, loser] = codes[0] === 0 ? ['ns', 'vm'] : ['vm', 'ns'];
	const refused = JSON.parse((await lab.exec(`sed -n '/^{/,$p' /tmp/${loser}.json`)).stdout);
	t.is(refused.error.code, 'VF_HELD');
	t.regex(refused.error.why, winner === 'ns' ? /namespace/ : /guest vm0/);
	await vfctl.run(winner === 'ns' ? ['netns', 'detach', 'blue', 'net1'] : ['detach', 'vm0', 'eth1#0', '--config']);
	await sameAsBefore(t);
});

async function sameAsBefore(t: {deepEqual: (a: unknown, b: unknown) => void}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}
