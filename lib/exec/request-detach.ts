// Asks a guest to let go of a device until it has.
import {AppError} from '../errors.ts';
import type {DetachDeviceAction} from '../plan/action.ts';
import type {ActionContext} from './actions/handler.ts';
import {findDevice, readDefinition} from './guest-definition.ts';
import {stepFailed} from './step-error.ts';
import {budgets, throwIfAborted} from './wait.ts';

// A guest that boots throws requests away, so it is asked again.
const askAgainMs = 5000;
const pollMs = 200;
// A request that a killed vfctl had sent may be taken up by libvirt a moment after our own look.
const settleMs = 1000;

// virErrorNumber: no job lock within libvirt's 30 s; the guest is not running; and "operation
// failed", which with these words says that an unplug is under way.
const VIR_ERR_OPERATION_TIMEOUT = 68;
const VIR_ERR_OPERATION_INVALID = 55;
const VIR_ERR_OPERATION_FAILED = 9;

/** Detaches the device and returns when the definition does not have it any more; throws
 * STEP_FAILED when the guest keeps it. A guest without the device, a stopped guest and a guest
 * that is gone are what was wanted. */
export async function requestDetach(context: ActionContext, action: DetachDeviceAction): Promise<void> {
	const {host: {clock}, uncertain, signal} = context;
	const libvirt = await context.libvirt();
	const deadline = clock.monotonicMs() + (uncertain ? budgets.uncertainDetach : budgets.detach);
	const isPresent = async () => findDevice(await readDefinition(libvirt, action), action) !== undefined;
	let nextRequest = clock.monotonicMs();
	let refusal: AppError | undefined;
	// An attach that was cut off may still be at work inside libvirt. Reading the XML does not wait
	// for it, a detach does: so one is sent even when the XML shows no device.
	let answered = !uncertain;
	for (;;) {
		if (!await isPresent() && answered) {
			if (!uncertain) {
				return;
			}

			await clock.sleep(settleMs);
			if (!await isPresent()) {
				return;
			}
		}

		if (clock.monotonicMs() >= nextRequest) {
			refusal = await ask(context, action);
			answered ||= refusal === undefined || !isBusy(refusal);
			if (refusal !== undefined && !isBusy(refusal) && await isPresent()) {
				throw refusal;
			}

			nextRequest = clock.monotonicMs() + askAgainMs;
			continue;
		}

		throwIfAborted(signal);
		if (clock.monotonicMs() >= deadline) {
			throw await keptError(context, action, refusal);
		}

		await clock.sleep(pollMs);
	}
}

/** Sends one request; undefined when libvirt took it or there is nothing to detach. */
async function ask(context: ActionContext, action: DetachDeviceAction): Promise<AppError | undefined> {
	const libvirt = await context.libvirt();
	try {
		await libvirt.detachDevice(action.guest.uuid, action.deviceXml, action.target);
	} catch (error) {
		if (!(error instanceof AppError) || error.code === 'LIBVIRT_UNREACHABLE' || error.code === 'BUG') {
			throw error;
		}

		const stopped = error.code === 'GUEST_NOT_FOUND' || error.details['libvirtCode'] === VIR_ERR_OPERATION_INVALID;
		return error.code === 'NOT_ATTACHED' || (stopped && typeof await readDefinition(libvirt, action) === 'string') ? undefined : error;
	}

	return undefined;
}

/** libvirt will go on by itself, or can be asked again. */
function isBusy({details, why}: AppError): boolean {
	return details['libvirtCode'] === VIR_ERR_OPERATION_TIMEOUT
		|| (details['libvirtCode'] === VIR_ERR_OPERATION_FAILED && /in the process of unplug/.test(why ?? ''));
}

async function keptError({host}: ActionContext, {guest, source, mac, network, target, method}: DetachDeviceAction, refusal: AppError | undefined): Promise<AppError> {
	return stepFailed(host, `${guest.name} did not release ${source ?? (method === 'ivshmem' ? `the shared memory ${network}` : `the ${method === 'network' ? 'VF' : 'virtio interface'} with MAC ${mac}`)}`, {
		why: refusal?.why ?? (target === 'live' ? 'the guest does not answer the request to unplug it: it is still booting, stopped, or has no hotplug' : 'libvirt took the request and the saved definition still has it'),
		fix: `try again when ${guest.name} has booted, or shut it down; it may still release it later`,
	}, {since: undefined, names: source === null ? [] : [source]});
}
