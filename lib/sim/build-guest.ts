// libvirt's XML of the guests and networks of synthetic hosts.
import type {Bdf} from '../model/bdf.ts';
import type {RecordedDomain} from '../record/record.ts';
import {addDevice, deviceRequest, freePorts, sourceAddress} from './guest-xml.ts';

export interface GuestFacts {
	name: string;
	/** Default: running. */
	state?: 'running' | 'paused' | 'shutoff';
	persistent?: boolean;
	/** qemu-guest-agent: none, defined but silent, or connected. */
	agent?: 'none' | 'disconnected' | 'connected';
	/** Free pcie-root-ports for hot plug. */
	sparePorts?: number;
	/** i440fx instead of q35. */
	conventional?: boolean;
	bridge?: string;
	mac?: string;
	/** Device XML that it has from the beginning, in both definitions. */
	devices?: readonly string[];
	memoryMib?: number;
	/** Its memory is a memfd that others can map, as vhost-user needs. */
	sharedMemory?: boolean;
}

/** A guest with realistic definitions; `number` makes its UUID and MAC. */
export function guestOf(facts: GuestFacts, number: number): RecordedDomain {
	const {name, state = 'running', persistent = true, agent = 'connected'} = facts;
	const active = state !== 'shutoff';
	const uuid = `5a3c1d70-94e2-4b7f-8f10-0000000000${number.toString(16).padStart(2, '0')}`;
	const mac = facts.mac ?? `52:54:00:a0:00:${number.toString(16).padStart(2, '0')}`;
	const saved = withDevices(domainXml(facts, {uuid, mac, live: undefined, number}), facts.devices ?? [], false);
	const live = active ? withDevices(domainXml(facts, {uuid, mac, live: {id: number + 1, agent}, number}), facts.devices ?? [], true) : undefined;
	return {
		name, uuid, state, active, persistent,
		liveXml: live,
		inactiveXml: persistent ? saved : undefined,
		guestInterfaces: active && agent === 'connected' ? [
			{name: 'lo', mac: '00:00:00:00:00:00', addresses: ['127.0.0.1/8', '::1/128']},
			{name: 'enp1s0', mac, addresses: [`192.0.2.${100 + number}/24`]},
		] : undefined,
	};
}

/** A network in forward mode hostdev: active, with its PF expanded to VFs. */
export function poolXml(name: string, uuid: string, pf: string, vfs: readonly Bdf[]): string {
	return [
		'<network>',
		`  <name>${name}</name>`,
		`  <uuid>${uuid}</uuid>`,
		"  <forward mode='hostdev' managed='yes'>",
		`    <pf dev='${pf}'/>`,
		...vfs.map(vf => `    <address type='pci' ${sourceAddress(vf)}/>`),
		'  </forward>',
		'</network>',
		'',
	].join('\n');
}

/** The usual NAT network, switched off. */
export function natNetworkXml(uuid: string): string {
	return [
		'<network>', '  <name>default</name>', `  <uuid>${uuid}</uuid>`, "  <forward mode='nat'/>", "  <bridge name='virbr0' stp='on' delay='0'/>",
		"  <ip address='192.168.122.1' netmask='255.255.255.0'>", '    <dhcp>', "      <range start='192.168.122.2' end='192.168.122.254'/>", '    </dhcp>', '  </ip>', '</network>', '',
	].join('\n');
}

function withDevices(xml: string, devices: readonly string[], live: boolean): string {
	let number = 0;
	return devices.reduce((text, deviceXml) => {
		const device = deviceRequest(deviceXml);
		return device ? addDevice(text, device, {bus: freePorts(text)?.[0], alias: live ? `hostdev${number++}` : undefined}) : text;
	}, xml);
}

interface Variant {
	uuid: string;
	mac: string;
	live: {id: number; agent: string} | undefined;
	number: number;
}

