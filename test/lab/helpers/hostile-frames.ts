// What a hostile owner of a VF might send: each frame has a name, and says it in its payload.

/** One frame, and how frames.py sends it: `plain`, `bypass`, or a virtio_net_hdr in hex. */
export interface HostileFrame {
	name: string;
	how: string;
	/** In hex. */
	frame: string;
}

/** Ethertypes: 0x88b5 and 0x88b6 are for local experiments (IEEE 802), so that no stack answers. */
export const experiment = '88b6';
export const markerType = '88b5';
const broadcast = 'ffffffffffff';
const zero = '000000000000';
const nobody = '020000000099';

export const hexOf = (mac: string) => mac.replaceAll(':', '');

/** So many bytes of payload that say the frame's name again and again. */
function payload(name: string, length: number): string {
	const word = Buffer.from(`vfctl:${name};`);
	return Buffer.alloc(length, word).toString('hex');
}

const byte = (value: number) => value.toString(16).padStart(2, '0');
const short = (value: number) => value.toString(16).padStart(4, '0');
const little = (value: number) => byte(value & 0xff) + byte(value >> 8);

/** linux/virtio_net.h: flags 1 is "compute the checksum"; types 1 TCPv4, 3 UDP, 4 TCPv6, 5 UDP_L4. */
function header({flags = 1, type, headers = 54, size, start = 34, offset = 16}: {flags?: number; type: number; headers?: number; size: number; start?: number; offset?: number}): string {
	return byte(flags) + byte(type) + little(headers) + little(size) + little(start) + little(offset);
}

interface Ipv4 {
	name: string;
	length: number;
	ihl?: number;
	protocol?: number;
	total?: number;
	dataOffset?: number;
}

/** IPv4 and TCP from the documentation's addresses, with wrong fields where they are asked for. */
function tcp({name, length, ihl = 5, protocol = 6, total = 40 + length, dataOffset = 5}: Ipv4): string {
	const ip = `4${ihl.toString(16)}00${short(total)}00004000 40${byte(protocol)}0000c0000201c0000202`.replaceAll(' ', '');
	const segment = `1388138900000001000000010000`.slice(0, 24) + `${dataOffset.toString(16)}018ffff00000000`;
	return ip + segment + payload(name, length);
}

/** The frames of the owner of `own` to `victim`, with `other` and `pf` as those that it might play. */
export function hostileFrames({own, victim, other, pf}: Record<'own' | 'victim' | 'other' | 'pf', string>): HostileFrame[] {
	const [me, you, him, card] = [own, victim, other, pf].map(hexOf) as [string, string, string, string];
	const frames: HostileFrame[] = [];
	const add = (name: string, frame: string, how = 'plain') => frames.push({name, how, frame});
	const say = (name: string, to: string, from: string, {type = experiment, length = 50}: {type?: string; length?: number} = {}) => add(name, to + from + type + payload(name, length));

	say('good-victim', you, me);
	say('good-other', him, me);
	say('good-pf', card, me);
	for (const [who, from] of Object.entries({nobody, victim: you, other: him, pf: card, zero, broadcast, multicast: '01005e000001'})) {
		say(`from-${who}`, you, from);
		say(`from-${who}-to-pf`, card, from);
	}

	for (const [who, to] of Object.entries({own: me, zero, nobody, broadcast, ipv4multicast: '01005e000001', ipv6multicast: '333300000001'})) {
		say(`to-${who}`, to, me);
	}

	for (const [what, to] of Object.entries({stp: '0180c2000000', pause: '0180c2000001', slow: '0180c2000002', eapol: '0180c2000003', lldp: '0180c200000e'})) {
		say(`link-local-${what}`, to, me);
	}

	for (const [what, type] of Object.entries({pause: '8808', lldp: '88cc', eapol: '888e', slow: '8809', arp: '0806', llc: '0032'})) {
		say(`type-${what}`, you, me, {type});
		say(`type-${what}-pf`, card, me, {type});
	}

	say('type-pause-multicast', '0180c2000001', me, {type: '8808'});
	say('type-lldp-multicast', '0180c200000e', me, {type: '88cc'});

	for (const length of [0, 1, 45, 46, 1500, 1501, 1504, 1518, 9000]) {
		say(`length-${length}`, you, me, {length});
	}

	add('cut-to', you);
	add('cut-13', you + me + experiment.slice(0, 2));
	add('cut-tag', `${you}${me}8100`);
	for (const [what, tag] of Object.entries({'0': '81000000', '5': '81000005', '100': '81000064', '4095': '81000fff', 'priority': '8100e000', 'service': '88a80064', 'double': '8100006481000005', 'service-double': '88a8006481000005', 'old': '91000064'})) {
		add(`tag-${what}`, you + me + tag + experiment + payload(`tag-${what}`, 50));
		add(`tag-${what}-spoofed`, you + him + tag + experiment + payload(`tag-${what}-spoofed`, 50));
	}

	say('bypass-spoofed', you, him);
	frames.at(-1)!.how = 'bypass';
	say('bypass-good', you, me);
	frames.at(-1)!.how = 'bypass';
	return [...frames, ...badLargeFrames(me, you)];
}

/** Large frames (GSO) that lie about what they are; `good-large` does not. */
export function badLargeFrames(me: string, you: string): HostileFrame[] {
	const length = 4000;
	const ipv4 = `${you}${me}0800`;
	const large = (name: string, body: Omit<Ipv4, 'name' | 'length'>, gso: Partial<Parameters<typeof header>[0]> = {}): HostileFrame => ({
		name, how: header({type: 1, size: 1400, ...gso}), frame: ipv4 + tcp({name, length, ...body}),
	});
	return [
		large('good-large', {}),
		large('large-not-tcp', {protocol: 17}),
		large('large-ihl-15', {ihl: 15}),
		large('large-ihl-0', {ihl: 0}),
		large('large-offset-15', {dataOffset: 15}),
		large('large-offset-0', {dataOffset: 0}),
		large('large-no-checksum', {}, {flags: 0, start: 0, offset: 0}),
		large('large-checksum-elsewhere', {}, {start: 14, offset: 2}),
		large('large-size-0', {}, {size: 0}),
		large('large-size-65535', {}, {size: 65535}),
		large('large-size-9000', {}, {size: 9000}),
		large('large-as-ipv6', {}, {type: 4}),
		large('large-udp', {}, {type: 3}),
		large('large-udp-l4', {}, {type: 5}),
		large('large-unknown-type', {}, {type: 9}),
		large('large-headers-65535', {}, {headers: 65535}),
		{name: 'large-no-ip', how: header({type: 1, size: 1400}), frame: you + me + experiment + payload('large-no-ip', length)},
		{name: 'large-tagged', how: header({type: 1, size: 1400, headers: 58, start: 38}), frame: `${you}${me}810000050800${tcp({name: 'large-tagged', length})}`},
	];
}
