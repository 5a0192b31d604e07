// The methods without a VF of the guest's own, on a real kernel and with real guests: macvtap, bridges.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {makeUsedBridge, useVfsOnce} from './helpers/first-use.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `methods-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await vfctl.run(['vf', 'create', 'eth2', '1']);
	await useVfsOnce(lab);
	await makeUsedBridge(lab, 'br-lab');
});

test.after.always(async () => {
	await lab?.down();
});

const guests = ['vm0', 'vm1'] as const;

/** Attaches to both guests, with addresses, and lets the first ping the second. */
async function attachBoth(method: string, devices: readonly [string, string], network: string): Promise<void> {
	for (const [index, guest] of guests.entries()) {
		const {json} = await vfctl.run(['attach', guest, devices[index]!, '--method', method, '--address', `${network}.${index + 1}/24`, '--guest-file', 'none', '--guest-timeout', '200']);
		if (json.changed !== true) {
			throw new Error(`nothing was attached to ${guest}: ${JSON.stringify(json)}`);
		}
	}

	await lab.exec(`/lab/guest ping ${guests[0]} ${network}.2`);
}

async function definitions(guest: string): Promise<[string, string]> {
	return [(await lab.exec(`virsh dumpxml ${guest}`)).stdout, (await lab.exec(`virsh dumpxml ${guest} --inactive`)).stdout];
}

test.serial('macvtap: guests on VFs of two PFs reach each other, list shows who has them, and the host is as before', async t => {
	await vfctl.capture('/tmp/before.rec');
	await attachBoth('macvtap', ['eth1', 'eth2#0'], '10.7.0');
	for (const xml of await definitions('vm0')) {
		t.regex(xml, /<interface type='direct'>[^]*?<source dev='eth\d+' mode='passthrough'\/>/);
	}

	const {json: list} = await vfctl.run(['list']);
	t.is(list.pfs[0].vfs[0].holder.guest, 'vm0');
	t.is(list.pfs[0].vfs[0].driver, 'igbvf', 'the VF keeps its host driver');
	t.is((await vfctl.run(['vf', 'destroy', 'eth1', '--yes'], {code: 3})).json.error.code, 'VFS_IN_USE');
	t.is((await vfctl.run(['bind', 'eth2#0', 'vfio-pci'], {code: 3})).json.error.code, 'VF_HELD');

	for (const [guest, device] of [['vm0', 'eth1'], ['vm1', 'eth2#0']] as const) {
		const again = await vfctl.run(['attach', guest, device, '--method', 'macvtap']);
		t.false(again.json.changed, 'a second time nothing is to be done');
		await vfctl.run(['detach', guest, device]);
	}

	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

test.serial('macvtap with a VLAN and settings: on the PF while the guest has it, then as before, tag and all', async t => {
	await vfctl.run(['vf', 'set', 'eth1#1', '--vlan', '7', '--qos', '3']);
	await vfctl.capture('/tmp/before.rec');
	await vfctl.run(['attach', 'vm0', 'eth1#1', '--method', 'macvtap', '--vlan', '42', '--trust', 'on', '--spoofchk', 'off', '--mac', '52:54:00:aa:00:42']);
	const [link] = JSON.parse((await lab.exec('ip -j -d link show dev eth1')).stdout);
	const {address, vlan_list: [tag], trust, spoofchk} = link.vfinfo_list[1];
	t.deepEqual({address, tag, trust, spoofchk}, {address: '52:54:00:aa:00:42', tag: {vlan: 42}, trust: true, spoofchk: false});
	const {json} = await vfctl.run(['detach', 'vm0', 'eth1#1']);
	t.true(json.changed);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	await vfctl.run(['vf', 'set', 'eth1#1', '--vlan', '0']);
});

test.serial('macvtap on a PF in bridge mode, by its name, and undo takes it away', async t => {
	await vfctl.capture('/tmp/before.rec');
	const {json} = await vfctl.run(['attach', 'vm0', 'eth1', '--method', 'macvtap', '--macvtap-mode', 'bridge', '--live']);
	t.regex((await definitions('vm0'))[0], /<source dev='eth1' mode='bridge'\/>/);
	t.true(json.changed);
	await vfctl.run(['undo', '--yes']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	t.is((await vfctl.run(['attach', 'vm0', 'eth0', '--method', 'macvtap', '--macvtap-mode', 'passthrough'], {code: 3, env: {SSH_CONNECTION: ''}})).json.error.code, 'HOST_NETWORK');
});

test.serial('bridge: two guests on a bridge of the host reach each other, and nothing stays', async t => {
	await vfctl.capture('/tmp/before.rec');
	await attachBoth('bridge', ['br-lab', 'br-lab'], '10.8.0');
	t.is((await lab.exec('ls /sys/class/net/br-lab/brif')).stdout.trim().split('\n').length, 2);
	for (const guest of guests) {
		const again = await vfctl.run(['attach', guest, 'br-lab', '--method', 'bridge']);
		t.false(again.json.changed, 'a second time nothing is to be done');
		await vfctl.run(['detach', guest, 'br-lab']);
	}

	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

test.serial('bridge with a VLAN: refused where the bridge does not tell VLANs apart, else set on its port', async t => {
	t.is((await vfctl.run(['attach', 'vm0', 'br-lab', '--method', 'bridge', '--vlan', '42'], {code: 3})).json.error.code, 'UNSUPPORTED');
	await lab.exec('ip link set br-lab type bridge vlan_filtering 1');
	await vfctl.run(['attach', 'vm0', 'br-lab', '--method', 'bridge', '--vlan', '42', '--live']);
	const port = (await lab.exec('ls /sys/class/net/br-lab/brif')).stdout.trim();
	t.regex((await lab.exec(`bridge vlan show dev ${port}`)).stdout, /\b42 PVID Egress Untagged/);
	await vfctl.run(['detach', 'vm0', 'br-lab']);
	await lab.exec('ip link set br-lab type bridge vlan_filtering 0');
});
