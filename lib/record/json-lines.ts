// JSON lists as a record shows them.

/** One JSON array, one element a line: readable in a record and in a diff. */
export function jsonLines(list: readonly unknown[]): string {
	return list.length === 0 ? '[]\n' : `[\n${list.map(one => JSON.stringify(one)).join(',\n')}\n]\n`;
}

/** The list of a JSON text, or undefined when it is none. */
export function parseJsonList(text: string): Array<Record<string, unknown>> | undefined {
	try {
		const parsed: unknown = JSON.parse(text);
		return Array.isArray(parsed) ? parsed as Array<Record<string, unknown>> : undefined;
	} catch {
		return undefined;
	}
}
