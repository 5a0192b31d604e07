// The host file as text: docs/host-file.md.
import {Document} from 'yaml';
import type {IpRoute} from '../model/guest-network.ts';
import type {HostFile, WantedGuestNetwork, WantedGuestVf, WantedPool, WantedVfs} from '../model/host-file.ts';
import {vfRangeText} from '../model/vf-range.ts';
import {vfSettingNames, type VfSettingsPart} from '../model/vf-settings.ts';
import {checkHostFile} from './host-file-check.ts';
import {hugepagesEntry} from './host-file-hugepages.ts';
import {readHostFile} from './host-file-schema.ts';
import {steeringEntry} from './host-file-steering.ts';
import {tuningEntries} from './host-file-tuning.ts';
import {problemsError, type Path} from './problems.ts';
import {Cursor, Findings} from './reader.ts';
import {loadYaml, type YamlNode} from './yaml.ts';

/** The wanted state that a text says; throws BAD_HOST_FILE with every mistake and its place. */
export function parseHostFile(text: string): HostFile {
	const [root] = loadYaml(text, {what: 'host file'}) as [YamlNode];
	const findings = new Findings();
	const {problems} = findings;
	const {file, vfsPlaces} = readHostFile(new Cursor(root, [], findings));
	if (problems.length === 0) {
		problems.push(...checkHostFile(file, vfsPlaces).map(({path, what, why, fix}) => ({path, at: placeOf(root, path), what, why, fix})));
	}

	if (problems.length > 0) {
		throw problemsError('host file', text.replace(/^\uFEFF/, ''), problems);
	}

	return file;
}

/** The text of a host file, each of `comments` a line behind a # at its top. parseHostFile gives the
 * same state again. */
export function formatHostFile(file: HostFile, comments: readonly string[] = []): string {
	const document = new Document(null, {version: '1.2', compat: 'yaml-1.1', aliasDuplicateObjects: false});
	document.contents = document.createNode(topOf(file, value => document.createNode(value, {flow: true}))) as typeof document.contents;
	const header = comments.flatMap(comment => comment.split('\n')).map(comment => `# ${comment}`.trimEnd()).join('\n');
	return `${header}${header === '' ? '' : '\n'}${document.toString({lineWidth: 0, flowCollectionPadding: false, singleQuote: true})}`;
}

/** Written on one line. */
type Flow = (value: unknown) => unknown;

// Maps, because a guest may be called __proto__.
function topOf({pfs, vfs, pools, guests, routes, leases, hugepages}: HostFile, flow: Flow): Map<string, unknown> {
	const networks = [...new Set(leases.map(({network}) => network))];
	const parts: Array<[string, unknown, number]> = [
		['pfs', new Map(pfs.map(({pf, mtuBytes, numVfs, interrupts, rps, steering, ...rest}) => [pf, {...present({numVfs, mtu: mtuBytes}), ...rest, ...tuningEntries(present({interrupts, rps}), flow), ...present({steering: steering?.map(rule => flow(steeringEntry(rule)))})}])), pfs.length],
		['vfs', vfs.map(entry => vfsEntry(entry, flow)), vfs.length],
		['pools', new Map(pools.map(pool => [pool.name, flow(poolEntry(pool, flow))])), pools.length],
		['guests', new Map(guests.map(({name, vfs: own}) => [name, own === undefined ? {} : {vfs: own.map(vf => guestVfEntry(vf, flow))}])), guests.length],
		['routes', routes.map(({state, dev, ...route}) => flow({...routeEntry(route), dev, ...stateEntry(state)})), routes.length],
		['dhcp', new Map(networks.map(network => [network, leases.filter(lease => lease.network === network)
			.map(({mac, ip, name, state}) => flow({mac, ...present({ip, name}), ...stateEntry(state)}))])), networks.length],
		['hugepages', hugepages.map(entry => flow(hugepagesEntry(entry))), hugepages.length],
	];
	return new Map<string, unknown>([['version', 1], ...parts.filter(([, , count]) => count > 0).map(([key, value]): [string, unknown] => [key, value])]);
}

function vfsEntry({select, settings, driver, ...tuning}: WantedVfs, flow: Flow): object {
	return {select: vfRangeText(select), ...settingEntries(settings), ...present({driver}), ...tuningEntries(tuning, flow)};
}

function poolEntry({source, autostart, state}: WantedPool, flow: Flow): object {
	return {
		...(source === undefined ? {} : 'pf' in source ? {pf: source.pf} : {vfs: flow(source.vfs.map(range => vfRangeText(range)))}),
		...(autostart || state === 'absent' ? {} : {autostart}),
		...stateEntry(state),
	};
}

function guestVfEntry({source, mac, method, managed, settings, failover, network}: WantedGuestVf, flow: Flow): object {
	return {
		...('pool' in source ? {pool: source.pool} : {vf: `${source.pf}#${source.index}`}),
		...present({mac}), ...settingEntries(settings), ...present({method, managed}),
		...(failover === undefined ? {} : {failover: flow(failover)}),
		...(network === undefined ? {} : {network: networkEntry(network, flow)}),
	};
}

function networkEntry({addresses, routes, mtuBytes, nameservers, file}: WantedGuestNetwork, flow: Flow): object {
	// A gateway is a default route that is nothing more.
	const isGateway = ({to, via, metric}: IpRoute) => (to === '0.0.0.0/0' || to === '::/0') && via !== null && metric === null;
	const gateways = routes.filter(route => isGateway(route)).map(({via}) => via);
	const others = routes.filter(route => !isGateway(route));
	return {
		...(addresses.length === 0 ? {} : {addresses: flow(addresses)}),
		...(gateways.length === 0 ? {} : {gateway: gateways.length === 1 ? gateways[0] : flow(gateways)}),
		...(others.length === 0 ? {} : {routes: others.map(route => flow(routeEntry(route)))}),
		...present({mtu: mtuBytes}),
		...(nameservers.length === 0 ? {} : {nameservers: flow(nameservers)}),
		...(file === 'auto' ? {} : {file}),
	};
}

function settingEntries(settings: VfSettingsPart): object {
	return Object.fromEntries(vfSettingNames.filter(name => settings[name] !== undefined).map(name => [name.replace(/Mbps$/, ''), settings[name]]));
}

function routeEntry({to, via, metric}: IpRoute): object {
	return {to, ...present({via, metric})};
}

function stateEntry(state: 'present' | 'absent'): object {
	return state === 'present' ? {} : {state};
}

/** Without what is undefined or null. */
function present(values: Readonly<Record<string, unknown>>): object {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}

/** The offset of what a path leads to, or of the last part of it that is there. */
function placeOf(root: YamlNode, path: Path): number {
	let [node, at] = [root, root.at];
	for (const part of path) {
		const next = node.kind === 'list' && typeof part === 'number' ? node.items[part] : node.kind === 'map' ? node.entries.get(String(part))?.node : undefined;
		if (!next) {
			break;
		}

		[node, at] = [next, next.at];
	}

	return at;
}
