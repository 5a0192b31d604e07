// netplan: https://netplan.readthedocs.io/en/stable/netplan-yaml/
import {stringify} from 'yaml';
import type {GuestFile} from '../model/guest-network.ts';
import {failoverDriver, fileComment, macName, type GuestFileContent} from './guest-file-content.ts';

/** A file of its own: netplan merges all it finds. Others must not read it (netplan warns). */
export function netplanFile(content: GuestFileContent): GuestFile {
	return {
		format: 'netplan',
		path: `/etc/netplan/70-vfctl-${macName(content.mac)}.yaml`,
		text: yamlText({network: {version: 2, ethernets: {[`vfctl-${macName(content.mac)}`]: ethernet(content)}}}),
		mode: 0o600,
	};
}

/** YAML whose strings are quoted: a MAC of digits alone is a number to a parser of YAML 1.1. */
export function yamlText(data: unknown): string {
	return `${fileComment}\n${stringify(data, {defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0})}`;
}

/** One interface as version 2 of a network configuration has it, in netplan and in cloud-init. */
export function ethernet({mac, network: {addresses, routes, mtuBytes, nameservers}, failover = false}: GuestFileContent): Record<string, unknown> {
	return {
		match: {macaddress: mac, ...failover ? {driver: failoverDriver} : {}},
		dhcp4: false,
		dhcp6: false,
		...mtuBytes === null ? {} : {mtu: mtuBytes},
		...addresses.length === 0 ? {} : {addresses},
		...nameservers.length === 0 ? {} : {nameservers: {addresses: nameservers}},
		// 0.0.0.0/0, not `default`: netplan before 0.103 does not know the word.
		...routes.length === 0 ? {} : {routes: routes.map(({to, via, metric}) => ({
			to,
			...via === null ? {scope: 'link'} : {via},
			...metric === null ? {} : {metric},
		}))},
	};
}
