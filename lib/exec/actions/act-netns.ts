// Interfaces that go to network namespaces and come back. An interface is found by its device:
// whoever has the namespace may have renamed it.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {guestIpText, sameGuestIp} from '../../model/guest-ip.ts';
import {spareName, type NetdevPlace, type NetnsRef} from '../../model/netns.ts';
import type {MoveNetdevAction, MovePlace, NetnsIp, NetnsNetworkAction} from '../../plan/netns-actions.ts';
import {moveCommand, netnsNetworkCommands} from '../../plan/netns-equivalent.ts';
import {namespaceAt} from '../../sysfs/namespaces.ts';
import {findNetdev} from '../find-netdev.ts';
import {kernelTime} from '../kernel-messages.ts';
import {readIpIn} from '../read-placed-netdevs.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

// Removing an address takes its routes along, so what is missing is looked at again.
const mostPasses = 4;

/** Moves and renames in one request, which the kernel does under one lock (rtnl). When the name is
 * taken there it has moved all the same (do_setlink in net/core/rtnetlink.c): undoing finds it. */
export const moveNetdev: ActionHandler<MoveNetdevAction> = {
	async observe(context, {bdf, from, to}) {
		// What an earlier step makes may take its time to appear, and takes none of this one's.
		const place = from.name === null ? await awaitNetdev(context, bdf, [from, to]) : await findNetdev(context.host, bdf, namespacesOf(from, to));
		if (place === undefined) {
			return {other: `${bdf} has no network interface that can be found`};
		}

		// Taking it home is right from wherever it is by now.
		const isTo = isAt(place, to);
		const isFrom = !isTo && (to.netns === null && from.netns !== null || isAt(place, sameNamespace(from.netns, to.netns) ? from : {...from, name: null}));
		return compare(isFrom, isTo, `the interface of ${bdf} is ${placeWords(place)}`);
	},

	async apply(context, {bdf, from, to}) {
		const {host, signal} = context;
		const place = await awaitNetdev(context, bdf, [from, to]);
		const what = `the interface of ${bdf} could not be moved to ${to.netns === null ? 'the host' : `namespace ${to.netns.name}`}`;
		if (place === undefined) {
			throw await stepFailed(host, what, {why: 'it has none that a name, a mount or a process leads to'});
		}

		if (isAt(place, to)) {
			return;
		}

		const netns = to.netns === null ? null : requireNamespace(host, to.netns);
		// Going home under a name that the plan did not know: the one that it had when it left.
		const name = to.name ?? context.recall('name') ?? (to.netns === null && host.files.exists(`/sys/class/net/${place.name}`) ? spareName(bdf) : null);
		if (to.netns !== null && context.recall('name') === undefined) {
			await context.remember('name', place.name);
		}

		const since = kernelTime(host);
		const {code, stderr} = await host.runner.run(moveCommand({from: place, to: {netns, name}}, {name: place.name, home: ownNamespace(host)}) as [string, ...string[]]);
		const arrived = await waitUntil(host.clock, {budgetMs: code === 0 ? budgets.netdev : 0, signal}, async () => isAtPlace(host, bdf, to));
		if (!arrived) {
			throw await stepFailed(host, what, {why: code === 0 ? 'ip did not complain, but it is not there' : stderr.trim() || `ip ended with ${code}`}, {since, names: [bdf, place.name]});
		}
	},
};

