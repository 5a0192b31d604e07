// `vfctl dpdk status` as dpdk-devbind.py prints it, byte for byte: display_devices and
// show_device_status in usertools/dpdk-devbind.py.
import type {DpdkStatusDevice, DpdkStatusSection} from '../model/dpdk-status.ts';

/** The whole output; every line ends. */
export function dpdkStatusText(sections: readonly DpdkStatusSection[]): string {
	return sections.map(section => sectionText(section)).join('');
}

function sectionText(section: DpdkStatusSection): string {
	const {title, devices} = section;
	if (devices.length === 0) {
		return heading(`No '${title}' devices detected`);
	}

	const blocks: Array<[DpdkStatusDevice['use'], string]> = [
		['dpdk', `${title} devices using DPDK-compatible driver`],
		['kernel', `${title} devices using kernel driver`],
		['none', `Other ${title} devices`],
	];
	return blocks.map(([use, name]) => {
		const lines = devices.filter(device => device.use === use).map(device => line(device, section));
		return lines.length === 0 ? '' : `${heading(name)}${lines.sort().map(text => `${text}\n`).join('')}`;
	}).join('');
}

function heading(title: string): string {
	return `\n${title}\n${'='.repeat(title.length)}\n`;
}

function line({bdf, name, device, numaNode, interfaces, driver, unused, use, active}: DpdkStatusDevice, {class: kind, showsNuma}: DpdkStatusSection): string {
	const facts = [
		...showsNuma ? [`numa_node=${numaNode}`] : [],
		...use === 'kernel' && kind === 'net' ? [`if=${interfaces.join(',')}`] : [],
		...use === 'none' ? [] : [`drv=${driver}`],
		`unused=${unused}`,
	].join(' ');
	return `${bdf} '${name} ${device}' ${facts}${use === 'kernel' ? ` ${active ? '*Active*' : ''}` : ''}`;
}
