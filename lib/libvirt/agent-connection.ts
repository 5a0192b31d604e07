// The connection over which guest agents are asked: libvirt may wait for a hung agent without end,
// and the connection that has to put things back must not hang with it.
import {AppError} from '../errors.ts';
import {Connection, type CallOptions, type OpenOptions, type Session} from './connection.ts';
import {isAgentSilence} from './libvirt-error.ts';

/** Opens when it is first used, and anew after a call that did not end. */
export class AgentConnection {
	readonly #uri: string;
	readonly #openOptions: OpenOptions;
	#connection: Promise<Connection> | undefined;

	constructor(uri: string, openOptions: OpenOptions) {
		this.#uri = uri;
		this.#openOptions = openOptions;
	}

	/** What the body resolves to; undefined when no agent answers. */
	async ask<Result>(options: CallOptions, body: (session: Session) => Promise<Result>): Promise<Result | undefined> {
		const opening = this.#connection ?? Connection.open(this.#uri, this.#openOptions);
		this.#connection = opening;
		opening.catch(() => {
			this.#forget(opening);
		});
		const connection = await opening;
		try {
			return await connection.exclusively(body);
		} catch (error) {
			if (!(error instanceof AppError)) {
				throw error;
			}

			if (error.details['timeoutMs'] !== undefined) {
				this.#forget(opening);
				await connection.close(options);
				return undefined;
			}

			if (isAgentSilence(error.details['libvirtCode'])) {
				return undefined;
			}

			throw error;
		}
	}

	/** Resolves to the references that are left: see Connection.close. */
	async close(options: CallOptions): Promise<number> {
		const connection = await this.#connection?.catch(() => {});
		this.#connection = undefined;
		return await connection?.close(options) ?? 0;
	}

	// Another question may have opened the next one already.
	#forget(opening: Promise<Connection>): void {
		if (this.#connection === opening) {
			this.#connection = undefined;
		}
	}
}
