// The prefix that runs a build command so that nothing of it survives: its processes die with this one
// (--pdeathsig, then the PID namespace), and its mounts exist only in its own mount namespace.
export const contained: readonly string[] = [
	'setpriv', '--pdeathsig', 'KILL',
	'unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc',
];
