# SPDX-License-Identifier: GPL-2.0-only
"""Memory descriptors of /dev/iokmem.

A descriptor names memory. Programs and drivers share the memory by passing the descriptor on, and
map it. A map is an ordinary mmap object: it has the buffer protocol, so that memoryview, struct,
numpy.frombuffer() and file.readinto() use the memory without a copy.

    with iokmem.Buffer(1 << 20) as buffer, buffer.map() as bytes:
        bytes[:5] = b"hello"
        buffer.send(socket, read_only=True)

All failures are OSError, whose errno is documented in iokmem(4); or ValueError for arguments that
no call is made for.
"""

import array
import ctypes
import errno
import mmap
import os
import socket
from types import TracebackType
from typing import Optional, Sequence, Tuple, Type, TypeVar

from . import _ioctl

__version__ = "0.1.0"

__all__ = ["Buffer", "Descriptor", "import_dma_buf", "join", "receive"]

_T = TypeVar("_T", bound="Descriptor")

_CACHE_MODES = {
    "default": 0x000,
    "uncached": 0x100,
    "write-through": 0x200,
    "copyback": 0x300,
    "write-combine": 0x400,
}
_CACHE_NAMES = {number: name for name, number in _CACHE_MODES.items()}

_DIRECTIONS = {"none": 0, "in": 1, "out": 2, "inout": 3}

_PURGEABLE = {"keep": 1, "non-volatile": 2, "volatile": 3, "empty": 4}
_PURGEABLE_NAMES = {number: name for name, number in _PURGEABLE.items()}


def _choice(what: str, names: "dict[str, int]", name: str) -> int:
    if name not in names:
        raise ValueError(f"{what} is one of {', '.join(names)}, and not {name!r}")
    return names[name]


def _open() -> int:
    return os.open(_ioctl.DEVICE, os.O_RDWR | os.O_CLOEXEC)


