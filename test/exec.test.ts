// Executing, putting back and recovering on a simulated kernel and libvirt; the journal on real
// files under processes that are really killed.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {findAttachActions} from '../lib/exec/attachments.ts';
import {execute, type Executed} from '../lib/exec/execute.ts';
import {parseFault} from '../lib/exec/fault.ts';
import {begin, end, listOperations, mark, readOperation, resume, unfinishedOperations} from '../lib/exec/journal.ts';
import {doneActions, isUnfinished, parseOperation} from '../lib/exec/operation.ts';
import {giveUp, recover} from '../lib/exec/recover.ts';
import {silentReporter, type Reporter} from '../lib/exec/reporter.ts';
import {expired, openAttachments} from '../lib/exec/retention.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {operationPath} from '../lib/exec/state-paths.ts';
import {planUndoOf} from '../lib/exec/undo.ts';
import {withLock} from '../lib/exec/with-lock.ts';
import {realClock} from '../lib/host/real-clock.ts';
import {realFiles} from '../lib/host/real-files.ts';
import type {Bdf} from '../lib/model/bdf.ts';
import type {Mac} from '../lib/model/mac.ts';
import type {Action, AttachDeviceAction, BindAction, SetNumVfsAction, SetVfAction, WriteFileAction} from '../lib/plan/action.ts';
import {bindingRule, bindingRulePath} from '../lib/plan/binding-rule.ts';
import type {Plan} from '../lib/plan/plan.ts';
import type {HostRecord, RecordEntry} from '../lib/record/record.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {parseIpLink} from '../lib/sysfs/read-vf-settings.ts';
import {crashAt} from './helpers/crash.ts';

const pf = '0000:01:00.0' as Bdf;
const vf0 = '0000:01:10.0' as Bdf;
const vf1 = '0000:01:10.2' as Bdf;
const mac = '52:54:00:aa:00:01' as Mac;
const vm0 = {name: 'vm0', uuid: '11111111-2222-3333-4444-555555555555'};
const pfPath = `/sys/devices/pci0000:00/0000:00:02.0/${pf}`;

/** One igb PF, down and without VFs; vfio-pci not loaded; a running guest with an agent. */
function record(): HostRecord {
	const entries = new Map<string, RecordEntry>();
	const put = (path: string, text: string | number) => entries.set(path, {kind: 'text', text: `${text}\n`});
	const link = (path: string, target: string) => entries.set(path, {kind: 'link', target});
	for (const [name, value] of Object.entries({
		vendor: '0x8086', device: '0x10c9', subsystem_vendor: '0x8086', subsystem_device: '0xa03c', class: '0x020000', revision: '0x01', numa_node: '-1',
		driver_override: '(null)', sriov_totalvfs: 7, sriov_numvfs: 0, sriov_offset: 128, sriov_stride: 2, sriov_vf_device: '10ca', sriov_drivers_autoprobe: 1,
		'net/eth1/address': '52:54:00:00:00:01', 'net/eth1/flags': '0x1002', 'net/eth1/ifindex': 3, 'net/eth1/mtu': 1500, 'net/eth1/operstate': 'down',
	})) {
		put(`${pfPath}/${name}`, value);
	}

	put(`${pfPath}/uevent`, 'DRIVER=igb\nPCI_CLASS=20000\nPCI_ID=8086:10C9');
	link(`/sys/bus/pci/devices/${pf}`, `../../../devices/pci0000:00/0000:00:02.0/${pf}`);
	link(`${pfPath}/net/eth1/device`, `../../../${pf}`);
	// Interfaces that are down tell neither.
	entries.set(`${pfPath}/net/eth1/carrier`, {kind: 'unreadable'});
	entries.set(`${pfPath}/net/eth1/speed`, {kind: 'unreadable'});
	link('/sys/class/net/eth1', `../../devices/pci0000:00/0000:00:02.0/${pf}/net/eth1`);
	link(`${pfPath}/iommu_group`, '../../../../kernel/iommu_groups/5');
	link(`/sys/kernel/iommu_groups/5/devices/${pf}`, `../../../../devices/pci0000:00/0000:00:02.0/${pf}`);
	link(`${pfPath}/driver`, '../../../../bus/pci/drivers/igb');
	link(`/sys/bus/pci/drivers/igb/${pf}`, `../../../../devices/pci0000:00/0000:00:02.0/${pf}`);
	for (const driver of ['igb', 'igbvf']) {
		put(`/sys/module/${driver}/initstate`, 'live');
		for (const name of ['bind', 'unbind', 'new_id']) {
			entries.set(`/sys/bus/pci/drivers/${driver}/${name}`, {kind: 'unreadable'});
		}
	}

	entries.set('/sys/bus/pci/drivers_probe', {kind: 'unreadable'});
	put('/sys/bus/pci/drivers_autoprobe', 1);
	put('/proc/sys/kernel/random/boot_id', 'aaaaaaaa-0000-0000-0000-000000000001');
	put('/proc/sys/kernel/osrelease', '6.12.0');
	put('/proc/uptime', '1000.00 900.00');
	const port = (index: number) => `<controller type='pci' index='${index}' model='pcie-root-port'><address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x${index - 1}'/></controller>`;
	const agent = (state: string) => `<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'${state}/></channel>`;
	const xml = (state: string) => [
		'<domain type=\'kvm\'>', `  <name>${vm0.name}</name>`, `  <uuid>${vm0.uuid}</uuid>`, '  <devices>',
		'    <controller type=\'pci\' index=\'0\' model=\'pcie-root\'/>', ...[1, 2, 3].map(index => `    ${port(index)}`),
		`    ${agent(state)}`, '  </devices>', '</domain>', '',
	].join('\n');
	return {
		name: 'test', caller: {uid: 0, env: {}}, entries, commands: [],
		libvirt: {
			uri: 'qemu:///system', version: '11.3.0', networks: [], nodeDevices: new Map(),
			domains: [{...vm0, state: 'running', active: true, persistent: true, liveXml: xml(' state=\'connected\''), inactiveXml: xml(''), guestInterfaces: [{name: 'lo', mac: undefined, addresses: []}]}],
		},
	};
}

