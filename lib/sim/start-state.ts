// What the record tells of the state that sysfs does not show: the VF settings in `ip link`.
import {parseMac} from '../model/mac.ts';
import {linkName, bdfOfNetdev, netdevsOf, vfsOf} from './machine.ts';
import type {Machine, VfState} from './machine.ts';
import {recordedList} from './ip-show.ts';
import {newVfState} from './sriov.ts';

/** Fills the VF settings of each PF from the recorded `ip -j -d link show`. */
export function startVfStates(machine: Machine): void {
	for (const link of recordedList(machine, ['ip', '-j', '-d', 'link', 'show'])) {
		const bdf = bdfOfNetdev(machine, String(link['ifname'] ?? ''));
		const infos = Array.isArray(link['vfinfo_list']) ? link['vfinfo_list'] as Array<Record<string, unknown>> : [];
		if (bdf !== undefined && infos.length > 0) {
			const states: VfState[] = [];
			for (const info of infos) {
				states[Number(info['vf'] ?? states.length)] = stateOf(info);
			}

			machine.vfStates.set(bdf, states);
		}
	}

	// PFs whose VFs the record does not tell: what their interfaces show.
	for (const name of machine.tree.list('/sys/class/net')) {
		const pf = bdfOfNetdev(machine, name);
		const vfs = pf === undefined || machine.vfStates.has(pf) ? [] : vfsOf(machine, pf);
		if (pf !== undefined && vfs.length > 0) {
			machine.vfStates.set(pf, vfs.map(vf => {
				const [netdev] = netdevsOf(machine, vf);
				return {...newVfState(), ...(netdev === undefined ? {} : {mac: machine.tree.value(`/sys/class/net/${netdev}/address`)})};
			}));
		}
	}

	for (const [pf, states] of machine.vfStates) {
		for (const [index, vf] of vfsOf(machine, pf).entries()) {
			const state = states[index];
			const [netdev] = netdevsOf(machine, vf);
			// A MAC on the PF that the VF did not make up was set by an admin.
			if (state && state.mac !== '00:00:00:00:00:00') {
				const random = netdev !== undefined && machine.tree.value(`/sys/class/net/${netdev}/addr_assign_type`) === '1';
				state.macByAdmin = !random && linkName(machine, vf, 'driver') !== undefined;
			}
		}
	}
}

function stateOf(info: Record<string, unknown>): VfState {
	const [vlan = {}] = Array.isArray(info['vlan_list']) ? info['vlan_list'] as Array<Record<string, unknown>> : [info];
	const rate = (info['rate'] ?? {}) as Record<string, unknown>;
	const linkState = info['link_state'];
	return {
		...newVfState(),
		mac: parseMac(String(info['address'] ?? '')) ?? '00:00:00:00:00:00',
		vlan: Number(vlan['vlan'] ?? 0),
		qos: Number(vlan['qos'] ?? 0),
		proto: vlan['protocol'] === '802.1ad' ? '802.1ad' : '802.1Q',
		spoofchk: info['spoofchk'] !== false,
		trust: info['trust'] === true,
		maxTxRate: Number(rate['max_tx'] ?? info['tx_rate'] ?? 0),
		minTxRate: Number(rate['min_tx'] ?? 0),
		linkState: linkState === 'enable' || linkState === 'disable' ? linkState : 'auto',
	};
}
