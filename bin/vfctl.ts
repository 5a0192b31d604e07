// The vfctl program.
import {main} from '../lib/cli/main.ts';

// Not process.exit(): what is still being written to a pipe would be lost.
void main(process.argv.slice(2)).then(status => {
	process.exitCode = status;
});
