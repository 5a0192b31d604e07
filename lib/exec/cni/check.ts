// CNI CHECK and STATUS: both only look.
import {AppError} from '../../errors.ts';
import {parseCniVfConfig} from '../../formats/cni-config.ts';
import {cniErrors, cniRefusal, withCniCode} from '../../formats/cni-error.ts';
import type {CniResult} from '../../model/cni.ts';
import {routeText} from '../../model/guest-ip.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findVf, pfName, select, selectPf} from '../../model/select.ts';
import {settingLabel, vfSettingsDifference} from '../../model/vf-settings.ts';
import {cniRoutes} from '../../plan/cni/plan-addresses.ts';
import type {NetnsAttachment} from '../../plan/netns/netns-request.ts';
import {pickFreeVf} from '../../plan/pick-vf.ts';
import {requireUsablePf} from '../../plan/preflight.ts';
import {resolveNetns} from '../../sysfs/namespaces.ts';
import {findNetdev} from '../find-netdev.ts';
import {unfinishedOperations} from '../journal.ts';
import {readIpIn} from '../read-placed-netdevs.ts';
import {requireNoneUnfinished} from '../with-lock.ts';
import {findCniAttachments} from './attachments.ts';
import {ipamCheck, ipamSinceOne} from './ipam.ts';
import {attachmentOf, cniInventory, isSameAttachment, type CniSession} from './session.ts';

/** Throws NOT_ATTACHED when the container has not what ADD gave it, with everything that differs. */
export async function cniCheck(session: CniSession): Promise<void> {
	const {network, run} = session;
	const {prevResult} = network;
	if (prevResult === null) {
		throw cniRefusal('invalidConfig', 'CHECK needs prevResult', {why: 'the network configuration does not have it', fix: 'call CHECK through the runtime, which adds what ADD gave'});
	}

	const key = attachmentOf(session);
	const attachment = findCniAttachments(run.host.files).find(({cni}) => isSameAttachment(key, cni));
	if (attachment === undefined) {
		throw notAsGiven(session, ['the journal has no such attachment']);
	}

	const problems = [...await settingProblems(session, attachment), ...attachment.name === null ? [] : await interfaceProblems(session, attachment, prevResult)];
	if (problems.length > 0) {
		throw notAsGiven(session, problems);
	}

	await ipamCheck(session);
}

/** What the PF has to have set for the VF. */
async function settingProblems(session: CniSession, {bdf}: NetnsAttachment): Promise<string[]> {
	const {mac, settings} = parseCniVfConfig(session.value, session.call.mac);
	const vf = findVf(await cniInventory(session), bdf)?.vf;
	if (vf === undefined) {
		return [`${bdf} is gone`];
	}

	const wanted = {...settings, ...(mac === null ? {} : {mac})};
	return vf.settings === null ? [] : Object.keys(vfSettingsDifference(vf.settings, wanted)).map(name =>
		`${settingLabel(name)} on the PF is ${String(vf.settings![name as keyof typeof vf.settings])}, not ${String(wanted[name as keyof typeof wanted])}`);
}

/** What the interface has to be in the namespace. Its MTU is not compared: the tuning plugin sets it
 * after this one and does not say so. */
async function interfaceProblems({run, call}: CniSession, {bdf}: NetnsAttachment, result: CniResult): Promise<string[]> {
	const {host} = run;
	const netns = resolveNetns(host.files, call.netns!);
	const place = await findNetdev(host, bdf, [netns]);
	const ip = place?.netns?.inode === netns.inode ? await readIpIn(host.runner, place.netns, place.name) : null;
	if (!place || ip === null) {
		return [place ? `its interface is ${place.netns === null ? 'on the host' : `in namespace ${place.netns.name}`}` : 'its interface cannot be found'];
	}

	const index = result.interfaces.findIndex(({name, sandbox}) => name === call.ifname && sandbox !== null);
	const told = result.interfaces[index];
	const addresses = result.ips.filter(one => one.interface === null || one.interface === index).map(({address}) => address);
	// Routes with more than a gateway and a metric were made by somebody else.
	const routes = cniRoutes({...result, routes: result.routes.filter(({more}) => Object.keys(more).length === 0)});
	return [
		...place.name === call.ifname ? [] : [`it is called ${place.name}`],
		...told === undefined ? [`prevResult has no interface ${call.ifname}`] : told.mac === null || told.mac === ip.mac ? [] : [`its MAC is ${ip.mac}, not ${told.mac}`],
		...ip.up ? [] : ['it is down'],
		...addresses.filter(address => !ip.addresses.includes(address)).map(address => `address ${address} is missing`),
		// The kernel may tell another metric than null.
		...routes.filter(({to, via, metric}) => !ip.routes.some(route => route.to === to && route.via === via && (metric === null || route.metric === metric))).map(route => `route ${routeText(route)} is missing`),
	];
}

function notAsGiven({call}: CniSession, problems: readonly string[]): AppError {
	return new AppError('NOT_ATTACHED', `${call.ifname} of container ${call.containerId} is not as ADD left it`, {why: problems.join('; '), fix: 'DEL and ADD give it anew', details: {problems}});
}

/** Throws, with the code for a plugin that cannot serve, when an ADD would have no chance now. */
export async function cniStatus(session: CniSession): Promise<void> {
	const {host} = session.run;
	try {
		requireNoneUnfinished(unfinishedOperations(host.files).filter(({header}) => header?.plan.subject.cni === undefined));
		requireVfs(await cniInventory(session), session.value);
		await ipamSinceOne(session, 'STATUS');
	} catch (error) {
		throw error instanceof AppError && error.code !== 'BAD_CNI' ? withCniCode(error, cniErrors.notAvailable) : error;
	}
}

/** The device of the configuration, or without one (the runtime adds it to ADD) any VF at all. */
function requireVfs(inventory: Inventory, value: CniSession['value']): void {
	const named = ['deviceID', 'pf'].some(key => ![undefined, null, ''].includes(value[key] as string | null | undefined));
	const {deviceId, pf: name} = named ? parseCniVfConfig(value, null) : {deviceId: null, pf: null};
	if (deviceId !== null) {
		requireUsablePf(select(inventory, deviceId).pf);
	} else if (name !== null) {
		const pf = selectPf(inventory, name);
		requireUsablePf(pf);
		if (pf.numVfs > 0) {
			pickFreeVf(pf, inventory, {forGuest: false});
		}
	} else if (!inventory.pfs.some(pf => pf.netdevs.length > 0 && pf.numVfs > 0)) {
		throw new AppError('NO_FREE_VF', 'no PF of this host has VFs', {why: `its PFs are: ${inventory.pfs.map(pf => pfName(pf)).join(', ') || 'none'}`, fix: 'vfctl vf create PF COUNT'});
	}
}
