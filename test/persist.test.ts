// What lasts beyond a reboot: what is found on hosts of several distributions, what is written
// there, and that it goes away again. Texts are also given to the programs that read them.
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ownProgram, requireSafeProgram} from '../lib/cli/own-program.ts';
import {AppError} from '../lib/errors.ts';
import {setUnit} from '../lib/exec/actions/act-boot.ts';
import {execute} from '../lib/exec/execute.ts';
import {parseFault} from '../lib/exec/fault.ts';
import {readBootFacts} from '../lib/exec/read-boot.ts';
import {recover} from '../lib/exec/recover.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import type {ActionContext} from '../lib/exec/actions/handler.ts';
import {realFiles} from '../lib/host/real-files.ts';
import type {Bdf} from '../lib/model/bdf.ts';
import {blockingArguments, missingArguments} from '../lib/plan/persist/arguments.ts';
import {addCommandLineWords, addEntryWords, installedCommandLine, removeEntryWords} from '../lib/plan/persist/loader-entry.ts';
import {backupPath, isBackupOf} from '../lib/plan/persist/paths.ts';
import {planPersistOff, planPersistOn} from '../lib/plan/persist/plan-persist.ts';
import {addGrubWords, removeGrubWords} from '../lib/plan/persist/grub.ts';
import {networkdText, unitText, unitWord, vfRulesText} from '../lib/plan/persist/texts.ts';
import {parsePlan} from '../lib/plan/plan-schema.ts';
import {isFollowUp, isWritablePath} from '../lib/plan/writable-files.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {bootHost, bootHostNames, debianDefaults} from './helpers/boot-world.ts';
import {crashAt} from './helpers/crash.ts';
import {inventoryOf, vfctl, withAddress} from './helpers/plan-world.ts';
import {materialise} from './helpers/sysfs-tree.ts';

const program = {node: '/usr/bin/node', vfctl: '/usr/lib/node_modules/vfctl/dist/vfctl.cjs'};
const words = ['intel_iommu=on', 'iommu=pt'];

interface Item {
	item: string;
	state: string;
	why: string;
	warnings: string[];
}

const hostOf = (name: string, more: Readonly<Record<string, string | null>> = {}, options: SimOptions = {}) => simHost(bootHost(name, more), options);
const textOf = (host: SimHost, path: string) => host.files.readText(path);

/** States by item, as `vfctl persist` tells them. */
async function states(host: SimHost): Promise<Record<string, Item>> {
	const {json} = await vfctl(host, ['persist']);
	return Object.fromEntries((json['items'] as Item[]).map(item => [item.item, item]));
}

/** All files but vfctl's own state, as text. */
function filesOf(host: SimHost): string {
	return [...host.machine.tree.entries()]
		.filter(([path, {kind}]) => !path.startsWith('/var/lib/vfctl') && path !== '/proc/uptime' && !path.endsWith('/grub.cfg') && kind !== 'directory')
		.map(([path, entry]) => `${path} ${entry.kind === 'text' ? entry.text : entry.kind === 'link' ? entry.target : entry.kind}`).sort().join('\n');
}

function temporaryDirectory(t: ExecutionContext): string {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-persist-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true, force: true});
	});
	return directory;
}

// Hosts

for (const name of bootHostNames) {
	test(`${name}: on, nothing left to do, off, and all is as before`, async t => {
		const host = hostOf(name);
		const before = filesOf(host);
		const on = await vfctl(host, ['persist', 'on']);
		t.is(on.error, undefined, on.error?.why);
		t.true(on.json['changed']);
		const again = await vfctl(host, ['persist', 'on']);
		t.false(again.json['changed'], JSON.stringify(again.json));
		const off = await vfctl(host, ['persist', 'off']);
		t.is(off.error, undefined, off.error?.why);
		t.is(filesOf(host), before);
		t.deepEqual(host.files.list('/var/lib/vfctl/backup'), []);
		t.false((await vfctl(host, ['persist', 'off'])).json['changed']);
	});

	test(`${name}: undo takes back what persist on did, and what persist off did`, async t => {
		const host = hostOf(name);
		const before = filesOf(host);
		await vfctl(host, ['persist', 'on']);
		const set = filesOf(host);
		const undone = await vfctl(host, ['undo', '--yes']);
		t.is(undone.error, undefined, undone.error?.why);
		t.is(filesOf(host), before);
		await vfctl(host, ['persist', 'on']);
		await vfctl(host, ['persist', 'off']);
		t.is(filesOf(host), before);
		const back = await vfctl(host, ['undo', '--yes']);
		t.is(back.error, undefined, back.error?.why);
		t.is(filesOf(host), set);
	});

	test(`${name}: looking and dry runs change nothing`, async t => {
		const host = hostOf(name);
		const before = filesOf(host);
		t.is((await vfctl(host, ['persist'])).error, undefined);
		const {text} = await vfctl(host, ['persist', 'on', '--dry-run']);
		t.regex(text, /^plan: make this host come back/);
		await vfctl(host, ['persist', 'off', '--dry-run']);
		t.is(filesOf(host), before);
	});

	test(`${name}: a plan survives the journal`, async t => {
		const host = hostOf(name);
		const request = {program, hostFile: 'version: 1\n', hostFileProblem: null, time: '20261121T063731Z', only: [], skip: []};
		const facts = await readBootFacts(host, await inventoryOf(host));
		const plan = planPersistOn(facts, request);
		t.deepEqual(parsePlan(JSON.parse(JSON.stringify(plan))), plan);
		await vfctl(host, ['persist', 'on']);
		const off = planPersistOff(await readBootFacts(host, await inventoryOf(host)), {only: [], skip: []});
		t.deepEqual(parsePlan(JSON.parse(JSON.stringify(off))), off);
	});
}

