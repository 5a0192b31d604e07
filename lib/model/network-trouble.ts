// What libvirt's words mean when it cannot start a network. The messages are those of reports:
// libvirt/libvirt issues 35 and 63, NixOS/nixpkgs 75878 and 223594, retspen/webvirtcloud 233,
// virt-manager/virt-manager 413, vagrant-libvirt/vagrant-libvirt 834, kimchi-project/kimchi 302 and 556,
// cryinkfly/openSUSE-Baldur 2, netblue30/firejail 5089; and of libvirt 9.0 itself in test/helpers/live-networks.ts.

/** One known reason. */
export interface NetworkTrouble {
	/** For scripts: stays the same. */
	readonly name: string;
	/** In plain words, after "it cannot be started:". */
	readonly cause: string;
	/** What to type. */
	readonly remedy: string;
	/** Kernel modules whose loading may help, as far as the kernel has them. */
	readonly modules: readonly string[];
}

interface Pattern extends NetworkTrouble {
	readonly pattern: RegExp;
}

const restart = 'systemctl restart libvirtd (or virtnetworkd)';

// The first that fits counts, so the narrow ones come first.
const patterns: readonly Pattern[] = [
	{
		name: 'dnsmasq-missing', pattern: /Unable to find 'dnsmasq' binary|cannot execute binary \S*dnsmasq: No such file/,
		cause: 'dnsmasq is not installed', remedy: 'apt install dnsmasq-base (Fedora, RHEL, SUSE: dnsmasq)', modules: [],
	},
	{
		name: 'port-in-use', pattern: /failed to (?:create listening|bind (?:DHCP server )?)\s*socket[^\n]*: Address already in use/i,
		cause: 'another DNS or DHCP server listens on the address of the bridge', remedy: 'ss -lunp \'sport = :53 or sport = :67\' tells which; a dnsmasq of the host needs bind-interfaces (or bind-dynamic) in /etc/dnsmasq.conf and then: systemctl restart dnsmasq', modules: [],
	},
	{
		name: 'dnsmasq-failed', pattern: /Child process \([^)]*dnsmasq[^)]*\) unexpected/,
		cause: 'dnsmasq ended with an error', remedy: 'journalctl -t dnsmasq -b; a wrapper around dnsmasq (firejail) must be taken away', modules: [],
	},
	{
		name: 'subnet-in-use', pattern: /Network is already in use by interface/,
		cause: 'the host is in that subnet already, through another interface', remedy: 'virsh net-edit NETWORK, and choose a subnet that `ip route` does not show', modules: [],
	},
	{
		name: 'bridge-exists', pattern: /bridge name '[^']*' already in use|(?:Unable to create bridge|error creating bridge interface) \S+: File exists/,
		cause: 'an interface with the name of its bridge is there already', remedy: 'ip -d link show type bridge; when nothing uses it: ip link del BRIDGE', modules: [],
	},
	{
		name: 'bridge-module', pattern: /(?:Unable to create bridge|error creating bridge interface|cannot create bridge)[^\n]*(?:Operation not supported|Package not installed|Protocol not supported)/i,
		cause: 'the kernel has no bridges', remedy: 'modprobe bridge', modules: ['bridge'],
	},
	{
		name: 'firewalld', pattern: /firewalld|FirewallD1|INVALID_ZONE/,
		cause: 'firewalld does not do what libvirt asks of it', remedy: `systemctl restart firewalld; then ${restart}`, modules: [],
	},
	{
		name: 'firewall-tool-denied', pattern: /cannot execute binary \S*(?:iptables|nft)\b[^\n]*: Permission denied/,
		cause: 'libvirt may not run the firewall\'s program (SELinux or AppArmor)', remedy: 'ausearch -m avc -ts recent tells which rule; restorecon -v /usr/sbin/iptables /usr/sbin/nft', modules: [],
	},
	{
		name: 'firewall-missing', pattern: /Failed to initialize a valid firewall backend|cannot execute binary \S*(?:iptables|nft)\b[^\n]*: No such file|Unable to find '(?:iptables|nft)'/,
		cause: 'neither iptables nor nft is installed', remedy: `apt install iptables (Fedora, RHEL: dnf install iptables-nft or nftables); then ${restart}`, modules: [],
	},
	{
		name: 'iptables-mixed', pattern: /is incompatible, use 'nft' tool/,
		cause: 'the rules were made with nft in a way that iptables cannot read', remedy: 'update libvirt to 10.4 or newer and set firewall_backend = "nftables" in /etc/libvirt/network.conf; or make the rules anew with one of the two programs', modules: [],
	},
	{
		name: 'ipv6-off', pattern: /ip6tables[^\n]*Address family not supported/,
		cause: 'IPv6 is switched off in the kernel, and libvirt makes rules for it', remedy: 'take ipv6.disable=1 out of the kernel command line (net.ipv6.conf.all.disable_ipv6=1 does the same without breaking libvirt)', modules: [],
	},
	{
		name: 'iptables-kernel', pattern: /Protocol wrong type for socket|Failed to initialize nft: Protocol not supported|Could not fetch rule set generation id|can't initialize ip6?tables table|(?:CHAIN_ADD|RULE_APPEND|RULE_INSERT|TABLE_ADD) failed \((?:No such file or directory|Operation not supported|Protocol not supported)\)|Couldn't load (?:match|target)|Extension \S+ is not supported, missing kernel module/,
		cause: 'the kernel does not have what iptables wants: a module is missing, or the running kernel is older than the installed one', remedy: `modprobe nf_tables && modprobe nft_compat && modprobe iptable_nat; when they are not found, reboot into the installed kernel; then ${restart}`, modules: ['nf_tables', 'nft_compat', 'iptable_filter', 'iptable_nat'],
	},
	{
		name: 'nft-kernel', pattern: /nft\b[^\n]*(?:Could not process rule: (?:No such file or directory|Operation not supported|Protocol not supported)|Unable to initialize Netlink socket)/s,
		cause: 'the kernel does not have what nft wants: a module is missing, or the running kernel is older than the installed one', remedy: `modprobe nf_tables && modprobe nft_masq && modprobe nft_chain_nat; when they are not found, reboot into the installed kernel; then ${restart}`, modules: ['nf_tables', 'nft_masq', 'nft_chain_nat'],
	},
	{
		name: 'firewall-rules', pattern: /Failed to (?:apply|run) firewall (?:rules|command)/i,
		cause: 'the firewall\'s program refuses libvirt\'s rules', remedy: `run the command that the message names by hand; ${restart}`, modules: [],
	},
	{
		name: 'no-vfs', pattern: /No usable Vf's present on SRIOV PF/,
		cause: 'its PF has no VFs', remedy: 'vfctl vf create PF COUNT', modules: [],
	},
];

/** The first known reason that the message shows, or undefined. */
export function explainNetworkStart(message: string): NetworkTrouble | undefined {
	const found = patterns.find(({pattern}) => pattern.test(message));
	return found && {name: found.name, cause: found.cause, remedy: found.remedy, modules: found.modules};
}
