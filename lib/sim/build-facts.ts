// What can be said of a synthetic host.
import type {HostRecord} from '../record/record.ts';
import type {DiskFacts} from './build-base.ts';
import type {GuestFacts} from './build-guest.ts';
import type {CardName} from './cards.ts';
import type {VfChange} from './vf-settings.ts';

export interface FunctionFacts {
	bdf: string;
	vendor?: number;
	device: number;
	classCode: number;
	driver?: string;
	/** IOMMU group; the lowest free one when absent. */
	group?: number;
	numaNode?: number;
	/** Shares its slot with other functions. */
	multifunction?: boolean;
	/** ACS capability present and on; default true for ports. */
	acs?: boolean;
}

export interface NicFacts {
	name: string;
	mac?: string;
	up?: boolean;
	mtu?: number;
	/** CIDR. */
	addresses?: readonly string[];
	/** Bridge or bond above. */
	master?: string;
}

export interface PfFacts extends NicFacts {
	card: CardName;
	bdf: string;
	/** VFs that are enabled. */
	vfs?: number;
	totalVfs?: number;
	/** The port above it got one bus number only. */
	narrow?: boolean;
	/** The firmware left no addresses for its VF BARs. */
	noVfAddresses?: boolean;
	group?: number;
	/** IOMMU group that all its VFs join. */
	vfGroup?: number;
	numaNode?: number;
	autoprobe?: boolean;
	/** Another driver than the card's, or null for none. */
	driver?: string | null;
	/** Its driver was built by vfctl. */
	rebuilt?: boolean;
	/** VFs by index that have another driver (null: none). */
	vfDrivers?: Readonly<Record<number, string | null>>;
	/** Settings by VF index. */
	vfSettings?: Readonly<Record<number, VfChange>>;
	/** VFs whose interface is in another network namespace. */
	inNamespace?: readonly number[];
}

export interface HostBuilder {
	/** A PCI function without a network driver of ours. */
	function(facts: FunctionFacts): HostBuilder;
	/** So many small functions of the chipset, each in its own group. */
	chipset(count: number): HostBuilder;
	/** An SR-IOV PF with its network interface. */
	pf(facts: PfFacts): HostBuilder;
	/** A network card without SR-IOV. */
	nic(facts: NicFacts & {bdf: string; group?: number}): HostBuilder;
	bridge(facts: NicFacts): HostBuilder;
	bond(facts: NicFacts): HostBuilder;
	vlan(facts: NicFacts & {parent: string; id: number}): HostBuilder;
	/** A route as `ip -j route show` has it. */
	route(facts: {dst: string; dev: string; gateway?: string; metric?: number; protocol?: string}): HostBuilder;
	disk(facts: Omit<DiskFacts, 'controller'> & {bdf: string}): HostBuilder;
	guest(facts: GuestFacts): HostBuilder;
	/** A hostdev network over the VFs of a PF. */
	pool(facts: {name: string; pf: string; active?: boolean}): HostBuilder;
	/** The admin came in by ssh to this address of the host. */
	ssh(address: string): HostBuilder;
	/** Output of a further program. */
	command(argv: readonly string[], stdout: string): HostBuilder;
	/** No libvirt answers. */
	noLibvirt(): HostBuilder;
	record(): HostRecord;
}
