// Words and numbers that several listings share.
import {holderText, isHeld, type Holder} from '../model/holder.ts';
import type {HostRoute} from '../plan/action.ts';
import type {NamespacedNetdev} from '../sysfs/read-namespaces.ts';

/** A PCI id as lspci prints it: four hexadecimal digits. */
export function hexId(id: number, digits = 4): string {
	return id.toString(16).padStart(digits, '0');
}

/** Who has a VF, for --json: every key is always there. */
export interface HolderView {
	kind: Holder['kind'];
	/** In somebody's hands now; false for what is only reserved. */
	held: boolean;
	text: string;
	guest: string | null;
	guestUuid: string | null;
	/** The definition of the guest that has it. */
	guestDefinition: 'live' | 'config' | 'both' | null;
	/** Network or bridge of the virtio interface that stands by for the VF. */
	failover: string | null;
	namespace: string | null;
	/** Interface inside the namespace. */
	namespaceNetdev: string | null;
	pid: number | null;
	command: string | null;
}

/** The holder in one shape for text and JSON. */
export function holderView(holder: Holder, namespaced: NamespacedNetdev | undefined): HolderView {
	return {
		kind: holder.kind,
		held: isHeld(holder),
		text: holder.kind === 'namespace' && namespaced ? namespaceText(namespaced) : holderText(holder),
		guest: holder.kind === 'guest' ? holder.guest : null,
		guestUuid: holder.kind === 'guest' ? holder.uuid : null,
		guestDefinition: holder.kind === 'guest' ? holder.when : null,
		failover: holder.kind === 'guest' ? holder.failover : null,
		namespace: holder.kind === 'namespace' ? namespaced?.namespace ?? null : null,
		namespaceNetdev: holder.kind === 'namespace' ? namespaced?.netdev ?? null : null,
		pid: holder.kind === 'process' ? holder.pid : null,
		command: holder.kind === 'process' ? holder.command : null,
	};
}

function namespaceText({namespace, netdev, process}: NamespacedNetdev): string {
	return process === undefined ? `namespace ${namespace} (${netdev})` : `a namespace of process ${process.command} (${process.pid}), as ${netdev}`;
}

/** A cell of a table: `-` for what is not known. */
export function cell(value: string | number | null | undefined): string {
	return value === null || value === undefined || value === '' ? '-' : String(value);
}

/** Words for a switch that may be unknown. */
export function onOff(value: boolean | null): string {
	return value === null ? '-' : value ? 'on' : 'off';
}

/** `8.0 GT/s x8`, with what the device could do when that is more. */
export function linkText(link: {speedGTs: number | null; width: number | null; maxSpeedGTs: number | null; maxWidth: number | null} | null): string {
	if (link === null) {
		return '-';
	}

	const text = (speed: number | null, width: number | null) => `${cell(speed)} GT/s x${cell(width)}`;
	const now = text(link.speedGTs, link.width);
	const most = text(link.maxSpeedGTs ?? link.speedGTs, link.maxWidth ?? link.width);
	return now === most ? now : `${now} (could be ${most})`;
}

/** Where a route of the host leads: `via 20.0.0.3 on ens6f1 metric 5`. */
export function routeWay({via, dev, metric}: HostRoute): string {
	return [...via === null ? [] : [`via ${via}`], `on ${dev}`, ...metric === null ? [] : [`metric ${metric}`]].join(' ');
}
