// Services of the host that get in the way of VFs.
import {balancerVerdict} from '../../model/interrupts.ts';
import {quote} from '../../model/shell-word.ts';
import {balancerFix} from '../irqbalance.ts';
import {managersItem} from '../persist/other-items.ts';
import {networkdFile, vfRules} from '../persist/paths.ts';
import {bad, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';

function managers({boot, inventory}: DoctorFacts): Answer[] {
	if (inventory.pfs.length === 0) {
		return [];
	}

	const {state, why, actions, warnings} = managersItem(boot);
	const evidence = [
		seen('managers', [...boot.networkManager ? ['NetworkManager'] : [], ...boot.networkd === null ? [] : [`systemd-networkd (${boot.networkd})`]].join(', ') || 'neither NetworkManager nor systemd-networkd'),
		...state === 'not-needed' ? [] : [vfRules, networkdFile].map(path => seen(path, boot.files.has(path) ? 'there' : undefined)),
	];
	return [state === 'missing' ? bad('warning', null, why, {
		evidence, meaning: 'a VF that comes back from a guest may get a name, DHCP, addresses and routes that nobody wants (openshift/sriov-network-operator issue 414)',
		advice: 'tell them to leave VFs alone', commands: ['vfctl persist on --only network-managers'],
		repair: {actions, warnings},
	}) : ok(null, why, evidence)];
}

function ifupdown({ifupdown: files, inventory}: DoctorFacts): Answer[] {
	const vfs = new Map(inventory.pfs.flatMap(pf => pf.vfs.flatMap(vf => vf.netdevs.map(name => [name, vf.bdf] as const))));
	const grabbed = files.flatMap(({path, text}) => text.split('\n').flatMap(line => {
		const [word = '', ...names] = line.trim().split(/\s+/);
		return word === 'auto' || word === 'allow-hotplug' ? names.filter(name => vfs.has(name) && !inventory.hostUses.some(({bdf}) => bdf === vfs.get(name))).map(name => ({name, path, line: line.trim()})) : [];
	}));
	if (files.length === 0) {
		return [];
	}

	return grabbed.length === 0 ? [ok(null, 'ifupdown leaves VFs alone', [seen('/etc/network/interfaces', 'no auto or allow-hotplug names a VF')])] : grabbed.map(({name, path, line}) => bad('warning', name, `ifupdown sets up ${name}, a VF`, {
		evidence: [seen(path, line)], meaning: 'whenever the VF comes back to the host it gets addresses, and counts as used by the host',
		advice: 'take the line away, unless the host itself is to have this VF', commands: [`sed -i 's/^${line.replaceAll(/[/.\\]/g, String.raw`\$&`)}$/#&/' ${quote(path)}`],
	}));
}

function irqbalance({irqbalance: balancer, journal, inventory}: DoctorFacts): Answer[] {
	if (balancer.pid === null) {
		return [ok(null, 'irqbalance does not run')];
	}

	const evidence = [seen(`/proc/${balancer.pid}/comm`, 'irqbalance')];
	if ('unseen' in journal) {
		return [unseen(null, `irqbalance runs, and whether vfctl placed interrupts is not known: ${journal.unseen}`, {evidence})];
	}

	// By number alone: which driver has an interrupt now does not matter for a ban by number, and a
	// ban by module is asked for each PF driver.
	const drivers = [...new Set(inventory.pfs.map(({driver}) => driver))];
	const moved = journal.value.placedIrqs.filter(irq => (drivers.length === 0 ? [null] : drivers).every(driver => balancerVerdict(balancer, irq, driver) === 'undoes'));
	return [moved.length === 0 ? ok(null, 'irqbalance runs, and undoes nothing that vfctl tuned', evidence) : bad('warning', null, `irqbalance moves ${moved.length} interrupts that vfctl tune placed`, {
		evidence: [...evidence, seen('journal of vfctl', `interrupts ${moved.slice(0, 8).join(', ')}`)],
		meaning: 'the placement is lost within seconds', advice: balancerFix(balancer), commands: ['vfctl tune show'],
	})];
}

function forwarding({ipForward, inventory: {networks}}: DoctorFacts): Answer[] {
	const routed = (networks ?? []).filter(({active, forward, ips}) => active && (forward === 'nat' || forward === 'route') && ips.some(({address}) => !address.includes(':')));
	if (routed.length === 0) {
		return [];
	}

	const names = routed.map(({name}) => name).join(', ');
	if (ipForward === null) {
		return [unseen(names, 'whether the host forwards packets is not told', {evidence: [seen('/proc/sys/net/ipv4/ip_forward', undefined)]})];
	}

	return [ipForward ? ok(names, 'the host forwards packets for it', [seen('/proc/sys/net/ipv4/ip_forward', '1')]) : bad('error', names, 'the host does not forward packets, and guests on it need that', {
		evidence: [seen('/proc/sys/net/ipv4/ip_forward', '0'), seen('virsh net-list', `${names} forward${routed.length === 1 ? 's' : ''} to the outside`)],
		meaning: 'guests reach the host and nothing behind it; libvirt switched it on when the network started, and something switched it off',
		advice: 'switch it on, and find what switches it off', commands: ['sysctl -w net.ipv4.ip_forward=1', 'grep -rn ip_forward /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d'],
	})];
}

export const networkChecks: CheckGroup = {group: 'network', checks: [
	{name: 'managers', asks: 'NetworkManager and systemd-networkd leave VFs alone', look: managers},
	{name: 'ifupdown', asks: '/etc/network/interfaces sets up no VF', look: ifupdown},
	{name: 'irqbalance', asks: 'irqbalance does not undo what vfctl tune placed', look: irqbalance},
	{name: 'forwarding', asks: 'the host forwards packets of networks that need it', look: forwarding},
]};
