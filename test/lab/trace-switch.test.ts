// vfctl trace between two namespaces that a switch of the kernel joins, a bridge and Open vSwitch: between their ends, and
// between the ports of the switch.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {sane, shapes} from './helpers/trace-flows.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `trace-switch-${process.pid}`});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('test -e /sys/kernel/tracing/trace_clock || mount -t tracefs nodev /sys/kernel/tracing');
	await lab.exec('modprobe -a bridge veth openvswitch');
	await lab.exec(['d', 'e'].flatMap((name, index) => [
		`ip netns add ${name}`, `ip link add trace${name} type veth peer name ${name}0 netns ${name}`, `ip link set trace${name} up`,
		`ip -n ${name} addr add 10.8.0.${index + 1}/24 dev ${name}0`, `ip -n ${name} link set ${name}0 up`,
	]).join(' && '));
});

test.after.always(async () => {
	await lab?.down();
});

/** Traces pings: by their ends, and by the ports of the switch. */
async function throughSwitch(t: ExecutionContext): Promise<void> {
	await lab.waitFor('ip netns exec d ping -c 1 -W 1 10.8.0.2');
	await lab.exec('(ip netns exec d setsid ping -q -i 0.1 10.8.0.2 >/dev/null 2>&1 </dev/null & echo $! >/run/trace-ping)');
	for (const [first, second, seen] of [['d0', 'e0', ['driver', 'switch']], ['traced', 'tracee', ['backlog', 'switch', 'driver']]] as const) {
		const {flows} = (await vfctl.run(['trace', first, second, '--netdev', '--seconds', '3'])).json;
		t.log(JSON.stringify(flows));
		sane(t, flows);
		for (const direction of [`${first} to ${second}`, `${second} to ${first}`]) {
			const stages = shapes(flows)[`${direction}, software`] ?? [];
			t.deepEqual(seen.filter(stage => !stages.includes(stage)), [], JSON.stringify(flows));
		}
	}

	await lab.exec('kill $(cat /run/trace-ping)', {ok: 'any'});
}

test.serial('a bridge between two veth', async t => {
	await lab.exec('ip link add tracebr type bridge && ip link set tracebr up && ip link set traced master tracebr && ip link set tracee master tracebr');
	await throughSwitch(t);
	await lab.exec('ip link del tracebr');
});

test.serial('Open vSwitch between them, in its kernel datapath', async t => {
	await lab.exec([
		'mkdir -p /run/openvswitch /var/log/openvswitch /etc/openvswitch',
		'ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema',
		'ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --detach --no-chdir --pidfile --log-file=/dev/null', 'ovs-vsctl --no-wait init',
		'ovs-vswitchd --detach --no-chdir --pidfile --log-file=/dev/null', 'ovs-vsctl add-br traceovs -- add-port traceovs traced -- add-port traceovs tracee',
	].join(' && '));
	await throughSwitch(t);
	t.regex((await lab.exec('ovs-appctl dpctl/show')).stdout, /traced/);
});
