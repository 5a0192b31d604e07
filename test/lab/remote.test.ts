// --connect by qemu+ssh: OpenSSH and libvirt at both ends. The other machine is the lab itself, which counts as another one.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';

let lab: Lab;

const uri = 'qemu+ssh://root@127.0.0.1/system?keyfile=/root/.ssh/self&no_verify=1';

test.before(async () => {
	lab = await Lab.start({name: `remote-${process.pid}`, point: 'guests'});
	await lab.installVfctl();
	await lab.exec('ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/self && cat /root/.ssh/self.pub >>/root/.ssh/authorized_keys');
});

test.after.always(async () => {
	await lab?.down();
});

async function vfctl(words: readonly string[], connect: readonly string[] = ['--connect', uri]) {
	const {code, stdout} = await lab.exec(['vfctl', ...words, ...connect, '--json'], {ok: 'any', timeoutMs: 300_000});
	return {code, json: JSON.parse(stdout)};
}

test.serial('guests and networks over ssh are those of libvirt there', async t => {
	const {json} = await vfctl(['guests']);
	t.is(json.host, '127.0.0.1');
	t.deepEqual(json.guests.map(({name, state}: {name: string; state: string}) => `${name} ${state}`).sort(), ['vm0 running', 'vm1 running']);
	t.deepEqual(json.guests, (await vfctl(['guests'], [])).json.guests);
	t.deepEqual((await vfctl(['network', 'list'])).json, (await vfctl(['network', 'list'], [])).json);
	t.deepEqual((await vfctl(['pool', 'list'])).json.pools, []);
});

test.serial('what needs the machine itself is refused, and nothing is made', async t => {
	for (const words of [['attach', 'vm0', 'eth1', '--yes'], ['vf', 'create', 'eth1', '2', '--yes'], ['list']]) {
		const {code, json} = await vfctl(words);
		t.is(json.error?.code, 'REMOTE_HOST', JSON.stringify(json));
		t.is(code, 3);
		t.true(json.error.fix.endsWith(`ssh root@127.0.0.1 vfctl ${words.join(' ')} --json`), json.error.fix);
	}

	t.is((await lab.exec('cat /sys/class/net/eth1/device/sriov_numvfs; ls /var/lib/vfctl/journal 2>/dev/null', {ok: 'any'})).stdout, '0\n');
});
