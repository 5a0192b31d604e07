// Interrupts and receive queues of the PFs and VFs of a host file.
import type {Bdf} from '../../model/bdf.ts';
import {CpuRounds} from '../../model/cpu-spread.ts';
import type {WantedTuning} from '../../model/host-file.ts';
import type {InterruptFacts} from '../../model/interrupts.ts';
import {balancerWarning} from '../irqbalance.ts';
import {spreadDevice, type DeviceSpread} from '../plan-tune-irq.ts';
import {rpsActions} from '../plan-tune-rps.ts';
import {factsOf, tunedDevices, type TunedDevice} from '../tune-devices.ts';
import {changedDevices} from './changed-devices.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Places what is there before the plan runs, in the order of the file. Devices that the plan itself
 * changes have other interrupts after it: their paths are given back, to be planned anew then. */
export function planTuning(fold: Fold, {pfs, vfs}: Resolved, facts: InterruptFacts | null): string[] {
	const wanted = [...pfs.map(({path, bdf, wanted: tuning}) => ({path, bdf, tuning})), ...vfs.map(({path, bdf, tuning}) => ({path, bdf, tuning}))].filter(({tuning}) => tuning.interrupts !== undefined || tuning.rps !== undefined);
	if (facts === null) {
		return [];
	}

	const changed = changedDevices(fold);
	const rounds = new CpuRounds();
	const later: string[] = [];
	for (const {path, bdf, tuning} of wanted) {
		if (changed.has(bdf) || !facts.devices.has(bdf)) {
			later.push(path);
		} else {
			place(fold, {path, bdf, tuning, facts, rounds});
		}
	}

	if (later.length > 0) {
		fold.warnings.add(`interrupts and receive queues of ${[...new Set(later)].join(', ')} are placed when the rest is done, in an operation of its own: the devices get new ones by it`);
	}

	return later;
}

function place(fold: Fold, {path, bdf, tuning: {interrupts, rps}, facts, rounds}: {path: string; bdf: Bdf; tuning: WantedTuning; facts: InterruptFacts; rounds: CpuRounds}): void {
	const [device] = tunedDevices(fold.inventory, [bdf]) as [TunedDevice];
	if (interrupts !== undefined) {
		let spread: DeviceSpread | undefined;
		fold.add(`${path}.interrupts`, () => {
			spread = spreadDevice(device, facts, {choice: interrupts, rounds});
			return spread.actions;
		});
		const {placed = [], warnings = []} = spread ?? {};
		// A VF that nobody uses now has none, which is no reason to leave the rest undone.
		const idle = placed.length === 0 ? [`${device.name} has no interrupts in use now: they stay where the kernel puts them until the file is applied again`] : [];
		const balanced = balancerWarning(facts.irqbalance, [{...device, irqs: placed}]);
		for (const warning of [...warnings, ...idle, ...balanced === undefined ? [] : [balanced]]) {
			fold.warnings.add(warning);
		}
	}

	if (rps !== undefined) {
		const {queues} = factsOf(facts, device);
		if (queues === null) {
			fold.warnings.add(`${device.name} has no interface on the host now, so RPS is left as it is`);
		} else {
			fold.add(`${path}.rps`, inventory => rpsActions(device, facts, {choice: rps, inventory}));
		}
	}
}
