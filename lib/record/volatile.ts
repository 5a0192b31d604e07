// What changes on a host by itself, with the reason: compareRecords leaves it out.

export interface Volatile {
	/** Matched against the name of a fact: a path, `$ command item key`, `libvirt guest ...`. */
	fact: RegExp;
	why: string;
	/** What of the value stays comparable; the whole fact is left out when absent. */
	keep?: (value: string) => string | undefined;
}

/** The table. The first row that matches counts. */
export const volatileFacts: readonly Volatile[] = [
	{fact: /^\/proc\/uptime$/, why: 'time'},
	{fact: /^\/proc\/sys\/kernel\/random\/boot_id$/, why: 'a new one at each boot'},
	{fact: /^\/proc\/\d+\//, why: 'process numbers'},
	{fact: /^\/proc\/interrupts$/, why: 'counts, and numbers that are given out anew', keep: value => [...new Set(value.match(/\bI?R?-?(?:PCI-MSIX?|IO-APIC)/g) ?? [])].toSorted().join(' ')},
	{fact: /^\/proc\/irq\//, why: 'interrupt numbers are given out anew; irqbalance and the kernel move them'},
	{fact: /^\/sys\/kernel\/debug\/irq\//, why: 'interrupt numbers are given out anew'},
	{fact: /meminfo$/, why: 'memory comes and goes', keep: value => /MemTotal: .*/.exec(value)?.[0]},
	{fact: /^\/sys\/.*\/(?:free|resv)_hugepages$/, why: 'what programs use of the huge pages at the moment'},
	{fact: /^\/sys\/.*\/ifindex$/, why: 'counts up when an interface comes back'},
	{fact: /^\/sys\/.*\/iflink$/, why: 'an ifindex'},
	{fact: /^\/sys\/.*\/net\/[^/]+\/uevent$/, why: 'holds the ifindex'},
	{fact: /^\/sys\/.*\/addr_assign_type$/, why: 'a random MAC that a VF was given back counts as set'},
	{fact: /^\$ ip .* permaddr$/, why: 'the MAC that a VF driver found at its last probe'},
	{fact: /^\$ ip .* altnames$/, why: 'udev names an interface by its MAC (enx...) unless that was random when it appeared', keep: withoutMacNames},
	{fact: /^\/sys\/.*\/(?:irq|msi_irqs\/\d+)$/, why: 'interrupt numbers are given out anew'},
	{fact: /^\/sys\/.*\/(?:power_state|enable)$/, why: 'power management and the use count of the function'},
	{fact: /^\/sys\/.*\/aer_dev_\w+$/, why: 'counters of errors'},
	{fact: /^\/sys\/.*\/config$/, why: 'command, status and MSI registers'},
	{fact: /^\/sys\/.*\/(?:vfio-dev\/vfio|uio\/uio)\d+$/, why: 'numbers of vfio and uio devices are given out anew'},
	{fact: /^\/sys\/.*\/driver_override$/, why: 'kernels show "no override" in two ways', keep: value => value === '(null)\n' ? '\n' : value},
	{fact: /^\/sys\/kernel\/vfctl\/.*\/(?:mailbox|messages|vlans)$/, why: 'counts and ages of messages; the settings in it are told by ip'},
	{fact: /^\/sys\/kernel\/vfctl\/forward\/.*\/stats$/, why: 'counters'},
	{fact: /^\/sys\/kernel\/vfctl\/forward\/.*\/relay$/, why: 'counters', keep: value => value.replaceAll(/^(?!group=).*\n/gm, '')},
	{fact: /^\/sys\/kernel\/vfctl\/forward\/.*\/rules$/, why: 'an ifindex and the number of a namespace', keep: value => value.replaceAll(/^(?:ifindex|netns)=.*\n/gm, '')},
	{fact: /^\$ dmesg/, why: 'a log'},
	{fact: /^\$ stat /, why: 'device nodes come and go with their devices; their names are told besides'},
	{fact: /^\/run\/\w+\.pid$/, why: 'process numbers'},
	{fact: /^\$ ip .* (?:ifindex|link_index|stats|stats64|promiscuity|allmulti)$/, why: 'counters'},
	{fact: /^\$ ip .* addr_info$/, why: 'lifetimes of addresses; an IPv6 address is tentative until duplicate detection has ended', keep: value => value.replaceAll(/"(?:(?:valid|preferred)_life_time":\d+|(?:tentative|optimistic)":true),?/g, '')},
	{fact: /^\$ ip .* linkinfo$/, why: 'timers of a bridge and how many addresses it has learned', keep: value => value.replaceAll(/"(?:\w+_timer|fdb_n_learned)":[\d.]+,?/g, '')},
	{fact: /^libvirt guest .* migratable$/, why: 'libvirt is asked for it only while a guest has an <interface> with a VF; the live definition tells the rest'},
	{fact: /^libvirt guest .* inactive$/, why: 'libvirt marks the first function of a slot when it puts a port beside it, and the mark stays; alone it means nothing', keep: value => value.replaceAll(" multifunction='on'", '')},
	{fact: /^libvirt guest .* live$/, why: 'numbers of a run', keep: withoutRunNumbers},
	{fact: /^libvirt guest .* agent$/, why: 'what a guest does with its addresses'},
	{fact: /^libvirt network .* xml$/, why: 'connection count', keep: value => value.replace(/^<network [^>]*connections='\d+'[^>]*>/, '<network>')},
];

function withoutMacNames(value: string): string | undefined {
	const names = (JSON.parse(value) as string[]).filter(name => !/^enx[\da-f]{12}$/.test(name));
	return names.length === 0 ? undefined : JSON.stringify(names);
}

// Domain id, host-side names of interfaces and consoles, paths with the id.
function withoutRunNumbers(xml: string): string {
	return xml
		.replace(/(<domain [^>]*?) id='\d+'/, '$1')
		.replaceAll(/'vnet\d+'/g, "'vnet'")
		.replaceAll(/'\/dev\/pts\/\d+'/g, "'/dev/pts/'")
		.replaceAll(/\/(channel|domain)([/-])\d+-/g, '/$1$2')
		.replaceAll(/<alias name='hostdev\d+'\/>/g, "<alias name='hostdev'/>");
}
