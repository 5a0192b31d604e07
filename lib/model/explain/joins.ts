// Lines that belong together: one thing makes the kernel, the driver and the shell speak.
import {catalogue} from '../messages/catalogue.ts';
import type {Explained} from './explained.ts';

export interface JoinRule {
	/** Ids of entries that say less. */
	readonly part: readonly string[];
	/** Ids of entries that say why. */
	readonly whole: readonly string[];
	/** Fields that must not differ where both tell them. */
	readonly same: readonly string[];
	readonly withinSeconds: number;
	/** How many lines apart they may be where they have no clock; four when it is left out. */
	readonly withinLines?: number;
}

const noRoomForVfs = ['pci.sriov-no-mmio', 'pci.sriov-bars-not-allocated', 'pci.sriov-bus-range', 'pci.sriov-platform-refused'];
const dmarFaults = ['dmar.fault-not-mapped', 'dmar.fault-no-context', 'dmar.fault-beyond-width', 'dmar.fault-broken-table', 'dmar.intr-remap-fault'];
const refusedByIntel = ['igb.vf-override-mac', 'igb.vf-override-vlan', 'ixgbe.vf-override-mac', 'ixgbe.vf-override-vlan'];

const reasons = catalogue.map(({id}) => id).filter(id => /^(?:libvirt|qemu)\./.test(id));

/** Every rule; test/explain.test.ts holds each id to the catalogue. */
export const joinRules: readonly JoinRule[] = [
	// One printk of two lines, of which the second has no prefix (igb_main.c, ixgbe_sriov.c).
	{part: ['intel.reload-to-resume'], whole: refusedByIntel, same: [], withinSeconds: 1},
	{part: ['intel.bring-pf-up'], whole: ['intel.vf-set-pf-down'], same: ['bdf'], withinSeconds: 1},
	{part: ['intel-vf.random-mac'], whole: ['intel-vf.no-admin-mac'], same: ['bdf'], withinSeconds: 1},
	{part: ['intel-vf.random-mac', 'igbvf.pf-resetting'], whole: ['intel-vf.pf-in-reset'], same: ['bdf'], withinSeconds: 2},
	// The PF empties the mailbox of a VF that starts anew, under a request that is on its way.
	{part: ['ixgbe.unhandled-zero'], whole: ['ixgbe.vf-reset'], same: ['bdf', 'vf'], withinSeconds: 2},
	// sriov_numvfs: the PCI core tells why, the driver passes the error on, and the shell prints it.
	{part: ['ixgbe.sriov-failed', 'virtchnl.sriov-failed', 'mlx5.sriov-failed', 'shell.write-no-memory'], whole: noRoomForVfs, same: ['bdf'], withinSeconds: 2},
	{part: ['shell.write-busy'], whole: ['pci.sriov-already-enabled'], same: [], withinSeconds: 2},
	{part: ['shell.write-not-permitted'], whole: ['pci.sriov-assigned'], same: [], withinSeconds: 2},
	{part: ['shell.write-no-such-file'], whole: ['pci.sriov-no-driver', 'pci.sriov-driver-cannot'], same: [], withinSeconds: 2},
	// The driver says why its queue stood still, then that it resets.
	{part: ['igb.reset', 'ixgbe.reset-for-tx-timeout', 'i40e.tx-timeout-level', 'ice.tx-timeout-level'], whole: ['net.tx-unit-hang', 'ixgbe.tx-hang', 'i40e.tx-timeout', 'ice.tx-timeout', 'net.watchdog'], same: ['bdf'], withinSeconds: 10},
	// dmar_fault prints the register, then each record; beyond ten in five seconds only their number.
	{part: ['dmar.fault-pending', 'dmar.faults-suppressed'], whole: dmarFaults, same: [], withinSeconds: 6},
	{part: ['amd-vi.faults-suppressed'], whole: ['amd-vi.page-fault'], same: [], withinSeconds: 6},
	// aer_print_error: the port's message, then the device's with its kind.
	{part: ['pcie.corrected'], whole: ['pcie.error-corrected-detail'], same: [], withinSeconds: 1},
	{part: ['pcie.uncorrected-nonfatal', 'pcie.uncorrected-fatal'], whole: ['pcie.error-uncorrected-detail'], same: [], withinSeconds: 1},
	// virsh says what was tried, and in the next line libvirt's reason (vshReportError).
	{part: ['virsh.start-failed', 'virsh.attach-failed', 'virsh.detach-failed'], whole: reasons, same: [], withinSeconds: 1, withinLines: 1},
	// oom_kill_process tells why, then whom.
	{part: ['qemu.oom-killed'], whole: ['qemu.oom-own-limit'], same: ['pid'], withinSeconds: 5},
	// The kernel refuses, and QEMU says that it was refused.
	{part: ['qemu.dma-map-no-memory', 'qemu.dma-map-fatal'], whole: ['vfio.memlock-exceeded'], same: [], withinSeconds: 5},
	{part: ['qemu.dma-map-fatal'], whole: ['qemu.dma-map-no-memory', 'qemu.dma-map-invalid', 'qemu.dma-map-exists'], same: [], withinSeconds: 5},
	{part: ['qemu.set-iommu-denied'], whole: ['vfio.no-interrupt-remapping', 'firmware.rmrr-blocks-device', 'iommu.direct-mapping-required'], same: [], withinSeconds: 5},
];

