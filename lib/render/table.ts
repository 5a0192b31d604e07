// Plain columns: aligned for people, easy for awk.

/** Rows under headings, columns as wide as their widest cell, two spaces between. Empty cells
 * show as `-`, so that columns can be counted. */
export function table(headings: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const cells = [headings, ...rows.map(row => row.map(cell => cell === '' ? '-' : cell))];
	const widths = headings.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)));
	return cells.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}
