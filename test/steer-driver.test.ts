// The simulated ixgbe against what the real driver said to the same commands (fixtures/ethtool), and
// what is found before against both.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {vfctl} from './helpers/plan-world.ts';

const transcript = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'test', 'fixtures', 'ethtool', 'ixgbe.txt'), 'utf8');
const steps = transcript.split(/^\$ /m).slice(1).map(step => {
	const [line = '', ...said] = step.split('\n');
	return {line, said: said.join('\n').trim()};
});
const newHost = () => simHost(hostBuilder('ixgbe').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).record());

test('the simulated ixgbe answers as the real one', async t => {
	const host = newHost();
	t.true(steps.length > 40, String(steps.length));
	for (const [index, {line, said}] of steps.entries()) {
		if (line === 'vfs 0') {
			await host.files.writeAttribute('/sys/bus/pci/devices/0000:03:00.0/sriov_numvfs', '0');
			continue;
		}

		const {stdout, stderr} = await host.runner.run(line.split(' ') as [string, ...string[]]);
		// ethtool 6.14 says one more line than 6.1 when a rule was refused.
		const answer = (stdout + stderr).replace(/^Cannot insert classification rule\n/m, '').trim();
		// With other VFs the number of queues changes, which the simulator leaves as it is.
		t.is(answer.replace(/^\d+ RX rings/, 'N RX rings'), said.replace(/^\d+ RX rings/, 'N RX rings'), `step ${index}: ${line}`);
	}
});

test('a rule that the real driver refused is refused before it is written, and the others are not', async t => {
	// What the options say: the words of ethtool, as an admin types them here.
	const options = (line: string) => line.replace(/^.* flow-type (\w+)/, '--flow $1')
		.replace(/ src-ip (\S+) m 0\.0\.15\.255/, ' --from-ip $1/20').replace(/ dst-ip (\S+) m 0\.0\.0\.255/, ' --to-ip $1/24')
		.replace(/ dst-ip (\S+)/, ' --to-ip $1').replace(/ dst-port (\S+)/, ' --to-port $1').replace(/ dst-mac (\S+)/, ' --to-mac $1').replace(/ proto (\S+)/, ' --ether-type $1')
		.replace(/ vlan 0x([\da-f]{4}) m 0xf000/, (_, tag: string) => ` --vlan ${Number.parseInt(tag, 16)}`).replace(/ vlan 0x([\da-f]{4}) m 0x1fff/, (_, tag: string) => ` --vlan-priority ${Number.parseInt(tag, 16) >> 13}`)
		.replace(/ vlan 0x([\da-f]{4})/, (_, tag: string) => ` --vlan ${Number.parseInt(tag, 16)} --vlan-priority 0`)
		.replace(/ action -1/, ' --action drop').replace(/ action (\d+)/, ' --action queue:$1').replace(/ vf (\d+) queue (\d+)/, ' --action vf:$1 --queue $2').replace(/ loc (\d+)/, ' --location $1');
	const host = newHost();
	let [refused, taken] = [0, 0];
	for (const {line, said} of steps) {
		if (line === 'vfs 0') {
			break;
		}

		if (!line.includes('flow-type')) {
			await host.runner.run(line.split(' ') as [string, ...string[]]);
			continue;
		}

		// vfctl switches the flag on by itself, and never has the same packets twice.
		if (said.includes('Operation not supported') || line.endsWith('dst-ip 10.9.0.1 dst-port 80 action 1 loc 8')) {
			continue;
		}

		const {error} = await vfctl(host, ['steer', 'add', 'pf0', ...options(line).split(' ')]);
		// How many queues a VF has is not told: that the driver alone knows.
		const expected = line.includes('vf 3 queue 4') ? 'STEP_FAILED' : said === '' ? undefined : /^(?:UNSUPPORTED|RULE_CONFLICT|VF_NOT_FOUND)$/;
		if (expected instanceof RegExp) {
			t.regex(error?.code ?? '', expected, line);
			refused++;
		} else {
			t.is(error?.code, expected, `${line}: ${error?.why}`);
			taken++;
		}
	}

	t.true(refused >= 8 && taken >= 8, `${refused} refused, ${taken} taken`);
});
