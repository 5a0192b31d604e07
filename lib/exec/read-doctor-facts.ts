// Reads what `vfctl doctor` judges: once, and what cannot be read with its reason.
import {AppError, errorSentence} from '../errors.ts';
import type {CommandResult, FileReader, Host, Runner} from '../host/host.ts';
import {pciBackends} from '../libvirt/hostdev-capabilities.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {BootFacts} from '../model/boot.ts';
import type {Inventory} from '../model/inventory.ts';
import {bindingRulePath} from '../plan/binding-rule.ts';
import type {DoctorFacts, JournalFacts, NodeFacts, Seen} from '../plan/doctor/facts.ts';
import {backupTime} from '../plan/persist/paths.ts';
import {readAttribute, readNumber} from '../sysfs/attributes.ts';
import {loadableModules} from '../sysfs/loadable-modules.ts';
import {isKernelGone} from '../sysfs/module-files.ts';
import {acsReader, groupAcsPath} from '../sysfs/read-acs.ts';
import {readDeviceAccess} from '../sysfs/read-device-access.ts';
import {readDistribution} from '../sysfs/read-distribution.ts';
import {readHugepages} from '../sysfs/read-hugepages.ts';
import {readIfupdown} from '../sysfs/read-ifupdown.ts';
import {readGroupType, readIommu} from '../sysfs/read-iommu.ts';
import {readIrqbalance} from '../sysfs/read-irqbalance.ts';
import {readLibvirtDaemon} from '../sysfs/read-libvirt-daemon.ts';
import {readSriovSpaces, readWithoutVfs} from '../sysfs/read-sriov-space.ts';
import {leftTraces, tracefsDirectory} from '../sysfs/trace-instances.ts';
import {readKernelBuffer} from './kernel-messages.ts';
import {doneActions, isUnfinished} from './operation.ts';
import {listOperations, readBootId} from './journal.ts';
import {readBootFacts} from './read-boot.ts';
import {stateDirectory} from './state-paths.ts';
import {readDriverStatus} from './driver/read-driver-status.ts';
import {readFilter} from './read-filter.ts';
import {factsOfPf, readMailboxFacts} from './read-mailbox-facts.ts';

const commandMs = 10_000;
const acpiTables = '/sys/firmware/acpi/tables';

export interface DoctorReading {
	/** Digest of the kernel sources of this vfctl, or null. */
	sources: string | null;
	/** The open connection, or why there is none. */
	libvirt: Libvirt | AppError;
}

/** The facts; changes nothing. */
export async function readDoctorFacts(live: Host, inventory: Inventory, {sources, libvirt}: DoctorReading): Promise<DoctorFacts> {
	const host: Host = {...live, runner: oncePerCommand(live.runner)};
	const {files} = host;
	const {kernel, pfs, functions, groups} = inventory;
	const [kernelLog, boot, mailboxes, driver, vfioNodes, filters, hostdev] = await Promise.all([
		readKernelLog(host),
		readBoot(host, inventory),
		look(async () => {
			const facts = await readMailboxFacts(host, pfs);
			return pfs.map(pf => factsOfPf(facts, pf)).filter(({pf, mailbox}) => mailbox !== null || pf.driver === 'igb' || pf.driver === 'ixgbe');
		}),
		look(async () => {
			requireReadableState(host);
			return readDriverStatus(host, {kernel: kernel.release, sources});
		}),
		look(async () => readVfioNodes(host)),
		readFilters(host, inventory),
		look(async () => {
			if (libvirt instanceof AppError) {
				throw libvirt;
			}

			return pciBackends(await libvirt.domainCapabilities());
		}),
	]);
	const ours = new Set(pfs.flatMap(pf => [pf.bdf, ...pf.vfs.map(({bdf}) => bdf)]).map(bdf => functions.get(bdf)?.iommuGroup).filter(group => group !== null && group !== undefined));
	const acsPathOf = acsReader(files, functions);
	const nested = ['kvm_intel', 'kvm_amd'].map(name => readAttribute(files, `/sys/module/${name}/parameters/nested`)).find(value => value !== undefined);
	const forward = readNumber(files, '/proc/sys/net/ipv4/ip_forward');
	const tracefs = tracefsDirectory(files);
	return {
		inventory, boot, kernelLog, mailboxes, driver, vfioNodes, filters, hostdev,
		root: host.caller.uid === 0,
		nowMs: host.clock.now(),
		time: backupTime(host.clock.now()),
		distribution: readDistribution(files, kernel.release),
		cpuFlags: /^flags\s*:\s*(.*)$/m.exec(files.readText('/proc/cpuinfo') ?? '')?.[1]?.split(/\s+/) ?? null,
		leftTraces: tracefs === undefined ? null : leftTraces(files, tracefs, host.caller.pid),
		kvmNode: files.exists('/dev/kvm'),
		nested: nested === undefined ? null : nested === 'Y' || nested === '1',
		iommu: readIommu(files, kernel.commandLine),
		iommuTables: files.exists(acpiTables) ? ['DMAR', 'IVRS', 'IORT'].filter(name => files.exists(`${acpiTables}/${name}`)) : null,
		groupTypes: new Map([...ours].map(group => [group, readGroupType(files, group)])),
		acsPaths: new Map([...ours].map(group => [group, groupAcsPath(groups.get(group)!, acsPathOf)])),
		spaces: readSriovSpaces(files, pfs, 'value' in kernelLog ? kernelLog.value : null),
		withoutVfs: readWithoutVfs(files, functions),
		bindingRules: new Map(pfs.flatMap(pf => pf.vfs).flatMap(({bdf}) => {
			const rule = files.readText(bindingRulePath(bdf));
			return rule === undefined ? [] : [[bdf, rule]];
		})),
		// Without any kernel there (a container, an old record) nobody took it away.
		modulesOnDisk: files.list('/lib/modules').length === 0 || files.exists(`/lib/modules/${kernel.release}/modules.dep`) || !isKernelGone(files, kernel.release),
		loadable: files.exists(`/lib/modules/${kernel.release}/modules.dep`) ? loadableModules(files, ['vfio_pci', 'vfio_iommu_type1', 'kvm_intel', 'kvm_amd']) : null,
		daemon: readLibvirtDaemon(files),
		deviceAccess: readDeviceAccess(files),
		hugepages: readHugepages(files),
		irqbalance: readIrqbalance(files),
		ipForward: forward === undefined ? null : forward !== 0,
		ifupdown: readIfupdown(files),
		journal: await look(() => {
			requireReadableState(host);
			return readJournal(host);
		}),
	};
}

