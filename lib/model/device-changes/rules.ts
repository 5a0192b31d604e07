// What a change of a fact means: a table. The first rule that has something to say counts; the
// names of the facts are those of lib/record/read-subjects.ts and lib/model/pci-config.ts.
import {isUioDriver, isVfioDriver} from '../vf-driver.ts';
import type {ChangeWeight, Subject} from './facts.ts';

export interface RuleContext {
	readonly kind: Subject['kind'];
	readonly before: string | null;
	readonly after: string | null;
	/** All facts of the subject; empty where it was not there. */
	readonly was: ReadonlyMap<string, string>;
	readonly is: ReadonlyMap<string, string>;
}

export interface Rule {
	readonly fact: RegExp;
	/** Only of such subjects. */
	readonly of?: Subject['kind'];
	readonly weight?: ChangeWeight;
	/** The meaning; '' when the change says it all; undefined when the rule does not fit. */
	readonly says: (context: RuleContext) => string | {text: string; weight: ChangeWeight} | undefined;
}

const onVfio = (facts: ReadonlyMap<string, string>) => isVfioDriver(facts.get('driver') ?? null);
const user = (facts: ReadonlyMap<string, string>) => facts.get('used by');
const trouble = (text: string) => ({text, weight: 'trouble' as const});
const number = (text: string | null) => Number.parseFloat(text ?? '') || 0;

/** A meaning for each value that a fact takes. */
const after = (fact: RegExp, meanings: Readonly<Record<string, string | {text: string; weight: ChangeWeight}>>, weight: ChangeWeight = 'detail'): Rule => ({
	fact, weight, says: ({after: value}) => meanings[value ?? 'none'],
});

const presence: readonly Rule[] = [
	{fact: /^present$/, of: 'function', says: ({after: now, is, was}) => now === null ? was.has('PF') ? 'gone: its PF has fewer VFs' : trouble('gone from the bus') : is.has('PF') ? 'a new VF' : 'a new function on the bus'},
	{fact: /^present$/, of: 'interface', weight: 'detail', says: ({after: now}) => now === null ? 'the interface is gone' : 'a new interface'},
	{fact: /^present$/, of: 'guest', says: ({after: now}) => now === null ? 'libvirt knows the guest no more' : 'a new guest'},
];

const drivers: readonly Rule[] = [
	{
		fact: /^driver$/, says({before, after: now, is, was}) {
			if (isVfioDriver(now)) {
				return isVfioDriver(before) ? 'another driver of VFIO' : `given to ${user(is) ?? 'a guest or a DPDK program: VFIO holds it for them'}`;
			}

			if (isUioDriver(now)) {
				return 'given to a DPDK program, with no IOMMU between it and the host\'s memory';
			}

			if (now === null) {
				return trouble('no driver has it: neither the host nor a guest can use it');
			}

			return isVfioDriver(before) ? `given back to the host${user(was) === undefined ? '' : ` by ${user(was)}`}` : before === null ? 'the host has it' : 'another driver of the host has it';
		},
	},
	{fact: /^used by$/, weight: 'detail', says: ({before, after: now}) => now === null ? 'nobody uses it now' : before === null ? '' : 'another user'},
	{fact: /^driver override$/, weight: 'detail', says: ({after: now, is}) => now === null ? 'its usual driver may have it again' : user(is)?.startsWith('guest ') === true ? 'libvirt pins it while the guest has it' : `pinned: ${now} alone may have it, until that is taken back`},
	{fact: /^vfio device$/, weight: 'detail', says: ({after: now}) => now === null ? 'programs can open it no more' : 'a program (QEMU, DPDK) can open it'},
	{
		fact: /^interface$/, says({before, after: now, is}) {
			if (now === null) {
				return onVfio(is) ? 'gone from the host: who uses the function has it' : is.get('interface in another namespace') === 'yes' ? 'moved to another network namespace' : 'gone';
			}

			return before === null ? 'the host has it' : 'renamed: configuration by name does not find it';
		},
	},
	{fact: /^interface in another namespace$/, weight: 'detail', says: () => ''},
	{
		fact: /^interrupts$/, weight: 'detail', says({before, after: now, is}) {
			if (number(now) === 0) {
				return onVfio(is) ? 'none: nobody works with it yet' : 'none: no driver works with it';
			}

			const who = onVfio(is) ? 'the driver in the guest' : 'its driver';
			return number(before) === 0 ? `${who} has set them up` : `${who} works with another number`;
		},
	},
	{fact: /^enabled$/, weight: 'detail', says: ({after: now}) => number(now) === 0 ? 'nobody has it open' : 'how many have enabled it'},
	{fact: /^power state$/, weight: 'detail', says: ({after: now, is}) => now === 'D0' ? 'awake' : now === 'D3cold' ? trouble('without power') : onVfio(is) ? 'asleep: VFIO puts a function to sleep that nobody uses' : 'asleep'},
];

