// Attaches that give no VF away: macvtap, bridge, vhost-user, shared memory.
import {AppError} from '../../errors.ts';
import {settingLabel} from '../../model/vf-settings.ts';
import type {AttachRequest} from '../attach-request.ts';
import type {Plan} from '../plan.ts';
import type {Inventory} from '../../model/inventory.ts';
import {planBridgeAttach} from './bridge.ts';
import {planMacvtapAttach} from './macvtap.ts';
import type {AttachTo} from './nic.ts';
import {planSharedMemoryAttach} from './shared-memory.ts';
import {planVhostUserAttach} from './vhost-user.ts';

/** The plan of a method that needs no IOMMU; undefined when the request is for a VF of its own. */
export function planOtherMethod(inventory: Inventory, to: AttachTo): Plan | undefined {
	const {request} = to;
	switch (request.method) {
		case 'macvtap': {
			refuseOptions(request, ['queues', 'socketMode', 'sizeMiB'], []);
			return planMacvtapAttach(inventory, to);
		}

		case 'bridge': {
			refuseOptions(request, ['queues', 'socketMode', 'sizeMiB', 'macvtapMode', 'createVfs'], ['vlan']);
			return planBridgeAttach(inventory, to);
		}

		case 'vhost-user': {
			refuseOptions(request, ['sizeMiB', 'macvtapMode', 'createVfs'], ['none']);
			return planVhostUserAttach(inventory, to);
		}

		case 'ivshmem': {
			refuseOptions(request, ['mac', 'queues', 'socketMode', 'macvtapMode', 'createVfs'], ['none']);
			return planSharedMemoryAttach(inventory, to);
		}

		default: {
			refuseOptions(request, ['queues', 'socketMode', 'sizeMiB', 'macvtapMode'], []);
			return undefined;
		}
	}
}

const optionNames = {mac: '--mac', queues: '--queues', socketMode: '--mode', sizeMiB: '--size', macvtapMode: '--macvtap-mode', createVfs: '--vfs'} as const;

/** Throws USAGE for options of another method, UNSUPPORTED for settings of a VF where there is none.
 * `settings` empty: all are taken. */
function refuseOptions(request: AttachRequest, options: ReadonlyArray<keyof typeof optionNames>, settings: readonly string[]): void {
	const {method = 'interface'} = request;
	const wrong = options.filter(name => request[name] !== undefined).map(name => optionNames[name]);
	if (wrong.length > 0) {
		throw new AppError('USAGE', `${wrong.join(', ')} ${wrong.length === 1 ? 'has' : 'have'} no meaning with --method ${method}`, {why: 'each method has options of its own', fix: 'vfctl methods tells the methods, vfctl attach --help the options'});
	}

	const others = Object.keys(request.settings).filter(name => settings.length > 0 && !settings.includes(name) && !(name === 'qos' && request.settings.qos === 0));
	if (others.length > 0) {
		throw new AppError('UNSUPPORTED', `with --method ${method} there is no ${others.map(name => settingLabel(name)).join(', ')} to set`, {why: 'these are settings of a VF on its PF', fix: 'leave it out, or give the guest a VF'});
	}

	if (['macvtap', 'bridge', 'vhost-user', 'ivshmem'].includes(method) && (request.failover !== undefined || request.managed !== undefined)) {
		throw new AppError('UNSUPPORTED', `${request.failover === undefined ? '--managed' : '--failover'} is for VFs that the guest has itself`, {why: `with --method ${method} the guest has a virtio device, which needs no driver of VFIO and can migrate`, fix: 'leave it out'});
	}
}
