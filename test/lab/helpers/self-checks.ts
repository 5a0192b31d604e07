// What a kernel that checks itself (lab/debug-kernel.ts) found, as the last test of a file.
import test from 'ava';
import {usualKernel} from '../../../lab/kernels.ts';
import type {Lab} from '../../../lab/lab.ts';

// All that was ever said, whatever `dmesg --clear` passes over; kmemleak believes what it found twice.
const collect = `
	dd if=/dev/kmsg iflag=nonblock bs=9000 2>/dev/null
	echo "tainted $(cat /proc/sys/kernel/tainted)"
	sed -n 's/^ *debug_locks: */debug_locks /p' /proc/lockdep_stats
	mountpoint -q /sys/kernel/debug || mount -t debugfs debug /sys/kernel/debug
	for time in 1 2; do echo scan >/sys/kernel/debug/kmemleak || echo 'kmemleak is off'; sleep 6; done
	sed 's/^/kmemleak /' /sys/kernel/debug/kmemleak
`;

/** What a kernel says when something is wrong with it; not kmemleak's own words at boot. */
export const complaint = /\bBUG\b|WARNING:|Oops|Call Trace|ODEBUG|refcount|suspicious RCU|INFO: task|unreferenced object|kmemleak is off|leak(?!:|=on| detector| is off)/;

/** Declares it: nothing was found, and the checks are still on (lockdep and kmemleak end with the first trouble that
 * they cannot go on after). Declares nothing on a kernel without checks. */
export function declareSelfChecks(lab: () => Lab): void {
	if (usualKernel !== 'debug') {
		return;
	}

	test.serial('the kernel\'s checks of itself found nothing', async t => {
		const lines = (await lab().exec(collect, {timeoutMs: 600_000})).stdout.split('\n');
		const first = lines.findIndex(line => complaint.test(line));
		t.log(lines.filter(line => /^(tainted|debug_locks)/.test(line)).join(', '));
		t.deepEqual(lines.filter(line => complaint.test(line)), [], first === -1 ? '' : lines.slice(first, first + 120).join('\n'));
		// Documentation/admin-guide/tainted-kernels.rst: 5 bad page (KASAN too), 7 died, 9 warned, 14 soft lockup.
		const tainted = Number(lines.find(line => line.startsWith('tainted'))?.split(' ')[1]);
		t.is(tainted & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14), 0);
		t.true(lines.includes('debug_locks 1'));
	});
}
