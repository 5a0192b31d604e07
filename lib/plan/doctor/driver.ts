// PF drivers: known trouble, their mailboxes, and what vfctl built.
import {logHints, mailboxHints, type MailboxHint} from '../../model/mailbox-hints.ts';
import {versionName} from '../../model/mailbox.ts';
import type {PciFunction, Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import {bad, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';
import {firmwareCheck} from './firmware.ts';

interface KnownTrouble {
	readonly driver: string;
	/** Device ids of the PFs. */
	readonly devices: readonly number[];
	/** First kernel whose own driver is good. */
	readonly fixedIn: readonly [major: number, minor: number];
	readonly what: string;
	readonly meaning: string;
}

// Only what a commit of the kernel tells.
const troubles: readonly KnownTrouble[] = [
	{
		// feae40a6a178 of the kernel; ids of drivers/net/ethernet/intel/ixgbe/ixgbe_type_e610.h; PFs agree to 1.6 from 6.18 on.
		driver: 'ixgbe', devices: [0x57ae, 0x57af, 0x57b0, 0x57b1, 0x57b2], fixedIn: [6, 18],
		what: 'its driver does not know version 1.6 of the mailbox, which VFs of an E610 ask for their link by',
		meaning: 'the link of its VFs may never come up',
	},
];

function knownTrouble({inventory, driver}: DoctorFacts): Answer[] {
	const {release} = inventory.kernel;
	return inventory.pfs.filter(pf => pf.driver !== null).map(pf => {
		const fn = inventory.functions.get(pf.bdf);
		const evidence = [seen(`/sys/bus/pci/devices/${pf.bdf}/driver`, pf.driver), seen('uname -r', release)];
		const found = troubles.find(trouble => hasTrouble(trouble, pf, fn, release));
		const loaded = 'value' in driver ? driver.value.drivers.find(({name}) => name === pf.driver)?.loaded : undefined;
		if (found === undefined) {
			return ok(pfName(pf), `nothing is known against ${pf.driver} of this kernel`, evidence);
		}

		return loaded?.origin === 'vfctl' || loaded?.origin === 'other' ? ok(pfName(pf), `${pf.driver} is not the kernel's own`, evidence) : bad('warning', pfName(pf), found.what, {
			evidence, meaning: found.meaning, advice: `boot a kernel from ${found.fixedIn.join('.')} on, or build the driver of vfctl`, commands: ['vfctl driver build', 'vfctl driver install'],
		});
	});
}

function hasTrouble({driver, devices, fixedIn: [major, minor]}: KnownTrouble, pf: Pf, fn: PciFunction | undefined, release: string): boolean {
	const [, first, second] = /^(\d+)\.(\d+)/.exec(release) ?? [];
	return driver === pf.driver && fn?.vendorId === 0x8086 && devices.includes(fn.deviceId)
		&& first !== undefined && (Number(first) < major || (Number(first) === major && Number(second) < minor));
}

// These say that nothing is broken.
const harmless = new Set<MailboxHint['kind']>(['refused-versions', 'older-vf-driver']);

function mailbox({mailboxes}: DoctorFacts): Answer[] {
	if ('unseen' in mailboxes) {
		return [unseen(null, mailboxes.unseen)];
	}

	return mailboxes.value.filter(({pf}) => pf.numVfs > 0).map(({pf, mailbox: own, log}) => {
		const name = pfName(pf);
		if (own === null && log === null) {
			return unseen(name, 'its driver is the distribution\'s, which tells of mailboxes only in the kernel log, and that cannot be read', {evidence: [seen('dmesg', 'cannot be read')]});
		}

		const source = own === null ? 'dmesg' : `/sys/kernel/vfctl/${pf.bdf}`;
		const hints = own === null ? logHints(log!) : {pf: [], vfs: mailboxHints(own)};
		const troubled = [...hints.pf, ...hints.vfs.filter(({kind}) => !harmless.has(kind)).map(({vf, text}) => `${name}#${vf}: ${text}`)];
		const versions = own === null ? [] : own.vfs.filter(({version}) => version !== null).map(({index, version}) => `VF ${index} ${versionName(version!)}`);
		const evidence = [
			seen(source, own === null ? 'lines of the PF\'s driver and of drivers of VFs' : versions.length === 0 ? 'no VF has agreed on a version yet' : versions.slice(0, 8).join(', ')),
			...hints.vfs.filter(({kind}) => harmless.has(kind)).slice(0, 2).map(({vf, text}) => seen(`${name}#${vf}`, text)),
		];
		return troubled.length === 0 ? ok(name, own === null ? 'the kernel log tells of no trouble between it and its VFs' : 'it and its VFs understand each other', evidence) : bad('warning', name, `${troubled.length === 1 ? 'there is' : 'there are'} trouble in the mailbox between it and its VFs: ${troubled[0]!}`.replace('are trouble', 'is trouble'), {
			evidence: [...evidence, ...troubled.slice(1, 4).map(text => seen(source, text))],
			meaning: 'the VF and the PF do not understand each other: the VF may have no link, no MAC of its choice, or slow requests',
			advice: 'see the messages', commands: [`vfctl mailbox ${name}`],
		});
	});
}

function rebuilt({driver}: DoctorFacts): Answer[] {
	if ('unseen' in driver) {
		return [unseen(null, driver.unseen)];
	}

	const {kernel, builds, drivers} = driver.value;
	const ours = drivers.filter(({loaded, file}) => loaded?.origin === 'vfctl' || file?.origin === 'vfctl');
	if (builds.length === 0 && ours.length === 0) {
		return [ok(null, 'vfctl has built no driver on this host')];
	}

	const build = builds.find(one => one.kernel === kernel);
	const elsewhere = builds.filter(one => one.kernel !== kernel && one.installed === 'yes').map(one => one.kernel);
	const evidence = [seen('vfctl driver status', [`built for ${builds.map(one => one.kernel).join(', ') || 'no kernel'}`, ...ours.map(({name, loaded}) => `${name}: ${loaded === null ? 'not loaded' : `${loaded.origin} loaded${loaded.current ? ', as built' : ''}`}`)].join('; '))];
	const trouble = build === undefined && elsewhere.length > 0 ? {what: `the drivers of vfctl are for ${elsewhere.join(', ')}, and ${kernel} runs`, commands: ['vfctl driver build', 'vfctl driver install', 'vfctl driver load']}
		: build !== undefined && build.stale.length > 0 ? {what: `the drivers of vfctl should be built again: ${build.stale.join('; ')}`, commands: ['vfctl driver build', 'vfctl driver install', 'vfctl driver load']}
			: build?.installed === 'differs' ? {what: 'the installed drivers of vfctl are not those that were built last', commands: ['vfctl driver install', 'vfctl driver load']}
				: ours.some(({loaded}) => loaded?.origin === 'vfctl' && !loaded.current) ? {what: 'a driver of vfctl is loaded that is not the one that was built last', commands: ['vfctl driver load']} : undefined;
	return [trouble === undefined ? ok(null, 'the drivers of vfctl are those of this kernel', evidence) : bad('warning', null, trouble.what, {
		evidence, meaning: 'what vfctl tells of mailboxes may be missing or wrong; the next boot may take another driver',
		advice: 'build, install and load them again (a load takes VFs away for seconds, and is refused while guests have some)', commands: trouble.commands,
	})];
}

export const driverChecks: CheckGroup = {group: 'driver', checks: [
	{name: 'known-trouble', asks: 'the PF driver of this kernel has no known fault with the card', look: knownTrouble},
	firmwareCheck,
	{name: 'mailbox', asks: 'PFs and VFs of igb and ixgbe understand each other', look: mailbox},
	{name: 'rebuilt', asks: 'drivers that vfctl built are those of the running kernel', look: rebuilt},
]};
