// The configuration file that gives an interface of a guest its addresses at every boot.
import type {GuestFile, GuestFileFormat} from '../model/guest-network.ts';
import {cloudInitFile} from './guest-file-cloud-init.ts';
import type {GuestFileContent} from './guest-file-content.ts';
import {keyfile} from './guest-file-keyfile.ts';
import {netplanFile} from './guest-file-netplan.ts';
import {networkdFile} from './guest-file-networkd.ts';

/** The file in that format, with the path and mode it has in the guest. */
export function renderGuestFile(format: GuestFileFormat, content: GuestFileContent): GuestFile {
	return renderers[format](content);
}

/** Where the file of that format is, without rendering it: what a detach removes. */
export function guestFilePath(format: GuestFileFormat, mac: GuestFileContent['mac']): string {
	return renderers[format]({mac, network: {addresses: [], routes: [], mtuBytes: null, nameservers: []}}).path;
}

const renderers: Record<GuestFileFormat, (content: GuestFileContent) => GuestFile> = {
	netplan: netplanFile,
	networkd: networkdFile,
	networkmanager: keyfile,
	'cloud-init': cloudInitFile,
};