const createVfs: SetNumVfsAction = {kind: 'set-numvfs', pf, pfNetdev: 'eth1', from: 0, to: 2, remembered: []};
const linkUp: Action = {kind: 'set-link', netdev: 'eth1', from: 'down', to: 'up'};
const loadVfio: Action = {kind: 'load-module', module: 'vfio-pci', from: 'absent', to: 'loaded'};
const setMac: SetVfAction = {kind: 'set-vf', pfNetdev: 'eth1', pf, index: 0, bdf: vf0, from: {mac: '00:00:00:00:00:00' as Mac, vlan: 0, spoofchk: true}, to: {mac, vlan: 42, spoofchk: false}, assumed: true, reload: true};
const otherMac: SetVfAction = {...setMac, from: {mac, vlan: 42}, to: {mac: '52:54:00:aa:00:99' as Mac, vlan: 43}, assumed: false};
const mac1 = '52:54:00:aa:00:02' as Mac;
const setMac1: SetVfAction = {...setMac, index: 1, bdf: vf1, to: {mac: mac1}};
const bindVfio: BindAction = {kind: 'bind', bdf: vf0, physfn: pf, from: {driver: 'igbvf', override: null}, to: {driver: 'vfio-pci', override: 'vfio-pci'}};
const writeRule: WriteFileAction = {kind: 'write-file', path: '/etc/udev/rules.d/70-vfctl.rules', from: null, to: 'rule\n', then: ['udevadm', 'control', '--reload']};
const persist: WriteFileAction = {...writeRule, path: bindingRulePath(vf0), to: bindingRule(vf0, 'vfio-pci')};
const hostdevXml = (managed: string) => `<hostdev mode='subsystem' type='pci' managed='${managed}'><source><address domain='0x0000' bus='0x01' slot='0x10' function='0x0'/></source></hostdev>`;
const attach = (target: 'live' | 'config', managed = false): AttachDeviceAction => ({
	kind: 'attach-device', guest: vm0, target, deviceXml: hostdevXml(managed ? 'yes' : 'no'), source: vf0, network: null, mac, method: 'hostdev', managed,
	hostDriver: managed ? 'igbvf' : null, portsBefore: [1, 2, 3],
});
const detach = (target: 'live' | 'config', managed = false): Action => ({...attach(target, managed), kind: 'detach-device'});
const checkVm0: Action = {kind: 'check-guest', guest: vm0, mac, timeoutMs: 30_000};

/** Every kind of action but autoprobe. */
const longActions: Action[] = [linkUp, createVfs, loadVfio, setMac, bindVfio, writeRule, attach('live'), attach('config'), checkVm0];
/** libvirt binds the VF itself. */
const managedActions: Action[] = [linkUp, createVfs, loadVfio, {...setMac, reload: false}, attach('live', true), attach('config', true), checkVm0];

function planOf(actions: readonly Action[], subject: Plan['subject'] = {command: 'attach', guest: vm0, vf: vf0, pf}): Plan {
	return {version: 1, subject, title: 'a test', actions: [...actions], warnings: [], risks: []};
}

interface TestContext extends RunContext {
	host: SimHost;
	notes: string[];
	told: string[];
}

function contextOf(host: SimHost, more: Partial<Omit<RunContext, 'host'>> = {}): TestContext {
	const notes: string[] = [];
	const told: string[] = [];
	const reporter: Reporter = {
		...silentReporter,
		stepDone: step => told.push(`done ${step}`),
		undoDone: step => told.push(`undone ${step}`),
		note: text => notes.push(text),
	};
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter, commandLine: ['vfctl', 'test'], notes, told, ...more};
}

function newHost(options: SimOptions = {}): SimHost {
	return simHost(record(), options);
}

/** All that matters of a host, as text: files but vfctl's own, settings of VFs, guests. */
async function stateOf(host: SimHost): Promise<string> {
	const lines: string[] = [];
	for (const [path, entry] of host.machine.tree.entries()) {
		if (!path.startsWith('/var/lib/vfctl') && !/\/(ifindex|iflink|addr_assign_type)$|^\/proc\/(uptime|\d+)/.test(path) && entry.kind !== 'directory') {
			lines.push(`${path} ${entry.kind === 'text' ? entry.text.trim() : entry.kind === 'link' ? entry.target : entry.kind}`);
		}
	}

	const libvirt = await host.openLibvirt('qemu:///system');
	for (const {name, active, liveXml, inactiveXml} of await libvirt.listDomains()) {
		lines.push(`${name} ${active}`, liveXml ?? '', inactiveXml ?? '');
	}

	// What the kernel and libvirt number anew each time, and who chose a MAC, is not looked at.
	return [...lines.sort(), JSON.stringify([...host.machine.vfStates])].join('\n').replaceAll(/IFINDEX=\d+|'hostdev\d+'|"macByAdmin":\w+,/g, '');
}

async function throwsCode(t: ExecutionContext, promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
	const error = await t.throwsAsync(promise, {instanceOf: AppError});
	t.is(error?.code, code, `${error?.message}: ${error?.why}`);
	return error!;
}

// Executing

for (const [name, actions] of [['vfctl binds', longActions], ['libvirt binds', managedActions]] as const) {
	test(`a whole attach where ${name}, and its undo`, async t => {
		const host = newHost();
		const before = await stateOf(host);
		const context = contextOf(host);
		const {number} = await withLock(host, {holder: 'attach', timeoutMs: 0}, async () => execute(planOf(actions), context)) as Executed;
		t.is(number, 1);
		t.deepEqual(context.told, actions.map((_, index) => `done ${index + 1}`));
		t.deepEqual(context.notes, []);
		t.is(host.files.readLink(`/sys/bus/pci/devices/${vf0}/driver`)?.split('/').at(-1), 'vfio-pci');
		const operation = readOperation(host.files, 1);
		t.is(operation.outcome, 'done');
		t.deepEqual(doneActions(operation), actions);

		const plan = await planUndoOf(context, 1);
		t.is(plan.subject.operation, 1);
		await execute(plan, context);
		t.is(await stateOf(host), before);
		await throwsCode(t, planUndoOf(context, 1), 'PLAN_STALE');
	});

	for (const step of actions.keys()) {
		for (const phase of ['before', 'after'] as const) {
			test(`where ${name}, a failure ${phase} step ${step + 1} puts everything back`, async t => {
				const host = newHost();
				const before = await stateOf(host);
				const error = await throwsCode(t, execute(planOf(actions), contextOf(host, {fault: parseFault(`fail@${step + 1}:${phase}`)})), 'STEP_FAILED');
				t.true(error.details['rolledBack']);
				t.is(await stateOf(host), before);
				t.is(readOperation(host.files, 1).outcome, 'rolled-back');
				t.deepEqual(unfinishedOperations(host.files), []);
			});
		}
	}
}

