// CPU lists and masks, against the kernel's own words where this machine has them.
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import {cpuListText, cpuMask, parseCpuList, parseCpuMask} from '../lib/model/cpu-list.ts';
import {chosenCpus, CpuRounds} from '../lib/model/cpu-spread.ts';
import type {CpuFacts} from '../lib/model/interrupts.ts';
import {maskText} from '../lib/sim/interrupts.ts';

for (const [text, cpus] of [
	['', []], ['\n', []], ['0', [0]], ['0-3,8\n', [0, 1, 2, 3, 8]], ['8,0-2', [0, 1, 2, 8]], ['1,1,0-1', [0, 1]], ['127', [127]],
	['x', undefined], ['3-2', undefined], ['-1', undefined], ['0-', undefined], ['0,,1', undefined], ['0-9999', undefined], ['99999', undefined], ['0x3', undefined], ['0-1;reboot', undefined], ['0-3:1/2', undefined],
] as const) {
	test(`list ${JSON.stringify(text)}`, t => {
		t.deepEqual(parseCpuList(text), cpus as number[] | undefined);
	});
}

for (const [cpus, text] of [[[], ''], [[3], '3'], [[0, 1], '0-1'], [[5, 0, 1, 2, 5], '0-2,5'], [[0, 2, 4], '0,2,4']] as const) {
	test(`as the kernel writes it: ${text || 'nothing'}`, t => {
		t.is(cpuListText(cpus), text);
	});
}

for (const [list, mask] of [['', '0'], ['0', '1'], ['0-3', 'f'], ['31', '80000000'], ['32', '1,00000000'], ['0,32-33', '3,00000001'], ['127', '80000000,00000000,00000000,00000000']] as const) {
	test(`mask of ${list || 'nothing'}`, t => {
		t.is(cpuMask(list), mask);
		t.is(cpuListText(parseCpuMask(mask)!), list);
	});
}

for (const mask of ['', 'g', '0x3', '123456789', '1,', ',1', '1;2', '-1']) {
	test(`no mask: '${mask}'`, t => {
		t.is(parseCpuMask(mask), undefined);
	});
}

test('every list comes back from its mask, as the kernel pads it', t => {
	for (let seed = 1; seed < 200; seed++) {
		const cpus = Array.from({length: 128}, (_, cpu) => cpu).filter(cpu => (Math.imul(seed * 128 + cpu, 0x9E_37_79_B1) >>> 16) % 5 === 0);
		const list = cpuListText(cpus);
		t.deepEqual(parseCpuList(list), cpus);
		t.deepEqual(parseCpuMask(cpuMask(list)), cpus);
		t.deepEqual(parseCpuMask(maskText(cpus, 128)), cpus);
	}
});

test('the kernel\'s two spellings of one set mean the same here', t => {
	const allowed = (text: string, name: string) => new RegExp(`^${name}:\\s*(\\S*)$`, 'm').exec(text)![1]!;
	const own = parseCpuList(allowed(readFileSync('/proc/self/status', 'utf8'), 'Cpus_allowed_list'))!;
	t.true(own.length > 0);
	for (const cpus of [own, [own[0]!], [own.at(-1)!], own.filter((_, index) => index % 2 === 0)]) {
		const {stdout} = spawnSync('taskset', ['-c', cpuListText(cpus), 'cat', '/proc/self/status'], {encoding: 'utf8'});
		t.is(allowed(stdout, 'Cpus_allowed_list'), cpuListText(cpus));
		t.deepEqual(parseCpuMask(allowed(stdout, 'Cpus_allowed')), cpus);
		// And a mask of ours is what the kernel takes for one.
		t.is(spawnSync('taskset', [cpuMask(cpuListText(cpus)).replaceAll(',', ''), 'true']).status, 0);
	}

	for (const name of ['online', 'possible', 'present']) {
		const text = readFileSync(`/sys/devices/system/cpu/${name}`, 'utf8').trim();
		t.is(cpuListText(parseCpuList(text)!), text, name);
	}
});

// Which CPUs are chosen

// Two nodes of two cores with two threads: 0-3 and 4-7. 3 is offline, 5 isolated.
const facts: CpuFacts = {
	online: [0, 1, 2, 4, 5, 6, 7], isolated: [5],
	nodes: new Map([[0, [0, 1, 2]], [1, [4, 5, 6, 7]], [2, []]]),
	siblings: new Map([[0, [0, 2]], [2, [0, 2]], [4, [4, 6]], [6, [4, 6]], [5, [5, 7]], [7, [5, 7]]]),
};

for (const [what, choice, node, cpus] of [
	['the node', {spread: 'local'}, 0, [0, 1, 2]],
	['the node without isolated ones', {spread: 'local'}, 1, [4, 6, 7]],
	['an unknown node', {spread: 'local'}, null, [0, 1, 2, 4, 6, 7]],
	['a node without CPUs', {spread: 'local'}, 2, [0, 1, 2, 4, 6, 7]],
	['all', {spread: 'all'}, 1, [0, 1, 2, 4, 6, 7]],
	['one of each core', {spread: 'one-per-core'}, 0, [0, 1]],
	['one of each core, where the first thread is isolated', {spread: 'one-per-core'}, 1, [4, 7]],
	['named ones, isolated too', {cpus: '5,0'}, 1, [0, 5]],
] as const) {
	test(`chosen: ${what}`, t => {
		t.deepEqual(chosenCpus(choice, facts, node), [...cpus]);
	});
}

for (const [what, choice, given] of [
	['one that is offline', {cpus: '2-3'}, facts],
	['one that is not there', {cpus: '64'}, facts],
	['nonsense', {cpus: '0-1; reboot'}, facts],
	['nothing', {cpus: ''}, facts],
	['all isolated', {spread: 'all'}, {...facts, isolated: facts.online}],
	['a host that does not tell', {spread: 'local'}, {...facts, online: []}],
] as const) {
	test(`refused: ${what}`, t => {
		const error = t.throws(() => chosenCpus(choice, given, 0), {instanceOf: AppError})!;
		t.is(error.code, 'BAD_CPUS');
		t.truthy(error.why);
		t.truthy(error.fix);
	});
}

test('devices with the same CPUs share one round, others have their own', t => {
	const rounds = new CpuRounds();
	t.deepEqual([rounds.next([0, 1]), rounds.next([0, 1]), rounds.next([0, 1]), rounds.next([4]), rounds.next([0, 1])], [0, 1, 0, 4, 1]);
});
