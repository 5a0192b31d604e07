// vfctl as a CNI plugin on a real igb card, with the IPAM plugins of Debian: what containers get, what
// they leave, and what kill -9 leaves.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {killed, LabVfctl, type VfctlResult} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
const before = '/tmp/before.rec';
const settings = {vlan: 100, max_tx_rate: 200, spoofchk: 'off'};
const ipam = {type: 'host-local', ranges: [[{subnet: '20.0.0.0/24', rangeStart: '20.0.0.10'}]], routes: [{dst: '50.0.0.0/24', gw: '20.0.0.1'}], dataDir: '/run/cni-ipam'};

test.before(async () => {
	lab = await Lab.start({name: `cni-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('mkdir -p /opt/cni/bin');
	await lab.put('/usr/lib/cni/host-local', '/opt/cni/bin/host-local');
	// As a plugin that is killed with vfctl: it has reserved an address, and nobody hears of it.
	await lab.exec(['sh', '-c', `cat > /opt/cni/bin/deadly && chmod +x /opt/cni/bin/*`], {input: '#!/bin/sh\n[ "$CNI_COMMAND" != ADD ] && exec /opt/cni/bin/host-local\n/opt/cni/bin/host-local\nkill -9 $PPID\n'});
	// 1.1.0 is younger than Debian's plugins.
	await lab.exec(['sh', '-c', `cat > /opt/cni/bin/older && chmod +x /opt/cni/bin/*`], {input: '#!/bin/sh\nsed s/1.1.0/1.0.0/ | exec /opt/cni/bin/host-local\n'});
	await lab.exec('ln -sf /usr/local/bin/vfctl /opt/cni/bin/vfctl');
	await vfctl.run(['vf', 'create', 'eth1', '4']);
	await lab.exec('ip netns add c1; ip netns add c2; /lab/guest define vm0');
	await vfctl.capture(before);
});

test.after.always(async () => {
	await lab?.down();
});

// One failure is not to be told fifteen times.
test.afterEach.always(async t => {
	if (!t.passed) {
		await lab.exec('for name in c1 c2; do ip netns list | grep -q "^$name" || ip netns add $name; done; rm -rf /run/cni-ipam', {ok: 'any'});
		await cni('GC', '', {cniVersion: '1.1.0', 'cni.dev/valid-attachments': []}, {code: [0, 3, 4, 5, 6, 7]});
	}
});

interface CallOptions {
	code?: number | readonly number[];
	env?: Record<string, string>;
}

/** One call as a runtime makes it, for container and namespace `container`. */
async function cni(command: string, container: string, config: object, {code = 0, env = {}}: CallOptions = {}): Promise<VfctlResult> {
	await lab.exec(['sh', '-c', 'cat > /tmp/cni.conf'], {input: JSON.stringify({cniVersion: '1.0.0', name: 'fast', type: 'vfctl', ...config})});
	return vfctl.run(['cni', '--config', '/tmp/cni.conf'], {
		code, env: {CNI_COMMAND: command, CNI_CONTAINERID: container, CNI_NETNS: `/var/run/netns/${container}`, CNI_IFNAME: 'net1', CNI_PATH: '/opt/cni/bin', ...env},
	});
}

async function bdf(index: number): Promise<string> {
	return (await lab.exec(`basename $(readlink /sys/class/net/eth1/device/virtfn${index})`)).stdout.trim();
}

/** What the PF says of a VF. */
async function onPf(index: number): Promise<any> {
	return JSON.parse((await lab.exec('ip -j -d link show eth1')).stdout)[0].vfinfo_list[index];
}

async function reserved(): Promise<string[]> {
	return (await lab.exec('cd /run/cni-ipam/fast 2>/dev/null && ls | grep "^20" || true')).stdout.split('\n').filter(name => name !== '');
}

async function sameAsBefore(t: ExecutionContext): Promise<void> {
	t.deepEqual(await vfctl.changesSince(before), []);
	t.deepEqual(await reserved(), []);
}

test.serial('two containers reach each other, and DEL gives everything back', async t => {
	const [first, second] = [{...settings, deviceID: await bdf(0), ipam}, {...settings, deviceID: await bdf(1), ipam, mac: '52:54:00:00:0c:02', trust: 'on'}];
	const {json: one} = await cni('ADD', 'c1', first);
	const {json: two} = await cni('ADD', 'c2', second);
	t.deepEqual(Object.keys(one), ['cniVersion', 'interfaces', 'ips', 'routes']);
	t.deepEqual(one.ips, [{address: '20.0.0.10/24', gateway: '20.0.0.1', interface: 0}]);
	t.deepEqual(one.routes, [{dst: '50.0.0.0/24', gw: '20.0.0.1'}]);
	t.deepEqual(two.interfaces, [{name: 'net1', mac: '52:54:00:00:0c:02', sandbox: '/var/run/netns/c2'}]);
	t.like(await onPf(1), {vlan_list: [{vlan: 100}], spoofchk: false, trust: true, address: '52:54:00:00:0c:02', rate: {max_tx: 200}});
	t.regex((await lab.exec('ip -n c1 route show')).stdout, /50\.0\.0\.0\/24 via 20\.0\.0\.1 dev net1/);
	await lab.waitFor('ip netns exec c1 ping -c1 -W1 20.0.0.11', {timeoutMs: 60_000});

	await cni('CHECK', 'c1', {...first, prevResult: one});
	const held = await cni('ADD', 'c1', {...first, ipam: undefined}, {code: 3});
	t.regex(held.json.msg, /has net1 of network fast already/);
	await lab.exec('ip -n c1 addr del 20.0.0.10/24 dev net1; ip link set eth1 vf 0 vlan 7');
	const checked = await cni('CHECK', 'c1', {...first, prevResult: one}, {code: 4});
	t.regex(checked.json.details, /vlan on the PF is 7, not 100; address 20\.0\.0\.10\/24 is missing/);
	await lab.exec('ip link set eth1 vf 0 vlan 100');

	// sriov-cni#417: what the workload made of the MAC is not left behind.
	await lab.exec('ip -n c2 link set net1 down; ip -n c2 link set net1 address 52:54:00:00:0c:99; ip -n c2 link set net1 mtu 1400; ip -n c2 link set net1 name odd');
	await cni('DEL', 'c1', {...first, prevResult: one});
	await cni('DEL', 'c2', second);
	await cni('DEL', 'c2', second);
	await sameAsBefore(t);
});

test.serial('a refused ADD leaves nothing, no VLAN and no address', async t => {
	// sriov-cni#119
	const {json} = await cni('ADD', 'c1', {...settings, deviceID: await bdf(0), ipam: {type: 'host-local', subnet: 'nonsense'}}, {code: 5});
	t.is(json.code, 105);
	t.regex(json.details, /^IPAM_FAILED; .*nonsense/);
	await cni('ADD', 'c1', {...settings, deviceID: await bdf(0), ipam: {type: 'not-installed'}}, {code: 5});
	// IPAM gives a gateway that nothing leads to.
	const route = await cni('ADD', 'c1', {...settings, deviceID: await bdf(0), ipam: {...ipam, routes: [{dst: '50.0.0.0/24', gw: '99.0.0.1'}]}}, {code: 5});
	t.regex(route.json.details, /50\.0\.0\.0\/24|unreachable|invalid gateway/i);
	await sameAsBefore(t);
});

test.serial('ADD killed at any step: DEL puts everything back', async t => {
	const config = {...settings, deviceID: await bdf(0), mac: '52:54:00:00:0c:01', ipam};
	const vf = async () => (await lab.exec('ls /sys/class/net/eth1/device/virtfn0/net; ip link show eth1 | grep "vf 0"')).stdout;
	const first = await vf();
	// test/lab/netns-crash.test.ts kills the same steps before and after each.
	for (const fault of ['kill@1:after', 'kill@2:after', 'kill@3:before', 'kill@3:after', 'kill@4:after']) {
		await cni('ADD', 'c1', config, {code: killed, env: {VFCTL_FAULT: fault}});
		await cni('DEL', 'c1', config);
		t.is(await vf(), first, fault);
		t.deepEqual(await reserved(), [], fault);
	}

	await sameAsBefore(t);
});

test.serial('ADD killed while IPAM has reserved an address: DEL gives it back', async t => {
	const config = {...settings, deviceID: await bdf(0), ipam: {...ipam, type: 'deadly'}};
	await cni('ADD', 'c1', config, {code: killed});
	t.is((await reserved()).length, 1);
	await cni('DEL', 'c1', config);
	await sameAsBefore(t);
});

test.serial('DEL killed at any step, and the namespace gone after it: the next DEL ends it', async t => {
	const config = {...settings, deviceID: await bdf(0), mac: '52:54:00:00:0c:01', ipam};
	for (const fault of ['kill@1:after', 'kill@2:after', 'kill@3:after']) {
		await cni('ADD', 'c1', config);
		await cni('DEL', 'c1', config, {code: killed, env: {VFCTL_FAULT: fault}});
		await lab.exec('ip netns del c1');
		await cni('DEL', 'c1', config);
		await lab.exec('ip netns add c1');
	}

	await sameAsBefore(t);
});

test.serial('the namespace dies before DEL: the VF is as it was, and one that another container got is left alone', async t => {
	const config = {...settings, deviceID: await bdf(0), mac: '52:54:00:00:0c:01', ipam};
	await cni('ADD', 'c1', config);
	await lab.exec('ip netns del c1');
	await cni('DEL', 'c1', config, {env: {CNI_NETNS: ''}});
	await lab.exec('ip netns add c1');
	await sameAsBefore(t);

	// sriov-cni#219: the late DEL of the old container.
	await cni('ADD', 'c1', config);
	await lab.exec('ip netns del c1; ip netns add c1');
	await lab.waitFor('ls /sys/class/net/eth1/device/virtfn0/net/ | grep .', {timeoutMs: 60_000});
	const {json} = await cni('ADD', 'c2', {...config, vlan: 200, mac: undefined});
	await cni('DEL', 'c1', config);
	t.like(await onPf(0), {vlan_list: [{vlan: 200}]});
	await cni('CHECK', 'c2', {...config, vlan: 200, mac: undefined, prevResult: json});
	await cni('DEL', 'c2', {...config, vlan: 200, mac: undefined});
	await sameAsBefore(t);
});

test.serial('GC takes back what the runtime has forgotten, with its address', async t => {
	const config = {...settings, cniVersion: '1.1.0', pf: 'eth1', ipam: {...ipam, type: 'older'}};
	const {json} = await cni('ADD', 'c1', config);
	await cni('ADD', 'c2', config);
	t.like(json.interfaces[0], {name: 'net1', mtu: 1500, sandbox: '/var/run/netns/c1', pciID: await bdf(0)});
	await cni('GC', '', {...config, 'cni.dev/valid-attachments': [{containerID: 'c2', ifname: 'net1'}]});
	t.is((await lab.exec('ip -n c1 -o link show net1', {ok: 'any'})).stdout, '');
	t.regex((await lab.exec('ip -n c2 -o link show net1')).stdout, /net1/);
	t.is((await reserved()).length, 1);
	await cni('STATUS', '', config);
	await cni('GC', '', {...config, 'cni.dev/valid-attachments': []});
	await sameAsBefore(t);
});

test.serial('a VF on vfio-pci is set and not moved', async t => {
	await vfctl.run(['bind', 'eth1#3', 'vfio-pci']);
	const config = {...settings, cniVersion: '1.1.0', deviceID: await bdf(3), mac: '52:54:00:00:0c:03', ipam: {...ipam, type: 'older'}};
	const {json} = await cni('ADD', 'c1', config);
	t.deepEqual(json.interfaces, [{name: 'net1', mac: '52:54:00:00:0c:03', sandbox: '/var/run/netns/c1', pciID: await bdf(3)}]);
	t.is(json.ips.length, 1);
	t.like(await onPf(3), {vlan_list: [{vlan: 100}], address: '52:54:00:00:0c:03'});
	t.is((await cni('ADD', 'c2', config, {code: 3})).json.code, 103);
	await cni('CHECK', 'c1', {...config, prevResult: json});
	await cni('DEL', 'c1', config);
	await vfctl.run(['restore', 'eth1#3', '--yes']);
	await sameAsBefore(t);
});

test.serial('a VF of a guest is not for containers', async t => {
	await vfctl.run(['attach', 'vm0', 'eth1#0', '--config']);
	const {json} = await cni('ADD', 'c1', {deviceID: await bdf(0)}, {code: 3});
	t.is(json.code, 103);
	t.regex(json.details, /^VF_HELD; it is held by guest vm0/);
	const {json: other} = await cni('ADD', 'c1', {pf: 'eth1', cniVersion: '1.1.0'});
	t.is(other.interfaces[0].pciID, await bdf(1));
	await cni('DEL', 'c1', {pf: 'eth1', cniVersion: '1.1.0'});
	await vfctl.run(['detach', 'vm0', 'eth1#0', '--yes']);
	await sameAsBefore(t);
});

test.serial('four at once, through a link in the directory of the plugins: each has its own VF and address', async t => {
	await lab.exec('ip netns add c3; ip netns add c4');
	const config = JSON.stringify({cniVersion: '1.0.0', name: 'fast', type: 'vfctl', pf: 'eth1', ipam, logFile: '/run/cni-test.log', logLevel: 'debug'});
	// Code 11 is "try again later" (section 5 of the CNI specification): on a slow machine the last one
	// waits longer for the lock than vfctl does.
	const once = 'CNI_CONTAINERID=$c CNI_NETNS=/run/netns/$c CNI_IFNAME=net1 CNI_PATH=/opt/cni/bin /opt/cni/bin/vfctl < /tmp/pf.conf > /tmp/$c.json';
	const call = (command: string) => `for c in c1 c2 c3 c4; do (until CNI_COMMAND=${command} ${once}; code=$?; ! grep -q '"code": 11,' /tmp/$c.json; do :; done; echo $code > /tmp/$c.code) & done; wait; cat /tmp/c?.code; cat /tmp/c?.json`;
	await lab.exec(['sh', '-c', 'cat > /tmp/pf.conf'], {input: config});
	const added = (await lab.exec(call('ADD'), {timeoutMs: 600_000})).stdout;
	t.regex(added, /^0\n0\n0\n0\n/);
	t.is(new Set([...added.matchAll(/"address": "(20\.[\d.]+)\/24"/g)].map(match => match[1])).size, 4);
	t.is(new Set([...added.matchAll(/"mac": "([\w:]+)"/g)].map(match => match[1])).size, 4);
	t.is((await reserved()).length, 4);
	t.regex((await lab.exec('cat /run/cni-test.log')).stdout, /\[info\] ADD fast c1 net1: done/);
	t.is((await lab.exec(call('DEL'), {timeoutMs: 600_000})).stdout, '0\n0\n0\n0\n');
	await lab.exec('ip netns del c3; ip netns del c4');
	await sameAsBefore(t);
	t.deepEqual(JSON.parse((await lab.exec('CNI_COMMAND=VERSION /opt/cni/bin/vfctl < /dev/null')).stdout), {cniVersion: '1.1.0', supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']});
});
