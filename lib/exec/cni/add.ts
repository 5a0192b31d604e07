// CNI ADD: a VF for a container, with addresses. Two operations of the journal with the IPAM plugin
// in between, which may take long and must not hold up others:
//   1. the VF goes to the namespace (the journal knows the container from here on)
//   2. IPAM gives addresses
//   3. the interface gets them
// Killed in 1 or 3: the next call of CNI, or `vfctl recover`, puts the step back. Killed between
// them: DEL or GC finds the attachment in the journal, and gives the addresses back to IPAM.
import {AppError} from '../../errors.ts';
import {parseCniVfConfig, type CniVfConfig} from '../../formats/cni-config.ts';
import type {CniInterface, CniResult} from '../../model/cni.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import {zeroMac} from '../../model/mac.ts';
import type {NetnsRef} from '../../model/netns.ts';
import {findVf, pfName, select, selectPf} from '../../model/select.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import {planCniAddresses} from '../../plan/cni/plan-addresses.ts';
import {planVfioAttach} from '../../plan/cni/plan-vfio.ts';
import {isLeftover} from '../../plan/netns/leftovers.ts';
import type {NetnsFacts, PlacedNetdev} from '../../plan/netns/netns-request.ts';
import {planNetnsAttach} from '../../plan/netns/plan-netns-attach.ts';
import type {Plan} from '../../plan/plan.ts';
import {requireRisk} from '../../plan/preflight.ts';
import {findNamespace, requireHostNamespace, resolveNetns} from '../../sysfs/namespaces.ts';
import {execute} from '../execute.ts';
import {readIpIn} from '../read-placed-netdevs.ts';
import {findNetdev} from '../find-netdev.ts';
import {readNetnsFacts} from '../read-netns-facts.ts';
import {findCniAttachments} from './attachments.ts';
import {ipamAdd, ipamDelQuietly} from './ipam.ts';
import {release, releaseOwn} from './release.ts';
import {attachmentOf, cniInventory, isSameAttachment, underCniLock, type CniSession} from './session.ts';

/** The result of ADD. Rejects with everything put back, IPAM's reservation too. */
export async function cniAdd(session: CniSession): Promise<CniResult> {
	const wanted = parseCniVfConfig(session.value, session.call.mac);
	const given = await underCniLock(session, async () => give(session, wanted));
	try {
		const ipam = await ipamAdd(session);
		try {
			const result = resultOf(wanted, given, ipam);
			if (given.netdev !== null && ipam !== null) {
				const {netdev} = given;
				await underCniLock(session, async () => execute(planCniAddresses(netdev, ipam, attachmentOf(session)), session.run));
			}

			return result;
		} catch (error) {
			if (ipam !== null) {
				await ipamDelQuietly(session);
			}

			throw error;
		}
	} catch (error) {
		await takeBack(session);
		throw error;
	}
}

interface Given {
	vf: Bdf;
	/** Null for a VF on VFIO. */
	netdev: PlacedNetdev & {place: {netns: NetnsRef}} | null;
	interface: CniInterface;
}

async function give(session: CniSession, wanted: CniVfConfig): Promise<Given> {
	const {run, call} = session;
	const {host} = run;
	requireHostNamespace(host.files);
	const netns = resolveNetns(host.files, call.netns!);
	await releaseLeftovers(session, wanted);
	const inventory = await cniInventory(session);
	const facts = await readNetnsFacts(host, inventory, netns);
	requireKnownGuests(inventory, wanted, session);
	const plan = planOf(inventory, facts, {session, wanted, netns});
	for (const warning of plan.warnings) {
		session.log('warning', warning);
	}

	await execute(plan, run);
	try {
		return await readGiven(session, plan, netns);
	} catch (error) {
		await releaseOwn(session);
		throw error;
	}
}

/** What died with its namespace is made as it was, before the VF goes to somebody else: its DEL may
 * come later or never. A container that has its interface already is refused. */
async function releaseLeftovers(session: CniSession, {deviceId, pf}: CniVfConfig): Promise<void> {
	const {host} = session.run;
	const key = attachmentOf(session);
	const attachments = findCniAttachments(host.files);
	if (attachments.length === 0) {
		return;
	}

	const inventory = await cniInventory(session);
	const candidates = deviceId === null ? selectPf(inventory, pf!).vfs.map(({bdf}) => bdf) : [deviceId];
	for (const attachment of attachments) {
		const isOver = attachment.name === null ? findNamespace(host.files, attachment.netns) === undefined : isLeftover(inventory, attachment);
		const isSame = isSameAttachment(key, attachment.cni);
		if (isSame && !isOver) {
			throw new AppError('VF_HELD', `container ${key.containerId} has ${key.ifname} of network ${key.network} already`, {why: `it is ${attachment.bdf}, since operation ${attachment.operation}`, fix: 'call DEL before ADD'});
		}

		if (isOver && (isSame || candidates.includes(attachment.bdf))) {
			await release(session, attachment);
		}
	}
}

