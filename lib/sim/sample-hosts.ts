// The synthetic hosts of test/fixtures/hosts, by name: what scripts/make-records.ts writes.
import type {HostRecord} from '../record/record.ts';
import type {GuestFacts} from './build-guest.ts';
import type {HostBuilder} from './build-facts.ts';
import {hostBuilder} from './builder.ts';

const guests: readonly GuestFacts[] = [
	{name: 'vm0', agent: 'connected'},
	{name: 'vm1', state: 'shutoff'},
	{name: 'vm2', agent: 'none', sparePorts: 2},
];

/** A management card with bridge br0 (10.0.0.5/24) and the default route, and three guests. */
function usual(builder: HostBuilder): HostBuilder {
	builder
		.bridge({name: 'br0', mac: '0c:c4:7a:10:00:01', addresses: ['10.0.0.5/24']})
		.nic({bdf: '0000:09:00.0', name: 'eno1', mac: '0c:c4:7a:10:00:01', master: 'br0'})
		.route({dst: 'default', gateway: '10.0.0.1', dev: 'br0'});
	for (const guest of guests) {
		builder.guest(guest);
	}

	return builder;
}

/** Makers of the sample hosts by file name without `.rec`. */
export const sampleHosts: Readonly<Record<string, () => HostRecord>> = {
	// Two ports of an 82599ES; VFs on the second one, each in its own group.
	'seed-82599': () => usual(hostBuilder('seed-82599').chipset(29)
		.pf({card: '82599', bdf: '0000:03:00.0', name: 'enp3s0f0', group: 30})
		.pf({card: '82599', bdf: '0000:03:00.1', name: 'enp3s0f1', group: 31, vfs: 2})
		.chipset(2))
		.pool({name: 'vfpool', pf: 'enp3s0f1'})
		.record(),

	// Four ports with seven VFs each; vm0 has a VF already.
	i350: () => {
		const builder = hostBuilder('i350').chipset(4);
		for (const port of [0, 1, 2, 3]) {
			builder.pf({card: 'i350', bdf: `0000:01:00.${port}`, name: `enp1s0f${port}`, vfs: 7, numaNode: 0});
		}

		return usual(builder).guest({name: 'vm3', agent: 'disconnected', devices: [
			"<interface type='hostdev' managed='yes'><mac address='52:54:00:c0:00:01'/><source><address type='pci' domain='0x0000' bus='0x02' slot='0x10' function='0x0'/></source><vlan><tag id='100'/></vlan></interface>",
			"<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x02' slot='0x10' function='0x1'/></source></hostdev>",
		]}).record();
	},

	// Two one-port cards on two sockets, 64 VFs each.
	'xl710-64': () => usual(hostBuilder('xl710-64').chipset(8)
		.pf({card: 'xl710', bdf: '0000:3b:00.0', name: 'ens1f0', vfs: 64, numaNode: 0})
		.pf({card: 'xl710', bdf: '0000:af:00.0', name: 'ens2f0', vfs: 64, numaNode: 1, vfSettings: {0: {trust: true, vlan: 42, qos: 3}}, inNamespace: [5]}))
		.command(['ip', '-j', 'netns', 'list'], '[{"name":"web"}]\n')
		.command(['ip', '-n', 'web', '-j', '-d', 'link', 'show'], '[{"ifindex":77,"ifname":"ens2f0v5","flags":["BROADCAST","MULTICAST"],"mtu":1500,"operstate":"DOWN","link_type":"ether","address":"02:00:00:00:77:05","parentbus":"pci","parentdev":"0000:af:02.5"}]\n')
		.record(),

	// A slot without ACS: VFs, PFs, port and a disk controller in one group.
	'shared-group': () => usual(hostBuilder('shared-group').chipset(10)
		.function({bdf: '0000:00:1c.0', device: 0x8d10, classCode: 0x06_04_00, driver: 'pcieport', group: 12, acs: false})
		.function({bdf: '0000:00:1c.1', device: 0x8d02, classCode: 0x01_06_01, driver: 'ahci', group: 12, multifunction: true})
		.pf({card: '82576', bdf: '0000:05:00.0', name: 'enp5s0f0', group: 12, vfGroup: 12, vfs: 4})
		.pf({card: '82576', bdf: '0000:06:00.0', name: 'enp6s0f0', vfs: 2}))
		.record(),

	// VT-d off in the firmware.
	'no-iommu': () => usual(hostBuilder('no-iommu', {iommu: false, modules: ['kvm', 'kvm_intel']})
		.pf({card: '82599', bdf: '0000:03:00.0', name: 'enp3s0f0', vfs: 4}))
		.record(),

	// Interrupts are not remapped.
	'no-intremap': () => usual(hostBuilder('no-intremap', {interruptRemapping: false})
		.pf({card: 'x540', bdf: '0000:04:00.0', name: 'enp4s0f0', vfs: 4}))
		.record(),

	// The host lives on its PFs: ssh comes in over a VLAN on a bond of two of them, a third is
	// the port of a bridge with an address; only the fourth is free.
	management: () => {
		const builder = hostBuilder('management').chipset(2)
			.bond({name: 'bond0', mac: 'a0:36:9f:01:00:00'})
			.bridge({name: 'br1', mac: 'a0:36:9f:01:00:02', addresses: ['172.16.0.2/24']});
		for (const port of [0, 1, 2, 3]) {
			builder.pf({card: 'i350', bdf: `0000:01:00.${port}`, name: `eno${port + 1}`, vfs: 2, ...(port < 2 ? {master: 'bond0'} : port === 2 ? {master: 'br1'} : {})});
		}

		builder.vlan({name: 'bond0.10', parent: 'bond0', id: 10, mac: 'a0:36:9f:01:00:00', addresses: ['10.10.0.5/24', '2001:db8::5/64']})
			.route({dst: 'default', gateway: '10.10.0.1', dev: 'bond0.10'})
			.ssh('10.10.0.5');
		for (const guest of guests) {
			builder.guest({...guest, bridge: 'br1'});
		}

		return builder.record();
	},

	// The root file system lies (below LVM) on an NVMe disk in the group of a network card.
	disk: () => usual(hostBuilder('disk').chipset(6)
		.function({bdf: '0000:02:00.0', vendor: 0x144d, device: 0xa808, classCode: 0x01_08_02, driver: 'nvme', group: 9})
		.disk({bdf: '0000:02:00.0', kind: 'nvme', mounts: ['/', '/var'], swap: true, lvm: true})
		.pf({card: '82576', bdf: '0000:07:00.0', name: 'enp7s0f0', group: 9, vfGroup: 9, vfs: 2})
		.pf({card: '82576', bdf: '0000:08:00.0', name: 'enp8s0f0', vfs: 2}))
		.record(),
};

/** A host with so many PCI functions, for benchmarks: two-port cards with 64 VFs a port, and
 * chipset functions for the rest. */
export function hostOfFunctions(count: number): HostRecord {
	const builder = usual(hostBuilder(`host-${count}`));
	// Management card, its port and each pair of ports with their bridge are functions too.
	let left = count - 2;
	for (let bus = 0x10; left > 2 * 65 + 1 && bus < 0x70; bus++) {
		for (const port of [0, 1]) {
			builder.pf({card: 'xl710', bdf: `0000:${bus.toString(16)}:00.${port}`, name: `ens${bus}f${port}`, vfs: 64, numaNode: 0});
		}

		left -= 2 * 65 + 1;
	}

	if (left > 16) {
		builder.pf({card: 'i350', bdf: '0000:08:00.0', name: 'enp8s0f0', vfs: 7}).pf({card: 'i350', bdf: '0000:08:00.1', name: 'enp8s0f1', vfs: 7});
		left -= 17;
	}

	return builder.chipset(left).record();
}
