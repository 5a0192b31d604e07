// Plans how an interface comes back from a network namespace and is made what it was.
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Bdf} from '../../model/bdf.ts';
import {spareName} from '../../model/netns.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import {findVf, pfName, vfName} from '../../model/select.ts';
import type {Action} from '../action.ts';
import {inverse} from '../inverse.ts';
import type {NetnsIp} from '../netns-actions.ts';
import type {Plan} from '../plan.ts';
import {requireNotHeld} from '../preflight.ts';
import {restoreSettings} from '../restore-vf.ts';
import type {NetnsAttachment, PlacedNetdev} from './netns-request.ts';

export interface NetnsDetachRequest {
	bdf: Bdf;
	/** Where its interface is now: the namespace, or the host when the namespace is gone. Null: it
	 * has none, or it cannot be found. */
	placed: PlacedNetdev | null;
	/** The attach that is taken back; null when vfctl did not give it. */
	attachment: NetnsAttachment | null;
}

/** The plan that brings the interface back and restores what the attach changed, whatever became
 * of it in the namespace; empty when all is as before. Throws what `requireNotHeld` does when
 * the namespace is gone and somebody else has the VF, and NOT_ATTACHED when its interface cannot
 * be found. */
export function planNetnsDetach(inventory: Inventory, {bdf, placed, attachment}: NetnsDetachRequest): Plan {
	const owner = findVf(inventory, bdf);
	const pf = owner?.pf ?? inventory.pfs.find(candidate => candidate.bdf === bdf);
	const name = owner ? `${vfName(owner.pf, owner.vf)} (${bdf})` : pf === undefined ? bdf : `PF ${pfName(pf)} (${bdf})`;
	if (owner?.vf.inNamespace && placed === null) {
		throw new AppError('NOT_ATTACHED', `the interface of ${name} cannot be found`, {why: 'it is in a network namespace that no name, mount or process leads to', fix: 'end what holds the namespace (an open file or socket), then vfctl netns reclaim'});
	}

	if (owner && placed?.place.netns === null) {
		requireNotHeld(owner.pf, owner.vf, inventory);
	}

	const home = homeOf(inventory, {bdf, owner, placed, attachment});
	const netns = placed?.place.netns ?? attachment?.netns;
	return {
		version: 1,
		subject: {command: 'netns-detach', leaves: true, ...netns === undefined ? {} : {netns}, ...owner ? {vf: bdf} : {}, ...pf === undefined ? {} : {pf: pf.bdf}, ...attachment?.cni ? {cni: attachment.cni} : {}},
		title: `take ${name} back from namespace ${netns?.name ?? '(unknown)'}${placed?.place.netns === null ? ', which is gone' : ''}`,
		actions: [
			...placed === null ? [] : bringHome(placed, home),
			...attachment === null ? [] : restore(attachment, owner && {pf: owner.pf, vf: withMacBack(owner.vf, placed, home.ip)}),
		],
		warnings: attachment === null ? ['vfctl did not attach it, so its settings on the PF, its MAC and its MTU stay as they are'] : home.warnings,
		risks: [],
	};
}

interface Home {
	name: string;
	/** What it had before: nulls are left as they are. */
	ip: NetnsIp;
	warnings: string[];
}

/** What the interface was before the attach. */
function homeOf(inventory: Inventory, {bdf, owner, placed, attachment}: NetnsDetachRequest & {owner: {pf: Pf; vf: Vf} | undefined}): Home {
	const actions = attachment?.actions ?? [];
	const move = actions.find(action => action.kind === 'move-netdev' && action.bdf === bdf);
	const network = actions.find(action => action.kind === 'netns-network' && action.bdf === bdf);
	const before = network?.kind === 'netns-network' ? network.from : undefined;
	const known = move?.kind === 'move-netdev' ? move.from.name : null;
	const taken = (name: string) => inventory.netdevs.has(name) && inventory.netdevs.get(name)?.bdf !== bdf;
	const candidates = [...known === null ? [] : [known], ...placed === null ? [] : [placed.place.name], ...owner ? [`${pfName(owner.pf)}v${owner.vf.index}`] : []];
	const name = candidates.find(candidate => !taken(candidate)) ?? spareName(bdf);
	return {
		name,
		ip: {mac: before?.mac ?? null, mtuBytes: before?.mtuBytes ?? null, addresses: [], routes: [], up: false},
		warnings: known === null || known === name ? [] : [`another interface is called ${known} now, so this one becomes ${name}`],
	};
}

/** Settings first, while it is where its user had it; then the way back under its old name. */
function bringHome({bdf, place, ip}: PlacedNetdev, home: Home): Action[] {
	const to: NetnsIp = {...home.ip, mac: home.ip.mac === ip.mac ? null : home.ip.mac, mtuBytes: home.ip.mtuBytes === ip.mtuBytes ? null : home.ip.mtuBytes};
	const differs = to.mac !== null || to.mtuBytes !== null || ip.up || ip.addresses.length > 0 || ip.routes.length > 0;
	return [
		...differs ? [{kind: 'netns-network' as const, bdf, place, from: ip, to}] : [],
		...place.netns === null && place.name === home.name ? [] : [{kind: 'move-netdev' as const, bdf, from: place, to: {netns: null, name: home.name}}],
	];
}

/** The VF as it will be when its interface has its MAC back: a PF whose VF may choose its MAC
 * shows the one that was chosen. */
function withMacBack(vf: Vf, placed: PlacedNetdev | null, {mac}: NetnsIp): Vf {
	return placed !== null && mac !== null && vf.settings !== null && vf.settings.mac === placed.ip.mac ? {...vf, settings: {...vf.settings, mac}} : vf;
}

function restore({actions}: NetnsAttachment, owner: {pf: Pf; vf: Vf} | undefined): Action[] {
	return actions.toReversed().flatMap((action): Action[] => {
		switch (action.kind) {
			case 'set-link': {
				// A PF that was up went down to move. One that was brought up for its VFs stays up.
				return action.to === 'down' ? inverse(action) : [];
			}

			case 'set-vf': {
				return owner?.vf.bdf === action.bdf ? restoreSettings(owner.pf, owner.vf, action) : [];
			}

			case 'own-mac': {
				// Another MAC on the PF since then was meant.
				const set = actions.find(candidate => candidate.kind === 'set-vf' && candidate.bdf === action.bdf);
				return owner?.vf.bdf === action.bdf && set?.kind === 'set-vf' && set.to.mac === owner.vf.settings?.mac ? inverse(action) : [];
			}

			case 'bind': {
				return owner?.vf.bdf === action.bdf && owner.vf.driver === action.to.driver && owner.vf.driverOverride === action.to.override ? inverse(action) : [];
			}

			default: {
				return [];
			}
		}
	});
}