const onPci: readonly Rule[] = [
	after(/^config: bus master$/, {on: 'it may read and write memory (DMA): a driver is at work', off: 'it may not touch memory (DMA): no driver is at work'}, 'notice'),
	after(/^config: config space$/, {'does not answer': trouble('the function answers no more: off, asleep or broken'), none: 'it answers again'}),
	after(/^config: MSI-X$/, {on: 'interrupts are set up', off: 'no interrupts'}),
	after(/^config: MSI$/, {on: 'interrupts are set up', off: 'no interrupts'}),
	after(/^config: memory decoding$/, {on: 'its registers can be reached', off: 'its registers cannot be reached'}),
	after(/^config: VF memory$/, {off: trouble('no VF of it can be reached'), on: 'its VFs can be reached'}),
	after(/^config: ATS$/, {on: 'it asks the IOMMU for addresses and keeps the answers', off: 'it keeps no addresses of the IOMMU'}),
	{fact: /^config: function-level reset$/, says: ({after: now}) => now === 'no' ? trouble('it cannot be reset by itself now: was the firmware changed?') : 'it can be reset by itself'},
	{fact: /^config: (?:PCI|PCIe) errors seen$/, says: ({before, after: now}) => now === 'none' ? 'cleared' : moreNames(before, now) ? trouble('errors on the bus; dmesg has more') : 'some were cleared'},
	{fact: /^config: AER (?:un)?correctable status$/, says: ({after: now}) => number(now) === 0 && /^0x0+$/.test(now ?? '0x0') ? 'cleared' : trouble('errors on the PCIe link that nobody has cleared')},
	{fact: /^config: /, weight: 'detail', says: () => ''},
	{fact: /^AER .* errors$/, says: ({before, after: now}) => number(now) > number(before) ? trouble(`${number(now) - number(before)} more: seating, cable, riser or card`) : 'counted anew since the driver came or the host booted'},
	{fact: /^PCIe speed$/, says: ({before, after: now}) => number(now) < number(before) ? trouble('slower than before: seating, riser, or power saving') : 'faster than before'},
	{fact: /^PCIe width$/, says: ({before, after: now}) => number(now) < number(before) ? trouble('fewer lanes than before: seating or riser') : 'more lanes than before'},
	{fact: /^resources$/, says: () => 'its registers lie elsewhere, or have another size'},
	{fact: /^reset methods$/, says: ({after: now}) => now === null || now === '' ? trouble('it cannot be reset: what one user leaves in it the next one finds') : 'the kernel tries them in this order'},
	{fact: /^IOMMU group$/, says: ({after: now}) => now === null ? trouble('without a group no guest can have it') : 'who shares the group must be given away together'},
	{fact: /^IOMMU type$/, says: ({after: now}) => now === 'identity' ? 'the kernel\'s own drivers see memory as it is' : 'addresses are translated'},
	{fact: /^(?:NUMA node|ids)$/, says: () => 'this is another card, or it is in another slot'},
];

