// XML of a pool, new or changed: https://libvirt.org/formatnetwork.html
import {AppError} from '../errors.ts';
import {hostdevNetworkXml, type HostdevNetworkSpec} from './device-xml.ts';
import {parsePool} from './network-xml.ts';

export interface PoolXmlSpec extends HostdevNetworkSpec {
	/** The saved definition that is changed; null for a new pool. */
	readonly savedXml: string | null;
}

/** The definition of a pool. Of one that exists only the PF or VFs change: UUID, VLANs, port
 * groups and what else it has stays. Throws UNSUPPORTED when that cannot be done. */
export function poolXml({savedXml, ...spec}: PoolXmlSpec): string {
	const fresh = hostdevNetworkXml(spec);
	if (savedXml === null) {
		return fresh;
	}

	const inner = /<forward\b[^>]*>\n([^]*?)^ {2}<\/forward>/m.exec(fresh)?.[1] ?? '';
	// libvirt indents by two blanks a level (virNetworkDefFormatBuf), so a <forward> in somebody's
	// metadata is not taken for this one.
	const changed = savedXml.replace(/^ {2}<forward\b([^>]*?)(?:\/>|>([^]*?)^ {2}<\/forward>)/m, (_, attributes: string, old = '') =>
		`  <forward${attributes}>${(old as string).replaceAll(/^\s*<(?:pf|address)\b[^>]*\/>\n/gm, '') || '\n'}${inner}  </forward>`);
	const pool = parsePool({name: spec.name, uuid: '', active: false, persistent: true, autostart: false, xml: changed});
	if (pool === null || (typeof spec.pf === 'string' ? pool.pfNetdev !== spec.pf || pool.members.length > 0 : pool.pfNetdev !== null || pool.members.join(' ') !== spec.pf.join(' '))) {
		throw new AppError('UNSUPPORTED', `the definition of the pool ${spec.name} cannot be changed by vfctl`, {why: 'its <forward> is not written as libvirt writes it', fix: 'virsh net-edit'});
	}

	return changed;
}
