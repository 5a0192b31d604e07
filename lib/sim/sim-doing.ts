// What libvirt was asked, in the words of errors.
import type {LibvirtFailure} from './options.ts';

/** By call. */
export const doingOf: Record<LibvirtFailure['call'], string> = {
	attachDevice: 'attach the device', detachDevice: 'detach the device', listDomains: 'list the guests', findDomain: 'find the guest', listNetworks: 'list the networks',
	defineNetwork: 'define the network', undefineNetwork: 'remove the network', startNetwork: 'start the network', stopNetwork: 'stop the network',
	setNetworkAutostart: 'set the autostart of the network', updateLease: 'change the lease', agentCommand: 'ask the guest agent',
};
