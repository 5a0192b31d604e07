// Which PCI functions `dpdk-devbind.py --status` shows, and below which headings: the tables at the
// head of usertools/dpdk-devbind.py of DPDK 22.11 (Debian 12) and 24.11 (Debian 13; no later
// version up to 26.11-rc0 shows anything else).

/** What one function must be: all that is named holds. */
export interface DpdkMatch {
	/** First byte of the class code, in hexadecimal. */
	class: string;
	vendor?: string;
	devices?: readonly string[];
}

export interface DpdkSection {
	/** Its name for `--class` (`--status-dev`). */
	name: DpdkClass;
	title: string;
	/** From which release on. */
	since: DpdkLayout;
	matches: ReadonlyArray<DpdkMatch & {since?: DpdkLayout}>;
}

export const dpdkLayouts = ['22.11', '24.11'] as const;

/** A release of DPDK whose output is followed. */
export type DpdkLayout = (typeof dpdkLayouts)[number];

export const dpdkClasses = ['net', 'baseband', 'crypto', 'dma', 'event', 'mempool', 'compress', 'misc', 'regex', 'ml'] as const;

export type DpdkClass = (typeof dpdkClasses)[number];

const cavium = (...devices: string[]): DpdkMatch => ({class: '08', vendor: '177d', devices});
const intel = (byte: string, ...devices: string[]): DpdkMatch => ({class: byte, vendor: '8086', devices});

const sections: readonly DpdkSection[] = [
	{name: 'net', title: 'Network', since: '22.11', matches: [
		{class: '02'}, cavium('a0dd', 'a049'), {class: '05', vendor: '1af4', devices: ['1110']}, intel('12', '0b30'),
	]},
	{name: 'baseband', title: 'Baseband', since: '22.11', matches: [{class: '12'}]},
	{name: 'crypto', title: 'Crypto', since: '22.11', matches: [{class: '10'}, {class: '0b', vendor: '8086'}]},
	{name: 'dma', title: 'DMA', since: '22.11', matches: [
		cavium('a081'), {class: '08', vendor: '19e5', devices: ['a122']}, intel('08', '0b25'),
		intel('08', '6f20', '6f21', '6f22', '6f23', '6f24', '6f25', '6f26', '6f27', '6f2e', '6f2f'), intel('08', '0b00'), intel('08', '2021'),
		{...intel('08', '11fb', '1212'), since: '24.11'}, {...cavium('a08c'), since: '24.11'},
	]},
	{name: 'event', title: 'Eventdev', since: '22.11', matches: [cavium('a04b', 'a04d'), cavium('a051'), intel('0b', '270b', '2710', '2714'), cavium('a0f9', 'a0fa')]},
	{name: 'mempool', title: 'Mempool', since: '22.11', matches: [cavium('a053'), cavium('a0fb', 'a0fc')]},
	{name: 'compress', title: 'Compress', since: '22.11', matches: [{class: '12', vendor: '177d', devices: ['a037']}]},
	{name: 'misc', title: 'Misc (rawdev)', since: '22.11', matches: [
		cavium('a089'), cavium('a059', 'a060'), cavium('a0f0', 'a0f1'), intel('06', '201c'), intel('06', '347e'),
		{class: '01', vendor: '1af4', devices: ['1001', '1042']},
	]},
	{name: 'regex', title: 'Regex', since: '22.11', matches: [cavium('a0f4')]},
	{name: 'ml', title: 'ML', since: '24.11', matches: [cavium('a092')]},
];

/** The sections of a release, in the order in which it prints them. */
export function dpdkSections(layout: DpdkLayout): DpdkSection[] {
	const has = (since: DpdkLayout = '22.11') => dpdkLayouts.indexOf(since) <= dpdkLayouts.indexOf(layout);
	return sections.filter(({since}) => has(since)).map(section => ({...section, matches: section.matches.filter(({since}) => has(since))}));
}

/** Whether a function belongs into a section; ids in four hexadecimal digits, as lspci has them. */
export function belongsTo({matches}: DpdkSection, ids: {class: string; vendor: string; device: string}): boolean {
	return matches.some(match => ids.class.startsWith(match.class) && (match.vendor ?? ids.vendor) === ids.vendor && (match.devices?.includes(ids.device) ?? true));
}
