// Three VFs of one card in three namespaces, and the module that passes frames on between them.
import type {OtherKernel} from '../../../lab/kernels.ts';
import type {Lab} from '../../../lab/lab.ts';
import {putDrivers} from './put-drivers.ts';

export const pf = '0000:01:00.0';
export const forwardDirectory = '/sys/kernel/vfctl/forward';

/** One VF's side: its namespace, its interface there, its address and MAC. */
export interface Side {
	namespace: string;
	netdev: string;
	address: string;
	mac: string;
	/** Of all namespaces: nothing has to be asked by broadcast, which the card always carries. */
	neighbours: string;
}

/** Puts the modules that vfctl builds for the lab's kernel where vfctl finds them, and loads them;
 * nothing is passed on yet. */
export async function loadForward(lab: Lab, kernel?: OtherKernel): Promise<void> {
	await putDrivers(lab, kernel);
	await insertForward(lab);
}

/** Loads what is not loaded. */
export async function insertForward(lab: Lab): Promise<void> {
	for (const module of ['vfctl_pf', 'vfctl_fwd']) {
		await lab.exec(`test -e /sys/module/${module} || insmod /var/lib/vfctl/drivers/$(uname -r)/${module}.ko`, {timeoutMs: 60_000});
	}
}

/** VF 0, 1 and 2 of the PF in the namespaces a, b and c. */
export async function makeSides(lab: Lab): Promise<Side[]> {
	await lab.exec(`/lab/vfs 3 ${pf} && udevadm settle`);
	const sides: Side[] = [];
	for (const [index, namespace] of ['a', 'b', 'c'].entries()) {
		const netdev = (await lab.exec(`ls /sys/bus/pci/devices/${pf}/virtfn${index}/net`)).stdout.trim();
		const address = `10.9.0.${index + 1}`;
		await lab.exec([
			`ip netns add ${namespace}`, `ip link set ${netdev} netns ${namespace}`, `ip -n ${namespace} link set lo up`,
			`ip -n ${namespace} addr add ${address}/24 dev ${netdev}`, `ip -n ${namespace} link set ${netdev} up`,
		].join(' && '));
		sides.push({namespace, netdev, address, mac: (await lab.exec(`ip netns exec ${namespace} cat /sys/class/net/${netdev}/address`)).stdout.trim(), neighbours: ''});
	}

	for (const side of sides) {
		side.neighbours = sides.filter(other => other !== side).map(other => `ip -n ${side.namespace} neigh replace ${other.address} lladdr ${other.mac} dev ${side.netdev} nud permanent`).join(' && ');
		await lab.exec(side.neighbours);
	}

	return sides;
}

/** How many of three pings from namespace a come back. */
export async function answers(lab: Lab, to: string, options = ''): Promise<number> {
	const {stdout} = await lab.exec(`ip netns exec a ping -c 3 -i 0.2 -W 1 ${options} ${to}`, {ok: 'any'});
	return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
}

/** Sends by the card, then with the module: how many pings came back each time, and which way the frames
 * of a's VF took with the module. */
export async function bothWays(lab: Lab, to: string, options = ''): Promise<{card: number; module: number; ways: Record<string, number>}> {
	const card = await answers(lab, to, options);
	await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
	try {
		return {card, module: await answers(lab, to, options), ways: await numbers(lab, 'vf0/stats')};
	} finally {
		await lab.exec(`echo ${pf} > ${forwardDirectory}/remove`);
	}
}

/** The numbers of one of the PF's files. */
export async function numbers(lab: Lab, file: string): Promise<Record<string, number>> {
	const {stdout} = await lab.exec(`cat ${forwardDirectory}/${pf}/${file}`);
	return Object.fromEntries(stdout.trim().split('\n').map(line => line.split('=')).map(([name, value]) => [name!, Number(value)]));
}
