// vfctl cni: standard output has the result or the error of CNI, and nothing else.
import {AppError, exitStatuses, toAppError} from '../../errors.ts';
import {cniAdd} from '../../exec/cni/add.ts';
import {cniCheck, cniStatus} from '../../exec/cni/check.ts';
import {cniDel, cniGc} from '../../exec/cni/del.ts';
import type {CniSession} from '../../exec/cni/session.ts';
import {parseCniJson, parseCniNetwork, parseCniVersion} from '../../formats/cni-config.ts';
import {parseCniCall, parseCniCommand, type CniCall} from '../../formats/cni-environment.ts';
import {cniErrorJson, cniRefusal} from '../../formats/cni-error.ts';
import {cniResultJson} from '../../formats/cni-result.ts';
import {cniVersions, isAtLeast, type CniVersion} from '../../model/cni.ts';
import {progressReporter} from '../../render/progress.ts';
import {parseFault} from '../../exec/fault.ts';
import {openCniLog, type CniLog} from '../cni-log.ts';
import type {CommandContext} from '../context.ts';
import {libvirtOnce} from '../libvirt-once.ts';
import {readCniDocument} from '../read-cni-document.ts';

/** Answers one call; resolves to the exit status. */
export async function run(context: CommandContext, {config}: {config: string}): Promise<number> {
	let version: CniVersion | null = null;
	try {
		const command = parseCniCommand(context.host.caller.env);
		const document = await readCniDocument(config);
		if (command === 'VERSION') {
			tell(context, versionJson(document));
			return exitStatuses.ok;
		}

		const value = parseCniJson(document);
		version = parseCniVersion(value);
		const answer = await answerCall(context, parseCniCall(context.host.caller.env), {document, value});
		if (answer !== undefined) {
			tell(context, answer);
		}

		return exitStatuses.ok;
	} catch (error) {
		const failure = toAppError(error);
		tell(context, cniErrorJson(failure, version));
		return failure.exitStatus;
	}
}

async function answerCall(context: CommandContext, call: CniCall, {document, value}: {document: string; value: Record<string, unknown>}): Promise<Record<string, unknown> | undefined> {
	const network = parseCniNetwork(value);
	const log = openCniLog(context.host, context.out, {...network.log, about: [call.command, network.name, call.containerId, call.ifname].filter(word => word !== '').join(' ')});
	const libvirt = libvirtOnce(context);
	try {
		const session: CniSession = {
			call, network, value, text: document,
			run: await runContext(context, log),
			libvirt: libvirt.tryGet,
			log: log.write,
		};
		const answer = await dispatch(session);
		log.write('info', 'done');
		return answer;
	} catch (error) {
		const failure = toAppError(error);
		log.write('error', [failure.code, failure.message, failure.why].filter(part => part !== undefined).join(': '));
		throw failure;
	} finally {
		await libvirt.close();
		await log.flush();
	}
}

async function dispatch(session: CniSession): Promise<Record<string, unknown> | undefined> {
	const {call: {command}, network: {version}, run: {host}} = session;
	if (command !== 'STATUS' && command !== 'CHECK' && host.caller.uid !== 0) {
		throw new AppError('NOT_ROOT', `CNI ${command} needs root`, {why: `vfctl runs as user ${host.caller.uid}`, fix: 'let the runtime run as root'});
	}

	requireCommandOf(version, command);
	switch (command) {
		case 'ADD': {
			return cniResultJson(await cniAdd(session), version);
		}

		case 'DEL': {
			await cniDel(session);
			return undefined;
		}

		case 'CHECK': {
			await cniCheck(session);
			return undefined;
		}

		case 'GC': {
			await cniGc(session);
			return undefined;
		}

		case 'STATUS': {
			await cniStatus(session);
			return undefined;
		}

		case 'VERSION': {
			throw new AppError('BUG', 'VERSION is answered before');
		}
	}
}

const since: Readonly<Record<string, CniVersion>> = {CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0'};

/** The command is part of the configuration's version (skel.go of libcni checks the same). */
function requireCommandOf(version: CniVersion, command: string): void {
	const first = since[command];
	if (first !== undefined && !isAtLeast(version, first)) {
		throw cniRefusal('incompatibleVersion', `CNI ${version} has no ${command}`, {why: `it came with ${first}`, fix: `"cniVersion": "${first}"`});
	}
}

/** A runtime may ask with any version, and with nothing at all. */
function versionJson(document: string): Record<string, unknown> {
	const value = document.trim() === '' ? {} : parseCniJson(document);
	const asked = cniVersions.find(version => version === value['cniVersion']);
	return {cniVersion: asked ?? cniVersions.at(-1), supportedVersions: cniVersions};
}

function tell({out}: CommandContext, document: Record<string, unknown>): void {
	out.result(JSON.stringify(document, undefined, 2), document);
}

async function runContext({host, out, signal, commandLine}: CommandContext, log: CniLog): Promise<CniSession['run']> {
	const fault = process.env['VFCTL_FAULT'];
	return {
		host, signal, commandLine,
		// No action of CNI is about a guest.
		async libvirt() {
			throw new AppError('LIBVIRT_UNREACHABLE', 'libvirt is not asked', {why: 'containers do without it'});
		},
		reporter: await progressReporter({
			...out, fancy: false,
			note(text) {
				log.write('debug', text);
			},
		}),
		...(fault === undefined ? {} : {fault: parseFault(fault)}),
	};
}
