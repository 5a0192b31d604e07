// A record tells how a host comes up again: what persist says of it is the same as on the host.
import test from 'ava';
import {readBootFacts} from '../lib/exec/read-boot.ts';
import {captureHost} from '../lib/record/capture.ts';
import {formatRecord} from '../lib/record/format.ts';
import {parseRecord} from '../lib/record/parse.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {bootHost, bootHostNames} from './helpers/boot-world.ts';
import {inventoryOf, vfctl} from './helpers/plan-world.ts';

async function factsOf(host: SimHost) {
	return readBootFacts(host, await inventoryOf(host));
}

for (const name of bootHostNames) {
	test(`a record of ${name}, before and after persist on, tells what the host tells`, async t => {
		const host = simHost(bootHost(name));
		for (const step of ['before', 'after']) {
			const replayed = simHost(parseRecord(formatRecord(await captureHost(host)), name));
			t.deepEqual(await factsOf(replayed), await factsOf(host), step);
			t.is((await vfctl(host, ['persist', 'on'])).error, undefined);
		}
	});
}
