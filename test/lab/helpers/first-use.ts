// What the first use of a host leaves for good, done before the state to compare with is taken:
// modules, queue disciplines of interfaces that were up once, segment sizes of a bridge that had a port.
import type {Lab} from '../../../lab/lab.ts';

/** Every VF's interface up and down once, and macvtap's module. */
export async function useVfsOnce(lab: Lab): Promise<void> {
	await lab.exec(`modprobe macvtap
		for vf in /sys/bus/pci/devices/*/physfn; do ip link set "$(ls "\${vf%/physfn}/net")" up && ip link set "$(ls "\${vf%/physfn}/net")" down || exit 1; done`);
}

/** A bridge that is up, without addresses of its own, and had a port once. */
export async function makeUsedBridge(lab: Lab, name: string): Promise<void> {
	await lab.exec(`ip link add ${name} type bridge && echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6 && ip link set ${name} up
		ip tuntap add once mode tap && ip link set once master ${name} && ip link del once`);
}
