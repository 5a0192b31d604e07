import process from 'node:process';

// The lab tests: real QEMU, one file after the other. A test has minutes, not seconds; see docs/lab.md.
// scripts/lab-tests.ts runs them for `npm run test:lab`.
export default {
	files: ['dist/test/lab/**/*.test.js'],
	workerThreads: false,
	concurrency: 1,
	serial: true,
	// A kernel that checks itself is slow (lab/timeouts.ts).
	timeout: process.env.VFCTL_LAB_KERNEL === 'debug' ? '120m' : '15m',
};
