// A route in the file that keeps an interface's settings in its guest: put in and taken out, with
// all else as it is. All give undefined for a file that is not as vfctl writes it.
import {sameRoute} from '../model/guest-ip.ts';
import type {IpRoute} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import {renderGuestFile} from './guest-file.ts';
import {parseGuestFile, type WrittenFormat} from './parse-guest-file.ts';

/** A file's text, and whose it is. */
export interface WrittenGuestFile {
	readonly format: WrittenFormat;
	readonly mac: Mac;
	readonly text: string;
}

/** The routes that the file sets. */
export function routesOf({format, mac, text}: WrittenGuestFile): readonly IpRoute[] | undefined {
	return parseGuestFile(format, mac, text)?.network.routes;
}

/** The text with the route, in the place of one to the same network with the same metric. */
export function addRoute(file: WrittenGuestFile, route: IpRoute): string | undefined {
	return withRoutes(file, routes => routes.some(other => sameRoute(other, route)) ? routes : [...routes.filter(({to, metric}) => to !== route.to || metric !== route.metric), route]);
}

/** The text without the route. */
export function removeRoute(file: WrittenGuestFile, route: IpRoute): string | undefined {
	return withRoutes(file, routes => routes.filter(other => !sameRoute(other, route)));
}

function withRoutes({format, mac, text}: WrittenGuestFile, change: (routes: readonly IpRoute[]) => readonly IpRoute[]): string | undefined {
	const content = parseGuestFile(format, mac, text);
	return content && renderGuestFile(format, {...content, network: {...content.network, routes: change(content.network.routes)}}).text;
}
