// Writes settings of one VF with `ip link set` and believes only what `ip link show` gives back:
// some drivers accept a setting and ignore it.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {zeroMac, type Mac} from '../model/mac.ts';
import {settingLabel, vfSettingNames, type VfSettings, type VfSettingsPart} from '../model/vf-settings.ts';
import {settingArguments} from '../plan/equivalent.ts';
import {readVfSettings} from '../sysfs/read-vf-settings.ts';
import {kernelTime} from './kernel-messages.ts';
import {readNetdevs} from './pci-state.ts';
import {stepFailed, type KernelTrace} from './step-error.ts';
import {budgets, waitUntil} from './wait.ts';

/** One VF as `ip link set` names it. */
export interface VfTarget {
	pf: Bdf;
	/** Name of the PF's interface when the plan was made. */
	pfNetdev: string | null;
	index: number;
}

interface WriteContext {
	readonly host: Host;
	readonly signal: AbortSignal | undefined;
}

/** The PF's interface: the one the plan knew, or the only one it has now (interfaces get new names
 * at boot); undefined when it has none. */
export function pfInterface(host: Host, {pf, pfNetdev}: VfTarget): string | undefined {
	const names = readNetdevs(host.files, pf);
	return names.find(name => name === pfNetdev) ?? (names.length === 1 ? names[0] : undefined);
}

/** Present settings of a VF, or undefined when the PF does not tell. */
export async function currentVfSettings(host: Host, target: VfTarget): Promise<VfSettings | undefined> {
	const netdev = pfInterface(host, target);
	return netdev === undefined ? undefined : (await readVfSettings(host.runner, netdev)).get(netdev)?.[target.index];
}

/** Names of the settings in `wanted` that differ from `seen`. What a driver does not have (null)
 * is not compared, nor the protocol of a VLAN that is not there. */
export function differingSettings(seen: VfSettings, wanted: VfSettingsPart): Array<keyof VfSettings> {
	return vfSettingNames.filter(name => {
		const value = wanted[name];
		const noVlan = name === 'vlanProto' && seen.vlan === 0 && (wanted.vlan ?? 0) === 0;
		return value !== undefined && value !== null && !noVlan && value !== seen[name];
	});
}

/** Makes the settings so, and reads them back; throws STEP_FAILED. */
export async function writeVfSettings(context: WriteContext, target: VfTarget, wanted: VfSettingsPart): Promise<void> {
	const {host, signal} = context;
	const netdev = pfInterface(host, target);
	const before = await currentVfSettings(host, target);
	const name = `VF ${target.index} of ${netdev ?? target.pf}`;
	if (netdev === undefined || before === undefined) {
		throw await stepFailed(host, `${name} cannot be set`, {why: netdev === undefined ? `PF ${target.pf} has no network interface` : `${netdev} shows no such VF`});
	}

	const trace = {since: kernelTime(host), names: [target.pf, `${netdev}:`]};
	const needed = Object.fromEntries(differingSettings(before, wanted).map(key => [key, wanted[key]])) as VfSettingsPart;
	for (const words of settingArguments(complete(before, needed))) {
		const settings = vfSettingNames.filter(key => key in needed && words.includes(ipWords[key])).map(key => settingLabel(key));
		await runIp(context, {argv: ['ip', 'link', 'set', 'dev', netdev, 'vf', String(target.index), ...words], what: `${settings.join(' and ')} of ${name} cannot be set`, names: trace.names});
	}

	let seen = before;
	const isSo = async () => {
		seen = await currentVfSettings(host, target) ?? seen;
		return stillDiffering(seen, needed, before.mac).length === 0;
	};

	if (!await waitUntil(host.clock, {budgetMs: budgets.vfSettings, signal}, isSo)) {
		const differing = stillDiffering(seen, needed, before.mac).map(key => `${key} is ${seen[key] ?? 'not shown'}, wanted was ${needed[key]}`);
		throw await stepFailed(host, `${name} did not take its settings`, {why: `${differing.join('; ')} (the driver accepted it without an error)`}, trace);
	}
}

/** After the administrative MAC was cleared, a VF driver that runs shows its own again: any other
 * than before will do. */
function stillDiffering(seen: VfSettings, wanted: VfSettingsPart, macBefore: Mac | null): Array<keyof VfSettings> {
	return differingSettings(seen, wanted).filter(key => !(key === 'mac' && wanted.mac === zeroMac && seen.mac !== macBefore));
}

/** VLAN id, priority and protocol travel together, and so do both rates: what is not asked for
 * keeps its present value. */
function complete(current: VfSettings, wanted: VfSettingsPart): VfSettingsPart {
	const completed = {...wanted};
	if (wanted.vlan !== undefined || wanted.qos !== undefined || wanted.vlanProto !== undefined) {
		completed.vlan = wanted.vlan ?? current.vlan;
		completed.qos = wanted.qos ?? current.qos;
		completed.vlanProto = completed.vlan === 0 ? '802.1q' : wanted.vlanProto ?? current.vlanProto;
	}

	if (isNumber(wanted.minTxRateMbps) || isNumber(wanted.maxTxRateMbps)) {
		completed.minTxRateMbps = wanted.minTxRateMbps ?? current.minTxRateMbps;
		completed.maxTxRateMbps = wanted.maxTxRateMbps ?? current.maxTxRateMbps;
	}

	return completed;
}

function isNumber(value: unknown): boolean {
	return typeof value === 'number';
}

/** The word of `ip link set` that stands before each setting. */
const ipWords: Readonly<Record<keyof VfSettings, string>> = {
	mac: 'mac', vlan: 'vlan', qos: 'vlan', vlanProto: 'vlan', trust: 'trust', minTxRateMbps: 'min_tx_rate', maxTxRateMbps: 'max_tx_rate', linkState: 'state', spoofchk: 'spoofchk',
};

interface IpCommand {
	argv: [string, ...string[]];
	/** What has failed when it fails. */
	what: string;
	/** Names by which the kernel tells of it. */
	names: readonly string[];
}

async function runIp({host, signal}: WriteContext, {argv, what, names}: IpCommand): Promise<void> {
	// What the kernel said of the commands before it has nothing to do with it.
	const trace: KernelTrace = {since: kernelTime(host), names};
	let said: string | undefined;
	await waitUntil(host.clock, {budgetMs: budgets.tryAgain, signal}, async () => {
		const {code, stderr} = await host.runner.run(argv, {timeoutMs: 60_000});
		said = code === 0 ? undefined : stderr.trim() || `exit status ${code}`;
		// i40e and ice: "VF n still in reset. Try again."
		return said === undefined || !/Resource temporarily unavailable|Try again/i.test(said);
	});
	if (said !== undefined) {
		const text: string = said;
		const reason = reasons.find(([pattern]) => pattern.test(`${argv.join(' ')}: ${text}`))?.[1];
		throw await stepFailed(host, what, {why: `'${argv.join(' ')}': ${text}${reason === undefined ? '' : ` (${reason})`}`, details: {argv}}, trace);
	}
}

const reasons: ReadonlyArray<readonly [RegExp, string]> = [
	[/Operation not supported/, 'the driver of the PF does not have this setting'],
	[/Protocol not supported/, 'the driver of the PF does not know 802.1ad'],
	[/min_tx_rate [1-9].*: .*Invalid argument/, 'the driver of the PF refuses it; igb, ixgbe and i40e guarantee no rates'],
	[/Invalid argument/, 'the driver of the PF refuses the value; rates need a link and must be below its speed'],
	[/Cannot find device|does not exist/, 'the interface of the PF is gone'],
	[/temporarily unavailable/, 'the VF was in reset all the time'],
];
