// Lines of `ip -o monitor link` (print_linkinfo in iproute2's ip/ipaddress.c).

export interface LinkLine {
	readonly deleted: boolean;
	readonly index: number;
	readonly name: string;
	/** IFF_UP: administratively up. */
	readonly up: boolean;
	/** IFF_LOWER_UP: the driver sees a link. */
	readonly link: boolean;
	readonly mtuBytes: number;
	readonly master: string | null;
	readonly mac: string | null;
}

const pattern = /^(Deleted )?(\d{1,10}): ([^\s:@]{1,32})(?:@[^\s:]{1,40})?: <([A-Z0-9_,-]{0,400})> mtu (\d{1,10})([^\\]*)(?:\\ +link\/\w+ ([\da-f:]{2,60}))?/;

/** The line, or undefined for others. What a bridge tells of its ports looks the same but for the
 * group, and its `Deleted` only says that a port has left it. */
export function parseLinkLine(line: string): LinkLine | undefined {
	const match = pattern.exec(line);
	const rest = match?.[6] ?? '';
	if (!match || !/ group \S/.test(rest)) {
		return undefined;
	}

	const flags = new Set((match[4] ?? '').split(','));
	return {
		deleted: match[1] !== undefined,
		index: Number(match[2]),
		name: match[3] ?? '',
		up: flags.has('UP'),
		link: flags.has('LOWER_UP'),
		mtuBytes: Number(match[5]),
		master: / master (\S+)/.exec(rest)?.[1] ?? null,
		mac: match[7] ?? null,
	};
}
