// Bus numbers and addresses for the VFs of a synthetic PF.
import {bdfAfter, bdfParts, type Bdf} from '../model/bdf.ts';
import {lastBusAt} from './config-space.ts';
import {functionPath} from './machine.ts';
import type {Machine} from './machine.ts';

export interface SpaceFacts {
	totalVfs: number;
	offset: number;
	stride: number;
	narrow?: boolean;
	noVfAddresses?: boolean;
}

const vfBarBytes = 16_384;
// IORESOURCE_MEM_64, IORESOURCE_SIZEALIGN, IORESOURCE_PREFETCH and IORESOURCE_MEM.
const memory = '0x000000000014220c';
const lines = 13;
const firstVfLine = 7;

/** `resource`, `ari_enabled`, and the buses behind the port above. */
export function buildSriovSpace(machine: Machine, pf: Bdf, {totalVfs, offset, stride, narrow = false, noVfAddresses = false}: SpaceFacts): void {
	const {tree} = machine;
	const path = functionPath(machine, pf) as string;
	const last = bdfParts(bdfAfter(pf, offset + (totalVfs - 1) * stride)).bus;
	const own = bdfParts(pf).bus;
	tree.putValue(`${path}/ari_enabled`, last === own ? 1 : 0);
	const port = tree.find(`${path.slice(0, path.lastIndexOf('/'))}/config`)?.node;
	if (port?.kind === 'bytes' && !narrow && port.bytes[lastBusAt]! < last) {
		port.bytes[lastBusAt] = last;
	}

	const word = (value: number) => `0x${value.toString(16).padStart(16, '0')}`;
	const none = [word(0), word(0), word(0)].join(' ');
	const base = 0x38_0000_0000 + own * 0x1000_0000 + bdfParts(pf).function * 0x100_0000;
	const bar = (number: number) => [word(base + number * 0x10_0000), word(base + number * 0x10_0000 + totalVfs * vfBarBytes - 1), memory].join(' ');
	tree.put(`${path}/resource`, {kind: 'text', text: Array.from({length: lines}, (_, line) => `${!noVfAddresses && (line === firstVfLine || line === firstVfLine + 3) ? bar(line - firstVfLine) : none}\n`).join('')});
}
