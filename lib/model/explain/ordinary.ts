// What drivers of network cards say when all is well: it is neither explained nor counted as unknown.
// Wordings of igb, igbvf, ixgbe, ixgbevf, i40e, iavf, ice and mlx5_core, Linux 6.1 and 6.12.

const ordinary: readonly RegExp[] = [
	/^(?:Intel\(R\)|Copyright|Mellanox|version|Version) /,
	/^(?:added|removed) PHC on /,
	/: \(PCIe:[\d.]{1,5}\s?G/,
	/PBA No: /,
	/^Using MSI-?X? interrupts/,
	/^Multiqueue (?:Enabled|Disabled): /,
	/^\d{1,3} VFs allocated|^IOV Disabled|^SR-IOV enabled with \d{1,3} VFs|^Allocating \d{1,3} VFs/,
	/^enabling (?:device \(|bus mastering)/,
	/^(?:MAC )?[Aa]ddress: [\da-f:]{17}|^[\da-f]{2}(?::[\da-f]{2}){5}$|^MAC: \d/,
	/Link is (?:Up|Down|up|down)|^PF (?:reset|link) done/,
	/^renamed from |^(?:entered|left) (?:promiscuous|allmulticast) mode/,
	/^[Ss]etting MAC [\da-f:]{17} on VF|^Setting VLAN \d|^Clear(?:ing)? (?:MAC|VLAN)|^(?:Removing|removing) MAC on vf/,
	/^firmware version: |^fw \d|^Features: |^The driver for the device |^\d{1,3}\.\d{1,3} Gb\/s available PCIe bandwidth \(/,
];

/** Whether a driver says that all is well. */
export function isOrdinary(text: string): boolean {
	return ordinary.some(pattern => pattern.test(text));
}
