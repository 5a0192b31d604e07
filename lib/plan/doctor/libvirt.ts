// libvirt, its networks, and guests that name devices which are not there.
import {AppError} from '../../errors.ts';
import {installCommand} from '../../model/distribution.ts';
import {missingNodes, nodesHeldBack} from '../../model/device-access.ts';
import type {Guest, GuestDefinition} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import {networkProblems} from '../../model/network-problems.ts';
import type {Network} from '../../model/network.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName, vfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {vfAddress} from '../../model/sriov-space.ts';
import {defaultNetwork} from '../default-network.ts';
import type {Action} from '../action.ts';
import {knownNetworks} from '../find-network.ts';
import {planNetworkRepair} from '../plan-network-repair.ts';
import {bad, byName, needsRoot, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';

const qemuConf = '/etc/libvirt/qemu.conf';
const notAnswering = 'libvirt does not answer: see libvirt.reachable';

function reachable({inventory: {guests, libvirtProblem}, daemon, distribution, boot}: DoctorFacts): Answer[] {
	const {installed, sockets, running, hasGuests} = daemon;
	const kind = (name: string | undefined) => name === 'virtqemud' ? 'modular daemons (virtqemud)' : 'the monolithic daemon (libvirtd)';
	const evidence = [seen('/run/libvirt', sockets.length === 0 ? 'no socket of libvirtd or virtqemud' : sockets.map(name => name === 'virtqemud' ? 'virtqemud-sock' : 'libvirt-sock').join(', ')), ...running === null ? [] : [seen(`/run/${running.name}.pid`, String(running.pid))]];
	if (guests !== null) {
		return [ok(null, `libvirt answers: ${kind(running?.name ?? sockets.at(-1) ?? installed.at(-1))}, ${guests.length} guests`, evidence)];
	}

	const reason = [...evidence, seen('libvirt', libvirtProblem)];
	if (installed.length === 0 && sockets.length === 0 && !hasGuests) {
		return [unseen(null, 'libvirt is not installed; containers and DPDK programs need none', {
			evidence: reason, advice: 'for guests install it', commands: installCommand(distribution, {debian: 'libvirt-daemon-system', rhel: 'libvirt-daemon-kvm', suse: 'libvirt-daemon-qemu', arch: 'libvirt'}),
		})];
	}

	const unit = installed.includes('virtqemud') && !sockets.includes('libvirtd') && (sockets.includes('virtqemud') || !installed.includes('libvirtd')) ? 'virtqemud' : 'libvirtd';
	return [bad('error', null, `libvirt does not answer${libvirtProblem === null ? '' : `: ${libvirtProblem}`}`, {
		evidence: reason, meaning: 'nobody can tell which guests have which VFs, and none can be given or taken',
		advice: installed.length === 0 ? 'the client library may be missing, or the daemon' : `start ${kind(unit)}, and see what it says`,
		commands: installed.length === 0 ? installCommand(distribution, {debian: 'libvirt0 libvirt-daemon-system', rhel: 'libvirt-daemon-kvm', suse: 'libvirt-daemon-qemu', arch: 'libvirt'})
			: boot.systemd?.running === true ? [`systemctl enable --now ${unit}.socket`, `systemctl start ${unit}`, `journalctl -u ${unit} -b`] : [`${unit} -d`],
	})];
}

function defaultNetworkCheck(facts: DoctorFacts): Answer[] {
	const {inventory} = facts;
	if (inventory.networks === null) {
		return [unseen(defaultNetwork, notAnswering)];
	}

	return [networkAnswer(facts, defaultNetwork, 'warning')];
}

/** Networks that guests name, but for the default one. */
function guestNetworks(facts: DoctorFacts): Answer[] {
	const {inventory} = facts;
	if (inventory.guests === null || inventory.networks === null) {
		return [unseen(null, notAnswering)];
	}

	const names = [...new Set(inventory.guests.flatMap(guest => networksOf(guest.config ?? guest.live)))].filter(name => name !== defaultNetwork).sort();
	return names.length === 0 ? [ok(null, 'no guest names a network but the default one')] : names.map(name => networkAnswer(facts, name, 'error'));
}

function networkAnswer({inventory}: DoctorFacts, name: string, severity: 'warning' | 'error'): Answer {
	const network = knownNetworks(inventory).find(one => one.name === name);
	const users = (inventory.guests ?? []).filter(guest => networksOf(guest.config ?? guest.live).includes(name)).map(guest => guest.name);
	const problems = networkProblems(inventory, name, network).filter(problem => problem.name !== 'transient' && !(problem.name === 'no-autostart' && users.length === 0 && severity === 'error'));
	const evidence = [seen(`virsh net-info ${name}`, network === undefined ? 'no such network' : `active ${yes(network.active)}, persistent ${yes(network.persistent)}, autostart ${yes(network.autostart)}`), ...users.length === 0 ? [] : [seen('guests that name it', users.slice(0, 5).join(', '))]];
	if (problems.length === 0) {
		return ok(name, 'it runs, and starts with the host', evidence);
	}

	const {actions, advice} = networkRepair(inventory, name, network);
	return bad(users.length > 0 ? 'error' : severity, name, problems.map(({text}) => text).join('; '), {
		evidence, meaning: users.length === 0 ? 'guests that are to use it do not start; nobody names it now' : `${users.slice(0, 3).join(', ')}${users.length > 3 ? ' and others' : ''} ${users.length === 1 ? 'does' : 'do'} not start without it`,
		advice: advice ?? 'define and start it, and let it start with the host', commands: [`vfctl network repair ${quote(name)}`], repair: {actions},
	});
}

function networkRepair(inventory: Inventory, name: string, network: Network | undefined): {actions: Action[]; advice: string | null} {
	if (network === undefined && name !== defaultNetwork) {
		return {actions: [], advice: 'define it (virsh net-define), or take it out of the guests'};
	}

	try {
		return {actions: planNetworkRepair(inventory, {name, modules: []}).actions, advice: null};
	} catch (error) {
		if (error instanceof AppError) {
			return {actions: [], advice: error.fix ?? error.message};
		}

		throw error;
	}
}

function networksOf(definition: GuestDefinition | null): string[] {
	return (definition?.interfaces ?? []).filter(({type, source}) => type === 'network' && source !== null).map(({source}) => source!);
}

/** libvirt's own word; without an IOMMU there is nothing that it could do. */
function hostdev({hostdev: backends, inventory}: DoctorFacts): Answer[] {
	if (inventory.kernel.iommu === 'off') {
		return [];
	}

	if ('unseen' in backends) {
		return [unseen(null, inventory.guests === null ? notAnswering : backends.unseen)];
	}

	const evidence = [seen('virsh domcapabilities', `hostdev pciBackend: ${backends.value.join(', ') || 'none'}`)];
	return [backends.value.includes('vfio') ? ok(null, 'libvirt can give PCI devices to guests', evidence) : bad('error', null, 'libvirt says that it cannot give PCI devices to guests', {
		evidence, meaning: 'guests with a device do not start: \'host doesn\'t support passthrough of host PCI devices\'',
		advice: '/dev/vfio/vfio must be there when libvirt looks, and QEMU must have vfio-pci; libvirt looks anew when it starts', commands: ['modprobe vfio-pci', 'systemctl restart libvirtd'],
	})];
}

/** What control groups let guests open; on hosts without libvirt nothing is asked. */
function deviceAccess(facts: DoctorFacts): Answer[] {
	const {daemon: {installed, sockets, running}, deviceAccess: access} = facts;
	if (installed.length === 0 && sockets.length === 0) {
		return [];
	}

	if (access === null) {
		return [needsRoot(null, facts, `${qemuConf} cannot be read`)];
	}

	const {acl, controllers, namespaces, rules} = access;
	const evidence = [
		seen(qemuConf, acl === null ? 'no cgroup_device_acl: libvirt\'s own list' : `cgroup_device_acl: ${acl.join(', ') || 'empty'}`),
		...controllers === null ? [] : [seen(qemuConf, `cgroup_controllers: ${controllers.join(', ') || 'none'}`)],
		...namespaces === null ? [] : [seen(qemuConf, `namespaces: ${namespaces.join(', ') || 'none'}`)],
		...rules === null ? [] : [seen(rules.path, rules.lines.slice(0, 6).join(', '))],
	];
	const [missing, heldBack] = [missingNodes(access), nodesHeldBack(access)];
	const restart = facts.boot.systemd?.running === true ? [`systemctl restart ${running?.name ?? installed[0] ?? 'libvirtd'}`] : [];
	return [
		...missing.length === 0 ? [] : [bad(missing.includes('/dev/kvm') ? 'error' : 'warning', null, `cgroup_device_acl leaves out what every guest needs: ${missing.join(', ')}`, {
			evidence, meaning: 'a list in qemu.conf takes the place of libvirt\'s own, and a guest\'s /dev is made of it: guests do not start (\'Could not access KVM kernel module: No such file or directory\'); the nodes of VFIO are added for each <hostdev> and need not be in it',
			advice: 'add them, or take the whole list out; it holds for guests that start after the daemon', commands: [`grep -n -A6 '^cgroup_device_acl' ${qemuConf}`, ...restart],
		})],
		...heldBack.length === 0 ? [] : [bad('error', null, `the control group above the guests does not let them open ${heldBack.join(' and ')}`, {
			evidence, meaning: 'libvirt cannot allow its guests what is not allowed to itself: guests with a device do not start (\'Operation not permitted\'). It is like that in containers',
			advice: 'allow the nodes where the container is defined (LXC: lxc.cgroup.devices.allow)', commands: [`cat ${rules!.path}`],
		})],
		...missing.length + heldBack.length === 0 ? [ok(null, 'control groups do not keep guests from the nodes that they need', evidence)] : [],
	];
}

/** Devices of the host that guests name, in their saved and in their live definition. */
function guestDevices({inventory}: DoctorFacts): Answer[] {
	const {guests, functions} = inventory;
	if (guests === null) {
		return [unseen(null, notAnswering)];
	}

	const answers = byName(guests).flatMap(guest => {
		const named = [...new Set([guest.live, guest.config].flatMap(definition => (definition?.devices ?? []).map(({source}) => source)).filter(source => source !== null))];
		const gone = named.filter(bdf => !functions.has(bdf));
		if (named.length === 0) {
			return [];
		}

		const evidence = [seen(`virsh dumpxml ${guest.name}`, named.join(', ')), ...gone.map(bdf => seen(`/sys/bus/pci/devices/${bdf}`, undefined))];
		return [gone.length === 0 ? ok(guest.name, `its ${named.length === 1 ? 'device is' : `${named.length} devices are`} there`, evidence) : missingDevices(inventory.pfs, guest, gone, evidence)];
	});
	return answers.length > 0 ? answers : [ok(null, 'no guest names a device of the host')];
}

function missingDevices(pfs: readonly Pf[], guest: Guest, gone: readonly string[], evidence: Answer['evidence']): Answer {
	const wanted = gone.flatMap(bdf => pfs.flatMap(pf => {
		const index = Array.from({length: pf.totalVfs}, (_, one) => one).find(one => vfAddress(pf, one) === bdf);
		return index === undefined ? [] : [{pf, index}];
	}));
	const makeable = wanted.filter(({pf}) => pf.numVfs === 0);
	const counts = new Map(makeable.map(({pf}) => [pf, Math.max(...makeable.filter(one => one.pf === pf).map(({index}) => index + 1))]));
	const foreseen = wanted.map(({pf, index}) => vfName(pf, {index} as Parameters<typeof vfName>[1]));
	return bad('error', guest.name, `it names ${gone.join(', ')}, which ${gone.length === 1 ? 'is' : 'are'} not on this host${foreseen.length === 0 ? '' : ` (would be ${foreseen.join(', ')})`}`, {
		evidence, meaning: guest.active ? 'it does not start the next time' : 'it does not start: \'Device ... not found\'',
		advice: counts.size > 0 ? 'make the VFs, and let vfctl persist do so at boot; or take them out of the guest'
			: wanted.length > 0 ? 'the PF has fewer VFs than the guest wants: their number can only change while nobody has one; or take it out of the guest'
				: 'take it out of the guest, and give it a VF that is there',
		commands: counts.size > 0 ? [...counts].map(([pf, count]) => `vfctl vf create ${quote(pfName(pf))} ${count}`) : [`virsh edit ${quote(guest.name)}`],
	});
}

function yes(value: boolean): string {
	return value ? 'yes' : 'no';
}

export const libvirtChecks: CheckGroup = {group: 'libvirt', checks: [
	{name: 'reachable', asks: 'libvirt answers, and which daemon it is', look: reachable},
	{name: 'default-network', asks: 'the default network runs and starts with the host', look: defaultNetworkCheck},
	{name: 'guest-networks', asks: 'other networks that guests name are there and run', look: guestNetworks},
	{name: 'hostdev', asks: 'libvirt says that it can give PCI devices to guests', look: hostdev},
	{name: 'device-access', asks: 'control groups (qemu.conf, and those above libvirt) let guests open the nodes that they need', look: deviceAccess},
	{name: 'guest-devices', asks: 'devices of the host that guests name are there', look: guestDevices},
]};
