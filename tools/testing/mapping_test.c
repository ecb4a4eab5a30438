// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of a program on a map: protection, the system calls for address
 * spaces, and file descriptors with fewer rights.
 */
#include "iokmem_utils.h"

#include <linux/futex.h>
#include <sys/personality.h>
#include <sys/uio.h>

#define BUFFER_SIZE	(16 * PAGE)

/* A writable map, and a read-only map of the same memory. */
FIXTURE(mapping)
{
	int fd;
	char *rw;
	char *ro;
};

FIXTURE_SETUP(mapping)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->rw));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &self->ro));
	number_pages(self->rw, BUFFER_SIZE);
}

FIXTURE_TEARDOWN(mapping)
{
	/* No test may change either map or its content. */
	EXPECT_TRUE(pages_are_numbered(self->rw, BUFFER_SIZE, 0));
	EXPECT_TRUE(pages_are_numbered(self->ro, BUFFER_SIZE, 0));
	EXPECT_EQ(0, probe(self->rw + BUFFER_SIZE - 1, true));
	EXPECT_EQ(SIGSEGV, probe(self->ro + BUFFER_SIZE - 1, true));
	EXPECT_EQ(1, references(self->fd, self->rw, BUFFER_SIZE));
	EXPECT_EQ(1, references(self->fd, self->ro, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, self->rw, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, self->ro, BUFFER_SIZE));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

TEST_F(mapping, cannot_be_executed)
{
	char *address;

	EXPECT_ERRNO(EPERM, mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED,
				 self->fd, 0));
	EXPECT_ERRNO(EPERM, mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_SHARED, self->fd, 0));
	EXPECT_ERRNO(EPERM, mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, self->fd, 0));
	EXPECT_ERRNO(EACCES, mprotect(self->rw, BUFFER_SIZE,
				      PROT_READ | PROT_EXEC));
	EXPECT_ERRNO(EACCES, mprotect(self->rw, BUFFER_SIZE,
				      PROT_READ | PROT_WRITE | PROT_EXEC));
	EXPECT_ERRNO(EACCES, mprotect(self->ro, BUFFER_SIZE,
				      PROT_READ | PROT_EXEC));
	address = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, address);
	EXPECT_ERRNO(EACCES, mprotect(address, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(0, munmap(address, PAGE));
}

static const unsigned char return_instruction[] = {
#ifdef __aarch64__
	0xc0, 0x03, 0x5f, 0xd6,
#else
	0xc3,
#endif
};

/* A child does not inherit maps, so it creates one. */
static int run_bytes(void *arg)
{
	char *code;

	CHILD_EXPECT(!map(*(int *)arg, IOKMEM_MAP_UNIQUE, 0, 0, &code));
	/* Page 0's number comes first. */
	memcpy(code + 8, return_instruction, sizeof(return_instruction));
	((void (*)(void))(code + 8))();
	return 0;
}

TEST_F(mapping, code_in_it_does_not_run)
{
	EXPECT_EQ(128 + SIGSEGV, run_child(run_bytes, &self->fd));
	EXPECT_EQ(0, memcmp(self->rw + 8, return_instruction, sizeof(return_instruction)));
}

/* With READ_IMPLIES_EXEC the kernel turns every PROT_READ into PROT_READ | PROT_EXEC. */
static int run_bytes_where_reading_implies_it(void *arg)
{
	int fd = *(int *)arg;
	char line[256], *code;

	CHILD_EXPECT(personality(READ_IMPLIES_EXEC) != -1);
	code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHILD_EXPECT(code != MAP_FAILED);
	CHILD_EXPECT(find_line("/proc/self/maps", "iokmem:", line, sizeof(line)));
	CHILD_EXPECT(strstr(line, " rw-s "));
	CHILD_EXPECT(mprotect(code, PAGE, PROT_READ | PROT_EXEC) &&
		     errno == EACCES);
	CHILD_EXPECT(!release(fd, code, PAGE));
	/* This mmap() asks for execution explicitly. The driver cannot tell the difference. */
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	CHILD_EXPECT(code == MAP_FAILED || !release(fd, code, PAGE));
	return run_bytes(arg);
}

TEST_F(mapping, cannot_be_executed_where_reading_implies_it)
{
	EXPECT_EQ(128 + SIGSEGV, run_child(run_bytes_where_reading_implies_it,
					   &self->fd));
}

TEST_F(mapping, cannot_be_private)
{
	struct state before = look(self->fd);

	EXPECT_ERRNO(EINVAL, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, self->fd, 0));
	EXPECT_ERRNO(EINVAL, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				  self->fd, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(mapping, read_only_one_can_never_be_written)
{
	EXPECT_EQ(SIGSEGV, probe(self->ro, true));
	EXPECT_ERRNO(EACCES, mprotect(self->ro, BUFFER_SIZE,
				      PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, mprotect(self->ro, BUFFER_SIZE, PROT_WRITE));
	EXPECT_EQ(SIGSEGV, probe(self->ro, true));
	/* Write access cannot be regained by first giving up read access. */
	ASSERT_EQ(0, mprotect(self->ro, BUFFER_SIZE, PROT_NONE));
	EXPECT_EQ(SIGSEGV, probe(self->ro, false));
	EXPECT_ERRNO(EACCES, mprotect(self->ro, BUFFER_SIZE,
				      PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mprotect(self->ro, BUFFER_SIZE, PROT_READ));
	EXPECT_EQ(0, probe(self->ro, false));
	EXPECT_EQ(SIGSEGV, probe(self->ro, true));
}

TEST_F(mapping, read_only_one_cannot_be_written_by_system_calls)
{
	int pipes[2];
	char word[] = "word";

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(4, write(pipes[1], word, 4));
	EXPECT_ERRNO(EFAULT, read(pipes[0], self->ro, 4));
	EXPECT_EQ(4, read(pipes[0], self->rw + 100, 4));
	EXPECT_EQ(0, memcmp(self->ro + 100, word, 4));
	/* System calls can read from both maps. */
	EXPECT_EQ(4, write(pipes[1], self->ro + 100, 4));
	EXPECT_EQ(4, write(pipes[1], self->rw + 100, 4));
}

TEST_F(mapping, as_a_whole_can_be_protected)
{
	ASSERT_EQ(0, mprotect(self->rw, BUFFER_SIZE, PROT_READ));
	EXPECT_EQ(SIGSEGV, probe(self->rw, true));
	EXPECT_EQ(0, probe(self->rw, false));
	ASSERT_EQ(0, mprotect(self->rw, BUFFER_SIZE, PROT_NONE));
	EXPECT_EQ(SIGSEGV, probe(self->rw, false));
	ASSERT_EQ(0, mprotect(self->rw, BUFFER_SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, probe(self->rw, true));
}

TEST_F(mapping, cannot_be_protected_in_part)
{
	struct state before = look(self->fd);

	EXPECT_ERRNO(EINVAL, mprotect(self->rw, PAGE, PROT_READ));
	EXPECT_ERRNO(EINVAL, mprotect(self->rw + PAGE, PAGE, PROT_READ));
	EXPECT_ERRNO(EINVAL, mprotect(self->rw + BUFFER_SIZE - PAGE, PAGE,
				      PROT_NONE));
	EXPECT_ERRNO(EINVAL, mprotect(self->ro, PAGE, PROT_NONE));
	EXPECT_EQ(0, probe(self->rw, true));
	EXPECT_EQ(0, probe(self->rw + PAGE, true));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(mapping, cannot_be_unmapped_in_part)
{
	struct state before = look(self->fd);

	EXPECT_ERRNO(EINVAL, munmap(self->rw, PAGE));
	EXPECT_ERRNO(EINVAL, munmap(self->rw + PAGE, PAGE));
	EXPECT_ERRNO(EINVAL, munmap(self->rw + BUFFER_SIZE - PAGE, PAGE));
	EXPECT_ERRNO(EINVAL, munmap(self->rw, BUFFER_SIZE - PAGE));
	EXPECT_ERRNO(EINVAL, munmap(self->ro + PAGE, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(mapping, neighbours_stay_if_it_cannot_be_unmapped_in_part)
{
	char *area = find_hole(BUFFER_SIZE + 4 * PAGE, PAGE), *between;
	struct state before;

	ASSERT_EQ(area, mmap(area, BUFFER_SIZE + 4 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ASSERT_EQ(0, munmap(area + 2 * PAGE, BUFFER_SIZE));
	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)area + 2 * PAGE, 0, 0,
			    &between));
	memset(area, 0x5a, 2 * PAGE);
	memset(between + BUFFER_SIZE, 0x5a, 2 * PAGE);
	before = look(self->fd);
	EXPECT_ERRNO(EINVAL, munmap(area, 3 * PAGE));
	EXPECT_ERRNO(EINVAL, munmap(between + PAGE, BUFFER_SIZE));
	EXPECT_TRUE(is_filled(area, 2 * PAGE, 0x5a));
	EXPECT_TRUE(is_filled(between + BUFFER_SIZE, 2 * PAGE, 0x5a));
	EXPECT_EQ(before.buffer.maps, (__u32)nr_maps(self->fd));

	/* munmap() of all three mappings covers this one as a whole. */
	EXPECT_EQ(0, munmap(area, BUFFER_SIZE + 4 * PAGE));
	EXPECT_EQ(0, references(self->fd, between, BUFFER_SIZE));
	EXPECT_EQ(2, nr_maps(self->fd));
}

TEST_F(mapping, can_be_unmapped_as_a_whole)
{
	char *address;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, PAGE, 2 * PAGE, &address));
	EXPECT_EQ(0, munmap(address, 2 * PAGE));
	EXPECT_EQ(SIGSEGV, probe(address, false));
	EXPECT_EQ(-ENOENT, release(self->fd, address, 2 * PAGE));
	EXPECT_EQ(2, nr_maps(self->fd));
}

TEST_F(mapping, can_be_replaced_as_a_whole_only)
{
	char *address;

	/* The error is EINVAL; kernels before 6.12 turned it into ENOMEM. */
	EXPECT_EQ(MAP_FAILED, mmap(self->rw, PAGE, PROT_READ, MAP_PRIVATE |
				   MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(MAP_FAILED, mmap(self->rw + PAGE, PAGE, PROT_READ, MAP_SHARED |
				   MAP_FIXED, self->fd, 0));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &address));
	ASSERT_EQ(address, mmap(address, BUFFER_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_TRUE(is_zero(address, BUFFER_SIZE));
	EXPECT_EQ(-ENOENT, release(self->fd, address, BUFFER_SIZE));
	EXPECT_TRUE(is_zero(address, BUFFER_SIZE));
	EXPECT_EQ(2, nr_maps(self->fd));
	/* Replace the mapping by another map of the buffer. */
	ASSERT_EQ(address, mmap(address, BUFFER_SIZE, PROT_READ, MAP_SHARED |
				MAP_FIXED, self->fd, 0));
	ASSERT_EQ(address, mmap(address, BUFFER_SIZE, PROT_READ, MAP_SHARED |
				MAP_FIXED, self->fd, 0));
	EXPECT_TRUE(pages_are_numbered(address, BUFFER_SIZE, 0));
	EXPECT_EQ(3, nr_maps(self->fd));
	EXPECT_EQ(1, references(self->fd, address, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, address, BUFFER_SIZE));
}

TEST_F(mapping, cannot_be_moved_or_resized)
{
	struct state before = look(self->fd);
	char *hole = find_hole(4 * BUFFER_SIZE, PAGE);
	char * const maps[] = { self->rw, self->ro };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		char *at = maps[i];

		EXPECT_ERRNO(EINVAL, mremap(at, BUFFER_SIZE, BUFFER_SIZE,
					    MREMAP_MAYMOVE | MREMAP_FIXED, hole));
		EXPECT_ERRNO(EINVAL, mremap(at, PAGE, PAGE, MREMAP_MAYMOVE |
					    MREMAP_FIXED, hole));
		EXPECT_ERRNO(EINVAL, mremap(at, BUFFER_SIZE, PAGE, 0));
		EXPECT_ERRNO(EINVAL, mremap(at, BUFFER_SIZE, PAGE, MREMAP_MAYMOVE |
					    MREMAP_FIXED, hole));
		EXPECT_ERRNO(EINVAL, mremap(at, BUFFER_SIZE, BUFFER_SIZE,
					    MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
					    NULL));
		/* The kernel itself refuses to grow such mappings. */
		EXPECT_ERRNO(EFAULT, mremap(at, BUFFER_SIZE, 2 * BUFFER_SIZE, 0));
		EXPECT_ERRNO(EFAULT, mremap(at, BUFFER_SIZE, 2 * BUFFER_SIZE,
					    MREMAP_MAYMOVE));
		EXPECT_ERRNO(EFAULT, mremap(at, 0, BUFFER_SIZE, MREMAP_MAYMOVE));
		EXPECT_ERRNO(EFAULT, mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
		/* This call asks for no change. */
		EXPECT_EQ(at, mremap(at, BUFFER_SIZE, BUFFER_SIZE,
				     MREMAP_MAYMOVE));
		EXPECT_TRUE(pages_are_numbered(at, BUFFER_SIZE, 0));
	}
	EXPECT_UNCHANGED(before, self->fd);
	EXPECT_EQ(SIGSEGV, probe(hole, false));
}

TEST_F(mapping, large_one_survives_a_refused_move)
{
	char *address, *hole = find_hole(4 * PMD, PMD);
	int fd = new_buffer(4 * MIB);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	number_pages(address, 4 * MIB);
	/* At hole + PAGE page table entries cannot move as they are. */
	EXPECT_ERRNO(EINVAL, mremap(address, 4 * MIB, 4 * MIB, MREMAP_MAYMOVE |
				    MREMAP_FIXED, hole));
	EXPECT_ERRNO(EINVAL, mremap(address, 4 * MIB, 4 * MIB, MREMAP_MAYMOVE |
				    MREMAP_FIXED, hole + PAGE));
	EXPECT_TRUE(pages_are_numbered(address, 4 * MIB, 0));
	number_pages(address, 4 * MIB);
	EXPECT_EQ(SIGSEGV, probe(hole, false));
	EXPECT_EQ(1, references(fd, address, 4 * MIB));
	EXPECT_EQ(0, release(fd, address, 4 * MIB));
}

TEST_F(mapping, remap_file_pages_leaves_a_whole_map_or_none)
{
	char *address;

	/* The error is EINVAL; kernels before 6.12 turned it into ENOMEM. */
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, self->rw, PAGE, 0, 1, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, self->rw + PAGE, PAGE, 0, 0, 0));

	/* For a whole mapping, this is munmap() and mmap(). */
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &address));
	syscall(SYS_remap_file_pages, address, BUFFER_SIZE, 0, 0, 0);
	EXPECT_EQ(can_read(address), references(self->fd, address, BUFFER_SIZE));
	EXPECT_EQ(0, munmap(address, BUFFER_SIZE));
	EXPECT_EQ(nr_iokmem_vmas(), nr_maps(self->fd));
}

TEST_F(mapping, advice_does_no_harm)
{
	static const int whole[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK,
		MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK, MADV_KEEPONFORK,
		MADV_COLD, MADV_PAGEOUT, 22 /* POPULATE_READ */,
		23 /* POPULATE_WRITE */, 24 /* DONTNEED_LOCKED */, 25 /* COLLAPSE */,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		madvise(self->rw, BUFFER_SIZE, whole[i]);
		madvise(self->ro, BUFFER_SIZE, whole[i]);
		madvise(self->rw + PAGE, PAGE, whole[i]);
		EXPECT_TRUE(pages_are_numbered(self->rw, BUFFER_SIZE, 0));
		EXPECT_TRUE(pages_are_numbered(self->ro, BUFFER_SIZE, 0));
	}
	EXPECT_EQ(2, nr_iokmem_vmas());
	/* Advice that would undo a map's properties is refused. */
	EXPECT_ERRNO(EINVAL, madvise(self->rw, BUFFER_SIZE, MADV_DOFORK));
	EXPECT_ERRNO(EINVAL, madvise(self->rw, BUFFER_SIZE, MADV_DODUMP));
	EXPECT_ERRNO(EINVAL, madvise(self->rw, BUFFER_SIZE, MADV_DONTNEED));
	EXPECT_NE(0, madvise(self->rw, BUFFER_SIZE, MADV_REMOVE));
}

TEST_F(mapping, locking_and_syncing_do_no_harm)
{
	mlock(self->rw, BUFFER_SIZE);
	mlock(self->rw + PAGE, PAGE);
	munlock(self->rw + PAGE, PAGE);
	munlock(self->rw, BUFFER_SIZE);
	msync(self->rw, BUFFER_SIZE, MS_SYNC | MS_INVALIDATE);
	msync(self->rw + PAGE, PAGE, MS_ASYNC);
	EXPECT_EQ(2, nr_iokmem_vmas());
}

TEST_F(mapping, can_be_made_after_mlockall)
{
	char *address;

	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &address));
	EXPECT_TRUE(pages_are_numbered(address, BUFFER_SIZE, 0));
	EXPECT_EQ(0, release(self->fd, address, BUFFER_SIZE));
	ASSERT_EQ(0, munlockall());
}

/* A debugger sees a map with the rights of the map. It has no references to the pages. */
TEST_F(mapping, is_seen_by_a_debugger_with_the_rights_of_the_map)
{
	struct iovec remote = { .iov_base = self->rw, .iov_len = 16 };
	char bytes[16] = "";
	struct iovec local = { .iov_base = bytes, .iov_len = 16 };
	int mem = open("/proc/self/mem", O_RDWR);

	ASSERT_LE(0, mem);
	self->rw[PAGE - 1] = 'a';
	self->rw[PAGE] = 'b';
	EXPECT_EQ(16, pread(mem, bytes, 16, (uintptr_t)self->rw + PAGE - 1));
	EXPECT_EQ('a', bytes[0]);
	EXPECT_EQ('b', bytes[1]);
	EXPECT_EQ(16, pread(mem, bytes, 16, (uintptr_t)self->ro + PAGE));
	EXPECT_EQ('b', bytes[0]);
	EXPECT_EQ(2, pwrite(mem, "cd", 2, (uintptr_t)self->rw + PAGE - 1));
	EXPECT_EQ('c', self->rw[PAGE - 1]);
	EXPECT_EQ('d', self->ro[PAGE]);
	EXPECT_ERRNO(EIO, pwrite(mem, bytes, 16, (uintptr_t)self->ro));
	EXPECT_TRUE(pages_are_numbered(self->ro, PAGE, 0));
	ASSERT_EQ(0, mprotect(self->ro, BUFFER_SIZE, PROT_NONE));
	EXPECT_ERRNO(EIO, pread(mem, bytes, 16, (uintptr_t)self->ro));
	ASSERT_EQ(0, mprotect(self->ro, BUFFER_SIZE, PROT_READ));
	EXPECT_ERRNO(EFAULT, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_ERRNO(EFAULT, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	number_pages(self->rw, BUFFER_SIZE);
}

TEST_F(mapping, cannot_be_pinned)
{
	struct iovec iov = { .iov_base = self->rw, .iov_len = PAGE };
	char *large;
	int pipes[2], fd;

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_ERRNO(EFAULT, vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK));
	EXPECT_ERRNO(EFAULT, syscall(SYS_futex, self->rw, FUTEX_WAKE, 1, NULL,
				     NULL, 0));
	/* Huge entries must not mislead the fast path of pinning. */
	fd = new_buffer(2 * PMD);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &large));
	memset(large, 1, 2 * PMD);
	iov.iov_base = large + PMD + PAGE;
	EXPECT_ERRNO(EFAULT, vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK));
	EXPECT_EQ(0, release(fd, large, 2 * PMD));
}

