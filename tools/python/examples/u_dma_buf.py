#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What programs do with u-dma-buf, done with iokmem.

    u-dma-buf                                       here
    insmod u-dma-buf.ko udmabuf0=1048576            iokmem.Buffer(1 << 20, contiguous=True); or the
                                                    administrator makes it, and programs open
                                                    /dev/iokmem.d/udmabuf0: see iokmem(8)
    fd = os.open("/dev/udmabuf0", os.O_RDWR)        buffer.fileno()
    mmap.mmap(fd, size)                             buffer.map()
    open with O_SYNC: not cached                    Buffer(..., cache="uncached")
    /sys/class/u-dma-buf/udmabuf0/size              len(buffer)
    phys_addr, written to a device's register       a driver has the address; hand it the buffer's
                                                    file descriptor, or a dma-buf of it
    sync_for_cpu, sync_for_device                   DMA_BUF_IOCTL_SYNC on the dma-buf
    the buffer stays until rmmod                    it goes with its last user
"""

import fcntl
import os
import struct

import iokmem

SIZE = 1 << 20

# From <linux/dma-buf.h>.
DMA_BUF_IOCTL_SYNC = 0x40086200
DMA_BUF_SYNC_WRITE = 2
DMA_BUF_SYNC_END = 4


def sync(dma_buf: int, flags: int) -> None:
    """Give the memory to the CPU, or back to the devices that have the dma-buf mapped."""
    fcntl.ioctl(dma_buf, DMA_BUF_IOCTL_SYNC, struct.pack("=Q", flags))


def main() -> None:
    with iokmem.Buffer(SIZE, contiguous=True) as buffer, buffer.map() as memory:
        print(f"{buffer}: one block of physical memory, {buffer.cache}")
        # A driver that imports dma-bufs, such as V4L2's, takes this number.
        dma_buf = buffer.dma_buf()
        sync(dma_buf, DMA_BUF_SYNC_WRITE)
        # numpy.frombuffer(memory, dtype=numpy.uint32) is such a view as well.
        with memoryview(memory) as view, view.cast("I") as words:
            for i in range(1024):
                words[i] = i * i
        sync(dma_buf, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_END)
        os.close(dma_buf)
        print(f"{sum(memory[:4096])} is the sum of its first 4096 bytes")


if __name__ == "__main__":
    main()
