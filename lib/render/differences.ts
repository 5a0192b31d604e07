// What differs between a host and a host file, told from the plan that would make them the same.
import {builtModules} from '../model/driver-build.ts';
import type {GuestIp} from '../model/guest-network.ts';
import {settingLabel, type VfSettings} from '../model/vf-settings.ts';
import type {Action, AttachDeviceAction, DetachDeviceAction, HostRoute} from '../plan/action.ts';
import type {Lease, NetworkState} from '../model/network.ts';
import {onOff, routeWay} from './names.ts';
import {movePlaceText, placeText, sizeText, steerRuleText} from './tuning-text.ts';

/** One thing that is not as the file says; null is absent. */
export interface Difference {
	/** Place in the file: `pfs.ens1f0.numVfs`. */
	path: string;
	what: string;
	actual: string | null;
	wanted: string | null;
}

/** The differences in the order of the plan, each thing once; `origins` are the places in the file
 * that the actions come from. */
export function differencesOf(actions: readonly Action[], origins: readonly string[]): Difference[] {
	const found = new Map<string, Difference>();
	for (const [index, action] of actions.entries()) {
		const path = origins[index] ?? '';
		for (const [what, actual, wanted] of changes(action)) {
			// What goes by way of a third state (VF counts, devices that are attached anew) is one.
			const key = `${path} ${what}`;
			found.set(key, {path, what, actual: found.has(key) ? found.get(key)!.actual : actual, wanted});
		}
	}

	return [...found.values()].filter(({actual, wanted}) => actual !== wanted);
}

/** As `vfctl compare` prints them. */
export function differencesText(differences: readonly Difference[]): string {
	return differences.map(({path, what, actual, wanted}) => `${path}: ${what}\n  - ${actual ?? '(nothing)'}\n  + ${wanted ?? '(nothing)'}`).join('\n');
}

type Change = [what: string, actual: string | null, wanted: string | null];

function changes(action: Action): Change[] {
	switch (action.kind) {
		case 'set-link': {
			return [[`link of ${action.netdev}`, action.from, action.to]];
		}

		case 'set-numvfs': {
			return [[`VFs of ${action.pfNetdev ?? action.pf}`, String(action.from), String(action.to)]];
		}

		case 'set-autoprobe': {
			return [[`autoprobe of ${action.pf}`, onOff(action.from), onOff(action.to)]];
		}

		case 'load-module': {
			return [[`module ${action.module}`, action.from, action.to]];
		}

		case 'bind': {
			return [[`driver of ${action.bdf}`, bindingText(action.from), bindingText(action.to)]];
		}

		case 'set-vf': {
			return (Object.keys(action.to) as Array<keyof VfSettings>).map(name => [`${settingLabel(name)} of VF ${action.index} of ${action.pfNetdev}`, valueText(action.from[name]), valueText(action.to[name])]);
		}

		case 'attach-device':
		case 'detach-device': {
			return [deviceChange(action)];
		}

		case 'write-file':
		case 'guest-file': {
			const where = action.kind === 'write-file' ? '' : ` in ${action.guest.name}`;
			return [[`${action.path}${where}`, fileText(action.from), action.to === null ? null : action.from === null ? 'there' : 'there with another text']];
		}

		case 'set-mtu': {
			return [[`MTU of ${action.netdev}`, String(action.from), String(action.to)]];
		}

		case 'set-filter': {
			return [[`${action.mac} in the filter of ${action.netdev}`, action.from ? 'there' : 'not there', action.to ? 'there' : 'not there']];
		}

		case 'set-route': {
			return [[`route to ${(action.to ?? action.from)?.to}`, routeText(action.from), routeText(action.to)]];
		}

		case 'guest-network': {
			return guestChanges(action.from, action.to).map(([what, actual, wanted]) => [`${what} of ${action.mac} in ${action.guest.name}`, actual, wanted]);
		}

		case 'set-network': {
			return networkChanges(action.name, action.from, action.to);
		}

		case 'set-lease': {
			return [[`lease of ${(action.to ?? action.from)?.mac} in ${action.network}`, leaseText(action.from), leaseText(action.to)]];
		}

		case 'kernel-arguments': {
			return [['kernel command line', action.from.join(' '), action.to.join(' ')]];
		}

		case 'set-unit': {
			return [[action.unit, action.from, action.to]];
		}

		case 'move-netdev': {
			return [[`place of the interface of ${action.bdf}`, movePlaceText(action.from), movePlaceText(action.to)]];
		}

		case 'netns-network': {
			return [...action.to.mac === null ? [] : [['MAC', action.from.mac, action.to.mac] satisfies Change], ...guestChanges(action.from, action.to)].map(([what, actual, wanted]) => [`${what} of ${placeText(action.place)}`, actual, wanted]);
		}

		case 'set-irq-affinity': {
			return [[`CPUs of interrupt ${action.irq} of ${action.bdf}`, action.from, action.to]];
		}

		case 'set-rps': {
			return [[`RPS of queue ${action.queue} of ${placeText(action.place)}`, action.from || null, action.to || null]];
		}

		case 'set-hugepages': {
			return [[`huge pages of ${sizeText(action.sizeKiB)}${action.node === null ? '' : ` on node ${action.node}`}`, String(action.from), String(action.to)]];
		}

		case 'set-feature': {
			return [[`${action.feature} of ${action.netdev}`, action.from, action.to]];
		}

		case 'set-steer': {
			return [[`steering rule ${action.location} of ${action.netdev}`, action.from && steerRuleText(action.from), action.to && steerRuleText(action.to)]];
		}

		case 'install-modules': {
			return builtModules.map(name => [`${name}.ko of vfctl for ${action.kernel}`, action.from[name], action.to[name]]);
		}

		case 'swap-driver': {
			return [[`loaded driver ${action.module}`, action.from.path, action.to.path]];
		}

		case 'register-dkms': {
			return [[`vfctl/${action.version} in DKMS`, action.from, action.to]];
		}

		case 'set-forward': {
			return [[`forwarding between the VFs of ${action.pfNetdev ?? action.pf}`, onOff(action.from), onOff(action.to)]];
		}

		case 'set-relay': {
			return [[`relay of ${action.pfNetdev ?? action.pf}`, action.from ?? 'off', action.to ?? 'off']];
		}

		case 'set-switch-mode': {
			return [[`switch of ${action.netdev}`, action.from, action.to]];
		}

		case 'insert-module': {
			return [[`module ${action.module}`, action.from, action.to]];
		}

		// They change nothing by themselves.
		case 'own-mac':
		case 'check-guest': {
			return [];
		}
	}
}

