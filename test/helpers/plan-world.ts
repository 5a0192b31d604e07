// Whole commands on a simulated host that stays between them, and hosts that the samples lack.
import type {ExecutionContext} from 'ava';
import yargs from 'yargs';
import {addCommands} from '../../lib/cli/commands.ts';
import {commonOptions} from '../../lib/cli/options.ts';
import {AppError} from '../../lib/errors.ts';
import {readInventory} from '../../lib/exec/read-inventory.ts';
import {escapeXml} from '../../lib/libvirt/render-template.ts';
import type {Inventory} from '../../lib/model/inventory.ts';
import {parsePlan} from '../../lib/plan/plan-schema.ts';
import type {Plan, RiskName} from '../../lib/plan/plan.ts';
import {captureHost} from '../../lib/record/capture.ts';
import {compareRecords} from '../../lib/record/compare.ts';
import type {HostRecord} from '../../lib/record/record.ts';
import {hostBuilder} from '../../lib/sim/builder.ts';
import type {GuestFacts} from '../../lib/sim/build-guest.ts';
import type {HostBuilder} from '../../lib/sim/build-facts.ts';
import {sampleHosts} from '../../lib/sim/sample-hosts.ts';
import type {SimHost} from '../../lib/sim/sim-host.ts';
import {crashEverywhere} from './crash.ts';

export interface Answer {
	text: string;
	json: Record<string, unknown>;
	notes: string[];
	error: AppError | undefined;
	/** What the command itself ended with; undefined: as usual. */
	status?: number | undefined;
}

/** Runs a command line on the host, which keeps what it changes. */
export async function vfctl(host: SimHost, argv: readonly string[], signal = new AbortController().signal): Promise<Answer> {
	const answer: Answer = {text: '', json: {}, notes: [], error: undefined, status: undefined};
	const parser = yargs([...argv]).options(commonOptions).strict().exitProcess(false).fail((message, error: unknown) => {
		throw error ?? new Error(message);
	});
	addCommands(parser, async (args, command) => {
		const {dryRun = false, yes = false, acceptRisk = []} = args as {dryRun?: boolean; yes?: boolean; acceptRisk?: RiskName[]};
		answer.status = await command({
			host, signal,
			commandLine: ['vfctl', ...argv],
			options: {connect: 'qemu:///system', dryRun, yes, acceptedRisks: acceptRisk, lockTimeoutMs: 0},
			out: {
				json: false, fancy: false,
				result(text, value) {
					answer.text = text;
					answer.json = value as Answer['json'];
				},
				note(text) {
					answer.notes.push(text);
				},
			},
		}) ?? undefined;
	});
	try {
		await parser.parseAsync();
	} catch (error) {
		if (!(error instanceof AppError)) {
			throw error;
		}

		answer.error = error;
	}

	return answer;
}

/** The plan of a command that succeeds; throws its error otherwise. */
export async function done(host: SimHost, line: string): Promise<Plan> {
	const {error, json} = await vfctl(host, line.split(' '));
	if (error) {
		throw error;
	}

	return parsePlan((json as {plan: unknown}).plan);
}

/** The host as a record, to compare with. */
export async function captured(host: SimHost): Promise<HostRecord> {
	return captureHost(host, {maskMacs: false, connect: 'qemu:///system'});
}

/** Killed before any change of `work`, `vfctl recover` makes the host what it was. Gives the number of changes. */
export async function recoversEverywhere(t: ExecutionContext, fresh: () => SimHost, work: (host: SimHost) => Promise<unknown>): Promise<number> {
	const before = await captured(fresh());
	return crashEverywhere(fresh, work, async (after, at) => {
		const {error} = await vfctl(after, ['recover', '--yes']);
		t.is(error, undefined, `killed at change ${at}: ${error?.why}`);
		t.deepEqual(compareRecords(before, await captured(after)), [], `killed at change ${at}`);
	});
}

/** The inventory as commands read it. */
export async function inventoryOf(host: SimHost): Promise<Inventory> {
	return readInventory(host, await host.openLibvirt('qemu:///system').catch((error: AppError) => error));
}

/** The record with an address on one of its interfaces. */
export function withAddress(record: HostRecord, netdev: string, cidr: string): HostRecord {
	const [local, length] = cidr.split('/');
	return {
		...record,
		commands: record.commands.map(command => command.argv.join(' ') === 'ip -j addr show' ? {
			...command,
			stdout: JSON.stringify((JSON.parse(command.stdout) as Array<Record<string, unknown>>).map(link => link['ifname'] === netdev
				? {...link, addr_info: [{family: 'inet', local, prefixlen: Number(length), scope: 'global', label: netdev}]}
				: link)),
		} : command),
	};
}

/** The record with a text file. */
export function withFile(record: HostRecord, path: string, text: string): HostRecord {
	return {...record, entries: new Map([...record.entries, [path, {kind: 'text', text}]])};
}

/** As a shell and an XML parser must not take it. */
export const hostileName = '$(reboot)\'"</name>&amp; `id`; #x';

/** The record with a guest `hostile` under that name. */
function withHostileGuest(record: HostRecord): HostRecord {
	const rename = (xml: string | undefined) => xml?.replace('<name>hostile</name>', () => `<name>${escapeXml(hostileName)}</name>`);
	const {libvirt} = record;
	return {...record, libvirt: libvirt && {...libvirt, domains: libvirt.domains.map(domain => domain.name === 'hostile'
		? {...domain, name: hostileName, liveXml: rename(domain.liveXml), inactiveXml: rename(domain.inactiveXml)}
		: domain)}};
}

