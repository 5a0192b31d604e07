// What PCI config space and `resource` tell of the room that VFs of a PF have.
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {PciFunction, Pf} from '../model/pci.ts';
import type {SriovSpace, VfBar} from '../model/sriov-space.ts';
import {readNumber} from './attributes.ts';
import {configBytes, findExtendedCapability} from './pci-capabilities.ts';
import {pciDevices} from './read-pci.ts';
import {readBridgesAbove} from './read-topology.ts';

// include/uapi/linux/pci_regs.h
const PCI_SUBORDINATE_BUS = 0x1a;
const PCI_EXT_CAP_ID_SRIOV = 0x10;
const PCI_SRIOV_TOTAL_VF = 0x0e;
const PCI_SRIOV_BAR = 0x24;
const PCI_SRIOV_NUM_BARS = 6;
// Line of the first VF BAR in `resource` (PCI_IOV_RESOURCES in include/linux/pci.h).
const firstVfLine = 7;
// IORESOURCE_UNSET of include/linux/ioport.h: it has a size and no addresses.
const unset = 0x2000_0000n;

/** The room of each PF. `log`: lines of dmesg, null when it cannot be read. */
export function readSriovSpaces(files: FileReader, pfs: readonly Pf[], log: readonly string[] | null): SriovSpace[] {
	return pfs.map(({bdf}) => {
		const bridge = readBridgesAbove(files, bdf).at(-1);
		const ari = readNumber(files, `${pciDevices}/${bdf}/ari_enabled`);
		return {
			pf: bdf,
			bridge: bridge === undefined ? null : {bdf: bridge, lastBus: readLastBus(files, bridge)},
			rootLastBus: bridge === undefined ? rootLastBus(bdf, log ?? []) : null,
			ari: ari === undefined ? null : ari === 1,
			bars: readVfBars(files, bdf),
			complaints: (log ?? []).filter(line => line.includes(bdf) && /(?:VF )?BAR \d+.*(?:no space|can't assign|failed to assign)/.test(line)),
		};
	});
}

/** Network functions that have the capability and no sriov_totalvfs; null when config space cannot
 * be read (not root). */
export function readWithoutVfs(files: FileReader, functions: ReadonlyMap<Bdf, PciFunction>): Array<{bdf: Bdf; totalVfs: number}> | null {
	const found: Array<{bdf: Bdf; totalVfs: number}> = [];
	let readable = true;
	for (const {bdf, classCode} of functions.values()) {
		if (classCode >> 16 !== 2 || ['sriov_totalvfs', 'physfn'].some(name => files.exists(`${pciDevices}/${bdf}/${name}`))) {
			continue;
		}

		const view = readConfig(files, bdf);
		readable &&= view !== undefined && view.byteLength > 64;
		const at = view && findExtendedCapability(view, PCI_EXT_CAP_ID_SRIOV);
		if (view !== undefined && at !== undefined && at + PCI_SRIOV_TOTAL_VF + 2 <= view.byteLength) {
			found.push({bdf, totalVfs: view.getUint16(at + PCI_SRIOV_TOTAL_VF, true)});
		}
	}

	return readable ? found : null;
}

function readConfig(files: FileReader, bdf: Bdf): DataView | undefined {
	const bytes = files.readBytes(`${pciDevices}/${bdf}/config`);
	return bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The first 64 bytes are for everybody. 0 is a bridge that was never set up. */
function readLastBus(files: FileReader, bridge: Bdf): number | null {
	const view = readConfig(files, bridge);
	return view === undefined || view.byteLength <= PCI_SUBORDINATE_BUS ? null : view.getUint8(PCI_SUBORDINATE_BUS) || null;
}

// pci_bus 0000:00: root bus resource [bus 00-fe]
function rootLastBus(bdf: Bdf, log: readonly string[]): number | null {
	const start = `pci_bus ${bdf.slice(0, -5)}: root bus resource [bus `;
	const line = log.find(one => one.includes(start));
	const last = line === undefined ? undefined : /^([\da-f]+)(?:-([\da-f]+))?\]/.exec(line.slice(line.indexOf(start) + start.length));
	return last ? Number.parseInt(last[2] ?? last[1]!, 16) : null;
}

/** The VF BARs that the card has: those with a size in `resource`, and those whose register in
 * config space says a type though the kernel gave them nothing (it forgets the size of what it
 * finds no place for: reset_resource in drivers/pci/setup-bus.c). */
function readVfBars(files: FileReader, bdf: Bdf): VfBar[] | null {
	const lines = files.readText(`${pciDevices}/${bdf}/resource`)?.split('\n');
	if (lines === undefined || lines.length < firstVfLine + PCI_SRIOV_NUM_BARS) {
		return null;
	}

	const registers = vfBarRegisters(readConfig(files, bdf));
	return Array.from({length: PCI_SRIOV_NUM_BARS}, (_, number): VfBar | undefined => {
		const match = /^0x([\da-f]{1,16}) 0x([\da-f]{1,16}) 0x([\da-f]{1,16})$/i.exec(lines[firstVfLine + number]!);
		const [start, end, flags] = match ? match.slice(1).map(digits => BigInt(`0x${digits}`)) as [bigint, bigint, bigint] : [0n, 0n, 0n];
		if (end > start) {
			return {number, bytes: Number(end - start + 1n), assigned: start !== 0n && (flags & unset) === 0n};
		}

		return registers[number] ? {number, bytes: null, assigned: false} : undefined;
	}).filter(bar => bar !== undefined);
}

/** Which registers are there: the low bits tell a type. The upper half of a 64-bit one is none. */
function vfBarRegisters(view: DataView | undefined): boolean[] {
	const at = view && view.byteLength > configBytes ? findExtendedCapability(view, PCI_EXT_CAP_ID_SRIOV) : undefined;
	if (view === undefined || at === undefined || at + PCI_SRIOV_BAR + 4 * PCI_SRIOV_NUM_BARS > view.byteLength) {
		return [];
	}

	const found: boolean[] = [];
	for (let number = 0; number < PCI_SRIOV_NUM_BARS; number++) {
		const value = view.getUint32(at + PCI_SRIOV_BAR + 4 * number, true);
		const is64 = (value & 0x6) === 0x4;
		found[number] = (value & 0xf) !== 0;
		if (is64) {
			found[++number] = false;
		}
	}

	return found;
}
