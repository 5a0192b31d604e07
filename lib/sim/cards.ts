// Network cards that synthetic hosts are built from. Numbers from the cards' datasheets and from
// QEMU's igb, which stands for the 82576.
export interface CardModel {
	device: number;
	vfDevice: number;
	driver: string;
	vfDriver: string;
	totalVfs: number;
	/** Routing-id distance from function N of the card to its first VF. */
	offset: (fn: number) => number;
	stride: number;
	subsystemDevice: number;
	revision: number;
	speed: number;
}

export const cards = {
	82576: {device: 0x10c9, vfDevice: 0x10ca, driver: 'igb', vfDriver: 'igbvf', totalVfs: 7, offset: () => 128, stride: 2, subsystemDevice: 0xa02c, revision: 1, speed: 1000},
	i350: {device: 0x1521, vfDevice: 0x1520, driver: 'igb', vfDriver: 'igbvf', totalVfs: 7, offset: () => 384, stride: 4, subsystemDevice: 0x0001, revision: 1, speed: 1000},
	82599: {device: 0x10fb, vfDevice: 0x10ed, driver: 'ixgbe', vfDriver: 'ixgbevf', totalVfs: 63, offset: () => 128, stride: 2, subsystemDevice: 0x000c, revision: 1, speed: 10_000},
	x540: {device: 0x1528, vfDevice: 0x1515, driver: 'ixgbe', vfDriver: 'ixgbevf', totalVfs: 63, offset: () => 128, stride: 2, subsystemDevice: 0x0001, revision: 1, speed: 10_000},
	xl710: {device: 0x1583, vfDevice: 0x154c, driver: 'i40e', vfDriver: 'iavf', totalVfs: 64, offset: fn => 16 + 63 * fn, stride: 1, subsystemDevice: 0x0001, revision: 2, speed: 40_000},
	e810: {device: 0x1592, vfDevice: 0x1889, driver: 'ice', vfDriver: 'iavf', totalVfs: 128, offset: fn => 8 + 127 * fn, stride: 1, subsystemDevice: 0x0002, revision: 2, speed: 100_000},
} as const satisfies Record<string, CardModel>;

export type CardName = `${keyof typeof cards}`;
