# Makes the paths that are compared, in namespaces: the client's is PATH-a, the server's PATH-b.
# usage: paths.sh PF
set -eu
pf=$1

side() { # NAMESPACE INTERFACE ADDRESS
	ip netns add "$1"
	ip link set "$2" netns "$1" name net0
	ip -n "$1" addr add "$3/24" dev net0
	ip -n "$1" link set net0 up
	ip -n "$1" link set lo up
}

veth_behind() { # PATH NUMBER: two pairs of veth, whose other ends are PATH-0 and PATH-1
	for index in 0 1; do
		ip link add "$1-$index" type veth peer name "$1-peer$index"
		ip link set "$1-$index" up
	done
	side "$1-a" "$1-peer0" "10.$2.0.1"
	side "$1-b" "$1-peer1" "10.$2.0.2"
}

for netdev in eth1 eth2; do ip link set $netdev up; done
/lab/vfs 2 "$pf"
udevadm settle
side vf-a "$(ls "/sys/bus/pci/devices/$pf/virtfn0/net")" 10.1.0.1
side vf-b "$(ls "/sys/bus/pci/devices/$pf/virtfn1/net")" 10.1.0.2

ip link add veth-peer0 type veth peer name veth-peer1
side veth-a veth-peer0 10.2.0.1
side veth-b veth-peer1 10.2.0.2

veth_behind bridge 3
ip link add bridge0 type bridge
ip link set bridge0 up
ip link set bridge-0 master bridge0
ip link set bridge-1 master bridge0

veth_behind ovs 4
modprobe openvswitch
mkdir -p /run/openvswitch /var/log/openvswitch /etc/openvswitch
ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --detach --no-chdir --pidfile --log-file=/dev/null
ovs-vsctl --no-wait init
ovs-vswitchd --detach --no-chdir --pidfile --log-file=/dev/null
ovs-vsctl add-br ovs0 -- add-port ovs0 ovs-0 -- add-port ovs0 ovs-1

ip link add base0 type dummy
ip link set base0 up
for index in 0 1; do ip link add "mv$index" link base0 type macvlan mode bridge; done
side macvlan-a mv0 10.5.0.1
side macvlan-b mv1 10.5.0.2
