// A plan as text: what a dry run shows.
import {changedModules} from '../plan/plan-install.ts';
import {installDirectory} from '../sysfs/module-files.ts';
import type {Action, AttachDeviceAction, DetachDeviceAction, HostRoute, SetNetworkAction} from '../plan/action.ts';
import {settingLabel} from '../model/vf-settings.ts';
import {equivalent} from '../plan/equivalent.ts';
import {riskNames, type Plan} from '../plan/plan.ts';
import {guestIpText} from './guest-ip-text.ts';
import {routeWay} from './names.ts';
import {tuningText} from './tuning-text.ts';

/** One line that says what an action does. */
export function actionText(action: Action): string {
	switch (action.kind) {
		case 'set-link': {
			return `bring ${action.netdev} ${action.to}`;
		}

		case 'set-numvfs': {
			return action.to === 0 ? `take away the ${action.from} VFs of ${action.pfNetdev ?? action.pf}` : `make ${action.to} VFs on ${action.pfNetdev ?? action.pf}`;
		}

		case 'set-autoprobe': {
			return `${action.to ? 'let' : 'keep'} new VFs of ${action.pf} ${action.to ? 'get' : 'from'} their driver`;
		}

		case 'load-module': {
			return `${action.to === 'loaded' ? 'load' : 'unload'} ${action.module}`;
		}

		case 'bind': {
			return action.to.driver === null ? `take ${action.bdf} off ${action.from.driver ?? 'its driver'}` : `bind ${action.bdf} to ${action.to.driver}`;
		}

		case 'set-vf': {
			return `set VF ${action.index} of ${action.pfNetdev}: ${Object.entries(action.to).filter(([name, value]) => value !== action.from[name as keyof typeof action.from]).map(([name, value]) => `${settingLabel(name)} ${settingText(action.from[name as keyof typeof action.from])} -> ${settingText(value)}`).join(', ')}`;
		}

		case 'own-mac': {
			return action.to === 'own' ? `give ${action.bdf} its own MAC ${action.mac} back` : `note that ${action.bdf} has a MAC of its own, ${action.mac}`;
		}

		case 'attach-device': {
			return `give ${deviceText(action, 'a')} to ${action.guest.name} (${action.target})`;
		}

		case 'detach-device': {
			return `take ${deviceText(action, 'the')} from ${action.guest.name} (${action.target})`;
		}

		case 'check-guest': {
			return `wait until ${action.guest.name} shows ${action.mac}`;
		}

		case 'write-file': {
			return action.to === null ? `remove ${action.path}` : `write ${action.path}`;
		}

		case 'set-mtu': {
			return `set the MTU of ${action.netdev}: ${action.from} -> ${action.to}`;
		}

		case 'set-filter': {
			return action.to ? `let the card of ${action.netdev} give frames for ${action.mac} to the host` : `let the card of ${action.netdev} give frames for ${action.mac} to the host no more`;
		}

		case 'set-route': {
			return action.to === null ? `remove the route to ${routeText(action.from)}` : action.from === null ? `add the route to ${routeText(action.to)}` : `change the route to ${routeText(action.from)}: ${routeText(action.to)}`;
		}

		case 'guest-network': {
			return `set ${action.mac} in ${action.guest.name}: ${guestIpText(action.to)}`;
		}

		case 'guest-file': {
			return action.to === null ? `remove ${action.path} in ${action.guest.name}` : `write ${action.path} in ${action.guest.name}`;
		}

		case 'set-network': {
			return networkText(action);
		}

		case 'set-lease': {
			return action.to === null ? `remove the lease of ${action.from?.mac} (${action.from?.ip}) from network ${action.network}` : `${action.from === null ? 'reserve' : 'change the lease of'} ${action.to.mac} in network ${action.network}: ${action.to.ip}`;
		}

		case 'kernel-arguments': {
			return `kernel command line: ${[...action.to.filter(word => !action.from.includes(word)).map(word => `add ${word}`), ...action.from.filter(word => !action.to.includes(word)).map(word => `remove ${word}`)].join(', ')}`;
		}

		case 'set-unit': {
			return `${action.to === 'enabled' ? 'enable' : 'disable'} ${action.unit}`;
		}

		case 'install-modules': {
			return `${changedModules(action.from, action.to)} in ${installDirectory(action.kernel)}${action.initramfs === null ? '' : ', and make the initramfs anew'}`;
		}

		case 'swap-driver': {
			return `exchange the loaded driver ${action.module} for ${action.to.hub === null ? 'that of the distribution' : 'that of vfctl'} (${action.to.path ?? 'whose file is gone'})`;
		}

		case 'register-dkms': {
			return action.to === 'added' ? `register vfctl/${action.version} with DKMS` : `remove vfctl/${action.version} from DKMS, with what it built`;
		}

		case 'set-forward': {
			const name = action.pfNetdev ?? action.pf;
			return action.to ? `pass frames between the VFs of ${name} on` : `leave frames between the VFs of ${name} to the card`;
		}

		case 'set-relay': {
			const name = action.pfNetdev ?? action.pf;
			return action.to === null ? `relay nothing for ${name} any more` : `relay frames of ${name} in group ${action.to}`;
		}

		case 'set-switch-mode': {
			return action.to === 'vepa' ? `let the card of ${action.netdev} send frames between VFs out (VEPA)` : `let the card of ${action.netdev} switch between VFs (VEB)`;
		}

		case 'insert-module': {
			return action.to === 'loaded' ? `load ${action.module} (${action.path})` : `unload ${action.module}`;
		}

		default: {
			return tuningText(action);
		}
	}
}

