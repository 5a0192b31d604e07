// What lspci, dpdk-devbind, driverctl and libvirt tell of PCI devices, as facts by address.

export interface LspciFacts {
	/** `Intel Corporation [8086]`. */
	vendor: string;
	device: string;
	subsystemVendor: string;
	subsystemDevice: string;
	/** Name of the subsystem, or what lspci says instead. */
	subsystem: string;
	classCode: string;
	revision: string | null;
	driver: string | null;
	numaNode: number | null;
	iommuGroup: number | null;
}

/** Output of `lspci -Dvmmnnk`. */
export function lspciFacts(text: string): Map<string, LspciFacts> {
	const facts = new Map<string, LspciFacts>();
	for (const block of text.trim().split('\n\n')) {
		const fields = new Map(block.split('\n').map(line => line.split(':\t') as [string, string]));
		const word = (key: string) => fields.get(key)?.trim() ?? '';
		const id = (key: string) => /\[([\da-f]{4})\]$/.exec(word(key))?.[1] ?? '';
		const number = (key: string) => fields.has(key) ? Number(fields.get(key)) : null;
		facts.set(word('Slot'), {
			vendor: word('Vendor'), device: word('Device'), subsystemVendor: id('SVendor'), subsystemDevice: id('SDevice'), subsystem: word('SDevice').replace(/ \[.{4}\]$/, ''),
			classCode: id('Class'), revision: fields.get('Rev') ?? null, driver: fields.get('Driver') ?? null, numaNode: number('NUMANode'), iommuGroup: number('IOMMUGroup'),
		});
	}

	return facts;
}

export interface DpdkFacts {
	name: string;
	netdev: string | null;
	driver: string | null;
	/** Null where dpdk-devbind does not tell it. */
	numaNode: number | null;
}

/** Output of `dpdk-devbind.py --status-dev net`. */
export function dpdkFacts(text: string): Map<string, DpdkFacts> {
	return new Map([...text.matchAll(/^(\S+:\S+) '(.*)' (.*)$/gm)].map(([, bdf, name, rest]) => {
		const word = (key: string) => new RegExp(`(?:^| )${key}=(\\S+)`).exec(rest!)?.[1] ?? null;
		const numa = word('numa_node');
		return [bdf!, {name: name!, netdev: word('if'), driver: word('drv'), numaNode: numa === null ? null : Number(numa)}];
	}));
}

export interface DriverctlFacts {
	driver: string | null;
	override: string | null;
}

/** Output of `driverctl list-devices` and `driverctl list-overrides`. */
export function driverctlFacts(devices: string, overrides: string): Map<string, DriverctlFacts> {
	const words = (text: string) => text.trim().split('\n').map(line => line.split(' ') as [string, string]);
	const pinned = new Map(words(overrides));
	return new Map(words(devices).map(([bdf, driver]) => [bdf, {driver: driver === '(none)' ? null : driver, override: pinned.get(bdf) ?? null}]));
}

/** Facts of `virsh nodedev-dumpxml` of one PCI device. */
export function nodedevFacts(xml: string) {
	const element = (pattern: RegExp) => pattern.exec(xml)?.[1];
	return {
		driver: element(/<driver>\s*<name>(.*?)</) ?? null,
		vendorId: element(/<vendor id='0x(.*?)'/), deviceId: element(/<product id='0x(.*?)'/),
		vendor: element(/<vendor .*?>(.*?)</), device: element(/<product .*?>(.*?)</),
		pf: addresses(element(/<capability type='phys_function'>([^]*?)<\/cap/))[0] ?? null,
		vfs: addresses(element(/<capability type='virt_functions' maxCount='\d+'>([^]*?)<\/cap/)),
		totalVfs: Number(element(/maxCount='(\d+)'/) ?? 0),
		group: Number(element(/<iommuGroup number='(\d+)'/)), members: addresses(element(/<iommuGroup [^>]*>([^]*?)<\/iommu/)).sort(),
		numaNode: Number(element(/<numa node='(\d+)'/) ?? -1),
	};
}

/** `PCI-PARENT INTERFACE MAC` of each network device in `virsh nodedev-dumpxml` output. */
export function netNodedevs(xml: string): string[] {
	return [...xml.matchAll(/<parent>pci_(.*?)<[^]*?<interface>(.*?)<[^]*?<address>(.*?)</g)].map(([, parent, name, mac]) => `${parent} ${name} ${mac}`).sort();
}

function addresses(text: string | undefined): string[] {
	return [...(text ?? '').matchAll(/<address domain='0x(.*?)' bus='0x(.*?)' slot='0x(.*?)' function='0x(.*?)'/g)].map(([, domain, bus, slot, fn]) => `${domain}:${bus}:${slot}.${fn}`);
}
