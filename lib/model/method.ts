// The ways to get packets to guests, containers and programs, and what each costs.

export type MethodName = 'sriov' | 'macvtap' | 'bridge' | 'openvswitch' | 'vhost-user' | 'ivshmem' | 'namespace';

export interface Method {
	readonly name: MethodName;
	readonly title: string;
	/** What to type, with the names left open. */
	readonly command: string;
	readonly users: string;
	/** What keeps its user apart from the host and from others. */
	readonly isolation: string;
	/** Live migration of a guest that has it. */
	readonly migration: string;
	readonly limits: string;
	/** Who does the work of a packet. */
	readonly cost: string;
	readonly needs: string;
}

/** In the order of speed that one expects of a real card. */
export const methods: readonly Method[] = [
	{
		name: 'sriov', title: 'SR-IOV: a VF of its own', command: 'vfctl attach GUEST PF',
		users: 'guests; DPDK programs of the host', isolation: 'IOMMU, and the switch of the card',
		migration: 'no; with --failover over a virtio interface', limits: 'VFs of the PF; all memory of the guest is pinned',
		cost: 'none on the host: the card does it', needs: 'IOMMU, a PF with VFs, a driver for the VF in the guest',
	},
	{
		name: 'macvtap', title: 'macvtap on a VF', command: 'vfctl attach GUEST PF --method macvtap',
		users: 'guests', isolation: 'kernel of the host, and the switch of the card',
		migration: 'when the other host has an interface of that name', limits: 'VFs of the PF',
		cost: 'a vhost thread of the host for each interface', needs: 'a PF with VFs on their host driver; vhost_net',
	},
	{
		name: 'bridge', title: 'virtio on a Linux bridge', command: 'vfctl attach GUEST BRIDGE --method bridge',
		users: 'guests', isolation: 'kernel of the host', migration: 'yes', limits: '1023 ports of a bridge',
		cost: 'a vhost thread, and the bridge for every packet', needs: 'a bridge, or a network of libvirt; vhost_net',
	},
	{
		name: 'openvswitch', title: 'virtio on Open vSwitch', command: 'vfctl attach GUEST BRIDGE --method bridge',
		users: 'guests', isolation: 'kernel of the host, and its flow rules', migration: 'yes', limits: 'none in practice',
		cost: 'a vhost thread, and a flow lookup for every packet', needs: 'Open vSwitch with a bridge; vhost_net',
	},
	{
		name: 'vhost-user', title: 'vhost-user: DPDK, OVS-DPDK, VPP', command: 'vfctl attach GUEST /run/NAME.sock --method vhost-user',
		users: 'guests with shared memory', isolation: 'none from that program: it reads and writes the memory of the guest',
		migration: 'to a host with the same program there', limits: 'sockets of the program',
		cost: 'processors that poll without pause, whether packets come or not', needs: 'the program; guest memory that is shared; huge pages for speed',
	},
	{
		name: 'ivshmem', title: 'shared memory (ivshmem)', command: 'vfctl attach GUEST NAME --method ivshmem',
		users: 'guests whose programs agree on its content', isolation: 'none between those that share it',
		migration: 'no', limits: 'the host\'s /dev/shm; no interrupts: both sides poll', cost: 'none on the host: it is memory, no network',
		needs: 'a free PCIe port',
	},
	{
		name: 'namespace', title: 'network namespace', command: 'vfctl netns attach NAMESPACE PF',
		users: 'containers, programs of the host', isolation: 'kernel of the host, and the switch of the card',
		migration: 'not for containers', limits: 'VFs of the PF', cost: 'the network stack of the host, once',
		needs: 'a PF with VFs on their host driver; no IOMMU',
	},
];

/** Methods of older texts, and what is used now. */
export const retiredMethods: ReadonlyArray<{readonly name: string; readonly fate: string; readonly instead: string}> = [
	// DPDK release notes 23.11, "Removed Items".
	{name: 'KNI (rte_kni)', fate: 'removed from DPDK 23.11', instead: 'virtio-user with vhost-net, or a TAP port'},
	// DPDK release notes 20.11: igb_uio moved to dpdk-kmods.
	{name: 'igb_uio', fate: 'left DPDK with 20.11; knows no IOMMU', instead: 'vfio-pci'},
	{name: 'e1000 over TAP', fate: 'an emulated card: an exit to the host for every register', instead: 'virtio on a bridge'},
	{name: 'KVM PCI assignment (pci-assign)', fate: 'removed from KVM and QEMU', instead: 'VFIO (vfctl attach)'},
	// DPDK release notes 16.11: librte_ivshmem was removed.
	{name: 'DPDK ivshmem rings', fate: 'removed from DPDK 16.11', instead: 'vhost-user, or memif'},
	{name: 'vhost-user dpdkvhostuser ports', fate: 'deprecated in Open vSwitch: the switch is the server', instead: 'dpdkvhostuserclient with --mode server'},
];
