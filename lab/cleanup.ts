// What must not outlive this process. Signals and uncaught exceptions skip `finally`, so each thing
// that stays behind (a process, a half-built directory) registers how to remove it, synchronously.
const undos = new Set<() => void>();
let installed = false;

const SIGNALS = {SIGHUP: 1, SIGINT: 2, SIGTERM: 15} as const;

// Registers an undo that runs if this process ends before the returned function is called.
export function onProcessEnd(undo: () => void): () => void {
	install();
	undos.add(undo);
	return () => undos.delete(undo);
}

function install(): void {
	if (installed) {
		return;
	}

	installed = true;
	process.on('exit', runUndos);
	for (const [signal, number] of Object.entries(SIGNALS)) {
		process.on(signal, () => {
			process.exit(128 + number);
		});
	}
}

function runUndos(): void {
	for (const undo of [...undos].reverse()) {
		undos.delete(undo);
		try {
			undo();
		} catch (error) {
			process.stderr.write(`lab: could not clean up: ${String(error)}\n`);
		}
	}
}
