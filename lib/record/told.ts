// Which raw differences of two records say again what lib/model/device-changes has told in words.
import type {DeviceChange, Subjects} from '../model/device-changes/facts.ts';
import type {Difference} from './compare.ts';

/** What has changed, for a quick look. */
interface Told {
	/** Addresses of functions, names of interfaces and guests, with what of them changed. */
	has: (id: string, fact?: RegExp) => boolean;
	/** Functions and interfaces that came or went. */
	moved: ReadonlySet<string>;
	hasModules: boolean;
	rebooted: boolean;
}

interface Consequence {
	path: RegExp;
	isTold: (match: RegExpExecArray, told: Told) => boolean;
}

const bdf = '([\\da-f]{4,8}:[\\da-f]{2}:[\\da-f]{2}\\.[0-7])';
const told = () => true;

/** The table; the first row that fits decides. */
const consequences: readonly Consequence[] = [
	// Everything that is read as a fact, and what the kernel makes with a driver or an interface.
	{path: new RegExp(`^/sys/devices/.*/${bdf}/(?:driver|driver_override|uevent|resource|reset_method|numa_node|current_link_\\w+|sriov_numvfs|sriov_drivers_autoprobe|iommu_group|iommu|vendor|device|subsystem_\\w+|revision|virtfn\\d+)$`), isTold: told},
	{path: new RegExp(`^/sys/devices/.*/${bdf}/(?:net|vfio-dev|uio|msi_irqs)(?:/|$)`), isTold: ([, id = ''], {has}) => has(id)},
	{path: new RegExp(`^/sys/devices/.*/${bdf}(?:/|$)`), isTold: ([, id = ''], {moved}) => moved.has(id)},
	{path: /^\/sys\/devices\/virtual\/net\/([^/]+)(?:\/|$)/, isTold: ([, name = ''], {moved}) => moved.has(`interface ${name}`)},
	{path: /^\/sys\/(?:bus\/pci|class\/net|kernel\/iommu_groups|class\/iommu)\//, isTold: told},
	{path: /^\/sys\/module\/[^/]+(?:\/|$)/, isTold: (_, {hasModules}) => hasModules},
	{path: /^\/dev\/vfio\//, isTold: told},
	{path: /^\/proc\/(?:interrupts|irq\/.*)$|^\/sys\/kernel\/debug\/irq\//, isTold: (_, one) => one.has('', /^(?:interrupts|present)$/) || one.rebooted},
	{path: /^\/proc\/sys\/kernel\/osrelease$|^\/proc\/version$|^\/proc\/cmdline$/, isTold: (_, {has}) => has('host')},
	// `ip` tells of each interface what sysfs has told, and much of those that came or went.
	{path: /^\$ ip -j -d link show (\S+) (?:address|mtu|operstate|flags|master|permaddr|vf \d+ .*|link_netnsid)$/, isTold: told},
	{path: /^\$ ip -j addr show (\S+) (?:address|mtu|operstate|flags|master|addr_info|permaddr|link_netnsid)$/, isTold: told},
	{path: /^\$ ip -j (?:-d link|addr) show (\S+) /, isTold: ([, name = ''], {moved}) => moved.has(`interface ${name}`)},
	{path: /^\$ (?:ethtool|ip netns exec)/, isTold: () => false},
	{path: /^libvirt guest (.*) (?:state|uuid)$/, isTold: told},
	{path: /^libvirt guest (.*) (?:live|inactive|migratable)$/, isTold: ([, name = ''], {moved, has}) => moved.has(`guest ${name}`) || has(`guest ${name}`, /^state$/)},
];

/** The raw differences that nothing has told yet; `before` and `after` are what the changes were found in. */
export function untold(differences: readonly Difference[], changes: readonly DeviceChange[], before: Subjects, after: Subjects): Difference[] {
	const facts = new Map<string, string[]>();
	const moved = new Set<string>();
	for (const {subject: {id}, fact} of changes) {
		facts.set(id, [...facts.get(id) ?? [], fact]);
		if (fact === 'present') {
			moved.add(id);
		}

		// Interfaces of a function that came or went, or that has other ones now.
		for (const subjects of fact === 'present' || fact.startsWith('interface') ? [before, after] : []) {
			for (const name of subjects.get(id)?.facts.get('interface')?.split(', ') ?? []) {
				moved.add(`interface ${name}`);
			}
		}
	}

	const all = [...facts.values()].flat();
	const seen: Told = {
		moved,
		has: (id, fact) => (id === '' ? all : facts.get(id) ?? []).some(name => fact?.test(name) ?? true),
		hasModules: all.some(name => name.startsWith('module ')),
		rebooted: all.includes('boot'),
	};
	return differences.filter(({path}) => {
		for (const {path: pattern, isTold} of consequences) {
			const match = pattern.exec(path);
			if (match) {
				return !isTold(match, seen);
			}
		}

		return true;
	});
}
