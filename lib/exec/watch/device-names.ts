// Names of PCI functions while they come and go: a function that is gone is still called by the name
// that it had.
import type {FileReader} from '../../host/host.ts';
import {parseBdf, type Bdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import {pfName, vfName} from '../../model/select.ts';
import {readLinkName} from '../../sysfs/attributes.ts';
import {functionNetdevs} from '../../sysfs/function-netdevs.ts';
import {pciDevices, readDriver} from '../../sysfs/read-pci.ts';

export interface KnownDevice {
	name: string;
	driver: string | null;
	pf: Bdf | null;
}

export class DeviceNames {
	private readonly known = new Map<Bdf, KnownDevice>();
	private readonly files: FileReader;

	constructor(files: FileReader, {pfs}: Inventory) {
		this.files = files;
		for (const pf of pfs) {
			this.known.set(pf.bdf, {name: pfName(pf), driver: pf.driver, pf: null});
			for (const vf of pf.vfs) {
				this.known.set(vf.bdf, {name: vfName(pf, vf), driver: vf.driver, pf: pf.bdf});
			}
		}
	}

	/** What was known of it before. */
	before(bdf: Bdf): KnownDevice | undefined {
		return this.known.get(bdf);
	}

	/** What it is now; what was known stays known of one that is gone. */
	now(bdf: Bdf): KnownDevice {
		const pf = parseBdf(readLinkName(this.files, `${pciDevices}/${bdf}/physfn`) ?? '') ?? null;
		const index = pf === null ? undefined : this.files.list(`${pciDevices}/${pf}`).find(name => /^virtfn\d+$/.test(name) && readLinkName(this.files, `${pciDevices}/${pf}/${name}`) === bdf)?.slice('virtfn'.length);
		const old = this.known.get(bdf);
		const name = index === undefined || pf === null ? old?.name ?? functionNetdevs(this.files, bdf)[0] ?? bdf : `${this.known.get(pf)?.name ?? pf}#${index}`;
		const device = {name, driver: readDriver(this.files, bdf), pf: pf ?? old?.pf ?? null};
		this.known.set(bdf, device);
		return device;
	}

	/** It is gone: the next one at its address is another one. */
	forget(bdf: Bdf): void {
		this.known.delete(bdf);
	}

	/** Every name of a function that events use, its PF's among them. */
	allOf(bdf: Bdf): string[] {
		const device = this.known.get(bdf);
		const pf = device?.pf ?? null;
		return [bdf, ...device === undefined ? [] : [device.name], ...pf === null ? [] : [pf, this.known.get(pf)?.name ?? pf]];
	}
}
