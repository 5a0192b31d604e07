// The namespace has the interface already.
import type {Inventory} from '../../model/inventory.ts';
import {sameRoute} from '../../model/guest-ip.ts';
import {findVf, pfName, vfName, type Selected} from '../../model/select.ts';
import {settingLabel, vfSettingsDifference} from '../../model/vf-settings.ts';
import type {Plan} from '../plan.ts';
import type {NetnsAttachRequest, NetnsFacts, PlacedNetdev} from './netns-request.ts';
import {attachSubject} from './plan-netns-attach.ts';

/** The empty plan, when the namespace has the VF that is asked for; of a PF any, or the one of the
 * name that is asked for. */
export function presentPlan(inventory: Inventory, request: NetnsAttachRequest, {selected, facts}: {selected: Selected; facts: NetnsFacts}): Plan | undefined {
	const {pf} = selected;
	const wanted = selected.kind === 'vf' ? [selected.vf.bdf] : request.wholePf ? [pf.bdf] : pf.vfs.map(({bdf}) => bdf);
	const chosen = selected.kind === 'vf' || request.wholePf;
	const present = facts.interfaces.find(({bdf, place}) => wanted.includes(bdf) && place.netns?.inode === request.netns.inode && (chosen || request.name === undefined || request.name === place.name));
	if (!present) {
		return undefined;
	}

	const vf = findVf(inventory, present.bdf)?.vf ?? null;
	return {
		version: 1,
		subject: attachSubject(request, pf, vf),
		title: `namespace ${request.netns.name} has ${vf === null ? pfName(pf) : vfName(pf, vf)} (${present.bdf}) already, as ${present.place.name}`,
		actions: [],
		warnings: presentWarnings(request, present, vf?.settings === null || vf === null ? [] : Object.keys(vfSettingsDifference(vf.settings, request.settings))),
		risks: [],
	};
}

/** What was asked for and is not so. */
function presentWarnings(request: NetnsAttachRequest, {place, ip}: PlacedNetdev, settings: readonly string[]): string[] {
	const asked = [
		...request.name === undefined || request.name === place.name ? [] : ['name'],
		...request.addresses.every(address => ip.addresses.includes(address)) ? [] : ['address'],
		...request.routes.every(route => ip.routes.some(other => sameRoute(route, other))) ? [] : ['route'],
		...request.mtuBytes === undefined || request.mtuBytes === ip.mtuBytes ? [] : ['mtu'],
		...request.mac === undefined || request.mac === ip.mac ? [] : ['mac'],
		...settings.map(name => settingLabel(name)),
	];
	return asked.length === 0 ? [] : [`it stays as it is, whatever was asked for (${asked.join(', ')}): what is detached can be attached otherwise`];
}
