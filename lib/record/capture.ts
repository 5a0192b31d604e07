// Takes a record of a host. Reads only, and only through the Host it is given.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {hostdevPart} from '../libvirt/hostdev-capabilities.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import {queuesCommand} from '../exec/read-interrupt-facts.ts';
import {readConnection} from '../sysfs/read-caller.ts';
import {switchModeQuestion} from '../sysfs/read-switch-mode.ts';
import {steeringQuestions} from '../sysfs/read-steering.ts';
import {collectDisks, collectIommu, collectKernel, collectModules, collectNet, collectPci} from './capture-files.ts';
import {bootCommands, collectBoot, programFinder} from './capture-boot.ts';
import {collectInterrupts} from './capture-interrupts.ts';
import {collectDpdk, collectMemory, udevNameQueries} from './capture-dpdk.ts';
import {collectDoctor, doctorCommands, ownFilterEntries} from './capture-doctor.ts';
import {collectForward} from './capture-forward.ts';
import {collectMailboxes} from './capture-mailbox.ts';
import {collector} from './collector.ts';
import {jsonLines, parseJsonList} from './json-lines.ts';
import {maskRecord} from './mask.ts';
import type {HostRecord, RecordedCommand, RecordedLibvirt} from './record.ts';

export interface CaptureOptions {
	/** Replaces MAC addresses, the same one everywhere by the same one. */
	maskMacs?: boolean;
	/** libvirt's address. */
	connect?: string;
}

const dmesgLines = 2000;

/** The record of a host as it is now. What cannot be read is left out; never rejects for that. */
export async function captureHost(host: Host, {maskMacs = false, connect = 'qemu:///system'}: CaptureOptions = {}): Promise<HostRecord> {
	const into = collector(host.files);
	for (const collect of [collectPci, collectIommu, collectNet, collectModules, collectDisks, collectKernel, collectInterrupts, collectMemory, collectDpdk, collectBoot, collectMailboxes, collectForward, collectDoctor]) {
		collect(into);
	}

	const record: HostRecord = {
		name: host.name,
		caller: {uid: host.caller.uid, env: callerEnvironment(host)},
		entries: into.entries,
		commands: await captureCommands(host),
		libvirt: await captureLibvirt(host, connect),
	};
	return maskMacs ? maskRecord(record) : record;
}

// sudo drops SSH_CONNECTION, so a forefather's may be all there is; then only the addresses, which
// are what matters, are known.
function callerEnvironment({files, caller}: Host): Record<string, string> {
	const own = caller.env['SSH_CONNECTION'];
	const connection = own === undefined ? readConnection(files, caller) : undefined;
	return own !== undefined ? {SSH_CONNECTION: own} : connection === undefined ? {} : {SSH_CONNECTION: `${connection.peer} 0 ${connection.host} 22`};
}

