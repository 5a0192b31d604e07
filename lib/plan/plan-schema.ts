// What a plan on disk must look like. The journal is read back by root and acted upon, so nothing
// in it is taken on trust: an action is exactly one of the known kinds with exactly its fields.
import * as v from 'valibot';
import {AppError} from '../errors.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {forwardModule, pfDrivers} from '../model/driver-build.ts';
import {relayGroupName, switchModes} from '../model/forward.ts';
import {parseAddress, parsePrefix, prefixText} from '../model/ip.ts';
import {isKernelRelease} from '../model/kernel-version.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {isNetnsName} from '../model/netns.ts';
import {flowTypes} from '../model/steer-rule.ts';
import type {Action} from './action.ts';
import {riskNames, type Plan, type RiskName} from './plan.ts';
import {isFollowUp, isWritablePath} from './writable-files.ts';

const bdf = v.pipe(v.string(), v.check(text => parseBdf(text) === text, 'not a PCI address'), v.transform(text => text as Bdf));
const mac = v.pipe(v.string(), v.check(text => parseMac(text) === text, 'not a MAC address'), v.transform(text => text as Mac));
// What the kernel takes for an interface (IFNAMSIZ is 16, dev_valid_name in net/core/dev.c).
const netdev = v.pipe(v.string(), v.regex(/^(?!\.\.?$)[^/:\s]{1,15}$|^[\da-f:.]{12,16}$/));
const driver = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const rate = v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)));

const guest = v.strictObject({name: v.string(), uuid: v.pipe(v.string(), v.regex(/^[\da-f-]{36}$/i))});
const binding = v.strictObject({driver: v.nullable(driver), override: v.nullable(driver)});

const settings = v.strictObject({
	mac: v.exactOptional(v.nullable(mac)),
	vlan: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4095))),
	qos: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7))),
	vlanProto: v.exactOptional(v.picklist(['802.1q', '802.1ad'])),
	spoofchk: v.exactOptional(v.nullable(v.boolean())),
	trust: v.exactOptional(v.nullable(v.boolean())),
	minTxRateMbps: v.exactOptional(rate),
	maxTxRateMbps: v.exactOptional(rate),
	linkState: v.exactOptional(v.nullable(v.picklist(['auto', 'enable', 'disable']))),
});

const upDown = v.picklist(['up', 'down']);
const loaded = v.picklist(['absent', 'loaded']);
const whose = v.picklist(['own', 'administrative']);
const text = v.nullable(v.string());

const onOff = v.picklist(['enabled', 'disabled']);
const path = v.pipe(v.string(), v.check(text => isWritablePath(text), 'not a file that vfctl writes'));
// Files that a guest's network is configured by; see formats/guest-files.
const guestPath = v.pipe(v.string(), v.regex(/^\/(?:etc|var)\/(?!.*\.\.)[\w./-]+$/));
const networkName = v.pipe(v.string(), v.minLength(1));
const mtuBytes = v.pipe(v.number(), v.integer(), v.minValue(68), v.maxValue(65_535));
const prefix = v.pipe(v.string(), v.check(text => isCanonical(text), 'not an address with a length'));
const address = v.pipe(v.string(), v.check(text => parseAddress(text)?.address === text, 'not an IP address'));
const ipRoute = {to: prefix, via: v.nullable(address), metric: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xFF_FF_FF_FF)))};
const hostRoute = v.strictObject({
	...ipRoute, dev: netdev,
	source: v.exactOptional(address),
	// A name in rt_protos, or its number.
	protocol: v.exactOptional(v.pipe(v.string(), v.regex(/^[a-z\d][\w.-]{0,31}$/i))),
	onlink: v.exactOptional(v.boolean()),
});
const guestIp = v.strictObject({addresses: v.array(prefix), routes: v.array(v.strictObject(ipRoute)), mtuBytes: v.nullable(mtuBytes), up: v.boolean()});
const networkState = v.strictObject({xml: v.string(), active: v.boolean(), autostart: v.boolean()});
const lease = v.strictObject({mac, ip: address, name: v.nullable(v.string())});
const kernelArgument = v.pipe(v.string(), v.regex(/^[\w.-]+(?:=[\w.,:-]*)?$/));

const netns = v.strictObject({name: v.pipe(v.string(), v.check(text => isNetnsName(text), 'not a network namespace')), inode: v.pipe(v.number(), v.integer(), v.minValue(0))});
const place = v.strictObject({netns: v.nullable(netns), name: netdev});
const movePlace = v.strictObject({netns: v.nullable(netns), name: v.nullable(netdev)});
const netnsIp = v.strictObject({...guestIp.entries, mac: v.nullable(mac)});
// CPU lists as the kernel writes them (bitmap_print_list_to_buf): `0-3,8`.
const cpus = v.pipe(v.string(), v.regex(/^(?:\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)?$/));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const steerRule = v.strictObject({
	flow: v.picklist(flowTypes),
	sourceMac: v.exactOptional(mac),
	destinationMac: v.exactOptional(mac),
	etherType: v.exactOptional(port),
	vlan: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4095))),
	vlanPriority: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7))),
	sourceIp: v.exactOptional(prefix),
	destinationIp: v.exactOptional(prefix),
	sourcePort: v.exactOptional(port),
	destinationPort: v.exactOptional(port),
	target: v.variant('kind', [
		v.strictObject({kind: v.literal('drop')}),
		v.strictObject({kind: v.literal('queue'), queue: count}),
		v.strictObject({kind: v.literal('vf'), vf: count, queue: v.nullable(count)}),
	]),
});
const containerWord = v.pipe(v.string(), v.regex(/^[\w.:-]{1,255}$/));

