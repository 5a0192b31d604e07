#!/bin/sh
# Guests of the lab: type='kvm', q35, booted from one kernel and one initramfs, nothing on disk.
#
# guest define NAME [--no-agent] [--ports N] [--memory MIB] [--transient] [--vfip MAC=ADDRESS/LENGTH]...
# guest start NAME            starts it (creates it, if transient) and waits until it is up
# guest wait NAME             waits until it is up
# guest exec NAME COMMAND     runs a shell command in it through the agent; same output, same exit code
# guest address NAME MAC ADDRESS/LENGTH    gives an address to the NIC with that MAC and waits for its carrier
# guest ping NAME ADDRESS     pings from it until one answer came, for 30 s at most
# guest console NAME          prints its serial console
# guest remove NAME           stops and forgets it
set -eu
export LIBVIRT_DEFAULT_URI=qemu:///system
UP_TRIES=480 # 120 s

fail() {
	echo "guest: $*" >&2
	exit 1
}

console_of() {
	echo "/var/log/libvirt/qemu/$1.console"
}

define() {
	name=$1
	shift
	agent=yes ports=6 memory=256 transient=no words=
	while [ $# -gt 0 ]; do
		case $1 in
		--no-agent) agent=no ;;
		--transient) transient=yes ;;
		--ports) ports=$2; shift ;;
		--memory) memory=$2; shift ;;
		--vfip) words="$words vfip=$2"; shift ;;
		*) fail "unknown option $1" ;;
		esac
		shift
	done

	channel=
	if [ $agent = yes ]; then
		channel="<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
		ports=$((ports + 1)) # The channel's controller takes one.
	fi
	controllers="<controller type='pci' index='0' model='pcie-root'/>"
	while [ "$ports" -gt 0 ]; do
		controllers="$controllers<controller type='pci' model='pcie-root-port'/>"
		ports=$((ports - 1))
	done

	mkdir -p /run/lab
	cat >"/run/lab/$name.xml" <<-XML
		<domain type='kvm'>
			<name>$name</name>
			<memory unit='MiB'>$memory</memory>
			<vcpu>1</vcpu>
			<os>
				<type arch='x86_64' machine='q35'>hvm</type>
				<kernel>/lab/vmlinux</kernel>
				<initrd>/lab/guest-initrd</initrd>
				<cmdline>console=ttyS0 quiet net.ifnames=0 mitigations=off nokaslr tsc=reliable cryptomgr.notests random.trust_cpu=on$words</cmdline>
			</os>
			<features><acpi/><apic/></features>
			<cpu mode='host-passthrough' migratable='off'/>
			<on_poweroff>destroy</on_poweroff>
			<on_reboot>restart</on_reboot>
			<on_crash>destroy</on_crash>
			<devices>
				<controller type='usb' model='none'/>
				$controllers
				<serial type='file'><source path='$(console_of "$name")'/></serial>
				$channel
				<memballoon model='none'/>
			</devices>
		</domain>
	XML
	[ $transient = yes ] || virsh --quiet define "/run/lab/$name.xml" >/dev/null
}

agent() {
	virsh --quiet qemu-agent-command "$1" --timeout 10 "$2"
}

# The one processor is emulated, and the guest needs it: look at the console, a file, before asking libvirt.
wait_up() {
	name=$1
	if virsh --quiet dumpxml "$name" | grep -q org.qemu.guest_agent.0; then
		marker=GUEST-AGENT-UP
	else
		marker=GUEST-UP
	fi

	tries=0
	until grep -qas $marker "$(console_of "$name")"; do
		tries=$((tries + 1))
		if [ $((tries % 20)) = 0 ]; then
			virsh --quiet domstate "$name" | grep -q running || fail "$name stopped; its console ends with: $(tail -5 "$(console_of "$name")")"
		fi
		[ $tries -lt $UP_TRIES ] || fail "$name is not up after 120 s; its console ends with: $(tail -5 "$(console_of "$name")")"
		sleep 0.25
	done

	[ $marker = GUEST-UP ] || until agent "$name" '{"execute":"guest-ping"}' >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt $UP_TRIES ] || fail "the agent of $name does not answer"
		sleep 0.25
	done
}

start() {
	rm -f "$(console_of "$1")"
	if virsh --quiet dominfo "$1" >/dev/null 2>&1; then
		virsh --quiet start "$1"
	else
		virsh --quiet create "/run/lab/$1.xml" >/dev/null
	fi
	wait_up "$1"
}

field() {
	sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

run_inside() {
	name=$1
	shift
	command=$(printf '%s' "$*" | sed -z 's/[\\"]/\\&/g; s/\n/\\n/g; s/\t/\\t/g') # As a JSON string.
	pid=$(agent "$name" "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/sh\",\"arg\":[\"-c\",\"$command\"],\"capture-output\":true}}" | field pid)
	[ -n "$pid" ] || fail "the agent of $name did not run the command"
	while :; do
		status=$(agent "$name" "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$pid}}")
		case $status in *'"exited":true'*) break ;; esac
		sleep 0.25
	done
	printf '%s\n' "$status" | field out-data | base64 -d
	printf '%s\n' "$status" | field err-data | base64 -d >&2
	return "$(printf '%s\n' "$status" | field exitcode)"
}

set_address() {
	# igbvf looks for a carrier every 2 s, and the card may need several looks. The halves of a
	# failover pair have the MAC of their master, which gets the address.
	run_inside "$1" "
		i=0
		until n=\$(grep -li '^$2\$' /sys/class/net/*/address | while read -r f; do [ -e \${f%/address}/master ] || echo \$f; done | head -n 1 | cut -d/ -f5); [ -n \"\$n\" ]; do
			i=\$((i + 1)); [ \$i -lt 120 ] || { echo no NIC has the MAC $2 >&2; exit 1; }; sleep 0.25
		done
		ip link set \$n up && ip address replace $3 dev \$n
		i=0
		until read -r carrier 2>/dev/null </sys/class/net/\$n/carrier && [ \"\$carrier\" = 1 ]; do
			i=\$((i + 1)); [ \$i -lt 120 ] || { echo \$n has no carrier after 30 s >&2; exit 1; }; sleep 0.25
		done"
}

remove() {
	virsh --quiet destroy "$1" 2>/dev/null || :
	virsh --quiet undefine "$1" 2>/dev/null || :
}

[ $# -ge 2 ] || { sed -n '4,11s/^# //p' "$0" >&2; exit 64; }
verb=$1
shift
case $verb in
define) define "$@" ;;
start) start "$1" ;;
wait) wait_up "$1" ;;
exec) run_inside "$@" ;;
address) set_address "$@" ;;
ping) run_inside "$1" "i=0; until ping -c 1 -W 1 $2; do i=\$((i + 1)); [ \$i -lt 30 ] || exit 1; done" ;;
console) cat "$(console_of "$1")" ;;
remove) remove "$1" ;;
*) fail "unknown command $verb" ;;
esac
