// The PF driver that vfctl builds, on a real kernel: exchanged with VFs and settings, its view into
// the mailboxes of a guest's VF and of one on the host, and given back.
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import type {OtherKernel} from '../../../lab/kernels.ts';
import {Lab} from '../../../lab/lab.ts';
import {putDrivers} from './put-drivers.ts';
import {LabVfctl} from './vfctl.ts';

const mac = '52:54:00:aa:00:01';
const otherMac = '52:54:00:bb:00:09';
// A guest that starts anew needs 20 s on a quiet machine, and more than a minute on a busy one.
const patientMs = 400_000;

interface Mailbox {
	resetMessages: number;
	flrs: number;
	requests: number;
	mac: string;
	portVlan: number;
	messages: Array<{text: string}>;
}

/** Declares the tests, in a lab of that kernel. */
export function exerciseDriver(kernel?: OtherKernel): void {
	let lab: Lab;
	let vfctl: LabVfctl;

	test.before(async () => {
		lab = await Lab.start({name: `driver-${process.pid}`, point: 'guests', kernel});
		vfctl = await LabVfctl.install(lab);
		await putDrivers(lab, kernel);
		// It stays loaded once a VLAN was made.
		await lab.exec('modprobe 8021q');
		await vfctl.run(['vf', 'create', 'eth1', '3']);
		await heard(['0000:01:10.0', '0000:01:10.2']);
		await vfctl.run(['vf', 'set', 'eth1#1', '--vlan', '100', '--spoofchk', 'off']);
		await vfctl.run(['bind', 'eth1#2', 'vfio-pci']);
		await vfctl.capture('/tmp/before.rec');
	});

	/** The PF knows the MACs of its VFs. igb of 6.1 resets itself after it made VFs, and hears a VF whose driver
	 * started meanwhile only when that starts anew. */
	async function heard(vfs: readonly string[]): Promise<void> {
		for (const bdf of vfs) {
			const device = `/sys/bus/pci/devices/${bdf}`;
			const again = `echo ${bdf} > ${device}/driver/unbind; echo ${bdf} > /sys/bus/pci/drivers/igbvf/bind; udevadm settle; sleep 1`;
			await lab.waitFor(`ip link show eth1 | grep -q "vf .*link/ether $(cat ${device}/net/*/address) " || { ${again}; false; }`, {timeoutMs: patientMs});
		}
	}

	test.after.always(async () => {
		await lab?.down();
	});

	/** The one VF as `vfctl mailbox` tells it. */
	async function mailbox(vf: string): Promise<Mailbox> {
		const {json} = await vfctl.run(['mailbox', vf]);
		return json.pfs[0].vfs[0];
	}

	/** Waits until the mailbox shows what is expected. */
	async function waitForMailbox(vf: string, what: string, is: (one: Mailbox) => boolean): Promise<void> {
		const deadline = performance.now() + patientMs;
		for (;;) {
			const seen = await mailbox(vf);
			if (is(seen)) {
				return;
			}

			if (performance.now() > deadline) {
				throw new Error(`${vf} never showed ${what}: ${JSON.stringify(seen)}`);
			}

			// The guest that is waited for shares the one processor with who asks.
			await delay(2000);
		}
	}

	test.serial('ours takes the place of the stock driver, and VFs, settings and bindings are as before', async t => {
		t.is((await vfctl.run(['mailbox', 'eth1'])).json.pfs[0].source, 'kernel log');
		await vfctl.run(['driver', 'load', 'igb', '--yes']);
		t.is((await lab.exec('ls /sys/module/vfctl_pf/holders')).stdout.trim(), 'igb');
		const differences = await vfctl.changesSince('/tmp/before.rec', {except: ['/sys/module/']});
		t.deepEqual(differences.filter(one => !one.path.startsWith('/sys/kernel/vfctl/')), []);
		const {json} = await vfctl.run(['mailbox', 'eth1']);
		t.is(json.pfs[0].source, 'driver');
		t.deepEqual(json.pfs[0].vfs.map((vf: {name: string; portVlan: number; spoofchk: boolean}) => [vf.name, vf.portVlan, vf.spoofchk]), [['eth1#0', 0, true], ['eth1#1', 100, false], ['eth1#2', 0, true]]);
		t.false((await vfctl.run(['driver', 'load', 'igb', '--yes'])).json.changed);
	});

	test.serial('a guest that changes its MAC is refused, and the mailbox tells', async t => {
		await vfctl.run(['attach', 'vm0', 'eth1#0', '--mac', mac]);
		await lab.waitFor(`virsh domifaddr vm0 --source agent | grep -q ${mac}`, {timeoutMs: patientMs});
		const attached = await mailbox('eth1#0');
		t.is(attached.mac, mac);
		t.true(attached.resetMessages > 0 && attached.messages.length > 0);
		t.true(attached.flrs > 0, 'VFIO resets a function before a guest gets it');
		await lab.exec(`/lab/guest exec vm0 'for d in /sys/class/net/*; do grep -q ${mac} $d/address && ip link set \${d##*/} address ${otherMac}; done; true'`, {timeoutMs: patientMs});
		await waitForMailbox('eth1#0', 'a refused MAC', ({messages}) => messages.some(({text}) => text === `SET_MAC ${otherMac} -> NACK`));
		t.is((await mailbox('eth1#0')).mac, mac);
		t.is((await vfctl.run(['driver', 'restore', 'igb', '--yes'], {code: 3})).json.error.code, 'DRIVER_IN_USE');
	});

	test.serial('a guest that starts anew resets its VF', async t => {
		const before = await mailbox('eth1#0');
		await lab.exec('virsh reset vm0');
		await waitForMailbox('eth1#0', 'another reset', ({resetMessages, flrs}) => resetMessages > before.resetMessages && flrs > before.flrs);
		await lab.waitFor(`virsh domifaddr vm0 --source agent | grep -q ${mac}`, {timeoutMs: patientMs});
		t.is((await mailbox('eth1#0')).mac, mac);
	});

	test.serial('a VLAN beside the port VLAN is refused, and the mailbox tells', async t => {
		const netdev = (await lab.exec('ls /sys/bus/pci/devices/0000:01:10.2/net')).stdout.trim();
		// igb of 6.1 resets itself after it made VFs: the driver of a VF has no answers before it sees a link.
		await lab.exec(`ip link set ${netdev} up`);
		await lab.waitFor(`grep -q 1 /sys/class/net/${netdev}/carrier`, {timeoutMs: patientMs});
		// It lets nobody have the VLAN then, in the kernel's words or silently.
		await lab.exec(`ip link add link ${netdev} name tagged0 type vlan id 7`, {ok: [0, 2]});
		await waitForMailbox('eth1#1', 'a refused VLAN', ({messages}) => messages.some(({text}) => text === 'SET_VLAN add 7 -> NACK'));
		await lab.exec(`ip link del tagged0; ip link set ${netdev} down`);
		t.is((await mailbox('eth1#1')).portVlan, 100);
	});

	test.serial('the stock driver comes back under the definition of a guest, which starts with it', async t => {
		await lab.exec('virsh destroy vm0');
		const definition = (await lab.exec('virsh dumpxml vm0 --inactive')).stdout;
		t.regex(definition, new RegExp(`<mac address='${mac}'/>`));
		await vfctl.run(['driver', 'restore', 'igb', '--yes']);
		await lab.exec('test ! -e /sys/module/vfctl_pf && test ! -e /sys/kernel/vfctl');
		t.is((await vfctl.run(['mailbox', 'eth1'])).json.pfs[0].source, 'kernel log');
		await lab.exec('/lab/guest start vm0', {timeoutMs: patientMs});
		await lab.waitFor(`virsh domifaddr vm0 --source agent | grep -q ${mac}`, {timeoutMs: patientMs});
		t.is((await lab.exec('virsh dumpxml vm0 --inactive')).stdout, definition);
		await vfctl.run(['detach', 'vm0', 'eth1#0']);
		t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	});

	test.serial('loading is undone, and the host is as it was', async t => {
		await vfctl.run(['driver', 'load', 'igb', '--yes']);
		t.is((await lab.exec('ls /sys/module/vfctl_pf/holders')).stdout.trim(), 'igb');
		await vfctl.run(['undo', '--yes']);
		await lab.exec('test ! -e /sys/module/vfctl_pf');
		t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	});
}
