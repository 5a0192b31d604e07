// What CNI plugins tell each other, free of how each version of the specification writes it
// (https://www.cni.dev/docs/spec/).
import type {Mac} from './mac.ts';

/** Versions of the specification whose results vfctl writes and reads, oldest first. */
export const cniVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type CniVersion = (typeof cniVersions)[number];

export const cniCommands = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;

export type CniCommand = (typeof cniCommands)[number];

/** An interface of a result. Null is what the plugin did not tell. */
export interface CniInterface {
	readonly name: string;
	readonly mac: Mac | null;
	/** From 1.1.0 on, as is `pciId`. */
	readonly mtuBytes: number | null;
	/** Path of the namespace; null for an interface of the host. */
	readonly sandbox: string | null;
	readonly pciId: string | null;
}

export interface CniIp {
	/** `20.0.0.3/24`, canonical. */
	readonly address: string;
	readonly gateway: string | null;
	/** Index in `interfaces`; IPAM plugins do not tell. */
	readonly interface: number | null;
}

export interface CniRoute {
	/** Network, canonical, without bits behind the length. */
	readonly to: string;
	/** Null: the gateway of the address of the same family, when it has one. */
	readonly via: string | null;
	/** `priority` (1.1.0): the metric. */
	readonly metric: number | null;
	/** `mtu`, `advmss`, `table` and `scope` (1.1.0): handed on in the result. */
	readonly more: Readonly<Record<string, number>>;
}

export interface CniDns {
	readonly nameservers?: readonly string[];
	readonly domain?: string;
	readonly search?: readonly string[];
	readonly options?: readonly string[];
}

/** Success result of ADD. */
export interface CniResult {
	readonly interfaces: readonly CniInterface[];
	readonly ips: readonly CniIp[];
	readonly routes: readonly CniRoute[];
	readonly dns: CniDns;
}

/** True for a version that is `least` or newer. */
export function isAtLeast(version: CniVersion, least: CniVersion): boolean {
	return cniVersions.indexOf(version) >= cniVersions.indexOf(least);
}
