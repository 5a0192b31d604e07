// The order in which a host file lists what has no order of its own.
import type {IpRoute} from './guest-network.ts';
import {parsePrefix} from './ip.ts';

/** Text by code units, numbers in it by value: ens1f2 before ens1f10. The same in every locale. */
export function compareNames(a: string, b: string): number {
	const parts = (text: string) => text.split(/(\d+)/);
	const [x, y] = [parts(a), parts(b)];
	for (let index = 0; index < Math.min(x.length, y.length); index++) {
		const [p, q] = [x[index]!, y[index]!];
		const order = index % 2 === 1 && Number(p) !== Number(q) ? Number(p) - Number(q) : compareText(p, q);
		if (order !== 0) {
			return order;
		}
	}

	return x.length - y.length;
}

/** IPv4 first, default routes first, then by network, gateway and metric. */
export function compareRoutes(a: IpRoute, b: IpRoute): number {
	const [x, y] = [parsePrefix(a.to), parsePrefix(b.to)];
	return (x?.family ?? 0) - (y?.family ?? 0) || Number(y?.length === 0) - Number(x?.length === 0) || compareNames(a.to, b.to) || compareNames(a.via ?? '', b.via ?? '') || (a.metric ?? -1) - (b.metric ?? -1);
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
