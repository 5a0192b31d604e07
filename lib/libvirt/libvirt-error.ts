// libvirt's errors in vfctl's words.
import {AppError, type ErrorCode} from '../errors.ts';
import {quote} from '../model/shell-word.ts';
import * as c from './constants.ts';
import type {LibvirtError} from './ffi.ts';
import {remoteMachine} from './remote-uri.ts';

/** What was being done when libvirt refused. */
export interface CallContext {
	/** In plain words, as the end of a sentence: "attach a device to guest web1". */
	readonly doing: string;
	readonly uri: string;
	/** Detaching: an unknown device is then NOT_ATTACHED. */
	readonly detaching?: boolean;
}

/** How to start the daemon, wherever it is split into one daemon per driver or not:
 * https://libvirt.org/daemons.html */
export const startDaemonFix = 'systemctl start libvirtd (where libvirt is split into one daemon per driver, as on Fedora and RHEL 9: systemctl start virtqemud.socket virtnetworkd.socket virtnodedevd.socket)';
const permissionFix = 'run vfctl as root, or add yourself to the group libvirt and log in again';

/** libvirt's error as AppError; its number, domain and own words stay in the details. */
export function translateLibvirtError(error: LibvirtError, {doing, uri, detaching = false}: CallContext): AppError {
	const why = error.message ?? `libvirt error ${error.code} without a text`;
	const details = {libvirtCode: error.code, libvirtDomain: error.domain, uri};
	const make = (code: ErrorCode, message: string, fix?: string) => new AppError(code, message, {why, details, ...(fix === undefined ? {} : {fix})});

	if (error.code === c.VIR_ERR_NO_DOMAIN) {
		return make('GUEST_NOT_FOUND', `libvirt cannot ${doing}: there is no such guest`, 'virsh list --all');
	}

	if (error.code === c.VIR_ERR_NO_NETWORK) {
		return make('NETWORK_NOT_FOUND', `libvirt cannot ${doing}: there is no such network`, 'virsh net-list --all');
	}

	const elsewhere = remoteMachine(uri) !== null;
	if (elsewhere && isCertificate(error, why)) {
		return make('LIBVIRT_UNREACHABLE', `libvirt at ${uri} and this machine do not trust each other`, certificateFix(uri));
	}

	if (isPermission(error, why)) {
		return make('LIBVIRT_UNREACHABLE', `libvirt at ${uri} does not let you ${doing}`, elsewhere ? loginFix(uri) : permissionFix);
	}

	if (isUnreachable(error, why)) {
		return make('LIBVIRT_UNREACHABLE', `libvirt at ${uri} does not answer`, elsewhere ? remoteFix(uri) : startDaemonFix);
	}

	if (detaching && isDeviceMissing(error, why)) {
		return make('NOT_ATTACHED', `libvirt cannot ${doing}: the guest does not have it`, 'vfctl list');
	}

	return make('LIBVIRT_FAILED', `libvirt cannot ${doing}`);
}

function remoteFix(uri: string): string {
	const {login} = remoteMachine(uri)!;
	return `see whether libvirt's own client gets there: virsh --connect ${quote(uri)} list; and on the other machine: ssh ${quote(login)} systemctl status libvirtd virtqemud.socket`;
}

function loginFix(uri: string): string {
	return `log in there as root, or as someone of the group libvirt; libvirt's own client must get there, too: virsh --connect ${quote(uri)} list`;
}

function certificateFix(uri: string): string {
	const {login} = remoteMachine(uri)!;
	return `look at the certificates of both sides (https://libvirt.org/kbase/tlscerts.html) until libvirt's own client gets there: virsh --connect ${quote(uri)} list; what the other machine refuses, it tells: ssh ${quote(login)} journalctl --unit libvirtd --unit virtproxyd`;
}

