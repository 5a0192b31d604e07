// The table that `npm run bench` prints.

/** One comparison of vfctl with something else. */
export interface Row {
	/** On what: "list, 560 functions". */
	what: string;
	/** vfctl's command. */
	ours: string;
	/** What it is compared with. */
	peer: string;
	/** CPU or elapsed time. */
	measure: 'cpu' | 'elapsed';
	oursMs: {median: number; min: number};
	peerMs: {median: number; min: number};
	/** Median of the paired ratios, vfctl to the other: below 1, vfctl is faster. */
	ratio: number;
	/** What the ratio should not exceed; null where there is no aim. */
	aim: number | null;
	runs: number;
}

/** The rows as text, with a line of headings. */
export function tableText(rows: readonly Row[]): string {
	const cells = [
		['what', 'vfctl', 'compared with', 'measure', 'ms', 'its ms', 'ratio', 'aim', 'runs'],
		...rows.map(row => [
			row.what, row.ours, row.peer, row.measure, milliseconds(row.oursMs), milliseconds(row.peerMs), row.ratio.toFixed(2),
			row.aim === null ? '' : `${row.aim.toFixed(2)} ${row.ratio <= row.aim ? 'reached' : 'missed'}`, String(row.runs),
		]),
	];
	const widths = cells[0]!.map((_, column) => Math.max(...cells.map(line => line[column]!.length)));
	return `${cells.map(line => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')}\n`;
}

/** Median, and the shortest. */
function milliseconds({median, min}: {median: number; min: number}): string {
	return `${median.toFixed(0)} (${min.toFixed(0)})`;
}
