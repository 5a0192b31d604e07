// Plans VF counts and VF settings.
import {AppError} from '../errors.ts';
import {requireFreeMac} from '../model/free-mac.ts';
import {holderOf, isHeld} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import {zeroMac} from '../model/mac.ts';
import type {Pf} from '../model/pci.ts';
import {pfName, selectPf, selectVf, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import type {Steering} from '../model/steering.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import type {Action, RememberedVf} from './action.ts';
import {noteOwnMac} from './own-mac-action.ts';
import type {Plan, PlanSubject, RiskName} from './plan.ts';
import {requireHostKeepsLink, requireNoneHeld} from './preflight.ts';
import {setVf} from './set-vf-action.ts';
import {overNewVfs} from './steer/over-new-vfs.ts';

export interface VfCreateRequest {
	pf: string;
	count: number;
	acceptedRisks: readonly RiskName[];
	/** The rules of the PF, where they could be read. */
	steering?: Steering | null;
}

/** Makes the PF have `count` VFs; empty when it has. Through 0 when it has another number. */
export function planVfCreate(inventory: Inventory, request: VfCreateRequest): Plan {
	const pf = selectPf(inventory, request.pf);
	const name = pfName(pf);
	if (!Number.isInteger(request.count) || request.count < 0 || request.count > pf.totalVfs) {
		throw new AppError('BAD_COUNT', `${name} cannot have ${request.count} VFs`, {why: `it can have 0 to ${pf.totalVfs} (sriov_totalvfs)`, fix: `vfctl vf create ${quote(name)} ${pf.totalVfs}`});
	}

	const subject: PlanSubject = {command: request.count === 0 ? 'vf-destroy' : 'vf-create', pf: pf.bdf};
	const title = request.count === 0 ? `destroy the VFs of ${name}` : `give ${name} ${request.count} VFs`;
	if (pf.numVfs === request.count) {
		return {version: 1, subject, title: request.count === 0 ? `${name} has no VFs` : `${name} has ${request.count} VFs already`, actions: [], warnings: [], risks: []};
	}

	if (pf.driver === null || isVfioDriver(pf.driver)) {
		throw new AppError('PF_NO_DRIVER', `PF ${pf.bdf} has no driver that can make VFs`, {why: pf.driver === null ? 'no driver is bound to it' : `it is on ${pf.driver}`, fix: `modprobe the driver of the card (lspci -k -s ${pf.bdf}), or vfctl bind ${pf.bdf} DRIVER --accept-risk bind-pf`});
	}

	if (request.count > 0 && pf.inNamespace) {
		throw new AppError('PF_IN_USE', `PF ${pf.bdf} makes no VFs while a network namespace has its interface`, {why: 'the kernel would make them, and nobody here could set their MAC, VLAN or checks: that goes through its interface', fix: 'vfctl netns list shows where it is; vfctl netns detach takes it back'});
	}

	const risks = pf.numVfs > 0 ? requireNoneHeld(pf, inventory, request.acceptedRisks) : [];
	const actions: Action[] = [];
	const netdev = pf.netdevs[0];
	if (request.count > 0 && netdev !== undefined && inventory.netdevs.get(netdev)?.up !== true) {
		actions.push({kind: 'set-link', netdev, from: 'down', to: 'up'});
	}

	const steered = overNewVfs(pf, request.steering ?? null, request.count);
	actions.push(...steered.actions);
	const remembered = rememberVfs(pf);
	if (pf.numVfs > 0) {
		actions.push({kind: 'set-numvfs', pf: pf.bdf, pfNetdev: netdev ?? null, from: pf.numVfs, to: 0, remembered});
	}

	if (request.count > 0) {
		actions.push({kind: 'set-numvfs', pf: pf.bdf, pfNetdev: netdev ?? null, from: 0, to: request.count, remembered: []});
	}

	const lost = pf.numVfs > 0 && request.count > 0 ? [`the ${pf.numVfs} VFs of ${name} go away and come back new: their settings are lost`] : [];
	return {version: 1, subject, title, actions, warnings: [...lost, ...steered.warnings, ...poolWarnings(pf, request.count, inventory)], risks};
}

/** Pools that will be of other VFs than there are. */
function poolWarnings(pf: Pf, count: number, {pools}: Inventory): string[] {
	const gone = pf.vfs.filter(({index}) => index >= count).map(({bdf}) => bdf);
	return (pools ?? []).flatMap(({name, active, pfNetdev, members}) => {
		if (pfNetdev === null) {
			return members.some(bdf => gone.includes(bdf)) ? [`the pool ${name} names VFs that will not be there: vfctl pool resize ${quote(name)} --remove VF`] : [];
		}

		return active && pf.netdevs.includes(pfNetdev) ? [`the pool ${name} goes on with the VFs that it found when it started: vfctl pool stop ${quote(name)}, vfctl pool start ${quote(name)}`] : [];
	});
}

/** What the VFs have that new ones would not. */
export function rememberVfs(pf: Pf): RememberedVf[] {
	return pf.vfs.map(({index, bdf, settings, driverOverride}) => {
		const part: VfSettingsPart = {};
		if (settings !== null) {
			for (const [name, value] of Object.entries(settings)) {
				// Null is a setting that the driver does not have.
				if (value !== null && !(name === 'mac' && value === zeroMac)) {
					Object.assign(part, {[name]: value});
				}
			}
		}

		return {index, bdf, settings: part, override: driverOverride};
	});
}

export interface VfSetRequest {
	vf: string;
	settings: VfSettingsPart;
	acceptedRisks: readonly RiskName[];
}

/** Changes settings of one VF; empty when they are so already. */
export function planVfSet(inventory: Inventory, request: VfSetRequest): Plan {
	const {pf, vf} = selectVf(inventory, request.vf);
	const {mac} = request.settings;
	if (mac !== undefined && mac !== null) {
		requireFreeMac(inventory, mac, vf.bdf);
	}

	const changes = setVf({pf, vf, wanted: request.settings, assumed: false, reload: false});
	requireHostKeepsLink(pf, vf, inventory, changes);
	const holder = holderOf(vf, inventory);
	const busy = isHeld(holder) && !(holder.kind === 'guest' && holder.when === 'config');
	const newMac = mac !== undefined && mac !== null && mac !== vf.settings?.mac;
	const actions = [...newMac ? noteOwnMac(pf, vf) : [], ...changes.map(action => ({...action, reload: newMac && !busy}))];
	return {
		version: 1,
		subject: {command: 'vf-set', vf: vf.bdf, pf: pf.bdf},
		title: actions.length === 0 ? `${vfName(pf, vf)} is set so already` : `set ${vfName(pf, vf)} (${vf.bdf})`,
		actions,
		warnings: newMac && busy ? [`${vfName(pf, vf)} is in use: its driver takes the new MAC only when it is loaded again`] : [],
		risks: [],
	};
}
