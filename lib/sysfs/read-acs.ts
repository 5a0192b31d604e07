// ACS of the bridges above a function and of the functions beside it, from PCI config space.
import type {FileReader} from '../host/host.ts';
import {acsFlags, acsVerdict, judgeByGroup, type AcsFact, type AcsFlag, type AcsState, type PortType} from '../model/acs.ts';
import type {Bdf} from '../model/bdf.ts';
import type {IommuGroup, PciFunction} from '../model/pci.ts';
import {configBytes, findCapability, findExtendedCapability, unprivilegedBytes} from './pci-capabilities.ts';
import {pciDevices} from './read-pci.ts';
import {readBridgesAbove} from './read-topology.ts';

// From include/uapi/linux/pci_regs.h.
const PCI_HEADER_TYPE = 0x0e;
const PCI_CAP_ID_EXP = 0x10;
const PCI_EXT_CAP_ID_ACS = 0x000d;
const PCI_ACS_CAP = 4;
const PCI_ACS_CTRL = 6;
const acsBits: Readonly<Record<AcsFlag, number>> = {sourceValidation: 0x01, requestRedirect: 0x04, completionRedirect: 0x08, upstreamForwarding: 0x10};
// PCI_EXP_FLAGS_TYPE.
const portTypes: Readonly<Record<number, PortType>> = {0: 'endpoint', 1: 'endpoint', 4: 'root-port', 5: 'upstream-port', 6: 'downstream-port', 7: 'bridge', 8: 'bridge', 9: 'integrated-endpoint', 10: 'integrated-endpoint'};

/** Answers, for one function after the other, the facts about the way between it and the root
 * complex: each bridge, and all functions of the slot when it has several. VFs count as one
 * function each (virtfn->multifunction is 0 in drivers/pci/iov.c), so for them the bridges are
 * all. Thousands of VFs share a few bridges, so each is read once. */
export function acsReader(files: FileReader, all: ReadonlyMap<Bdf, PciFunction>): (bdf: Bdf) => AcsFact[] {
	const known = new Map<string, AcsFact>();
	const fact = (bdf: Bdf, role: AcsFact['role']) => {
		const found = known.get(`${role} ${bdf}`) ?? readFact(files, bdf, role);
		known.set(`${role} ${bdf}`, found);
		return found;
	};

	return bdf => {
		const slot = all.get(bdf)?.physfn === null ? functionsInSlot(bdf, all) : [];
		return [
			...readBridgesAbove(files, bdf).map(bridge => fact(bridge, 'bridge')),
			...(slot.length > 1 ? slot.map(sibling => fact(sibling, 'function')) : []),
		];
	};
}

/** The facts about the ways of all members of a group, each bridge once, held against the group. */
export function groupAcsPath({members}: IommuGroup, acsPathOf: (bdf: Bdf) => AcsFact[]): AcsFact[] {
	return judgeByGroup([...new Map(members.flatMap(bdf => acsPathOf(bdf)).map(fact => [`${fact.role} ${fact.bdf}`, fact])).values()], members);
}

function readFact(files: FileReader, bdf: Bdf, role: AcsFact['role']): AcsFact {
	const {port, acs, multifunction} = readAcs(files.readBytes(`${pciDevices}/${bdf}/config`));
	// An upstream port with one function has no peer to keep apart.
	return {bdf, role, port, acs, verdict: port === 'upstream-port' && !multifunction ? 'not-needed' : acsVerdict(port, acs)};
}

/** What config space tells of one function: its port type and its ACS. */
export function readAcs(config: Uint8Array | undefined): {port: PortType; acs: AcsState; multifunction: boolean} {
	if (config === undefined || config.length <= unprivilegedBytes) {
		return {port: 'unknown', acs: {kind: 'unknown'}, multifunction: false};
	}

	const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
	const multifunction = (view.getUint8(PCI_HEADER_TYPE) & 0x80) !== 0;
	const express = findCapability(view, PCI_CAP_ID_EXP);
	if (express === undefined) {
		return {port: 'conventional', acs: {kind: 'absent'}, multifunction};
	}

	const port = portTypes[(view.getUint16(express + 2, true) >> 4) & 0xf] ?? 'unknown';
	return {port, acs: readAcsCapability(view), multifunction};
}

function readAcsCapability(view: DataView): AcsState {
	// A kernel without access to extended config space (no MMCONFIG) shows 256 bytes.
	if (view.byteLength <= configBytes) {
		return {kind: 'unknown'};
	}

	const at = findExtendedCapability(view, PCI_EXT_CAP_ID_ACS);
	if (at === undefined) {
		return {kind: 'absent'};
	}

	const flagsIn = (word: number) => acsFlags.filter(flag => (word & acsBits[flag]) !== 0);
	return {kind: 'present', capable: flagsIn(view.getUint16(at + PCI_ACS_CAP, true)), enabled: flagsIn(view.getUint16(at + PCI_ACS_CTRL, true))};
}

function functionsInSlot(bdf: Bdf, all: ReadonlyMap<Bdf, PciFunction>): Bdf[] {
	return [0, 1, 2, 3, 4, 5, 6, 7].map(fn => `${bdf.slice(0, -1)}${fn}` as Bdf).filter(name => all.get(name)?.physfn === null);
}
