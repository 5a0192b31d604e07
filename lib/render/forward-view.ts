// Forwarding in the shape of `vfctl forward table --json` and `stats --json`; the text is made of it.
import type {Bdf} from '../model/bdf.ts';
import {cardReasonText, type ForwardPort, type ForwardStats, type PfForwarding, type PortRules, type Relay, type SwitchMode} from '../model/forward.ts';
import {holderOf} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import type {NamespacedNetdev} from '../sysfs/read-namespaces.ts';
import {holderView, type HolderView} from './names.ts';

export interface ForwardPortView {
	/** `eth1`, `eth1#0`. */
	name: string;
	/** Null: the PF itself. */
	vf: number | null;
	bdf: Bdf | null;
	/** Null where it is not found: its namespace cannot be entered, or it has just moved. */
	netdev: string | null;
	/** Name or path; null: the host's own. */
	namespace: string | null;
	ifindex: number;
	netnsInode: number;
	/** Of a VF. */
	holder: HolderView | null;
	/** Why everything from it goes to the card; null: nothing holds it. */
	held: {reason: string; text: string} | null;
	/** Null: they could not be learned from the PF's driver. */
	rules: PortRules | null;
	stats: ForwardStats;
}

export interface RelayView extends Omit<Relay, 'macs'> {
	/** Addresses that the card was given, with the PF behind which each is. */
	macs: Array<{mac: string; home: string; homeBdf: Bdf}>;
	/** How many more it takes. */
	filtersFree: number;
}

export interface PfForwardView {
	name: string;
	bdf: Bdf;
	on: boolean;
	/** Null when it is off. */
	mode: PfForwarding['mode'] | null;
	/** How the card's own switch works; null: its driver tells no mode. */
	switch: SwitchMode | null;
	/** Null: nothing is relayed. */
	relay: RelayView | null;
	ports: ForwardPortView[];
}

export interface ForwardView {
	host: string;
	/** The module vfctl_fwd. */
	loaded: boolean;
	/** Those that it is on for, and the one that was named. */
	pfs: PfForwardView[];
}

export interface ForwardViewFacts {
	hostName: string;
	inventory: Inventory;
	/** Null: all. */
	chosen: Pf | null;
	/** Null: the module is not loaded. */
	forwarding: readonly PfForwarding[] | null;
	namespaced: ReadonlyMap<Bdf, NamespacedNetdev>;
	/** By PF. */
	switchModes: ReadonlyMap<Bdf, SwitchMode | null>;
}

/** The view of one PF, or of all that it is on for. */
export function forwardView(facts: ForwardViewFacts): ForwardView {
	const {hostName, chosen, forwarding, switchModes} = facts;
	const shown = (forwarding ?? []).filter(({pf}) => chosen === null || pf === chosen.bdf);
	const off = chosen === null || forwarding === null || shown.length > 0 ? [] : [{name: pfName(chosen), bdf: chosen.bdf, on: false, mode: null, switch: switchModes.get(chosen.bdf) ?? null, relay: null, ports: []}];
	return {host: hostName, loaded: forwarding !== null, pfs: [...shown.map(one => pfView(facts, one)), ...off]};
}

function pfView({inventory, namespaced, switchModes}: ForwardViewFacts, {pf: bdf, mode, relay, ports}: PfForwarding): PfForwardView {
	const pf = inventory.pfs.find(candidate => candidate.bdf === bdf);
	const name = pf === undefined ? bdf : pfName(pf);
	return {name, bdf, on: true, mode, switch: switchModes.get(bdf) ?? null, relay: relay && relayView(relay, inventory), ports: ports.map(port => portView(port, {name, pf, inventory, namespaced}))};
}

function relayView({macs, ...relay}: Relay, {pfs}: Inventory): RelayView {
	const nameOf = (bdf: Bdf) => {
		const pf = pfs.find(candidate => candidate.bdf === bdf);
		return pf === undefined ? bdf : pfName(pf);
	};

	return {...relay, macs: macs.map(({mac, home}) => ({mac, home: nameOf(home), homeBdf: home})), filtersFree: Math.max(relay.filterLimit - relay.filterUsed - macs.length, 0)};
}

function portView({vf: index, ifindex, netnsInode, held, rules, stats}: ForwardPort, {name, pf, inventory, namespaced}: {name: string; pf: Pf | undefined; inventory: Inventory; namespaced: ForwardViewFacts['namespaced']}): ForwardPortView {
	const vf = pf?.vfs.find(candidate => candidate.index === index);
	const device = index === 'pf' ? pf : vf;
	const elsewhere = device === undefined ? undefined : namespaced.get(device.bdf);
	return {
		name: index === 'pf' ? name : pf !== undefined && vf !== undefined ? vfName(pf, vf) : `${name}#${index}`,
		vf: index === 'pf' ? null : index,
		bdf: device?.bdf ?? null,
		netdev: elsewhere?.netdev ?? device?.netdevs[0] ?? null,
		namespace: elsewhere?.namespace ?? null,
		ifindex, netnsInode,
		holder: vf === undefined ? null : holderView(holderOf(vf, inventory), namespaced.get(vf.bdf)),
		held: held === null ? null : {reason: held, text: cardReasonText(held)},
		rules, stats,
	};
}
