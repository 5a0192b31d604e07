// Four kinds of endpoints on each of two PFs: a VF in a namespace (n), a guest on macvtap over a VF (m), a guest with
// a VF passed through (p), a guest on a bridge of the PF (g). Each of two guests has three of them, in namespaces of
// its own, so that what one says to another leaves the guest.
import type {Lab} from '../../../lab/lab.ts';
import {pfs} from './relay-world.ts';
import type {LabVfctl} from './vfctl.ts';

const endpoints = {
	n1: {host: 'host', pf: 0, number: 11}, m1: {host: 'vm0', pf: 0, number: 12}, p1: {host: 'vm1', pf: 0, number: 13}, g1: {host: 'vm0', pf: 0, number: 14},
	n2: {host: 'host', pf: 1, number: 21}, m2: {host: 'vm1', pf: 1, number: 22}, p2: {host: 'vm0', pf: 1, number: 23}, g2: {host: 'vm1', pf: 1, number: 24},
} as const;

export type Endpoint = keyof typeof endpoints;
export const names = Object.keys(endpoints) as Endpoint[];
const hosts = ['host', 'vm0', 'vm1'] as const;
const on = (host: typeof hosts[number]) => names.filter(name => endpoints[name].host === host);
const address = (name: Endpoint) => `10.8.0.${endpoints[name].number}`;
const given = (name: Endpoint) => `52:54:00:aa:00:${endpoints[name].number}`;
const guestMs = 300_000;

/** Whom each reaches, as it is written in the test and told in docs/forward.md: a line for each, `x` for yes. */
export type Matrix = Record<Endpoint, readonly Endpoint[]>;

/** Understands such a table, which has them in our order. */
export function matrix(table: string): Matrix {
	const cells = table.trim().split('\n').slice(1).map(line => line.trim().split(/\s+/).slice(1));
	return forAll(from => names.filter((_, column) => cells[names.indexOf(from)]![column] === 'x'));
}

function forAll<T>(value: (name: Endpoint) => T): Record<Endpoint, T> {
	const all = {} as Record<Endpoint, T>;
	for (const name of names) {
		all[name] = value(name);
	}

	return all;
}

/** Makes the VFs, bridges, namespaces, and attaches what the guests get. Gives back the MAC address of each. */
export async function makePairsWorld(lab: Lab, vfctl: LabVfctl): Promise<Record<Endpoint, string>> {
	const macs = forAll(given);
	await lab.exec('modprobe -a bridge macvtap && /lab/vfs 3 && udevadm settle');
	for (const [pf, bdf] of pfs.entries()) {
		const [netdev, bridge] = [`eth${pf + 1}`, `br${pf + 1}`];
		const name = `n${pf + 1}` as Endpoint;
		await lab.exec([
			`ip link add ${bridge} type bridge`, `ip link set ${bridge} up`, `ip link set ${netdev} master ${bridge}`,
			// QEMU's igb hands what the PF sends to all back to the PF, and the bridge would believe it.
			`bridge link set dev ${netdev} learning off`,
			`ip netns add ${name}`, `ip link set $(ls /sys/bus/pci/devices/${bdf}/virtfn0/net) netns ${name} name net0`,
			`ip -n ${name} addr add ${address(name)}/24 dev net0`, `ip -n ${name} link set net0 up`,
		].join(' && '));
		macs[name] = (await lab.exec(`ip netns exec ${name} cat /sys/class/net/net0/address`)).stdout.trim();
		const attach = async (endpoint: string, device: string, ...options: string[]) => {
			const of = `${endpoint}${pf + 1}` as Endpoint;
			await vfctl.run(['attach', endpoints[of].host, device, '--live', '--mac', macs[of], ...options]);
		};

		await attach('m', `${netdev}#1`, '--method', 'macvtap');
		await attach('p', `${netdev}#2`, '--method', 'hostdev');
		await attach('g', bridge, '--method', 'bridge');
	}

	await Promise.all((['vm0', 'vm1'] as const).map(async guest => inGuest(lab, guest, on(guest).map(name => `settle ${name} ${macs[name]} ${address(name)} || exit 1`).join('\n'))));
	return macs;
}

/** Holds an interface in a namespace of its own, once it is there. The guest's first program brings up what appears. */
const settle = `settle() {
	setsid unshare -n sh -c "echo \\$\\$ >/run/$1; exec sleep 1000000" >/dev/null 2>&1 </dev/null &
	i=0
	until [ -s /run/$1 ] && n=$(grep -li "^$2\\$" /sys/class/net/*/address | cut -d/ -f5) && [ -n "$n" ]; do
		i=$((i + 1)); [ $i -lt 240 ] || { echo no NIC has the MAC $2 >&2; return 1; }; sleep 0.25
	done
	ip link set $n netns $(cat /run/$1)
	nsenter -t $(cat /run/$1) -n sh -c "ip addr add $3/24 dev $n && ip link set $n up && echo $n >/run/$1.nic"
}`;

async function inGuest(lab: Lab, guest: string, script: string): Promise<string> {
	return (await lab.exec(['/lab/guest', 'exec', guest, `${settle}\n${script}`], {timeoutMs: guestMs})).stdout;
}

/**
 * Asks all at once, again and again until those who should answer have, and three times at least: so the others had
 * as many chances as they. Says who answered.
 */
const ask = `ask() {
	me=$1 wanted=$2 others=$3 heard= round=0 missing=yes
	: >/tmp/$me.heard
	while [ $round -lt 3 ] || [ -n "$missing" -a $round -lt 40 ]; do
		round=$((round + 1))
		for to in $wanted $others; do
			case " $heard " in *" $to "*) continue ;; esac
			(ping -c 1 -W 2 $to >/dev/null 2>&1 && echo $to >>/tmp/$me.heard) &
		done
		wait
		heard=$(tr '\\n' ' ' </tmp/$me.heard) missing=
		for to in $wanted; do
			case " $heard " in *" $to "*) ;; *) missing=yes ;; esac
		done
	done
	echo "$me $heard"
}`;

/** Who reaches whom; those of `expected` are given time. */
export async function reached(lab: Lab, expected: Matrix): Promise<Matrix> {
	const texts = await Promise.all(hosts.map(async host => {
		const lines = on(host).map(name => {
			const others = names.filter(other => other !== name && !expected[name].includes(other));
			const script = `${ask}; ask ${name} '${expected[name].map(other => address(other)).join(' ')}' '${others.map(other => address(other)).join(' ')}'`;
			const enter = host === 'host' ? `ip netns exec ${name}` : `nsenter -t $(cat /run/${name}) -n`;
			const nic = host === 'host' ? 'net0' : `$(cat /run/${name}.nic)`;
			return `${enter} ip neigh flush dev ${nic}\n${enter} sh -c '${script.replaceAll("'", String.raw`'\''`)}' >/tmp/${name}.said &`;
		});
		const script = `${lines.join('\n')}\nwait\ncat ${on(host).map(name => `/tmp/${name}.said`).join(' ')}`;
		return host === 'host' ? (await lab.exec(script, {timeoutMs: guestMs})).stdout : inGuest(lab, host, script);
	}));
	const heard = new Map(texts.join('').trim().split('\n').map(line => line.split(' ')).map(([name, ...from]) => [name, from]));
	const among = (said: readonly string[] | undefined) => names.filter(other => said?.includes(address(other)));
	return forAll(name => among(heard.get(name)));
}
