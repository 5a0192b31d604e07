// A static lease in libvirt's XML: https://libvirt.org/formatnetwork.html#addressing
import type {Lease} from '../model/network.ts';
import {renderTemplate} from './render-template.ts';

/** <host> for virNetworkUpdate. */
export function leaseXml({mac, ip, name}: Lease): string {
	return renderTemplate('dhcp-host.xml.eta', {mac, ip, name}).trim();
}
