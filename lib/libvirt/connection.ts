// One connection to libvirt: calls one after the other, each with its own error and a time limit.
import {AppError} from '../errors.ts';
import type {LibvirtApi, LibvirtError, NativeFunction, Pointer} from './ffi.ts';
import {loadLibrary, type Library} from './library.ts';
import {timeoutError, translateLibvirtError, type CallContext} from './libvirt-error.ts';
import {callNative, CallTimeout, isFailure} from './native-call.ts';
import {daemonSockets, newSockets, shutDown, type Sockets} from './unblock.ts';

/** What a call was for and how long it may take. */
export interface CallOptions extends Omit<CallContext, 'uri'> {
	readonly timeoutMs: number;
}

/** Calls a function of libvirt on another thread; rejects with the AppError of its failure. */
export type Call = <Result>(nativeFunction: NativeFunction, parameters: readonly unknown[], options: CallOptions) => Promise<Result>;

/** What the holder of the turn works with. */
export interface Session {
	readonly api: LibvirtApi;
	readonly connection: Pointer;
	readonly call: Call;
	/** virDomainQemuAgentCommand; rejects with LIBVIRT_MISSING. */
	agentCommand(): Promise<NativeFunction>;
	/** Gives an object back to libvirt with its virXFree; at once, because that asks nobody. */
	free(nativeFunction: NativeFunction, pointer: Pointer): void;
}

export interface OpenOptions extends CallOptions {
	readonly readOnly: boolean;
}

interface Opened {
	readonly pointer: Pointer;
	/** The way to the daemon. */
	readonly sockets: Sockets;
}

const unknownError: LibvirtError = {code: 0, domain: 0, message: 'libvirt reported no reason'};

/** A virConnectPtr. One call is in flight at a time, so an error that libvirt reports for the
 * connection belongs to that call. After a call that took too long it refuses all others. */
export class Connection {
	readonly uri: string;
	readonly #library: Library;
	readonly #number: number;
	readonly #opened: Opened;
	#queue: Promise<unknown> = Promise.resolve();
	#error: LibvirtError | undefined;
	#unusable: AppError | undefined;
	#hangs = false;
	#closed = false;

	private constructor(library: Library, opened: Opened, uri: string) {
		library.lastNumber++;
		this.uri = uri;
		this.#library = library;
		this.#number = library.lastNumber;
		this.#opened = opened;
		library.listeners.set(this.#number, error => {
			this.#error = error;
		});
		library.api.virConnSetErrorFunc(opened.pointer, BigInt(this.#number), library.errorFunction);
	}

	/** Opens the connection; rejects with LIBVIRT_MISSING or LIBVIRT_UNREACHABLE. */
	static async open(uri: string, options: OpenOptions): Promise<Connection> {
		const library = await loadLibrary();
		const opened = library.opening.then(() => openConnection(library, uri, options));
		library.opening = opened.catch(() => {});
		return new Connection(library, await opened, uri);
	}

	/** Waits for its turn, runs the body, and lets the next in when it is done. */
	exclusively<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
		const session: Session = {
			api: this.#library.api,
			connection: this.#opened.pointer,
			call: this.#call,
			agentCommand: () => this.#library.agentCommand(),
			free: (nativeFunction, pointer) => {
				// A call that hangs still uses the object.
				if (!this.#hangs) {
					nativeFunction(pointer);
				}
			},
		};
		const done = this.#queue.then(() => {
			if (this.#unusable) {
				throw this.#unusable;
			}

			return body(session);
		});
		this.#queue = done.catch(() => {});
		return done;
	}

	/** virConnectClose; resolves to the references that are left, which is 0 unless something
	 * was not freed. Closing again does nothing, nor does closing when the daemon is gone. */
	async close(options: CallOptions): Promise<number> {
		await this.#queue;
		if (this.#closed || this.#hangs) {
			return 0;
		}

		this.#closed = true;
		const closing = this.#call<number>(this.#library.api.virConnectClose, [this.#opened.pointer], options);
		this.#unusable ??= new AppError('BUG', 'the connection to libvirt is closed already');
		try {
			return await closing;
		} catch (error) {
			if (error instanceof AppError && error.code === 'LIBVIRT_UNREACHABLE') {
				return 0;
			}

			throw error;
		} finally {
			this.#library.listeners.delete(this.#number);
		}
	}

	readonly #call: Call = async (nativeFunction, parameters, options) => {
		this.#error = undefined;
		const context = {...options, uri: this.uri};
		const {api} = this.#library;
		try {
			const result = await callNative({nativeFunction, parameters, timeoutMs: options.timeoutMs, unblock: () => {
				shutDown(api, this.#opened.sockets);
			}});
			if (isFailure(result)) {
				throw translateLibvirtError(this.#error ?? unknownError, context);
			}

			return result as never;
		} catch (error) {
			if (!(error instanceof CallTimeout)) {
				throw error;
			}

			this.#hangs = error.hangs;
			this.#unusable = timeoutError(context, options.timeoutMs);
			throw this.#unusable;
		}
	};
}

async function openConnection({api, listeners}: Library, uri: string, options: OpenOptions): Promise<Opened> {
	let failure: LibvirtError = unknownError;
	listeners.set(0, error => {
		failure = error;
	});
	const context = {...options, uri};
	const before = daemonSockets(api);
	try {
		const pointer = await callNative({
			nativeFunction: options.readOnly ? api.virConnectOpenReadOnly : api.virConnectOpen,
			parameters: [uri],
			timeoutMs: options.timeoutMs,
			unblock() {
				shutDown(api, newSockets(before, daemonSockets(api)));
			},
		});
		if (isFailure(pointer)) {
			throw translateLibvirtError(failure, context);
		}

		return {pointer: pointer as Pointer, sockets: newSockets(before, daemonSockets(api))};
	} catch (error) {
		throw error instanceof CallTimeout ? timeoutError(context, options.timeoutMs) : error;
	} finally {
		listeners.delete(0);
	}
}