TEST_F(mapping, cannot_be_the_target_of_direct_io)
{
	int disk = open("/dev/ram0", O_RDWR | O_DIRECT | O_CLOEXEC);

	if (disk < 0)
		SKIP(return, "no RAM disk");
	EXPECT_ERRNO(EFAULT, pread(disk, self->rw, PAGE, 0));
	EXPECT_ERRNO(EFAULT, pwrite(disk, self->rw, PAGE, 0));
}

TEST_F(mapping, flags_say_what_it_is)
{
	/* dc: not to children, de: cannot grow, dd: not in core dumps. */
	static const char * const have[] = { " rd ", " ms ", " dc ", " de ", " dd " };
	/* Flags of mappings that can be executed, now or later. */
	static const char * const have_not[] = { " ex ", " me " };
	char rw[256], ro[256];
	unsigned int i;

	if (access("/proc/self/smaps", R_OK))
		SKIP(return, "no /proc/PID/smaps");
	ASSERT_TRUE(find_in_smaps(self->rw, "VmFlags:", rw, sizeof(rw)));
	ASSERT_TRUE(find_in_smaps(self->ro, "VmFlags:", ro, sizeof(ro)));
	for (i = 0; i < ARRAY_SIZE(have); i++) {
		EXPECT_NE(NULL, strstr(rw, have[i]))
			TH_LOG("no%s in %s", have[i], rw);
		EXPECT_NE(NULL, strstr(ro, have[i]))
			TH_LOG("no%s in %s", have[i], ro);
	}
	for (i = 0; i < ARRAY_SIZE(have_not); i++) {
		EXPECT_EQ(NULL, strstr(rw, have_not[i]));
		EXPECT_EQ(NULL, strstr(ro, have_not[i]));
	}
	/* Flags of mappings that can be written, now or later. */
	EXPECT_NE(NULL, strstr(rw, " wr "));
	EXPECT_EQ(NULL, strstr(ro, " wr "));
	EXPECT_EQ(NULL, strstr(ro, " mw "));
}

