// Writes the sample hosts to test/fixtures/hosts/*.rec.
import {mkdirSync, writeFileSync} from 'node:fs';
import {formatRecord} from '../lib/record/format.ts';
import {sampleHosts} from '../lib/sim/sample-hosts.ts';

const directory = 'test/fixtures/hosts';

mkdirSync(directory, {recursive: true});
for (const [name, make] of Object.entries(sampleHosts)) {
	writeFileSync(`${directory}/${name}.rec`, formatRecord(make()));
}
