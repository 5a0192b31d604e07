// The shell lines that an admin would have typed for an action: the text of a dry run.
import {quote} from '../model/shell-word.ts';
import {guestWord, hereDocument} from './equivalent-words.ts';
import {forwardEquivalent} from './forward-actions.ts';
import {installEquivalent} from './install-equivalent.ts';
import {dkmsCommand} from './module-actions.ts';
import {netnsEquivalent} from './netns-equivalent.ts';
import {networkEquivalent} from './network-equivalent.ts';
import {tuningEquivalent} from './tuning-equivalent.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import type {SwapDriverAction} from './driver-actions.ts';
import type {Action, AttachDeviceAction, BindAction, DetachDeviceAction, SetVfAction} from './action.ts';

const devices = '/sys/bus/pci/devices';

/** Shell lines equivalent to the action. Text from outside is quoted, so a line can be pasted. */
export function equivalent(action: Action): string[] {
	switch (action.kind) {
		case 'set-link': {
			return [`ip link set dev ${quote(action.netdev)} ${action.to}`];
		}

		case 'set-numvfs': {
			return [`echo ${action.to} > ${devices}/${action.pf}/sriov_numvfs`, ...action.to === 0 ? [] : action.remembered.flatMap(({index, settings}) => settingLines(action.pfNetdev ?? action.pf, index, settings))];
		}

		case 'set-autoprobe': {
			return [`echo ${action.to ? 1 : 0} > ${devices}/${action.pf}/sriov_drivers_autoprobe`];
		}

		case 'load-module': {
			return [action.to === 'loaded' ? `modprobe ${quote(action.module)}` : `modprobe -r ${quote(action.module)}`];
		}

		case 'bind': {
			return bindLines(action);
		}

		case 'set-vf': {
			return [...settingLines(action.pfNetdev, action.index, action.to), ...reloadLines(action)];
		}

		case 'own-mac': {
			return action.to === 'own' ? [
				`ip link set dev ${quote(action.pfNetdev)} vf ${action.index} mac 00:00:00:00:00:00`,
				`ip link set dev "$(ls ${devices}/${action.bdf}/net)" address ${action.mac}`,
			] : [];
		}

		case 'attach-device':
		case 'detach-device': {
			return deviceLines(action);
		}

		case 'check-guest': {
			return [`virsh domifaddr ${guestWord(action.guest)} --source agent | grep -i ${action.mac}`];
		}

		case 'write-file': {
			const write = action.to === null ? [`rm ${quote(action.path)}`] : hereDocument(`cat > ${quote(action.path)}`, action.to);
			return [...write, ...action.then === null ? [] : [action.then.map(word => quote(word)).join(' ')]];
		}

		case 'move-netdev':
		case 'netns-network': {
			return netnsEquivalent(action);
		}

		case 'set-irq-affinity':
		case 'set-rps':
		case 'set-hugepages':
		case 'set-feature':
		case 'set-steer': {
			return tuningEquivalent(action);
		}

		case 'install-modules': {
			return installEquivalent(action);
		}

		case 'swap-driver': {
			return swapLines(action);
		}

		case 'set-forward':
		case 'set-relay':
		case 'set-switch-mode':
		case 'insert-module': {
			return forwardEquivalent(action);
		}

		case 'register-dkms': {
			return [dkmsCommand(action).map(word => quote(word)).join(' ')];
		}

		default: {
			return networkEquivalent(action);
		}
	}
}

/** The way back says nothing when the file is gone: then there is none. */
function swapLines({module, to: {path, hub, needs}, options}: SwapDriverAction): string[] {
	return path === null ? [] : [
		`rmmod ${module}`,
		...hub === null || hub.path === null ? [] : [`insmod ${quote(hub.path)}`],
		...needs.length === 0 ? [] : [`modprobe --all ${needs.map(name => quote(name)).join(' ')}`],
		['insmod', path, ...options].map(word => quote(word)).join(' '),
		...hub === null ? ['rmmod vfctl_pf'] : [],
	];
}

function bindLines({bdf, from, to}: BindAction): string[] {
	const override = (driver: string | null) => `echo ${driver === null ? '' : `${quote(driver)} `}> ${devices}/${bdf}/driver_override`;
	// The override decides which driver takes the device: another one is set for the moment.
	const foreign = to.driver !== null && to.driver !== from.driver && to.override !== null && to.override !== to.driver;
	const during = foreign ? to.driver : to.override;
	return [
		...(from.override === during ? [] : [override(during)]),
		...(from.driver === null || from.driver === to.driver ? [] : [`echo ${bdf} > ${devices}/${bdf}/driver/unbind`]),
		...(to.driver === null || to.driver === from.driver ? [] : [`echo ${bdf} > /sys/bus/pci/drivers_probe`]),
		...(during === to.override ? [] : [override(to.override)]),
	];
}

function reloadLines({bdf, reload, to}: SetVfAction): string[] {
	return reload && to.mac !== undefined ? [`echo ${bdf} > ${devices}/${bdf}/driver/unbind`, `echo ${bdf} > /sys/bus/pci/drivers_probe`] : [];
}

/** `ip link set` lines for settings of one VF, in the order in which they must be made. */
export function settingLines(pfNetdev: string, index: number, settings: VfSettingsPart): string[] {
	return settingArguments(settings).map(words => `ip link set dev ${quote(pfNetdev)} vf ${index} ${words.join(' ')}`);
}

/** Arguments of `ip link set dev PF vf N` for the settings: one list a command, the MAC before
 * the spoof check. VLAN id, priority and protocol go together, because the kernel takes them so. */
export function settingArguments({mac, vlan, qos, vlanProto, trust, minTxRateMbps, maxTxRateMbps, linkState, spoofchk}: VfSettingsPart): string[][] {
	const commands: string[][] = [];
	if (mac !== undefined && mac !== null) {
		commands.push(['mac', mac]);
	}

	if (vlan !== undefined || qos !== undefined || vlanProto !== undefined) {
		commands.push(['vlan', String(vlan ?? 0), 'qos', String(qos ?? 0), ...(vlanProto === undefined || vlanProto === '802.1q' ? [] : ['proto', vlanProto])]);
	}

	if (trust !== undefined && trust !== null) {
		commands.push(['trust', onOff(trust)]);
	}

	const rates = [
		...(maxTxRateMbps === undefined || maxTxRateMbps === null ? [] : ['max_tx_rate', String(maxTxRateMbps)]),
		...(minTxRateMbps === undefined || minTxRateMbps === null ? [] : ['min_tx_rate', String(minTxRateMbps)]),
	];
	if (rates.length > 0) {
		commands.push(rates);
	}

	if (linkState !== undefined && linkState !== null) {
		commands.push(['state', linkState]);
	}

	if (spoofchk !== undefined && spoofchk !== null) {
		commands.push(['spoofchk', onOff(spoofchk)]);
	}

	return commands;
}

function deviceLines({kind, guest, target, deviceXml}: AttachDeviceAction | DetachDeviceAction): string[] {
	return hereDocument(`virsh ${kind} ${guestWord(guest)} /dev/stdin --${target}`, deviceXml);
}

function onOff(value: boolean): string {
	return value ? 'on' : 'off';
}
