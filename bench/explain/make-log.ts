// Logs of any length for measuring and fuzzing: mostly what healthy hosts write, with messages of
// the catalogue among it. The same seed gives the same log.
import {catalogue} from '../../lib/model/messages/catalogue.ts';

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

const healthy: ReadonlyArray<(n: number) => string> = [
	n => `pci 0000:${hex(n)}:00.0: Adding to iommu group ${n % 90}`,
	n => `igb 0000:${hex(n)}:00.0 eth${n % 9}: igb: eth${n % 9} NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX/TX`,
	n => `usb ${n % 4}-${n % 7}: new high-speed USB device number ${n % 120} using xhci_hcd`,
	n => `EXT4-fs (sda${n % 9}): mounted filesystem with ordered data mode. Quota mode: none.`,
	n => `systemd[1]: Started session-${n}.scope - Session ${n} of User root.`,
	n => `audit: type=1400 audit(17637798${n % 90}.${n % 999}:${n}): apparmor="STATUS" operation="profile_load" profile="unconfined" name="libvirt-${n}" pid=${n} comm="apparmor_parser"`,
	n => `virbr0: port ${n % 30}(vnet${n % 30}) entered forwarding state`,
	n => `postfix/smtpd[${n}]: connect from mail${n % 50}.example.net[192.0.2.${n % 250}]`,
	n => `sshd[${n}]: Accepted publickey for root from 192.0.2.${n % 250} port ${n % 60_000} ssh2: ED25519 SHA256:${hex(n).repeat(12)}`,
	n => `vfio-pci 0000:${hex(n)}:10.${n % 8}: enabling device (0000 -> 0002)`,
];

function hex(n: number): string {
	return (n % 250).toString(16).padStart(2, '0');
}

/** Every example of the catalogue, in its order. */
export const examples: readonly string[] = catalogue.flatMap(entry => entry.examples);

/** Pieces of about `pieceBytes` of a log; one line in `every` is a message of the catalogue. */
export function* logPieces({bytes, every, seed, pieceBytes = 1 << 20}: {bytes: number; every: number; seed: number; pieceBytes?: number}): Generator<string> {
	const random = randomOf(seed);
	let written = 0;
	for (let n = 0; written < bytes;) {
		const lines: string[] = [];
		for (let length = 0; length < pieceBytes; n++) {
			const line = random() * every < 1
				? examples[Math.floor(random() * examples.length)]!
				: `[${(n / 100).toFixed(6).padStart(13)}] ${healthy[Math.floor(random() * healthy.length)]!(Math.floor(random() * 65_536))}`;
			lines.push(line);
			length += line.length + 1;
		}

		const piece = `${lines.join('\n')}\n`;
		written += piece.length;
		yield piece;
	}
}