export interface Seen {
	readonly explained: Explained;
	/** Clocks of the line; null where it has none. */
	readonly bootSeconds: number | null;
	readonly ms: number | null;
	/** Order among all lines that were explained. */
	readonly place: number;
	/** Things that this line was counted for as a part. */
	readonly joined: Set<Explained>;
}

// What is kept to be joined, and how far apart lines without a common clock may be.
const mostRecent = 64;
const nearPlaces = 4;

/** Joins lines as they come, with those just before them. */
export class Joiner {
	private readonly recent: Seen[] = [];
	private readonly rules = new Map<string, JoinRule[]>();

	constructor(rules: readonly JoinRule[] = joinRules) {
		for (const rule of rules) {
			for (const id of new Set([...rule.part, ...rule.whole])) {
				this.rules.set(id, [...this.rules.get(id) ?? [], rule]);
			}
		}
	}

	/** Looks what the line belongs to, and what belongs to it. */
	add(now: Seen): void {
		const rules = this.rules.get(now.explained.entry.id);
		if (rules === undefined) {
			return;
		}

		for (const before of this.recent) {
			for (const rule of rules) {
				joinTwo(rule, before, now);
				joinTwo(rule, now, before);
			}
		}

		this.recent.push(now);
		if (this.recent.length > mostRecent) {
			this.recent.shift();
		}
	}
}

function joinTwo(rule: JoinRule, part: Seen, whole: Seen): void {
	const {explained} = part;
	if (part.joined.size > 0 || !rule.part.includes(explained.entry.id) || !rule.whole.includes(whole.explained.entry.id) || !isNear(rule, part, whole)) {
		return;
	}

	const differ = rule.same.some(name => {
		const [a, b] = [explained.fields[name], whole.explained.fields[name]];
		return a !== undefined && b !== undefined && a !== b;
	});
	if (!differ) {
		part.joined.add(whole.explained);
		explained.partOf.set(whole.explained, (explained.partOf.get(whole.explained) ?? 0) + 1);
	}
}

function isNear({withinSeconds, withinLines = nearPlaces}: JoinRule, a: Seen, b: Seen): boolean {
	if (a.bootSeconds !== null && b.bootSeconds !== null) {
		return Math.abs(a.bootSeconds - b.bootSeconds) <= withinSeconds;
	}

	return a.ms !== null && b.ms !== null ? Math.abs(a.ms - b.ms) <= withinSeconds * 1000 : Math.abs(a.place - b.place) <= withinLines;
}
