// The host as it will be after some actions, so that what follows in a plan can be planned on it.
import type {Inventory} from '../../model/inventory.ts';
import type {Action} from '../action.ts';
import {projectBinding, projectCount, projectSettings, withPf, withVf, type BindingRules} from './project-devices.ts';
import {projectDevice} from './project-guest.ts';
import {projectLease, projectNetwork, projectRoute} from './project-network.ts';

/** The inventory after the actions. `rules`: the drivers that udev binds VFs to when they appear. */
export function project(inventory: Inventory, actions: readonly Action[], rules: BindingRules = new Map()): Inventory {
	return actions.reduce((current, action) => step(current, action, rules), inventory);
}

function step(inventory: Inventory, action: Action, rules: BindingRules): Inventory {
	switch (action.kind) {
		case 'set-link': {
			return withNetdev(inventory, action.netdev, {up: action.to === 'up'});
		}

		case 'set-mtu': {
			return withNetdev(inventory, action.netdev, {mtuBytes: action.to});
		}

		case 'set-autoprobe': {
			return withPf(inventory, action.pf, pf => ({...pf, autoprobe: action.to}));
		}

		case 'set-numvfs': {
			return projectCount(inventory, action, rules);
		}

		case 'load-module': {
			// The kernel writes modules with underscores.
			const name = action.module.replaceAll('-', '_');
			const others = inventory.kernel.modules.filter(module => module !== name);
			return {...inventory, kernel: {...inventory.kernel, modules: action.to === 'loaded' ? [...others, name] : others}};
		}

		case 'bind': {
			return projectBinding(inventory, action.bdf, action.to);
		}

		case 'set-vf': {
			return projectSettings(inventory, action.bdf, action.to);
		}

		case 'own-mac': {
			return withVf(inventory, action.bdf, vf => ({...vf, ownMac: action.to === 'own' ? action.mac : null}));
		}

		case 'attach-device':
		case 'detach-device': {
			return projectDevice(inventory, action);
		}

		case 'set-route': {
			return projectRoute(inventory, action);
		}

		case 'set-network': {
			return projectNetwork(inventory, action);
		}

		case 'set-lease': {
			return projectLease(inventory, action);
		}

		case 'move-netdev': {
			const {netns, name} = action.to;
			return withVf(inventory, action.bdf, vf => ({...vf, inNamespace: netns !== null, netdevs: netns === null && name !== null ? [name] : []}));
		}

		// Nothing of these is in an inventory.
		case 'write-file':
		case 'check-guest':
		case 'guest-network':
		case 'guest-file':
		case 'kernel-arguments':
		case 'set-unit':
		case 'netns-network':
		case 'set-irq-affinity':
		case 'set-rps':
		case 'set-hugepages':
		case 'set-feature':
		case 'set-steer':
		case 'install-modules':
		case 'swap-driver':
		case 'register-dkms':
		case 'set-forward':
		case 'set-relay':
		case 'set-switch-mode':
		case 'set-filter':
		case 'insert-module': {
			return inventory;
		}
	}
}

function withNetdev(inventory: Inventory, name: string, change: {up?: boolean; mtuBytes?: number}): Inventory {
	const netdev = inventory.netdevs.get(name);
	return netdev === undefined ? inventory : {...inventory, netdevs: new Map(inventory.netdevs).set(name, {...netdev, ...change})};
}