const crashes: ReadonlyArray<readonly [name: string, given: readonly Action[], actions: readonly Action[], least: number]> = [
	['an attach where vfctl binds', [], longActions, 30],
	['an attach where libvirt binds', [], managedActions, 20],
	['settings of a VF that was there before', [linkUp, createVfs, setMac], [otherMac], 8],
	['a driver of a VF that was there before', [linkUp, createVfs, loadVfio], [bindVfio], 5],
	['a detach where libvirt binds', managedActions, [detach('live', true), detach('config', true), {...setMac, from: setMac.to, to: setMac.from, assumed: false, reload: true}], 8],
	['a detach where vfctl binds', longActions, [detach('live'), detach('config'), {...bindVfio, from: bindVfio.to, to: bindVfio.from}], 8],
	['destroying VFs with settings', [linkUp, createVfs, setMac, setMac1], [{...createVfs, from: 2, to: 0, remembered: [
		{index: 0, bdf: vf0, settings: {mac, vlan: 42, spoofchk: false}, override: null},
		{index: 1, bdf: vf1, settings: {mac: mac1, spoofchk: true, vlan: 0}, override: null},
	]}], 3],
];
for (const [name, given, actions, least] of crashes) {
	test(`${name}: a crash before any single change is recovered`, async t => {
		let crashes = 0;
		for (;;) {
			const host = newHost();
			await execute(planOf(given), contextOf(host));
			const before = await stateOf(host);
			const after = await crashAt(host, crashes + 1, async () => execute(planOf(actions), contextOf(host)));
			if (!after) {
				break;
			}

			crashes++;
			const unfinished = unfinishedOperations(after.files).length;
			const results = await withLock(after, {holder: 'recover', timeoutMs: 0, recovering: true}, async () => recover(contextOf(after)));
			t.is(results.length, unfinished);
			t.true(results.every(({error}) => error === null), `${crashes}: ${results[0]?.error?.why}`);
			t.is(await stateOf(after), before, `crash at change ${crashes}`);
			t.deepEqual(await recover(contextOf(after)), []);
			await execute(planOf(actions), contextOf(after));
		}

		t.true(crashes >= least, `only ${crashes} changes`);
	});
}

test('a recovery that crashes is taken up by the next one', async t => {
	let crashes = 0;
	for (;;) {
		const host = newHost();
		const before = await stateOf(host);
		// The first process dies once the guest has the device.
		const second = await crashAt(host, what => /attach.*config/.test(what), async () => t.throwsAsync(execute(planOf(longActions), contextOf(host))));
		const third = await crashAt(second!, crashes + 1, async () => recover(contextOf(second!)));
		if (!third) {
			t.is(await stateOf(second!), before);
			break;
		}

		crashes++;
		const [result] = await recover(contextOf(third));
		t.is(result?.error ?? null, null);
		t.is(await stateOf(third), before, `second crash at change ${crashes}`);
	}

	t.true(crashes > 15, `only ${crashes} changes`);
});

test('recovery finds an attach that libvirt finished after the process died', async t => {
	const host = newHost();
	const before = await stateOf(host);
	const actions = [linkUp, createVfs, loadVfio, attach('live', true)];
	let dead = false;
	host.set({
		beforeChange() {
			if (dead) {
				throw new Error('killed');
			}
		},
	});
	const libvirt = await host.openLibvirt('qemu:///system');
	let late: (() => Promise<void>) | undefined;
	const context = contextOf(host, {
		libvirt: async () => ({
			...libvirt,
			async attachDevice(...parameters) {
				late = async () => libvirt.attachDevice(...parameters);
				dead = true;
				throw new Error('killed');
			},
		}),
	});
	await t.throwsAsync(execute(planOf(actions), context));
	const after = host.afterCrash({beforeChange: undefined as never});
	let asked = 0;
	const results = await recover(contextOf(after, {
		libvirt: async () => ({
			...libvirt,
			// The detach waits for libvirt's job, which is the attach of the dead process.
			async detachDevice(...parameters) {
				if (asked++ === 0) {
					await late!();
				}

				return libvirt.detachDevice(...parameters);
			},
		}),
	}));
	t.is(results[0]?.error ?? null, null);
	t.true(asked > 0);
	t.is(await stateOf(after), before);
});

test('an attach that fails in the answer and not in the deed is no failure', async t => {
	const host = newHost();
	const libvirt = await host.openLibvirt('qemu:///system');
	await execute(planOf([linkUp, createVfs, loadVfio, attach('live', true)]), contextOf(host, {
		libvirt: async () => ({
			...libvirt,
			async attachDevice(...parameters) {
				await libvirt.attachDevice(...parameters);
				throw new AppError('LIBVIRT_UNREACHABLE', 'no answer in time');
			},
		}),
	}));
	t.is(host.files.readLink(vfDriver)?.split('/').at(-1), 'vfio-pci');
});

test('a VF that libvirt does not give back is given back', async t => {
	const host = newHost();
	await execute(planOf(managedActions), contextOf(host));
	host.set({deadDrivers: ['igbvf']});
	host.machine.clock.after(3000, () => {
		host.set({deadDrivers: []});
	});
	const context = contextOf(host);
	await execute(planOf([detach('live', true)]), context);
	t.is(host.files.readLink(vfDriver)?.split('/').at(-1), 'igbvf');
	t.regex(context.notes.join(), /had not given 0000:01:10\.0 back/);
});

test('a plan that does not fit the host any more changes nothing', async t => {
	const host = newHost();
	await execute(planOf([linkUp]), contextOf(host));
	const before = await stateOf(host);
	const error = await throwsCode(t, execute(planOf([createVfs, linkUp]), contextOf(host)), 'PLAN_STALE');
	t.regex(error.message, /step 2/);
	t.is(await stateOf(host), before);
	await execute(planOf([createVfs]), contextOf(host));
	const other = await throwsCode(t, execute(planOf([{...createVfs, to: 5}]), contextOf(host)), 'PLAN_STALE');
	t.regex(other.why ?? '', /has 2 VFs/);
	t.is(readOperation(host.files, 4).outcome, 'rolled-back');
});

test('a stopped run puts everything back', async t => {
	const host = newHost();
	const before = await stateOf(host);
	const stop = new AbortController();
	const context = contextOf(host, {signal: stop.signal});
	const reporter: Reporter = {...context.reporter, stepDone(step) {
		if (step === 4) {
			stop.abort('SIGINT');
		}
	}};
	const error = await throwsCode(t, execute(planOf(longActions), {...context, reporter}), 'INTERRUPTED');
	t.is(error.why, 'SIGINT');
	t.true(error.details['rolledBack']);
	t.is(await stateOf(host), before);
});

