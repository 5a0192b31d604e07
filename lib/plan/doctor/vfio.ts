// What passing a device through needs besides the IOMMU.
import {AppError} from '../../errors.ts';
import {installCommand} from '../../model/distribution.ts';
import {keptHugepagesFile, pageSizeWord, parsePageSize, persistentPages, type HugepageFacts} from '../../model/hugepages.ts';
import {quote} from '../../model/shell-word.ts';
import type {Action} from '../action.ts';
import {keptPages} from '../hugepages-file.ts';
import {planHugepages} from '../plan-hugepages.ts';
import {modulesItem} from '../persist/other-items.ts';
import {modulesFile, unitNames, unitPath} from '../persist/paths.ts';
import {bad, byName, needsRoot, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';

const needed = ['vfio_pci', 'vfio_iommu_type1'];

function modules({inventory: {kernel}, modulesOnDisk, loadable, distribution}: DoctorFacts): Answer[] {
	const missing = needed.filter(name => !kernel.modules.includes(name));
	if (missing.length === 0) {
		return [ok(null, `${needed.join(' and ')} are loaded`, [seen('/sys/module', needed.join(', '))])];
	}

	const directory = `/lib/modules/${kernel.release}`;
	if (!modulesOnDisk) {
		return [bad('error', null, `there are no modules of the running kernel ${kernel.release} on the disk`, {
			evidence: [seen(directory, 'no modules'), seen('/sys/module', `no ${missing.join(', no ')}`)],
			meaning: 'no module can be loaded, and so no device given to a guest: an update took them away, or this kernel was built without',
			advice: 'reboot into the installed kernel', commands: ['reboot'],
		})];
	}

	if (loadable === null) {
		return [unseen(null, `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not loaded, and ${directory}/modules.dep cannot be read to see whether the kernel has them`, {evidence: [seen(`${directory}/modules.dep`, undefined)]})];
	}

	const absent = missing.filter(name => !loadable.includes(name));
	return [absent.length === 0 ? ok(null, `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} there, and loaded when a guest asks`, [seen(`${directory}/modules.dep`, missing.join(', '))]) : bad('error', null, `this kernel has no module ${absent.join(', ')}`, {
		evidence: [seen(`${directory}/modules.dep`, `no ${absent.join(', no ')}`), seen('/sys/module', `no ${absent.join(', no ')}`)],
		meaning: 'no device can be given to a guest',
		advice: 'install the rest of the kernel\'s modules, then depmod -a; a kernel of one\'s own needs CONFIG_VFIO_PCI',
		commands: [...installCommand(distribution, {debian: `--reinstall linux-image-${kernel.release}`, ubuntu: `linux-modules-extra-${kernel.release}`, rhel: `kernel-modules-${kernel.release}`, suse: 'kernel-default', proxmox: `--reinstall proxmox-kernel-${kernel.release}`, arch: 'linux'}), 'depmod -a'],
	})];
}

/** Only where vfctl's own boot setup is in use; elsewhere libvirt loads what it needs. */
function atBoot({boot}: DoctorFacts): Answer[] {
	if (!unitNames.some(name => boot.files.has(unitPath(name)))) {
		return [];
	}

	const {state, why, actions} = modulesItem(boot);
	return [state === 'missing' ? bad('warning', null, why, {
		evidence: [seen(modulesFile, boot.files.get(modulesFile))],
		meaning: 'vfctl.service pins VFs at boot, and finds no driver to pin them to where modules may not be loaded on demand',
		advice: 'let the host load them at boot', commands: ['vfctl persist on --only modules'],
		repair: {actions, mayBeMeant: false},
	}) : ok(null, why, [seen(modulesFile, boot.files.get(modulesFile))])];
}

function permissions(facts: DoctorFacts): Answer[] {
	const {vfioNodes, inventory: {kernel}} = facts;
	if ('unseen' in vfioNodes) {
		return [unseen(null, vfioNodes.unseen)];
	}

	const container = vfioNodes.value.find(({path}) => path === '/dev/vfio/vfio');
	const open = vfioNodes.value.filter(({path, mode}) => path !== '/dev/vfio/vfio' && (mode & 0o006) !== 0);
	const evidence = vfioNodes.value.slice(0, 6).map(({path, mode, owner}) => seen(path, `${owner} ${mode.toString(8).padStart(4, '0')}`));
	if (open.length > 0) {
		return open.map(({path, mode, owner}) => bad('danger', path, `every user of this host may use the devices of IOMMU group ${path.split('/').at(-1)}`, {
			evidence: [seen(path, `${owner} ${mode.toString(8).padStart(4, '0')}`)],
			meaning: 'any program can take the device, reset it, and read what it receives',
			advice: 'take the permission away, and look for the udev rule or script that gives it; QEMU gets its access from libvirt',
			commands: [`chmod 0600 ${quote(path)}`, 'grep -rn vfio /etc/udev/rules.d'],
		}));
	}

	return container === undefined && kernel.modules.includes('vfio') ? [bad('error', '/dev/vfio/vfio', 'the module vfio is loaded and /dev/vfio/vfio is missing', {
		evidence: [seen('/dev/vfio/vfio', undefined), seen('/sys/module/vfio', 'loaded')],
		meaning: 'QEMU cannot open VFIO', advice: 'let udev make it; in a container it must be passed in', commands: ['udevadm trigger --name-match=vfio/vfio'],
	})] : [ok(null, container === undefined ? 'no VFIO device is there' : 'only their owners may use VFIO devices', evidence)];
}

/** libvirt raises the limit of a guest with devices to its memory and more (qemuDomainGetMemLockLimitBytes),
 * which a daemon may do that has CAP_SYS_RESOURCE, or within its own hard limit. */
function memlock(facts: DoctorFacts): Answer[] {
	const {daemon: {running, installed}, inventory} = facts;
	if (running === null) {
		return inventory.guests === null && installed.length === 0 ? [] : [needsRoot(null, facts, 'no libvirt daemon is found by its pid file, so its limit of locked memory is not known')];
	}

	const {name, pid, memlockBytes, mayRaiseLimits} = running;
	const evidence = [seen(`/proc/${pid}/limits`, `Max locked memory (hard): ${memlockBytes === null ? 'unlimited' : `${memlockBytes} bytes`}`), seen(`/proc/${pid}/status`, `CapEff ${mayRaiseLimits ? 'has' : 'lacks'} CAP_SYS_RESOURCE`)];
	return [mayRaiseLimits || memlockBytes === null ? ok(name, 'it may lock as much memory as guests with devices need', evidence) : bad('error', name, `it may lock only ${Math.floor(memlockBytes / 2 ** 20)} MiB, and may not raise that`, {
		evidence, meaning: 'a guest with a device of the host locks all its memory: larger guests fail with \'cannot limit locked memory\' or VFIO_MAP_DMA: -12',
		advice: `let the daemon have no limit${facts.boot.systemd?.running === true ? '' : ' (in the container that it runs in)'}`,
		commands: facts.boot.systemd?.running === true ? [`mkdir -p /etc/systemd/system/${name}.service.d`, `printf '[Service]\\nLimitMEMLOCK=infinity\\n' > /etc/systemd/system/${name}.service.d/memlock.conf`, 'systemctl daemon-reload', `systemctl restart ${name}`] : [],
	})];
}

function hugepages({inventory: {guests, kernel}, hugepages: facts}: DoctorFacts): Answer[] {
	const users = byName(guests ?? []).filter(({active, config}) => !active && (config?.hugepages.length ?? 0) > 0);
	const pools = facts.pools.filter(({node}) => node === null);
	const evidence = pools.map(({sizeKiB, total, free, reserved}) => seen(`/sys/kernel/mm/hugepages/hugepages-${sizeKiB}kB`, `${total} pages, ${free} free, ${reserved} reserved`));
	const answers = users.map(({name, config}) => {
		const short = config!.hugepages.map(({sizeKiB, memoryKiB}) => {
			const size = sizeKiB ?? facts.defaultSizeKiB ?? 2048;
			const pool = pools.find(one => one.sizeKiB === size);
			return {size, need: Math.ceil(memoryKiB / size), free: Math.max(0, (pool?.free ?? 0) - (pool?.reserved ?? 0)), present: pool === undefined ? 0 : persistentPages(pool)};
		}).filter(({need, free}) => need > free);
		const [first] = short;
		return first === undefined ? ok(name, 'the huge pages that it needs are free', evidence) : bad('error', name, `it needs ${first.need} huge pages of ${pageSizeWord(first.size)} to start, and ${first.free} are free`, {
			evidence: [...evidence, seen(`virsh dumpxml ${name}`, `<hugepages>, ${first.need * first.size / 1024} MiB`)],
			meaning: 'it does not start: \'unable to map backing store for guest RAM: Cannot allocate memory\'',
			advice: 'keep more pages, best at boot, while memory is in one piece',
			commands: [`vfctl dpdk hugepages set ${first.present + first.need - first.free} --size ${pageSizeWord(first.size)} --persist`],
			repair: {actions: morePages(facts, first.size, first.present + first.need - first.free)},
		});
	});
	answers.push(...keptPagesAnswers(facts, kernel.commandLine, evidence));
	return answers.length > 0 ? answers : guests === null ? [unseen(null, 'libvirt does not tell which guests want huge pages', {evidence})] : [ok(null, 'no guest that is off waits for huge pages', evidence)];
}

/** What the command line and vfctl's own file ask for at boot, against what the kernel found. */
function keptPagesAnswers(facts: HugepageFacts, commandLine: string, evidence: Answer['evidence']): Answer[] {
	const asked = new Map(pagesAsked(commandLine, facts.defaultSizeKiB ?? 2048).map(({sizeKiB, count}) => [sizeKiB, {count, source: '/proc/cmdline'}]));
	for (const [path, count] of keptPages(facts.kept)) {
		const size = /^\/sys\/kernel\/mm\/hugepages\/hugepages-(\d+)kB\//.exec(path)?.[1];
		if (size !== undefined) {
			asked.set(Number(size), {count, source: keptHugepagesFile});
		}
	}

	return [...asked].flatMap(([sizeKiB, {count, source}]) => {
		const pool = facts.pools.find(one => one.sizeKiB === sizeKiB && one.node === null);
		const present = pool === undefined ? 0 : persistentPages(pool);
		return present >= count ? [] : [bad('warning', null, `the host was to keep ${count} huge pages of ${pageSizeWord(sizeKiB)}, and has ${present}`, {
			evidence: [seen(source, `${count} pages of ${pageSizeWord(sizeKiB)}`), ...evidence],
			meaning: 'guests and programs that rely on them find too few: memory was in pieces, too small, or they were given back since',
			advice: 'ask for them again; when they cannot be had, at boot (hugepages= on the kernel command line)',
			commands: [`vfctl dpdk hugepages set ${count} --size ${pageSizeWord(sizeKiB)}`],
			repair: {actions: morePages(facts, sizeKiB, count)},
		})];
	});
}

/** `hugepagesz=1G hugepages=4 hugepages=...` (Documentation/admin-guide/kernel-parameters.txt): a
 * number is of the size before it. */
function pagesAsked(commandLine: string, defaultKiB: number): Array<{sizeKiB: number; count: number}> {
	let sizeKiB = defaultKiB;
	return commandLine.split(/\s+/).flatMap(word => {
		const size = /^(?:default_)?hugepagesz=(\w+)$/.exec(word)?.[1];
		const count = /^hugepages=(\d{1,9})$/.exec(word)?.[1];
		sizeKiB = size === undefined ? sizeKiB : parsePageSize(size) ?? sizeKiB;
		return count === undefined ? [] : [{sizeKiB, count: Number(count)}];
	});
}

/** None when they cannot be had now. */
function morePages(facts: HugepageFacts, sizeKiB: number, count: number): Action[] {
	try {
		return planHugepages(facts, {count, sizeKiB, node: null, persist: false}).actions;
	} catch (error) {
		if (error instanceof AppError) {
			return [];
		}

		throw error;
	}
}

function signatures({driver}: DoctorFacts): Answer[] {
	if ('unseen' in driver) {
		return [unseen(null, driver.unseen)];
	}

	const {security: {lockdown, secureBoot, onlySigned}, drivers} = driver.value;
	const evidence = [seen('/sys/kernel/security/lockdown', lockdown ?? 'no lockdown in this kernel'), seen('Secure Boot', secureBoot === null ? 'not started by UEFI' : secureBoot ? 'on' : 'off'), ...onlySigned ? [seen('kernel', 'takes only signed modules')] : []];
	const unsigned = drivers.filter(({file}) => file !== null && file.origin === 'vfctl' && file.signer === null).map(({name}) => name);
	return [onlySigned && unsigned.length > 0 ? bad('error', null, `the kernel takes only signed modules, and ${unsigned.join(', ')} of vfctl ${unsigned.length === 1 ? 'is' : 'are'} not`, {
		evidence, meaning: 'at the next boot the PFs have no driver',
		advice: 'sign them with a key that the firmware knows (docs/driver.md, Secure Boot), or take them away',
		commands: ['vfctl driver install --sign-key mok.key --sign-cert mok.pem', 'vfctl driver uninstall'],
	}) : ok(null, onlySigned ? 'only signed modules are taken, and none that is needed lacks a signature' : 'unsigned modules are taken', evidence)];
}

export const vfioChecks: CheckGroup = {group: 'vfio', checks: [
	{name: 'modules', asks: 'vfio_pci and vfio_iommu_type1 are loaded, or can be', look: modules},
	{name: 'at-boot', asks: 'where vfctl persist is on: the modules are loaded at boot', look: atBoot},
	{name: 'permissions', asks: '/dev/vfio is there, and open to nobody else', look: permissions},
	{name: 'memlock', asks: 'libvirt may lock the memory of guests with devices', look: memlock},
	{name: 'hugepages', asks: 'guests that are off find the huge pages that they need, and the host has those that it was to keep', look: hugepages},
	{name: 'signatures', asks: 'a kernel that takes only signed modules finds vfctl\'s signed', look: signatures},
]};
