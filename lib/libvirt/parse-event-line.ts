// Lines of `virsh event --all --loop` (virshEventPrintf of tools/virsh-domain-event.c).

export interface GuestEventLine {
	/** `lifecycle`, `reboot`, `device-removal-failed`, ... */
	readonly event: string;
	/** As libvirt has it: any characters. */
	readonly guest: string;
	/** `Stopped Destroyed`, `hostdev0`; empty where the event has none. */
	readonly detail: string;
}

/** The event of a line; undefined for what is none. Older versions write the name without quotes. */
export function parseEventLine(line: string): GuestEventLine | undefined {
	const [, event, quoted, plain, detail = ''] = /^event '([\w-]{1,40})' for domain (?:'(.{1,255})'|([^' ]\S{0,254}?))(?:: (.{0,300}))?$/.exec(line) ?? [];
	const guest = quoted ?? plain;
	return event === undefined || guest === undefined ? undefined : {event, guest, detail};
}
