// `vfctl iommu` as text: the switches first, then one line a group member.
import type {AcsFact} from '../model/acs.ts';
import type {IommuGroupView, IommuView} from './iommu-view.ts';
import {cell} from './names.ts';
import {table} from './table.ts';

const headings = ['GROUP', 'MEMBER', 'NAME', 'DRIVER', 'VIABLE', 'ACS', 'USED BY'];

/** The page. */
export function iommuText(view: IommuView): string {
	return [
		...switches(view),
		'',
		view.groups.length === 0 ? emptyText(view) : table(headings, view.groups.flatMap(group => rows(group))),
		...section('not viable', view.groups.flatMap(({number, reasons}) => reasons.map(reason => `group ${number}: ${reason}`))),
		...section('ACS', acsLines(view.groups)),
	].join('\n');
}

function switches({iommu, kind, units, interruptRemapping, unsafeInterrupts, noIommuMode, acsOverride}: IommuView): string[] {
	return [
		`IOMMU                ${iommu}${kind === 'none' ? '' : ` (${kind}: ${units.join(', ')})`}`,
		`interrupt remapping  ${interruptRemapping}`,
		`unsafe interrupts    ${unsafeInterrupts ? 'allowed: a malicious guest can inject interrupts' : 'not allowed'}`,
		...(noIommuMode ? ['no-IOMMU mode        allowed: such devices can write to all of the host\'s memory'] : []),
		...(acsOverride ? ['ACS override         on (pcie_acs_override): groups do not tell what the hardware isolates'] : []),
	];
}

function emptyText({iommu}: IommuView): string {
	return iommu === 'off' ? 'no groups: the kernel translates no device\'s DMA' : 'no group holds a network card (--all shows the others)';
}

function rows(group: IommuGroupView): string[][] {
	const viable = group.viable === null ? '-' : group.viable ? 'yes' : 'no';
	return group.members.map(member => [String(group.number), member.bdf, cell(member.name), cell(member.driver), viable, group.acs === 'none' ? '-' : group.acs, cell(member.user)]);
}

function section(title: string, lines: readonly string[]): string[] {
	return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map(line => `  ${line}`)];
}

/** Each bridge and function once, in the order of the groups. */
function acsLines(groups: readonly IommuGroupView[]): string[] {
	const facts = new Map(groups.flatMap(({acsPath}) => acsPath).map(fact => [fact.bdf, fact]));
	return [...facts.values()].map(fact => `${fact.bdf}  ${fact.port.replaceAll('-', ' ')}: ${acsText(fact)}`);
}

function acsText({acs, verdict}: AcsFact): string {
	if (acs.kind === 'unknown') {
		return 'unknown (its config space is not readable; root can)';
	}

	const off = acs.kind === 'absent' ? [] : acs.capable.filter(flag => !acs.enabled.includes(flag));
	if (acs.kind === 'absent' && verdict === 'not-needed') {
		return 'has none and needs none';
	}

	if (verdict === 'quirk') {
		return `${acs.kind === 'absent' ? 'has none' : 'is off'}, but the kernel isolates it all the same (it knows the device, or pcie_acs_override is set)`;
	}

	if (acs.kind === 'absent') {
		return 'has none: its devices can reach each other past the IOMMU';
	}

	return off.length === 0 ? `on (${acs.enabled.map(flag => words(flag)).join(', ')})` : `OFF: ${off.map(flag => words(flag)).join(', ')}`;
}

function words(flag: string): string {
	return flag.replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
}
