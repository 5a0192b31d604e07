// What a measurement is asked to do.
import type {BenchMethod, BenchTest} from '../../model/bench.ts';
import type {BenchEndName} from '../../model/bench-result.ts';
import type {DeviceSpec} from '../../libvirt/device-xml.ts';
import type {RiskName} from '../../plan/plan.ts';

export interface BenchRequest {
	readonly ends: readonly [BenchEndName, BenchEndName];
	/** Ways to join the ends, each attached for it; null measures over what is there. */
	readonly methods: readonly BenchMethod[] | null;
	readonly tests: readonly BenchTest[];
	readonly seconds: number;
	readonly runs: number;
	/** PFs for sriov and macvtap: one for both ends, or one for each. */
	readonly pfs: readonly string[];
	/** Bridge of the method `bridge`. */
	readonly bridge: string | undefined;
	/** Address of the second end, for what is there. */
	readonly to: string | undefined;
	readonly acceptedRisks: readonly RiskName[];
	readonly renderXml: (spec: DeviceSpec) => string;
}
