// VFs that a plan will make: where the kernel will put them, and what they will have.
import {AppError} from '../errors.ts';
import {bdfAfter} from '../model/bdf.ts';
import {zeroMac} from '../model/mac.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {hostDriverOf} from '../model/vf-driver.ts';
import type {VfSettings} from '../model/vf-settings.ts';

/** What drivers give a new VF: no MAC, no VLAN, spoof check on (igb, ixgbe, i40e and ice alike). */
export const newVfSettings: VfSettings = {mac: zeroMac, vlan: 0, qos: 0, vlanProto: '802.1q', spoofchk: true, trust: false, minTxRateMbps: 0, maxTxRateMbps: 0, linkState: 'auto'};

/** A VF that is not there yet; throws UNSUPPORTED where the kernel does not tell its address. */
export function futureVf(pf: Pf, index: number): Vf {
	if (pf.vfOffset === null || (index > 0 && pf.vfStride === null)) {
		throw new AppError('UNSUPPORTED', `this kernel does not tell where the VFs of ${pfName(pf)} will be`, {why: `${pf.vfOffset === null ? 'sriov_offset' : 'sriov_stride'} is missing in its sysfs`, fix: `vfctl vf create ${quote(pfName(pf))} N, then the same again`});
	}

	return {
		bdf: bdfAfter(pf.bdf, pf.vfOffset + index * (pf.vfStride ?? 0)), index, pf: pf.bdf,
		driver: pf.autoprobe ? hostDriverOf(pf) ?? null : null, driverOverride: null,
		iommuGroup: null, numaNode: pf.numaNode, netdevs: [], inNamespace: false, ownMac: null, settings: newVfSettings, planned: true,
	};
}