/** The same question is asked once: several readers want dmesg. */
function oncePerCommand(runner: Runner): Runner {
	const asked = new Map<string, Promise<CommandResult>>();
	return {
		async run(argv, options) {
			const key = argv.join('\0');
			const answer = asked.get(key) ?? runner.run(argv, options);
			asked.set(key, answer);
			return answer;
		},
	};
}

/** A fact, or the reason why it cannot be had. */
async function look<T>(read: () => T | Promise<T>): Promise<Seen<T>> {
	try {
		return {value: await read()};
	} catch (error) {
		if (error instanceof AppError) {
			return {unseen: errorSentence(error)};
		}

		throw error;
	}
}

async function readKernelLog(host: Host): Promise<DoctorFacts['kernelLog']> {
	const buffer = await readKernelBuffer(host);
	return typeof buffer === 'string' ? {value: buffer.split('\n').filter(line => line !== '')} : {unseen: `the kernel log cannot be read: ${buffer.why}`};
}

/** Where a program does not answer, the boot loader is one that is not known. */
async function readBoot(host: Host, inventory: Inventory): Promise<BootFacts> {
	const facts = await look(async () => readBootFacts(host, inventory));
	if ('value' in facts) {
		return facts.value;
	}

	const silent = {...host, runner: {run: async (argv: readonly string[]) => ({code: argv[0] === 'grubby' ? 0 : 1, stdout: '', stderr: ''})}};
	return {...await readBootFacts(silent, inventory), loader: {kind: 'unknown', why: facts.unseen, hint: 'see the documentation of your boot loader'}};
}

/** The question about VFIO's nodes, or null when there are none. */
export function vfioNodesQuestion(files: FileReader): readonly [string, ...string[]] | null {
	const nodes = files.list('/dev/vfio').filter(name => name === 'vfio' || /^\d{1,9}$/.test(name));
	return nodes.length === 0 ? null : ['stat', '--format=%a %U:%G %n', ...nodes.map(name => `/dev/vfio/${name}`)];
}

async function readVfioNodes({files, runner}: Host): Promise<NodeFacts[]> {
	const question = vfioNodesQuestion(files);
	if (question === null) {
		return [];
	}

	const {stdout} = await runner.run(question, {timeoutMs: commandMs});
	return stdout.split('\n').flatMap(line => {
		const match = /^([0-7]{1,4}) (\S+) (\/dev\/vfio\/\S+)$/.exec(line);
		return match ? [{mode: Number.parseInt(match[1]!, 8), owner: match[2]!, path: match[3]!}] : [];
	});
}

/** Only PFs in a bridge matter. */
async function readFilters({runner}: Host, {pfs, netdevs}: Inventory): Promise<DoctorFacts['filters']> {
	const names = pfs.filter(({numVfs}) => numVfs > 0).flatMap(pf => pf.netdevs).filter(name => netdevs.get(netdevs.get(name)?.master ?? '')?.kind === 'bridge');
	return new Map(await Promise.all(names.map(async name => [name, await look(async () => readFilter(runner, name))] as const)));
}

/** What cannot be listed looks like a directory with nothing in it. */
function requireReadableState({files, caller}: Host): void {
	if (caller.uid !== 0 && files.exists(stateDirectory) && files.list(stateDirectory).length === 0) {
		throw new AppError('NOT_ROOT', `${stateDirectory} cannot be read, where vfctl keeps its journal and its drivers`, {why: `vfctl runs as user ${caller.uid}`, fix: 'sudo vfctl doctor'});
	}
}

function readJournal({files}: Host): JournalFacts {
	const operations = listOperations(files);
	const bootId = readBootId(files);
	const times = operations.flatMap(({header, endTime}) => [header?.time, endTime]).map(time => Date.parse(String(time))).filter(Number.isFinite);
	const placed = new Set<number>();
	for (const operation of operations.filter(({header, outcome}) => outcome === 'done' && header?.bootId === bootId)) {
		for (const action of doneActions(operation)) {
			// A damaged journal may hold anything there.
			if (action as unknown !== null && action.kind === 'set-irq-affinity') {
				placed[operation.header!.plan.subject.command === 'undo' ? 'delete' : 'add'](action.irq);
			}
		}
	}

	return {
		open: operations.filter(one => isUnfinished(one)).map(({number, header, damage, outcome}) => ({
			number,
			title: String(header?.plan.title ?? 'unknown'),
			running: outcome === null && header !== null && header.bootId === bootId && header.pid > 0 && files.exists(`/proc/${header.pid}`),
			damaged: header === null || damage.length > 0,
		})),
		newestMs: times.length === 0 ? null : Math.max(...times),
		placedIrqs: [...placed],
	};
}
