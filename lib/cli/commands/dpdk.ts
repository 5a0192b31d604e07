// vfctl dpdk status | bind | unbind | hugepages | vpp
import {AppError} from '../../errors.ts';
import {belongsTo, dpdkSections, type DpdkClass, type DpdkLayout} from '../../model/dpdk-classes.ts';
import {dpdkStatus} from '../../model/dpdk-status.ts';
import {parsePageSize} from '../../model/hugepages.ts';
import {bindingRulePath} from '../../plan/binding-rule.ts';
import {planDpdkBind, planDpdkUnbind, type DpdkRequest} from '../../plan/plan-dpdk-bind.ts';
import {planHugepages} from '../../plan/plan-hugepages.ts';
import {vppConfiguration} from '../../plan/vpp.ts';
import {dpdkStatusText} from '../../render/dpdk-status-text.ts';
import {dpdkStatusView} from '../../render/dpdk-status-view.ts';
import {hugepagesText, hugepagesView} from '../../render/hugepages-text.ts';
import {vppText} from '../../render/vpp-text.ts';
import {readAttribute} from '../../sysfs/attributes.ts';
import {readDpdkHost} from '../../sysfs/read-dpdk-host.ts';
import {readHugepages} from '../../sysfs/read-hugepages.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {wholeNumber} from '../vf-settings-options.ts';
import {writeNewFile} from '../write-new-file.ts';
import {runPlanned} from './run-plan.ts';

/** Prints what dpdk-devbind.py --status of that release prints. */
export async function runStatus({host, out}: CommandContext, {class: only, layout}: {class?: DpdkClass | undefined; layout: DpdkLayout}): Promise<void> {
	const wanted = dpdkSections(layout);
	if (only !== undefined && !wanted.some(({name}) => name === only)) {
		throw new AppError('USAGE', `DPDK ${layout} has no class '${only}'`, {why: `its classes are: ${wanted.map(({name}) => name).join(', ')}`, fix: 'leave --layout out'});
	}

	const facts = await readDpdkHost(host, ids => wanted.some(section => belongsTo(section, ids)));
	const sections = dpdkStatus(facts, {layout, only});
	out.result(dpdkStatusText(sections), dpdkStatusView(host.name, layout, sections));
}

/** Binds devices for DPDK. */
export async function runBind(context: CommandContext, {devices, driver}: {devices: readonly string[]; driver: string}): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planDpdkBind(inventory, {...requestOf(context, devices), driver}),
	});
}

/** Gives devices back to the kernel. */
export async function runUnbind(context: CommandContext, {devices}: {devices: readonly string[]}): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planDpdkUnbind(inventory, requestOf(context, devices)),
	});
}

function requestOf({host, options}: CommandContext, devices: readonly string[]): DpdkRequest {
	return {devices, acceptedRisks: options.acceptedRisks, currentRule: bdf => host.files.readText(bindingRulePath(bdf)) ?? null};
}

export interface HugepagesArguments {
	action: 'show' | 'set';
	count?: string | undefined;
	size?: string | undefined;
	node?: string | undefined;
	persist: boolean;
}

/** Shows the huge pages or sets how many there are. */
export async function runHugepages(context: CommandContext, args: HugepagesArguments): Promise<void> {
	const {host, out} = context;
	if (args.action === 'set') {
		await setHugepages(context, args);
		return;
	}

	if (args.count !== undefined || args.size !== undefined || args.node !== undefined || args.persist) {
		throw new AppError('USAGE', 'a count, --size, --node and --persist go with set', {why: 'show shows all of them', fix: 'vfctl dpdk hugepages set COUNT'});
	}

	const view = hugepagesView(host.name, readHugepages(host.files));
	out.result(hugepagesText(view), view);
}

async function setHugepages(context: CommandContext, {count, size, node, persist}: HugepagesArguments): Promise<void> {
	if (count === undefined) {
		throw new AppError('USAGE', 'set needs a number of huge pages', {fix: 'vfctl dpdk hugepages set COUNT'});
	}

	const sizeKiB = size === undefined ? undefined : parsePageSize(size);
	if (size !== undefined && sizeKiB === undefined) {
		throw new AppError('USAGE', `'${size}' is not a size of pages`, {why: 'it is a number and K, M or G', fix: '--size 2M, or --size 1G'});
	}

	const request = {
		count: wholeNumber(count, 2 ** 31 - 1, 'BAD_COUNT', 'a number of huge pages'),
		sizeKiB, persist,
		node: node === undefined ? null : wholeNumber(node, 1023, 'USAGE', 'the number of a NUMA node'),
	};
	await runPlanned(context, {
		destructive: () => false,
		plan: () => planHugepages(readHugepages(context.host.files), request),
	});
}

/** Prints or writes a start-up configuration of VPP. */
export async function runVpp(context: CommandContext, {devices, output}: {devices: readonly string[]; output?: string | undefined}): Promise<void> {
	const {host: {files, name}, options, out} = context;
	const hugepages = readHugepages(files);
	const configuration = await withInventory(context, inventory => vppConfiguration(inventory, hugepages, {names: devices, acceptedRisks: options.acceptedRisks}));
	const nodes = [...hugepages.nodes.keys()].map(node => ({node, cpus: readAttribute(files, `/sys/devices/system/node/node${node}/cpulist`) ?? 'unknown'}));
	const text = vppText(configuration, nodes);
	for (const warning of configuration.warnings) {
		out.note(`note: ${warning}`);
	}

	if (output !== undefined) {
		await writeNewFile(output, text);
	}

	out.result(output === undefined ? text : `wrote ${output}`, {host: name, ...configuration, file: output ?? null, text});
}