test('a rollback that fails names what is left, blocks others, and recover ends it', async t => {
	const host = newHost({guestsKeepDevices: ['vm0']});
	const before = await stateOf(host);
	const error = await throwsCode(t, execute(planOf(longActions), contextOf(host, {fault: parseFault('fail@8:after')})), 'ROLLBACK_INCOMPLETE');
	t.is(error.fix, 'vfctl recover');
	t.deepEqual(error.details['left'], [7, 6, 5, 4, 3, 2, 1]);
	t.regex(error.why ?? '', /did not release/);
	await throwsCode(t, withLock(host, {holder: 'other', timeoutMs: 0}, async () => {}), 'NEEDS_RECOVERY');
	// The guest keeps its VF: nothing below was touched.
	t.is(host.files.readText(`/sys/bus/pci/devices/${pf}/sriov_numvfs`), '2\n');
	const [failed] = await recover(contextOf(host));
	t.is(failed?.error?.code, 'ROLLBACK_INCOMPLETE');
	host.set({guestsKeepDevices: []});
	const [result] = await recover(contextOf(host));
	t.is(result?.error ?? null, null);
	t.is(await stateOf(host), before);
	await withLock(host, {holder: 'other', timeoutMs: 0}, async () => {});
});

test('an operation can be given up by hand', async t => {
	const host = newHost();
	const context = contextOf(host);
	await begin(host, planOf([linkUp]), []);
	await throwsCode(t, withLock(host, {holder: 'other', timeoutMs: 0}, async () => {}), 'NEEDS_RECOVERY');
	await giveUp(context, 1);
	t.is(readOperation(host.files, 1).outcome, 'given-up');
	await throwsCode(t, giveUp(context, 1), 'OPERATION_NOT_FOUND');
	await throwsCode(t, giveUp(context, 9), 'OPERATION_NOT_FOUND');
});

test('after a restart of the machine recovery looks at what is there', async t => {
	const host = newHost();
	const before = await stateOf(host);
	const inStep8 = (what: string) => /append/.test(what) && host.machine.tree.text(operationPath(1))?.includes('"step":8') === true;
	t.truthy(await crashAt(host, inStep8, async () => t.throwsAsync(execute(planOf(longActions), contextOf(host)))));
	// Power goes: the kernel's state and the running guest with it; saved definition and files stay.
	const savedXml = (await (await host.openLibvirt('qemu:///system')).findDomain(vm0.uuid)).inactiveXml!;
	t.regex(savedXml, /hostdev/);
	const fresh = record();
	const {domains} = fresh.libvirt!;
	const rebooted = simHost({...fresh, libvirt: {...fresh.libvirt!, domains: [{...domains[0]!, inactiveXml: savedXml}]}});
	rebooted.machine.tree.put('/proc/sys/kernel/random/boot_id', {kind: 'text', text: 'bbbbbbbb-0000-0000-0000-000000000002\n'});
	for (const path of [operationPath(1), '/etc/udev/rules.d/70-vfctl.rules']) {
		rebooted.machine.tree.put(path, {kind: 'text', text: host.machine.tree.text(path)!});
	}

	const [result] = await recover(contextOf(rebooted));
	t.is(result?.error ?? null, null);
	t.true(result?.rebooted);
	t.true(result?.undone.some(({note}) => /is gone/.test(note ?? '')));
	const now = await stateOf(rebooted);
	t.is(now.replace('bbbbbbbb-0000-0000-0000-000000000002', 'aaaaaaaa-0000-0000-0000-000000000001').replaceAll(/\s+/g, ' '), before.replaceAll(/\s+/g, ' '));
});

test('after a restart, what others made of it since is left alone', async t => {
	const host = newHost();
	await execute(planOf([linkUp, createVfs]), contextOf(host));
	const operation = await begin(host, planOf([{...setMac, assumed: false}]), []);
	await mark(host, operation, {event: 'step-begin', step: 1});
	host.machine.tree.put('/proc/sys/kernel/random/boot_id', {kind: 'text', text: 'bbbbbbbb-0000-0000-0000-000000000002\n'});
	// A boot script gave the VF other settings.
	await host.runner.run(['ip', 'link', 'set', 'dev', 'eth1', 'vf', '0', 'vlan', '77']);
	const [result] = await recover(contextOf(host));
	t.is(result?.error ?? null, null);
	t.regex(result?.undone[0]?.note ?? '', /left as it is since the machine was restarted: .*vlan of 0000:01:10\.0 is 77/);
	t.is(host.machine.vfStates.get(pf)?.[0]?.vlan, 77);
});

test('a guest that lets go after the process that asked it has died gets its VF back', async t => {
	const host = newHost();
	await execute(planOf(managedActions), contextOf(host));
	const before = await stateOf(host);
	// libvirt answers after 5 s whether the guest let go or not; this one needs 8.
	let dead = false;
	host.set({unplugDelayMs: 8000, beforeChange(what) {
		if (dead) {
			throw new Error('killed');
		}

		dead = what.startsWith('detach');
	}});
	await t.throwsAsync(execute(planOf([detach('live', true)]), contextOf(host, {libvirt: async () => {
		const libvirt = await host.openLibvirt('qemu:///system');
		return {...libvirt, async detachDevice(...parameters) {
			await libvirt.detachDevice(...parameters);
			throw new Error('killed');
		}};
	}})));
	const after = host.afterCrash({beforeChange: undefined as never, unplugDelayMs: 0});
	const [result] = await recover(contextOf(after));
	t.is(result?.error ?? null, null);
	await after.clock.sleep(20_000);
	t.is(await stateOf(after), before);
});

// Single actions

interface Case {
	title: string;
	/** Done before, without faults. */
	given?: Action[];
	options?: SimOptions;
	actions: Action[];
	code?: ErrorCode;
	/** Matched against message and why. */
	says?: RegExp;
	notes?: RegExp;
	/** Path to content, or link name, afterwards. */
	then?: Record<string, string | undefined>;
}

