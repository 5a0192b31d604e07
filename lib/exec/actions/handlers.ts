// Which handler does which action.
import type {Action, ActionKind} from '../../plan/action.ts';
import {bind} from './act-bind.ts';
import {kernelArguments, setUnit} from './act-boot.ts';
import {attachDevice, detachDevice} from './act-device.ts';
import {registerDkms} from './act-dkms.ts';
import {setFeature} from './act-feature.ts';
import {writeFile} from './act-file.ts';
import {setFilter} from './act-filter.ts';
import {setForward} from './act-forward.ts';
import {setRelay} from './act-relay.ts';
import {guestFile, guestNetwork} from './act-guest-network.ts';
import {checkGuest} from './act-guest.ts';
import {setHugepages} from './act-hugepages.ts';
import {setIrqAffinity, setRps} from './act-interrupts.ts';
import {insertModule} from './act-insert-module.ts';
import {setLease} from './act-lease.ts';
import {setLink} from './act-link.ts';
import {installModules} from './act-install-modules.ts';
import {loadModule} from './act-module.ts';
import {setNetwork} from './act-network.ts';
import {moveNetdev, netnsNetwork} from './act-netns.ts';
import {ownMac} from './act-own-mac.ts';
import {setMtu, setRoute} from './act-route.ts';
import {setAutoprobe, setNumVfs} from './act-sriov.ts';
import {setSwitchMode} from './act-switch-mode.ts';
import {setSteer} from './act-steer.ts';
import {swapDriver} from './act-swap-driver.ts';
import {setVf} from './act-vf-settings.ts';
import type {ActionContext, ActionHandler, Observation} from './handler.ts';

type Handlers = {[Kind in ActionKind]: ActionHandler<Extract<Action, {kind: Kind}>>};

const handlers: Handlers = {
	'set-link': setLink,
	'set-numvfs': setNumVfs,
	'set-autoprobe': setAutoprobe,
	'load-module': loadModule,
	bind,
	'set-vf': setVf,
	'own-mac': ownMac,
	'attach-device': attachDevice,
	'detach-device': detachDevice,
	'check-guest': checkGuest,
	'write-file': writeFile,
	'set-mtu': setMtu,
	'set-filter': setFilter,
	'set-route': setRoute,
	'guest-network': guestNetwork,
	'guest-file': guestFile,
	'set-network': setNetwork,
	'set-lease': setLease,
	'kernel-arguments': kernelArguments,
	'set-unit': setUnit,
	'move-netdev': moveNetdev,
	'netns-network': netnsNetwork,
	'set-irq-affinity': setIrqAffinity,
	'set-rps': setRps,
	'set-hugepages': setHugepages,
	'set-feature': setFeature,
	'set-steer': setSteer,
	'install-modules': installModules,
	'swap-driver': swapDriver,
	'register-dkms': registerDkms,
	'set-forward': setForward,
	'set-relay': setRelay,
	'set-switch-mode': setSwitchMode,
	'insert-module': insertModule,
};

/** How reality compares with the action. */
export async function observe(context: ActionContext, action: Action): Promise<Observation> {
	return handlerOf(action).observe(context, action);
}

/** Makes the action's `to` true and verifies it. */
export async function apply(context: ActionContext, action: Action): Promise<void> {
	return handlerOf(action).apply(context, action);
}

// TypeScript cannot see that the handler found by an action's kind takes that action.
function handlerOf(action: Action): ActionHandler<Action> {
	return handlers[action.kind] as unknown as ActionHandler<Action>;
}
