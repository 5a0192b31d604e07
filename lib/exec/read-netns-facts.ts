// What has to be known of network namespaces before something is planned.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Inventory} from '../model/inventory.ts';
import type {NetnsRef} from '../model/netns.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import {placedOnHost} from '../plan/netns/leftovers.ts';
import type {NetnsFacts, PlacedNetdev} from '../plan/netns/netns-request.ts';
import {readNetdevsIn} from '../sysfs/find-functions.ts';
import {findNetdevs} from './find-netdev.ts';
import {findNetnsAttachments} from './netns-attachments.ts';
import {readIpIn} from './read-placed-netdevs.ts';

/** The facts; `netns` is the namespace of the request, or null when it is gone or none is meant. */
export async function readNetnsFacts(host: Host, inventory: Inventory, netns: NetnsRef | null): Promise<NetnsFacts> {
	const attachments = findNetnsAttachments(host.files);
	const away = inventory.pfs.flatMap(pf => [
		...pf.netdevs.length === 0 && pf.driver !== null && !isVfioDriver(pf.driver) ? [pf.bdf] : [],
		...pf.vfs.filter(vf => vf.inNamespace).map(vf => vf.bdf),
	]);
	const [there, interfaces] = await Promise.all([
		netns === null ? null : readNetdevsIn(host.runner, netns),
		readAway(host, away),
	]);
	const home = attachments.filter(({bdf}) => !away.includes(bdf)).flatMap(({bdf}) => placedOnHost(inventory, bdf) ?? []);
	return {names: [...there?.keys() ?? []], interfaces: [...interfaces, ...home], attachments};
}

async function readAway(host: Host, away: readonly Bdf[]): Promise<PlacedNetdev[]> {
	const places = [...await findNetdevs(host, away)].filter(([, {netns}]) => netns !== null);
	const placed = await Promise.all(places.map(async ([bdf, place]) => {
		// One that goes away while it is looked at is not there.
		const ip = await readIpIn(host.runner, place.netns, place.name).catch(() => null);
		return ip === null ? [] : [{bdf, place, ip}];
	}));
	return placed.flat();
}
