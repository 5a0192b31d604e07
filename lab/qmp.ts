import {once} from 'node:events';
import net from 'node:net';
import {LabError} from './errors.ts';
import {poll} from './poll.ts';
import {QMP_MS} from './timeouts.ts';

type Message = {return?: unknown; error?: {class: string; desc: string}; id?: number; event?: string; QMP?: unknown};
type Waiting = {resolve: (value: unknown) => void; reject: (error: Error) => void};

// A connection to QEMU's machine protocol: one JSON object per line over a unix socket.
export class Qmp {
	readonly #socket: net.Socket;
	readonly #waiting = new Map<number, Waiting>();
	#buffer = '';
	#lastId = 0;

	private constructor(socket: net.Socket) {
		this.#socket = socket;
		socket.setEncoding('utf8');
		socket.on('data', (chunk: string) => this.#read(chunk));
		socket.on('error', () => {}); // 'close' follows and tells those who wait.
		socket.on('close', () => {
			for (const {reject} of this.#waiting.values()) {
				reject(new LabError('QEMU closed its control socket', {why: 'it ended or was killed'}));
			}

			this.#waiting.clear();
		});
	}

	// Connects as soon as QEMU listens; `isAlive` ends the wait when QEMU does.
	static async connect(socketPath: string, isAlive: () => boolean): Promise<Qmp> {
		const socket = await poll(async () => (isAlive() ? tryConnect(socketPath) : null), {timeoutMs: QMP_MS});
		if (socket === undefined || socket === null) {
			throw new LabError('QEMU does not answer on its control socket');
		}

		const qmp = new Qmp(socket);
		await qmp.execute('qmp_capabilities');
		return qmp;
	}

	// Runs one command and gives its result.
	async execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
		const id = ++this.#lastId;
		const answer = new Promise<unknown>((resolve, reject) => {
			this.#waiting.set(id, {resolve, reject});
		});
		this.#socket.write(`${JSON.stringify({execute: command, arguments: args, id})}\n`);
		try {
			return await answer;
		} catch (error) {
			throw new LabError(`QEMU refused ${command}`, {why: (error as Error).message, cause: error});
		}
	}

	// Ends the connection; QEMU goes on.
	close(): void {
		this.#socket.destroy();
	}

	#read(chunk: string): void {
		const lines = (this.#buffer + chunk).split('\n');
		this.#buffer = lines.pop() ?? '';
		for (const line of lines) {
			const message = JSON.parse(line) as Message;
			const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
			if (waiting === undefined) {
				continue; // The greeting, or an event.
			}

			this.#waiting.delete(message.id ?? 0);
			if (message.error === undefined) {
				waiting.resolve(message.return);
			} else {
				waiting.reject(new Error(message.error.desc));
			}
		}
	}
}

async function tryConnect(socketPath: string): Promise<net.Socket | undefined> {
	const socket = net.connect(socketPath);
	try {
		await once(socket, 'connect');
		return socket;
	} catch {
		return undefined;
	}
}
