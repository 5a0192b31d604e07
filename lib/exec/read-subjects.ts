// The facts of a host that a comparison tells of (lib/model/device-changes has what they mean).
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {configLength, configPrefix} from '../model/device-changes/changes.ts';
import type {Subject, Subjects} from '../model/device-changes/facts.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Netdev} from '../model/netdev.ts';
import {configFacts} from '../model/pci-config.ts';
import type {Pf, PciFunction, Vf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import {settingLabel, vfSettingNames} from '../model/vf-settings.ts';
import {readAttribute} from '../sysfs/attributes.ts';
import {pciDevices, readDriverOverride} from '../sysfs/read-pci.ts';

// Of the modules those that have to do with cards, their guests and their interfaces.
const watchedModules = /^(?:vfio|iommufd|igb|ixgbe|i40e|iavf|ice|mlx|bnx|nfp|sfc|qed|uio|kvm|vfctl|vhost|tun|macv|bridge|bonding|team|openvswitch|nvme)/;

// NET_ADDR_RANDOM of include/uapi/linux/netdevice.h.
const randomAddress = '1';

/** Everything by id. `libvirt` is its version, or null when it does not answer; without `config`
 * configuration space is left alone. */
export function readSubjects(files: FileReader, inventory: Inventory, libvirt: string | null, {config = true} = {}): Subjects {
	const place = placeOf(inventory);
	const subjects = [
		hostSubject(files, inventory, libvirt),
		...[...inventory.functions.values()].map(one => functionSubject(files, inventory, one, place(one.bdf), config)),
		...[...inventory.netdevs.values()].filter(({bdf}) => bdf === null).map(netdev => interfaceSubject(files, netdev)),
		...(inventory.guests ?? []).map(guest => guestSubject(guest)),
	];
	return new Map(subjects.map(one => [one.id, one]));
}

interface Place {
	name: string;
	pf: Pf | null;
	vf: Vf | null;
	netdevs: readonly string[];
}

function placeOf({pfs}: Inventory): (bdf: Bdf) => Place {
	const places = new Map<Bdf, Place>();
	for (const pf of pfs) {
		places.set(pf.bdf, {name: pfName(pf), pf, vf: null, netdevs: pf.netdevs});
		for (const vf of pf.vfs) {
			places.set(vf.bdf, {name: vfName(pf, vf), pf, vf, netdevs: vf.netdevs});
		}
	}

	return bdf => places.get(bdf) ?? {name: bdf, pf: null, vf: null, netdevs: []};
}

function hostSubject(files: FileReader, {kernel}: Inventory, libvirt: string | null): Subject {
	const facts = factList();
	facts.add('boot', files.readText('/proc/sys/kernel/random/boot_id')?.trim());
	facts.add('kernel', kernel.release);
	facts.add('kernel arguments', kernel.commandLine);
	facts.add('libvirt', libvirt ?? 'does not answer');
	for (const name of files.list('/sys/module').filter(one => watchedModules.test(one))) {
		facts.add(`module ${name}`, 'loaded');
	}

	return {kind: 'host', id: 'host', name: 'the host', bdf: null, pf: null, facts: facts.known, madeUp: new Set()};
}

function functionSubject(files: FileReader, inventory: Inventory, {bdf, driver, iommuGroup, physfn}: PciFunction, {name, pf, vf, netdevs}: Place, config: boolean): Subject {
	const directory = `${pciDevices}/${bdf}`;
	const facts = factList();
	const attribute = (fact: string, file: string) => {
		facts.add(fact, readAttribute(files, `${directory}/${file}`));
	};

	facts.add('PF', vf && pf ? pfName(pf) : undefined);
	facts.add('ids', ['vendor', 'device', 'subsystem_vendor', 'subsystem_device', 'revision'].map(file => readAttribute(files, `${directory}/${file}`) ?? '').join(' ').replaceAll('0x', '').trim());
	facts.add('driver', driver ?? undefined);
	facts.add('driver override', readDriverOverride(files, bdf) ?? undefined);
	facts.add('used by', userOf(inventory, bdf, iommuGroup));
	facts.add('vfio device', files.list(`${directory}/vfio-dev`).length > 0 ? 'yes' : undefined);
	facts.add('interface', netdevs.join(', ') || undefined);
	facts.add('interface in another namespace', (vf ?? pf)?.inNamespace === true ? 'yes' : undefined);
	facts.add('IOMMU group', iommuGroup === null ? undefined : String(iommuGroup));
	facts.add('IOMMU type', readAttribute(files, `/sys/kernel/iommu_groups/${iommuGroup ?? 'none'}/type`));
	facts.add('interrupts', interruptsOf(files, directory));
	attribute('enabled', 'enable');
	attribute('power state', 'power_state');
	attribute('reset methods', 'reset_method');
	attribute('NUMA node', 'numa_node');
	attribute('PCIe speed', 'current_link_speed');
	attribute('PCIe width', 'current_link_width');
	facts.add('resources', resourcesOf(files, directory));
	for (const kind of ['correctable', 'nonfatal', 'fatal']) {
		facts.add(`AER ${kind} errors`, /^TOTAL_ERR_\w+ (\d+)$/m.exec(files.readText(`${directory}/aer_dev_${kind}`) ?? '')?.[1]);
	}

	if (pf && !vf) {
		attribute('VFs', 'sriov_numvfs');
		attribute('VF autoprobe', 'sriov_drivers_autoprobe');
	}

	for (const setting of vf?.settings ? vfSettingNames : []) {
		const value = vf?.settings?.[setting];
		facts.add(`VF setting ${settingLabel(setting)}`, value === null || value === undefined ? undefined : typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
	}

	for (const [index, netdev] of netdevs.entries()) {
		addNetdev(files, facts, inventory.netdevs.get(netdev), index === 0 ? '' : `${netdev}: `);
	}

	if (config) {
		addConfig(files, facts, directory);
	}

	return {kind: 'function', id: bdf, name, bdf, pf: vf ? vf.pf : physfn, facts: facts.known, madeUp: madeUpOf(files, netdevs)};
}

function addNetdev(files: FileReader, facts: FactList, netdev: Netdev | undefined, prefix: string): void {
	if (netdev === undefined) {
		return;
	}

	facts.add(`${prefix}set up`, netdev.up ? 'yes' : 'no');
	facts.add(`${prefix}link`, netdev.operstate);
	const speed = readAttribute(files, `/sys/class/net/${netdev.name}/speed`);
	facts.add(`${prefix}Mbit/s`, Number(speed) > 0 ? speed : undefined);
	facts.add(`${prefix}MAC`, netdev.mac ?? undefined);
	facts.add(`${prefix}MTU`, String(netdev.mtuBytes));
	facts.add(`${prefix}master`, netdev.master ?? undefined);
	facts.add(`${prefix}addresses`, netdev.addresses.join(', ') || undefined);
}

// What the PF shows as MAC of a VF is then made up, too.
function madeUpOf(files: FileReader, netdevs: readonly string[]): Set<string> {
	const random = netdevs.some(name => readAttribute(files, `/sys/class/net/${name}/addr_assign_type`) === randomAddress);
	return new Set(random ? ['MAC', 'VF setting mac', ...netdevs.map(name => `${name}: MAC`)] : []);
}

function addConfig(files: FileReader, facts: FactList, directory: string): void {
	const bytes = files.readBytes(`${directory}/config`);
	if (bytes !== undefined) {
		facts.add(configLength, String(bytes.length));
		for (const [name, value] of configFacts(bytes)) {
			facts.add(`${configPrefix}${name}`, value);
		}
	}
}

function userOf({guests, vfioUsers, uioUsers}: Inventory, bdf: Bdf, iommuGroup: number | null): string | undefined {
	const guest = guests?.find(({live}) => live?.devices.some(({source}) => source === bdf));
	const user = vfioUsers.find(({group}) => group === iommuGroup) ?? uioUsers.find(one => one.bdf === bdf);
	return guest ? `guest ${guest.name}` : user && `${user.command} (process ${user.pid})`;
}

function interruptsOf(files: FileReader, directory: string): string {
	const irqs = files.list(`${directory}/msi_irqs`);
	const kind = files.readText(`${directory}/msi_irqs/${irqs[0]}`)?.trim() === 'msix' ? 'MSI-X' : 'MSI';
	return irqs.length === 0 ? '0' : `${irqs.length} ${kind}`;
}

// Lines of start, end and flags; what is not used is zero (resource_show in drivers/pci/pci-sysfs.c).
function resourcesOf(files: FileReader, directory: string): string | undefined {
	return files.readText(`${directory}/resource`)?.trim().split('\n').filter(line => !/^(?:0x0+ ?){3}$/.test(line.trim())).map(line => line.trim().split(' ').slice(0, 2).map(word => word.replace(/^0x0*(?=.)/, '0x')).join('-')).join(', ');
}

function interfaceSubject(files: FileReader, netdev: Netdev): Subject {
	const facts = factList();
	addNetdev(files, facts, netdev, '');
	return {kind: 'interface', id: `interface ${netdev.name}`, name: netdev.name, bdf: null, pf: null, facts: facts.known, madeUp: new Set()};
}

function guestSubject({name, state, live, config}: NonNullable<Inventory['guests']>[number]): Subject {
	const facts = factList();
	const devices = (definition: typeof live) => definition?.devices.map(({source, network}) => source ?? `a VF of ${network}`).toSorted().join(', ');
	facts.add('state', state);
	facts.add('devices', live ? devices(live) || 'none' : undefined);
	facts.add('saved devices', devices(config) || 'none');
	return {kind: 'guest', id: `guest ${name}`, name, bdf: null, pf: null, facts: facts.known, madeUp: new Set()};
}

interface FactList {
	readonly known: Map<string, string>;
	add(name: string, value: string | undefined): void;
}

function factList(): FactList {
	const known = new Map<string, string>();
	return {
		known,
		add(name, value) {
			if (value !== undefined && value !== '') {
				known.set(name, value);
			}
		},
	};
}

/** Functions that a guest has now or gets at its next start, of pools all VFs. */
export function functionsOfGuest({guests, pools}: Inventory, name: string): Bdf[] | undefined {
	const guest = guests?.find(one => one.name === name || one.uuid === name);
	const devices = guest && [...guest.live?.devices ?? [], ...guest.config?.devices ?? []];
	return devices && [...new Set(devices.flatMap(({source, network}) => source ?? pools?.find(pool => pool.name === network)?.members ?? []))].filter(bdf => parseBdf(bdf) !== undefined);
}