TEST_F(mapping, with_a_sub_map_cannot_be_unmapped_at_the_sub_map)
{
	char *inside;

	ASSERT_EQ(0, map(self->fd, 0, 3 * PAGE, 2 * PAGE, &inside));
	EXPECT_ERRNO(EINVAL, munmap(inside, 2 * PAGE));
	EXPECT_EQ(0, probe(inside, true));
	EXPECT_EQ(0, release(self->fd, inside, 2 * PAGE));
	/* The surrounding map still has its reference. */
	EXPECT_EQ(0, probe(inside, true));
}

/*
 * File descriptors with fewer rights.
 */
FIXTURE(read_only_fd)
{
	int fd;
	int ro;
};

FIXTURE_VARIANT(read_only_fd)
{
	bool second_hand;
};

FIXTURE_VARIANT_ADD(read_only_fd, direct)
{
	.second_hand = false,
};

FIXTURE_VARIANT_ADD(read_only_fd, duplicate_of_one)
{
	.second_hand = true,
};

FIXTURE_SETUP(read_only_fd)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->ro = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, self->ro);
	if (variant->second_hand)
		self->ro = duplicate(self->ro, 0);
	ASSERT_LE(0, self->ro);
}

FIXTURE_TEARDOWN(read_only_fd)
{
}