class Descriptor:
    """A descriptor's file descriptor, which the object owns.

    Several objects, also of several processes, can be of one descriptor. Its memory exists as long
    as one of them, or a map, does.
    """

    def __init__(self, fd: int) -> None:
        """Take over @fd, a file descriptor of a descriptor."""
        self._fd = fd

    def fileno(self) -> int:
        """Return the file descriptor, which remains this object's."""
        if self._fd < 0:
            raise ValueError("the descriptor has been closed")
        return self._fd

    def close(self) -> None:
        """Close the file descriptor. Maps stay."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self: _T) -> _T:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        # The object may not have been made.
        if hasattr(self, "_fd"):
            self.close()

    def __repr__(self) -> str:
        if self._fd < 0:
            return f"<{type(self).__name__}, closed>"
        return f"<{type(self).__name__} {self.id}, {len(self)} bytes>"

    def _query(self) -> Tuple[int, ...]:
        return _ioctl.call(self.fileno(), _ioctl.QUERY_BUFFER)

    def __len__(self) -> int:
        """The length in bytes."""
        return self._query()[3]

    @property
    def id(self) -> int:
        """The number that 'iokmem list' shows."""
        return self._query()[1]

    @property
    def capacity(self) -> int:
        """The most that the length can be, in bytes."""
        return self._query()[2]

    @property
    def cache(self) -> str:
        """The cache mode in force."""
        return _CACHE_NAMES.get(self._query()[5], "unknown")

    @property
    def read_only(self) -> bool:
        """Whether this object allows to read the memory only."""
        return bool(self._query()[8] & _ioctl.FD_READ_ONLY)

    @property
    def pinnable(self) -> bool:
        """Whether map() makes maps for direct I/O."""
        return bool(self._query()[8] & _ioctl.FD_PINNABLE)

    def set_length(self, length: int) -> None:
        """Change the length, up to the capacity. Maps do not change."""
        _ioctl.call(self.fileno(), _ioctl.SET_LENGTH, 0, length)

    def map(self, offset: int = 0, length: Optional[int] = None,
            read_only: Optional[bool] = None) -> mmap.mmap:
        """Map bytes of the memory: whole pages, all that follow @offset unless @length is given.

        @offset is a multiple of the page size. The map can be written, unless @read_only, or this
        object, says otherwise. It stays
        when the descriptor is closed. If the descriptor is revoked, a touch is SIGBUS. Members
        that were joined, and imported dma-bufs, are mapped one by one (EOPNOTSUPP).
        """
        if length is None:
            length = len(self) - offset
        if length <= 0 or offset < 0:
            raise ValueError("there are no bytes to map")
        if read_only is None:
            read_only = self.read_only
        prot = mmap.PROT_READ if read_only else mmap.PROT_READ | mmap.PROT_WRITE
        return mmap.mmap(self.fileno(), length, mmap.MAP_SHARED, prot, offset=offset)

    def duplicate(self, read_only: bool = False, revoke: bool = True,
                  pinnable: bool = False) -> "Descriptor":
        """Return another object of the descriptor, which may have fewer rights.

        @read_only: it can neither write nor change the memory. @revoke: it can revoke(), if
        this object can. @pinnable: its maps are of pages that the kernel can pin, for O_DIRECT
        and io_uring. The memory must be wired, and copyback.
        """
        flags = ((_ioctl.FD_READ_ONLY if read_only else 0) |
                 (0 if revoke else _ioctl.FD_NO_REVOKE) |
                 (_ioctl.FD_PINNABLE if pinnable else 0))
        return Descriptor(_ioctl.call(self.fileno(), _ioctl.DUPLICATE, flags, -1)[1])

    def part(self, offset: int, length: int, direction: str = "inout") -> "Descriptor":
        """Return a descriptor of a part of the memory, which gives no rights to the rest."""
        options = _choice("direction", _DIRECTIONS, direction)
        arg = _ioctl.call(self.fileno(), _ioctl.CREATE_SUB, options, offset, length, -1)
        return Descriptor(arg[3])

    def revoke(self) -> None:
        """End all use of the memory, by every program and driver, for good."""
        _ioctl.call(self.fileno(), _ioctl.REVOKE)

    def set_purgeable(self, state: str) -> str:
        """Let the kernel discard the memory ("volatile"), or not. Return the old state."""
        number = _choice("state", _PURGEABLE, state)
        old = _ioctl.result(self.fileno(), _ioctl.SET_PURGEABLE, number)
        return _PURGEABLE_NAMES.get(old, "unknown")

    def page_counts(self) -> Tuple[int, int]:
        """Return how many pages are in memory, and how many of these have been written."""
        _, resident, dirty = _ioctl.call(self.fileno(), _ioctl.GET_PAGE_COUNTS)
        return resident, dirty

    def dma_buf(self, read_only: bool = False) -> int:
        """Return a file descriptor of a dma-buf of the memory, which the caller closes."""
        flags = _ioctl.FD_READ_ONLY if read_only else 0
        return _ioctl.call(self.fileno(), _ioctl.GET_DMA_BUF, flags, -1)[1]

    def send(self, sock: socket.socket, read_only: bool = False, revoke: bool = False) -> None:
        """Send the descriptor over a Unix socket, to receive() or iokmem_desc_receive().

        The receiver has no more rights than this object, and those that are given here.
        """
        with self.duplicate(read_only=read_only, revoke=revoke) as sent:
            rights = array.array("i", [sent.fileno()])
            sock.sendmsg([_MESSAGE], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


class Buffer(Descriptor):
    """A buffer of new memory, which is zero.

    @capacity: in bytes. @contiguous: it is one block of physical memory. @pageable: it can be
    swapped out. @purgeable: it can be discarded, too, see set_purgeable(). @alignment: of the
    first byte, in bytes. @cache: the cache mode. @direction: of transfers, as a device sees them.
    """

    def __init__(self, capacity: int, *, contiguous: bool = False, pageable: bool = False,
                 purgeable: bool = False, alignment: int = 0, cache: str = "default",
                 direction: str = "inout") -> None:
        options = (_choice("direction", _DIRECTIONS, direction) |
                   _choice("cache", _CACHE_MODES, cache) |
                   (_ioctl.PHYSICALLY_CONTIGUOUS if contiguous else 0) |
                   (_ioctl.PAGEABLE if pageable or purgeable else 0) |
                   (_ioctl.PURGEABLE if purgeable else 0))
        device = _open()
        try:
            arg = _ioctl.call(device, _ioctl.CREATE_BUFFER, options, capacity, alignment, -1)
        finally:
            os.close(device)
        super().__init__(arg[3])


def join(members: Sequence[Descriptor], direction: str = "inout") -> Descriptor:
    """Return a descriptor of the memory of all members, one after the other."""
    fds = array.array("i", [member.fileno() for member in members])
    options = _choice("direction", _DIRECTIONS, direction)
    device = _open()
    try:
        arg = _ioctl.call(device, _ioctl.CREATE_MULTI, options, fds.buffer_info()[0],
                          len(fds), -1)
    finally:
        os.close(device)
    return Descriptor(arg[3])


def import_dma_buf(dma_buf: int, direction: str = "inout") -> Descriptor:
    """Return a descriptor of the memory of a dma-buf. The caller keeps its file descriptor."""
    options = _choice("direction", _DIRECTIONS, direction)
    device = _open()
    try:
        arg = _ioctl.call(device, _ioctl.WITH_DMA_BUF, options, dma_buf, -1)
    finally:
        os.close(device)
    return Descriptor(arg[2])


# The message of libiokmem: a byte, and one file descriptor.
_MESSAGE = b"D"

# Of files that the kernel answers for, and no program: see <linux/magic.h>.
_ANON_INODE_FS_MAGIC = 0x09041934


def _is_kernels(fd: int) -> bool:
    statfs = (ctypes.c_long * 64)()
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.fstatfs(fd, ctypes.byref(statfs)) == 0 and statfs[0] == _ANON_INODE_FS_MAGIC


def receive(sock: socket.socket) -> Descriptor:
    """Receive a descriptor that another process sends over a Unix socket.

    Raises EOFError when the other end is closed, and OSError with EBADMSG if the message is
    anything but one descriptor. The kernel vouches for the descriptor, but the sender may change
    the memory at any time, and revoke it if it has kept that right.
    """
    # Some sockets add the sender's credentials, of three numbers.
    room = socket.CMSG_SPACE(2 * array.array("i").itemsize) + socket.CMSG_SPACE(12)
    message, control, flags, _ = sock.recvmsg(1, room, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    received = [Descriptor(fd) for fd in fds]
    if not message and not received:
        raise EOFError("the other end of the socket is closed")
    truncated = flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
    if message == _MESSAGE and len(received) == 1 and not truncated:
        try:
            if _is_kernels(received[0].fileno()) and received[0].id:
                return received[0]
        except OSError:
            pass
    for descriptor in received:
        descriptor.close()
    raise OSError(errno.EBADMSG, "the message is not one descriptor")
