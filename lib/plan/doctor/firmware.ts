// Firmware of cards against their drivers, in the driver's own word: i40e and ice compare the interface of the firmware
// with the one that they were written for, and others tell of firmware that they cannot use. vfctl keeps no table of
// versions of its own: vendors publish none that could be proven.
import {fillCommand, fillText} from '../../model/explain/fill-text.ts';
import {parseLogLine} from '../../model/explain/log-line.ts';
import {matchLine} from '../../model/explain/match-line.ts';
import {catalogue} from '../../model/messages/catalogue.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import {bad, ok, seen, unseen, type Answer, type Check} from './check.ts';
import type {DoctorFacts} from './facts.ts';

const ids = new Set([
	'virtchnl.port-nvm-newer', 'i40e.firmware-recovery', 'i40e.firmware-not-started', 'ixgbe.firmware-recovery', 'ixgbe.firmware-error',
	'ice.ddp-firmware-mismatch', 'ice.phy-firmware', 'mlx5.firmware-not-ready', 'mlx5.command-revision',
]);
const entries = catalogue.filter(({id}) => ids.has(id));
// Intel and Mellanox (pci.ids).
const vendors = new Set([0x8086, 0x15b3]);
const drivers = new Set(entries.flatMap(({from}) => from ?? []));

function firmware({inventory: {pfs, functions}, kernelLog}: DoctorFacts): Answer[] {
	// A card whose firmware does not start may have lost its driver, and what it spoke is in the log all the same.
	const asked = pfs.filter(({bdf, driver}) => driver === null ? vendors.has(functions.get(bdf)?.vendorId ?? 0) : drivers.has(driver));
	if (asked.length === 0) {
		return [];
	}

	if ('unseen' in kernelLog) {
		return asked.map(pf => unseen(pfName(pf), kernelLog.unseen));
	}

	const log = kernelLog.value;
	return asked.map(pf => answerOf(pf, log.filter(line => line.includes(pf.bdf))));
}

function answerOf(pf: Pf, lines: readonly string[]): Answer {
	const {driver, netdevs} = pf;
	const name = pfName(pf);
	// i40e_probe and ice_init_hw say it once: `fw 9.130.73618 api 1.15 nvm 9.30`, `fw 7.3.4 api 1.7.11 nvm 4.30`.
	const version = lines.findLast(line => /: fw \d+\.\d+\S* api \d/.test(line));
	const told = lines.flatMap(line => matchLine(parseLogLine(line), entries).slice(0, 1).map(({entry, fields}) => ({line, entry, fields})));
	const worst = told.find(({entry}) => entry.severity === 'error') ?? told[0];
	const evidence = [...new Set([...version === undefined ? [] : [version], ...told.slice(-3).map(({line}) => line)])].map(line => seen('dmesg', line));
	if (worst === undefined) {
		return ok(name, `${driver ?? 'its driver'} has nothing against its firmware in the kernel log`, evidence);
	}

	const {entry} = worst;
	const fields = {...worst.fields, ...netdevs[0] === undefined ? {} : {netdev: netdevs[0]}};
	return bad(entry.severity === 'error' ? 'error' : 'warning', name, fillText(entry.meaning, fields), {
		evidence, meaning: fillText(entry.cause, fields),
		advice: entry.remedies.map(({advice}) => fillText(advice, fields)).join(' '),
		commands: entry.remedies.flatMap(({command}) => command === undefined ? [] : [fillCommand(command, fields)]),
	});
}

/** Asked of drivers that tell of it. */
export const firmwareCheck: Check = {name: 'firmware', asks: 'drivers have nothing against the firmware of their cards', look: firmware};
