// Addresses and routes in real guests, given by vfctl alone: two guests on VFs of different PFs
// reach each other's second networks through them, and nothing is left behind.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

const macs = {vm0: '52:54:00:ab:00:00', vm1: '52:54:00:ab:00:01'} as const;
type GuestName = keyof typeof macs;
const devices = {vm0: 'eth1#0', vm1: 'eth2#0'} as const;

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `guest-network-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '2']);
	await vfctl.run(['vf', 'create', 'eth2', '2']);
	// The network behind each guest.
	await inside('vm0', 'ip addr add 10.0.0.1/24 dev lo; ip -6 addr add fd0a::1/64 dev lo');
	await inside('vm1', 'ip addr add 10.0.1.1/24 dev lo; ip -6 addr add fd0b::1/64 dev lo');
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

async function inside(guest: GuestName, command: string, ok: number | 'any' = 0): Promise<string> {
	const {stdout} = await lab.exec(['/lab/guest', 'exec', guest, command], {ok: ok === 'any' ? 'any' : [ok], timeoutMs: 120_000});
	return stdout;
}

const attach = (guest: GuestName, ...options: string[]) => vfctl.run(['attach', guest, devices[guest], '--mac', macs[guest], ...options]);

async function nothingIsLeft(t: {deepEqual: (actual: unknown, expected: unknown) => unknown; false: (actual: boolean) => unknown}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	for (const guest of ['vm0', 'vm1'] as const) {
		t.false((await inside(guest, 'ip addr; ip route; ip -6 route; ls -aR /etc/systemd 2>/dev/null', 'any')).match(/20\.0\.0\.|fd14:|52:54:00:ab|vfctl/) !== null);
	}
}

test.serial('two guests reach each other\'s networks through the routes that vfctl set', async t => {
	await attach('vm0', '--address', '20.0.0.1/24', '--route', '10.0.1.0/24,via=20.0.0.2', '--address', 'fd14::1/64', '--route', 'fd0b::/64,via=fd14::2', '--mtu', '1400');
	await attach('vm1', '--address', '20.0.0.2/24', '--route', '10.0.0.0/24,via=20.0.0.1', '--address', 'fd14::2/64', '--route', 'fd0a::/64,via=fd14::1', '--mtu', '1400');
	// A VF may need 8 s for its carrier, and IPv6 then looks for doubles of its address.
	await inside('vm0', 'i=0; until ping -c 1 -W 2 -I 10.0.0.1 10.0.1.1; do i=$((i + 1)); [ $i -lt 30 ] || exit 1; done');
	await inside('vm0', 'i=0; until ping -6 -c 1 -W 2 -I fd0a::1 fd0b::1; do i=$((i + 1)); [ $i -lt 30 ] || exit 1; done');
	await inside('vm1', 'ping -c 1 -W 5 -I 10.0.1.1 10.0.0.1');
	const {json} = await vfctl.run(['route', 'list', 'vm0', '--interface', devices.vm0]);
	t.deepEqual(json.interfaces.map(({mac, addresses, routes, mtuBytes, up}: any) => ({mac, addresses, routes, mtuBytes, up})), [{
		mac: macs.vm0, addresses: ['20.0.0.1/24', 'fd14::1/64'], mtuBytes: 1400, up: true,
		routes: [{to: '10.0.1.0/24', via: '20.0.0.2', metric: null}, {to: 'fd0b::/64', via: 'fd14::2', metric: null}],
	}]);

	const again = await attach('vm0', '--address', '20.0.0.1/24', '--route', '10.0.1.0/24,via=20.0.0.2', '--address', 'fd14::1/64', '--route', 'fd0b::/64,via=fd14::2', '--mtu', '1400');
	t.false(again.json.changed, 'a second time nothing is to be done');
});

test.serial('a route is taken away and comes back', async t => {
	const {json} = await vfctl.run(['route', 'delete', 'vm0', '10.0.1.0/24']);
	t.true(json.changed);
	t.notRegex(await inside('vm0', 'ip route'), /10\.0\.1\.0/);
	await vfctl.run(['undo', String(json.operation), '--yes']);
	t.regex(await inside('vm0', 'ip route'), /10\.0\.1\.0\/24 via 20\.0\.0\.2/);
	await vfctl.run(['route', 'add', 'vm1', '10.9.0.0/24', '--via', '20.0.0.1']);
	t.regex(await inside('vm1', 'ip route'), /10\.9\.0\.0\/24 via 20\.0\.0\.1/);
	const {json: refused} = await vfctl.run(['route', 'add', 'vm1', '10.8.0.0/24', '--via', '99.0.0.1', '--interface', macs.vm1], {code: 2});
	t.is(refused.error.code, 'BAD_ADDRESS');
});

test.serial('an address that another guest has is refused, and one that the guest itself cannot take rolls all back', async t => {
	// One VF at a time: the names of the host's interfaces (eth3, eth4) go by who comes back first.
	await vfctl.run(['detach', 'vm0', devices.vm0]);
	const {json} = await vfctl.run(['attach', 'vm0', devices.vm0, '--address', '20.0.0.2/24'], {code: 3});
	t.is(json.error.code, 'ADDRESS_CONFLICT');
	const before = await inside('vm0', 'ip -o link | wc -l');
	// What no plan can know: the guest itself refuses.
	await inside('vm0', 'mv /bin/ip /bin/ip.real; printf \'#!/bin/sh\\ncase "$*" in *"addr add 30."*) echo "ip: RTNETLINK answers: Permission denied" >&2; exit 2;; esac; exec /bin/busybox ip "$@"\\n\' > /bin/ip; chmod 755 /bin/ip');
	try {
		const {json: failed} = await vfctl.run(['attach', 'vm0', devices.vm0, '--mac', '52:54:00:ab:00:09', '--address', '30.0.0.1/24'], {code: 5});
		t.is(failed.error.code, 'STEP_FAILED');
		t.regex(failed.error.why, /Permission denied/);
		t.true(failed.error.details.rolledBack);
	} finally {
		await inside('vm0', 'mv -f /bin/ip.real /bin/ip');
	}

	t.is(await inside('vm0', 'ip -o link | wc -l'), before);
	t.notRegex((await lab.exec('virsh dumpxml vm0; virsh dumpxml --inactive vm0')).stdout, /52:54:00:ab:00:09/);
});

test.serial('undo and detach leave nothing', async t => {
	await vfctl.run(['detach', 'vm1', devices.vm1]);
	await nothingIsLeft(t);
	const {json} = await attach('vm1', '--address', '20.0.0.2/24', '--gateway');
	t.regex(await inside('vm1', 'ip route'), /default via 20\.0\.0\.1/);
	await vfctl.run(['undo', String(json.operation), '--yes']);
	await nothingIsLeft(t);
});

test.serial('the file for the guest\'s own configuration is written, changed and removed again', async t => {
	await inside('vm1', 'mkdir -p /etc/systemd/network');
	const path = '/etc/systemd/network/05-vfctl-52-54-00-ab-00-01.network';
	await attach('vm1', '--address', '20.0.0.2/24', '--guest-file', 'networkd');
	t.regex(await inside('vm1', `cat ${path}`), /\nMACAddress=52:54:00:ab:00:01\n[^]*\nAddress=20\.0\.0\.2\/24\n/);
	t.regex(await inside('vm1', `ls -l ${path}`), /^-rw-r--r--/);
	await attach('vm1', '--address', '20.0.0.7/24', '--guest-file', 'networkd');
	t.regex(await inside('vm1', `cat ${path}`), /Address=20\.0\.0\.7\/24/);
	t.regex(await inside('vm1', 'ip -o addr'), /20\.0\.0\.7\/24/);
	await vfctl.run(['detach', 'vm1', devices.vm1]);
	t.is(await inside('vm1', 'ls -A /etc/systemd/network'), '');
	await inside('vm1', 'rm -r /etc/systemd');
	await nothingIsLeft(t);
});