TEST_F(read_only_fd, gives_no_writable_map)
{
	struct state before;
	char *address;

	/* An existing map cannot be shared for writing either. */
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &address));
	before = look(self->fd);
	EXPECT_EQ(-EACCES, try_map(self->ro, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EACCES, try_map(self->ro, IOKMEM_MAP_ANYWHERE |
				   IOKMEM_MAP_REFERENCE, 0, 0, 0));
	EXPECT_EQ(-EACCES, try_map(self->ro, IOKMEM_MAP_ANYWHERE |
				   IOKMEM_MAP_UNIQUE, 0, 0, 0));
	EXPECT_EQ(-EACCES, try_map(self->ro, 0,
				   (uintptr_t)find_hole(BUFFER_SIZE, PAGE), 0, 0));
	EXPECT_ERRNO(EACCES, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				  self->ro, 0));
	EXPECT_ERRNO(EACCES, mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, self->ro, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(read_only_fd, gives_read_only_maps)
{
	struct iokmem_query_mapping info;
	char *by_ioctl, *by_mmap;

	ASSERT_EQ(0, map(self->ro, IOKMEM_MAP_READ_ONLY, 0, 0, &by_ioctl));
	by_mmap = mmap(NULL, BUFFER_SIZE, PROT_READ, MAP_SHARED, self->ro, 0);
	ASSERT_NE(MAP_FAILED, by_mmap);
	EXPECT_EQ(SIGSEGV, probe(by_ioctl, true));
	EXPECT_EQ(SIGSEGV, probe(by_mmap, true));
	EXPECT_ERRNO(EACCES, mprotect(by_ioctl, BUFFER_SIZE,
				      PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, mprotect(by_mmap, BUFFER_SIZE,
				      PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, query_map(self->ro, by_mmap, BUFFER_SIZE, &info));
	EXPECT_EQ(IOKMEM_MAP_READ_ONLY, info.options & IOKMEM_MAP_READ_ONLY);
	EXPECT_EQ(0, release(self->ro, by_ioctl, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->ro, by_mmap, BUFFER_SIZE));
}

TEST_F(read_only_fd, shares_read_only_maps_with_the_writable_fd)
{
	char *one, *other;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &one));
	ASSERT_EQ(0, map(self->ro, IOKMEM_MAP_READ_ONLY, 0, 0, &other));
	EXPECT_EQ(one, other);
}

TEST_F(read_only_fd, cannot_change_the_buffer)
{
	struct state before = look(self->fd);

	EXPECT_EQ(-EACCES, set_length(self->ro, PAGE));
	EXPECT_EQ(-EACCES, set_length(self->ro, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(read_only_fd, gains_nothing_by_being_reopened)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->ro);
	EXPECT_GT(0, open(path, O_RDWR));
	EXPECT_GT(0, open(path, O_RDONLY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	EXPECT_GT(0, open(path, O_RDWR));

	fd = dup(self->ro);
	ASSERT_LE(0, fd);
	fcntl(fd, F_SETFL, O_RDWR);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EACCES, set_length(fd, PAGE));
}

TEST_F(read_only_fd, maps_file_cannot_be_reopened_either)
{
	char path[128], *address;
	int fd;

	ASSERT_EQ(0, map(self->ro, IOKMEM_MAP_READ_ONLY, 0, 0, &address));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (long)address, (long)address + BUFFER_SIZE);
	if (access("/proc/self/map_files", F_OK))
		SKIP(return, "no /proc/PID/map_files");
	EXPECT_GT(0, open(path, O_RDWR));
	EXPECT_GT(0, open(path, O_RDONLY));
	/* O_PATH yields an fd, but opens nothing. */
	fd = open(path, O_PATH);
	if (fd >= 0) {
		EXPECT_ERRNO(EBADF, ioctl(fd, IOKMEM_QUERY_BUFFER, NULL));
		EXPECT_ERRNO(EBADF, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	}
}

/*
 * The module maps files at offsets from here on to make addresses for a map. A program that does
 * so gets addresses without memory, whatever the rest of the offset and the size.
 */
#define MAKING	0x8000000000000000ull

TEST_F(read_only_fd, gives_no_memory_by_the_offset_for_making_maps)
{
	const struct { size_t size; __u64 offset; } tries[] = {
		{ PAGE, 0 }, { BUFFER_SIZE, 0 }, { PAGE, 1ull << 40 }, { 100 * PAGE, 1ull << 62 },
	};
	int file = memfd_create("sink", MFD_CLOEXEC), i;
	char *address, line[256];

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		size_t size = tries[i].size;

		EXPECT_ERRNO(EACCES, mmap(NULL, size, PROT_WRITE, MAP_SHARED, self->ro,
					  MAKING + tries[i].offset));
		address = mmap(NULL, size, PROT_READ, MAP_SHARED, self->ro,
			       MAKING + tries[i].offset);
		ASSERT_NE(MAP_FAILED, address);
		EXPECT_EQ(SIGBUS, probe(address, false));
		EXPECT_EQ(SIGBUS, probe(address + size - 1, false));
		EXPECT_ERRNO(EFAULT, write(file, address, 1));
		EXPECT_ERRNO(EACCES, mprotect(address, size, PROT_READ | PROT_WRITE));
		EXPECT_ERRNO(EACCES, mprotect(address, size, PROT_READ | PROT_EXEC));
		ASSERT_TRUE(find_in_smaps(address, "Rss:", line, sizeof(line)));
		EXPECT_EQ(0, atol(line + strlen("Rss:")));
		/* There is no map, and no request gets these addresses. */
		EXPECT_EQ(0, nr_maps(self->fd));
		EXPECT_EQ(-ENOENT, release(self->ro, address, size));
		EXPECT_EQ(-EEXIST, try_map(self->ro, IOKMEM_MAP_READ_ONLY, (uintptr_t)address, 0,
					   PAGE));
		EXPECT_EQ(0, munmap(address, size));
	}
	close(file);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
