# Sends frames just as they are told, and writes down what arrives: nothing between the program and the interface
# but an AF_PACKET socket, or the file of a macvtap.
#
# frames.py send INTERFACE|/dev/tapN FILE   each line of FILE: NAME HOW FRAME, the frame in hex; HOW is
#     plain, bypass (PACKET_QDISC_BYPASS) or the 10 bytes of a virtio_net_hdr in hex (linux/virtio_net.h)
#     Prints a line for each, NAME and `ok` or the name of the error.
# frames.py flood INTERFACE COUNT FRAME      the same frame again and again
# frames.py capture INTERFACE                prints `in|out TAG FRAME` for each, for ever; TAG is - or a VLAN tag's bits
# frames.py xdp INTERFACE pass|drop|none     a program of two instructions, in the kernel's generic XDP
import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
import time

ETH_P_ALL = 3
# linux/if_packet.h
SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_QDISC_BYPASS = 263, 8, 15, 20
PACKET_OUTGOING, TP_STATUS_VLAN_VALID = 4, 1 << 4


def packet_socket(interface, protocol=0, options=()):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    for option in options:
        sock.setsockopt(SOL_PACKET, option, 1)
    sock.bind((interface, protocol))
    return sock


def send(target, file):
    tap = os.open(target, os.O_RDWR) if target.startswith('/') else None
    sockets = {} if tap is not None else {
        'plain': packet_socket(target), 'bypass': packet_socket(target, options=[PACKET_QDISC_BYPASS]),
        'header': packet_socket(target, options=[PACKET_VNET_HDR]),
    }
    with open(file, encoding='ascii') as lines:
        for line in lines:
            name, how, frame = line.split()
            header = b'' if how in ('plain', 'bypass') else bytes.fromhex(how)
            try:
                if tap is not None:
                    os.write(tap, (header or bytes(10)) + bytes.fromhex(frame))
                else:
                    sockets['header' if header else how].send(header + bytes.fromhex(frame))
                print(name, 'ok')
            except OSError as error:
                print(name, errno.errorcode.get(error.errno, error.errno))
            time.sleep(0.005)  # So that no ring of the card is full.


def flood(interface, count, frame):
    sock, data = packet_socket(interface), bytes.fromhex(frame)
    sent = 0
    for _ in range(int(count)):
        try:
            sock.send(data)
            sent += 1
        except OSError:  # No room in a queue: the next one.
            pass
    print(sent)


def tag_of(ancillary):
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = struct.unpack('IIIHHHH', data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return '%04x' % tci
    return '-'


def capture(interface):
    sock = packet_socket(interface, ETH_P_ALL, [PACKET_AUXDATA])
    while True:
        data, ancillary, _, address = sock.recvmsg(1 << 17, 256)
        print('out' if address[2] == PACKET_OUTGOING else 'in', tag_of(ancillary), data.hex(), flush=True)


def xdp(interface, action):
    subprocess.run(['ip', 'link', 'set', interface, 'xdpgeneric', 'off'], check=False)
    if action == 'none':
        return
    # linux/bpf.h: r0 = XDP_PASS or XDP_DROP; exit. BPF_PROG_LOAD is 5, BPF_OBJ_PIN 6, BPF_PROG_TYPE_XDP 6.
    program = struct.pack('<BBhi', 0xb7, 0, 0, {'pass': 2, 'drop': 1}[action]) + struct.pack('<BBhi', 0x95, 0, 0, 0)
    code, text = ctypes.create_string_buffer(program, len(program)), ctypes.create_string_buffer(b'GPL')
    libc = ctypes.CDLL(None, use_errno=True)

    def bpf(command, attributes):
        attributes = ctypes.create_string_buffer(attributes.ljust(120, b'\0'), 120)
        result = libc.syscall(321, command, attributes, 120)
        if result < 0:
            raise OSError(ctypes.get_errno(), 'bpf')
        return result

    loaded = bpf(5, struct.pack('<IIQQ', 6, 2, ctypes.addressof(code), ctypes.addressof(text)))
    os.makedirs('/run/frames-bpf', exist_ok=True)
    subprocess.run(['mount', '-t', 'bpf', 'bpf', '/run/frames-bpf'], check=True)
    try:
        path = ctypes.create_string_buffer(b'/run/frames-bpf/xdp')
        bpf(6, struct.pack('<QII', ctypes.addressof(path), loaded, 0))
        subprocess.run(['ip', 'link', 'set', interface, 'xdpgeneric', 'pinned', '/run/frames-bpf/xdp'], check=True)
    finally:
        if os.path.exists('/run/frames-bpf/xdp'):
            os.unlink('/run/frames-bpf/xdp')
        subprocess.run(['umount', '/run/frames-bpf'], check=True)


{'send': send, 'flood': flood, 'capture': capture, 'xdp': xdp}[sys.argv[1]](*sys.argv[2:])
