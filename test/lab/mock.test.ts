// The real ixgbe, as the distribution has it and as vfctl rebuilds it, with the real ixgbevf, on an
// 82599 that lives in a module: the versions that they agree on, what vfctl_pf keeps of it and `vfctl
// mailbox` tells there, and what becomes of a PF whose VF sends nonsense. For each kernel whose headers and source are installed.
import test, {type ExecutionContext} from 'ava';
import {versionName} from '../../lib/model/mailbox.ts';
import type {PfMailbox, VfMailbox} from '../../lib/model/mailbox.ts';
import type {MailboxView, PfMailboxView, VfMailboxView} from '../../lib/render/mailbox-view.ts';
import {readMailboxes} from '../../lib/sysfs/read-mailbox.ts';
import {mockKernel} from './helpers/mock-drivers.ts';
import {booksOf, buildableKernels, complaints, runMockMachine, type Sections} from './helpers/mock-machine.ts';

const pf = '0001:00:00.0';

// One after the other: each takes a processor.
const script = (driver: string): string => `
start ${driver}
waitfor 20 test -d $pf/net
ip link set $(pfdev) up
waitfor 20 carrier $(pfdev)
section nothing; books
echo 2 >$pf/sriov_numvfs
load ixgbevf
waitfor 20 test -d $pf/virtfn0/net
waitfor 20 test -d $pf/virtfn1/net
ip link set $(vfdev 0) up
waitfor 30 carrier $(vfdev 0)
section agreed; books
section link; ip -brief link show $(vfdev 0)

echo 0,0 >/sys/module/mock82599/parameters/request
waitfor 20 logged 'Unhandled Msg 00000000'
section zero; books
told zero-told

ip link set $(pfdev) vf 0 mac 02:11:22:33:44:55
ip link set $(pfdev) vf 0 vlan 100
ip link set $(pfdev) vf 0 spoofchk off
ip link set $(pfdev) vf 0 trust on
section set; books
told set-told
shown set-shown "$(pfdev)#0"
ip link set $(pfdev) vf 0 trust off
# The PF has asked the VF to reset; until then it refuses everything.
ip link set $(vfdev 0) down; ip link set $(vfdev 0) up
waitfor 30 carrier $(vfdev 0)
ip link set $(vfdev 0) address 02:99:99:99:99:99 2>&1 | head -n 1
section mac-refused; books
ip link add link $(vfdev 0) name tagged type vlan id 7 2>&1 | head -n 1
section vlan-refused; books
told refused-told
ip link set $(pfdev) vf 0 vlan 0 mac 00:00:00:00:00:00
ip link set $(pfdev) vf 0 trust on
ip link set $(vfdev 0) down; ip link set $(vfdev 0) up
waitfor 30 carrier $(vfdev 0)
ip link add link $(vfdev 0) name tagged type vlan id 7 2>&1 | head -n 1
ip link add link $(vfdev 0) name second address 02:77:77:77:77:77 type macvlan
ip link set second up
section more; books
ip link del second
ip link del tagged
section less; books

echo flr >$pf/virtfn0/reset_method
ip link set $(vfdev 0) down
echo 1 >$pf/virtfn0/reset
section flr; books
told flr-told
ip link set $(vfdev 0) up
waitfor 30 carrier $(vfdev 0)
section unaware; books
ip link set $(vfdev 0) down; ip link set $(vfdev 0) up
waitfor 30 carrier $(vfdev 0)
section again; books

rmmod ixgbevf
ip link set $(pfdev) down
load ixgbevf
waitfor 20 logged 'PF still in reset state'
told down-told
shown down-shown
ip link set $(pfdev) up
waitfor 20 carrier $(pfdev)
rmmod ixgbevf
load ixgbevf
waitfor 20 test -d $pf/virtfn1/net
ip link set $(vfdev 1) up
waitfor 30 carrier $(vfdev 1)
section up; books
told up-told

section log; dmesg
rmmod ixgbevf
echo 0 >$pf/sriov_numvfs
section none; books
rmmod ixgbe
section unloaded; books
rmmod mock82599 && rmmod vfctl_pf && section gone && ls /sys/kernel/vfctl 2>&1
`;

