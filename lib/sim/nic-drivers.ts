// Which driver takes which PCI id, and what the network drivers let an admin set for a VF.
// Ids from the drivers' pci_device_id tables in Linux 6.12.

/** How a PF driver answers settings of its VFs (its ndo_set_vf_* functions). */
export interface VfSupport {
	/** `any`: igb on 82576, ixgbe, i40e, ice; `none`: EOPNOTSUPP (igb on I350 and later). */
	maxTxRate: 'any' | 'none';
	/** `refused`: EINVAL above 0; only ice takes it. */
	minTxRate: 'any' | 'refused';
	/** `none`: EOPNOTSUPP; `no-enable`: ixgbe answers success to "enable" and does nothing
	 * (ixgbe_ndo_set_vf_link_state). */
	linkState: 'all' | 'no-enable' | 'none';
	/** 802.1ad; others answer EPROTONOSUPPORT. */
	serviceVlan: boolean;
	/** Tells IFLA_VF_RSS_QUERY_EN. */
	rssQuery: boolean;
}

export interface NicDriver {
	/** Vendor:device of the functions it takes, in lower-case hexadecimal. */
	ids: readonly string[];
	/** Present for PF drivers. */
	vfs?: (deviceId: string) => VfSupport;
	/** Module that has to be loaded; the driver's name when absent. */
	module?: string;
}

const support = (part: Partial<VfSupport>): VfSupport =>
	({maxTxRate: 'any', minTxRate: 'refused', linkState: 'all', serviceVlan: false, rssQuery: false, ...part});

/** Network drivers by name. */
export const nicDrivers: Readonly<Record<string, NicDriver>> = {
	igb: {
		ids: ['8086:10c9', '8086:10e6', '8086:1521', '8086:1522', '8086:1523', '8086:1533', '8086:157b'],
		// igb_ndo_set_vf_bw: only hw->mac.type e1000_82576.
		vfs: deviceId => support({maxTxRate: ['10c9', '10e6'].includes(deviceId) ? 'any' : 'none', linkState: 'none'}),
	},
	igbvf: {ids: ['8086:10ca', '8086:1520']},
	ixgbe: {ids: ['8086:10fb', '8086:1528', '8086:1563'], vfs: () => support({linkState: 'no-enable', rssQuery: true})},
	ixgbevf: {ids: ['8086:10ed', '8086:1515', '8086:1565']},
	i40e: {ids: ['8086:1572', '8086:1583', '8086:158b'], vfs: () => support({})},
	ice: {ids: ['8086:1592', '8086:1593', '8086:159b'], vfs: () => support({minTxRate: 'any', serviceVlan: true})},
	iavf: {ids: ['8086:154c', '8086:1889']},
};

/** Drivers that are no network driver but take part: vfio takes nothing by itself. */
export const isVfioDriver = (driver: string): boolean => driver === 'vfio-pci';

/** The driver whose id table has the id, or undefined. */
export function driverForId(vendorDevice: string): string | undefined {
	return Object.keys(nicDrivers).find(name => nicDrivers[name]?.ids.includes(vendorDevice));
}
