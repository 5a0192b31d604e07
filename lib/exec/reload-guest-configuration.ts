// Tells the network service of a guest that a file of its configuration changed. Nothing depends
// on it: what runs is set directly, and the file is for the next start.
import {AppError} from '../errors.ts';
import {guestExec, type GuestAgent} from './guest-agent.ts';

/** Reloads what reads the file; resolves to why it could not, or undefined. */
export async function reloadGuestConfiguration(agent: GuestAgent, path: string): Promise<string | undefined> {
	const command = reloads.find(([directory]) => path.startsWith(directory))?.[1];
	if (command === undefined) {
		return undefined;
	}

	try {
		const {code, stderr} = await guestExec(agent, command);
		return code === 0 ? undefined : `'${command.join(' ')}': ${stderr.trim().slice(0, 300) || `exit status ${code}`}`;
	} catch (error) {
		if (error instanceof AppError && ['STEP_FAILED', 'UNSUPPORTED'].includes(error.code)) {
			return error.why ?? error.message;
		}

		throw error;
	}
}

// Each reads its files anew and touches no interface whose settings are the same. netplan only
// writes the files of the other two here: `netplan apply` would restart them.
const reloads: ReadonlyArray<readonly [directory: string, command: readonly [string, ...string[]]]> = [
	['/etc/systemd/network/', ['networkctl', 'reload']],
	['/etc/NetworkManager/', ['nmcli', 'connection', 'reload']],
	['/etc/netplan/', ['netplan', 'generate']],
];
