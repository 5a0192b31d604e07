/** What a definition of libvirt has for a PCI device: `0000:01:10.0`. */
export function hostdevXml(bdf: string, managed: 'yes' | 'no' = 'yes'): string {
	const [, domain, bus, slot, number] = /^(\w{4}):(\w\w):(\w\w)\.(\d)$/.exec(bdf)!;
	return `<hostdev mode='subsystem' type='pci' managed='${managed}'><source><address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${number}'/></source></hostdev>`;
}
