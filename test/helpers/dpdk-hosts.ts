// Made-up hosts for `dpdk-devbind.py --status`: every class that it knows, and every state that a
// device can be in. The same number gives the same host.
import type {RecordEntry} from '../../lib/record/record.ts';
import type {FakeModule} from './fake-modules.ts';

export interface DpdkTestHost {
	entries: Map<string, RecordEntry>;
	modules: FakeModule[];
	/** Lines for `ip -batch` that make its interfaces and routes. */
	network: string[];
	/** How many functions every release shows. */
	shown: number;
}

interface Kind {
	vendor: number;
	device: number;
	class: number;
	driver: string;
	/** Modules that say that they are for it, in depmod's order. */
	modules: string[];
	net?: 'own' | 'virtio';
	/** Not shown by every release, or by none. */
	other?: true;
}

// Network cards and VFs, then what DPDK calls baseband, crypto, DMA, event, mempool, compress, misc,
// regex and ML devices, then things it does not show.
const kinds: readonly Kind[] = [
	{vendor: 0x8086, device: 0x10fb, class: 0x02_00_00, driver: 'ixgbe', modules: ['ixgbe'], net: 'own'},
	{vendor: 0x8086, device: 0x10ed, class: 0x02_00_00, driver: 'ixgbevf', modules: ['ixgbevf'], net: 'own'},
	{vendor: 0x8086, device: 0x154c, class: 0x02_00_00, driver: 'iavf', modules: ['iavf'], net: 'own'},
	{vendor: 0x8086, device: 0x1572, class: 0x02_00_00, driver: 'i40e', modules: ['i40e'], net: 'own'},
	{vendor: 0x15b3, device: 0x1017, class: 0x02_00_00, driver: 'mlx5_core', modules: ['mlx5_core'], net: 'own'},
	{vendor: 0x10ec, device: 0x8168, class: 0x02_00_00, driver: 'r8169', modules: ['r8169', 'r8168_vendor'], net: 'own'},
	{vendor: 0x1af4, device: 0x1041, class: 0x02_00_00, driver: 'virtio-pci', modules: ['virtio_pci'], net: 'virtio'},
	{vendor: 0x1af4, device: 0x1000, class: 0x02_00_00, driver: 'virtio-pci', modules: ['virtio_pci'], net: 'virtio'},
	// In neither pci.ids nor udev's database.
	{vendor: 0x8086, device: 0xfffe, class: 0x02_00_00, driver: 'ixgbe', modules: []},
	{vendor: 0xfffe, device: 0x0001, class: 0x02_80_00, driver: 'mystery', modules: ['mystery', 'another-one'], net: 'own'},
	{vendor: 0x177d, device: 0xa0dd, class: 0x08_80_00, driver: 'octeon', modules: []},
	{vendor: 0x8086, device: 0x0b30, class: 0x12_00_00, driver: 'dfl-pci', modules: ['dfl_pci'], net: 'own'},
	{vendor: 0x8086, device: 0x0d8f, class: 0x12_00_00, driver: 'pf_bb', modules: []},
	{vendor: 0x8086, device: 0x37c8, class: 0x0b_40_00, driver: 'c6xx', modules: ['qat_c62x']},
	{vendor: 0x8086, device: 0x2710, class: 0x0b_40_00, driver: 'dlb2', modules: ['dlb2']},
	{vendor: 0x1022, device: 0x1456, class: 0x10_80_00, driver: 'ccp', modules: ['ccp']},
	{vendor: 0x8086, device: 0x2021, class: 0x08_80_00, driver: 'ioatdma', modules: ['ioatdma']},
	{vendor: 0x8086, device: 0x0b25, class: 0x08_80_00, driver: 'idxd', modules: ['idxd']},
	{vendor: 0x8086, device: 0x1212, class: 0x08_80_00, driver: 'idxd', modules: ['idxd'], other: true},
	{vendor: 0x177d, device: 0xa053, class: 0x08_80_00, driver: 'octeon', modules: []},
	{vendor: 0x177d, device: 0xa037, class: 0x12_00_00, driver: 'octeon', modules: []},
	{vendor: 0x177d, device: 0xa0f4, class: 0x08_80_00, driver: 'octeon', modules: []},
	{vendor: 0x177d, device: 0xa092, class: 0x08_80_00, driver: 'octeon', modules: [], other: true},
	{vendor: 0x8086, device: 0x201c, class: 0x06_80_00, driver: 'ntb_hw_intel', modules: ['ntb_hw_intel']},
	{vendor: 0x1af4, device: 0x1042, class: 0x01_80_00, driver: 'virtio-pci', modules: ['virtio_pci']},
	{vendor: 0x8086, device: 0x3406, class: 0x06_00_00, driver: '', modules: [], other: true},
	{vendor: 0x144d, device: 0xa808, class: 0x01_08_02, driver: 'nvme', modules: ['nvme'], other: true},
];

