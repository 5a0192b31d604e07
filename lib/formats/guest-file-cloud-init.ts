// cloud-init's network-config, version 2:
// https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v2.html
import type {GuestFile, IpRoute} from '../model/guest-network.ts';
import type {GuestFileContent} from './guest-file-content.ts';
import {ethernet, yamlText} from './guest-file-netplan.ts';

/** For the seed of the guest (NoCloud: `cloud-localds --network-config`), where it is to be merged
 * with what the seed says of other interfaces. It is never written into a guest: cloud-init takes
 * one source for the whole machine, so a file of ours would take the other interfaces' away. */
export function cloudInitFile(content: GuestFileContent): GuestFile {
	const {mac, network} = content;
	// Where cloud-init does not hand the file to netplan it needs a name to give the interface, and
	// the kernel takes 15 characters.
	const name = `vf${mac.replaceAll(':', '')}`;
	const byRoute = network.routes.filter(route => !isDefault6(route));
	const [gateway6] = network.routes.filter(route => isDefault6(route));
	return {
		format: 'cloud-init',
		path: '/var/lib/cloud/seed/nocloud/network-config',
		text: yamlText({version: 2, ethernets: {[name]: {
			...ethernet({...content, network: {...network, routes: byRoute}}),
			'set-name': name,
			...gateway6 === undefined ? {} : {gateway6: gateway6.via},
		}}}),
		mode: 0o600,
	};
}

// cloud-init 22.4 makes a route to ::/64 of ::/0.
function isDefault6({to, via, metric}: IpRoute): boolean {
	return to === '::/0' && via !== null && metric === null;
}
