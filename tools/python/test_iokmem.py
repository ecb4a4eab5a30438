# SPDX-License-Identifier: GPL-2.0-only
"""The Python package, on a kernel with the module. Run as root, for its RAM disk and limits."""

import errno
import mmap
import os
import socket
import unittest

import iokmem

PAGE = mmap.PAGESIZE
DISK = "/dev/ram0"


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.buffer = iokmem.Buffer(4 * PAGE)
        self.addCleanup(self.buffer.close)

    def refuses(self, number: int, call, *args, **options) -> None:
        with self.assertRaises(OSError) as caught:
            call(*args, **options)
        self.assertEqual(errno.errorcode[number], errno.errorcode[caught.exception.errno])


class DescriptorTest(Case):
    def test_new_memory_is_zero_and_has_its_length(self) -> None:
        self.assertEqual(4 * PAGE, len(self.buffer))
        self.assertEqual(4 * PAGE, self.buffer.capacity)
        self.assertEqual("copyback", self.buffer.cache)
        self.assertFalse(self.buffer.read_only)
        with self.buffer.map() as memory:
            self.assertEqual(bytes(4 * PAGE), memory[:])

    def test_maps_show_one_memory(self) -> None:
        with self.buffer.map() as memory, self.buffer.map(PAGE, PAGE) as second:
            memory[PAGE:PAGE + 5] = b"hello"
            self.assertEqual(b"hello", second[:5])
            self.assertEqual(PAGE, len(second))

    def test_map_has_the_buffer_protocol(self) -> None:
        memory = self.buffer.map()
        with memoryview(memory) as view, view.cast("d") as numbers:
            numbers[3] = 1.5
            self.assertEqual(4 * PAGE // 8, len(numbers))
            # The memory cannot go while somebody looks at it.
            with self.assertRaises(BufferError):
                memory.close()
        with self.buffer.map() as second, memoryview(second) as view, view.cast("d") as numbers:
            self.assertEqual(1.5, numbers[3])
        memory.close()

    def test_map_outlives_the_object(self) -> None:
        with iokmem.Buffer(PAGE) as buffer:
            memory = buffer.map()
            memory[0] = 7
        self.assertEqual(7, memory[0])
        memory.close()
        with self.assertRaises(ValueError):
            buffer.fileno()

    def test_objects_leave_no_file_descriptors(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            with iokmem.Buffer(PAGE) as buffer, buffer.duplicate(), buffer.part(0, PAGE):
                self.refuses(errno.EOPNOTSUPP, iokmem.Buffer, PAGE, pageable=True, cache="uncached")
            iokmem.Buffer(PAGE)
        self.assertEqual(before, len(os.listdir("/proc/self/fd")))

    def test_options_reach_the_kernel(self) -> None:
        with iokmem.Buffer(PAGE, cache="write-combine") as buffer:
            self.assertEqual("write-combine", buffer.cache)
        with iokmem.Buffer(3, purgeable=True) as buffer:
            self.assertEqual("non-volatile", buffer.set_purgeable("volatile"))
            self.assertEqual("volatile", buffer.set_purgeable("keep"))
            self.assertEqual((0, 0), buffer.page_counts())
        with self.assertRaises(ValueError):
            iokmem.Buffer(PAGE, cache="blue")
        with self.assertRaises(ValueError):
            self.buffer.map(4 * PAGE)
        self.refuses(errno.EINVAL, iokmem.Buffer, 0)
        self.refuses(errno.EINVAL, iokmem.Buffer, PAGE, pageable=True, contiguous=True)
        self.buffer.set_length(PAGE)
        self.assertEqual(PAGE, len(self.buffer))
        self.refuses(errno.EINVAL, self.buffer.set_length, 5 * PAGE)

    def test_read_only_object_only_reads(self) -> None:
        with self.buffer.duplicate(read_only=True) as reader:
            self.assertTrue(reader.read_only)
            self.refuses(errno.EACCES, reader.map, read_only=False)
            with reader.map() as memory, self.buffer.map() as writable:
                writable[0] = 9
                self.assertEqual(9, memory[0])
                with self.assertRaises(TypeError):
                    memory[0] = 1
            self.refuses(errno.EACCES, reader.set_length, PAGE)

    def test_part_is_all_that_its_owner_has(self) -> None:
        with self.buffer.part(PAGE, PAGE) as part, part.map() as memory:
            memory[0] = 5
            self.refuses(errno.ERANGE, part.map, 0, 2 * PAGE)
        with self.buffer.map() as memory:
            self.assertEqual(5, memory[PAGE])

    def test_join_has_the_bytes_of_all(self) -> None:
        with iokmem.Buffer(PAGE) as other, iokmem.join([self.buffer, other]) as both:
            self.assertEqual(5 * PAGE, len(both))
            self.refuses(errno.EOPNOTSUPP, both.map)

    def test_dma_buf_comes_back(self) -> None:
        dma_buf = self.buffer.dma_buf()
        self.addCleanup(os.close, dma_buf)
        with mmap.mmap(dma_buf, PAGE) as shown, self.buffer.map() as memory:
            memory[1] = 8
            self.assertEqual(8, shown[1])
        with iokmem.import_dma_buf(dma_buf) as imported:
            self.assertEqual(4 * PAGE, len(imported))
        self.refuses(errno.EBADF, iokmem.import_dma_buf, self.buffer.fileno())

    def test_revoke_ends_all(self) -> None:
        with self.buffer.duplicate(revoke=False) as other:
            self.refuses(errno.EACCES, other.revoke)
            self.buffer.revoke()
            self.refuses(errno.ENODEV, other.map)


class SocketTest(Case):
    def setUp(self) -> None:
        super().setUp()
        self.here, self.there = socket.socketpair()
        self.addCleanup(self.here.close)
        self.addCleanup(self.there.close)

    def test_other_process_shares_the_memory(self) -> None:
        child = os.fork()
        if not child:
            received = iokmem.receive(self.there)
            received.map()[0] = 42
            os._exit(0)
        self.buffer.send(self.here)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        with self.buffer.map() as memory:
            self.assertEqual(42, memory[0])

    def test_receiver_has_the_rights_that_it_is_given(self) -> None:
        self.buffer.send(self.here, read_only=True)
        with iokmem.receive(self.there) as received:
            self.assertTrue(received.read_only)
        self.buffer.send(self.here)
        with iokmem.receive(self.there) as received:
            self.assertFalse(received.read_only)
            self.assertEqual(self.buffer.id, received.id)
            self.refuses(errno.EACCES, received.revoke)

    def test_other_messages_are_refused(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        null = os.open("/dev/null", os.O_RDWR)
        for message, fds in ((b"D", [null]), (b"D", []), (b"x", [self.buffer.fileno()]),
                             (b"D", [self.buffer.fileno()] * 2)):
            socket.send_fds(self.here, [message], fds)
            self.refuses(errno.EBADMSG, iokmem.receive, self.there)
        os.close(null)
        self.assertEqual(before, len(os.listdir("/proc/self/fd")))
        self.here.close()
        with self.assertRaises(EOFError):
            iokmem.receive(self.there)


@unittest.skipUnless(os.path.exists(DISK), "no " + DISK)
class DirectIoTest(Case):
    def test_direct_io_goes_both_ways(self) -> None:
        file = os.open(DISK, os.O_RDWR | os.O_DIRECT)
        self.addCleanup(os.close, file)
        with self.buffer.duplicate(pinnable=True) as pinnable, pinnable.map() as memory:
            self.assertTrue(pinnable.pinnable)
            memory[:] = bytes(range(256)) * (len(memory) // 256)
            self.assertEqual(len(memory), os.pwritev(file, [memory], 0))
            memory[:] = bytes(len(memory))
            self.assertEqual(len(memory), os.preadv(file, [memory], 0))
            self.assertEqual(bytes(range(256)), memory[-256:])
        # An ordinary map is of raw frames.
        with self.buffer.map() as memory:
            self.assertEqual(bytes(range(256)), memory[:256])
            self.refuses(errno.EFAULT, os.preadv, file, [memory], 0)

    def test_memory_that_can_move_is_not_pinnable(self) -> None:
        with iokmem.Buffer(PAGE, pageable=True) as pageable:
            self.refuses(errno.EOPNOTSUPP, pageable.duplicate, pinnable=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
