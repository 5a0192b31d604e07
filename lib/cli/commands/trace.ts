// vfctl trace FROM TO
import {AppError} from '../../errors.ts';
import {recordTrace} from '../../exec/trace/record-trace.ts';
import type {Host} from '../../host/host.ts';
import type {Inventory} from '../../model/inventory.ts';
import {toAddress} from '../../model/ip.ts';
import {isInterfaceName, netnsFile} from '../../model/netns.ts';
import {selectVf, vfName} from '../../model/select.ts';
import {stagesOf} from '../../model/trace-stages.ts';
import {traceText} from '../../render/trace-text.ts';
import {traceView, type TraceEnd} from '../../render/trace-view.ts';
import {forwardingPfs} from '../../sysfs/read-forward.ts';
import {readNamespacedNetdevs} from '../../sysfs/read-namespaces.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {wholeNumber} from '../vf-settings-options.ts';

export interface TraceArguments {
	from: string;
	to: string;
	seconds: string;
	ping?: string | undefined;
	netdev: boolean;
}

interface Ends {
	ends: readonly [TraceEnd, TraceEnd];
	forwarding: boolean;
}

/** Looks for a while, and tells. Changes nothing; sends nothing but the pings that were asked for. */
export async function run(context: CommandContext, {from, to, seconds, ping, netdev}: TraceArguments): Promise<void> {
	const {host, out, signal} = context;
	const duration = wholeNumber(seconds, 600, 'USAGE', 'a number of seconds');
	const address = ping === undefined ? undefined : toAddress(ping, 'the address to ping');
	if (duration === 0 || (netdev && address !== undefined)) {
		throw duration === 0
			? new AppError('USAGE', 'a trace takes at least a second', {fix: '--seconds 1'})
			: new AppError('USAGE', '--ping needs to know the namespace of the first, and --netdev gives only a name', {fix: 'ping from that namespace by yourself, meanwhile'});
	}

	const {ends, forwarding} = netdev ? named(from, to) : await withInventory(context, async inventory => findVfs(context, inventory, [from, to]));
	out.note(`looking at ${ends.map(({name, netdev: one}) => name === one ? name : `${name} (${one})`).join(' and ')} for ${duration} s`);
	const {events, lost, nsPerTick, durationMs} = await recordTrace(host, {
		netdevs: ends.map(end => end.netdev), durationMs: duration * 1000, signal,
		beside: address === undefined ? null : async () => sendPings(context, ends[0], address.address, duration),
	});
	const summary = stagesOf(events, {between: [ends[0].netdev, ends[1].netdev], card: !netdev, ports: netdev && ends.every(end => isPort(host, end)), nsPerTick});
	const view = traceView({hostName: host.name, ends, durationMs, nsPerTick, lost, forwarding, summary});
	out.result(traceText(view), view);
}

/** A bridge and Open vSwitch are the masters of their ports. What is in another namespace is the end of a cable. */
function isPort({files}: Host, {netdev}: TraceEnd): boolean {
	return files.exists(`/sys/class/net/${netdev}/master`);
}

function named(...names: [string, string]): Ends {
	const odd = names.find(name => !isInterfaceName(name));
	if (odd !== undefined) {
		throw new AppError('USAGE', `'${odd}' is no name of an interface`, {fix: 'ip link shows the names'});
	}

	const [first, second] = names.map((name): TraceEnd => ({name, netdev: name, namespace: null}));
	return {ends: [first!, second!], forwarding: false};
}

async function findVfs({host}: CommandContext, inventory: Inventory, names: readonly [string, string]): Promise<Ends> {
	const [first, second] = [selectVf(inventory, names[0]), selectVf(inventory, names[1])];
	if (first.vf.bdf === second.vf.bdf) {
		throw new AppError('USAGE', `'${names[0]}' and '${names[1]}' are the same VF`, {fix: 'name two'});
	}

	const namespaced = await readNamespacedNetdevs(host, [first, second].filter(({vf}) => vf.inNamespace).map(({vf}) => vf.bdf));
	const ends = [first, second].map(({pf, vf}): TraceEnd => {
		const inside = namespaced.get(vf.bdf);
		const netdev = inside?.netdev ?? vf.netdevs[0];
		if (netdev === undefined) {
			throw new AppError('UNSUPPORTED', `${vfName(pf, vf)} has no interface on this host`, {
				why: 'its frames are handled in a guest or a program, where this kernel does not see them', fix: 'name VFs of containers, or of guests on macvtap',
			});
		}

		return {name: vfName(pf, vf), netdev, namespace: inside?.namespace ?? null};
	});
	const on = forwardingPfs(host.files);
	return {ends: [ends[0]!, ends[1]!], forwarding: on?.has(first.pf.bdf) === true && on.has(second.pf.bdf)};
}

async function sendPings({host, signal}: CommandContext, {namespace}: TraceEnd, address: string, seconds: number): Promise<void> {
	const ping = ['ping', '-n', '-q', '-i', '0.2', '-w', String(seconds), address] as const;
	const {code, stderr} = await host.runner.run(namespace === null ? [...ping] : ['nsenter', `--net=${netnsFile({name: namespace})}`, ...ping], {timeoutMs: (seconds + 30) * 1000, signal});
	// 1: no answer came, which the trace then shows.
	if (code > 1 && !signal.aborted) {
		throw new AppError('STEP_FAILED', `${address} cannot be pinged`, {why: stderr.trim(), fix: 'name an address that the first VF\'s namespace can reach'});
	}
}