/** A guest that is off shows only in libvirt. The VF of a running one is seen by its VFIO group, so
 * one that the runtime was given for its containers may be used; a choice of our own may not. */
function requireKnownGuests({guests, libvirtProblem}: Inventory, {deviceId, acceptedRisks}: CniVfConfig, {log}: CniSession): void {
	if (guests !== null) {
		return;
	}

	if (deviceId === null) {
		try {
			requireRisk('unknown-guests', acceptedRisks, libvirtProblem ?? 'libvirt does not answer');
		} catch (error) {
			throw error instanceof AppError ? new AppError(error.code, error.message, {...(error.why === undefined ? {} : {why: error.why}), fix: 'start libvirt, or put "acceptRisk": ["unknown-guests"] into the network configuration', details: error.details}) : error;
		}
	}

	log('warning', `guests that are off may name ${deviceId ?? 'the VF'} too: ${libvirtProblem ?? 'libvirt does not answer'}`);
}

function planOf(inventory: Inventory, facts: NetnsFacts, {session, wanted, netns}: {session: CniSession; wanted: CniVfConfig; netns: NetnsRef}): Plan {
	const {deviceId, pf, mac, settings, acceptedRisks} = wanted;
	const cni = attachmentOf(session);
	const owner = findVf(inventory, deviceId);
	if (owner && isVfioDriver(owner.vf.driver)) {
		const other = findCniAttachments(session.run.host.files).find(({bdf}) => bdf === owner.vf.bdf);
		if (other) {
			throw heldError(owner.vf.bdf, `container ${other.cni?.containerId} has it`);
		}

		return planVfioAttach(inventory, {...owner, netns, cni, mac, settings});
	}

	if (deviceId !== null && select(inventory, deviceId).kind === 'pf') {
		throw new AppError('PF_NOT_VF', `${deviceId} is a PF, and a container gets a VF`, {why: 'the whole card would leave the host', fix: 'give deviceID the address of a VF, or name the PF in "pf"'});
	}

	const plan = planNetnsAttach(inventory, {
		netns, cni, acceptedRisks, settings, device: deviceId ?? pfName(selectPf(inventory, pf!)), wholePf: false, name: session.call.ifname, addresses: [], routes: [],
		...(mac === null ? {} : {mac}),
	}, facts);
	if (plan.actions.length === 0) {
		throw heldError(plan.subject.vf ?? deviceId!, plan.title);
	}

	return plan;
}

function heldError(vf: Bdf, why: string): AppError {
	return new AppError('VF_HELD', `${vf} is taken`, {why, fix: 'call DEL for it first, or use another VF'});
}

/** What the container has, read back: from its namespace, or of a VF on VFIO from the PF. */
async function readGiven(session: CniSession, {subject}: Plan, netns: NetnsRef): Promise<Given> {
	const {run: {host}, call} = session;
	const vf = subject.vf!;
	const place = await findNetdev(host, vf, [netns]);
	const ip = place?.netns ? await readIpIn(host.runner, place.netns, place.name) : null;
	if (place?.netns && ip !== null) {
		return {
			vf,
			netdev: {bdf: vf, place: {netns: place.netns, name: place.name}, ip},
			interface: {name: place.name, mac: ip.mac, mtuBytes: ip.mtuBytes, sandbox: call.netns, pciId: vf},
		};
	}

	const mac = findVf(await cniInventory(session), vf)?.vf.settings?.mac ?? null;
	return {vf, netdev: null, interface: {name: call.ifname, mac: mac === zeroMac ? null : mac, mtuBytes: null, sandbox: call.netns, pciId: vf}};
}

function resultOf({dns}: CniVfConfig, given: Given, ipam: CniResult | null): CniResult {
	return {
		interfaces: [given.interface],
		// All of them are on the one interface, whatever IPAM says.
		ips: (ipam?.ips ?? []).map(ip => ({...ip, interface: 0})),
		routes: ipam?.routes ?? [],
		dns: Object.keys(dns).length > 0 ? dns : ipam?.dns ?? {},
	};
}

/** The VF back, after something later failed. What fails here too is left to DEL. */
async function takeBack(session: CniSession): Promise<void> {
	// The call may have been stopped by a signal, which is not to stop this.
	const calm = {...session, run: {...session.run, signal: undefined}};
	try {
		await underCniLock(calm, async () => releaseOwn(calm));
	} catch (error) {
		session.log('error', `the VF could not be taken back, DEL does it: ${error instanceof Error ? error.message : String(error)}`);
	}
}
