# SPDX-License-Identifier: GPL-2.0-only
"""The ioctls of /dev/iokmem and of descriptors' files, as <linux/iokmem.h> has them."""

import fcntl
import struct
from typing import Tuple

DEVICE = "/dev/iokmem"

DIRECTION_IN = 0x1
DIRECTION_OUT = 0x2

PHYSICALLY_CONTIGUOUS = 0x10
PAGEABLE = 0x20
PURGEABLE = 0x40

FD_READ_ONLY = 0x1
FD_NO_REVOKE = 0x2
FD_PINNABLE = 0x4

# The number of each ioctl, and its structure without the size that it begins with.
CREATE_BUFFER = 0xBD00, "IQQiIQQII"
QUERY_BUFFER = 0xBD03, "IQQQQIIIIQ"
SET_LENGTH = 0xBD05, "IQ"
DUPLICATE = 0xBD06, "IiI"
SET_PURGEABLE = 0xBD07, "I"
GET_PAGE_COUNTS = 0xBD08, "IQQ"
CREATE_SUB = 0xBD09, "IQQiI"
CREATE_MULTI = 0xBD0A, "IQIi"
GET_DMA_BUF = 0xBD0D, "IiI"
WITH_DMA_BUF = 0xBD0E, "Iii"
REVOKE = 0xBD0F, "I"


def call(fd: int, ioctl: Tuple[int, str], *values: int) -> Tuple[int, ...]:
    """Call an ioctl with these members; those that are missing are 0. Return all of them."""
    number, members = ioctl
    layout = struct.Struct("=I" + members)
    values += (0,) * (len(members) - len(values))
    arg = bytearray(layout.pack(layout.size, *values))
    fcntl.ioctl(fd, number, arg, True)
    return layout.unpack(arg)[1:]


def result(fd: int, ioctl: Tuple[int, str], *values: int) -> int:
    """Call an ioctl that returns a number by itself."""
    number, members = ioctl
    layout = struct.Struct("=I" + members)
    return fcntl.ioctl(fd, number, bytearray(layout.pack(layout.size, *values)), True)
