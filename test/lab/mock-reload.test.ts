// The rebuilt ixgbe and vfctl_pf are loaded and unloaded again and again while VFs talk: their real
// driver goes up and down and changes addresses, one VF sends nonsense, the PF's link goes, the admin
// sets MACs and VLANs. On a mock 82599 (kernel-module/mock), for each kernel that can be built for.
import test from 'ava';
import {mockKernel} from './helpers/mock-drivers.ts';
import {buildableKernels, complaints, runMockMachine} from './helpers/mock-machine.ts';

// For each kernel.
const rounds = 50;
const runMs = rounds * 40_000;
// Slabs and page tables of the first rounds stay for the next ones.
const settled = 10;
// Of the rounds between. A record of 64 VFs alone, forgotten in each, would be ten times that.
const leakKb = 4096;

// The log may be too short for all that was said: a kernel bug or oops (7), a warning (9).
const badTaints = 1 << 7 | 1 << 9;

// Whoever talks has no idea of what is loaded: that is the point, and why errors are nothing.
const script = `
talk() {
	while [ ! -e /tmp/quiet ]; do
		for vf in 0 1; do
			for dev in $pf/virtfn$vf/net/*; do
				dev=\${dev##*/}
				echo "link set $dev up"; echo "link set $dev address 02:00:00:00:0$vf:$((n % 90 + 10))"; echo "link set $dev down"
			done
		done | ip -force -batch -
		n=$((n + 1))
	done
}
admin() {
	while [ ! -e /tmp/quiet ]; do
		for dev in $pf/net/*; do
			dev=\${dev##*/}
			echo "link set $dev vf 0 mac 02:00:00:00:00:$((n % 90 + 10))"; echo "link set $dev vf 1 vlan $((n % 5))"; echo "link set $dev vf 0 trust $([ $((n % 2)) = 0 ] && echo on || echo off)"
			[ $((n % 4)) != 0 ] || { echo "link set $dev down"; echo "link set $dev up"; }
		done | ip -force -batch -
		n=$((n + 1))
	done
}
nonsense() { while [ ! -e /tmp/quiet ]; do [ ! -e $pf/virtfn2 ] && sleep 0.1 || echo "2 $((n += 1)) 64" >/sys/module/mock82599/parameters/storm; done; }
memory() { echo 3 >/proc/sys/vm/drop_caches; section "$1"; grep -E 'SUnreclaim|VmallocUsed|Percpu' /proc/meminfo; }
# The VF's requests, counted since its PF's driver was loaded; nothing while there is none.
requests() { while IFS='=' read -r key value; do [ "$key" != requests ] || echo "$value"; done </sys/kernel/vfctl/0001:00:00.0/vf$1/mailbox; }
talked() { [ "$(requests $1)" -ge $2 ]; }

start ours
dmesg -n 1
load ixgbevf
n=0
for one in talk admin nonsense; do $one >/dev/null 2>&1 & renice 10 $! >/dev/null; done
section rounds
round=0
while [ $round -lt ${rounds} ]; do
	round=$((round + 1))
	waitfor 60 test -d $pf/net
	ip link set $(pfdev) up
	waitfor 60 eval 'echo 3 >$pf/sriov_numvfs'
	waitfor 60 talked 0 20 && waitfor 60 talked 2 100 || break
	case $((round % 3)) in
		1) waitfor 60 eval 'echo 0 >$pf/sriov_numvfs';;
		2) waitfor 60 rmmod ixgbevf;;
	esac
	waitfor 60 rmmod ixgbe && waitfor 60 rmmod vfctl_pf || break
	[ ! -e /sys/kernel/vfctl ] || echo "left behind in round $round: $(ls /sys/kernel/vfctl)"
	load vfctl_pf; load ixgbe-ours
	[ $((round % 3)) != 2 ] || load ixgbevf
	read -r tainted </proc/sys/kernel/tainted
	[ $((tainted & ${badTaints})) = 0 ] || { echo "tainted in round $round"; break; }
	echo "round $round at $(cut -d" " -f1 /proc/uptime)"
	[ $round != ${settled} ] || memory before
done
echo "$round rounds"
memory after
touch /tmp/quiet
wait
section whole
waitfor 60 test -d $pf/net
ip link set $(pfdev) up
echo 3 >$pf/sriov_numvfs
for vf in 0 1 2; do
	waitfor 60 test -d $pf/virtfn$vf/net
	ip link set $(vfdev $vf) up
	waitfor 60 carrier $(vfdev $vf)
	while read -r line; do case $line in api=*) echo "vf$vf $line";; esac; done </sys/kernel/vfctl/0001:00:00.0/vf$vf/mailbox
done
section tainted; cat /proc/sys/kernel/tainted
section log; dmesg | grep -v 'Unhandled Msg'
rmmod ixgbevf && rmmod ixgbe && rmmod mock82599 && rmmod vfctl_pf && section gone && ls /sys/kernel/vfctl 2>&1
`;

for (const {series, release} of buildableKernels()) {
	test(`${series}: ixgbe and vfctl_pf come and go ${rounds} times while VFs talk, and leave nothing behind`, async t => {
		// A round took 16 s on a machine that did much else.
		t.timeout(runMs + 120_000);
		const kernel = await mockKernel(release, series, line => t.log(line));
		const sections = await runMockMachine(kernel, script, runMs);
		const all = [...sections.values()].join('\n');
		t.regex(all, new RegExp(`^${rounds} rounds$`, 'm'));
		t.notRegex(all, /^left behind/m);
		const memory = (name: string): Map<string, number> => new Map([...sections.get(name)!.matchAll(/^(\w+): +(\d+) kB$/gm)].map(([, key, value]) => [key!, Number(value)]));
		for (const [key, before] of memory('before')) {
			const after = memory('after').get(key)!;
			t.log(`${key}: ${before} kB, ${after} kB ${rounds - settled} rounds later`);
			t.true(after - before < leakKb, `${key} grew by ${after - before} kB`);
		}

		t.deepEqual(sections.get('whole')!.split('\n'), ['vf0 api=8', 'vf1 api=8', 'vf2 api=8'], 'no VF was lost');
		t.is(Number(sections.get('tainted')!) & badTaints, 0);
		t.deepEqual(complaints(sections), []);
		t.regex(sections.get('gone')!, /No such file/);
	});
}
