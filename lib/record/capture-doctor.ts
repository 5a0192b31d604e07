// What `vfctl doctor` reads besides (exec/read-doctor-facts.ts).
import {vfioNodesQuestion} from '../exec/read-doctor-facts.ts';
import {filterQuestion} from '../exec/read-filter.ts';
import {charDevicesPath, deviceAccessLines, deviceRulePaths, qemuConfPath} from '../sysfs/read-device-access.ts';
import {daemonPidFile, daemonSocketPaths} from '../sysfs/read-libvirt-daemon.ts';
import {ifupdownFiles, ifupdownLines} from '../sysfs/read-ifupdown.ts';
import {keepLines} from './capture-files.ts';
import type {Collector} from './collector.ts';

const acpiTables = '/sys/firmware/acpi/tables';

/** Files. */
export function collectDoctor(into: Collector): void {
	const {files} = into;
	if (files.exists(acpiTables)) {
		into.name(acpiTables, 'directory');
		for (const name of ['DMAR', 'IVRS', 'IORT']) {
			into.name(`${acpiTables}/${name}`, 'unreadable');
		}
	}

	const release = files.readText('/proc/sys/kernel/osrelease')?.trim();
	if (release !== undefined) {
		into.text(`/lib/modules/${release}/modules.dep`, text => keepLines(text, line => /\/(?:vfio|kvm|igb|ixgbe|vfctl)[\w-]*\.ko/.test(line.split(':')[0]!)));
	}

	into.text('/proc/sys/net/ipv4/ip_forward');
	for (const path of ifupdownFiles(files)) {
		into.text(path, ifupdownLines);
	}

	into.text(qemuConfPath, deviceAccessLines);
	into.text(charDevicesPath, text => keepLines(text, line => line.endsWith(' vfio')));
	for (const path of deviceRulePaths) {
		into.text(path);
	}

	for (const [name, socket] of Object.entries(daemonSocketPaths) as Array<['libvirtd' | 'virtqemud', string]>) {
		into.name(socket, 'unreadable');
		const pid = /^\d{1,10}$/.exec(files.readText(daemonPidFile(name))?.trim() ?? '')?.[0];
		if (pid !== undefined && files.readText(`/proc/${pid}/comm`)?.trim() === name) {
			into.text(daemonPidFile(name));
			into.text(`/proc/${pid}/comm`);
			into.text(`/proc/${pid}/limits`, text => keepLines(text, line => line.startsWith('Max locked memory')));
			const status = into.entries.get(`/proc/${pid}/status`);
			into.text(`/proc/${pid}/status`, text => keepLines(text, line => line.startsWith('CapEff:') || (status !== undefined && line.startsWith('HugetlbPages:'))));
		}
	}
}

/** Programs that are asked. */
export function doctorCommands({files}: Pick<Collector, 'files'>): Array<readonly [string, ...string[]]> {
	const nodes = vfioNodesQuestion(files);
	const bridged = files.list('/sys/class/net').filter(name => files.exists(`/sys/class/net/${name}/device/sriov_totalvfs`) && files.exists(`/sys/class/net/${name}/master/bridge`));
	return [...nodes === null ? [] : [nodes], ...bridged.map(name => filterQuestion(name))];
}

/** Of a bridge's answers: the entries of the card itself. What the bridge has learned comes and goes. */
export function ownFilterEntries(list: ReadonlyArray<Record<string, unknown>>): Array<Record<string, unknown>> {
	return list.filter(({flags}) => Array.isArray(flags) && flags.includes('self'));
}