const vfDriver = `/sys/bus/pci/devices/${vf0}/driver`;
const vfOverride = `/sys/bus/pci/devices/${vf0}/driver_override`;
const numVfs = `/sys/bus/pci/devices/${pf}/sriov_numvfs`;
const cases: Case[] = [
	{title: 'numvfs: EBUSY', options: {writeFailures: [{path: /sriov_numvfs$/, errno: 'EBUSY'}]}, actions: [createVfs], code: 'STEP_FAILED', says: /EBUSY.*only by way of 0/},
	{title: 'numvfs: ENOMEM', options: {writeFailures: [{path: /sriov_numvfs$/, errno: 'ENOMEM'}]}, actions: [createVfs], code: 'STEP_FAILED', says: /ENOMEM.*Above 4G/},
	{title: 'numvfs: too many, with the kernel\'s errno', actions: [{...createVfs, to: 8}], code: 'STEP_FAILED', says: /ERANGE.*sriov_totalvfs/},
	{title: 'numvfs: a card in reset is asked again', options: {writeFailures: [{path: /sriov_numvfs$/, errno: 'EAGAIN', times: 3}]}, actions: [createVfs], then: {[numVfs]: '2\n', [vfDriver]: 'igbvf'}},
	{title: 'numvfs: a VF that never appears', options: {lostVfs: [vf1]}, actions: [createVfs], code: 'STEP_FAILED', says: /missing: 1/, then: {[numVfs]: '0\n'}},
	{title: 'numvfs: a VF driver that never binds is only noted', options: {deadDrivers: ['igbvf']}, actions: [createVfs], notes: /no driver took 0000:01:10\.0, 0000:01:10\.2/, then: {[vfDriver]: undefined}},
	{title: 'numvfs: a VF with a udev rule is on its driver when the step is done', given: [loadVfio, persist], actions: [createVfs], then: {[vfDriver]: 'vfio-pci', [vfOverride]: 'vfio-pci\n', [`/sys/bus/pci/devices/${vf1}/driver`]: 'igbvf'}},
	{title: 'numvfs: a rule without effect is only noted', given: [loadVfio, persist], options: {deadDrivers: ['vfio-pci']}, actions: [createVfs], notes: /udev did not bind to its persistent driver 0000:01:10\.0$/},
	{title: 'numvfs: VFs that a guest uses stay', given: managedActions, actions: [{...createVfs, from: 2, to: 0}], code: 'VFS_IN_USE', says: /has 0000:01:10\.0 open/, then: {[numVfs]: '2\n'}},
	{
		title: 'numvfs: what VFs had comes back with them', given: [linkUp],
		actions: [{...createVfs, remembered: [{index: 0, bdf: vf0, settings: {mac, vlan: 7, qos: 3, spoofchk: false, maxTxRateMbps: 100}, override: null}, {index: 1, bdf: vf1, settings: {}, override: 'vfio-pci'}]}],
		notes: /vfio-pci, which is not loaded/, then: {[`/sys/bus/pci/devices/${vf1}/driver_override`]: 'vfio-pci\n'},
	},
	{title: 'autoprobe', actions: [{kind: 'set-autoprobe', pf, from: true, to: false}], then: {[`/sys/bus/pci/devices/${pf}/sriov_drivers_autoprobe`]: '0\n'}},
	{title: 'bind and override', given: [createVfs, loadVfio], actions: [bindVfio], then: {[vfDriver]: 'vfio-pci', [vfOverride]: 'vfio-pci\n'}},
	{title: 'bind: back to the usual driver without an override', given: [createVfs, loadVfio, bindVfio], actions: [{...bindVfio, from: bindVfio.to, to: bindVfio.from}], then: {[vfDriver]: 'igbvf', [vfOverride]: '(null)\n'}},
	{title: 'bind: no driver', given: [createVfs], actions: [{...bindVfio, to: {driver: null, override: null}}], then: {[vfDriver]: undefined}},
	{title: 'bind: from no driver', given: [createVfs, {...bindVfio, to: {driver: null, override: null}}], actions: [{...bindVfio, from: {driver: null, override: null}, to: {driver: 'igbvf', override: null}}], then: {[vfDriver]: 'igbvf'}},
	{title: 'bind: to a driver that the final override does not name', given: [createVfs, loadVfio, bindVfio], actions: [{...bindVfio, from: bindVfio.to, to: {driver: 'igbvf', override: 'vfio-pci'}}], then: {[vfDriver]: 'igbvf', [vfOverride]: 'vfio-pci\n'}},
	{title: 'bind: driver that is not loaded', given: [createVfs], actions: [bindVfio], code: 'STEP_FAILED', says: /no PCI driver vfio-pci loaded/, then: {[vfDriver]: 'igbvf', [vfOverride]: '(null)\n'}},
	{title: 'bind: driver that does not take it', given: [createVfs, loadVfio], options: {deadDrivers: ['vfio-pci']}, actions: [bindVfio], code: 'STEP_FAILED', says: /did not bind to vfio-pci.*back on igbvf/, then: {[vfDriver]: 'igbvf', [vfOverride]: '(null)\n'}},
	{title: 'bind: unbind refused', given: [createVfs, loadVfio], options: {writeFailures: [{path: /unbind$/, errno: 'EPERM'}]}, actions: [bindVfio], code: 'STEP_FAILED', says: /EPERM/, then: {[vfDriver]: 'igbvf', [vfOverride]: '(null)\n'}},
	{title: 'bind: a VF in a guest is not taken', given: managedActions, actions: [{...bindVfio, from: {driver: 'vfio-pci', override: 'vfio-pci'}, to: {driver: 'igbvf', override: null}}], code: 'VF_HELD', says: /open through VFIO/, then: {[vfDriver]: 'vfio-pci'}},
	{title: 'bind: an address that is another device', given: [createVfs, loadVfio], actions: [{...bindVfio, physfn: '0000:02:00.0' as Bdf}], code: 'PLAN_STALE', says: /no VF of 0000:02:00\.0/},
	{title: 'bind: a PF with VFs keeps its driver', given: [createVfs, loadVfio], actions: [{kind: 'bind', bdf: pf, from: {driver: 'igb', override: null}, to: {driver: 'vfio-pci', override: 'vfio-pci'}}], code: 'PF_IN_USE', then: {[`/sys/bus/pci/devices/${pf}/driver`]: 'igb'}},
	{title: 'set-vf: the interface takes the MAC', given: [linkUp, createVfs], actions: [setMac], then: {'/sys/class/net/eth0/address': `${mac}\n`}},
	{title: 'set-vf: refused, with the reason', given: [linkUp, createVfs], actions: [{...setMac, to: {minTxRateMbps: 100}, from: {minTxRateMbps: 0}}], code: 'STEP_FAILED', says: /min_tx_rate.*Invalid argument/},
	{title: 'set-vf: VF in reset is asked again', given: [linkUp, createVfs], options: {commandFailures: [{command: /vf 0 mac/, times: 4, result: {code: 2, stderr: 'RTNETLINK answers: Resource temporarily unavailable\n'}}]}, actions: [setMac]},
	{title: 'set-vf: accepted and ignored', given: [linkUp, createVfs], options: {commandFailures: [{command: /vf 0 spoofchk off/, result: {code: 0}}]}, actions: [setMac], code: 'STEP_FAILED', says: /spoofchk is true, wanted was false/},
	{title: 'set-vf: not what the plan saw', given: [linkUp, createVfs], actions: [{...setMac, assumed: false, from: {vlan: 7}, to: {vlan: 8}}], code: 'PLAN_STALE', says: /vlan of 0000:01:10\.0 is 0/},
	{title: 'set-vf: another VF than the plan saw', given: [linkUp, createVfs], actions: [{...setMac, bdf: vf1}], code: 'PLAN_STALE', says: /VF 0 of PF .* is 0000:01:10\.0/},
	{title: 'link: stays up when the host has an address on it by now', given: [linkUp], options: {commandFailures: [{command: /^ip -j addr show$/, result: {code: 0, stdout: '[{"ifname":"eth1","addr_info":[{"family":"inet","local":"10.8.0.1","prefixlen":24,"scope":"global"}]}]'}}]}, actions: [{kind: 'set-link', netdev: 'eth1', from: 'up', to: 'down'}], notes: /eth1 stays up: it carries 10\.8\.0\.1\/24/},
	{title: 'module: unknown', actions: [{...loadVfio, module: 'no-such-module'} as Action], code: 'STEP_FAILED', says: /not found in directory/},
	{title: 'module: unloading leaves one that is in use', given: [createVfs, loadVfio, bindVfio], actions: [{...loadVfio, from: 'loaded', to: 'absent'} as Action], notes: /stays loaded.*0000:01:10\.0 is on its driver vfio-pci/},
	{title: 'module: built in counts as loaded', actions: [{...loadVfio, module: 'vfio-built'} as Action], options: {}, code: 'PLAN_STALE', says: /done already/},
	{title: 'file: command after it fails', options: {commandFailures: [{command: /udevadm/, times: 1, result: {code: 1, stderr: 'no\n'}}]}, actions: [writeRule], code: 'STEP_FAILED', says: /udevadm control --reload' failed no/, then: {'/etc/udev/rules.d/70-vfctl.rules': undefined}},
	{title: 'attach: refused by libvirt', given: [linkUp, createVfs, setMac], options: {libvirtFailures: [{call: 'attachDevice', target: 'config'}]}, actions: [attach('live', true), attach('config', true)], code: 'LIBVIRT_FAILED', then: {[vfDriver]: 'igbvf'}},
	{title: 'attach: guest without the interface', given: [linkUp, createVfs, setMac], options: {guestsWithoutDriver: ['vm0']}, actions: [attach('live', true), checkVm0], code: 'GUEST_NO_INTERFACE', says: /lists lo after 30 s/, then: {[vfDriver]: 'igbvf'}},
	{title: 'attach: guest that takes its time', given: [linkUp, createVfs, setMac], options: {guestDelayMs: 20_000}, actions: [attach('live', true), checkVm0]},
	{title: 'detach: guest that takes its time', given: managedActions, options: {unplugDelayMs: 30_000}, actions: [detach('live', true)], then: {[vfDriver]: 'igbvf'}},
	{title: 'detach: guest that never lets go', given: managedActions, options: {guestsKeepDevices: ['vm0']}, actions: [detach('live', true)], code: 'STEP_FAILED', says: /did not release 0000:01:10\.0.*still booting/, then: {[vfDriver]: 'vfio-pci'}},
	{title: 'libvirt that does not answer', given: [linkUp, createVfs], options: {libvirt: 'unreachable'}, actions: [attach('live', true)], code: 'LIBVIRT_UNREACHABLE'},
];

for (const {title, given = [], options = {}, actions, code, says, notes, then = {}} of cases) {
	test(title, async t => {
		const host = newHost();
		host.machine.tree.put('/lib/modules/6.12.0/modules.builtin', {kind: 'text', text: 'kernel/drivers/vfio/vfio-built.ko\n'});
		if (given.length > 0) {
			await execute(planOf(given), contextOf(host));
		}

		host.set(options);
		const context = contextOf(host);
		if (code === undefined) {
			await execute(planOf(actions), context);
		} else {
			const error = await throwsCode(t, execute(planOf(actions), context), code);
			if (says) {
				t.regex(`${error.message} ${error.why}`, says);
			}

			t.true(error.details['rolledBack'], error.why);
		}

		if (notes) {
			t.regex(context.notes.join('\n'), notes);
		} else {
			t.deepEqual(context.notes, []);
		}

		for (const [path, value] of Object.entries(then)) {
			t.is(host.files.readText(path) ?? host.files.readLink(path)?.split('/').at(-1), value, path);
		}
	});
}

test('settings come back with their VFs', async t => {
	const host = newHost();
	const settings = {mac, vlan: 7, qos: 3, spoofchk: false, maxTxRateMbps: 100};
	await execute(planOf([linkUp, createVfs]), contextOf(host));
	await execute(planOf([{...setMac, from: {}, to: settings}]), contextOf(host));
	const before = JSON.stringify(host.machine.vfStates.get(pf)?.[0]);
	const context = contextOf(host);
	await execute(planOf([{...createVfs, from: 2, to: 0, remembered: [{index: 0, bdf: vf0, settings, override: null}]}], {command: 'vf-destroy', pf}), context);
	await execute(await planUndoOf(context, 3), context);
	t.is(JSON.stringify(host.machine.vfStates.get(pf)?.[0]), before);
});

test('undo is refused when someone changed things since', async t => {
	const host = newHost();
	const context = contextOf(host);
	await execute(planOf([linkUp, createVfs, loadVfio, bindVfio]), context);
	await host.files.writeAttribute(vfOverride, '\n');
	const error = await throwsCode(t, planUndoOf(context, 1), 'PLAN_STALE');
	t.regex(error.why ?? '', /no override/);
	await throwsCode(t, planUndoOf(context, 77), 'OPERATION_NOT_FOUND');
});

// The journal

test('a torn last line is read over; damage elsewhere is told', async t => {
	const host = newHost();
	await begin(host, planOf([linkUp, createVfs]), ['vfctl']);
	await mark(host, 1, {event: 'step-begin', step: 1});
	await mark(host, 1, {event: 'step-done', step: 1});
	await mark(host, 1, {event: 'step-begin', step: 2});
	const text = host.files.readText(operationPath(1))!;
	const lines = text.split('\n');
	for (let length = 0; length <= text.length; length++) {
		const operation = parseOperation(1, text.slice(0, length));
		t.deepEqual(operation.damage, []);
		t.is(operation.torn, length > 0 && text[length - 1] !== '\n');
		t.is(isUnfinished(operation), length > lines[0]!.length);
	}

	const torn = text.slice(0, -10);
	await host.files.writeFile(operationPath(1), torn);
	const operation = readOperation(host.files, 1);
	t.deepEqual([...operation.steps], [[1, 'done']]);
	await resume(host, operation);
	await end(host, 1, 'recovered');
	t.deepEqual(readOperation(host.files, 1).damage, []);
	t.is(readOperation(host.files, 1).outcome, 'recovered');
	t.deepEqual(parseOperation(1, text.replace('"step-done"', '"step-')).damage, ['line 3 is damaged']);
	t.deepEqual(parseOperation(2, text).damage, ['line 1 is no header']);
	// Left alone, and told as what it is.
	const newer = parseOperation(1, `${JSON.stringify({version: 2, number: 1, steps: []})}\n{"event":"step-begin","step":1,"time":""}\n`);
	t.regex(newer.damage.join(), /a newer vfctl wrote it/);
	t.true(isUnfinished(newer));
});

test('a damaged journal stops writers and is not acted upon', async t => {
	const host = newHost();
	await begin(host, planOf([linkUp]), []);
	await mark(host, 1, {event: 'step-begin', step: 1});
	await host.files.writeFile(operationPath(1), host.files.readText(operationPath(1))!.slice(20));
	await throwsCode(t, withLock(host, {holder: 'other', timeoutMs: 0}, async () => {}), 'NEEDS_RECOVERY');
	const [result] = await recover(contextOf(host));
	t.regex(result?.error?.fix ?? '', /--give-up 1/);
	await giveUp(contextOf(host), 1);
	await withLock(host, {holder: 'other', timeoutMs: 0}, async () => {});
});

test('numbers go on, old operations go, those of present attachments stay', async t => {
	const host = newHost();
	const make = async (actions: Action[], leaves?: boolean) => {
		const plan = planOf(actions);
		const number = await begin(host, leaves === undefined ? plan : {...plan, subject: {...plan.subject, leaves}}, []);
		for (const step of actions.keys()) {
			await mark(host, number, {event: 'step-done', step: step + 1});
		}

		await end(host, number, 'done');
		return number;
	};

	t.is(await make([attach('live'), attach('config')]), 1);
	// Another guest, so that it does not stand for the first one's.
	const other = {guest: {name: 'vm1', uuid: 'other'}};
	const detachOther = {...attach('config'), ...other, kind: 'detach-device'} as Action;
	t.is(await make([{...attach('config'), ...other}]), 2);
	t.is(await make([detachOther]), 3);
	t.is(await make([linkUp]), 4);
	const operations = listOperations(host.files);
	t.deepEqual(openAttachments(operations).map(({number}) => number), [1]);
	t.deepEqual(expired(operations, 1), [2, 3]);
	t.deepEqual(expired(operations, 500), []);
	await host.files.removeFile(operationPath(2));
	t.is(await begin(host, planOf([linkUp]), []), 5);
	t.deepEqual(expired(listOperations(host.files), 0), [3, 4]);
	// Detached while the guest is off: its live half is gone by itself.
	t.is(await make([attach('live'), attach('config')]), 6);
	t.is(findAttachActions(host.files, {guestUuid: vm0.uuid, source: vf0, mac}).length, 2);
	t.is(await make([detach('config')], true), 7);
	t.deepEqual(findAttachActions(host.files, {guestUuid: vm0.uuid, source: vf0, mac}), []);
});

test('a full disk stops the step before it is done, and everything is put back', async t => {
	const host = newHost();
	const before = await stateOf(host);
	let full = false;
	host.set({beforeChange(what) {
		full ||= what.startsWith('write') && what.includes('sriov_numvfs');
		if (full && what.startsWith('append')) {
			throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'});
		}
	}});
	const error = await throwsCode(t, execute(planOf([linkUp, createVfs, loadVfio]), contextOf(host)), 'STEP_FAILED');
	t.regex(error.why ?? '', /ENOSPC/);
	t.is(await stateOf(host), before);
	host.set({beforeChange: () => {}});
	t.is(unfinishedOperations(host.files).length, 1);
	t.is((await recover(contextOf(host)))[0]?.error, null);
	t.is(await stateOf(host), before);
});

test('a disk that is full before the first step changes nothing, and says what to do', async t => {
	const host = newHost();
	const before = await stateOf(host);
	host.set({beforeChange(what) {
		if (what.startsWith('append')) {
			throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'});
		}
	}});
	const error = await throwsCode(t, execute(planOf([linkUp]), contextOf(host)), 'STEP_FAILED');
	t.regex(error.fix ?? '', /make room/);
	host.set({beforeChange: () => {}});
	t.is(await stateOf(host), before);
	t.deepEqual(unfinishedOperations(host.files), []);
});

test('two writers wait for each other', async t => {
	const host = newHost();
	const order: string[] = [];
	const waits: string[] = [];
	const other = host.besides();
	await Promise.all([
		withLock(host, {holder: 'vfctl attach vm0', timeoutMs: 60_000}, async () => {
			order.push('first');
			await new Promise(resolve => {
				setTimeout(resolve, 20);
			});
			order.push('first ends');
		}),
		withLock(other, {holder: 'second', timeoutMs: 10_000_000, onWait: holder => waits.push(holder)}, async () => {
			order.push('second');
		}),
	]);
	t.deepEqual(order, ['first', 'first ends', 'second']);
	t.deepEqual(waits, ['vfctl (pid 0, attach vm0)']);
});

// Reading settings

test('settings of VFs as `ip -j -d link` tells them', t => {
	const none = {mac: null, vlan: 0, qos: 0, vlanProto: '802.1q', spoofchk: null, trust: null, minTxRateMbps: null, maxTxRateMbps: null, linkState: null};
	for (const [vf, expected] of [
		[{}, none],
		[{address: 'AA:BB:CC:00:00:01', vlan_list: [{vlan: 42, qos: 5, protocol: '802.1ad'}], tx_rate: 500, rate: {max_tx: 500, min_tx: 0}, spoofchk: true, link_state: 'auto', trust: false},
			{mac: 'aa:bb:cc:00:00:01', vlan: 42, qos: 5, vlanProto: '802.1ad', spoofchk: true, trust: false, minTxRateMbps: 0, maxTxRateMbps: 500, linkState: 'auto'}],
		[{vlan_list: [{}]}, none],
		[{vlan: 7, qos: 1}, {...none, vlan: 7, qos: 1}],
		[{vlan_list: [{vlan: 4095}]}, none],
		[{tx_rate: 10, link_state: 'enable'}, {...none, maxTxRateMbps: 10, linkState: 'enable'}],
		[{link_type: 'infiniband', address: '00:00:02:b7:fe:80:00:00:00:00:00:00:24:8a:07:03:00:aa:bb:cc', 'node guid': '0'}, none],
		[{spoofchk: 'on', trust: 'off', link_state: 'strange'}, {...none, spoofchk: true, trust: false}],
	] as const) {
		t.deepEqual(parseIpLink(JSON.stringify([{ifname: 'eth1', vfinfo_list: [{vf: 0, ...vf}]}])).get('eth1'), [expected] as never);
	}

	t.is(parseIpLink('[{}, {"ifname": "lo"}]').size, 0);
	t.is(parseIpLink('').size, 0);
	// A list with a hole ends before it: an index must never mean another VF.
	t.is(parseIpLink('[{"ifname": "eth1", "vfinfo_list": [{"vf": 0}, {"vf": 2}]}]').get('eth1')?.length, 1);
	t.throws(() => parseIpLink('[{'), {instanceOf: AppError});
});

// Processes that are really killed: actions on files of a real directory, with the real journal.

const rulePath = (index: number) => `/etc/udev/rules.d/70-vfctl-${index}.rules`;
const writeFileAction = (index: number): Action => ({kind: 'write-file', path: rulePath(index), from: index === 2 ? 'old 2\n' : null, to: `new ${index}\n`, then: null});

function runProcess(root: string, script: string): {status: number | null; signal: NodeJS.Signals | null; stderr: string} {
	const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
	return spawnSync(process.execPath, ['--input-type=module', '-e', `
		import {realFiles} from ${url('../lib/host/real-files.js')};
		import {realClock} from ${url('../lib/host/real-clock.js')};
		import {execute} from ${url('../lib/exec/execute.js')};
		import {recover} from ${url('../lib/exec/recover.js')};
		import {withLock} from ${url('../lib/exec/with-lock.js')};
		import {parseFault} from ${url('../lib/exec/fault.js')};
		import {silentReporter} from ${url('../lib/exec/reporter.js')};
		const host = {name: 'test', files: realFiles(${JSON.stringify(root)}), runner: {run: async () => ({code: 0, stdout: '', stderr: ''})}, clock: realClock, caller: {pid: process.pid, uid: 0, env: {}}};
		const context = {host, libvirt: async () => { throw new Error('none'); }, reporter: silentReporter, commandLine: []};
		${script}
	`], {encoding: 'utf8', timeout: 60_000});
}

test('real processes killed at each step leave what recovery needs', t => {
	const root = mkdtempSync(join(tmpdir(), 'vfctl-exec-'));
	t.teardown(() => {
		rmSync(root, {recursive: true, force: true});
	});
	const files = realFiles(root);
	const plan = JSON.stringify(planOf([1, 2, 3].map(index => writeFileAction(index))));
	const run = (fault: string) => runProcess(root, `await withLock(host, {holder: 'test', timeoutMs: 0}, () => execute(${plan}, {...context, fault: parseFault('${fault}')}));`);
	spawnSync('mkdir', ['-p', join(root, 'etc/udev/rules.d')]);
	writeFileSync(join(root, rulePath(2)), 'old 2\n');
	let number = 0;
	for (const [fault, recoveryFault] of [['kill@1:before', ''], ['kill@2:after', ''], ['kill@3:before', 'kill@2:undo-after'], ['kill@3:after', 'kill@3:undo-before']] as const) {
		t.is(run(fault).signal, 'SIGKILL', fault);
		number++;
		t.deepEqual(unfinishedOperations(files).map(operation => operation.number), [number]);
		t.not(run('fail@1:before').status, 0, 'others are refused until recovery');
		// As if the power had gone while the last line was written.
		const path = join(root, operationPath(number));
		writeFileSync(path, `${readFileSync(path, 'utf8')}{"event":"step-d`);
		const recoverWith = (more: string) => runProcess(root, `
			const results = await withLock(host, {holder: 'test', timeoutMs: 0, recovering: true}, () => recover({...context${more}}));
			process.exitCode = results.length === 1 && results[0].error === null ? 0 : 1;
		`);
		if (recoveryFault !== '') {
			t.is(recoverWith(`, fault: parseFault('${recoveryFault}')`).signal, 'SIGKILL');
		}

		const {status, stderr} = recoverWith('');
		t.is(status, 0, stderr);
		t.is(files.readText(rulePath(2)), 'old 2\n');
		t.deepEqual(files.list('/etc/udev/rules.d'), ['70-vfctl-2.rules']);
		t.deepEqual(readOperation(files, number).damage, []);
		t.is(readOperation(files, number).outcome, 'recovered');
	}
});

test('a journal whose plan is not one of ours is never acted upon', async t => {
	const root = mkdtempSync(join(tmpdir(), 'vfctl-exec-'));
	t.teardown(() => {
		rmSync(root, {recursive: true, force: true});
	});
	const files = realFiles(root);
	const nothing = {run: async () => ({code: 0, stdout: '', stderr: ''})};
	const host = {name: 'test', files, runner: nothing, clock: realClock, caller: {pid: process.pid, uid: 0, env: {}}, openLibvirt: async () => Promise.reject(new Error('none'))};
	const context = {host, libvirt: host.openLibvirt, reporter: silentReporter, commandLine: []};
	const cases: Array<[string, unknown]> = [
		['a file that is not a rule of ours', {...writeFileAction(1), path: '/etc/shadow'}],
		['a command of another kind', {...writeFileAction(1), then: ['rm', '-rf', '/']}],
		['an unknown field', {...writeFileAction(1), mode: 0o777}],
		['an unknown kind', {kind: 'run', argv: ['reboot']}],
		['a PCI address that leads elsewhere', {kind: 'set-autoprobe', pf: '../../etc', from: false, to: true}],
	];
	for (const [index, [title, action]] of cases.entries()) {
		const number = index + 1;
		const header = {version: 1, number, time: '2026-01-01T00:00:00.000Z', bootId: null, pid: 1, commandLine: [], plan: planOf([action as Action])};
		await files.appendDurably(operationPath(number), `${JSON.stringify(header)}\n${JSON.stringify({event: 'step-begin', step: 1, time: header.time})}\n`);
		const [result] = await recover(context);
		t.is(result?.error?.code, 'ROLLBACK_INCOMPLETE', title);
		t.regex(result?.error?.why ?? '', /actions\.0/, title);
		await giveUp(context, number);
	}

	t.deepEqual(files.list('/etc'), []);
});
