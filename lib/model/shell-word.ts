// Names in shell lines that an admin is told to type: a guest may be called `$(reboot)`.

/** The word as a POSIX shell reads it back. */
export function quote(word: string): string {
	return /^[\w./:@%+=,-][\w./:@%+=,#-]*$/.test(word) ? word : `'${word.replaceAll('\'', `'\\''`)}'`;
}