/** The whole plan: title, warnings, and each step with the lines one would have typed. */
export function planText(plan: Plan): string {
	const lines = [plan.actions.length === 0 ? `nothing to do: ${plan.title}` : `plan: ${plan.title}`];
	for (const warning of plan.warnings) {
		lines.push(`  note: ${warning}`);
	}

	for (const risk of plan.risks) {
		lines.push(`  risk: ${riskNames[risk]} (${risk} was accepted)`);
	}

	for (const [index, action] of plan.actions.entries()) {
		lines.push(`  ${index + 1}. ${actionText(action)}`, ...equivalent(action).map(line => `       ${line}`));
	}

	return lines.join('\n');
}

/** The plan for --json: the data, and the shell lines of every step. */
export function planJson(plan: Plan): Record<string, unknown> {
	return {plan, steps: plan.actions.map(action => ({text: actionText(action), commands: equivalent(action)}))};
}

function deviceText({method, source, network}: AttachDeviceAction | DetachDeviceAction, article: string): string {
	switch (method) {
		case 'macvtap': {
			return `${article} macvtap interface on ${source ?? network}`;
		}

		case 'virtio':
		case 'bridge': {
			return `${article} virtio interface on ${network}`;
		}

		case 'vhost-user': {
			return `${article} vhost-user interface on ${network}`;
		}

		case 'ivshmem': {
			return `the shared memory ${network}`;
		}

		default: {
			return source ?? `${article} VF of ${network}`;
		}
	}
}

function routeText(route: HostRoute | null): string {
	return route === null ? 'nothing' : `${route.to} ${routeWay(route)}`;
}

function networkText({name, from, to}: SetNetworkAction): string {
	if (from === null) {
		return `define network ${name}${to?.active === true ? ' and start it' : ''}`;
	}

	if (to === null) {
		return `${from.active ? 'stop and ' : ''}remove network ${name}`;
	}

	const parts = [
		...from.xml === to.xml ? [] : [from.active && to.active ? 'change and start again' : 'change'],
		...from.active === to.active ? [] : [to.active ? 'start' : 'stop'],
		...from.autostart === to.autostart ? [] : [to.autostart ? 'start at boot' : 'no more start at boot'],
	];
	return `${parts.join(' and ')}: network ${name}`;
}

function settingText(value: unknown): string {
	return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value ?? 'unknown');
}