const kernelRelease = v.pipe(v.string(), v.check(text => isKernelRelease(text), 'not the release of a kernel'));
const moduleDigest = v.nullable(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/)));
const installedModules = v.strictObject({vfctl_pf: moduleDigest, igb: moduleDigest, ixgbe: moduleDigest, vfctl_fwd: v.optional(moduleDigest, null)});
// insmod runs what is in it as the kernel: only a whole path of a module file.
const modulePath = v.pipe(v.string(), v.regex(/^\/(?!.*\/\.\.?\/)[^\0\n]{1,4000}\.ko(?:\.(?:xz|gz|zst))?$/));
const relayGroup = v.pipe(v.string(), v.regex(relayGroupName));
const sha256 = v.pipe(v.string(), v.regex(/^[\da-f]{64}$/));
const driverFile = v.strictObject({
	path: v.nullable(modulePath),
	sha256: v.nullable(sha256),
	srcversion: v.nullable(v.pipe(v.string(), v.regex(/^[\dA-F]{1,64}$/))),
	hub: v.nullable(v.strictObject({path: v.nullable(modulePath), sha256: v.nullable(sha256)})),
	needs: v.array(driver),
});
const moduleOption = v.pipe(v.string(), v.regex(/^[a-z]\w*=[\w,.:-]+$/i));

const device = {
	guest,
	target: v.picklist(['live', 'config']),
	deviceXml: v.string(),
	source: v.nullable(bdf),
	network: v.nullable(v.string()),
	mac: v.nullable(mac),
	method: v.picklist(['hostdev', 'interface', 'network', 'virtio', 'macvtap', 'bridge', 'vhost-user', 'ivshmem']),
	managed: v.boolean(),
	hostDriver: v.nullable(driver),
	portsBefore: v.nullable(v.array(count)),
};

