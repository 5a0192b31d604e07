// Where vfctl keeps its state.

/** Directory of all state; root's alone. */
export const stateDirectory = '/var/lib/vfctl';
/** The lock that every writer of the host takes. */
export const lockPath = `${stateDirectory}/lock`;
/** One file per operation. */
export const journalDirectory = `${stateDirectory}/journal`;
/** One directory per kernel that a PF driver was built for. */
export const driversDirectory = `${stateDirectory}/drivers`;
/** Modules that operations install or have replaced, by their SHA-256. */
export const moduleStoreDirectory = `${stateDirectory}/modules`;

/** File of one operation: journal/000017.jsonl. */
export function operationPath(number: number): string {
	return `${journalDirectory}/${String(number).padStart(6, '0')}.jsonl`;
}
