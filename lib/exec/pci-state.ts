// Short readings of one PCI device for observing and verifying steps.
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import type {Binding} from '../plan/action.ts';
import {readLinkName, readNumber} from '../sysfs/attributes.ts';
import {functionNetdevs} from '../sysfs/function-netdevs.ts';
import {pciDevices, readDriver, readDriverOverride} from '../sysfs/read-pci.ts';
import {isUioDriver, isVfioDriver} from '../model/vf-driver.ts';
import {readUioUsers, uioDevices} from '../sysfs/read-uio-users.ts';
import {readVfioUsers} from '../sysfs/read-vfio-users.ts';

/** Directory of a device. */
export function devicePath(bdf: Bdf): string {
	return `${pciDevices}/${bdf}`;
}

/** True when the kernel knows the device. */
export function deviceExists(files: FileReader, bdf: Bdf): boolean {
	return files.exists(devicePath(bdf));
}

/** Bound driver and driver_override. */
export function readBinding(files: FileReader, bdf: Bdf): Binding {
	return {driver: readDriver(files, bdf), override: readDriverOverride(files, bdf)};
}

/** "driver igbvf, no override". */
export function bindingText({driver, override}: Binding): string {
	return `${driver === null ? 'no driver' : `driver ${driver}`}, ${override === null ? 'no override' : `override ${override}`}`;
}

/** Number of VFs the PF has, or undefined when there is no such PF. */
export function readNumVfs(files: FileReader, pf: Bdf): number | undefined {
	return readNumber(files, `${devicePath(pf)}/sriov_numvfs`);
}

/** The PF's VFs that have a link, by index. */
export function readVfLinks(files: FileReader, pf: Bdf): Map<number, Bdf> {
	const links = new Map<number, Bdf>();
	for (const name of files.list(devicePath(pf))) {
		const index = /^virtfn(\d+)$/.exec(name)?.[1];
		const bdf = index === undefined ? undefined : parseBdf(readLinkName(files, `${devicePath(pf)}/${name}`) ?? '');
		if (index !== undefined && bdf !== undefined) {
			links.set(Number(index), bdf);
		}
	}

	return links;
}

/** Interfaces of a device in the host's namespace, without representors. */
export function readNetdevs(files: FileReader, bdf: Bdf): readonly string[] {
	return functionNetdevs(files, bdf);
}

/** Why a device must not be taken from its driver now: a process has it open through VFIO (the
 * kernel would then wait until the guest lets go), or its interface is in another namespace.
 * Undefined when nothing speaks against it. */
export function deviceUse(files: FileReader, bdf: Bdf): string | undefined {
	return firstDeviceUse(files, [bdf]);
}

/** The same for the first of several devices that is in use; looks through /proc at most once. */
export function firstDeviceUse(files: FileReader, devices: readonly Bdf[]): string | undefined {
	const onVfio = devices.filter(bdf => isVfioDriver(readDriver(files, bdf)));
	if (onVfio.length > 0) {
		const groups = new Map(onVfio.map(bdf => [Number(readLinkName(files, `${devicePath(bdf)}/iommu_group`)), bdf]));
		const names = new Map([...groups].flatMap(([group, bdf]) => files.list(`${devicePath(bdf)}/vfio-dev`).map(name => [name, group])));
		const user = readVfioUsers(files, name => names.get(name)).find(({group}) => groups.has(group));
		if (user) {
			return `${user.command} (${user.pid}) has ${groups.get(user.group)} open through VFIO`;
		}
	}

	const onUio = uioDevices(files, devices.filter(bdf => isUioDriver(readDriver(files, bdf))));
	const [uioUser] = onUio.size === 0 ? [] : readUioUsers(files, onUio);
	if (uioUser) {
		return `${uioUser.command} (${uioUser.pid}) has ${uioUser.bdf} open through uio`;
	}

	const away = devices.find(bdf => {
		const net = `${devicePath(bdf)}/net`;
		const driver = readDriver(files, bdf);
		return driver !== null && !isVfioDriver(driver) && !isUioDriver(driver) && files.exists(net) && files.list(net).length === 0;
	});
	return away && `the interface of ${away} is in another network namespace`;
}
