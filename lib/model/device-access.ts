// Which device nodes the control groups of libvirt's guests let them open.

export interface DeviceAccess {
	/** cgroup_device_acl of qemu.conf; null: libvirt's own list. */
	readonly acl: readonly string[] | null;
	/** cgroup_controllers of qemu.conf; null: all that the host has. */
	readonly controllers: readonly string[] | null;
	/** namespaces of qemu.conf; null: libvirt's default, which is that each guest has a /dev of its own. */
	readonly namespaces: readonly string[] | null;
	/** Version 1: what the control group above the guests allows (`c 10:196 rwm`, `a *:* rwm`). Null: version 2, whose rules
	 * are programs that nobody can read. */
	readonly rules: {readonly path: string; readonly lines: readonly string[]} | null;
	/** Number of the nodes /dev/vfio/GROUP; null while the module is not loaded. */
	readonly vfioMajor: number | null;
}

// What guests have open whatever their devices are: the list that qemu.conf shows as the default (defaultDeviceACL of
// src/qemu/qemu_cgroup.c). The nodes of VFIO are added for each <hostdev> (qemuSetupHostdevCgroup), in any case.
const basic = ['/dev/null', '/dev/full', '/dev/zero', '/dev/random', '/dev/urandom', '/dev/ptmx', '/dev/kvm'];

// VFIO_MINOR of include/linux/miscdevice.h, among the misc devices: /dev/vfio/vfio.
const miscMajor = 10;
const containerMinor = 196;

/** Nodes that a list of the admin's own leaves out and every guest needs; none while libvirt does not use the list. It is
 * what the control group allows, and what the guest's own /dev is made of (qemuDomainPopulateDevices of
 * src/qemu/qemu_namespace.c): QEMU is then told that there is no such file. */
export function missingNodes({acl, controllers, namespaces}: DeviceAccess): string[] {
	const used = (controllers?.includes('devices') ?? true) || (namespaces?.includes('mount') ?? true);
	return acl === null || !used ? [] : basic.filter(path => !acl.includes(path));
}

/** Nodes of VFIO that the control group above the guests does not let through: no group below may have more
 * (devcgroup_update_access of security/device_cgroup.c). */
export function nodesHeldBack({rules, vfioMajor}: DeviceAccess): string[] {
	if (rules === null) {
		return [];
	}

	const allowed = (major: number, minor: number | null) => rules.lines.some(line => {
		const [, kind, ruleMajor, ruleMinor, access = ''] = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(line) ?? [];
		return (kind === 'a' || kind === 'c') && (ruleMajor === '*' || Number(ruleMajor) === major)
			&& (ruleMinor === '*' || (minor !== null && Number(ruleMinor) === minor)) && access.includes('r') && access.includes('w');
	});
	return [...allowed(miscMajor, containerMinor) ? [] : ['/dev/vfio/vfio'], ...vfioMajor === null || allowed(vfioMajor, null) ? [] : ['/dev/vfio/GROUP']];
}
