// Another machine, of which vfctl has a connection to libvirt and nothing else.
import {AppError} from '../errors.ts';
import type {Host, HostFiles} from './host.ts';

export interface RemoteHostOptions {
	/** Name of the machine. */
	readonly name: string;
	/** The line that does on the machine itself what was asked for. */
	readonly there: string;
}

/** The host. Whatever needs more than libvirt gets REMOTE_HOST: files and programs would be those of this
 * machine, and a device of one must not be taken for one of the other. */
export function remoteHost(local: Host, {name, there}: RemoteHostOptions): Host {
	const refuse = (): never => {
		throw new AppError('REMOTE_HOST', `this needs ${name} itself: its devices, files and programs`, {
			why: 'libvirt gives guests, pools and networks of another machine over --connect, and nothing of its kernel',
			fix: `run it there: ${there}`,
		});
	};
	const refuseLater = async () => refuse();
	const files: HostFiles = {
		readText: refuse, readBytes: refuse, readLink: refuse, list: refuse, exists: refuse,
		writeAttribute: refuseLater, writeFile: refuseLater, appendDurably: refuseLater, removeFile: refuseLater, lock: refuseLater,
	};
	return {...local, name, files, runner: {run: refuseLater}, libvirtAlone: true};
}
