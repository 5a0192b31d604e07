// Results of CNI plugins, read and written as each version of the specification has them.
import * as v from 'valibot';
import type {AppError} from '../errors.ts';
import {isAtLeast, type CniDns, type CniInterface, type CniIp, type CniResult, type CniRoute, type CniVersion} from '../model/cni.ts';
import {networkOf, parseAddress, parsePrefix, prefixText} from '../model/ip.ts';
import {parseMac} from '../model/mac.ts';

const text = v.pipe(v.string(), v.maxLength(4096));
const number = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xFF_FF_FF_FF));
const prefix = v.pipe(text, v.transform(value => parsePrefix(value)), v.check(value => value !== undefined, 'not an address with the length of its network'), v.transform(value => prefixText(value!)));
const network = v.pipe(text, v.transform(value => parsePrefix(value)), v.check(value => value !== undefined, 'not a network'), v.transform(value => prefixText(networkOf(value!))));
const address = v.pipe(text, v.transform(value => value === '' ? null : parseAddress(value)?.address), v.check(value => value !== undefined, 'not an IP address'), v.transform(value => value!));
const optional = <S extends v.GenericSchema>(schema: S) => v.nullish(schema, undefined);
const words = v.pipe(v.array(text), v.maxLength(256));

const dns = v.object({nameservers: optional(words), domain: optional(text), search: optional(words), options: optional(words)});

const result = v.object({
	interfaces: optional(v.pipe(v.array(v.object({
		name: text,
		mac: optional(text),
		mtu: optional(number),
		sandbox: optional(text),
		pciID: optional(text),
	})), v.maxLength(1024))),
	ips: optional(v.pipe(v.array(v.object({address: prefix, gateway: optional(address), interface: optional(number)})), v.maxLength(256))),
	routes: optional(v.pipe(v.array(v.object({
		dst: network,
		gw: optional(address),
		priority: optional(number),
		mtu: optional(number),
		advmss: optional(number),
		table: optional(number),
		scope: optional(number),
	})), v.maxLength(4096))),
	dns: optional(dns),
});

/** Reads `dns` of a configuration or a result; `refuse` makes the error from what is wrong. */
export function parseCniDns(value: unknown, refuse: (why: string) => AppError): CniDns {
	const parsed = v.safeParse(dns, value);
	if (!parsed.success) {
		throw refuse(`dns.${issueText(parsed.issues[0])}`);
	}

	return dnsOf(parsed.output);
}

/** Reads a result of any known version; `refuse` makes the error from what is wrong. Extra keys
 * are no mistake: later versions have more. */
export function parseCniResult(value: unknown, refuse: (why: string) => AppError): CniResult {
	const parsed = v.safeParse(result, value);
	if (!parsed.success) {
		throw refuse(issueText(parsed.issues[0]));
	}

	const {interfaces, ips, routes, dns: names} = parsed.output;
	return {
		interfaces: (interfaces ?? []).map(({name, mac, mtu, sandbox, pciID}) => ({
			name, mac: parseMac(mac ?? '') ?? null, mtuBytes: mtu ?? null, sandbox: sandbox || null, pciId: pciID || null,
		})),
		ips: (ips ?? []).map(ip => ({address: ip.address, gateway: ip.gateway ?? null, interface: ip.interface ?? null})),
		routes: (routes ?? []).map(({dst, gw, priority, ...more}) => ({
			to: dst, via: gw ?? null, metric: priority ?? null,
			more: Object.fromEntries(Object.entries(more).filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
		})),
		dns: dnsOf(names ?? {}),
	};
}

/** The result as the version has it. */
export function cniResultJson({interfaces, ips, routes, dns: names}: CniResult, version: CniVersion): Record<string, unknown> {
	return {
		cniVersion: version,
		interfaces: interfaces.map(one => interfaceJson(one, version)),
		...(ips.length === 0 ? {} : {ips: ips.map(ip => ipJson(ip, version))}),
		...(routes.length === 0 ? {} : {routes: routes.map(route => routeJson(route, version))}),
		...(Object.keys(names).length === 0 ? {} : {dns: names}),
	};
}

function interfaceJson({name, mac, mtuBytes, sandbox, pciId}: CniInterface, version: CniVersion): Record<string, unknown> {
	return {
		name,
		...(mac === null ? {} : {mac}),
		...(mtuBytes === null || !isAtLeast(version, '1.1.0') ? {} : {mtu: mtuBytes}),
		...(sandbox === null ? {} : {sandbox}),
		...(pciId === null || !isAtLeast(version, '1.1.0') ? {} : {pciID: pciId}),
	};
}

function ipJson({address: cidr, gateway, interface: index}: CniIp, version: CniVersion): Record<string, unknown> {
	return {
		// 1.0.0 took it away: the address tells.
		...(isAtLeast(version, '1.0.0') ? {} : {version: parsePrefix(cidr)?.family === 6 ? '6' : '4'}),
		address: cidr,
		...(gateway === null ? {} : {gateway}),
		...(index === null ? {} : {interface: index}),
	};
}

function routeJson({to, via, metric, more}: CniRoute, version: CniVersion): Record<string, unknown> {
	return {
		dst: to,
		...(via === null ? {} : {gw: via}),
		...(isAtLeast(version, '1.1.0') ? {...(metric === null ? {} : {priority: metric}), ...more} : {}),
	};
}

function dnsOf(value: v.InferOutput<typeof dns>): CniDns {
	return {
		...(value.nameservers ? {nameservers: value.nameservers} : {}),
		...(value.domain ? {domain: value.domain} : {}),
		...(value.search ? {search: value.search} : {}),
		...(value.options ? {options: value.options} : {}),
	};
}

function issueText(issue: v.BaseIssue<unknown>): string {
	return `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`.slice(0, 300);
}
