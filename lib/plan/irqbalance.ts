// What irqbalance will do with interrupts that were placed, and what to type against it.
import type {Bdf} from '../model/bdf.ts';
import {balancerVerdict, type Irqbalance} from '../model/interrupts.ts';

/** A device whose interrupts were placed. */
export interface PlacedInterrupts {
	bdf: Bdf;
	driver: string | null;
	irqs: readonly number[];
}

/** A warning when irqbalance runs and will or may move them again; undefined otherwise. */
export function balancerWarning(irqbalance: Irqbalance, placed: readonly PlacedInterrupts[]): string | undefined {
	const verdicts = placed.flatMap(({irqs, driver}) => irqs.map(irq => ({irq, verdict: balancerVerdict(irqbalance, irq, driver)})));
	const undone = verdicts.filter(({verdict}) => verdict === 'undoes').map(({irq}) => irq);
	if (undone.length > 0) {
		return `irqbalance runs (process ${irqbalance.pid}) and will move ${undone.length} of these interrupts again within seconds: ${balancerFix(irqbalance)}`;
	}

	const open = verdicts.filter(({verdict}) => verdict === 'script decides');
	return open.length === 0 ? undefined : `irqbalance runs (process ${irqbalance.pid}), and its policy script ${irqbalance.policyScript} decides whether it moves these interrupts again: it must print ban=true for them`;
}

/** What to type. By device and not by number: numbers change with each probe of a driver. */
export function balancerFix({file}: Irqbalance): string {
	return `let it leave them alone (a policy script, or IRQBALANCE_ARGS="--banirq=N ..." in ${file ?? '/etc/default/irqbalance'}, then systemctl restart irqbalance: docs/tuning.md), or stop it: systemctl disable --now irqbalance`;
}
