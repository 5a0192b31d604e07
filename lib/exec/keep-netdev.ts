// Name and MTU of an interface over a moment without its driver, which makes a new one.
import type {Bdf} from '../model/bdf.ts';
import {readNumber} from '../sysfs/attributes.ts';
import type {ActionContext} from './actions/handler.ts';
import {readNetdevs} from './pci-state.ts';
import {settleUdev} from './settle-udev.ts';
import {stepFailed} from './step-error.ts';

interface Kept {
	name: string;
	mtuBytes: number;
}

/** Writes down what the interface is called and its MTU; what a killed process wrote first counts. */
export async function noteNetdev(context: ActionContext, bdf: Bdf): Promise<void> {
	const {host: {files}} = context;
	const [name] = readNetdevs(files, bdf);
	const mtuBytes = name === undefined ? undefined : readNumber(files, `/sys/class/net/${name}/mtu`);
	if (name !== undefined && mtuBytes !== undefined && context.recall(factName(bdf)) === undefined) {
		await context.remember(factName(bdf), JSON.stringify({name, mtuBytes} satisfies Kept));
	}
}

/** Gives the interface both back. udev renames new interfaces, so it comes first; where another
 * one has the name by now, this one keeps its new one, with a note. */
export async function restoreNetdev(context: ActionContext, bdf: Bdf): Promise<void> {
	const {host} = context;
	const kept = parse(context.recall(factName(bdf)));
	if (kept === undefined || readNetdevs(host.files, bdf).length === 0) {
		return;
	}

	await settleUdev(host);
	const [name = kept.name] = readNetdevs(host.files, bdf);
	if (name !== kept.name && host.files.exists(`/sys/class/net/${kept.name}`)) {
		context.note(`${bdf} is called ${name} now: another interface has the name ${kept.name}`);
	} else if (name !== kept.name) {
		await set(context, bdf, ['ip', 'link', 'set', 'dev', name, 'name', kept.name]);
	}

	const [now = kept.name] = readNetdevs(host.files, bdf);
	if (readNumber(host.files, `/sys/class/net/${now}/mtu`) !== kept.mtuBytes) {
		await set(context, bdf, ['ip', 'link', 'set', 'dev', now, 'mtu', String(kept.mtuBytes)]);
	}
}

async function set({host}: ActionContext, bdf: Bdf, argv: [string, ...string[]]): Promise<void> {
	const {code, stderr} = await host.runner.run(argv);
	if (code !== 0) {
		throw await stepFailed(host, `the interface of ${bdf} did not become what it was before its driver was loaded again`, {why: `'${argv.join(' ')}': ${stderr.trim() || `exit status ${code}`}`});
	}
}

function factName(bdf: Bdf): string {
	return `netdev ${bdf}`;
}

function parse(text: string | undefined): Kept | undefined {
	try {
		const value = JSON.parse(text ?? '') as Partial<Kept>;
		return typeof value.name === 'string' && typeof value.mtuBytes === 'number' ? {name: value.name, mtuBytes: value.mtuBytes} : undefined;
	} catch {
		return undefined;
	}
}