function domainXml(facts: GuestFacts, {uuid, mac, live, number}: Variant): string {
	const {name, sparePorts = 4, conventional = false, bridge = 'br0', agent = 'connected', memoryMib = 2048, sharedMemory = false} = facts;
	const alias = (text: string) => live ? [`      <alias name='${text}'/>`] : [];
	const machine = conventional ? 'pc-i440fx-10.0' : 'pc-q35-10.0';
	// Three ports carry the disk, the interface and the serial controller; the rest are free.
	const ports = Array.from({length: 3 + sparePorts}, (_, index) => index + 1);
	const address = (bus: number, slot = 0) => conventional
		? `      <address type='pci' domain='0x0000' bus='0x00' slot='0x0${slot}' function='0x0'/>`
		: `      <address type='pci' domain='0x0000' bus='0x0${bus}' slot='0x00' function='0x0'/>`;
	return [
		live ? `<domain type='kvm' id='${live.id}'>` : "<domain type='kvm'>",
		`  <name>${name}</name>`,
		`  <uuid>${uuid}</uuid>`,
		`  <memory unit='KiB'>${memoryMib * 1024}</memory>`,
		`  <currentMemory unit='KiB'>${memoryMib * 1024}</currentMemory>`,
		...(sharedMemory ? ['  <memoryBacking>', "    <source type='memfd'/>", "    <access mode='shared'/>", '  </memoryBacking>'] : []),
		"  <vcpu placement='static'>2</vcpu>",
		...(live ? ['  <resource>', '    <partition>/machine</partition>', '  </resource>'] : []),
		'  <os>',
		`    <type arch='x86_64' machine='${machine}'>hvm</type>`,
		"    <boot dev='hd'/>",
		'  </os>',
		'  <features>', '    <acpi/>', '    <apic/>', '  </features>',
		"  <cpu mode='host-passthrough' check='none' migratable='on'/>",
		"  <clock offset='utc'/>",
		'  <on_poweroff>destroy</on_poweroff>', '  <on_reboot>restart</on_reboot>', '  <on_crash>destroy</on_crash>',
		'  <devices>',
		'    <emulator>/usr/bin/qemu-system-x86_64</emulator>',
		"    <disk type='file' device='disk'>",
		"      <driver name='qemu' type='qcow2'/>",
		`      <source file='/var/lib/libvirt/images/${name}.qcow2'${live ? " index='1'" : ''}/>`,
		"      <target dev='vda' bus='virtio'/>",
		...alias('virtio-disk0'), address(2, 4),
		'    </disk>',
		...(conventional ? ["    <controller type='pci' index='0' model='pci-root'/>"] : ["    <controller type='pci' index='0' model='pcie-root'/>", ...ports.flatMap(port => rootPort(port, live ? [`      <alias name='pci.${port}'/>`] : []))]),
		"    <controller type='virtio-serial' index='0'>", ...alias('virtio-serial0'), address(3, 5), '    </controller>',
		"    <interface type='bridge'>",
		`      <mac address='${mac}'/>`,
		`      <source bridge='${bridge}'/>`,
		...(live ? [`      <target dev='vnet${number}'/>`] : []),
		"      <model type='virtio'/>",
		...alias('net0'), address(1, 3),
		'    </interface>',
		"    <serial type='pty'>", "      <target type='isa-serial' port='0'/>", '    </serial>',
		...(agent === 'none' ? [] : [
			"    <channel type='unix'>",
			...(live ? [`      <source mode='bind' path='/run/libvirt/qemu/channel/${live.id}-${name}/org.qemu.guest_agent.0'/>`] : []),
			`      <target type='virtio' name='org.qemu.guest_agent.0'${live ? ` state='${live.agent}'` : ''}/>`,
			...alias('channel0'),
			"      <address type='virtio-serial' controller='0' bus='0' port='1'/>",
			'    </channel>',
		]),
		"    <memballoon model='none'/>",
		'  </devices>',
		'</domain>',
		'',
	].join('\n');
}

function rootPort(index: number, alias: readonly string[]): string[] {
	const [slot, fn] = [2 + Math.floor((index - 1) / 8), (index - 1) % 8];
	return [
		`    <controller type='pci' index='${index}' model='pcie-root-port'>`,
		"      <model name='pcie-root-port'/>",
		`      <target chassis='${index}' port='0x${(0x10 + index - 1).toString(16)}'/>`,
		...alias,
		`      <address type='pci' domain='0x0000' bus='0x00' slot='0x0${slot}' function='0x${fn}'${fn === 0 ? " multifunction='on'" : ''}/>`,
		'    </controller>',
	];
}
