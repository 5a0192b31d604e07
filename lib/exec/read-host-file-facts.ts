// Reads what planning a host file needs besides the inventory.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import {noRelay} from '../model/forward.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import type {HostFile, WantedTuning} from '../model/host-file.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf} from '../model/pci.ts';
import {selectPf} from '../model/select.ts';
import type {Steering} from '../model/steering.ts';
import {bindingRulePath} from '../plan/binding-rule.ts';
import {guestNetworkKey, type GuestNetworkFacts, type HostFileFacts} from '../plan/host-file/facts.ts';
import {guestNetworkNeeds} from '../plan/host-file/plan-host-file.ts';
import {readHugepages} from '../sysfs/read-hugepages.ts';
import {readSteering, steeringIfTold} from '../sysfs/read-steering.ts';
import {findAttachActions} from './attachments.ts';
import {readForwardFacts, readSwitchModes} from './forward/read-forward-facts.ts';
import {readInterruptFacts} from './read-interrupt-facts.ts';
import {readGuestNetworkFacts} from './read-guest-facts.ts';

export type GivenFacts = Omit<HostFileFacts, 'bindingRules' | 'attachActions' | 'guestNetworks' | 'interrupts' | 'steering' | 'forward' | 'switchModes' | 'hugepages'>;

/** The facts of this host. Throws NO_AGENT, with the place in the file, when a running guest that
 * must be asked does not answer; and what planning throws. */
export async function readHostFileFacts({host, libvirt}: {host: Host; libvirt: () => Promise<Libvirt>}, {inventory, file, given}: {inventory: Inventory; file: HostFile; given: GivenFacts}): Promise<HostFileFacts> {
	const forwarding = forwardingAsked(inventory, file);
	const switchModes = await readSwitchModes(host, [...new Set([
		...file.pfs.flatMap(({pf, switch: mode}) => mode === undefined ? [] : pfIfThere(inventory, pf) ?? []),
		...forwarding?.on ? forwarding.pfs : [],
	])]);
	const facts: HostFileFacts = {
		...given,
		bindingRules: readBindingRules(host),
		attachActions: key => findAttachActions(host.files, key),
		guestNetworks: new Map(),
		switchModes, interrupts: null, steering: new Map(), forward: null, hugepages: null,
	};
	const guestNetworks = new Map<string, GuestNetworkFacts>();
	for (const need of guestNetworkNeeds(inventory, file, facts)) {
		const read = await readGuestNetworkFacts({libvirt: await libvirt(), clock: host.clock}, need);
		// A device that is attached anew is read twice: with its file, and before, to be noted.
		if (read !== undefined) {
			guestNetworks.set(guestNetworkKey(need.guest.uuid, need.mac), read);
		}
	}

	const tuned = tunedBdfs(inventory, file);
	return {
		...facts, guestNetworks,
		interrupts: tuned === undefined ? null : await readInterruptFacts(host, tuned),
		steering: await readTables(host, inventory, file),
		forward: forwarding && await readForwardFacts(host, {...forwarding, modes: switchModes}),
		hugepages: file.hugepages.length === 0 ? null : readHugepages(host.files),
	};
}

/** Where only the number of VFs changes, rules that cannot be read are in nobody's way. */
async function readTables({runner}: Host, inventory: Inventory, {pfs}: HostFile): Promise<Map<Bdf, Steering>> {
	const tables = new Map<Bdf, Steering>();
	for (const {pf, numVfs, steering} of pfs) {
		const found = numVfs === undefined && steering === undefined ? undefined : pfIfThere(inventory, pf);
		const [netdev] = found?.netdevs ?? [];
		if (found === undefined || netdev === undefined || (steering === undefined && numVfs === found.numVfs)) {
			continue;
		}

		const table = steering === undefined ? await steeringIfTold(runner, netdev) : await readSteering(runner, netdev);
		if (table !== null) {
			tables.set(found.bdf, table);
		}
	}

	return tables;
}

/** What has to be known of passing frames on; null where no PF tells of it. */
function forwardingAsked(inventory: Inventory, {pfs}: HostFile): {pfs: Pf[]; on: boolean} | null {
	const told = pfs.filter(({forwarding, relay}) => forwarding !== undefined || relay !== undefined);
	return told.length === 0 ? null : {
		pfs: told.flatMap(({pf}) => pfIfThere(inventory, pf) ?? []),
		// The module is looked for only when some PF wants it.
		on: told.some(({forwarding, relay}) => forwarding === 'on' || (relay ?? noRelay) !== noRelay),
	};
}

/** Undefined where the name leads to none: planning tells it, with the place. */
function pfIfThere(inventory: Inventory, name: string): Pf | undefined {
	try {
		return selectPf(inventory, name);
	} catch (error) {
		if (error instanceof AppError) {
			return undefined;
		}

		throw error;
	}
}

/** The devices that are there now, of those whose interrupts or queues the file places; undefined
 * when it places none. */
function tunedBdfs(inventory: Inventory, {pfs, vfs}: HostFile): Bdf[] | undefined {
	const places = (wanted: WantedTuning) => wanted.interrupts !== undefined || wanted.rps !== undefined;
	const ranges = vfs.filter(entry => places(entry)).map(({select}) => select);
	const tuned = pfs.filter(entry => places(entry));
	return ranges.length + tuned.length === 0 ? undefined : [
		...tuned.map(({pf}) => selectPf(inventory, pf).bdf),
		...ranges.flatMap(({pf, indexes}) => selectPf(inventory, pf).vfs.filter(({index}) => indexes.includes(index)).map(({bdf}) => bdf)),
	];
}

function readBindingRules({files}: Host): Map<Bdf, string> {
	const rules = new Map<Bdf, string>();
	for (const name of files.list('/etc/udev/rules.d')) {
		const bdf = parseBdf(/^70-vfctl-(.+)\.rules$/.exec(name)?.[1] ?? '');
		const text = bdf && files.readText(bindingRulePath(bdf));
		if (bdf && text !== undefined) {
			rules.set(bdf, text);
		}
	}

	return rules;
}
