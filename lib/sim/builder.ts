// Makes synthetic hosts for tests, fixtures and benchmarks:
// `hostBuilder('seed').pf({card: '82599', bdf: '0000:03:00.0', name: 'enp3s0f0'}).guest({name: 'vm0'}).record()`.
import type {NetworkRecord} from '../libvirt/libvirt.ts';
import {bdfParts, toBdf, type Bdf} from '../model/bdf.ts';
import {networkOf, prefixText, toPrefix} from '../model/ip.ts';
import type {RecordedCommand, RecordedDomain} from '../record/record.ts';
import {bindTo} from './binding.ts';
import {buildBase, buildDisk, buildIommu} from './build-base.ts';
import {usualCpus, type CpuShape} from './build-cpus.ts';
import type {BaseFacts} from './build-base.ts';
import {guestOf, natNetworkXml, poolXml} from './build-guest.ts';
import type {FunctionFacts, HostBuilder, NicFacts, PfFacts} from './build-facts.ts';
import {cards} from './cards.ts';
import type {CardModel} from './cards.ts';
import {configSpace, type ConfigFacts} from './config-space.ts';
import {buildDaemon} from './build-daemon.ts';
import {ipCommands} from './build-ip.ts';
import {buildSriovSpace} from './build-sriov-space.ts';
import {ethtoolCommands} from './ethtool.ts';
import {bindGuestDevices, makeVfs} from './build-vfs.ts';
import {devicesPath, functionPath, functionsOf, machineOf, netdevsOf, vfsOf} from './machine.ts';
import {flushInterrupts} from './interrupt-text.ts';
import type {Machine} from './machine.ts';
import {flushMailboxes} from './mailbox.ts';
import {loadModule, markRebuilt} from './modules.ts';
import {addNetdev, removeNetdevs} from './netdevs.ts';
import {addFunction, freeGroup} from './pci-functions.ts';

const noNamespaces: RecordedCommand = {argv: ['ip', '-j', 'netns', 'list'], code: 0, stdout: '', stderr: ''};

/** A builder of one host. */
export function hostBuilder(name: string, base: Partial<Omit<BaseFacts, 'cpus'>> & {cpus?: Partial<CpuShape>} = {}): HostBuilder {
	const facts: BaseFacts = {
		release: '6.12.57+deb13-amd64',
		commandLine: base.iommu === false ? 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet' : 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet intel_iommu=on iommu=pt',
		iommu: true,
		interruptRemapping: base.iommu !== false,
		modules: ['kvm', 'kvm_intel', 'vhost_net', 'vfio_pci'],
		...base,
		cpus: {...usualCpus, ...base.cpus},
	};
	const machine = machineOf({name, caller: {uid: 0, env: {}}, entries: new Map(), commands: [], libvirt: null}, {});
	buildBase(machine, facts);
	if (facts.iommu) {
		buildIommu(machine);
	}

	return builderOf(machine, facts);
}

