// udev goes on with new interfaces after the kernel has made them: it names them, and gives those with
// a random MAC a lasting one (MACAddressPolicy=persistent of systemd's 99-default.link, systemd.link(5)).
import type {Host} from '../host/host.ts';

/** Waits until udev has nothing left to do, 10 s at most: on a host that makes interfaces without
 * pause it never ends. A host without udev has nothing to wait for. udevadm(8). */
export async function settleUdev({runner}: Host): Promise<void> {
	await runner.run(['udevadm', 'settle', '--timeout=10']).catch(() => undefined);
}
