// What network drivers do with steering rules, read in their source (Linux 6.1; where a newer one
// differs it is said). Drivers that are not here are tried, and what the kernel answers is told.
import type {FlowType} from './steer-rule.ts';

export interface SteerDriver {
	/** Rules can send a flow to a VF (the vf part of ring_cookie, ethtool_get_flow_spec_ring_vf). */
	readonly toVf: boolean;
	/** Rules can drop a flow (RX_CLS_FLOW_DISC). */
	readonly drop: boolean;
	readonly flows: readonly FlowType[];
	/** MAC addresses that a rule can name: in `ether` flows, or as destination in all. */
	readonly macs: 'none' | 'ether' | 'all';
	/** Part of the VLAN tag; `tag` is id and priority together, and nothing less. */
	readonly vlan: 'none' | 'id' | 'priority' | 'tag' | 'any';
	/** Networks, not only single addresses. */
	readonly networks: boolean;
	/** Rules that must look at the same fields: all of the port, those of one flow type, or none. */
	readonly sameFields: 'port' | 'flow' | 'none';
	/** Rules work only while ntuple-filters is on. */
	readonly needsNtuple: boolean;
	/** Locations 0 to this less one; null when it depends on the card. */
	readonly locations: number | null;
	/** What takes rules away, beside another start of the driver. */
	readonly lostBy: readonly LossName[];
	/** Switching ntuple-filters resets the card. */
	readonly switchResets: boolean;
	/** With VFs the number of a queue is another queue than ethtool counts. */
	readonly queuesMoveWithVfs: boolean;
	/** Rules stay when VFs are made anew, and may lead to another one then. */
	readonly staleVfs: boolean;
}

export type LossName = 'link-down' | 'vf-count';

const ip4Flows = ['ip4', 'tcp4', 'udp4', 'sctp4'] as const satisfies readonly FlowType[];
const ip6Flows = ['ip6', 'tcp6', 'udp6', 'sctp6'] as const satisfies readonly FlowType[];

/** Drivers by name. */
const drivers: Readonly<Record<string, SteerDriver>> = {
	// Flows: ixgbe_flowspec_to_flow_type. VFs, drop, location, "Only one mask supported per port":
	// ixgbe_add_ethtool_fdir_entry in ixgbe_ethtool.c; fdir_pballoc is 64 KiB (ixgbe_sw_init), so
	// (1024 << 1) - 2 locations. VLAN masks: ixgbe_fdir_set_input_mask_82599. Rules go with
	// ixgbe_close (ixgbe_fdir_filter_exit), which ixgbe_sriov_reinit calls through ixgbe_setup_tc.
	// With ntuple-filters off the card forgets them, and ethtool still lists them (ixgbe_set_features
	// resets without ixgbe_fdir_filter_restore).
	ixgbe: {
		toVf: true, drop: true, flows: ip4Flows, macs: 'none', vlan: 'any', networks: true, sameFields: 'port',
		needsNtuple: true, locations: 2046, lostBy: ['link-down', 'vf-count'], switchResets: true, queuesMoveWithVfs: false, staleVfs: false,
	},
	// From the i350 on only (igb_probe: NETIF_F_NTUPLE for mac.type >= e1000_i350). Ether flows to a
	// queue, no drop, 16 locations (IGB_MAX_RXNFC_FILTERS), VLAN priority: igb_add_ethtool_nfc_entry.
	// MACs on the i210 alone, which has no VFs (igb_add_mac_steering_filter). Rules are kept over a
	// reset (igb_nfc_filter_restore in igb_configure) and deleted with ntuple-filters
	// (igb_set_features). The queue goes into ETQF and VLAPQF as it is typed, while the PF's queues
	// stand behind those of the VFs (igb_cache_ring_register).
	igb: {
		toVf: false, drop: false, flows: ['ether'], macs: 'none', vlan: 'priority', networks: false, sameFields: 'none',
		needsNtuple: true, locations: 16, lostBy: [], switchResets: true, queuesMoveWithVfs: true, staleVfs: false,
	},
	// i40e_add_fdir_ethtool (VFs, drop, FLOW_MAC_EXT refused) and i40e_check_fdir_input_set (flows,
	// whole addresses only, one input set per flow type, a VLAN mask of 0xffff or none at all) in
	// i40e_ethtool.c. Restored after a reset (i40e_fdir_filter_restore), but a rule to a VF names its
	// VSI, which new VFs number anew; deleted with ntuple-filters (i40e_set_ntuple).
	i40e: {
		toVf: true, drop: true, flows: [...ip4Flows, ...ip6Flows], macs: 'none', vlan: 'tag', networks: false, sameFields: 'flow',
		needsNtuple: true, locations: null, lostBy: [], switchResets: true, queuesMoveWithVfs: false, staleVfs: true,
	},
	// "Flow director filters are not supported on VF queues" (ice_set_fdir_input_set); whole addresses
	// only (ice_set_fdir_ip4_seg); one input set per flow type (ice_fdir_set_hw_fltr_rule); no MAC
	// (ice_add_fdir_ethtool) and no VLAN beside IP; ether flows since 6.10 (ice_set_ether_flow_seg).
	// Deleted with ntuple-filters (ice_set_features, ice_vsi_manage_fdir).
	ice: {
		toVf: false, drop: true, flows: ['ether', ...ip4Flows, ...ip6Flows], macs: 'ether', vlan: 'none', networks: false, sameFields: 'flow',
		needsNtuple: true, locations: null, lostBy: [], switchResets: false, queuesMoveWithVfs: false, staleVfs: false,
	},
	// validate_flow, validate_vlan and MAX_NUM_OF_ETHTOOL_RULES in en_fs_ethtool.c: a ring_cookie
	// with a VF is beyond the number of channels. ntuple-filters is aRFS there (set_feature_arfs).
	mlx5_core: {
		toVf: false, drop: true, flows: ['ether', 'ip4', 'tcp4', 'udp4', 'ip6', 'tcp6', 'udp6'], macs: 'all', vlan: 'id', networks: true, sameFields: 'none',
		needsNtuple: false, locations: 1024, lostBy: [], switchResets: false, queuesMoveWithVfs: false, staleVfs: false,
	},
};

/** What is known of a driver, or undefined. */
export function steerDriver(name: string | null): SteerDriver | undefined {
	return name !== null && Object.hasOwn(drivers, name) ? drivers[name] : undefined;
}
