// libvirt.so.0 in this process: loaded once, with one error function for all connections.
import {existsSync} from 'node:fs';
import {AppError} from '../errors.ts';
import {declareAgentCommand, declareLibvirt, type LibvirtApi, type LibvirtError, type NativeFunction} from './ffi.ts';

/** The library and the errors it reported. */
export interface Library {
	readonly api: LibvirtApi;
	/** The registered virErrorFunc. */
	readonly errorFunction: bigint;
	/** Hears the errors of one connection (its number is the function's user data); number 0 is
	 * opening, when there is no connection yet. */
	readonly listeners: Map<number, (error: LibvirtError) => void>;
	/** Opening is done one after the other, so that listener 0 is never ambiguous. */
	opening: Promise<unknown>;
	lastNumber: number;
	/** virDomainQemuAgentCommand of libvirt-qemu.so.0, loaded when it is first needed. Rejects with
	 * LIBVIRT_MISSING. */
	agentCommand(): Promise<NativeFunction>;
}

let loaded: Promise<Library> | undefined;

/** The library, loaded at the first call. Rejects with LIBVIRT_MISSING. */
export function loadLibrary(): Promise<Library> {
	loaded ??= load();
	// A failure is not kept: the package may be installed while a test or a daemon runs on.
	loaded.catch(() => {
		loaded = undefined;
	});
	return loaded;
}

async function load(): Promise<Library> {
	let api: LibvirtApi;
	try {
		const {default: koffi} = await import('koffi');
		api = declareLibvirt(koffi, 'libvirt.so.0');
	} catch (error) {
		throw missing(error);
	}

	// libvirt keeps its last error per thread, and asynchronous calls run on any thread; the error
	// function is called while the failing call still runs, and tells the connection. It also
	// keeps libvirt from printing to stderr (virDefaultErrorFunc).
	const listeners: Library['listeners'] = new Map();
	let agentCommand: NativeFunction | undefined;
	const errorFunction = api.registerErrorFunction((number, error) => listeners.get(number)?.(error));
	api.virSetErrorFunc(null, errorFunction);
	return {
		api, errorFunction, listeners, opening: Promise.resolve(), lastNumber: 0,
		async agentCommand() {
			agentCommand ??= await loadAgentCommand();
			return agentCommand;
		},
	};
}

// Packages carry both libraries together, except for those that were put together by hand.
async function loadAgentCommand(): Promise<NativeFunction> {
	try {
		const {default: koffi} = await import('koffi');
		return declareAgentCommand(koffi, 'libvirt-qemu.so.0');
	} catch (error) {
		throw missing(error, 'libvirt-qemu.so.0');
	}
}

// koffi gives dlerror's text without the name of the library and without a code.
function missing(cause: unknown, name = 'libvirt.so.0'): AppError {
	const debian = existsSync('/etc/debian_version');
	return new AppError('LIBVIRT_MISSING', `the libvirt client library ${name} cannot be loaded`, {
		why: cause instanceof Error ? cause.message : String(cause),
		fix: debian ? 'apt install libvirt0' : 'install the package libvirt-libs (Fedora, RHEL, SUSE: libvirt-libs; Arch: libvirt)',
		cause,
	});
}