test('the headers and the source of 6.1 are installed', t => {
	t.true(buildableKernels().some(({series}) => series === '6.1'), 'npm run test:lab installs linux-headers-amd64 and linux-source-6.1');
});

for (const {series, release} of buildableKernels()) {
	test.serial(`${series}: the distribution's ixgbe stops at 1.4, and nobody tells`, async t => {
		const kernel = await mockKernel(release, series, line => t.log(line));
		const sections = await runMockMachine(kernel, script('stock'));
		t.deepEqual([...readMailboxes(booksOf(sections.get('agreed')!)).keys()], []);
		t.regex(sections.get('link')!, /LOWER_UP/);
		const refused = [...sections.get('log')!.matchAll(/VF 0 requested unsupported api version (\d)/g)].map(([, version]) => Number(version));
		t.deepEqual(refused.slice(0, 3), [8, 7, 6], 'only dynamic debug shows it');
		t.regex(sections.get('log')!, /Unhandled Msg 00000000/);
		t.deepEqual(complaints(sections), []);
		toldByLog(t, sections);
	});

	test.serial(`${series}: the rebuilt one agrees on 1.7 and keeps its books`, async t => {
		const kernel = await mockKernel(release, series, line => t.log(line));
		const sections = await runMockMachine(kernel, script('ours'));
		const at = (section: string, index = 0): VfMailbox => vfAt(sections, section, index)!;
		t.deepEqual([...readMailboxes(booksOf(sections.get('nothing')!)).values()].map(({driver, vfs}) => ({driver, vfs})), [{driver: 'ixgbe', vfs: []}]);

		t.is(versionName(at('agreed').version!), '1.7');
		t.deepEqual(at('agreed').refused, []);
		t.is(at('agreed').nacks, 1, 'the first reset: the admin set no MAC');
		t.is(at('agreed').readErrors, 0);
		t.is(at('agreed').unhandled, 0);
		t.true(at('agreed').acks >= 5);
		t.regex(sections.get('link')!, /LOWER_UP/);
		t.true(at('agreed').messages.length === 16 && at('agreed').messages.every(({number}, index, all) => number === all[0]!.number + index));

		t.is(at('zero').unhandled, 1);
		t.regex(sections.get('log')!, /Unhandled Msg 00000000/);
		t.like(at('set'), {mac: '02:11:22:33:44:55', portVlan: 100, spoofchk: false, trust: true});
		t.like(at('set', 1), {portVlan: 0, spoofchk: true, trust: false});
		t.true(at('mac-refused').nacks > at('set').nacks);
		t.true(at('mac-refused').messages.some(({direction, words}) => direction === 'out' && (words[0]! & 0x4000_ffff) === 0x4000_0002), 'SET_MAC was refused');
		t.is(at('mac-refused').mac as string | null, '02:11:22:33:44:55');
		t.regex(sections.get('log')!, /VF 0 attempted to override administratively set MAC address/);
		t.is(at('vlan-refused').vlans, '');
		t.regex(sections.get('log')!, /VF 0 attempted to override administratively set VLAN configuration/);
		t.is(at('more').vlans, '7');
		t.deepEqual(at('more').macs.map(String), ['02:77:77:77:77:77']);
		t.is(at('less').vlans, '');
		t.deepEqual(at('less').macs, []);

		t.true(at('flr').flrs > at('less').flrs, 'the driver resets its VF too when it stops');
		t.is(at('flr').version, null);
		t.is(at('unaware').version, null, 'ixgbevf does not know of the reset, and asks for no version');
		t.is(versionName(at('again').version!), '1.7');
		t.regex(sections.get('log')!, /PF still in reset state/);
		t.is(versionName(at('up', 1).version!), '1.7');

		t.deepEqual(readMailboxes(booksOf(sections.get('none')!)).get(pf as never)?.vfs, []);
		t.deepEqual([...readMailboxes(booksOf(sections.get('unloaded')!)).keys()], []);
		t.regex(sections.get('gone')!, /No such file/);
		t.deepEqual(complaints(sections), []);
		toldByDriver(t, sections);
	});

	test.serial(`${series}: every operation code with random payload, and resets in between, leave all whole`, async t => {
		const kernel = await mockKernel(release, series, line => t.log(line));
		const sections = await runMockMachine(kernel, `
start ours
waitfor 20 test -d $pf/net
ip link set $(pfdev) up
waitfor 20 carrier $(pfdev)
echo 3 >$pf/sriov_numvfs
load ixgbevf
waitfor 20 test -d $pf/virtfn1/net
ip link set $(vfdev 1) up
waitfor 30 carrier $(vfdev 1)
dmesg -n 1
echo '0 1 4096' >/sys/module/mock82599/parameters/storm
section slab1; grep SUnreclaim /proc/meminfo
section first; books
echo '0 2' >/sys/module/mock82599/parameters/storm
section slab2; grep SUnreclaim /proc/meminfo
section second; books
section others; ip -brief link show $(vfdev 1)
# The driver of VF 0 knows nothing of the resets behind its back: it starts anew.
rmmod ixgbevf
load ixgbevf
waitfor 20 test -d $pf/virtfn0/net
ip link set $(vfdev 0) up
waitfor 30 carrier $(vfdev 0)
section alive; books
section log; dmesg | grep -v 'Unhandled Msg'
rmmod ixgbevf && rmmod ixgbe && rmmod mock82599 && rmmod vfctl_pf && section gone && ls /sys/kernel/vfctl 2>&1
`, 1_200_000);
		const [first, second] = [vfAt(sections, 'first', 0)!, vfAt(sections, 'second', 0)!];
		t.true(second.requests - first.requests >= 65_536, `${second.requests - first.requests} requests`);
		t.true(second.replies >= second.requests, 'every request has its answer');
		t.is(second.readErrors, 0);
		const slab = (name: string): number => Number(/(\d+) kB/.exec(sections.get(name)!)![1]);
		t.true(slab('slab2') - slab('slab1') < 2048, `the storm took ${slab('slab2') - slab('slab1')} KiB of kernel memory`);
		t.regex(sections.get('others')!, /LOWER_UP/, 'the other VF lost nothing');
		t.is(versionName(vfAt(sections, 'alive', 0)!.version!), '1.7');
		t.regex(sections.get('gone')!, /No such file/);
		t.deepEqual(complaints(sections), []);
	});
}

