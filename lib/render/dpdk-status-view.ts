// `vfctl dpdk status` for --json.
import type {DpdkClass, DpdkLayout} from '../model/dpdk-classes.ts';
import type {DpdkStatusSection} from '../model/dpdk-status.ts';

export interface DpdkStatusView {
	host: string;
	/** The release of DPDK whose rules were followed. */
	layout: DpdkLayout;
	sections: Array<{
		class: DpdkClass;
		title: string;
		devices: Array<{
			bdf: string;
			name: string;
			deviceId: string;
			vendorId: string;
			/** On a driver that DPDK works on, on one of the kernel, or on none. */
			use: 'dpdk' | 'kernel' | 'none';
			driver: string | null;
			/** Modules that could have it. */
			unused: string[];
			interfaces: string[];
			/** An interface of it has a route. */
			active: boolean;
			numaNode: number | null;
		}>;
	}>;
}

/** The view; devices in order of their addresses. */
export function dpdkStatusView(host: string, layout: DpdkLayout, sections: readonly DpdkStatusSection[]): DpdkStatusView {
	return {
		host, layout,
		sections: sections.map(section => ({
			class: section.class,
			title: section.title,
			devices: section.devices.map(({bdf, name, device, vendor, use, driver, unused, interfaces, active, numaNode}) => ({
				bdf, name, deviceId: device, vendorId: vendor, use, driver, unused: unused.split(',').filter(Boolean), interfaces: [...interfaces], active, numaNode,
			})),
		})),
	};
}
