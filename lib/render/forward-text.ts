// Ports whose frames are passed on, and their counters, as text.
import {cardReasonText, relayReasonText} from '../model/forward.ts';
import type {ForwardPortView, ForwardView, PfForwardView, RelayView} from './forward-view.ts';
import {cell, onOff} from './names.ts';
import {table} from './table.ts';

/** The ports of each PF, and under them what holds some. */
export function forwardTableText(view: ForwardView): string {
	return textOf(view, ({name: pf, relay, ports}) => [
		table(['PORT', 'INTERFACE', 'NAMESPACE', 'HOLDER', 'FOUND-BY', 'VLAN', 'SPOOFCHK', 'TRUST', 'LINK', 'HELD'], ports.map(port => [
			port.name, cell(port.netdev), cell(port.namespace), cell(port.holder?.text), cell(port.rules?.macs.join(',')),
			...ruleCells(port), cell(port.held?.reason),
		])),
		...ports.flatMap(({name, held}) => held === null ? [] : [`${name}: everything from it goes to the card: ${held.text}`]),
		...relay === null ? [] : relayLines(pf, relay),
	]);
}

function ruleCells({vf, rules}: ForwardPortView): string[] {
	// The PF's driver sets no limits on the PF itself.
	return rules === null || vf === null ? ['', '', '', ''] : [rules.portVlan === 0 ? '' : String(rules.portVlan), onOff(rules.spoofchk), onOff(rules.trust), rules.link];
}

/** The counters of each PF's ports, and under them the reasons that occurred. */
export function forwardStatsText(view: ForwardView): string {
	return textOf(view, ({relay, ports}) => {
		const reasons = ports.flatMap(({name, stats}) => Object.entries(stats.card).filter(([, frames]) => frames > 0).map(([reason, frames]) => [name, String(frames), reason, cardReasonText(reason)]));
		return [
			table(['PORT', 'SENT', 'SENT-BYTES', 'RECEIVED', 'RECEIVED-BYTES', 'FRAMES-PASSED', 'FRAMES-TO-CARD'], ports.map(({name, stats}) => [
				name, ...[stats.txPackets, stats.txBytes, stats.rxPackets, stats.rxBytes, stats.passed, Object.values(stats.card).reduce((sum, frames) => sum + frames, 0)].map(String),
			])),
			...reasons.length === 0 ? [] : [table(['PORT', 'TO-CARD', 'REASON', 'BECAUSE'], reasons)],
			...relay === null ? [] : relayStatsLines(relay),
		];
	});
}

function relayLines(pf: string, {group, macs, filterLimit, filterUsed, filtersFree, leftOut}: RelayView): string[] {
	return [
		`${pf}: relay group ${group}: the card compares ${filterLimit} addresses, ${filterUsed} are its own and its VFs', ${macs.length} the relay's, ${filtersFree} free`,
		...leftOut === 0 ? [] : [`${pf}: ${leftOut} ${leftOut === 1 ? 'address' : 'addresses'} found no room: frames for them leave by the wire`],
		...macs.length === 0 ? [] : [table(['RELAYED', 'BEHIND'], macs.map(({mac, home}) => [mac, home]))],
	];
}

function relayStatsLines({group, toVf, toHost, neighbours, refused}: RelayView): string[] {
	const reasons = Object.entries(refused).filter(([, frames]) => frames > 0).map(([reason, frames]) => [String(frames), reason, relayReasonText(reason)]);
	return [
		`relayed in group ${group}: ${toVf} to VFs, ${toHost} to the host behind other PFs, ${neighbours} copies of questions for an address`,
		...reasons.length === 0 ? [] : [table(['NOT-RELAYED', 'REASON', 'BECAUSE'], reasons)],
	];
}

function textOf({loaded, pfs}: ForwardView, lines: (pf: PfForwardView) => string[]): string {
	if (!loaded) {
		return 'the forwarding module (vfctl_fwd) is not loaded: every frame between VFs goes to the card';
	}

	return pfs.length === 0 ? 'forwarding is on for no PF: every frame between VFs goes to the card' : pfs.map(pf => [headLine(pf), ...pf.on && pf.ports.length > 0 ? lines(pf) : []].join('\n')).join('\n');
}

function headLine({name, bdf, on, mode, switch: own, ports}: PfForwardView): string {
	const state = !on ? 'off: every frame between its VFs goes to the card'
		: mode === 'vepa' ? 'on, and the card is in VEPA mode: nothing is passed on'
		: ports.length === 0 ? 'on, and neither it nor its VFs have an interface' : 'on';
	return `${name}${name === bdf ? '' : ` (${bdf})`}: forwarding is ${state}${own === null || (on && mode === 'vepa') ? '' : `; its own switch is a ${own.toUpperCase()}`}`;
}