const sriov: readonly Rule[] = [
	{fact: /^VFs$/, says: ({before, after: now}) => number(now) === 0 ? 'all VFs were destroyed' : number(before) === 0 ? 'VFs were made' : 'VFs were destroyed and made anew'},
	after(/^VF autoprobe$/, {0: 'new VFs get no driver', 1: 'new VFs get their usual driver'}, 'notice'),
	{fact: /^VF setting mac$/, weight: 'detail', says: ({after: now}) => now === '00:00:00:00:00:00' ? 'none: its driver makes one up' : ''},
	{fact: /^VF setting vlan$/, says: ({after: now}) => number(now) === 0 ? 'frames go as they are' : 'the card tags its frames, and shows it no other VLAN'},
	{fact: /^VF setting spoofchk$/, says: ({after: now}) => now === 'off' ? 'it may send with any source MAC' : 'it may send with its own MAC alone'},
	{fact: /^VF setting trust$/, says: ({after: now}) => now === 'on' ? 'it may change its MAC and listen to more than its own frames' : 'it may not change a MAC that was set here'},
	{fact: /^VF setting link-state$/, says: ({after: now}) => now === 'disable' ? 'it has no link' : now === 'enable' ? 'it always has a link, to the other VFs too' : 'it has a link when the PF has one'},
	{fact: /^VF setting max-tx-rate$/, says: ({after: now}) => number(now) === 0 ? 'no limit' : 'Mbit/s that it may send at most'},
	{fact: /^VF setting /, says: () => ''},
];

const network: readonly Rule[] = [
	{fact: /^link$/, says: ({after: now, is}) => now === 'up' ? 'it has a link' : is.get('set up') === 'no' ? 'set down' : trouble('no link: cable, switch, or the PF is down')},
	{fact: /^set up$/, says: ({after: now}) => now === 'no' ? 'somebody set it down (ip link set down)' : 'somebody set it up'},
	{fact: /^Mbit\/s$/, says: ({before, after: now}) => number(now) < number(before) ? trouble('slower than before: cable, module or the other end') : ''},
	{fact: /^MTU$/, says: () => 'frames of another size'},
	{fact: /^master$/, says: ({after: now}) => now === null ? 'in no bridge or bond now' : 'put into that bridge or bond'},
	{fact: /^MAC$/, weight: 'detail', says: () => ''},
	{fact: /^addresses$/, says: () => ''},
];

const guests: readonly Rule[] = [
	{fact: /^state$/, of: 'guest', says: ({before, after: now}) => now === 'running' ? before === 'paused' ? 'goes on' : 'started' : now === 'shutoff' ? 'stopped' : now === 'crashed' ? trouble('it crashed') : ''},
	{fact: /^devices$/, of: 'guest', says: ({before, after: now}) => moreNames(before, now) ? 'it was given a device of the host' : 'it gave a device of the host back'},
	{fact: /^saved devices$/, of: 'guest', says: () => 'what it gets at its next start'},
];

const host: readonly Rule[] = [
	{fact: /^boot$/, of: 'host', says: () => 'the host was booted in between: numbers and names may have changed with that'},
	{fact: /^kernel$/, of: 'host', says: () => 'another kernel'},
	{fact: /^kernel arguments$/, of: 'host', says: () => ''},
	{fact: /^libvirt$/, of: 'host', says: ({after: now}) => now === 'does not answer' ? trouble('nothing is known of guests') : 'another version, or it answers again'},
	{fact: /^module /, of: 'host', weight: 'detail', says: ({after: now}) => now === null ? 'unloaded' : now === 'loaded' ? 'loaded' : ''},
];

/** The table. */
export const rules: readonly Rule[] = [...presence, ...drivers, ...onPci, ...sriov, ...network, ...guests, ...host];

function moreNames(before: string | null, now: string | null): boolean {
	const known = new Set((before ?? '').split(', '));
	return (now ?? '').split(', ').some(name => name !== '' && name !== 'none' && !known.has(name));
}
