// Runs inside the lab: a vfctl process that stays, so that a test file pays Node's slow start
// under emulation once. It is the real main() of the program; kill -9 kills it for real.
// Reads one JSON request a line: {argv, env}; answers {code, stdout, stderr, ms}.
import {createInterface} from 'node:readline';
import {main} from '../../../lib/cli/main.ts';

interface Request {
	argv: string[];
	env: Record<string, string>;
}

const answer = process.stdout.write.bind(process.stdout);

for await (const line of createInterface({input: process.stdin})) {
	const {argv, env} = JSON.parse(line) as Request;
	const stdout = collect(process.stdout);
	const stderr = collect(process.stderr);
	Object.assign(process.env, env);
	const started = process.hrtime.bigint();
	const code = await main(argv);
	const ms = Number(process.hrtime.bigint() - started) / 1e6;
	for (const name of Object.keys(env)) {
		delete process.env[name];
	}

	answer(`${JSON.stringify({code, stdout: stdout(), stderr: stderr(), ms})}\n`);
}

/** Keeps what is written to a stream; the result gives it and lets go. */
function collect(stream: NodeJS.WriteStream): () => string {
	const original = stream.write;
	let text = '';
	stream.write = ((chunk: string | Uint8Array) => {
		text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
		return true;
	}) as typeof stream.write;
	return () => {
		stream.write = original;
		return text;
	};
}
