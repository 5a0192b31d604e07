// What is planned, and what is refused, on simulated hosts: whole commands over the real reading
// of the host. test/cases/*.txt hold plans as an admin sees them.
import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {AppError} from '../lib/errors.ts';
import {renderDeviceXml} from '../lib/libvirt/device-xml.ts';
import type {Bdf} from '../lib/model/bdf.ts';
import {chooseMac, macUses} from '../lib/model/free-mac.ts';
import type {Inventory} from '../lib/model/inventory.ts';
import {isMulticast, type Mac} from '../lib/model/mac.ts';
import {quote} from '../lib/model/shell-word.ts';
import type {Action, BindAction, DetachDeviceAction, SetVfAction} from '../lib/plan/action.ts';
import type {AttachRequest} from '../lib/plan/attach-request.ts';
import {equivalent} from '../lib/plan/equivalent.ts';
import {inverse, inverseAll} from '../lib/plan/inverse.ts';
import {planAttach} from '../lib/plan/plan-attach.ts';
import {planDetach} from '../lib/plan/plan-detach.ts';
import {planUndo} from '../lib/plan/plan-undo.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {captureHost} from '../lib/record/capture.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {planJson, planText} from '../lib/render/plan-text.ts';
import {sampleHosts} from '../lib/sim/sample-hosts.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {hostileName, hosts, inventoryOf, vfctl, withAddress} from './helpers/plan-world.ts';

// The tests run from dist/test; the cases are in the sources.
const caseDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'test', 'cases');

function newHost(name: string): SimHost {
	return simHost(hosts[name]!());
}

async function captured(host: SimHost) {
	return captureHost(host, {maskMacs: false, connect: 'qemu:///system'});
}

// What is refused

const words = (line: string): string[] => line.split(' ').map(word => word.replaceAll('~', ' '));

