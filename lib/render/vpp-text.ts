// The start-up configuration of VPP as text.
import {renderTemplate} from '../libvirt/render-template.ts';
import type {VppConfiguration} from '../plan/vpp.ts';

/** The file. `nodes` are the CPUs of the NUMA nodes, as the kernel lists them. */
export function vppText({devices}: VppConfiguration, nodes: ReadonlyArray<{node: number; cpus: string}>): string {
	return renderTemplate('vpp-startup.conf.eta', {devices, nodes});
}