/** What `vfctl mailbox` itself said there with the rebuilt driver. */
function toldByDriver(t: ExecutionContext, sections: Sections): void {
	const {pfAt, at, hints} = toldAt(sections);
	t.like(pfAt('zero-told'), {bdf: pf, driver: 'ixgbe', source: 'driver', up: true});
	t.like(at('zero-told'), {version: {number: 8, name: '1.7'}, refused: [], unhandled: 1, readErrors: 0, pfInReset: null});
	t.true(at('zero-told').messages!.some(({text}) => text === 'EMPTY -> NACK'));

	t.like(at('set-told'), {mac: '02:11:22:33:44:55', portVlan: 100, spoofchk: false, trust: true});
	t.like(at('set-told', 1), {portVlan: 0, spoofchk: true, trust: false});
	t.regex(sections.get('set-shown')!, /^ +MAC +02:11:22:33:44:55$/m);
	t.regex(sections.get('set-shown')!, /^ +VLAN +port VLAN 100/m);
	t.regex(sections.get('set-shown')!, /^ +set +spoofchk off, trust on, link auto$/m);
	t.regex(sections.get('set-shown')!, /^ +[\d.]+ (?:s|min) +SET_MAC 02:11:22:33:44:55 -> ACK$/m);

	const refused = at('refused-told').messages!.map(({text}) => text);
	t.true(refused.includes('SET_MAC 02:99:99:99:99:99 -> NACK'), refused.join('\n'));
	t.true(refused.includes('SET_VLAN add 7 -> NACK'), refused.join('\n'));
	t.true(at('refused-told').nacks! > at('set-told').nacks!);

	t.true(at('flr-told').flrs! > at('refused-told').flrs!);
	t.is(at('flr-told').version, null);

	pfIsDown(t, sections);
	t.regex(sections.get('down-shown')!, /told by the driver of vfctl$/m);
	t.is(at('up-told', 1).version?.name, '1.7');
	t.false(hints('up-told').includes('pf-down'));
}

