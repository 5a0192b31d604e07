// Reads what decides how a host comes up again.
import type {FileReader, Host} from '../host/host.ts';
import type {BootFacts} from '../model/boot.ts';
import type {Inventory} from '../model/inventory.ts';
import {backupDirectory, ownPaths, unitNames, type UnitName} from '../plan/persist/paths.ts';
import {findProgram, readBootLoader} from './read-boot-loader.ts';

/** The facts of this host; changes nothing. */
export async function readBootFacts(host: Host, inventory: Pick<Inventory, 'hostUses' | 'pfs'>): Promise<BootFacts> {
	const {files} = host;
	const systemd = await readSystemd(host);
	const vfs = new Set(inventory.pfs.flatMap(pf => pf.vfs).map(({bdf}) => bdf));
	const units = new Map<UnitName, 'enabled' | 'disabled'>();
	if (systemd !== null) {
		for (const name of unitNames) {
			units.set(name, await readUnit(host, name));
		}
	}

	const cpuVendor = readCpuVendor(files);
	return {
		cpuVendor,
		iommuMaker: readIommuMaker(files) ?? cpuVendor,
		runningArguments: (files.readText('/proc/cmdline') ?? '').split(/\s+/).filter(word => word !== ''),
		loader: await readBootLoader(host),
		builtInModules: readBuiltIn(files),
		systemd, units,
		udev: files.exists('/run/udev/control'),
		networkManager: findProgram(files, 'NetworkManager') !== undefined,
		networkd: readNetworkd(files),
		libvirt: ['libvirtd', 'virtqemud'].some(name => findProgram(files, name) !== undefined),
		files: new Map(ownPaths.flatMap(path => {
			const text = files.readText(path);
			return text === undefined ? [] : [[path, text]];
		})),
		// Their names end with the time, so for one file they are in order.
		backups: files.list(backupDirectory).map(name => ({path: `${backupDirectory}/${name}`, text: files.readText(`${backupDirectory}/${name}`) ?? ''})),
		hostVfs: [...new Set(inventory.hostUses.map(({bdf}) => bdf).filter(bdf => vfs.has(bdf)))].sort(),
	};
}

/** Whether a unit is enabled. `systemctl is-enabled` says so in words and ends with 1 for most
 * others; a unit that is not there gives no word on standard output (or not-found, from 253 on). */
export async function readUnit({runner}: Host, unit: string): Promise<'enabled' | 'disabled'> {
	const {stdout} = await runner.run(['systemctl', 'is-enabled', unit]);
	return stdout.trim() === 'enabled' ? 'enabled' : 'disabled';
}

async function readSystemd({files, runner}: Host): Promise<BootFacts['systemd']> {
	if (findProgram(files, 'systemctl') === undefined) {
		return null;
	}

	// systemd 252 (252.39-1~deb12u2)
	const {stdout} = await runner.run(['systemctl', '--version']);
	// sd_booted(3).
	return {versionNumber: Number(/^systemd (\d+)/.exec(stdout)?.[1] ?? 0), running: files.exists('/run/systemd/system')};
}

function readCpuVendor(files: FileReader): BootFacts['cpuVendor'] {
	const vendor = /^vendor_id\s*:\s*(\S+)/m.exec(files.readText('/proc/cpuinfo') ?? '')?.[1];
	// Hygon's processors are AMD's design, with AMD's IOMMU.
	return vendor === 'GenuineIntel' ? 'intel' : vendor === 'AuthenticAMD' || vendor === 'HygonGenuine' ? 'amd' : 'other';
}

// The firmware's table is what the kernel goes by (detect_intel_iommu in drivers/iommu/intel/dmar.c, amd_iommu_detect in
// drivers/iommu/amd/init.c): Zhaoxin's processors have Intel's IOMMU. While it is switched off in the firmware there is no table.
function readIommuMaker(files: FileReader): BootFacts['iommuMaker'] | undefined {
	const tables = files.list('/sys/firmware/acpi/tables');
	return tables.includes('DMAR') ? 'intel' : tables.includes('IVRS') ? 'amd' : undefined;
}

// Enabled by the admin, or at boot by a generator (netplan's), or running.
function readNetworkd(files: FileReader): BootFacts['networkd'] {
	if (files.exists('/run/systemd/netif/state')) {
		return 'running';
	}

	return ['/etc', '/run'].some(directory => files.readLink(`${directory}/systemd/system/multi-user.target.wants/systemd-networkd.service`) !== undefined) ? 'enabled' : null;
}

function readBuiltIn(files: FileReader): string[] {
	const release = files.readText('/proc/sys/kernel/osrelease')?.trim();
	const list = release === undefined ? '' : files.readText(`/lib/modules/${release}/modules.builtin`) ?? '';
	return ['vfio-pci', 'vfio_iommu_type1'].filter(name => new RegExp(`/${name.replace(/[-_]/, '[-_]')}\\.ko$`, 'm').test(list));
}
