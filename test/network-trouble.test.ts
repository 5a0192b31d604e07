// libvirt's words when a network does not start, from reports and runs, and what they mean.
import test from 'ava';
import {explainNetworkStart} from '../lib/model/network-trouble.ts';

const recorded: ReadonlyArray<readonly [name: string, message: string]> = [
	['dnsmasq-missing', 'Unable to find \'dnsmasq\' binary in $PATH: No such file or directory'],
	['port-in-use', 'internal error: Child process (VIR_BRIDGE_NAME=virbr0 /usr/sbin/dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/default.conf --leasefile-ro --dhcp-script=/usr/lib/libvirt/libvirt_leaseshelper) unexpected exit status 2: \ndnsmasq: failed to create listening socket for 192.168.122.1: Address already in use\n'],
	['port-in-use', 'internal error: Child process (/usr/sbin/dnsmasq --strict-order) unexpected exit status 2: dnsmasq: failed to bind DHCP server socket: Address already in use'],
	['dnsmasq-failed', 'internal error: Child process (VIR_BRIDGE_NAME=virbr0 /usr/local/bin/dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/default.conf --leasefile-ro --dhcp-script=/usr/lib/libvirt/libvirt_leaseshelper) unexpected exit status 1: Error: PATH environment variable not set'],
	['subnet-in-use', 'internal error: Network is already in use by interface virbr0'],
	['bridge-exists', 'internal error: bridge name \'virbr0\' already in use.'],
	['bridge-exists', 'Unable to create bridge virbr0: File exists'],
	['bridge-module', 'Unable to create bridge virbr0: Package not installed'],
	['firewalld', 'error from service: GDBus.Error:org.fedoraproject.FirewallD1.Exception: INVALID_ZONE: libvirt'],
	['firewall-tool-denied', 'internal error: Failed to apply firewall rules /sbin/iptables -w --table filter --list-rules: libvirt: error : cannot execute binary /sbin/iptables: Permission denied'],
	['firewall-missing', 'internal error: Failed to initialize a valid firewall backend'],
	['iptables-mixed', 'internal error: Failed to apply firewall rules /usr/sbin/iptables -w --table nat --list-rules: iptables v1.8.7 (nf_tables): table \'nat\' is incompatible, use \'nft\' tool.'],
	['ipv6-off', 'internal error: Failed to apply firewall rules /sbin/ip6tables --table filter --insert FORWARD --in-interface virbr1 --jump REJECT: ip6tables v1.6.0: can\'t initialize ip6tables table `filter\': Address family not supported by protocol\nPerhaps ip6tables or your kernel needs to be upgraded.'],
	['iptables-kernel', 'internal error: Failed to apply firewall rules /sbin/iptables -w --table filter --list-rules: iptables: Protocol wrong type for socket.'],
	['iptables-kernel', 'internal error: Failed to apply firewall rules /usr/sbin/iptables -w --table filter --list-rules: iptables: Failed to initialize nft: Protocol not supported'],
	['iptables-kernel', 'internal error: Failed to apply firewall rules /usr/bin/iptables -w --table filter --list-rules: # Warning: iptables-legacy tables present, use iptables-legacy to see them iptables v1.8.7 (nf_tables): Could not fetch rule set generation id: Invalid argument'],
	['iptables-kernel', 'internal error: Failed to apply firewall rules /sbin/iptables --table filter --insert INPUT --in-interface virbr0 --protocol tcp --destination-port 67 --jump ACCEPT: iptables v1.8.2 (nf_tables): CHAIN_ADD failed (No such file or directory): chain INPUT'],
	['iptables-kernel', 'internal error: Failed to apply firewall rules /usr/sbin/iptables -w -w --table nat --list-rules: iptables v1.8.4 (legacy): can\'t initialize iptables table `nat\': Table does not exist (do you need to insmod?)'],
	['nft-kernel', 'internal error: Failed to apply firewall command \'nft -ae insert rule ip libvirt_network guest_nat ip saddr 192.168.122.0/24 masquerade\': Error: Could not process rule: No such file or directory'],
	['firewall-rules', 'internal error: Failed to apply firewall rules /usr/sbin/iptables -w --table filter --list-rules: something new'],
	['no-vfs', 'internal error: No usable Vf\'s present on SRIOV PF ens1f0'],
];

for (const [index, [name, message]] of recorded.entries()) {
	test(`message ${index} means ${name}: ${message.replaceAll('\n', ' ').slice(-70)}`, t => {
		const trouble = explainNetworkStart(message);
		t.is(trouble?.name, name);
		t.true((trouble?.cause.length ?? 0) > 15);
		t.true((trouble?.remedy.length ?? 0) > 12);
	});
}

test('every reason is seen in some message', t => {
	t.deepEqual([...new Set(recorded.map(([name]) => name))].length, 15);
});

test('what is not known stays libvirt\'s own words', t => {
	for (const message of ['', 'internal error: something else', 'Requested operation is not valid: network is already active', 'x'.repeat(100_000)]) {
		t.is(explainNetworkStart(message), undefined);
	}
});