/** The same of the distribution's driver, as far as the kernel log and `ip` know it. */
function toldByLog(t: ExecutionContext, sections: Sections): void {
	const {pfAt, at, hints} = toldAt(sections);
	t.like(pfAt('zero-told'), {bdf: pf, driver: 'ixgbe', source: 'kernel log', up: true});
	t.deepEqual(pfAt('zero-told').unhandledWords, ['00000000']);
	t.like(at('zero-told'), {version: null, unhandled: null, acks: null, messages: null});
	t.deepEqual(at('zero-told').refused?.map(({name}) => name), ['1.7', '1.6', '1.5'], 'by dynamic debug');
	t.true(at('zero-told').resetMessages! > 0);

	t.like(at('set-told'), {mac: '02:11:22:33:44:55', portVlan: 100, spoofchk: false, trust: true});
	t.regex(sections.get('set-shown')!, /^ +version +unknown$/m);
	t.regex(sections.get('set-shown')!, /^ +set +spoofchk off, trust on, link/m);
	t.true(at('refused-told').refusedMacs! >= 1);
	t.true(at('refused-told').refusedVlans! >= 1);
	t.like(at('flr-told'), {flrs: null}, 'the log does not tell');

	pfIsDown(t, sections);
	t.regex(sections.get('down-shown')!, /stock driver: from the kernel log$/m);
	t.regex(sections.get('down-shown')!, /^messages that the driver did not know: 00000000$/m);
	t.false(hints('up-told').includes('pf-down'));
}

/** Whatever the driver of the PF, the VFs' own said it. */
function pfIsDown(t: ExecutionContext, sections: Sections): void {
	const {pfAt, at, hints} = toldAt(sections);
	t.false(pfAt('down-told').up!);
	t.deepEqual([0, 1].map(index => at('down-told', index).pfInReset), [1, 1]);
	t.true(hints('down-told').includes('pf-down'));
	t.regex(sections.get('down-shown')!, /^the VF's driver on this host started while the PF was in reset \(kernel log\): \S+#0 1 time, \S+#1 1 time$/m);
	t.regex(sections.get('down-shown')!, /^hint: its interface is down: .*PF still in reset state/m);
}

function toldAt(sections: Sections): {pfAt: (section: string) => PfMailboxView; at: (section: string, index?: number) => VfMailboxView; hints: (section: string) => string[]} {
	const pfAt = (section: string): PfMailboxView => (JSON.parse(sections.get(section)!) as MailboxView).pfs[0]!;
	return {
		pfAt,
		at: (section, index = 0) => pfAt(section).vfs.find(vf => vf.index === index)!,
		hints: section => pfAt(section).hints.map(({kind}) => kind),
	};
}

function vfAt(sections: Sections, section: string, index: number): VfMailbox | undefined {
	const books: PfMailbox | undefined = readMailboxes(booksOf(sections.get(section)!)).get(pf as never);
	return books?.vfs.find(vf => vf.index === index);
}