async function captureCommands(host: Host): Promise<RecordedCommand[]> {
	const commands: RecordedCommand[] = [];
	const take = async (argv: readonly [string, ...string[]]): Promise<string> => {
		try {
			const {code, stdout, stderr} = await host.runner.run(argv);
			const list = argv.includes('-j') ? parseJsonList(stdout) : undefined;
			// The kernel numbers a namespace when an interface moves, and keeps the number.
			const kept = list === undefined ? undefined : argv.includes('netns') ? list.map(({name}) => ({name})) : argv[0] !== 'bridge' ? list : argv.includes('link') ? ownSwitchModes(list) : ownFilterEntries(list);
			commands.push({argv, code, stdout: kept ? jsonLines(kept) : stdout, stderr});
			return stdout;
		} catch (error) {
			if (error instanceof AppError) {
				return '';
			}

			throw error;
		}
	};

	await take(['ip', '-j', '-d', 'link', 'show']);
	await take(['ip', '-j', 'addr', 'show']);
	await take(['ip', '-j', 'route', 'show']);
	await take(['ip', '-j', '-6', 'route', 'show']);
	const namespaces = parseJsonList(await take(['ip', '-j', 'netns', 'list'])) ?? [];
	for (const {name} of namespaces) {
		if (typeof name === 'string') {
			const links = parseJsonList(await take(['ip', '-n', name, '-j', '-d', 'link', 'show'])) ?? [];
			for (const {ifname} of links.filter(({parentbus}) => parentbus === 'pci')) {
				await take(queuesCommand(['ip', 'netns', 'exec', name], String(ifname)));
			}
		}
	}

	for (const netdev of pfNetdevs(host.files)) {
		await take(switchModeQuestion(netdev));
		for (const argv of steeringQuestions(netdev)) {
			await take(argv);
		}
	}

	for (const argv of bootCommands(programFinder(host))) {
		await take(argv);
	}

	for (const argv of udevNameQueries(host.files)) {
		await take(argv);
	}

	for (const argv of doctorCommands(host)) {
		await take(argv);
	}

	await take(['dmesg']);
	return commands.map(command => command.argv[0] === 'dmesg' ? {...command, stdout: lastLines(command.stdout)} : command);
}

/** Interfaces of PFs, in the host's namespace. */
function pfNetdevs(files: Host['files']): string[] {
	return files.list('/sys/class/net').filter(name => files.exists(`/sys/class/net/${name}/device/sriov_totalvfs`));
}

async function captureLibvirt(host: Host, uri: string): Promise<RecordedLibvirt | null> {
	let libvirt: Libvirt | undefined;
	try {
		libvirt = await host.openLibvirt(uri);
		const domains = [];
		for (const domain of await libvirt.listDomains()) {
			domains.push({...domain, guestInterfaces: domain.active ? await libvirt.guestInterfaces(domain.uuid) : undefined});
		}

		const networks = await libvirt.listNetworks();
		const byName = <T extends {name: string}>(list: readonly T[]) => list.toSorted((a, b) => a.name < b.name ? -1 : 1);
		return {uri, version: await libvirt.version(), domains: byName(domains), networks: byName(networks), nodeDevices: await captureNodeDevices(host, libvirt), ...await captureHostdev(libvirt)};
	} catch (error) {
		// Without libvirt the rest of the host is worth a record still.
		if (error instanceof AppError) {
			return null;
		}

		throw error;
	} finally {
		await libvirt?.close();
	}
}

// A libvirt without QEMU cannot tell.
async function captureHostdev(libvirt: Libvirt): Promise<Pick<RecordedLibvirt, 'hostdevXml'>> {
	try {
		return {hostdevXml: hostdevPart(await libvirt.domainCapabilities())};
	} catch (error) {
		if (error instanceof AppError) {
			return {};
		}

		throw error;
	}
}

// Only network functions: a big host has thousands of node devices.
async function captureNodeDevices({files}: Host, libvirt: Libvirt): Promise<Map<string, string>> {
	const devices = new Map<string, string>();
	for (const name of await libvirt.listPciNodeDevices()) {
		const bdf = name.replace(/^pci_([\da-f]+)_([\da-f]{2})_([\da-f]{2})_(\d)$/, '$1:$2:$3.$4');
		if (files.readText(`/sys/bus/pci/devices/${bdf}/class`)?.startsWith('0x02')) {
			devices.set(name, await libvirt.nodeDeviceXml(name));
		}
	}

	return devices;
}

function lastLines(text: string): string {
	const lines = text.split('\n');
	return lines.slice(Math.max(0, lines.length - 1 - dmesgLines)).join('\n');
}

/** Of a bridge's port only a card that is no VEB, as all are at first: its state changes by itself. */
function ownSwitchModes(list: ReadonlyArray<Record<string, unknown>>): Array<Record<string, unknown>> {
	return list.filter(({hwmode}) => hwmode === 'VEPA').map(({ifname, hwmode}) => ({ifname, hwmode}));
}