const loaders: ReadonlyArray<readonly [name: string, expected: Readonly<Record<string, unknown>>]> = [
	['debian-12', {kind: 'grub', regenerate: ['update-grub'], dropIns: []}],
	['ubuntu-24.04', {kind: 'grub', regenerate: ['update-grub']}],
	['rhel-9', {kind: 'grubby', entries: [['root=/dev/mapper/rhel-root', 'ro'], ['root=/dev/mapper/rhel-root', 'ro', 'rhgb', 'quiet']]}],
	['grub-without-directory', {kind: 'grub', dropIns: null, regenerate: ['grub-mkconfig', '-o', '/boot/grub/grub.cfg']}],
	['suse', {kind: 'grub', dropIns: null, regenerate: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg']}],
	['arch', {kind: 'systemd-boot', commandLine: null, refresh: null}],
	['proxmox-zfs', {kind: 'systemd-boot', commandLine: 'root=ZFS=rpool/ROOT/pve-1 boot=zfs\n', refresh: ['proxmox-boot-tool', 'refresh'], entries: []}],
	['proxmox-grub', {kind: 'grub', regenerate: ['proxmox-boot-tool', 'refresh']}],
	['ostree', {kind: 'unknown'}],
	['no-loader', {kind: 'unknown'}],
];
for (const [name, expected] of loaders) {
	test(`${name}: the boot loader is found`, async t => {
		const host = hostOf(name);
		const {loader} = await readBootFacts(host, await inventoryOf(host));
		t.like(loader, expected);
	});
}

test('Debian: a drop-in, and GRUB\'s menu has the words', async t => {
	const host = hostOf('debian-12');
	t.is((await states(host))['kernel-arguments']?.state, 'missing');
	const {notes} = await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.is(textOf(host, '/etc/default/grub.d/50-vfctl.cfg'), '# Written by vfctl persist; vfctl persist off removes it.\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on iommu=pt"\n');
	t.is(textOf(host, '/etc/default/grub'), debianDefaults);
	t.regex(textOf(host, '/boot/grub/grub.cfg') ?? '', /ro quiet intel_iommu=on iommu=pt$/m);
	t.true(notes.some(note => /after a reboot/.test(note)));
	t.is((await states(host))['kernel-arguments']?.state, 'after-reboot');
	host.machine.tree.put('/proc/cmdline', {kind: 'text', text: 'root=/dev/vda1 ro quiet intel_iommu=on iommu=pt\n'});
	t.is((await states(host))['kernel-arguments']?.state, 'set');
	t.false((await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments'])).json['changed']);
	await vfctl(host, ['persist', 'off', '--only', 'kernel-arguments']);
	t.regex(textOf(host, '/boot/grub/grub.cfg') ?? '', /ro quiet$/m);
});

test('Ubuntu\'s cloud image: the words stay behind its own drop-in', async t => {
	const host = hostOf('ubuntu-24.04');
	await vfctl(host, ['persist', 'on']);
	t.regex(textOf(host, '/boot/grub/grub.cfg') ?? '', /console=tty1 console=ttyS0 intel_iommu=on iommu=pt$/m);
});

test('a drop-in behind ours that throws the words away is told', async t => {
	const host = hostOf('debian-12', {'/etc/default/grub.d/99-admin.cfg': 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', '/etc/default/grub.d/kdump-tools.cfg': 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=512M"\n'});
	const {warnings} = (await states(host))['kernel-arguments']!;
	t.is(warnings.filter(warning => /99-admin\.cfg is read after/.test(warning)).length, 1);
	t.false(warnings.some(warning => /kdump/.test(warning)));
});

const satisfied: ReadonlyArray<readonly [title: string, more: Readonly<Record<string, string>>, dropIn: RegExp | undefined]> = [
	['both words in /etc/default/grub', {'/etc/default/grub': debianDefaults.replace('"quiet"', '"quiet intel_iommu=on iommu=pt"')}, undefined],
	['both words in GRUB_CMDLINE_LINUX', {'/etc/default/grub': debianDefaults.replace('LINUX=""', 'LINUX="iommu=pt intel_iommu=on"')}, undefined],
	['words with more in them', {'/etc/default/grub.d/10-mine.cfg': 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=on,sm_on iommu.passthrough=1"\n'}, undefined],
	['one word', {'/etc/default/grub': debianDefaults.replace('"quiet"', '"quiet intel_iommu=on"')}, /DEFAULT iommu=pt"$/m],
	['one word in a comment', {'/etc/default/grub': `${debianDefaults}#GRUB_CMDLINE_LINUX="intel_iommu=on iommu=pt"\n`}, /intel_iommu=on iommu=pt"$/m],
];
for (const [title, more, dropIn] of satisfied) {
	test(`only what is missing is added: ${title}`, async t => {
		const host = hostOf('debian-12', more);
		await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
		const text = textOf(host, '/etc/default/grub.d/50-vfctl.cfg');
		if (dropIn === undefined) {
			t.is(text, undefined);
		} else {
			t.regex(text ?? '', dropIn);
		}
	});
}

test('AMD needs only iommu=pt; Arm needs nothing', async t => {
	const host = hostOf('debian-amd');
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.regex(textOf(host, '/etc/default/grub.d/50-vfctl.cfg') ?? '', /DEFAULT iommu=pt"$/m);
	const arm = hostOf('debian-12', {'/proc/cpuinfo': 'processor\t: 0\nCPU implementer\t: 0x41\n', '/sys/firmware/acpi/tables/DMAR': null});
	t.is((await states(arm))['kernel-arguments']?.state, 'not-needed');
});

test('the firmware tells whose IOMMU it is: not every processor with Intel\'s is Intel\'s', async t => {
	const zhaoxin = 'processor\t: 0\nvendor_id\t:   Shanghai  \n';
	const host = hostOf('debian-12', {'/proc/cpuinfo': zhaoxin, '/sys/firmware/acpi/tables/DMAR': ''});
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.regex(textOf(host, '/etc/default/grub.d/50-vfctl.cfg') ?? '', /DEFAULT intel_iommu=on iommu=pt"$/m);
	const without = hostOf('debian-12', {'/proc/cpuinfo': zhaoxin, '/sys/firmware/acpi/tables/DMAR': null});
	t.is((await states(without))['kernel-arguments']?.state, 'not-needed');
});

test('what switches the IOMMU off for good is told', async t => {
	t.deepEqual(blockingArguments('intel', ['iommu=off', 'amd_iommu=off', 'intel_iommu=off']), ['iommu=off']);
	t.deepEqual(blockingArguments('amd', ['amd_iommu=off', 'quiet']), ['amd_iommu=off']);
	const host = hostOf('debian-12', {'/etc/default/grub': debianDefaults.replace('"quiet"', '"quiet iommu=off"')});
	t.regex((await states(host))['kernel-arguments']?.warnings.join() ?? '', /iommu=off, which switches the IOMMU off/);
});

test('a GRUB without drop-ins: one value is edited, the file is kept, and our words alone go away again', async t => {
	const host = hostOf('grub-without-directory');
	const original = textOf(host, '/etc/default/grub')!;
	const {notes} = await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	const [backup] = host.files.list('/var/lib/vfctl/backup');
	t.regex(backup!, /^etc-default-grub\.\d{8}T\d{6}Z$/);
	t.is(textOf(host, `/var/lib/vfctl/backup/${backup}`), original);
	t.true(notes.some(note => note.includes(`/var/lib/vfctl/backup/${backup}`)));
	t.is(textOf(host, '/etc/default/grub'), original.replace('\'quiet splash\'', '\'quiet splash intel_iommu=on iommu=pt\''));
	t.regex(textOf(host, '/boot/grub/grub.cfg') ?? '', /quiet splash intel_iommu=on iommu=pt$/m);
	// The admin edits the file after us.
	host.machine.tree.put('/etc/default/grub', {kind: 'text', text: textOf(host, '/etc/default/grub')!.replace('GRUB_TIMEOUT=5', 'GRUB_TIMEOUT=1').replace('quiet', 'console=ttyS0')});
	await vfctl(host, ['persist', 'off']);
	t.is(textOf(host, '/etc/default/grub'), original.replace('GRUB_TIMEOUT=5', 'GRUB_TIMEOUT=1').replace('quiet', 'console=ttyS0'));
	t.deepEqual(host.files.list('/var/lib/vfctl/backup'), []);
});

test('words that the admin set before us stay', async t => {
	const host = hostOf('grub-without-directory', {'/etc/default/grub': 'GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt"\n'});
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.is(textOf(host, '/etc/default/grub'), 'GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt intel_iommu=on"\n');
	host.machine.tree.put('/etc/default/grub', {kind: 'text', text: 'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on x iommu=pt"\n'});
	await vfctl(host, ['persist', 'off']);
	t.is(textOf(host, '/etc/default/grub'), 'GRUB_CMDLINE_LINUX_DEFAULT="x iommu=pt"\n');
	// Without a copy nothing there is ours.
	host.machine.tree.put('/etc/default/grub', {kind: 'text', text: 'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on iommu=pt"\n'});
	t.false((await vfctl(host, ['persist', 'off', '--only', 'kernel-arguments'])).json['changed']);
});

test('grubby: every entry gets the words and loses them', async t => {
	const host = hostOf('rhel-9', {'/boot/loader/entries/0123-0-rescue.conf': 'title rescue\nlinux /vmlinuz-0\noptions ro iommu=pt\n'});
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	for (const name of host.files.list('/boot/loader/entries')) {
		t.regex(textOf(host, `/boot/loader/entries/${name}`) ?? '', /^options .*iommu=pt/m, name);
		t.regex(textOf(host, `/boot/loader/entries/${name}`) ?? '', /^options .*intel_iommu=on/m, name);
	}

	const {notes} = await vfctl(host, ['persist', 'off']);
	t.true(notes.some(note => /iommu=pt stays/.test(note)), notes.join('\n'));
	for (const name of host.files.list('/boot/loader/entries')) {
		t.notRegex(textOf(host, `/boot/loader/entries/${name}`) ?? '', /intel_iommu/, name);
		t.regex(textOf(host, `/boot/loader/entries/${name}`) ?? '', /iommu=pt/, name);
	}
});

test('grubby that fails: everything is put back, and its words are told', async t => {
	const host = hostOf('rhel-9', {}, {commandFailures: [{command: /^grubby --update-kernel=ALL --args/, result: {code: 1, stderr: 'The param is incorrect\n'}}]});
	const before = filesOf(host);
	const {error} = await vfctl(host, ['persist', 'on']);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /The param is incorrect/);
	t.is(filesOf(host), before);
});

test('grubby that does nothing is found out', async t => {
	const host = hostOf('rhel-9', {}, {commandFailures: [{command: /^grubby --update-kernel=ALL --args/, result: {code: 0}}]});
	const {error} = await vfctl(host, ['persist', 'on']);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /grubby succeeded and tells/);
});

test('systemd-boot: entries of kernels and the line for new ones; counters in names do not hide copies', async t => {
	const host = hostOf('arch');
	const memtest = textOf(host, '/boot/loader/entries/memtest.conf');
	const arch = textOf(host, '/boot/loader/entries/arch.conf')!;
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.is(textOf(host, '/boot/loader/entries/arch.conf'), arch.replace(' rw\n', ' rw intel_iommu=on iommu=pt\n'));
	t.regex(textOf(host, '/boot/loader/entries/arch-fallback+3-1.conf') ?? '', /options {4}quiet intel_iommu=on iommu=pt\n$/);
	t.is(textOf(host, '/boot/loader/entries/memtest.conf'), memtest);
	t.is(textOf(host, '/etc/kernel/cmdline'), 'root=PARTUUID=11-22 rw intel_iommu=on iommu=pt\n');
	// The boot succeeded, and a new kernel came, whose entry has our line.
	const fallback = textOf(host, '/boot/loader/entries/arch-fallback+3-1.conf')!;
	host.machine.tree.remove('/boot/loader/entries/arch-fallback+3-1.conf');
	host.machine.tree.put('/boot/loader/entries/arch-fallback.conf', {kind: 'text', text: fallback});
	host.machine.tree.put('/boot/loader/entries/new.conf', {kind: 'text', text: arch.replace(' rw\n', ' rw intel_iommu=on iommu=pt\n')});
	host.machine.tree.put('/proc/cmdline', {kind: 'text', text: 'initrd=\\initramfs-linux.img root=PARTUUID=11-22 rw intel_iommu=on iommu=pt\n'});
	t.is((await states(host))['kernel-arguments']?.state, 'set');
	await vfctl(host, ['persist', 'off']);
	t.is(textOf(host, '/boot/loader/entries/arch.conf'), arch);
	t.is(textOf(host, '/boot/loader/entries/new.conf'), arch);
	t.notRegex(textOf(host, '/boot/loader/entries/arch-fallback.conf') ?? '', /iommu/);
	t.is(textOf(host, '/etc/kernel/cmdline'), undefined);
	t.deepEqual(host.files.list('/var/lib/vfctl/backup'), []);
});

test('systemd-boot: a line that the admin changed since stays, without our words', async t => {
	const host = hostOf('arch');
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	host.machine.tree.put('/etc/kernel/cmdline', {kind: 'text', text: 'root=/dev/sda2 rw intel_iommu=on iommu=pt\n'});
	await vfctl(host, ['persist', 'off']);
	t.is(textOf(host, '/etc/kernel/cmdline'), 'root=/dev/sda2 rw\n');
});

test('systemd-boot: a rescue boot is no model for new kernels; an image without entries must be built anew', async t => {
	const host = hostOf('arch', {'/proc/cmdline': 'root=PARTUUID=11-22 systemd.unit=rescue.target\n'});
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.is(textOf(host, '/etc/kernel/cmdline'), undefined);
	const image = hostOf('arch', {'/boot/loader/entries/arch.conf': null, '/boot/loader/entries/arch-fallback+3-1.conf': null, '/etc/kernel/cmdline': '# mine\nroot=/dev/sda2\n# end\n'});
	const {notes} = await vfctl(image, ['persist', 'on', '--only', 'kernel-arguments']);
	t.true(notes.some(note => /unified kernel image/.test(note)));
	t.is(textOf(image, '/etc/kernel/cmdline'), '# mine\nroot=/dev/sda2\n# end\nintel_iommu=on iommu=pt\n');
});

test('Proxmox: the line is edited and copied to where it is booted from', async t => {
	const host = hostOf('proxmox-zfs');
	const {json} = await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments', '--dry-run']);
	t.true(JSON.stringify(json).includes('"proxmox-boot-tool","refresh"'));
	await vfctl(host, ['persist', 'on', '--only', 'kernel-arguments']);
	t.is(textOf(host, '/etc/kernel/cmdline'), 'root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt\n');
});

test('GRUB 2.12 says itself that it is the loader, whatever systemd-boot left behind', async t => {
	const record = bootHost('debian-12', {'/boot/loader/loader.conf': 'timeout 3\n'});
	const info = '/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
	const host = simHost({...record, entries: new Map([...record.entries, [info, {kind: 'bytes', bytes: Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from('GRUB 2.12\0', 'utf16le')])}]])});
	t.is((await readBootFacts(host, await inventoryOf(host))).loader.kind, 'grub');
});

test('an unknown loader and a missing systemd are told, and stop nothing else', async t => {
	const host = hostOf('no-loader');
	const {error, notes} = await vfctl(host, ['persist', 'on']);
	t.is(error, undefined);
	t.true(notes.some(note => /add intel_iommu=on iommu=pt to the kernel command line by hand/.test(note)));
	t.is(textOf(host, '/etc/modules-load.d/vfctl.conf'), '# Written by vfctl persist; vfctl persist off removes it.\nvfio-pci\nvfio_iommu_type1\n');
	t.regex((await states(hostOf('ostree')))['kernel-arguments']?.why ?? '', /rpm-ostree kargs/);
	const bare = await states(hostOf('no-systemd'));
	t.is(bare['unit']?.state, 'by-hand');
	t.is(bare['kernel-arguments']?.state, 'set');
});

// Words

const grubEdits: ReadonlyArray<readonly [title: string, before: string, after: string]> = [
	['double quotes', 'A=1\nGRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nB=2\n', 'quiet splash intel_iommu=on iommu=pt'],
	['single quotes', 'GRUB_CMDLINE_LINUX_DEFAULT=\'quiet splash\'', 'quiet splash intel_iommu=on iommu=pt'],
	['no quotes', 'GRUB_CMDLINE_LINUX_DEFAULT=quiet\n', 'quiet intel_iommu=on iommu=pt'],
	['nothing', 'GRUB_CMDLINE_LINUX_DEFAULT=\n', 'intel_iommu=on iommu=pt'],
	['empty quotes', 'GRUB_CMDLINE_LINUX_DEFAULT=""\n', 'intel_iommu=on iommu=pt'],
	['a comment behind', 'GRUB_CMDLINE_LINUX_DEFAULT="quiet" # "that\n', 'quiet intel_iommu=on iommu=pt'],
	['an escaped quote', 'GRUB_CMDLINE_LINUX_DEFAULT="dyndbg=\\"+p\\" quiet"\n', 'dyndbg="+p" quiet intel_iommu=on iommu=pt'],
	['joined quotes', 'GRUB_CMDLINE_LINUX_DEFAULT="a"\' b\'\n', 'a b intel_iommu=on iommu=pt'],
	['export', 'export GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'quiet intel_iommu=on iommu=pt'],
	['lines that go on', 'GRUB_CMDLINE_LINUX_DEFAULT="quiet \\\nsplash"\n', 'quiet splash intel_iommu=on iommu=pt'],
	['two assignments', 'GRUB_CMDLINE_LINUX_DEFAULT="old"\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT new"\n', 'old new intel_iommu=on iommu=pt'],
	['no assignment and no newline', 'GRUB_TIMEOUT=3', 'intel_iommu=on iommu=pt'],
	['a commented one', '#GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'intel_iommu=on iommu=pt'],
	['a command before', 'GRUB_DISTRIBUTOR=`echo "Deb"`\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'quiet intel_iommu=on iommu=pt'],
	['a command after it on the line', 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"; X=1\n', 'quiet intel_iommu=on iommu=pt'],
];
for (const [title, before, after] of grubEdits) {
	test(`a shell reads the edited value, and removing gives the file back: ${title}`, t => {
		const directory = temporaryDirectory(t);
		const edited = addGrubWords(before, words);
		writeFileSync(join(directory, 'grub'), edited);
		for (const shell of ['bash', 'dash']) {
			t.is(spawnSync(shell, ['-n', join(directory, 'grub')]).status, 0);
			const {stdout, stderr} = spawnSync(shell, ['-euc', '. "$1/grub"; printf %s "$GRUB_CMDLINE_LINUX_DEFAULT"', shell, directory], {encoding: 'utf8'});
			t.is(stdout, after, stderr);
		}

		const had = before.includes('CMDLINE_LINUX_DEFAULT=') && !before.startsWith('#');
		const rest = removeGrubWords(edited, words);
		t.notRegex(rest, /iommu/);
		writeFileSync(join(directory, 'grub'), rest);
		const {stdout} = spawnSync('bash', ['-euc', '. "$1/grub"; printf %s "$GRUB_CMDLINE_LINUX_DEFAULT"', 'bash', directory], {encoding: 'utf8'});
		t.is(stdout, after.replace(/ ?intel_iommu=on iommu=pt/, ''));
		if (had && /=(["']).+\1/.test(before) && title !== 'joined quotes') {
			t.is(rest, before);
		}
	});
}

test('a file with only GRUB_CMDLINE_LINUX gets the words there', t => {
	t.is(addGrubWords('GRUB_CMDLINE_LINUX="rhgb quiet"\n', words), 'GRUB_CMDLINE_LINUX="rhgb quiet intel_iommu=on iommu=pt"\n');
});

test('words are taken as a whole', t => {
	t.is(removeGrubWords('GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt,x my_iommu=pt iommu=pt iommu=pt2"\n', ['iommu=pt']), 'GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt,x my_iommu=pt iommu=pt2"\n');
	t.is(removeGrubWords('OTHER="iommu=pt"\n', ['iommu=pt']), 'OTHER="iommu=pt"\n');
});

test('boot entries: the words go to the last line of options, or to a new one', t => {
	t.is(addEntryWords('linux /x\noptions a\noptions b  \ninitrd /y\n', words), 'linux /x\noptions a\noptions b intel_iommu=on iommu=pt\ninitrd /y\n');
	t.is(addEntryWords('linux /x', words), 'linux /x\noptions intel_iommu=on iommu=pt\n');
	t.is(removeEntryWords(addEntryWords('linux /x\n', words), words), 'linux /x\n');
	t.is(addCommandLineWords('a b', words), 'a b intel_iommu=on iommu=pt\n');
	t.is(addCommandLineWords('', words), 'intel_iommu=on iommu=pt\n');
});

test('kernel-install makes the same line of a running one', t => {
	t.is(installedCommandLine(['BOOT_IMAGE=/vmlinuz', 'initrd=\\a.img', 'root=x', 'ro']), 'root=x ro\n');
	t.is(installedCommandLine(['root=x', 'single']), null);
});

test('missing arguments: none are asked for twice', t => {
	t.deepEqual(missingArguments('intel', ['intel_iommu=off']), words);
	t.deepEqual(missingArguments('intel', ['intel_iommu=on', 'iommu=nopt']), ['iommu=pt']);
	t.deepEqual(missingArguments('amd', []), ['iommu=pt']);
});

test('copies are told apart by their names', t => {
	const path = backupPath('/boot/loader/entries/arch+3-1.conf', '20261121T063731Z');
	t.is(path, '/var/lib/vfctl/backup/boot-loader-entries-arch.conf.20261121T063731Z');
	t.true(isBackupOf(path, '/boot/loader/entries/arch.conf'));
	t.false(isBackupOf(path, '/boot/loader/entries/arch'));
	t.false(isBackupOf(`${path}.x`, '/boot/loader/entries/arch.conf'));
	t.true(isWritablePath(path));
});

test('a plan writes and runs nothing else', t => {
	for (const path of ['/etc/passwd', '/etc/default/grub.d/../../passwd', '/etc/default/grub.d/50-other.cfg', '/etc/systemd/system/sshd.service', '/etc/modprobe.d/vfctl.conf', '/boot/loader/entries/a/b.conf', '/var/lib/vfctl/backup/../x', '/etc/vfctl/other.yaml']) {
		t.false(isWritablePath(path), path);
	}

	for (const command of ['sh', 'update-grub; reboot', 'grub-mkconfig -o /etc/passwd', 'systemctl', 'systemctl start x', '']) {
		t.false(isFollowUp(command.split(' ')), command);
	}
});

// Rules and units

test('files for network managers: each only where its manager is', async t => {
	const rules = '/etc/udev/rules.d/70-vfctl-vfs.rules';
	const network = '/etc/systemd/network/05-vfctl-vfs.network';
	for (const [name, hasRules, hasNetwork] of [['debian-12', false, false], ['rhel-9', true, false], ['ubuntu-24.04', true, true], ['arch', true, true]] as const) {
		const host = hostOf(name);
		await vfctl(host, ['persist', 'on', '--only', 'network-managers']);
		t.is(host.files.exists(rules), hasRules, name);
		t.is(host.files.exists(network), hasNetwork, name);
	}
});

test('networkd of an old systemd is told about; one that is only enabled is not reloaded', async t => {
	const old = hostOf('ubuntu-24.04', {}, {tools: {systemctl: argv => ({code: 0, stdout: argv[1] === '--version' ? 'systemd 239 (239-82.el8)\n' : 'disabled\n', stderr: ''})}});
	const {notes} = await vfctl(old, ['persist', 'on', '--only', 'network-managers']);
	t.true(notes.some(note => /systemd 239 has no Property=/.test(note)));
	t.false(old.files.exists('/etc/systemd/network/05-vfctl-vfs.network'));
	const record = bootHost('debian-12');
	const enabled = simHost({...record, entries: new Map([...record.entries, ['/etc/systemd/system/multi-user.target.wants/systemd-networkd.service', {kind: 'link', target: '/usr/lib/systemd/system/systemd-networkd.service'}]])});
	const {error} = await vfctl(enabled, ['persist', 'on', '--only', 'network-managers']);
	t.is(error, undefined, error?.why);
	t.true(enabled.files.exists('/etc/systemd/network/05-vfctl-vfs.network'));
});

test('VFs that the host uses itself are left out of the rule', async t => {
	const host = simHost(withAddress(bootHost('rhel-9'), 'pf0v1', '10.1.0.1/24'));
	const item = (await states(host))['network-managers'];
	t.regex(item?.why ?? '', /but for 0000:03:10\.2, which this host uses/);
	await vfctl(host, ['persist', 'on', '--only', 'network-managers']);
	t.is(textOf(host, '/etc/udev/rules.d/70-vfctl-vfs.rules'), vfRulesText(['0000:03:10.2' as Bdf]));
});

test('udev itself marks VFs by the rule: not PFs, not those of the host', t => {
	const tree = materialise(bootHost('rhel-9').entries);
	t.teardown(() => {
		tree.remove();
	});
	const directory = temporaryDirectory(t);
	writeFileSync(join(directory, '70-vfctl-vfs.rules'), vfRulesText(['0000:03:10.2' as Bdf]));
	const properties = (netdev: string) => {
		const script = 'mount --bind "$1" /sys; mount -t tmpfs none /run; mkdir -p /run/udev/rules.d; cp "$2"/*.rules /run/udev/rules.d; exec udevadm test --action=add "/sys/class/net/$3"';
		const {stdout, stderr, status} = spawnSync('unshare', ['--mount', 'sh', '-ec', script, 'sh', tree.sysfs, directory, netdev], {encoding: 'utf8', env: {...process.env, SYSTEMD_DEVICE_VERIFY_SYSFS: '0', SYSTEMD_LOG_LEVEL: 'info'}});
		t.is(status, 0, stderr);
		t.notRegex(stderr, /vfctl-vfs\.rules:\d+.*(?:[Ii]nvalid|[Uu]nknown|ignor)/);
		return stdout;
	};

	for (const [netdev, marked] of [['pf0', false], ['pf0v0', true], ['pf0v1', false], ['pf0v2', true]] as const) {
		const text = properties(netdev);
		// udev gives it another name by the way.
		t.regex(text, new RegExp(`^INTERFACE(?:_OLD)?=${netdev}$`, 'm'));
		t.is(/^NM_UNMANAGED=1$/m.test(text), marked, netdev);
		t.is(/^VFCTL_VF=1$/m.test(text), marked, netdev);
	}
});

test('systemd-networkd itself leaves alone what the rule has marked', t => {
	const directory = temporaryDirectory(t);
	writeFileSync(join(directory, '10-netplan-all.network'), '[Match]\nName=vf*\n\n[Network]\nAddress=10.9.0.1/24\nLinkLocalAddressing=no\n');
	const script = `
		ip link add name vf0 type veth peer name vf1
		ip link set vf0 up
		ip link set vf1 up
		mount -t sysfs sysfs /sys
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /etc/systemd/network
		mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp /run/udev/data
		chown -R systemd-network:systemd-network /run/systemd/netif
		touch /run/udev/control
		# What udev has said of them.
		printf 'I:1\\nE:VFCTL_VF=1\\n' > /run/udev/data/n$(cat /sys/class/net/vf0/ifindex)
		printf 'I:1\\n' > /run/udev/data/n$(cat /sys/class/net/vf1/ifindex)
		cp "$1"/*.network /etc/systemd/network
		SYSTEMD_LOG_LEVEL=warning SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd &
		tries=0
		until [ -n "$(ip -o -4 addr show dev vf1)" ]; do tries=$((tries + 1)); [ $tries -lt 100 ]; sleep 0.1; done
		sleep 1
		ip -o -4 addr show | awk '{print $2, $4}'
	`;
	const addresses = () => {
		const {stdout, stderr, status} = spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec', script, 'sh', directory], {encoding: 'utf8', timeout: 40_000, killSignal: 'SIGKILL'});
		t.is(status, 0, stderr);
		t.notRegex(stderr, /vfctl/);
		return stdout.trim().split('\n').sort();
	};

	t.deepEqual(addresses(), ['vf0 10.9.0.1/24', 'vf1 10.9.0.1/24']);
	writeFileSync(join(directory, '05-vfctl-vfs.network'), networkdText());
	t.deepEqual(addresses(), ['vf1 10.9.0.1/24']);
});

test('systemd-analyze finds nothing wrong with the units', t => {
	const directory = temporaryDirectory(t);
	const own = {node: process.execPath, vfctl: join(directory, 'a "b" $x %n.cjs')};
	writeFileSync(own.vfctl, '');
	for (const name of ['vfctl.service', 'vfctl-guests.service'] as const) {
		writeFileSync(join(directory, name), unitText(name, own));
	}

	const {status, stderr} = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', join(directory, 'vfctl.service'), join(directory, 'vfctl-guests.service')], {encoding: 'utf8', env: {...process.env, SYSTEMD_UNIT_PATH: `${directory}:`}});
	t.is(stderr, '');
	t.is(status, 0);
});

test('a unit names a program as systemd reads it back', t => {
	t.is(unitWord('/usr/bin/node'), '/usr/bin/node');
	t.is(unitWord('/opt/100%/node'), '/opt/100%%/node');
	t.is(unitWord('/opt/$x/a b'), '"/opt/$$x/a b"');
	t.is(unitWord('/a"b\\c'), '"/a\\"b\\\\c"');
	t.true(unitText('vfctl.service', program).includes('ExecStart=/usr/bin/node /usr/lib/node_modules/vfctl/dist/vfctl.cjs apply /etc/vfctl/host.yaml --boot --yes\n'));
	t.true(unitText('vfctl-guests.service', program).includes('\nAfter=vfctl.service libvirtd.service '));
	t.true(networkdText().includes('\n[Match]\nProperty=VFCTL_VF=1\n'));
});

test('units: one without libvirt, none without systemd; written, enabled, and other text replaced', async t => {
	const host = hostOf('debian-12');
	await vfctl(host, ['persist', 'on', '--only', 'unit']);
	for (const unit of ['vfctl.service', 'vfctl-guests.service']) {
		t.is(host.files.readLink(`/etc/systemd/system/multi-user.target.wants/${unit}`), `/etc/systemd/system/${unit}`);
	}

	host.machine.tree.put('/etc/systemd/system/vfctl.service', {kind: 'text', text: '[Service]\nExecStart=/old/vfctl\n[Install]\nWantedBy=multi-user.target\n'});
	t.is((await states(host))['unit']?.state, 'missing');
	await vfctl(host, ['persist', 'on', '--only', 'unit']);
	t.is((await states(host))['unit']?.state, 'set');
	const without = hostOf('debian-12', {'/usr/sbin/libvirtd': null});
	await vfctl(without, ['persist', 'on', '--only', 'unit']);
	t.true(without.files.exists('/etc/systemd/system/vfctl.service'));
	t.false(without.files.exists('/etc/systemd/system/vfctl-guests.service'));
});

test('where systemd is not process 1 it is not told to reload', async t => {
	const host = hostOf('debian-12', {'/run/systemd/system/x': null});
	const {error} = await vfctl(host, ['persist', 'on', '--only', 'unit']);
	t.is(error, undefined, error?.why);
	t.is((await states(host))['unit']?.state, 'set');
});

test('the real systemctl enables and disables, and says so', async t => {
	const root = temporaryDirectory(t);
	const path = join(root, 'etc/systemd/system/vfctl.service');
	mkdirSync(dirname(path), {recursive: true});
	writeFileSync(path, unitText('vfctl.service', program));
	const context = {
		host: {
			...hostOf('debian-12'),
			runner: {
				async run([name, ...rest]: readonly string[]) {
					const {status, stdout, stderr} = spawnSync(name!, [`--root=${root}`, ...rest], {encoding: 'utf8', env: {...process.env, LC_ALL: 'C'}});
					return {code: status ?? -1, stdout, stderr};
				},
			},
		},
	} as unknown as ActionContext;
	const enable = {kind: 'set-unit', unit: 'vfctl.service', from: 'disabled', to: 'enabled'} as const;
	t.is(await setUnit.observe(context, enable), 'from');
	await setUnit.apply(context, enable);
	await setUnit.apply(context, enable);
	t.is(await setUnit.observe(context, enable), 'to');
	await setUnit.apply(context, {...enable, from: 'enabled', to: 'disabled'});
	t.is(await setUnit.observe(context, enable), 'from');
	rmSync(path);
	t.is(await setUnit.observe(context, enable), 'from');
	const error = await t.throwsAsync(setUnit.apply(context, enable), {instanceOf: AppError});
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /does not exist|No such file/);
});

test('a program that others can write to is started by no unit', t => {
	const directory = temporaryDirectory(t);
	const file = join(directory, 'vfctl.cjs');
	writeFileSync(file, '');
	t.notThrows(() => {
		requireSafeProgram({node: process.execPath, vfctl: file});
	});
	chmodSync(directory, 0o777);
	t.is(t.throws(() => {
		requireSafeProgram({node: process.execPath, vfctl: file});
	}, {instanceOf: AppError})?.code, 'UNSAFE_DIRECTORY');
	chmodSync(directory, 0o755);
	chmodSync(file, 0o666);
	t.is(t.throws(() => {
		requireSafeProgram({node: process.execPath, vfctl: file});
	}, {instanceOf: AppError})?.code, 'UNSAFE_DIRECTORY');
	const strange = join(directory, 'a\nExecStart=x');
	t.is(t.throws(() => {
		requireSafeProgram({node: process.execPath, vfctl: strange});
	}, {instanceOf: AppError})?.code, 'UNSUPPORTED');
	t.is(ownProgram().node, process.execPath);
});

test('what the units run makes a freshly booted host what the file says, without asking libvirt first', async t => {
	const directory = temporaryDirectory(t);
	const file = join(directory, 'host.yaml');
	// No address leads to the gateway yet.
	writeFileSync(file, 'version: 1\npfs:\n  pf0: {numVfs: 2}\nroutes:\n  - {to: 10.9.0.0/24, via: 10.8.0.1, dev: pf0}\n');
	const host = simHost(hostBuilder('fresh').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0'}).guest({name: 'vm0'}).record());
	let asked = false;
	const booting: SimHost = {...host, async openLibvirt(uri: string) {
		asked = true;
		return host.openLibvirt(uri);
	}};
	const commands = [...unitText('vfctl.service', program).matchAll(/^ExecStart(?:Pre)?=-?\S+ \S+ (.*)$/gm)].map(([, line]) => line!.replace('/etc/vfctl/host.yaml', file).split(' '));
	t.deepEqual(commands.map(([name]) => name), ['recover', 'apply']);
	for (const words of commands) {
		const {error} = await vfctl(booting, words);
		t.is(error, undefined, `${error?.message}: ${error?.why}`);
	}

	t.false(asked);
	t.is(textOf(host, '/sys/bus/pci/devices/0000:03:00.0/sriov_numvfs')?.trim(), '2');
	t.false((await vfctl(booting, commands[1]!)).json['changed']);
	// The second unit says everything, so what cannot be is an error there.
	const [, whole] = [...unitText('vfctl-guests.service', program).matchAll(/^ExecStart(?:Pre)?=-?\S+ \S+ (.*)$/gm)].map(([, line]) => line!.replace('/etc/vfctl/host.yaml', file).split(' '));
	t.is((await vfctl(booting, whole!)).error?.code, 'BAD_ADDRESS');
	t.true(asked);
});

// The host file

test('a host file is put in place; a former one is kept; persist off leaves it', async t => {
	const directory = temporaryDirectory(t);
	const [one, other, wrong] = ['one.yaml', 'other.yaml', 'wrong.yaml'].map(name => join(directory, name)) as [string, string, string];
	writeFileSync(one, 'version: 1\n');
	writeFileSync(other, 'version: 1\nroutes: []\n');
	writeFileSync(wrong, 'version: 1\nbananas: 3\n');
	const host = hostOf('debian-12');
	t.is((await states(host))['host-file']?.state, 'missing');
	const before = filesOf(host);
	const refused = await vfctl(host, ['persist', 'on', '--host-file', wrong]);
	t.is(refused.error?.code, 'BAD_HOST_FILE');
	t.regex(`${refused.error?.message} ${refused.error?.why}`, /bananas/);
	t.is((await vfctl(host, ['persist', 'on', '--host-file', join(directory, 'nowhere')])).error?.code, 'BAD_HOST_FILE');
	t.is((await vfctl(host, ['persist', 'on', '--only', 'unit', '--host-file', one])).error?.code, 'USAGE');
	t.is(filesOf(host), before);
	await vfctl(host, ['persist', 'on', '--host-file', one]);
	t.is(textOf(host, '/etc/vfctl/host.yaml'), 'version: 1\n');
	t.is((await states(host))['host-file']?.state, 'set');
	t.false((await vfctl(host, ['persist', 'on', '--host-file', one])).json['changed']);
	const {notes} = await vfctl(host, ['persist', 'on', '--host-file', other]);
	const backup = host.files.list('/var/lib/vfctl/backup').find(name => name.startsWith('etc-vfctl-host.yaml.'));
	t.is(textOf(host, `/var/lib/vfctl/backup/${backup}`), 'version: 1\n');
	t.true(notes.some(note => note.includes(backup!)));
	const off = await vfctl(host, ['persist', 'off']);
	t.true(off.notes.some(note => /host\.yaml stays/.test(note)));
	t.is(textOf(host, '/etc/vfctl/host.yaml'), 'version: 1\nroutes: []\n');
});

test('a host file in place that cannot be applied is told before the next boot finds out', async t => {
	const host = hostOf('debian-12', {'/etc/vfctl/host.yaml': 'version: 1\nbananas: 3\n'});
	const {state, why} = (await states(host))['host-file']!;
	t.is(state, 'by-hand');
	t.regex(why, /cannot be applied at boot: .*bananas/s);
	const {notes} = await vfctl(host, ['persist', 'on']);
	t.true(notes.some(note => /cannot be applied at boot/.test(note)));
});

// Failures and crashes

function contextOf(host: SimHost, more: Partial<RunContext> = {}): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'test'], ...more};
}

async function onPlan(host: SimHost) {
	return planPersistOn(await readBootFacts(host, await inventoryOf(host)), {program, hostFile: 'version: 1\n', hostFileProblem: null, time: '20261121T063731Z', only: [], skip: []});
}

for (const name of ['ubuntu-24.04', 'rhel-9', 'arch', 'grub-without-directory']) {
	test(`${name}: a failure at any step puts everything back`, async t => {
		const steps = (await onPlan(hostOf(name))).actions.length;
		t.true(steps >= 6);
		for (let step = 1; step <= steps; step++) {
			for (const phase of ['before', 'after']) {
				const host = hostOf(name);
				const before = filesOf(host);
				const error = await t.throwsAsync(execute(await onPlan(host), contextOf(host, {fault: parseFault(`fail@${step}:${phase}`)})), {instanceOf: AppError});
				t.is(error?.code, 'STEP_FAILED');
				t.is(filesOf(host), before, `step ${step} ${phase}`);
			}
		}
	});

	test(`${name}: a crash before any single change is recovered`, async t => {
		let crashes = 0;
		for (;;) {
			const host = hostOf(name);
			const before = filesOf(host);
			const plan = await onPlan(host);
			const alive = await crashAt(host, crashes + 1, async () => execute(plan, contextOf(host)));
			if (!alive) {
				break;
			}

			crashes++;
			const results = await recover(contextOf(alive));
			t.deepEqual(results.map(({error}) => error).filter(error => error !== null), []);
			t.is(filesOf(alive), before, `change ${crashes}`);
		}

		t.true(crashes > 20, String(crashes));
	});
}

test('a generator that fails puts the file back, and does not stop vfctl for good', async t => {
	const host = hostOf('debian-12', {}, {commandFailures: [{command: /^update-grub/, result: {code: 1, stderr: 'error: no such device\n'}}]});
	const before = filesOf(host);
	const {error} = await vfctl(host, ['persist', 'on']);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /no such device/);
	t.is(filesOf(host), before);
	t.is((await vfctl(host, ['persist', 'on', '--skip', 'kernel-arguments'])).error, undefined);
});

test('at boot recover does not ask libvirt', async t => {
	const host = hostOf('debian-12');
	let asked = false;
	const {error, text} = await vfctl({...host, async openLibvirt(uri: string) {
		asked = true;
		return host.openLibvirt(uri);
	}}, ['recover', '--boot']);
	t.is(error, undefined);
	t.is(text, 'nothing to recover');
	t.false(asked);
});

test('an edited file keeps its mode, but for what lets others write; copies are root\'s alone', async t => {
	const root = temporaryDirectory(t);
	const files = realFiles(root);
	mkdirSync(join(root, 'etc'));
	writeFileSync(join(root, 'etc/grub'), 'old\n');
	for (const [mode, expected] of [[0o600, 0o600], [0o644, 0o644], [0o664, 0o644], [0o755, 0o755]] as const) {
		chmodSync(join(root, 'etc/grub'), mode);
		await files.writeFile('/etc/grub', 'new\n');
		t.is(statSync(join(root, 'etc/grub')).mode & 0o777, expected);
		t.is(readFileSync(join(root, 'etc/grub'), 'utf8'), 'new\n');
	}

	await files.writeFile('/etc/fresh', 'x');
	t.is(statSync(join(root, 'etc/fresh')).mode & 0o777, 0o644);
	await files.writeFile('/etc/grub', 'x', 0o600);
	t.is(statSync(join(root, 'etc/grub')).mode & 0o777, 0o600);
});