/** No answer within the time; libvirt may still do what it was asked. */
export function timeoutError({doing, uri}: CallContext, timeoutMs: number): AppError {
	return new AppError('LIBVIRT_UNREACHABLE', `libvirt at ${uri} does not answer`, {
		why: `it was asked to ${doing} and has not answered for ${timeoutMs / 1000} s`,
		fix: 'systemctl restart libvirtd (or virtqemud); running guests go on running',
		details: {uri, timeoutMs},
	});
}

/** Codes of virDomainInterfaceAddresses and virDomainQemuAgentCommand that mean "no agent answers": none in the definition,
 * guest not running, not connected, not in time, too old, or forbidden to a read-only connection. */
export function isAgentSilence(code: unknown): boolean {
	return ([c.VIR_ERR_NO_SUPPORT, c.VIR_ERR_OPERATION_FAILED, c.VIR_ERR_OPERATION_DENIED, c.VIR_ERR_OPERATION_INVALID, c.VIR_ERR_ARGUMENT_UNSUPPORTED, c.VIR_ERR_OPERATION_UNSUPPORTED, c.VIR_ERR_AGENT_UNRESPONSIVE, c.VIR_ERR_AGENT_UNSYNCED, c.VIR_ERR_AGENT_COMMAND_TIMEOUT] as unknown[]).includes(code);
}

/** An error of virDomainQemuAgentCommand as STEP_FAILED when it is the agent's own answer:
 * INTERNAL_ERROR ("unable to execute QEMU agent command ...") or, in new versions, a code of its
 * own. Any other error comes back as it is. */
export function asAgentRefusal(error: unknown): unknown {
	if (!(error instanceof AppError) || !([c.VIR_ERR_INTERNAL_ERROR, c.VIR_ERR_AGENT_COMMAND_FAILED] as unknown[]).includes(error.details['libvirtCode'])) {
		return error;
	}

	return new AppError('STEP_FAILED', 'the guest agent refuses what it was asked', {...(error.why === undefined ? {} : {why: error.why}), details: error.details, cause: error});
}

// A refusal by polkit is 45 or 88 and up to 9.0 sometimes 79 or 94; the mode of the socket gives
// 38 with the text of EACCES; a read-only connection gives 29.
function isPermission({code}: LibvirtError, text: string): boolean {
	return ([c.VIR_ERR_OPERATION_DENIED, c.VIR_ERR_AUTH_FAILED, c.VIR_ERR_AUTH_CANCELLED, c.VIR_ERR_ACCESS_DENIED, c.VIR_ERR_AUTH_UNAVAILABLE] as number[]).includes(code)
		|| (code === c.VIR_ERR_SYSTEM_ERROR && /socket/i.test(text) && text.endsWith('Permission denied'));
}

// The client that does not trust its peer gives 45, certificates that it cannot read or use 38 or 1, and the daemon that
// does not trust the client hangs up: "Unable to read TLS confirmation" (rpc/virnetclient.c, rpc/virnettlscontext.c).
function isCertificate({domain}: LibvirtError, text: string): boolean {
	return domain === c.VIR_FROM_RPC && /\bcertificate\b|\bTLS\b/i.test(text);
}

// In the RPC domain 38 is a failed connect, read or write of the socket, and 1 with these words
// any call after that. Other domains use 38 for failed system calls of the daemon, such as a
// write to sysfs.
function isUnreachable({code, domain}: LibvirtError, text: string): boolean {
	return code === c.VIR_ERR_NO_CONNECT
		|| (domain === c.VIR_FROM_RPC && (code === c.VIR_ERR_SYSTEM_ERROR || (code === c.VIR_ERR_INTERNAL_ERROR && text.includes('socket is closed'))));
}

// DEVICE_MISSING since libvirt 4.1; OPERATION_FAILED with these words before.
function isDeviceMissing({code}: LibvirtError, text: string): boolean {
	return code === c.VIR_ERR_DEVICE_MISSING
		|| (code === c.VIR_ERR_OPERATION_FAILED && /\bnot found\b|\bnot present\b|\bno (?:matching )?device\b/i.test(text));
}