const vmWithVf = (name: string, vf: string, more: Partial<GuestFacts> = {}): GuestFacts => ({
	name, ...more, devices: [`<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x${vf.slice(5, 7)}' slot='0x${vf.slice(8, 10)}' function='0x${vf.slice(11)}'/></source></hostdev>`],
});

/** One ixgbe PF with four VFs: 0000:03:10.0, .2, .4, .6. */
function small(name: string): HostBuilder {
	return hostBuilder(name).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4});
}

const noGuestYet: Record<string, () => HostRecord> = {
	usual: () => withHostileGuest(small('usual')
		.pf({card: '82599', bdf: '0000:03:00.1', name: 'pf1', up: false})
		.pool({name: 'fast', pf: 'pf0', active: false})
		.guest({name: 'vm0'})
		.guest({name: 'off', state: 'shutoff'})
		.guest({name: 'transient', persistent: false, agent: 'none'})
		.guest({name: 'mute', agent: 'disconnected'})
		.guest({name: 'full', sparePorts: 0})
		.guest({name: 'old', conventional: true, sparePorts: 0})
		.guest({name: 'hostile'})
		.record()),
	pool: () => small('pool').pool({name: 'fast', pf: 'pf0'}).guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff'}).record(),
	// VF 0: running guest; 1: saved guest; 2: namespace; 3: free.
	taken: () => hostBuilder('taken').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4, inNamespace: [2]})
		.guest(vmWithVf('vm0', '0000:03:10.0')).guest(vmWithVf('off', '0000:03:10.2', {state: 'shutoff'})).guest({name: 'vm1'}).record(),
	// Only guests that are off.
	saved: () => small('saved').guest(vmWithVf('off', '0000:03:10.2', {state: 'shutoff'})).guest({name: 'vm1'}).record(),
	namespace: () => hostBuilder('namespace').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, inNamespace: [1]}).guest({name: 'vm0'}).record(),
	'all-taken': () => hostBuilder('all-taken').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 1, totalVfs: 1})
		.guest(vmWithVf('vm0', '0000:03:10.0')).guest({name: 'vm1'}).record(),
	'pf-address': () => hostBuilder('pf-address').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', addresses: ['10.1.0.1/24']}).guest({name: 'vm0'}).record(),
	'pf-route': () => hostBuilder('pf-route').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0'}).route({dst: '10.9.0.0/16', dev: 'pf0', gateway: '10.9.0.1'}).guest({name: 'vm0'}).record(),
	'pf-vlan': () => hostBuilder('pf-vlan').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0'}).vlan({name: 'pf0.7', parent: 'pf0', id: 7, addresses: ['10.1.0.1/24']}).record(),
	'pf-bond': () => hostBuilder('pf-bond').bond({name: 'bond0', addresses: ['10.1.0.1/24']}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', master: 'bond0'}).record(),
	'pf-bridge': () => hostBuilder('pf-bridge').bridge({name: 'br0', addresses: ['10.1.0.1/24']}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', master: 'br0'}).record(),
	'pf-ssh': () => hostBuilder('pf-ssh').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', addresses: ['10.1.0.1/24']}).ssh('10.1.0.1').record(),
	'pf-ssh-bond': () => hostBuilder('pf-ssh-bond').bond({name: 'bond0', addresses: ['10.1.0.1/24']}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', master: 'bond0'}).ssh('10.1.0.1').record(),
	// The host itself is on VF 0.
	'vf-address': () => withAddress(small('vf-address').guest({name: 'vm0'}).record(), 'pf0v0', '10.1.0.1/24'),
	'vf-ssh': () => withAddress(small('vf-ssh').guest({name: 'vm0'}).ssh('10.1.0.1').record(), 'pf0v0', '10.1.0.1/24'),
	'no-driver': () => hostBuilder('no-driver').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', driver: null}).guest({name: 'vm0'}).record(),
	'pf-on-vfio': () => hostBuilder('pf-on-vfio').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', driver: 'vfio-pci'}).guest({name: 'vm0'}).record(),
	'unsafe-interrupts': () => withFile(hostBuilder('unsafe-interrupts', {interruptRemapping: false}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).guest({name: 'vm0'}).record(), '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts', 'Y\n'),
	'no-libvirt': () => small('no-libvirt').noLibvirt().record(),
	// igb has no VLAN protocol; the 82576 alone knows rates. i40e knows everything.
	full: () => hostBuilder('full').pf({card: 'xl710', bdf: '0000:3b:00.0', name: 'pf0', vfs: 4, vfSettings: {0: {vlan: 42, qos: 3}, 1: {trust: true, spoofchk: false}}}).guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff'}).record(),
	// Nothing is loaded yet, nothing made, and the PF is down.
	bare: () => hostBuilder('bare', {modules: ['kvm']}).pf({card: '82576', bdf: '0000:03:00.0', name: 'pf0', up: false}).guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff'}).record(),
	pinned: () => hostBuilder('pinned').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 3, vfDrivers: {0: 'vfio-pci', 1: null}}).guest({name: 'vm0'}).record(),
};

/** Makers of hosts by name: the samples and those of these tests. */
export const hosts: Readonly<Record<string, () => HostRecord>> = {...sampleHosts, ...noGuestYet};
