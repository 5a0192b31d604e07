# A program that has a VF by VFIO, without a guest, as DPDK would.
#
# vfio-user.py hold BDF    opens it, prints `ready`, and keeps it until its standard input ends
# vfio-user.py stray BDF   lets the VF (of igb) fetch a descriptor from an address at which it has no memory, as a
#     broken driver would, and prints `ready`
import ctypes
import fcntl
import os
import struct
import sys
import time

# linux/vfio.h
VFIO_SET_IOMMU, VFIO_GROUP_SET_CONTAINER, VFIO_GROUP_GET_DEVICE_FD, VFIO_DEVICE_GET_REGION_INFO = 0x3B66, 0x3B68, 0x3B6A, 0x3B6C
VFIO_TYPE1V2_IOMMU, BAR0, CONFIG = 3, 0, 7
# drivers/net/ethernet/intel/igbvf: regs.h, mbx.h, defines.h
V2PMAILBOX, VMBMEM, TDBAL, TDBAH, TDLEN, TDT, TXDCTL = 0xC40, 0x800, 0x3800, 0x3804, 0x3808, 0x3818, 0x3828
REQUEST, ACKNOWLEDGE, BUFFER_IS_MINE, QUEUE_ENABLE, VF_RESET = 1, 2, 4, 1 << 25, 1
PCI_COMMAND, MEMORY_AND_MASTER = 4, 6
NOWHERE = 0x12340000


class Device:
    def __init__(self, bdf):
        group = os.path.basename(os.readlink(f'/sys/bus/pci/devices/{bdf}/iommu_group'))
        self.container = os.open('/dev/vfio/vfio', os.O_RDWR)
        self.group = os.open(f'/dev/vfio/{group}', os.O_RDWR)
        fcntl.ioctl(self.group, VFIO_GROUP_SET_CONTAINER, struct.pack('i', self.container))
        fcntl.ioctl(self.container, VFIO_SET_IOMMU, VFIO_TYPE1V2_IOMMU)
        # fcntl.ioctl tells nothing but the buffer when it is given one; here the answer is the descriptor.
        self.fd = ctypes.CDLL(None).ioctl(self.group, ctypes.c_ulong(VFIO_GROUP_GET_DEVICE_FD), ctypes.create_string_buffer(bdf.encode()))
        if self.fd < 0:
            raise OSError(f'{bdf} cannot be opened')
        self.bar, self.config = self.offset(BAR0), self.offset(CONFIG)

    def offset(self, region):
        info = bytearray(struct.pack('IIIIQQ', 32, 0, region, 0, 0, 0))
        fcntl.ioctl(self.fd, VFIO_DEVICE_GET_REGION_INFO, info)
        return struct.unpack('IIIIQQ', info)[5]

    def write(self, register, value):
        os.pwrite(self.fd, struct.pack('I', value), self.bar + register)

    def read(self, register):
        return struct.unpack('I', os.pread(self.fd, 4, self.bar + register))[0]

    # The PF lets a VF send only after its reset message; it answers with ACK (31) or NACK (30), which is about
    # the MAC alone.
    def reset_by_mailbox(self):
        self.write(V2PMAILBOX, BUFFER_IS_MINE)
        self.write(VMBMEM, VF_RESET)
        self.write(V2PMAILBOX, REQUEST)
        while self.read(VMBMEM) >> 30 == 0:
            time.sleep(0.1)
        self.write(V2PMAILBOX, ACKNOWLEDGE)

    def stray(self):
        os.pwrite(self.fd, struct.pack('H', MEMORY_AND_MASTER), self.config + PCI_COMMAND)
        self.reset_by_mailbox()
        for register, value in ((TDBAL, NOWHERE), (TDBAH, 0), (TDLEN, 4096), (TXDCTL, QUEUE_ENABLE), (TDT, 1)):
            self.write(register, value)


device = Device(sys.argv[2])
if sys.argv[1] == 'stray':
    device.stray()
print('ready', flush=True)
sys.stdin.read()