function deviceChange({kind, guest, target, source, network, mac, method, managed, deviceXml}: AttachDeviceAction | DetachDeviceAction): Change {
	const vlan = /<tag id=['"](\d+)['"]/.exec(deviceXml)?.[1];
	const text = [method, ...mac === null ? [] : [mac], ...vlan === undefined ? [] : [`VLAN ${vlan}`], ...managed ? [] : ['not managed']].join(', ');
	const what = `${network === null ? source : `VF of ${network}`} in ${guest.name} (${target})`;
	return kind === 'attach-device' ? [what, null, text] : [what, text, null];
}

function guestChanges(from: GuestIp, to: GuestIp): Change[] {
	const routes = (list: GuestIp['routes']) => list.map(({to: network, via, metric}) => [network, ...via === null ? [] : [`via ${via}`], ...metric === null ? [] : [`metric ${metric}`]].join(' ')).join(', ');
	return ([
		['link', from.up ? 'up' : 'down', to.up ? 'up' : 'down'],
		['addresses', from.addresses.join(', ') || null, to.addresses.join(', ') || null],
		['routes', routes(from.routes) || null, routes(to.routes) || null],
		// Null is left as it is.
		['MTU', from.mtuBytes === null ? null : String(from.mtuBytes), to.mtuBytes === null ? (from.mtuBytes === null ? null : String(from.mtuBytes)) : String(to.mtuBytes)],
	] satisfies Change[]).filter(([, actual, wanted]) => actual !== wanted);
}

function networkChanges(name: string, from: NetworkState | null, to: NetworkState | null): Change[] {
	if (from === null || to === null) {
		return [[`network ${name}`, from === null ? null : 'defined', to === null ? null : 'defined']];
	}

	return [
		[`state of network ${name}`, from.active ? 'started' : 'stopped', to.active ? 'started' : 'stopped'],
		[`start of network ${name} at boot`, onOff(from.autostart), onOff(to.autostart)],
		[`definition of network ${name}`, 'as it is', from.xml === to.xml ? 'as it is' : 'changed'],
	];
}

function bindingText({driver, override}: {driver: string | null; override: string | null}): string | null {
	return driver === null && override === null ? null : `${driver ?? 'none'}${override === null ? '' : ` (pinned to ${override})`}`;
}

function fileText(text: string | null): string | null {
	return text === null ? null : 'there';
}

function routeText(route: HostRoute | null): string | null {
	return route && routeWay(route);
}

function leaseText(lease: Lease | null): string | null {
	return lease === null ? null : `${lease.ip}${lease.name === null ? '' : ` (${lease.name})`}`;
}

function valueText(value: unknown): string {
	return typeof value === 'boolean' ? onOff(value) : String(value ?? 'unknown');
}
