// libvirt networks as a whole: defined, started, stopped, removed.
import {AppError} from '../../errors.ts';
import type {Libvirt, NetworkRecord} from '../../libvirt/libvirt.ts';
import {networkUuid, sameNetwork, withNetworkUuid} from '../../libvirt/network-same.ts';
import {explainNetworkStart} from '../../model/network-trouble.ts';
import type {NetworkState} from '../../model/network.ts';
import type {SetNetworkAction} from '../../plan/action.ts';
import {findNetwork, savedXml} from '../network-state.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Makes a network have this definition, run and start by itself, or not be there. */
export const setNetwork: ActionHandler<SetNetworkAction> = {
	async observe(context, {name, from, to}) {
		const record = await findNetwork(await context.libvirt(), name);
		return compare(isState(record, from), isState(record, to), describe(name, record));
	},

	async apply(context, {name, to}) {
		const libvirt = await context.libvirt();
		if (to === null) {
			await remove(libvirt, await findNetwork(libvirt, name));
		} else {
			await establish(libvirt, name, to);
		}

		const record = await findNetwork(libvirt, name);
		if (!isState(record, to)) {
			throw await stepFailed(context.host, `network ${name} is not as it was asked for`, {why: `reading it back: ${describe(name, record)}`});
		}
	},
};

async function establish(libvirt: Libvirt, name: string, to: NetworkState): Promise<void> {
	let record = await findNetwork(libvirt, name);
	if (record && !record.persistent) {
		throw new AppError('UNSUPPORTED', `network ${name} is a transient one`, {why: 'it has no saved definition and would be lost when it is stopped', fix: `virsh net-dumpxml ${name} > network.xml; virsh net-define network.xml`});
	}

	if (!isDefined(record, to.xml)) {
		// What runs keeps its old definition until it is stopped.
		await stop(libvirt, record);
		const uuid = networkUuid(to.xml);
		// libvirt replaces a definition only for the same UUID.
		if (record && uuid !== null && uuid !== record.uuid) {
			await libvirt.undefineNetwork(name);
			record = undefined;
		}

		await libvirt.defineNetwork(record ? withNetworkUuid(to.xml, record.uuid) : to.xml);
		record = await findNetwork(libvirt, name);
	}

	if (!to.active) {
		await stop(libvirt, record);
	} else if (record?.active !== true) {
		await start(libvirt, name);
	}

	if (record?.autostart !== to.autostart) {
		await libvirt.setNetworkAutostart(name, to.autostart);
	}
}

async function start(libvirt: Libvirt, name: string): Promise<void> {
	try {
		await libvirt.startNetwork(name);
	} catch (error) {
		const trouble = error instanceof AppError && error.code === 'LIBVIRT_FAILED' ? explainNetworkStart(error.why ?? '') : undefined;
		if (trouble === undefined || !(error instanceof AppError)) {
			throw error;
		}

		throw new AppError('NETWORK_BROKEN', `network ${name} cannot be started: ${trouble.cause}`, {
			why: `libvirt said: ${error.why}`,
			fix: trouble.remedy,
			details: {...error.details, trouble: trouble.name, modules: trouble.modules},
			cause: error,
		});
	}
}

async function stop(libvirt: Libvirt, record: NetworkRecord | undefined): Promise<void> {
	if (record?.active === true) {
		await libvirt.stopNetwork(record.name);
	}
}

async function remove(libvirt: Libvirt, record: NetworkRecord | undefined): Promise<void> {
	await stop(libvirt, record);
	// A transient network went when it was stopped.
	if (record?.persistent === true) {
		await libvirt.undefineNetwork(record.name);
	}
}

function isState(record: NetworkRecord | undefined, state: NetworkState | null): boolean {
	return state === null
		? record === undefined
		: isDefined(record, state.xml) && record?.active === state.active && record.autostart === state.autostart;
}

function isDefined(record: NetworkRecord | undefined, xml: string): boolean {
	const saved = record && savedXml(record);
	return saved !== undefined && sameNetwork(xml, saved);
}

function describe(name: string, record: NetworkRecord | undefined): string {
	if (record === undefined) {
		return `there is no network ${name}`;
	}

	const words = [record.active ? 'running' : 'stopped', record.persistent ? 'saved' : 'transient', record.autostart ? 'started at boot' : 'not started at boot'];
	return `network ${name} is ${words.join(', ')}, or its definition is another one`;
}