function builderOf(machine: Machine, base: BaseFacts): HostBuilder {
	const {tree} = machine;
	const ports = new Map<string, string>();
	const pfs: Array<{bdf: Bdf; facts: PfFacts; model: CardModel}> = [];
	const domains: RecordedDomain[] = [];
	const pools: Array<{name: string; pf: string; active: boolean}> = [];
	const commands: RecordedCommand[] = [];
	const addresses = new Map<string, readonly string[]>();
	const routes: Array<Record<string, unknown>> = [];
	const kinds = new Map<string, Record<string, unknown>>();
	const env: Record<string, string> = {};
	let libvirt = true;
	let chipsetCount = 0;

	const group = (wanted?: number) => base.iommu ? wanted ?? freeGroup(machine) : undefined;

	const add = (facts: FunctionFacts, parent: string, {subsystemDevice = 0, revision = 0, ...config}: {subsystemDevice?: number; revision?: number} & Pick<ConfigFacts, 'sriov' | 'secondaryBus'> = {}): {bdf: Bdf; path: string} => {
		const bdf = toBdf(facts.bdf);
		const {vendor = 0x8086, device, classCode, numaNode = -1} = facts;
		const ids = {vendor, device, classCode, subsystemVendor: vendor, subsystemDevice, revision};
		const path = addFunction(machine, {bdf, parent, ...ids, numaNode, group: group(facts.group)});
		const port = classCode === 0x06_04_00 ? 4 : parent.endsWith(':00') || parent.endsWith(':80') || parent.endsWith(':ff') ? 9 : 0;
		tree.put(`${path}/config`, {kind: 'bytes', bytes: configSpace({...ids, multifunction: facts.multifunction ?? false, port, acs: facts.acs ?? port === 4, ...config})});
		if (facts.driver !== undefined) {
			bind(facts.driver, bdf);
		}

		return {bdf, path};
	};

	// Drivers outside the table are learned: the record will show them bound.
	const bind = (driver: string, bdf: Bdf) => {
		const id = `${tree.value(`${devicesPath}/${bdf}/vendor`)}:${tree.value(`${devicesPath}/${bdf}/device`)}`.replaceAll('0x', '');
		if (driver !== 'vfio-pci') {
			machine.learnedDrivers.set(id, driver);
		}

		if (!tree.exists(`/sys/bus/pci/drivers/${driver}`)) {
			for (const file of ['bind', 'unbind', 'new_id', 'remove_id', 'uevent']) {
				tree.put(`/sys/bus/pci/drivers/${driver}/${file}`, {kind: 'unreadable'});
			}
		}

		bindTo(machine, driver, bdf);
	};

	// The directory below which functions of a bus hang: a root port of its own.
	const busDirectory = (bdf: Bdf): string => {
		const {domain, bus} = bdfParts(bdf);
		const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
		const [dom, root] = [hex(domain, 4), bus >= 0x80 ? 0x80 : 0];
		if (bus === root || bus === 0xff) {
			return `/sys/devices/pci${dom}:${hex(bus, 2)}`;
		}

		const key = `${dom}:${hex(bus, 2)}`;
		const known = ports.get(key);
		if (known !== undefined) {
			return known;
		}

		const used = [...ports.keys()].filter(other => other.startsWith(`${dom}:`) && (Number.parseInt(other.split(':')[1] ?? '', 16) >= 0x80) === (root === 0x80)).length;
		const portBdf = `${dom}:${hex(root, 2)}:${hex(1 + Math.floor(used / 8), 2)}.${used % 8}`;
		const port = add({bdf: portBdf, device: 0x2f02, classCode: 0x06_04_00, driver: 'pcieport', multifunction: true}, `/sys/devices/pci${dom}:${hex(root, 2)}`, {secondaryBus: bus});
		ports.set(key, port.path);
		return port.path;
	};

	const addressed = ({name, addresses: own = []}: NicFacts) => {
		addresses.set(name, own);
		for (const cidr of own) {
			const prefix = toPrefix(cidr, 'address');
			const dst = prefixText(networkOf(prefix));
			routes.push(prefix.family === 6
				? {dst, dev: name, protocol: 'kernel', metric: 256, flags: [], pref: 'medium'}
				: {dst, dev: name, protocol: 'kernel', scope: 'link', prefsrc: prefix.address, flags: []});
		}
	};

	const enslave = (name: string, master: string | undefined) => {
		const path = tree.find(`/sys/class/net/${name}`)?.path;
		const above = master === undefined ? undefined : tree.find(`/sys/class/net/${master}`)?.path;
		if (path !== undefined && above !== undefined && master !== undefined) {
			tree.putLink(`${path}/master`, above);
			tree.putLink(`${path}/upper_${master}`, above);
			tree.putLink(`${above}/lower_${name}`, path);
		}
	};

	const virtual = (facts: NicFacts, kind: Record<string, unknown>) => {
		const {name, mac = '02:00:00:00:00:10', up = true, mtu = 1500} = facts;
		addNetdev(machine, {name, device: '/sys/devices/virtual', mac, up, mtu});
		kinds.set(name, kind);
		enslave(name, facts.master);
		addressed(facts);
	};

	const physical = (facts: NicFacts, bdf: Bdf, path: string, speed: number) => {
		const {name, up = true, mtu = 1500} = facts;
		const {bus, slot, function: fn} = bdfParts(bdf);
		const mac = facts.mac ?? ['a0', '36', '9f', bus, slot, fn].map(part => typeof part === 'number' ? part.toString(16).padStart(2, '0') : part).join(':');
		// The driver's probe has made one with a made-up name and MAC.
		removeNetdevs(machine, bdf);
		addNetdev(machine, {name, device: path, mac, up, mtu, speed, ifindex: machine.nextIfindex - 1});
		enslave(name, facts.master);
		addressed(facts);
	};

	const builder: HostBuilder = {
		function(facts) {
			add(facts, busDirectory(toBdf(facts.bdf)));
			return builder;
		},
		chipset(count) {
			for (let left = count; left > 0; left--, chipsetCount++) {
				const [slot, fn] = [8 + Math.floor(chipsetCount / 8), chipsetCount % 8];
				add({bdf: `0000:ff:${slot.toString(16).padStart(2, '0')}.${fn}`, device: 0x2f80 + chipsetCount, classCode: 0x08_80_00, multifunction: true}, '/sys/devices/pci0000:ff');
			}

			return builder;
		},
		pf(facts) {
			const model: CardModel = cards[facts.card];
			const wanted = toBdf(facts.bdf);
			const fn = bdfParts(wanted).function;
			const {bdf, path} = add({bdf: facts.bdf, device: model.device, classCode: 0x02_00_00, multifunction: true, ...pick(facts, 'group', 'numaNode')}, busDirectory(wanted), {
				subsystemDevice: model.subsystemDevice, revision: model.revision,
				sriov: {totalVfs: facts.totalVfs ?? model.totalVfs, offset: model.offset(fn), stride: model.stride, vfDevice: model.vfDevice},
			});
			buildSriovSpace(machine, bdf, {totalVfs: facts.totalVfs ?? model.totalVfs, offset: model.offset(fn), stride: model.stride, ...pick(facts, 'narrow', 'noVfAddresses')});
			const sriov = {sriov_totalvfs: facts.totalVfs ?? model.totalVfs, sriov_numvfs: 0, sriov_offset: model.offset(fn), sriov_stride: model.stride, sriov_vf_device: model.vfDevice.toString(16), sriov_vf_total_msix: 0, sriov_drivers_autoprobe: facts.autoprobe === false ? 0 : 1};
			for (const [name, value] of Object.entries({...sriov, enable: 1, current_link_speed: '8.0 GT/s PCIe', current_link_width: 8})) {
				tree.putValue(`${path}/${name}`, value);
			}

			const driver = facts.driver === undefined ? model.driver : facts.driver;
			if (driver !== null) {
				loadModule(machine, driver);
				loadModule(machine, model.vfDriver);
				if (facts.rebuilt === true) {
					markRebuilt(machine, driver);
				}

				if (driver === 'vfio-pci') {
					tree.putValue(`${path}/driver_override`, driver);
				}

				bindTo(machine, driver, bdf);
			}

			if (driver === model.driver) {
				physical(facts, bdf, path, model.speed);
			}

			if (facts.vfGroup !== undefined) {
				machine.vfGroups.set(bdf, facts.vfGroup);
			}

			pfs.push({bdf, facts, model});
			return builder;
		},
		nic(facts) {
			const wanted = toBdf(facts.bdf);
			loadModule(machine, 'igb');
			const {bdf, path} = add({bdf: facts.bdf, device: 0x1533, classCode: 0x02_00_00, driver: 'igb', ...pick(facts, 'group')}, busDirectory(wanted), {subsystemDevice: 1, revision: 3});
			physical(facts, bdf, path, 1000);
			return builder;
		},
		bridge(facts) {
			virtual(facts, {info_kind: 'bridge', info_data: {stp_state: 0}});
			tree.putValue(`/sys/devices/virtual/net/${facts.name}/bridge/stp_state`, 0);
			return builder;
		},
		bond(facts) {
			virtual(facts, {info_kind: 'bond', info_data: {mode: '802.3ad', miimon: 100}});
			tree.putValue(`/sys/devices/virtual/net/${facts.name}/bonding/mode`, '802.3ad 4');
			return builder;
		},
		vlan(facts) {
			virtual(facts, {info_kind: 'vlan', info_data: {protocol: '802.1Q', id: facts.id, flags: ['REORDER_HDR']}});
			const parent = tree.find(`/sys/class/net/${facts.parent}`)?.path ?? '';
			const path = `/sys/devices/virtual/net/${facts.name}`;
			tree.putLink(`${path}/lower_${facts.parent}`, parent);
			tree.putLink(`${parent}/upper_${facts.name}`, path);
			tree.putValue(`${path}/iflink`, tree.value(`${parent}/ifindex`));
			kinds.set(facts.name, {...kinds.get(facts.name), link: facts.parent});
			return builder;
		},
		route({dst, dev, gateway, metric, protocol = 'static'}) {
			routes.push({dst, ...(gateway === undefined ? {} : {gateway}), dev, protocol, ...(metric === undefined ? {} : {metric}), flags: []});
			return builder;
		},
		disk({bdf, ...facts}) {
			buildDisk(machine, {...facts, controller: functionPath(machine, toBdf(bdf)) as string});
			return builder;
		},
		guest(facts) {
			domains.push(guestOf(facts, domains.length));
			return builder;
		},
		pool({name, pf, active = true}) {
			pools.push({name, pf, active});
			return builder;
		},
		ssh(address) {
			env['SSH_CONNECTION'] = `198.51.100.7 51022 ${address} 22`;
			return builder;
		},
		command(argv, stdout) {
			commands.push({argv, code: 0, stdout, stderr: ''});
			return builder;
		},
		noLibvirt() {
			libvirt = false;
			return builder;
		},
		record() {
			for (const {bdf, facts} of pfs.splice(0)) {
				makeVfs(machine, bdf, facts);
			}

			const uuid = (number: number) => `8d1c0f2e-3b5a-4d6e-9f00-0000000000${number.toString(16).padStart(2, '0')}`;
			const networks: NetworkRecord[] = [
				{name: 'default', uuid: uuid(0), active: false, persistent: true, autostart: false, xml: natNetworkXml(uuid(0))},
				...pools.map(({name, pf, active}, index) => {
					const bdf = toBdf(tree.link(`/sys/class/net/${pf}/device`)?.split('/').at(-1) ?? '');
					return {name, uuid: uuid(index + 1), active, persistent: true, autostart: true, xml: poolXml(name, uuid(index + 1), pf, active ? vfsOf(machine, bdf) : [])};
				}),
			];
			if (libvirt) {
				buildDaemon(machine);
			}

			bindGuestDevices(machine, domains);
			flushMailboxes(machine);
			flushInterrupts(machine);
			return {
				name: machine.record.name,
				caller: {uid: 0, env},
				entries: tree.entries(),
				commands: [...ipCommands(machine, {addresses, routes, kinds}), ...(commands.some(({argv}) => argv.includes('netns')) ? [] : [noNamespaces]), ...steeringAnswers(machine), ...commands],
				libvirt: libvirt ? {uri: 'qemu:///system', version: '11.3.0', domains, networks, nodeDevices: new Map()} : null,
			};
		},
	};
	return builder;
}

/** Every PF's, for those that have an interface. */
function steeringAnswers(machine: Machine): RecordedCommand[] {
	return functionsOf(machine).filter(bdf => machine.tree.exists(`${devicesPath}/${bdf}/sriov_totalvfs`)).flatMap(bdf => netdevsOf(machine, bdf).flatMap(netdev => ethtoolCommands(machine, bdf, netdev)));
}

function pick<T extends object, K extends keyof T>(from: T, ...names: K[]): Partial<Pick<T, K>> {
	return Object.fromEntries(names.filter(name => from[name] !== undefined).map(name => [name, from[name]])) as Partial<Pick<T, K>>;
}
