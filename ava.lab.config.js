// The lab tests: real QEMU, one file after the other. A test has minutes, not seconds; see docs/lab.md.

// Not yet seen to pass several times in a row: VFCTL_LAB_ALL=1 runs them too. What each of them
// lacks is in docs/lab.md.
const unproven = ['bench', 'cni', 'dpdk', 'methods', 'methods-shared', 'netns', 'netns-crash', 'tune'];

export default {
	files: ['dist/test/lab/**/*.test.js', ...process.env.VFCTL_LAB_ALL === '1' ? [] : unproven.map(name => `!dist/test/lab/${name}.test.js`)],
	workerThreads: false,
	concurrency: 1,
	serial: true,
	timeout: '15m',
};
