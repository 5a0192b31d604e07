// The document that a container runtime writes to a CNI plugin.
import {createReadStream} from 'node:fs';
import {cniRefusal} from '../formats/cni-error.ts';
import {longestCniConfig} from '../formats/cni-config.ts';

/** The text of a file, - for standard input (nothing where that is a terminal). No more is read than
 * a configuration may have. Throws BAD_CNI. */
export async function readCniDocument(file: string): Promise<string> {
	if (file === '-' && process.stdin.isTTY) {
		return '';
	}

	const chunks: Buffer[] = [];
	let length = 0;
	try {
		for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
			chunks.push(chunk as Buffer);
			length += (chunk as Buffer).length;
			if (length > longestCniConfig) {
				break;
			}
		}
	} catch (error) {
		throw cniRefusal('ioFailure', 'the network configuration cannot be read', {why: (error as Error).message, cause: error});
	}

	if (length > longestCniConfig) {
		throw cniRefusal('undecodable', 'the network configuration is too long', {why: `it has more than ${longestCniConfig / 1024} KiB`});
	}

	try {
		return new TextDecoder('utf-8', {fatal: true}).decode(Buffer.concat(chunks));
	} catch (error) {
		throw cniRefusal('undecodable', 'the network configuration is not UTF-8 text', {cause: error});
	}
}