/** MAC, MTU, state, addresses and routes; read back with `ip` in the namespace. */
export const netnsNetwork: ActionHandler<NetnsNetworkAction> = {
	async observe({host}, {bdf, place, from, to}) {
		const found = await findNetdev(host, bdf, namespacesOf(place));
		const seen = found && await readIpIn(host.runner, found.netns, found.name);
		if (!found || !seen) {
			return {other: `${bdf} has no network interface that can be found`};
		}

		// What is set down for the way home may have changed in every way since it was looked at.
		const isTo = isSame(seen, to);
		return compare(!isTo && (!to.up || isSame(seen, from)), isTo, `${found.name} of ${bdf} has ${ipWords(seen)}`);
	},

	async apply(context, {bdf, place, to}) {
		const {host} = context;
		const found = await findNetdev(host, bdf, namespacesOf(place));
		let seen = found && await readIpIn(host.runner, found.netns, found.name);
		if (!found || !seen) {
			throw await stepFailed(host, `the interface of ${bdf} could not be set`, {why: 'it has none that a name, a mount or a process leads to'});
		}

		const since = kernelTime(host);
		let said = '';
		for (let pass = 0; pass < mostPasses && !isSame(seen, to); pass++) {
			said = await runAll(host, netnsNetworkCommands({place: found, from: seen, to}));
			const again = await readIpIn(host.runner, found.netns, found.name);
			// The same again would end the same.
			if (again === null || (said !== '' && isSame(again, seen))) {
				seen = again ?? seen;
				break;
			}

			seen = again;
		}

		if (!isSame(seen, to)) {
			throw await stepFailed(host, `${found.name} of ${bdf} could not be set to ${ipWords(to)}`, {
				why: said === '' ? `it has ${ipWords(seen)}: a program in its namespace may have changed it back` : said,
				details: {found: seen},
			}, {since, names: [bdf, found.name]});
		}
	},
};

/** Runs them all; what the first that failed said, or nothing. */
async function runAll({runner}: Host, commands: ReadonlyArray<readonly string[]>): Promise<string> {
	let said = '';
	for (const command of commands) {
		const {code, stderr} = await runner.run(command as [string, ...string[]]);
		said ||= code === 0 ? '' : `'${command.join(' ')}': ${stderr.trim() || `exit status ${code}`}`;
	}

	return said;
}

function namespacesOf(...places: ReadonlyArray<MovePlace | NetdevPlace>): NetnsRef[] {
	return places.flatMap(({netns}) => netns ?? []);
}

/** The interface, once a driver that was just bound has made it. */
async function awaitNetdev({host, signal}: ActionContext, bdf: MoveNetdevAction['bdf'], places: readonly MovePlace[]): Promise<NetdevPlace | undefined> {
	let place: NetdevPlace | undefined;
	await waitUntil(host.clock, {budgetMs: budgets.netdev, signal}, async () => {
		place = await findNetdev(host, bdf, namespacesOf(...places));
		return place !== undefined;
	});
	return place;
}

function requireNamespace({files}: Host, wanted: NetnsRef): NetnsRef {
	const netns = namespaceAt(files, wanted);
	if (netns === undefined) {
		throw new AppError('NETNS_NOT_FOUND', `the network namespace ${wanted.name} is gone`, {why: `nothing leads to net:[${wanted.inode}] any more; a new one of the same name is another one`, fix: 'ip netns list'});
	}

	return netns;
}

/** vfctl's own namespace, which is the host's (requireHostNamespace). Not by the number of process
 * 1: `ip` would take a namespace of that name first. */
function ownNamespace({caller}: Host): string {
	return `/proc/${caller.pid > 0 ? caller.pid : 1}/ns/net`;
}

function sameNamespace(a: NetnsRef | null, b: NetnsRef | null): boolean {
	return a?.inode === b?.inode;
}

function isAt(place: NetdevPlace, wanted: MovePlace): boolean {
	return sameNamespace(place.netns, wanted.netns) && (wanted.name === null || wanted.name === place.name);
}

async function isAtPlace(host: Host, bdf: MoveNetdevAction['bdf'], to: MovePlace): Promise<boolean> {
	const place = await findNetdev(host, bdf, namespacesOf(to));
	return place !== undefined && isAt(place, to);
}

/** The same, as far as `wanted` says something. */
function isSame(seen: NetnsIp, wanted: NetnsIp): boolean {
	return (wanted.mac === null || wanted.mac === seen.mac) && sameGuestIp(seen, wanted);
}

function ipWords({mac, ...ip}: NetnsIp): string {
	return [...mac === null ? [] : [mac], guestIpText(ip)].join(', ');
}

function placeWords({netns, name}: NetdevPlace): string {
	return netns === null ? `on the host, as ${name}` : `in namespace ${netns.name}, as ${name}`;
}