/** Host, command line (`~` is a blank inside a word), code, and what the reason must name. */
const refusals: ReadonlyArray<readonly [what: string, host: string, line: string, code: ErrorCode, says?: RegExp]> = [
	['a PF where a VF is bound', 'seed-82599', 'bind enp3s0f0 vfio-pci', 'PF_NOT_VF', /whole card port/],
	['a PF where a VF is set', 'usual', 'vf set pf0 --vlan 5', 'PF_NOT_VF'],
	['a PF where a VF is unbound', 'usual', 'unbind pf1', 'PF_NOT_VF'],
	['a PF by its address where a VF is meant', 'seed-82599', 'bind 0000:03:00.0 vfio-pci', 'PF_NOT_VF'],
	['a PF with VFs losing its driver', 'usual', 'bind pf0 vfio-pci --accept-risk bind-pf', 'PF_IN_USE', /has 4 VFs/],
	['a PF with VFs taken off its driver', 'usual', 'unbind pf0 --accept-risk bind-pf', 'PF_IN_USE'],
	['a PF with an address', 'pf-address', 'bind pf0 vfio-pci --accept-risk bind-pf', 'HOST_NETWORK', /10\.1\.0\.1/],
	['a PF with a route', 'pf-route', 'bind pf0 vfio-pci --accept-risk bind-pf', 'HOST_NETWORK', /10\.9\.0\.0/],
	['a PF below a VLAN with an address', 'pf-vlan', 'bind pf0 vfio-pci --accept-risk bind-pf', 'HOST_NETWORK', /pf0\.7/],
	['a PF below a bond with an address', 'pf-bond', 'unbind pf0 --accept-risk bind-pf', 'HOST_NETWORK', /bond0/],
	['a PF below a bridge with an address', 'pf-bridge', 'bind pf0 vfio-pci --accept-risk bind-pf', 'HOST_NETWORK', /br0/],
	['the PF that the admin came in on', 'pf-ssh', 'bind pf0 vfio-pci --accept-risk bind-pf', 'MANAGEMENT_INTERFACE', /ssh/],
	['a PF below the bond that the admin came in on', 'pf-ssh-bond', 'unbind pf0 --accept-risk bind-pf', 'MANAGEMENT_INTERFACE', /bond0/],
	['a PF below VLAN and bond that the admin came in on', 'management', 'bind eno2 vfio-pci --accept-risk bind-pf', 'MANAGEMENT_INTERFACE', /bond0\.10/],
	['the VF that the admin came in on, attached', 'vf-ssh', 'attach vm0 pf0#0', 'MANAGEMENT_INTERFACE'],
	['the VF that the admin came in on, bound', 'vf-ssh', 'bind pf0#0 vfio-pci', 'MANAGEMENT_INTERFACE'],
	['another VLAN for the VF that the admin came in on', 'vf-ssh', 'vf set pf0#0 --vlan 7', 'MANAGEMENT_INTERFACE', /vlan could cut it/],
	['another MAC for the VF that the admin came in on', 'vf-ssh', 'vf set pf0#0 --mac 52:54:00:11:22:33', 'MANAGEMENT_INTERFACE'],
	['a VF with an address, attached', 'vf-address', 'attach vm0 pf0#0', 'HOST_NETWORK'],
	['a VF with an address, unbound', 'vf-address', 'unbind pf0#0', 'HOST_NETWORK'],
	['a VF with an address, cut off by its link state', 'vf-address', 'vf set pf0#0 --link-state disable', 'HOST_NETWORK'],
	['other VFs while one has an address', 'vf-address', 'vf create pf0 8 --yes', 'VFS_IN_USE', /pf0#0 is held by host/],
	['the controller of a mounted disk, bound', 'disk', 'bind 0000:02:00.0 vfio-pci', 'DISK_CONTROLLER', /\//],
	['the controller of a mounted disk, attached', 'disk', 'attach vm0 0000:02:00.0', 'DISK_CONTROLLER'],
	['a VF in the group of a mounted disk', 'disk', 'attach vm0 enp7s0f0#0', 'GROUP_NOT_VIABLE', /0000:02:00\.0 is on the host's driver nvme/],
	['a VF in a group with members of the host, attached', 'shared-group', 'attach vm0 enp5s0f0#0', 'GROUP_NOT_VIABLE', /ahci/],
	['a VF in a group with members of the host, bound', 'shared-group', 'bind enp5s0f0#1 vfio-pci', 'GROUP_NOT_VIABLE', /igb/],
	['a PF whose VFs all are in such a group', 'shared-group', 'attach vm0 enp5s0f0', 'NO_FREE_VF', /group is not viable/],
	['an attach without an IOMMU', 'no-iommu', 'attach vm0 enp3s0f0', 'IOMMU_OFF', /iommu_groups is empty/],
	['vfio-pci without an IOMMU', 'no-iommu', 'bind enp3s0f0#0 vfio-pci', 'IOMMU_OFF'],
	['an attach without interrupt remapping', 'no-intremap', 'attach vm0 enp4s0f0', 'NO_INTERRUPT_REMAPPING'],
	['vfio-pci without interrupt remapping', 'no-intremap', 'bind enp4s0f0#0 vfio-pci', 'NO_INTERRUPT_REMAPPING'],
	['the risk alone, without the module option', 'no-intremap', 'attach vm0 enp4s0f0 --accept-risk unsafe-interrupts', 'NO_INTERRUPT_REMAPPING'],
	['unsafe interrupts that nobody accepted', 'unsafe-interrupts', 'attach vm0 pf0', 'RISK_NOT_ACCEPTED', /allow_unsafe_interrupts/],
	['a VF of a running guest', 'taken', 'attach vm1 pf0#0', 'VF_HELD', /guest vm0/],
	['a VF of a guest that is off', 'taken', 'attach vm1 pf0#1', 'VF_HELD', /guest off \(not running/],
	['a VF in another namespace', 'taken', 'attach vm1 pf0#2', 'VF_HELD', /namespace/],
	['the driver of a VF of a guest', 'taken', 'bind pf0#0 ixgbevf', 'VF_HELD', /guest vm0/],
	['taking the VF of a guest off its driver', 'taken', 'unbind pf0#0', 'VF_HELD'],
	['restoring the VF of a guest', 'taken', 'restore pf0#0', 'VF_HELD'],
	['another VF count while VFs are in use', 'taken', 'vf create pf0 8 --yes', 'VFS_IN_USE', /pf0#0 .*pf0#1 .*pf0#2/],
	['no VFs while VFs are in use', 'taken', 'vf destroy pf0 --yes', 'VFS_IN_USE', /guest vm0/],
	['no VFs while a guest that is off has one', 'saved', 'vf destroy pf0 --yes', 'VFS_IN_USE', /guest off/],
	['no VFs while one is in a namespace', 'namespace', 'vf destroy pf0 --yes', 'VFS_IN_USE', /namespace/],
	['another VF count while libvirt does not answer', 'no-libvirt', 'vf destroy pf0 --yes', 'RISK_NOT_ACCEPTED', /socket/],
	['an unconfirmed count of 0', 'usual', 'vf destroy pf0', 'CONFIRMATION_NEEDED'],
	['an unconfirmed change of a count', 'usual', 'vf create pf0 8', 'CONFIRMATION_NEEDED'],
	['a guest that is not there', 'usual', 'attach nobody pf0', 'GUEST_NOT_FOUND', /vm0/],
	['a guest of which libvirt cannot tell', 'no-libvirt', 'attach vm0 pf0', 'LIBVIRT_UNREACHABLE'],
	['a guest named in XML', 'usual', "attach <name>vm0</name> pf0", 'GUEST_NOT_FOUND'],
	['a guest named as a shell line', 'usual', 'attach vm0;~reboot pf0', 'GUEST_NOT_FOUND'],
	['a device named as a shell line', 'usual', 'attach vm0 pf0;~reboot', 'VF_NOT_FOUND'],
	['a PF whose VFs all are taken', 'all-taken', 'attach vm1 pf0', 'NO_FREE_VF', /guest vm0/],
	['a PF whose VFs a pool hands out', 'pool', 'attach vm0 pf0', 'NO_FREE_VF', /pool fast/],
	['a VF that is not there', 'usual', 'attach vm0 pf0#4', 'VF_NOT_FOUND', /0 to 3/],
	['a VF of a PF without VFs', 'usual', 'attach vm0 pf1#0', 'VF_NOT_FOUND', /no VFs/],
	['a PF that is not there', 'usual', 'vf create pf9 4', 'PF_NOT_FOUND', /pf0, pf1/],
	['a VF where a PF is meant', 'usual', 'vf create pf0#0 4', 'PF_NOT_FOUND', /is VF 0 of pf0/],
	['an address with a ninth function', 'usual', 'attach vm0 0000:03:10.9', 'BAD_BDF'],
	['a card without SR-IOV', 'seed-82599', 'attach vm0 eno1', 'NOT_SRIOV'],
	['a pool that is not there', 'usual', 'attach vm0 pool:none', 'POOL_NOT_FOUND', /fast/],
	['a pool that is not started, for a running guest', 'usual', 'attach vm0 pool:fast', 'POOL_NOT_FOUND'],
	['settings that a pool cannot have', 'pool', 'attach vm0 pool:fast --trust on', 'UNSUPPORTED', /trust/],
	['another method than network for a pool', 'pool', 'attach vm0 pool:fast --method hostdev', 'UNSUPPORTED'],
	['method network for a PF', 'usual', 'attach vm0 pf0 --method network', 'POOL_NOT_FOUND'],
	['a multicast MAC', 'usual', 'attach vm0 pf0 --mac 01:00:5e:00:00:01', 'BAD_MAC', /multicast/],
	['the broadcast MAC', 'usual', 'attach vm0 pf0 --mac ff:ff:ff:ff:ff:ff', 'BAD_MAC'],
	['the zero MAC', 'usual', 'vf set pf0#0 --mac 00:00:00:00:00:00', 'BAD_MAC', /zero/],
	['a MAC that is none', 'usual', 'attach vm0 pf0 --mac 52:54:00:11:22', 'BAD_MAC', /six pairs/],
	['the MAC of a PF', 'usual', 'attach vm0 pf0#1 --mac a0:36:9f:03:00:00', 'MAC_IN_USE', /interface pf0/],
	['the MAC of another VF', 'taken', 'attach vm1 pf0#3 --mac 92:00:ce:ca:b3:1d', 'MAC_IN_USE'],
	['the MAC of a guest\'s own interface', 'usual', 'attach vm0 pf0#1 --mac 52:54:00:A0:00:01', 'MAC_IN_USE', /guest off/],
	['the MAC of a guest, for a VF of the host', 'usual', 'vf set pf0#1 --mac 52-54-00-a0-00-00', 'MAC_IN_USE', /guest vm0/],
	['the MAC of a guest, from a pool', 'pool', 'attach vm0 pool:fast --mac 52:54:00:a0:00:01', 'MAC_IN_USE', /guest off/],
	['VLAN 4095', 'usual', 'attach vm0 pf0 --vlan 4095', 'BAD_VLAN', /4094/],
	['VLAN -1', 'usual', 'vf set pf0#0 --vlan=-1', 'BAD_VLAN'],
	['no VLAN', 'usual', 'vf set pf0#0 --vlan=', 'BAD_VLAN'],
	['VLAN 1e2', 'usual', 'vf set pf0#0 --vlan 1e2', 'BAD_VLAN'],
	['VLAN 0x10', 'usual', 'vf set pf0#0 --vlan 0x10', 'BAD_VLAN'],
	['priority 8', 'usual', 'vf set pf0#0 --vlan 5 --qos 8', 'BAD_VLAN'],
	['a priority without a VLAN', 'usual', 'vf set pf0#0 --qos 3', 'BAD_VLAN'],
	['a protocol without a VLAN', 'usual', 'vf set pf0#0 --vlan-proto 802.1ad', 'BAD_VLAN'],
	['a rate that is no number', 'usual', 'vf set pf0#0 --max-tx-rate fast', 'BAD_RATE'],
	['a minimum above the maximum', 'full', 'vf set pf0#0 --min-tx-rate 200 --max-tx-rate 100', 'BAD_RATE', /200/],
	['a minimum above the maximum, attaching', 'full', 'attach vm0 pf0#0 --min-tx-rate 200 --max-tx-rate 100', 'BAD_RATE'],
	['more VFs than the card can have', 'usual', 'vf create pf1 64', 'BAD_COUNT', /63/],
	['a count that is no number', 'usual', 'vf create pf1 some', 'BAD_COUNT'],
	['a created count that is no number', 'usual', 'attach vm0 pf1 --vfs 1.5', 'BAD_COUNT'],
	['no setting at all', 'usual', 'vf set pf0#0', 'USAGE'],
	['a driver that is a path', 'usual', 'bind pf0#0 ../../x', 'USAGE'],
	['a driver without an IOMMU', 'usual', 'bind pf0#0 igb_uio', 'UNSUPPORTED'],
	['a running guest\'s option for one that is off', 'usual', 'attach off pf0 --live', 'UNSUPPORTED', /only a definition/],
	['a saved definition of a transient guest', 'usual', 'attach transient pf0 --config', 'UNSUPPORTED', /forgets/],
	['a priority where libvirt sets the VLAN', 'usual', 'attach vm0 pf0 --vlan 5 --qos 3 --method interface', 'UNSUPPORTED'],
	['a guest without a free port', 'usual', 'attach full pf0', 'NO_PCI_SLOT', /all are taken/],
	['a PF without a driver', 'no-driver', 'attach vm0 0000:03:00.0', 'PF_NO_DRIVER', /no driver is bound/],
	['VFs of a PF without a driver', 'no-driver', 'vf create 0000:03:00.0 2', 'PF_NO_DRIVER'],
	['a PF on vfio-pci', 'pf-on-vfio', 'attach vm0 0000:03:00.0', 'PF_NO_DRIVER', /vfio-pci/],
	['VFs of a PF on vfio-pci', 'pf-on-vfio', 'vf create 0000:03:00.0 2', 'PF_NO_DRIVER', /vfio-pci/],
	['a PF whose own driver is not known', 'pf-on-vfio', 'restore 0000:03:00.0 --accept-risk bind-pf', 'UNSUPPORTED'],
	['detaching what the guest has not', 'taken', 'detach vm1 pf0#0', 'NOT_ATTACHED', /none/],
	['detaching a VF of another guest', 'taken', 'detach vm0 pf0#1', 'NOT_ATTACHED', /0000:03:10\.0/],
	['detaching from nobody', 'taken', 'detach nobody pf0#1', 'GUEST_NOT_FOUND'],
	['undoing nothing', 'usual', 'undo --yes', 'OPERATION_NOT_FOUND'],
	['undoing what is not there', 'usual', 'undo 7 --yes', 'OPERATION_NOT_FOUND'],
	['giving up what is not there', 'usual', 'recover --give-up 7', 'OPERATION_NOT_FOUND'],
	['giving up what is not there, for show', 'usual', 'recover --give-up 7 --dry-run', 'OPERATION_NOT_FOUND'],
	['an operation that is no number', 'usual', 'undo last --yes', 'USAGE'],
	['a timeout that is no number', 'usual', 'attach vm0 pf0 --guest-timeout soon', 'USAGE'],
	['a limit that is no number', 'usual', 'history --limit junk', 'USAGE'],
];

for (const [what, name, line, code, says] of refusals) {
	test(`refused: ${what}`, async t => {
		const host = newHost(name);
		const changes: string[] = [];
		host.set({beforeChange: change => changes.push(change)});
		const {error} = await vfctl(host, words(line));
		t.is(error?.code, code, error?.message);
		t.truthy(error?.message);
		t.truthy(error?.why ?? (code === 'OPERATION_NOT_FOUND' && error?.message), 'says why');
		t.truthy(error?.fix, 'says what to type');
		t.regex(`${error?.message} ${error?.why}`, says ?? /./);
		t.deepEqual(changes, []);
		// A dry run is refused in the same way, but for what only changing needs.
		const dry = await vfctl(host, [...words(line), ...line.startsWith('history') || line.includes('--dry-run') ? [] : ['--dry-run']]);
		t.is(dry.error?.code, code === 'CONFIRMATION_NEEDED' ? undefined : code);
	});
}

test('what a command changes is seen by these tests', async t => {
	for (const line of ['vf set pf0#0 --vlan 5', 'vf destroy pf0 --yes', 'attach off pf0#1', 'bind pf0#0 vfio-pci', 'unbind pf0#0']) {
		const host = newHost('usual');
		const changes: string[] = [];
		host.set({beforeChange: change => changes.push(change)});
		const {error} = await vfctl(host, words(line));
		t.is(error, undefined);
		t.true(changes.some(change => !change.includes('/var/lib/vfctl')), line);
	}
});

// Plans as an admin sees them. `# host:` names the host, which keeps what commands without
// --dry-run change; HOSTILE stands for the strange guest. UPDATE_CASES=1 writes what is said now.

async function play(host: SimHost, line: string): Promise<string> {
	const {text, notes, error} = await vfctl(host, words(line).map(word => word === 'HOSTILE' ? hostileName : word));
	const said = error === undefined ? text : `error ${error.code}: ${error.message}${error.why === undefined ? '' : `\n  why: ${error.why}`}${error.fix === undefined ? '' : `\n  fix: ${error.fix}`}`;
	return [...notes, said].map(part => `${part}\n`).join('');
}

const caseFiles = readdirSync(caseDirectory).filter(name => name.endsWith('.txt'));
const commandsOf = (text: string) => [...text.matchAll(/^\$ vfctl (.*)$/gm)].map(match => match[1]!);

for (const file of caseFiles) {
	const expected = readFileSync(join(caseDirectory, file), 'utf8');
	const [, title] = /^# (.*)$/m.exec(expected)!;
	test(`plans: ${title}`, async t => {
		const [, name] = /^# host: (.*)$/m.exec(expected)!;
		const host = newHost(name!);
		let said = expected.slice(0, expected.indexOf('\n\n') + 1);
		for (const line of commandsOf(expected)) {
			said += `\n$ vfctl ${line}\n${await play(host, line)}`;
		}

		if (process.env['UPDATE_CASES'] !== undefined) {
			writeFileSync(join(caseDirectory, file), said);
		}

		t.is(said, expected);
	});
}

test('there are plans to look at, none of them twice', t => {
	t.true(caseFiles.length > 12);
	const texts = caseFiles.map(file => readFileSync(join(caseDirectory, file), 'utf8'));
	t.true(texts.flatMap(text => commandsOf(text)).length > 90);
});

test('every plan that is shown is a shell script', t => {
	const lines = caseFiles.flatMap(file => readFileSync(join(caseDirectory, file), 'utf8').split('\n').filter(line => line.startsWith('       ')).map(line => line.slice(7)));
	const {status, stderr} = spawnSync('sh', ['-n'], {input: `${lines.join('\n')}\n`, encoding: 'utf8'});
	t.is(stderr, '');
	t.is(status, 0);
});

// Whole ways on a simulated host

/** Ways to attach; G and V stand for guest and VF. */
const ways = [
	'attach G V',
	'attach G V --config',
	'attach G V --mac 52:54:00:00:00:aa --vlan 100 --spoofchk off --trust on',
	'attach G V --method hostdev --vlan 100 --trust on --spoofchk off',
	'attach G V --method hostdev --managed no',
	'attach G V --managed no --spoofchk off',
	'attach G V --managed yes',
];

/** The record with what `ip` tells of one PF and one of its VFs only: comparing all takes long
 * where there are many. */
function narrowed(record: HostRecord, pf: string, index: number): HostRecord {
	const narrow = (stdout: string) => JSON.stringify((JSON.parse(stdout) as Array<Record<string, unknown>>)
		.filter(({ifname}) => ifname === undefined || ifname === pf || ifname === `${pf}v${index}`)
		.map(({vfinfo_list: vfs, ...link}) => vfs === undefined ? link : {...link, vfinfo_list: (vfs as Array<{vf: number}>).filter(({vf}) => vf === index)}));
	return {...record, commands: record.commands.map(command => command.argv[1] === '-j' && command.stdout.startsWith('[') ? {...command, stdout: narrow(command.stdout)} : command)};
}

for (const name of Object.keys(sampleHosts).filter(name => !name.startsWith('no-'))) {
	test(`attach and detach leave ${name} as it was`, async t => {
		const inventory = await inventoryOf(newHost(name));
		const many = inventory.pfs.some(({numVfs}) => numVfs > 4);
		const targets = inventory.pfs.filter(({netdevs}) => netdevs.length > 0).slice(-2).map(({netdevs, numVfs}) => ({pf: netdevs[0]!, index: numVfs - 1}));
		let attached = 0;
		for (const {pf, index} of targets) {
			const host = newHost(name);
			const kept = (record: HostRecord) => many ? narrowed(record, pf, index) : record;
			const before = kept(await captured(host));
			const vf = index < 0 ? pf : `${pf}#${index}`;
			// vm0 runs, vm1 is off.
			for (const way of [...ways.map(way => way.replace('G', 'vm0')), ...[ways[0]!, ways[3]!, ways[4]!].map(way => way.replace('G', 'vm1'))].map(way => way.replace('V', vf))) {
				const {error, json} = await vfctl(host, words(way));
				if (error !== undefined) {
					// What a rule forbids there has its own tests.
					t.true(['GROUP_NOT_VIABLE', 'UNSUPPORTED'].includes(error.code), `${way}: ${error.code} ${error.message}`);
					continue;
				}

				attached++;
				t.true(json['changed'], way);
				t.is((await vfctl(host, ['detach', way.split(' ')[1]!, vf])).error?.message, undefined, way);
				if ((json['plan'] as Plan).actions.some(({kind}) => kind === 'set-numvfs')) {
					// VFs that an attach made stay for the next one.
					t.is((await vfctl(host, ['vf', 'destroy', vf, '--yes'])).error, undefined);
				}
			}

			t.deepEqual(compareRecords(before, kept(await captured(host))), [], vf);
		}

		t.true(attached >= ways.length, `${attached}`);
	});
}

const sequences: ReadonlyArray<readonly [what: string, host: string, lines: string[]]> = [
	['attach, undo', 'bare', ['attach vm0 pf0 --vfs 2 --method hostdev --managed no --vlan 42 --qos 3 --spoofchk off', 'undo --yes']],
	['attach in two steps, detach', 'usual', ['attach vm0 pf0#1 --config', 'attach vm0 pf0#1', 'detach vm0 pf0#1']],
	['attach in two steps, detach in two', 'usual', ['attach vm0 pf0#1 --config', 'attach vm0 pf0#1 --live', 'detach vm0 pf0#1 --live', 'detach vm0 pf0#1']],
	['attach, detach in two steps', 'usual', ['attach vm0 pf0#1 --spoofchk off --trust on', 'detach vm0 pf0#1 --live', 'detach vm0 pf0#1']],
	['attach in two steps with settings, detach', 'usual', ['attach vm0 pf0#1 --method hostdev --mac 52:54:00:00:00:aa --trust on --config', 'attach vm0 pf0#1', 'detach vm0 pf0#1']],
	['attach with settings, detach the saved half first', 'usual', ['attach vm0 pf0#1 --spoofchk off --trust on', 'detach vm0 pf0#1 --config', 'detach vm0 pf0#1']],
	['attach by PF, detach by MAC', 'usual', ['attach vm0 pf0 --mac 52:54:00:00:00:aa', 'detach vm0 52:54:00:00:00:AA']],
	['attach to a guest that is off', 'usual', ['attach off pf0#3 --trust on', 'detach off pf0#3']],
	['attach to a transient guest', 'usual', ['attach transient pf0#3', 'detach transient pf0#3']],
	['attach to a strangely named guest', 'usual', ['attach HOSTILE pf0#3', 'detach HOSTILE pf0#3']],
	['attach from a pool', 'pool', ['attach vm0 pool:fast --vlan 9', 'detach vm0 pool:fast']],
	['attach from a pool to a guest that is off', 'pool', ['attach off fast', 'detach off fast']],
	['attach a VF on vfio-pci', 'pinned', ['attach vm0 pf0#0', 'detach vm0 pf0#0']],
	['attach a VF on no driver', 'pinned', ['attach vm0 pf0#1 --method hostdev', 'detach vm0 pf0#1']],
	['attach a VF with settings', 'full', ['attach vm0 pf0#0 --vlan 7 --method hostdev', 'detach vm0 pf0#0']],
	['bind, restore', 'usual', ['bind pf0#2 vfio-pci --persist', 'restore pf0#2']],
	['bind, undo', 'pinned', ['bind pf0#0 ixgbevf --persist', 'undo --yes']],
	['unbind, undo', 'pinned', ['unbind pf0#0', 'undo --yes']],
	['unbind, restore', 'usual', ['unbind pf0#2', 'restore pf0#2']],
	['a whole port, and its undo', 'pf-down', ['bind pf1 vfio-pci --accept-risk bind-pf', 'undo --yes']],
	['destroy, undo: the VFs have again what they had', 'full', ['vf destroy pf0 --yes', 'undo --yes']],
	['another count, undo', 'full', ['vf create pf0 8 --yes', 'undo --yes']],
	['a count on a PF that is down, undo', 'bare', ['vf create pf0 4', 'undo --yes']],
	['settings, undo', 'full', ['vf set pf0#0 --vlan 0 --trust on --spoofchk off --max-tx-rate 100', 'undo --yes']],
	['a tag twice, undo', 'full', ['vf set pf0#0 --vlan 7 --qos 5', 'vf set pf0#0 --vlan 0', 'undo --yes', 'undo --yes']],
	['a MAC, undo', 'usual', ['vf set pf0#0 --mac 52:54:00:00:00:aa', 'undo --yes']],
	['three operations, undone one after the other', 'usual', ['attach vm0 pf0#0', 'bind pf0#1 vfio-pci', 'vf set pf0#2 --vlan 5', 'undo --yes', 'undo --yes', 'undo --yes']],
];

for (const [what, name, lines] of sequences) {
	test(`as before: ${what}`, async t => {
		const host = newHost(name === 'pf-down' ? 'usual' : name);
		const before = await captured(host);
		for (const line of lines) {
			const {error} = await vfctl(host, words(line).map(word => word === 'HOSTILE' ? hostileName : word));
			t.is(error && `${error.code} ${error.message} ${error.why}`, undefined, line);
		}

		// Modules that were loaded stay when something else could use them by now.
		const differences = compareRecords(before, await captured(host)).filter(({path}) => !/^\/sys\/module\/vfio|drivers\/vfio-pci\/(new_id|bind|unbind|remove_id)/.test(path));
		t.deepEqual(differences, []);
	});
}

// Turning round

const bdf = '0000:03:10.0' as Bdf;
const pf = '0000:03:00.0' as Bdf;
const mac = '52:54:00:00:00:aa' as Mac;
const guest = {name: 'vm0', uuid: '5a3c1d70-94e2-4b7f-8f10-000000000000'};
const device = {guest, target: 'live' as const, deviceXml: '<hostdev/>', source: bdf, network: null, mac, method: 'hostdev' as const, managed: true, hostDriver: 'ixgbevf', portsBefore: [1, 2]};

/** One of every kind. */
const actions: {[Kind in Action['kind']]: Action & {kind: Kind}} = {
	'set-link': {kind: 'set-link', netdev: 'pf0', from: 'down', to: 'up'},
	'set-numvfs': {kind: 'set-numvfs', pf, pfNetdev: 'pf0', from: 4, to: 0, remembered: [{index: 0, bdf, settings: {mac, vlan: 5, qos: 3, spoofchk: false}, override: 'vfio-pci'}]},
	'set-autoprobe': {kind: 'set-autoprobe', pf, from: true, to: false},
	'load-module': {kind: 'load-module', module: 'vfio-pci', from: 'absent', to: 'loaded'},
	bind: {kind: 'bind', bdf, physfn: pf, from: {driver: 'ixgbevf', override: null}, to: {driver: 'vfio-pci', override: 'vfio-pci'}},
	'set-vf': {kind: 'set-vf', pfNetdev: 'pf0', pf, index: 0, bdf, from: {mac: '02:00:00:00:00:01' as Mac, vlan: 0}, to: {mac, vlan: 5}, assumed: false, reload: true},
	'own-mac': {kind: 'own-mac', pfNetdev: 'pf0', pf, index: 0, bdf, mac, from: 'own', to: 'administrative'},
	'attach-device': {kind: 'attach-device', ...device},
	'detach-device': {kind: 'detach-device', ...device},
	'check-guest': {kind: 'check-guest', guest, mac, timeoutMs: 1000},
	'write-file': {kind: 'write-file', path: '/etc/x', from: null, to: 'text\n', then: ['udevadm', 'control', '--reload']},
	'set-mtu': {kind: 'set-mtu', netdev: 'pf0', from: 1500, to: 9000},
	'set-filter': {kind: 'set-filter', netdev: 'pf0', mac, from: false, to: true},
	'set-route': {kind: 'set-route', from: null, to: {to: '20.0.0.0/24', via: null, dev: 'pf0', metric: null}},
	'guest-network': {kind: 'guest-network', guest, mac, from: {addresses: [], routes: [], mtuBytes: 1500, up: true}, to: {addresses: ['20.0.0.3/24'], routes: [{to: '0.0.0.0/0', via: '20.0.0.1', metric: null}], mtuBytes: 1500, up: true}, assumed: false},
	'guest-file': {kind: 'guest-file', guest, path: '/etc/netplan/70-vfctl.yaml', from: null, to: 'text\n', mode: 0o600},
	'set-network': {kind: 'set-network', name: 'fast', from: null, to: {xml: '<network/>', active: true, autostart: true}},
	'set-lease': {kind: 'set-lease', network: 'default', from: {mac, ip: '192.168.122.9', name: null}, to: {mac, ip: '192.168.122.10', name: 'vm0'}},
	'kernel-arguments': {kind: 'kernel-arguments', from: [], to: ['intel_iommu=on']},
	'set-unit': {kind: 'set-unit', unit: 'vfctl.service', from: 'disabled', to: 'enabled'},
	'move-netdev': {kind: 'move-netdev', bdf, from: {netns: null, name: 'pf0v0'}, to: {netns: {name: 'blue', inode: 4_026_532_000}, name: 'net1'}},
	'netns-network': {kind: 'netns-network', bdf, place: {netns: {name: 'blue', inode: 4_026_532_000}, name: 'net1'}, from: {mac: null, addresses: [], routes: [], mtuBytes: 1500, up: false}, to: {mac, addresses: ['20.0.0.3/24'], routes: [], mtuBytes: 1500, up: true}},
	'set-irq-affinity': {kind: 'set-irq-affinity', bdf, irq: 31, from: '0-3', to: '2'},
	'set-rps': {kind: 'set-rps', bdf, place: {netns: null, name: 'pf0v0'}, queue: 0, from: '', to: '0-1'},
	'set-hugepages': {kind: 'set-hugepages', sizeKiB: 2048, node: null, from: 0, to: 64},
	'set-feature': {kind: 'set-feature', pf, netdev: 'pf0', feature: 'ntuple-filters', from: 'off', to: 'on'},
	'set-switch-mode': {kind: 'set-switch-mode', pf, netdev: 'pf0', from: 'veb', to: 'vepa'},
	'set-relay': {kind: 'set-relay', pf, pfNetdev: 'pf0', from: null, to: 'lan'},
	'set-forward': {kind: 'set-forward', pf, pfNetdev: 'pf0', from: false, to: true},
	'insert-module': {kind: 'insert-module', module: 'vfctl_fwd', path: '/var/lib/vfctl/drivers/6.12.1/vfctl_fwd.ko', sha256: 'a'.repeat(64), hub: {path: '/var/lib/vfctl/drivers/6.12.1/vfctl_pf.ko', sha256: 'b'.repeat(64)}, from: 'absent', to: 'loaded'},
	'register-dkms': {kind: 'register-dkms', version: '1.0.0', from: 'absent', to: 'added'},
	'install-modules': {kind: 'install-modules', kernel: '6.1.0-56-amd64', from: {vfctl_pf: null, igb: null, ixgbe: null, vfctl_fwd: null}, to: {vfctl_pf: 'a'.repeat(64), igb: 'b'.repeat(64), ixgbe: null, vfctl_fwd: 'c'.repeat(64)}, initramfs: 'update-initramfs'},
	'set-steer': {kind: 'set-steer', pf, netdev: 'pf0', location: 1, from: null, to: {flow: 'tcp4', destinationIp: '20.0.0.3/32', destinationPort: 80, target: {kind: 'vf', vf: 1, queue: null}}},
	'swap-driver': {
		kind: 'swap-driver', module: 'igb', options: ['max_vfs=0'], devices: [pf],
		from: {path: '/lib/modules/6.12.1/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz', sha256: null, srcversion: null, hub: null, needs: ['dca']},
		to: {path: '/var/lib/vfctl/drivers/6.12.1/igb.ko', sha256: 'a'.repeat(64), srcversion: 'ABC1', hub: {path: '/var/lib/vfctl/drivers/6.12.1/vfctl_pf.ko', sha256: 'b'.repeat(64)}, needs: []},
	},
};

for (const action of Object.values(actions)) {
	test(`turned round twice, ${action.kind} is what it was`, t => {
		const back = inverse(action);
		t.is(back.length, action.kind === 'check-guest' ? 0 : 1);
		t.notDeepEqual(back, [action]);
		t.deepEqual(back.flatMap(one => inverse(one)), action.kind === 'check-guest' ? [] : [action]);
	});
}

test('a list is turned round from its end', t => {
	const {bind, 'set-vf': set, 'check-guest': check, 'attach-device': attach} = actions;
	t.deepEqual(inverseAll([set, bind, attach, check]).map(({kind}) => kind), ['detach-device', 'bind', 'set-vf']);
	t.deepEqual(inverseAll(inverseAll([set, bind, attach])), [set, bind, attach]);
});

test('what is undone, unfinished or gone has nothing to undo', t => {
	const plan: Plan = {version: 1, subject: {command: 'bind', vf: bdf, pf}, title: 'bind it', actions: [actions.bind], warnings: ['w'], risks: []};
	const undo = planUndo({number: 3, plan, outcome: 'done', done: [actions.bind], undoneBy: null});
	t.deepEqual(undo, {version: 1, subject: {command: 'undo', vf: bdf, pf, operation: 3}, title: 'undo operation 3: bind it', actions: inverse(actions.bind), warnings: [], risks: []});
	for (const more of [{undoneBy: 7}, {outcome: 'rolled-back'}, {outcome: null}]) {
		const error = t.throws(() => planUndo({number: 3, plan, outcome: 'done', done: [], undoneBy: null, ...more}), {instanceOf: AppError});
		t.is(error?.code, 'PLAN_STALE');
		t.regex(error?.why ?? '', /operation 7|rolled-back|unfinished/);
	}
});

// What undoing must not take

test('undoing does not switch off the link that the admin came in on since', async t => {
	const make = hosts['bare']!;
	for (const [record, code] of [
		[withAddress(make(), 'pf0', '10.1.0.1/24'), 'HOST_NETWORK'],
		[{...withAddress(make(), 'pf0', '10.1.0.1/24'), caller: {uid: 0, env: {SSH_CONNECTION: '198.51.100.7 51022 10.1.0.1 22'}}}, 'MANAGEMENT_INTERFACE'],
		[make(), undefined],
	] as const) {
		const host = simHost(record);
		t.is((await vfctl(host, ['vf', 'create', 'pf0', '2'])).error, undefined);
		t.is((await vfctl(host, ['undo', '--yes'])).error?.code, code);
	}
});

const takenSince: ReadonlyArray<readonly [what: string, first: string, since: string, code: ErrorCode]> = [
	['VFs that a guest got', 'vf create pf1 2', 'attach vm0 pf1#1', 'VFS_IN_USE'],
	['VFs that a guest gets when it starts', 'vf create pf1 2', 'attach off pf1#1', 'VFS_IN_USE'],
	['the driver of a VF that a guest gets when it starts', 'bind pf0#1 vfio-pci', 'attach off pf0#1 --managed no', 'VF_HELD'],
];
for (const [what, first, since, code] of takenSince) {
	test(`undoing does not take ${what} since`, async t => {
		const host = newHost('usual');
		t.is((await vfctl(host, words(first))).error, undefined);
		t.is((await vfctl(host, words(since))).error, undefined);
		t.is((await vfctl(host, ['undo', '1', '--yes'])).error?.code, code);
	});
}

// Shell lines

test('names of any kind reach a program as they are', t => {
	const names = [hostileName, '$(id)', '`id`', 'a b', "it's", '"', '\\', '*', '~', '!x', 'a\nb', '', 'plain-1.2:3_4', 'pf0#1', '#x', '&', ';', '>x', '\u{1F600}'];
	const {stdout} = spawnSync('sh', ['-c', `printf '%s\\0' ${names.map(name => quote(name)).join(' ')}`], {encoding: 'utf8', cwd: '/'});
	t.deepEqual(stdout.split('\0').slice(0, -1), names);
	t.is(quote('pf0#1'), 'pf0#1');
});

test('every action with hostile text is shell lines that only do what they say', t => {
	const strange = {name: hostileName, uuid: guest.uuid};
	const hostile: Action[] = [
		{...actions['set-link'], netdev: '$(id)'},
		{...actions['set-numvfs'], pfNetdev: '$(id)', from: 0, to: 4},
		{...actions['load-module'], module: '$(id)'},
		{...actions.bind, to: {driver: '$(id)', override: '$(id)'}},
		{...actions['set-vf'], pfNetdev: ';id'},
		{...actions['own-mac'], pfNetdev: '`id`', from: 'administrative', to: 'own'},
		{...actions['attach-device'], guest: strange, deviceXml: '<a>\nEND\nEND_\nid\n</a>\n'},
		{...actions['detach-device'], guest: strange},
		{...actions['check-guest'], guest: strange},
		{...actions['write-file'], path: '/etc/$(id)', to: 'a\nEND\nid\n', then: ['echo', '$(id)']},
		{...actions['write-file'], path: '/etc/$(id)', from: 'a', to: null},
	];
	for (const action of hostile) {
		// Every program and file is replaced; what is left over to run would be `id`.
		const script = equivalent(action).map(line => line.replaceAll(/\/(sys|etc)\//g, '/dev/null/')).join('\n');
		const {stdout, stderr, status} = spawnSync('sh', ['-c', `id() { echo INJECTED >&2; }; reboot() { id; }; ip() { :; }; modprobe() { :; }; virsh() { cat >/dev/null; }; rm() { :; }; grep() { :; }; ls() { :; }\n${script}`], {encoding: 'utf8', input: '', env: {PATH: process.env['PATH']}});
		t.notRegex(`${stdout}${stderr}`, /INJECTED|uid=|syntax|unexpected/, script);
		t.not(status, null);
	}
});

test('a guest whose name looks like an option is named by its UUID', t => {
	t.regex(equivalent({...actions['attach-device'], guest: {...guest, name: '--help'}})[0]!, new RegExp(`^virsh attach-device ${guest.uuid} `));
});

test('a driver that the final override does not name gets the device all the same', t => {
	const action: BindAction = {...actions.bind, from: {driver: null, override: 'vfio-pci'}, to: {driver: 'ixgbevf', override: 'vfio-pci'}};
	t.deepEqual(equivalent(action), [
		`echo ixgbevf > /sys/bus/pci/devices/${bdf}/driver_override`,
		`echo ${bdf} > /sys/bus/pci/drivers_probe`,
		`echo vfio-pci > /sys/bus/pci/devices/${bdf}/driver_override`,
	]);
});

test('VFs that come back get their settings back, in text too', t => {
	t.deepEqual(equivalent(inverse(actions['set-numvfs'])[0]!), [
		`echo 4 > /sys/bus/pci/devices/${pf}/sriov_numvfs`,
		`ip link set dev pf0 vf 0 mac ${mac}`,
		'ip link set dev pf0 vf 0 vlan 5 qos 3',
		'ip link set dev pf0 vf 0 spoofchk off',
	]);
});

test('a plan says the same as text and as JSON', t => {
	const plan: Plan = {version: 1, subject: {command: 'bind'}, title: 'bind it', actions: [actions.bind], warnings: ['look out'], risks: ['bind-pf']};
	t.is(planText({...plan, actions: []}), 'nothing to do: bind it\n  note: look out\n  risk: a PF leaves its network driver: its own interface and the control of its VFs are gone (bind-pf was accepted)');
	t.deepEqual(planJson(plan), {plan, steps: [{text: `bind ${bdf} to vfio-pci`, commands: equivalent(actions.bind)}]});
});

// MAC addresses

test('a chosen MAC is the same every time, unicast, local and nobody else\'s', async t => {
	const inventory = await inventoryOf(newHost('usual'));
	const chosen = Array.from({length: 500}, (_, index) => chooseMac(inventory, `guest ${index}`, null));
	t.deepEqual(chosen, Array.from({length: 500}, (_, index) => chooseMac(inventory, `guest ${index}`, null)));
	t.is(new Set(chosen).size, 500);
	t.true(chosen.every(one => one.startsWith('52:54:00:') && !isMulticast(one)));
	// Taken: the next one, which is again the same every time.
	const [first] = inventory.guests!;
	const taken: Inventory = {...inventory, guests: [{...first!, live: {...first!.live!, macs: [chosen[0]!]}}]};
	const other = chooseMac(taken, 'guest 0', null);
	t.not(other, chosen[0]);
	t.is(other, chooseMac(taken, 'guest 0', null));
	t.is(macUses(taken, null).get(chosen[0]!), `guest ${first!.name}`);
});

test('a VF may keep its own MAC', async t => {
	const host = newHost('usual');
	const own = (await inventoryOf(host)).pfs[0]!.vfs[1]!.settings!.mac!;
	t.is((await vfctl(host, ['attach', 'vm0', 'pf0#1', '--mac', own, '--dry-run'])).error, undefined);
	t.is((await vfctl(host, ['attach', 'vm0', 'pf0#2', '--mac', own, '--dry-run'])).error?.code, 'MAC_IN_USE');
});

test('the other definition of a guest gets the same device', async t => {
	const host = newHost('usual');
	await vfctl(host, ['attach', 'vm0', 'pf0#1', '--config', '--mac', mac, '--vlan', '7']);
	const {json} = await vfctl(host, ['attach', 'vm0', 'pf0#1', '--dry-run']);
	const [attach, ...more] = (json['plan'] as Plan).actions.filter(({kind}) => kind === 'attach-device') as DetachDeviceAction[];
	t.deepEqual(more, []);
	t.is(attach?.target, 'live');
	t.is(attach?.mac, mac);
	t.regex(attach?.deviceXml ?? '', /<tag id='7'\/>/);
});

// Planning without a host

function request(more: Partial<AttachRequest>): AttachRequest {
	return {guest: 'vm0', device: 'pf0#1', live: false, config: false, settings: {}, guestTimeoutMs: 0, acceptedRisks: [], renderXml: renderDeviceXml, ...more};
}

test('a setting that the driver does not show cannot be set', async t => {
	const inventory = await inventoryOf(newHost('usual'));
	const [pf0, ...others] = inventory.pfs;
	const blind: Inventory = {...inventory, pfs: [{...pf0!, vfs: pf0!.vfs.map(vf => ({...vf, settings: {...vf.settings!, trust: null}}))}, ...others]};
	const error = t.throws(() => planAttach(blind, request({settings: {trust: true}})), {instanceOf: AppError});
	t.is(error?.code, 'UNSUPPORTED');
	t.regex(error?.message ?? '', /trust/);
	const unread: Inventory = {...inventory, pfs: [{...pf0!, vfs: pf0!.vfs.map(vf => ({...vf, settings: null}))}, ...others]};
	t.is(t.throws(() => planAttach(unread, request({settings: {trust: true}})), {instanceOf: AppError})?.code, 'PF_NO_DRIVER');
});

test('a kernel that does not tell where VFs will be asks for them to be made first', async t => {
	const inventory = await inventoryOf(newHost('usual'));
	const old: Inventory = {...inventory, pfs: inventory.pfs.map(one => ({...one, vfOffset: null}))};
	const error = t.throws(() => planAttach(old, request({device: 'pf1'})), {instanceOf: AppError});
	t.is(error?.code, 'UNSUPPORTED');
	t.is(error?.fix, 'vfctl vf create pf1 N, then the same again');
});

test('the advice for a strangely named guest can be typed', async t => {
	const host = newHost('usual');
	await vfctl(host, ['attach', hostileName, 'pf0#1', '--config']);
	const {error} = await vfctl(host, ['attach', 'vm0', 'pf0#1']);
	t.is(error?.fix, `vfctl detach ${quote(hostileName)} pf0#1`);
	const off = await inventoryOf(host);
	const stopped: Inventory = {...off, guests: off.guests!.map(one => one.name === hostileName ? {...one, active: false, state: 'shutoff'} : one)};
	t.true(t.throws(() => planAttach(stopped, request({guest: hostileName, live: true})), {instanceOf: AppError})?.fix?.startsWith(`virsh start ${quote(hostileName)},`));
});

test('only what still is as the attach made it is put back', async t => {
	const host = newHost('full');
	await vfctl(host, words('attach off pf0#2 --method hostdev --vlan 7 --qos 5 --trust on'));
	const set = async (line: string) => {
		await vfctl(host, words(line));
		const {json} = await vfctl(host, words('detach off pf0#2 --dry-run'));
		return ((json['plan'] as Plan).actions.find(({kind}) => kind === 'set-vf') as SetVfAction).to;
	};
	t.deepEqual(Object.keys(await set('vf set pf0#3 --vlan 9')), ['mac', 'vlan', 'qos', 'trust']);
	// A tag counts as one.
	t.deepEqual(Object.keys(await set('vf set pf0#2 --vlan 8')), ['mac', 'trust']);
	t.deepEqual(Object.keys(await set('vf set pf0#2 --trust off')), ['mac']);
});

test('a detach without a journal restores nothing that it does not know', async t => {
	const inventory = await inventoryOf(newHost('taken'));
	const plan = planDetach(inventory, {guest: 'vm0', device: 'pf0#0', live: false, config: false, attachActions: [], renderXml: renderDeviceXml});
	t.deepEqual(plan.actions.map(({kind}) => kind), ['detach-device', 'detach-device']);
	t.deepEqual(plan.actions.map(action => (action as DetachDeviceAction).hostDriver), ['ixgbevf', 'ixgbevf']);
	t.regex(plan.warnings.join(), /vfctl did not attach/);
});
