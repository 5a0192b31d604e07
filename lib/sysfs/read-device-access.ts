// Which device nodes libvirt's guests may open: qemu.conf, and the control group above them.
import type {FileReader} from '../host/host.ts';
import type {DeviceAccess} from '../model/device-access.ts';

export const qemuConfPath = '/etc/libvirt/qemu.conf';
/** Where version 1 has the rules of the groups that guests are below: with systemd, without it, and in a container. */
export const deviceRulePaths = ['/sys/fs/cgroup/devices/machine.slice/devices.list', '/sys/fs/cgroup/devices/machine/devices.list', '/sys/fs/cgroup/devices/devices.list'] as const;
export const charDevicesPath = '/proc/devices';

const keys = ['cgroup_device_acl', 'cgroup_controllers', 'namespaces'] as const;

/** The facts; null where qemu.conf is there and cannot be read. */
export function readDeviceAccess(files: FileReader): DeviceAccess | null {
	const conf = files.readText(qemuConfPath);
	if (conf === undefined && files.exists(qemuConfPath)) {
		return null;
	}

	const [acl, controllers, namespaces] = keys.map(key => listOf(conf ?? '', key));
	const rulePath = deviceRulePaths.find(path => files.exists(path));
	const rules = rulePath === undefined ? undefined : files.readText(rulePath)?.split('\n').filter(line => line !== '');
	const major = /^\s*(\d{1,9}) vfio$/m.exec(files.readText(charDevicesPath) ?? '')?.[1];
	return {acl: acl ?? null, controllers: controllers ?? null, namespaces: namespaces ?? null, rules: rules === undefined ? null : {path: rulePath!, lines: rules}, vfioMajor: major === undefined ? null : Number(major)};
}

/** Of qemu.conf, which may hold passwords: these lists alone. */
export function deviceAccessLines(conf: string): string {
	return keys.flatMap(key => {
		const list = listOf(conf, key);
		return list === undefined ? [] : [`${key} = [ ${list.map(one => `"${one}"`).join(', ')} ]\n`];
	}).join('');
}

/** A list of strings, over several lines too; # begins a comment (virConfParse of src/util/virconf.c). */
function listOf(conf: string, key: string): string[] | undefined {
	const text = conf.split('\n').filter(line => !/^\s*#/.test(line)).join('\n');
	const inside = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*\\[([^\\]]{0,20000})\\]`, 'm').exec(text)?.[1];
	return inside === undefined ? undefined : [...inside.matchAll(/"([^"\n]{0,200})"|'([^'\n]{0,200})'/g)].map(([, double, single]) => double ?? single ?? '');
}
