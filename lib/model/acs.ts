// PCI Access Control Services: whether bridges and functions send all traffic up to the IOMMU.
import type {Bdf} from './bdf.ts';

/** The services that the kernel asks for (REQ_ACS_FLAGS in drivers/iommu/iommu.c). */
export const acsFlags = ['sourceValidation', 'requestRedirect', 'completionRedirect', 'upstreamForwarding'] as const;

export type AcsFlag = typeof acsFlags[number];

/** What config space says about one function's ACS. */
export type AcsState =
	/** Config space beyond the first 64 bytes cannot be read: not root. */
	| {kind: 'unknown'}
	/** No ACS capability. */
	| {kind: 'absent'}
	| {kind: 'present'; capable: AcsFlag[]; enabled: AcsFlag[]};

/** Type in the PCI Express capability; `conventional` has no such capability. */
export type PortType = 'endpoint' | 'root-port' | 'upstream-port' | 'downstream-port' | 'bridge' | 'integrated-endpoint' | 'conventional' | 'unknown';

/** One bridge above a function, or one of the functions of its slot. */
export interface AcsFact {
	bdf: Bdf;
	role: 'bridge' | 'function';
	port: PortType;
	acs: AcsState;
	/** `quirk`: has no ACS of its own, but the kernel keeps the devices in different groups all the
	 * same: it knows the hardware (pci_dev_specific_acs_enabled), or pcie_acs_override told it to. */
	verdict: 'isolates' | 'leaks' | 'quirk' | 'not-needed' | 'unknown';
}

/** Whether one function on the way keeps peers apart, by the rule of pci_acs_enabled
 * (drivers/pci/pci.c): ports need ACS; other functions only when they share their slot. */
export function acsVerdict(port: PortType, acs: AcsState): AcsFact['verdict'] {
	switch (port) {
		case 'unknown': {
			return 'unknown';
		}

		case 'conventional':
		case 'bridge': {
			return 'leaks';
		}

		case 'endpoint':
		case 'integrated-endpoint':
		case 'upstream-port':
		case 'root-port':
		case 'downstream-port': {
			return switchedOn(acs);
		}
	}
}

/** What the function is capable of must be switched on; a service missing from the capability
 * is taken as built in (pci_acs_flags_enabled). */
function switchedOn(acs: AcsState): AcsFact['verdict'] {
	if (acs.kind !== 'present') {
		return acs.kind === 'unknown' ? 'unknown' : 'leaks';
	}

	return acs.capable.every(flag => acs.enabled.includes(flag)) ? 'isolates' : 'leaks';
}

/** The facts about the ways of a group's members, held against what the kernel made of them: a
 * bridge that leaks is in the group of what is below it, and functions of a slot that reach each
 * other are in one group (pci_device_group in drivers/iommu/iommu.c). */
export function judgeByGroup(facts: readonly AcsFact[], members: readonly Bdf[]): AcsFact[] {
	const inGroup = new Set(members);
	const slotmates = facts.filter(({role, verdict, bdf}) => role === 'function' && verdict === 'leaks' && inGroup.has(bdf)).length;
	return facts.map(fact => {
		const together = fact.role === 'bridge' ? inGroup.has(fact.bdf) : slotmates > 1;
		return fact.verdict === 'leaks' && !together ? {...fact, verdict: 'quirk'} : fact;
	});
}

/** The verdict of a whole way: as weak as its weakest part. `none` has nothing on it. */
export function acsOfPath(facts: readonly AcsFact[]): 'on' | 'off' | 'quirk' | 'unknown' | 'none' {
	const verdicts = facts.map(({verdict}) => verdict);
	const weakest = (['leaks', 'unknown', 'quirk', 'isolates'] as const).find(verdict => verdicts.includes(verdict));
	return weakest === undefined ? 'none' : ({leaks: 'off', unknown: 'unknown', quirk: 'quirk', isolates: 'on'} as const)[weakest];
}
