// `vfctl mailbox` as text.
import {isMailboxDriver} from '../model/mailbox.ts';
import {quote} from '../model/shell-word.ts';
import type {MailboxView, PfMailboxView, VfMailboxView} from './mailbox-view.ts';
import {cell, onOff} from './names.ts';
import {table} from './table.ts';

/** The PFs with their VFs; one VF alone is told with all its messages. */
export function mailboxText({pfs}: MailboxView, alone: boolean): string {
	return pfs.length === 0
		? 'no PF of igb or ixgbe is here'
		: pfs.map(pf => [heading(pf), ...body(pf, alone), ...pf.hints.map(({vf, text}) => `hint: ${vf === null ? '' : `${vf}: `}${text}`), ...advice(pf)].join('\n')).join('\n\n');
}

function heading({name, bdf, driver, source}: PfMailboxView): string {
	const told = source === 'driver' ? 'told by the driver of vfctl' : source === 'kernel log' ? 'stock driver: from the kernel log' : isMailboxDriver(driver) ? 'stock driver, and the kernel log cannot be read' : 'has no such mailbox (its driver speaks virtchnl, or there is none)';
	return `${name}: ${bdf}, ${driver ?? 'no driver'}, ${told}`;
}

function body(pf: PfMailboxView, alone: boolean): string[] {
	const {vfs, source, driver, unhandledWords, spoofedPackets, readErrors} = pf;
	if (!isMailboxDriver(driver)) {
		return [];
	}

	if (vfs.length === 0) {
		return ['no VFs'];
	}

	const ofAll = [
		...unhandledWords === null ? [] : [`messages that the driver did not know: ${unhandledWords.join(', ')}`],
		...spoofedPackets === null ? [] : [`frames with a foreign source address, dropped: ${spoofedPackets}`],
		...readErrors === null ? [] : [`requests that could not be read: ${readErrors}`],
		...source === 'driver' ? timesOf('the card saw foreign source addresses (kernel log)', vfs, ({spoofEvents}) => spoofEvents) : [],
		...timesOf('the VF\'s driver on this host started while the PF was in reset (kernel log)', vfs, ({pfInReset}) => pfInReset),
	];
	return [...alone ? vfs.map(vf => oneText(vf, source, driver)) : [source === 'driver' ? toldTable(vfs, driver) : loggedTable(vfs)], ...ofAll];
}

function toldTable(vfs: readonly VfMailboxView[], driver: string): string {
	return table(['VF', 'VERSION', 'REFUSED', 'RESETS', 'FLRS', 'ACK', 'NACK', 'UNHANDLED', 'READ-ERRORS', 'MAC', 'VLAN', 'AGE', 'LAST'], vfs.map(vf => [
		vf.name, versionText(vf, driver), namesOf(vf.refused), cell(vf.resetMessages), cell(vf.flrs), cell(vf.acks), cell(vf.nacks), cell(vf.unhandled), cell(vf.readErrors),
		cell(vf.mac), vf.portVlan === 0 ? '' : cell(vf.portVlan), ageText(vf.lastMessageAgeMs), vf.messages?.at(-1)?.text ?? '',
	]));
}

/** What is too seldom for a column. */
function timesOf(what: string, vfs: readonly VfMailboxView[], count: (vf: VfMailboxView) => number | null): string[] {
	const found = vfs.flatMap(vf => {
		const times = count(vf);
		return times === null ? [] : [`${vf.name} ${times} ${times === 1 ? 'time' : 'times'}`];
	});
	return found.length === 0 ? [] : [`${what}: ${found.join(', ')}`];
}

const unknown = 'unknown';

function loggedTable(vfs: readonly VfMailboxView[]): string {
	const seen = (value: number | null) => value === null ? unknown : String(value);
	return table(['VF', 'VERSION', 'REFUSED', 'RESETS', 'REFUSED-MACS', 'REFUSED-VLANS', 'REFUSED-FILTERS', 'SPOOFED', 'MAC', 'VLAN'], vfs.map(vf => [
		vf.name, unknown, vf.refused === null ? unknown : namesOf(vf.refused), seen(vf.resetMessages), seen(vf.refusedMacs), seen(vf.refusedVlans), seen(vf.refusedFilters), seen(vf.spoofEvents),
		cell(vf.mac), vf.portVlan === 0 ? '' : cell(vf.portVlan),
	]));
}

function oneText(vf: VfMailboxView, source: PfMailboxView['source'], driver: string): string {
	const known = (value: number | string | null) => value === null ? unknown : String(value);
	const lines: Array<[string, string]> = [
		['version', source === 'driver' ? versionText(vf, driver) : unknown],
		['refused', vf.refused === null ? (source === 'driver' ? 'none' : unknown) : namesOf(vf.refused) || 'none'],
		['resets', `${known(vf.resetMessages)} by message, ${known(vf.flrs)} function level`],
		['requests', `${known(vf.requests)}, granted ${known(vf.acks)}, refused ${known(vf.nacks)}, unhandled ${known(vf.unhandled)}, unreadable ${known(vf.readErrors)}`],
		...source === 'driver' ? [] : [['refused', `MACs ${known(vf.refusedMacs)}, VLANs ${known(vf.refusedVlans)}, filters ${known(vf.refusedFilters)}; spoofed ${known(vf.spoofEvents)}`] as [string, string]],
		['pings', known(vf.pings)],
		['MAC', `${vf.mac ?? 'none'}${vf.macs === null || vf.macs.length === 0 ? '' : `, and ${vf.macs.join(', ')}`}`],
		['VLAN', `${vf.portVlan === 0 || vf.portVlan === null ? 'no port VLAN' : `port VLAN ${vf.portVlan}`}${vf.vlans === null || vf.vlans === '' ? '' : `, asked for ${vf.vlans}`}`],
		['set', `spoofchk ${onOff(vf.spoofchk)}, trust ${onOff(vf.trust)}, link ${cell(vf.link)}`],
	];
	return [
		`${vf.name}${vf.bdf === null ? '' : ` (${vf.bdf})`}`,
		...lines.map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
		vf.messages === null ? '  messages  unknown' : vf.messages.length === 0 ? '  no messages' : '  messages, oldest first:',
		...(vf.messages ?? []).map(({ageMs, text}) => `    ${ageText(ageMs).padStart(8)}  ${text}`),
	].join('\n');
}

function versionText({version}: VfMailboxView, driver: string): string {
	return version?.name ?? (driver === 'igb' ? 'has none' : 'none yet');
}

function namesOf(versions: VfMailboxView['refused']): string {
	return versions?.map(({name}) => name).join(',') ?? '';
}

/** `0.3 s`, `12 s`, `5 min`, `3 h`, `2 d`. */
function ageText(ms: number | null): string {
	if (ms === null) {
		return '';
	}

	const seconds = ms / 1000;
	return seconds < 10 ? `${seconds.toFixed(1)} s` : seconds < 120 ? `${Math.round(seconds)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** How to learn the rest. */
function advice({source, driver, name}: PfMailboxView): string[] {
	if (source === 'driver' || !isMailboxDriver(driver)) {
		return [];
	}

	return [
		`a stock driver tells no more; one that does: vfctl driver build, then vfctl driver load ${quote(name)}`,
		...driver === 'ixgbe' ? ['refused versions are only in the log with dynamic debug: echo \'module ixgbe +p\' > /sys/kernel/debug/dynamic_debug/control'] : [],
	];
}
