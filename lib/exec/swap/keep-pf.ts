// The interface of a PF over a moment without its driver.
import type {Bdf} from '../../model/bdf.ts';
import {readAttribute, readNumber} from '../../sysfs/attributes.ts';
import type {ActionContext} from '../actions/handler.ts';
import {noteNetdev, restoreNetdev} from '../keep-netdev.ts';
import {readNetdevs} from '../pci-state.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';

interface Kept {
	up: boolean;
	/** Null: the card's own. */
	mac: string | null;
}

// From <linux/if.h> and <linux/netdevice.h>.
const IFF_UP = 1;
const NET_ADDR_SET = 3;

/** Writes down name, MTU, MAC and whether it is up; what a killed process wrote first counts. */
export async function keepPfs(context: ActionContext, devices: readonly Bdf[]): Promise<void> {
	for (const bdf of devices) {
		await keepPf(context, bdf);
	}
}

async function keepPf(context: ActionContext, bdf: Bdf): Promise<void> {
	const {host: {files}} = context;
	const [name] = readNetdevs(files, bdf);
	if (name === undefined || context.recall(factName(bdf)) !== undefined) {
		return;
	}

	const path = `/sys/class/net/${name}`;
	await noteNetdev(context, bdf);
	await context.remember(factName(bdf), JSON.stringify({
		up: ((readNumber(files, `${path}/flags`) ?? 0) & IFF_UP) !== 0,
		mac: readNumber(files, `${path}/addr_assign_type`) === NET_ADDR_SET ? readAttribute(files, `${path}/address`) ?? null : null,
	} satisfies Kept));
}

/** Waits for the interface and gives it back what was written down. Nothing for one that had none. */
export async function restorePf(context: ActionContext, bdf: Bdf): Promise<void> {
	const {host} = context;
	const kept = parse(context.recall(factName(bdf)));
	if (kept === undefined) {
		return;
	}

	if (!await waitUntil(host.clock, {budgetMs: budgets.netdev}, () => readNetdevs(host.files, bdf).length > 0)) {
		throw await stepFailed(host, `${bdf} has no interface`, {why: 'its driver has it and made none'}, {since: undefined, names: [bdf]});
	}

	await restoreNetdev(context, bdf);
	const [name = ''] = readNetdevs(host.files, bdf);
	if (kept.mac !== null && readAttribute(host.files, `/sys/class/net/${name}/address`) !== kept.mac) {
		await ip(context, bdf, ['ip', 'link', 'set', 'dev', name, 'address', kept.mac]);
	}

	const isUp = () => ((readNumber(host.files, `/sys/class/net/${name}/flags`) ?? 0) & IFF_UP) !== 0;
	if (kept.up && !isUp()) {
		await ip(context, bdf, ['ip', 'link', 'set', 'dev', name, 'up']);
		if (!await waitUntil(host.clock, {budgetMs: budgets.link}, isUp)) {
			throw await stepFailed(host, `${name} (${bdf}) did not come up again`, {why: 'ip link did not complain'});
		}
	}
}

async function ip({host}: ActionContext, bdf: Bdf, argv: [string, ...string[]]): Promise<void> {
	const {code, stderr} = await host.runner.run(argv);
	if (code !== 0) {
		throw await stepFailed(host, `the interface of ${bdf} did not become what it was`, {why: `'${argv.join(' ')}': ${stderr.trim() || `exit status ${code}`}`});
	}
}

function factName(bdf: Bdf): string {
	return `pf ${bdf}`;
}

function parse(text: string | undefined): Kept | undefined {
	try {
		const {up, mac} = JSON.parse(text ?? '') as Partial<Kept>;
		return typeof up === 'boolean' && (mac === null || typeof mac === 'string') ? {up, mac} : undefined;
	} catch {
		return undefined;
	}
}
