// What the files say that `vfctl persist` writes and that are vfctl's alone.
import type {Bdf} from '../../model/bdf.ts';
import {hostFilePath, type UnitName} from './paths.ts';

const header = '# Written by vfctl persist; vfctl persist off removes it.';

/** The programs that a unit starts, as absolute paths. */
export interface Program {
	/** Null when vfctl is a launcher that finds its Node.js. */
	readonly node: string | null;
	readonly vfctl: string;
}

/** The words that start it. */
export function programWords({node, vfctl}: Program): string[] {
	return node === null ? [vfctl] : [node, vfctl];
}

/** /etc/modules-load.d/vfctl.conf. */
export function modulesText(modules: readonly string[]): string {
	return [header, ...modules, ''].join('\n');
}

/** The udev rule that keeps network managers off the interfaces of VFs, but for those that the
 * host itself uses. NetworkManager reads NM_UNMANAGED (its own 85-nm-unmanaged.rules sets it, so
 * this comes before), systemd-networkd matches VFCTL_VF. */
export function vfRulesText(hostVfs: readonly Bdf[]): string {
	return [
		header,
		'SUBSYSTEM!="net", GOTO="vfctl_end"',
		'ACTION=="remove", GOTO="vfctl_end"',
		'TEST!="device/physfn", GOTO="vfctl_end"',
		// KERNELS!= would hold for every VF: it asks whether any device above has another name.
		...hostVfs.map(bdf => `KERNELS=="${bdf}", GOTO="vfctl_end"`),
		'ENV{VFCTL_VF}="1", ENV{NM_UNMANAGED}="1"',
		'LABEL="vfctl_end"',
		'',
	].join('\n');
}

/** The .network file that makes systemd-networkd leave VFs alone. It comes before netplan's 10-. */
export function networkdText(): string {
	return [header, '[Match]', 'Property=VFCTL_VF=1', '', '[Link]', 'Unmanaged=yes', ''].join('\n');
}

/** A unit. */
export function unitText(name: UnitName, program: Program): string {
	return name === 'vfctl.service' ? hostUnit(program) : guestsUnit(program);
}

// libvirt is not asked: its daemon waits for this unit, and would be waited for.
function hostUnit(program: Program): string {
	return unit({
		description: 'VFs, their settings and drivers, as the vfctl host file says',
		order: [
			'After=local-fs.target systemd-modules-load.service systemd-udevd.service systemd-udev-trigger.service',
			'Before=libvirtd.service virtqemud.service virtnetworkd.service virtnodedevd.service libvirt-guests.service',
		],
		before: command(program, ['recover', '--boot']),
		start: command(program, ['apply', hostFilePath, '--boot', '--yes']),
		timeout: '10min',
	});
}

function guestsUnit(program: Program): string {
	return unit({
		description: 'The whole vfctl host file, with what guests have',
		order: [
			'After=vfctl.service libvirtd.service virtqemud.service virtqemud.socket virtnetworkd.service virtnodedevd.service libvirt-guests.service',
			// Routes of the host need its addresses.
			'Wants=network-online.target',
			'After=network-online.target',
		],
		before: command(program, ['recover']),
		start: command(program, ['apply', hostFilePath, '--wait-guests', '300', '--yes']),
		timeout: '20min',
	});
}

function unit({description, order, before, start, timeout}: {description: string; order: readonly string[]; before: string; start: string; timeout: string}): string {
	return [
		header,
		'[Unit]',
		`Description=${description}`,
		`ConditionPathExists=${hostFilePath}`,
		...order,
		'',
		'[Service]',
		'Type=oneshot',
		'RemainAfterExit=yes',
		// An operation that the reboot cut off is put right first. What cannot be is told by the
		// next line, which then refuses.
		`ExecStartPre=-${before}`,
		`ExecStart=${start}`,
		`TimeoutStartSec=${timeout}`,
		// One process group that is told to stop puts back what it began.
		'KillMode=mixed',
		'TimeoutStopSec=2min',
		'UMask=0022',
		'NoNewPrivileges=yes',
		'PrivateTmp=yes',
		'ProtectHome=read-only',
		'ProtectSystem=yes',
		'LockPersonality=yes',
		'RestrictRealtime=yes',
		'RestrictSUIDSGID=yes',
		'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6',
		'',
		'[Install]',
		'WantedBy=multi-user.target',
		'',
	].join('\n');
}

function command(program: Program, words: readonly string[]): string {
	return [...programWords(program), ...words].map(word => unitWord(word)).join(' ');
}

/** A word of a command in a unit: % and $ mean something there (systemd.service(5), "Command lines"). */
export function unitWord(word: string): string {
	const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
	return /^[\w./:@%+=,$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
