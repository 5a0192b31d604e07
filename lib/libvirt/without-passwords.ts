// Passwords that libvirt tells though nobody asked for them.

/** The XML of a guest without the passwords of its displays. libvirt adds them to the migratable XML
 * (qemuDomainGetXMLDesc in src/qemu/qemu_driver.c, QEMU_DOMAIN_FORMAT_LIVE_FLAGS), and they have no
 * business in records and reports. In an attribute libvirt writes a quote as `&apos;`. */
export function withoutPasswords(xml: string): string {
	return xml.replaceAll(/ passwd(?:ValidTo)?=(?:'[^'<]*'|"[^"<]*")/g, '');
}
