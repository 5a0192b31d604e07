// Node devices as libvirt makes them from sysfs (src/conf/node_device_conf.c).
import type {Bdf} from '../model/bdf.ts';
import {bdfParts, nodedevName, parseBdf} from '../model/bdf.ts';
import {groupMembers} from './binding.ts';
import {Refusal} from './guest-hold.ts';
import {sourceAddress} from './guest-xml.ts';
import {devicesPath, driverOf, functionPath, functionsOf, groupOf, physfnOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';

// VIR_ERR_NO_NODE_DEVICE
const noNodeDevice = 53;

/** Names of all PCI node devices. */
export function pciNodeDevices(machine: Machine): string[] {
	return functionsOf(machine).map(bdf => nodedevName(bdf));
}

/** XML of a node device; throws the daemon's refusal when there is none of that name. */
export function nodeDeviceXml(machine: Machine, name: string): string {
	const bdf = parseBdf(name.replace(/^pci_([\da-f]+)_([\da-f]{2})_([\da-f]{2})_(\d)$/, '$1:$2:$3.$4'));
	if (bdf === undefined || functionPath(machine, bdf) === undefined) {
		throw new Refusal(noNodeDevice, `Node device not found: no node device with matching name '${name}'`);
	}

	const value = (attribute: string) => machine.tree.value(`${devicesPath}/${bdf}/${attribute}`);
	const {domain, bus, slot, function: fn} = bdfParts(bdf);
	const path = functionPath(machine, bdf) ?? '';
	const parent = parseBdf(path.split('/').at(-2) ?? '');
	const driver = driverOf(machine, bdf);
	const physfn = physfnOf(machine, bdf);
	const total = value('sriov_totalvfs');
	const group = groupOf(machine, bdf);
	const lines = [
		'<device>',
		`  <name>${name}</name>`,
		`  <path>${path}</path>`,
		`  <parent>${parent === undefined ? 'computer' : nodedevName(parent)}</parent>`,
		...(driver === undefined ? [] : ['  <driver>', `    <name>${driver}</name>`, '  </driver>']),
		"  <capability type='pci'>",
		`    <class>${value('class')}</class>`,
		`    <domain>${domain}</domain>`, `    <bus>${bus}</bus>`, `    <slot>${slot}</slot>`, `    <function>${fn}</function>`,
		`    <product id='${value('device')}'/>`,
		`    <vendor id='${value('vendor')}'/>`,
		...(physfn === undefined ? [] : capability("type='phys_function'", [physfn])),
		...(total === '' ? [] : capability(`type='virt_functions' maxCount='${total}'`, vfsOf(machine, bdf))),
		...(group === undefined ? [] : [`    <iommuGroup number='${group}'>`, ...groupMembers(machine, group).map(member => `      <address ${sourceAddress(member)}/>`), '    </iommuGroup>']),
		...(value('numa_node').startsWith('-') || value('numa_node') === '' ? [] : [`    <numa node='${value('numa_node')}'/>`]),
		'  </capability>',
		'</device>',
	];
	return `${lines.join('\n')}\n`;
}

function capability(attributes: string, members: readonly Bdf[]): string[] {
	return members.length === 0
		? [`    <capability ${attributes}/>`]
		: [`    <capability ${attributes}>`, ...members.map(member => `      <address ${sourceAddress(member)}/>`), '    </capability>'];
}
