// vfctl xml: the XML that attach would use, and that of a pool, for those who define guests themselves.
import {AppError} from '../../errors.ts';
import {hostdevNetworkXml, hostdevXml, interfaceHostdevXml} from '../../libvirt/device-xml.ts';
import {readOpenvswitchBridges} from '../../exec/read-wire-facts.ts';
import type {AttachMethod} from '../../plan/attach-request.ts';
import type {OtherMethodArguments} from '../parse-other-method.ts';
import {otherXml} from './xml-other.ts';
import type {Inventory} from '../../model/inventory.ts';
import {selectVf} from '../../model/select.ts';
import {parsePoolSource, resolveSource} from '../../plan/pool-source.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {parseVfSettings} from '../vf-settings-options.ts';

export interface XmlOptions {
	kind: AttachMethod;
	/** What attach takes; for network its name, and a PF or VFs. */
	names: readonly string[];
	mac: string | undefined;
	vlan: string | undefined;
	managed: boolean;
	other?: OtherMethodArguments;
}

/** Prints it; changes nothing. */
export async function run(context: CommandContext, options: XmlOptions): Promise<void> {
	const settings = parseVfSettings({mac: options.mac, vlan: options.vlan});
	if ((options.kind === 'hostdev' || options.kind === 'network') && Object.keys(settings).length > 0) {
		throw new AppError('USAGE', `--mac and --vlan have no place in a ${options.kind === 'hostdev' ? '<hostdev>' : 'pool'}`, {
			why: options.kind === 'hostdev' ? 'libvirt gives such a VF away as it is' : 'each guest has its own',
			fix: options.kind === 'hostdev' ? 'vfctl xml interface, or set them on the PF: vfctl vf set' : 'set them in the guest\'s <interface>: vfctl attach',
		});
	}

	const openvswitchBridges = options.kind === 'bridge' ? await readOpenvswitchBridges(context.host.runner) : null;
	const xml = await withInventory(context, inventory => options.kind === 'network' ? networkXml(inventory, options) : deviceXml(inventory, options, {settings, openvswitchBridges}));
	context.out.result(xml, {version: 1, kind: options.kind, xml});
}

interface XmlFacts {
	settings: ReturnType<typeof parseVfSettings>;
	openvswitchBridges: readonly string[] | null;
}

function deviceXml(inventory: Inventory, {kind, names, managed, other = {}}: XmlOptions, {settings, openvswitchBridges}: XmlFacts): string {
	const [name, ...more] = names;
	if (name === undefined || more.length > 0) {
		throw new AppError('USAGE', `'vfctl xml ${kind}' takes one name`, {fix: `vfctl xml ${kind} ${kind === 'hostdev' || kind === 'interface' || kind === 'macvtap' ? 'PF#INDEX' : 'NAME'}`});
	}

	if (kind !== 'hostdev' && kind !== 'interface' && kind !== 'network') {
		return otherXml(inventory, {kind, name, mac: settings.mac ?? null, vlan: settings.vlan || null, other, openvswitchBridges});
	}

	const source = selectVf(inventory, name).vf.bdf;
	// VLAN 0 is no VLAN, and libvirt takes no tag of that number.
	return kind === 'hostdev' ? hostdevXml({source, managed}) : interfaceHostdevXml({source, managed, mac: settings.mac ?? null, vlan: settings.vlan || null});
}

function networkXml(inventory: Inventory, {names, managed}: XmlOptions): string {
	const [name, first, ...more] = names;
	if (name === undefined || first === undefined) {
		throw new AppError('USAGE', '\'vfctl xml network\' takes the name of the pool and a PF or VFs', {fix: 'vfctl xml network NAME PF'});
	}

	return hostdevNetworkXml({name, managed, pf: resolveSource(inventory, parsePoolSource(inventory, [first, ...more])).made});
}