/** The host of a number; `count` functions. */
export function dpdkTestHost(seed: number, count: number): DpdkTestHost {
	const random = generator(seed);
	const chance = (part: number) => random() < part;
	const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
	const entries = new Map<string, RecordEntry>();
	const text = (path: string, value: string | number) => entries.set(path, {kind: 'text', text: `${value}\n`});
	const dpdkDrivers = ['vfio-pci', 'uio_pci_generic', 'igb_uio'].filter(() => chance(0.6));
	const numa = pick(['none', 'some', 'all'] as const);
	const network: string[] = [];
	let shown = 0;
	entries.set('/sys/bus/pci/devices', {kind: 'directory'});
	entries.set('/sys/bus/pci/drivers', {kind: 'directory'});
	entries.set('/sys/module', {kind: 'directory'});
	for (const name of dpdkDrivers.filter(() => chance(0.8))) {
		text(`/sys/module/${name.replaceAll('-', '_')}/initstate`, 'live');
	}

	for (let index = 0; index < count; index++) {
		const kind = pick(kinds);
		shown += kind.other ? 0 : 1;
		const bdf = `${chance(0.05) ? '10000' : '0000'}:${hex(index >> 5, 2)}:${hex(index & 31, 2)}.${Math.floor(random() * 8)}`;
		const path = `/sys/devices/pci${bdf.split(':')[0]}:00/${bdf}`;
		const driver = kind.driver === '' || chance(0.2) ? null : chance(0.35) ? pick(['vfio-pci', 'uio_pci_generic', 'igb_uio']) : kind.driver;
		const ids = {vendor: kind.vendor, device: kind.device, subsystem_vendor: kind.vendor, subsystem_device: 1};
		for (const [name, id] of Object.entries(ids)) {
			text(`${path}/${name}`, `0x${hex(id, 4)}`);
		}

		text(`${path}/class`, `0x${hex(kind.class, 6)}`);
		text(`${path}/revision`, '0x01');
		text(`${path}/irq`, 0);
		text(`${path}/modalias`, `pci:v${upper(kind.vendor, 8)}d${upper(kind.device, 8)}sv${upper(kind.vendor, 8)}sd00000001bc${upper(kind.class >> 16, 2)}sc${upper((kind.class >> 8) & 255, 2)}i${upper(kind.class & 255, 2)}`);
		text(`${path}/uevent`, [...driver === null ? [] : [`DRIVER=${driver}`], `PCI_CLASS=${upper(kind.class, 1)}`, `PCI_ID=${upper(kind.vendor, 4)}:${upper(kind.device, 4)}`].join('\n'));
		if (numa !== 'none') {
			text(`${path}/numa_node`, numa === 'all' || chance(0.5) ? index % 2 : -1);
		}

		entries.set(`/sys/bus/pci/devices/${bdf}`, {kind: 'link', target: `../../..${path.slice('/sys'.length)}`});
		if (driver !== null) {
			entries.set(`${path}/driver`, {kind: 'link', target: `../../../bus/pci/drivers/${driver}`});
			entries.set(`/sys/bus/pci/drivers/${driver}/bind`, {kind: 'unreadable'});
		}

		if (driver === kind.driver && kind.net !== undefined) {
			const net = `${path}/${kind.net === 'virtio' ? `virtio${index}/` : ''}net`;
			const name = pick([`eth${index}`, `ens${index}f0np0`, `lan_${index}`]);
			if (chance(0.15)) {
				// In another namespace.
				entries.set(net, {kind: 'directory'});
			} else {
				text(`${net}/${name}/mtu`, 1500);
				network.push(...interfaceLines(name, index, random));
			}
		}
	}

	if (chance(0.5)) {
		network.push('route add unreachable 10.99.0.0/16', 'route add blackhole 10.98.0.0/16');
	}

	return {entries, modules: modulesOf(dpdkDrivers.filter(name => !entries.has(`/sys/module/${name.replaceAll('-', '_')}/initstate`) || chance(0.2))), network, shown};
}

/** Some interfaces are up, some have addresses, some only routes, some only link-local routes. */
function interfaceLines(name: string, index: number, random: () => number): string[] {
	const made = `tuntap add ${name} mode tap`;
	const up = `link set ${name} up`;
	const net = `10.${index >> 8}.${index & 255}`;
	switch (Math.floor(random() * 6)) {
		case 0: {
			return [made, up, `addr add ${net}.1/24 dev ${name}`];
		}

		case 1: {
			return [made, up, `route add 172.${16 + (index & 15)}.${index >> 4}.0/24 dev ${name}`];
		}

		case 2: {
			return [made, up, `route add 169.254.${index & 255}.${(index >> 8) * 64}/26 dev ${name}`];
		}

		case 3: {
			return [made, up, `addr add ${net}.1/24 dev ${name}`, `route add default metric ${index + 1} via ${net}.254`];
		}

		case 4: {
			return [made, `addr add ${net}.1/24 dev ${name}`];
		}

		default: {
			return [made, up];
		}
	}
}

function modulesOf(builtIn: readonly string[]): FakeModule[] {
	const aliases = new Map<string, string[]>();
	for (const {vendor, device, modules} of kinds) {
		for (const module of modules) {
			aliases.set(module, [...aliases.get(module) ?? [], `pci:v${upper(vendor, 8)}d${upper(device, 8)}sv*sd*bc*sc*i*`]);
		}
	}

	// One by class, as storage and USB drivers have it, and the built-in drivers of DPDK's devices.
	aliases.set('any_coprocessor', ['pci:v*d*sv*sd*bc0Bsc40i*']);
	return [
		...[...aliases].map(([name, list]) => ({name, aliases: list, builtIn: name === 'virtio_pci'})),
		...builtIn.map(name => ({name, aliases: [], builtIn: true})),
	];
}

/** Mulberry32: numbers from 0 to 1. */
function generator(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d_2b_79_f5) | 0;
		let value = Math.imul(state ^ (state >>> 15), 1 | state);
		value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
		return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
	};
}

function hex(value: number, digits: number): string {
	return value.toString(16).padStart(digits, '0');
}

function upper(value: number, digits: number): string {
	return hex(value, digits).toUpperCase();
}
