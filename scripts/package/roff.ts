// Text as the man macros want it: groff_man(7), groff_char(7).

/** A text that stands for itself wherever it is in a line. */
export function plain(text: string): string {
	return text.replaceAll('\\', String.raw`\e`).replaceAll('-', String.raw`\-`).replaceAll('`', String.raw`\(ga`).replaceAll('\'', String.raw`\(aq`)
		.replaceAll('^', String.raw`\(ha`).replaceAll('~', String.raw`\(ti`).replaceAll('"', String.raw`\(dq`).replaceAll(/^\./gm, String.raw`\&.`);
}

export const bold = (text: string): string => String.raw`\fB${plain(text)}\fP`;
export const italic = (text: string): string => String.raw`\fI${plain(text)}\fP`;

/** A section's heading. */
export const section = (title: string): string => `.SH ${plain(title).toUpperCase()}`;

/** A term, which is roff already, and what it means. */
export function item(term: string, meaning: string): string {
	return `.TP\n${term}\n${plain(meaning)}`;
}

/** How a page begins. Words are not broken: options have dashes of their own. */
export function title(name: string, date: string, version: string): string {
	return `.TH ${name.toUpperCase()} 1 ${date} "vfctl ${version}" "User Commands"\n.nh\n.ad l`;
}
