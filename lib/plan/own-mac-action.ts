// The action that remembers a MAC of the VF's own.
import type {Pf, Vf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import type {OwnMacAction} from './action.ts';

// PF drivers that take the zero address for "no administrative MAC" (igb_ndo_set_vf_mac,
// ixgbe_ndo_set_vf_mac, i40e_ndo_set_vf_mac, ice_set_vf_mac). Others refuse it or set it.
const clearingDrivers = new Set(['igb', 'ixgbe', 'i40e', 'ice']);

/** The first step of whatever sets a MAC on the PF; none when the VF has no MAC of its own, or its
 * PF could not give it back. */
export function noteOwnMac(pf: Pf, vf: Vf): OwnMacAction[] {
	return vf.ownMac !== null && vf.ownMac === vf.settings?.mac && pf.driver !== null && clearingDrivers.has(pf.driver)
		? [{kind: 'own-mac', pfNetdev: pfName(pf), pf: pf.bdf, index: vf.index, bdf: vf.bdf, mac: vf.ownMac, from: 'own', to: 'administrative'}]
		: [];
}