const action = v.variant('kind', [
	v.strictObject({kind: v.literal('set-link'), netdev, from: upDown, to: upDown}),
	v.strictObject({
		kind: v.literal('set-numvfs'), pf: bdf, pfNetdev: v.nullable(netdev), from: count, to: count,
		remembered: v.array(v.strictObject({index: count, bdf, settings, override: v.nullable(driver)})),
	}),
	v.strictObject({kind: v.literal('set-autoprobe'), pf: bdf, from: v.boolean(), to: v.boolean()}),
	v.strictObject({kind: v.literal('load-module'), module: driver, from: loaded, to: loaded}),
	v.strictObject({kind: v.literal('bind'), bdf, physfn: v.exactOptional(v.nullable(bdf)), from: binding, to: binding}),
	v.strictObject({
		kind: v.literal('set-vf'), pfNetdev: netdev, pf: bdf, index: count, bdf,
		from: settings, to: settings, assumed: v.boolean(), reload: v.boolean(),
	}),
	v.strictObject({kind: v.literal('own-mac'), pfNetdev: netdev, pf: bdf, index: count, bdf, mac, from: whose, to: whose}),
	v.strictObject({kind: v.literal('attach-device'), ...device}),
	v.strictObject({kind: v.literal('detach-device'), ...device}),
	v.strictObject({kind: v.literal('check-guest'), guest, mac, timeoutMs: v.number(), pair: v.exactOptional(v.boolean())}),
	v.strictObject({kind: v.literal('write-file'), path, from: text, to: text, then: v.nullable(v.pipe(v.array(v.string()), v.check(words => isFollowUp(words), 'not a command that vfctl runs')))}),
	v.strictObject({kind: v.literal('set-mtu'), netdev, from: mtuBytes, to: mtuBytes}),
	v.strictObject({kind: v.literal('set-filter'), netdev, mac, from: v.boolean(), to: v.boolean()}),
	v.strictObject({kind: v.literal('set-route'), from: v.nullable(hostRoute), to: v.nullable(hostRoute)}),
	v.strictObject({kind: v.literal('guest-network'), guest, mac, from: guestIp, to: guestIp, assumed: v.boolean()}),
	v.strictObject({kind: v.literal('guest-file'), guest, path: guestPath, from: text, to: text, mode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777))}),
	v.strictObject({kind: v.literal('set-network'), name: networkName, from: v.nullable(networkState), to: v.nullable(networkState)}),
	v.strictObject({kind: v.literal('set-lease'), network: networkName, from: v.nullable(lease), to: v.nullable(lease)}),
	v.strictObject({kind: v.literal('kernel-arguments'), from: v.array(kernelArgument), to: v.array(kernelArgument)}),
	v.strictObject({kind: v.literal('set-unit'), unit: v.pipe(v.string(), v.regex(/^vfctl[\w@-]*\.service$/)), from: onOff, to: onOff}),
	v.strictObject({kind: v.literal('move-netdev'), bdf, from: movePlace, to: movePlace}),
	v.strictObject({kind: v.literal('netns-network'), bdf, place, from: netnsIp, to: netnsIp}),
	v.strictObject({kind: v.literal('set-irq-affinity'), bdf, irq: v.pipe(v.number(), v.integer(), v.minValue(0)), from: cpus, to: cpus}),
	v.strictObject({kind: v.literal('set-rps'), bdf, place, queue: count, from: cpus, to: cpus}),
	v.strictObject({kind: v.literal('set-hugepages'), sizeKiB: v.pipe(v.number(), v.integer(), v.minValue(4)), node: v.nullable(count), from: v.pipe(v.number(), v.integer(), v.minValue(0)), to: v.pipe(v.number(), v.integer(), v.minValue(0))}),
	v.strictObject({kind: v.literal('set-feature'), pf: bdf, netdev, feature: v.literal('ntuple-filters'), from: v.picklist(['on', 'off']), to: v.picklist(['on', 'off'])}),
	v.strictObject({kind: v.literal('set-steer'), pf: bdf, netdev, location: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xFF_FF_FF_FF)), from: v.nullable(steerRule), to: v.nullable(steerRule)}),
	v.strictObject({kind: v.literal('install-modules'), kernel: kernelRelease, from: installedModules, to: installedModules, initramfs: v.nullable(v.picklist(['update-initramfs', 'dracut'])), gone: v.optional(v.boolean())}),
	v.strictObject({kind: v.literal('swap-driver'), module: v.picklist(pfDrivers), from: driverFile, to: driverFile, options: v.array(moduleOption), devices: v.array(bdf)}),
	v.strictObject({kind: v.literal('register-dkms'), version: v.pipe(v.string(), v.regex(/^\w[\w.+~-]{0,63}$/)), from: v.picklist(['absent', 'added']), to: v.picklist(['absent', 'added'])}),
	v.strictObject({kind: v.literal('set-forward'), pf: bdf, pfNetdev: v.nullable(netdev), from: v.boolean(), to: v.boolean()}),
	v.strictObject({kind: v.literal('set-relay'), pf: bdf, pfNetdev: v.nullable(netdev), from: v.nullable(relayGroup), to: v.nullable(relayGroup)}),
	v.strictObject({kind: v.literal('set-switch-mode'), pf: bdf, netdev, from: v.picklist(switchModes), to: v.picklist(switchModes)}),
	v.strictObject({kind: v.literal('insert-module'), module: v.literal(forwardModule), path: modulePath, sha256, hub: v.nullable(v.strictObject({path: modulePath, sha256})), from: loaded, to: loaded}),
]) satisfies v.GenericSchema<unknown, Action>;

const stepIndex = v.pipe(v.number(), v.integer(), v.minValue(0));

const plan = v.strictObject({
	version: v.literal(1),
	subject: v.strictObject({
		command: v.picklist(['attach', 'detach', 'vf-create', 'vf-destroy', 'vf-set', 'bind', 'unbind', 'restore', 'undo', 'route', 'pool', 'dhcp', 'network', 'apply', 'persist', 'netns-attach', 'netns-detach', 'tune', 'dpdk', 'steer', 'bench', 'driver', 'forward', 'doctor']),
		guest: v.exactOptional(guest),
		vf: v.exactOptional(v.nullable(bdf)),
		pf: v.exactOptional(bdf),
		pool: v.exactOptional(v.string()),
		mac: v.exactOptional(mac),
		netns: v.exactOptional(netns),
		cni: v.exactOptional(v.strictObject({network: v.pipe(v.string(), v.minLength(1)), containerId: containerWord, ifname: netdev})),
		vfs: v.exactOptional(v.array(bdf)),
		leaves: v.exactOptional(v.boolean()),
		operation: v.exactOptional(v.pipe(v.number(), v.integer())),
		attaches: v.exactOptional(v.array(v.strictObject({first: stepIndex, last: stepIndex}))),
	}),
	title: v.string(),
	actions: v.array(action),
	warnings: v.array(v.string()),
	risks: v.array(v.picklist(Object.keys(riskNames) as RiskName[])),
}) satisfies v.GenericSchema<unknown, Plan>;

function isCanonical(text: string): boolean {
	const parsed = parsePrefix(text);
	return parsed !== undefined && prefixText(parsed) === text;
}

/** A plan from data; throws BAD_PLAN and says where it is wrong. */
export function parsePlan(value: unknown): Plan {
	const result = v.safeParse(plan, value);
	if (!result.success) {
		const [issue] = result.issues;
		throw new AppError('BAD_PLAN', 'a saved plan is damaged, or of another version of vfctl', {why: `${v.getDotPath(issue) ?? 'the plan'}: ${issue.message}`});
	}

	return result.output;
}
