// Ranges of VFs.
import test from 'ava';
import {parseVfRange, vfRangeText} from '../lib/model/vf-range.ts';

const ranges: ReadonlyArray<readonly [text: string, pf: string, indexes: number[], shortest?: string]> = [
	['eth1#0', 'eth1', [0]],
	['eth1#0-3', 'eth1', [0, 1, 2, 3]],
	['eth1#0,2', 'eth1', [0, 2]],
	['eth1#4-5,0,2', 'eth1', [0, 2, 4, 5], 'eth1#0,2,4-5'],
	['eth1#0-2,1-3', 'eth1', [0, 1, 2, 3], 'eth1#0-3'],
	['eth1#3-3', 'eth1', [3], 'eth1#3'],
	['0000:03:00.0#7', '0000:03:00.0', [7]],
	['sriov:eth1:2', 'eth1', [2], 'eth1#2'],
	['sriov:0000:03:00.0:2-3', '0000:03:00.0', [2, 3], '0000:03:00.0#2-3'],
	['a#b#1', 'a#b', [1]],
	['eth1#65534', 'eth1', [65_534]],
];

for (const [text, pf, indexes, shortest = text] of ranges) {
	test(`${text} is a range`, t => {
		t.deepEqual(parseVfRange(text), {pf, indexes});
		t.is(vfRangeText({pf, indexes}), shortest);
	});
}

for (const text of ['', 'eth1', '#0', 'eth1#', 'eth1#-1', 'eth1#1-', 'eth1#3-0', 'eth1#0,', 'eth1#0,,1', 'eth1#0--1', 'eth1#0-1-2', 'eth1#a', 'eth1#0x1', 'eth1# 0', 'eth1#0-65535', 'eth1#0-999999999', 'eth1#99999999999999999999', '0000:03:10.1', 'sriov:eth1:', 'sriov::0']) {
	test(`'${text}' is no range`, t => {
		t.is(parseVfRange(text), undefined);
	});
}
