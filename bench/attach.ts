// Hot attach and detach against virsh, in the lab: the same VF, the same guest, in turn. Both are
// timed inside the lab, vfctl within a process that runs already (Node starts slowly there).
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Lab} from '../lab/lab.ts';
import {LabVfctl} from '../test/lab/helpers/vfctl.ts';
import {median, pairedRatio} from './statistics.ts';
import type {Row} from './table.ts';

const rounds = 9;
const guest = 'vm0';
const [pf, vf, mac] = ['eth1', '0000:01:10.0', '52:54:00:be:00:01'] as const;

const deviceXml = `<interface type='hostdev' managed='yes'>
  <mac address='${mac}'/>
  <source><address type='pci' domain='0x0000' bus='0x01' slot='0x10' function='0x0'/></source>
</interface>
`;

// Prints microseconds. virsh returns before the VF is back on its driver, so that is waited for;
// bash waits without starting programs, which the one processor of the lab would feel.
const virshScript = `set -e
[ -p /tmp/never ] || mkfifo /tmp/never
exec {never}<>/tmp/never
pause() { read -rt 0.02 -u "$never" || :; }
case $1 in
start) from=$EPOCHREALTIME; virsh -q uri >/dev/null;;
attach) from=$EPOCHREALTIME; virsh -q attach-device ${guest} /tmp/vf.xml --live --config >/dev/null;;
detach)
	from=$EPOCHREALTIME; virsh -q detach-device ${guest} /tmp/vf.xml --live --config >/dev/null
	until [ /sys/bus/pci/devices/${vf}/driver -ef /sys/bus/pci/drivers/igbvf ]; do pause; done;;
esac
to=$EPOCHREALTIME
echo $(( \${to/./} - \${from/./} ))
`;

/** One attach and detach, in milliseconds. */
interface Times {
	attach: number;
	detach: number;
}

/** Rows for attach, detach and both together, also with the start of virsh taken off. */
export async function benchAttach(_vfctl: string, tell: (text: string) => void): Promise<Row[]> {
	tell('attach: starting the lab');
	const lab = await Lab.start({name: `bench-${process.pid}`, point: 'guests'});
	try {
		// Compiling pays in a process that goes on for many rounds.
		const vfctl = await LabVfctl.install(lab, {nodeFlags: ''});
		await put(lab, {'/tmp/virsh.sh': virshScript, '/tmp/vf.xml': deviceXml});
		await vfctl.run(['vf', 'create', pf, '1']);
		const ours: Times[] = [];
		const theirs: Times[] = [];
		const starts: number[] = [];
		for (let round = 0; round <= rounds; round++) {
			tell(`attach: round ${round} of ${rounds}`);
			// In turn the first, so that neither has the better half of each round.
			const turns = [async () => ours.push(await vfctlTurn(lab, vfctl)), async () => theirs.push(await virshTurn(lab))];
			for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
				await turn();
			}

			starts.push(await virsh(lab, 'start'));
		}

		// The first round warms both up.
		return rowsOf(ours.slice(1), theirs.slice(1), starts.slice(1));
	} finally {
		await lab.down();
	}
}

async function vfctlTurn(lab: Lab, vfctl: LabVfctl): Promise<Times> {
	// virsh does not look into the guest either; both are then waited for alike.
	const attach = await vfctl.run(['attach', guest, vf, '--mac', mac, '--guest-timeout', '0']);
	await untilGuestHasIt(lab);
	const detach = await vfctl.run(['detach', guest, vf]);
	return {attach: attach.ms, detach: detach.ms};
}

async function virshTurn(lab: Lab): Promise<Times> {
	const attach = await virsh(lab, 'attach');
	await untilGuestHasIt(lab);
	return {attach, detach: await virsh(lab, 'detach')};
}

async function virsh(lab: Lab, what: 'start' | keyof Times): Promise<number> {
	return Number((await lab.exec(['bash', '/tmp/virsh.sh', what], {timeoutMs: 240_000})).stdout) / 1000;
}

/** A guest that has not found its new card yet does not let it go either. */
async function untilGuestHasIt(lab: Lab): Promise<void> {
	await lab.waitFor(`virsh domifaddr ${guest} --source agent | grep -q ${mac}`, {timeoutMs: 240_000, everyMs: 500});
}

async function put(lab: Lab, files: Record<string, string>): Promise<void> {
	const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-bench-'));
	try {
		for (const [destination, text] of Object.entries(files)) {
			const file = path.join(directory, path.basename(destination));
			writeFileSync(file, text);
			await lab.put(file, destination);
		}
	} finally {
		rmSync(directory, {recursive: true});
	}
}

function rowsOf(ours: readonly Times[], theirs: readonly Times[], starts: readonly number[]): Row[] {
	const kinds: ReadonlyArray<readonly [string, (times: Times) => number, number]> = [
		['attach', ({attach}) => attach, 1],
		['detach', ({detach}) => detach, 1],
		['attach + detach', ({attach, detach}) => attach + detach, 2],
	];
	return kinds.flatMap(([name, of, calls]) => {
		const mine = ours.map(times => of(times));
		const its = theirs.map(times => of(times));
		const withoutStart = its.map(time => time - calls * median(starts));
		return [
			row(name, {mine, its, peer: 'virsh', aim: calls === 2 ? 1.15 : null}),
			row(name, {mine, its: withoutStart, peer: 'virsh without its start', aim: null}),
		];
	});
}

function row(name: string, {mine, its, peer, aim}: {mine: readonly number[]; its: readonly number[]; peer: string; aim: number | null}): Row {
	return {
		what: 'hot, in the lab', ours: name, peer, measure: 'elapsed',
		oursMs: {median: median(mine), min: Math.min(...mine)}, peerMs: {median: median(its), min: Math.min(...its)},
		ratio: pairedRatio(mine, its), aim, runs: its.length,
	};
}
