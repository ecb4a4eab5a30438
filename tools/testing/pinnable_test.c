// SPDX-License-Identifier: GPL-2.0-only
/* Pinnable maps: what the kernel does with pages that it pins, by way of files. */
#include "driver_utils.h"

#include <linux/io_uring.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#define SIZE	(16 * PAGE)
#define DISK	"/dev/ram0"
#define MOUNT	"/tmp/iokmem-disk"

/*
 * Open a file that supports direct I/O: on a file system, if the kernel has one that can be
 * created here, or else the disk itself. Returns -errno if there is no disk.
 */
static int open_direct(void)
{
	char line[64];

	if (access(DISK, W_OK))
		return -errno;
	if (!find_line("/proc/filesystems", "ext4", line, sizeof(line)))
		return open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
	mkdir(MOUNT, 0700);
	umount2(MOUNT, MNT_DETACH);
	if (system("mke2fs -F " DISK " >/dev/null 2>&1") ||
	    mount(DISK, MOUNT, "ext4", 0, NULL))
		return -EIO;
	return open(MOUNT "/file", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
}

FIXTURE(pinnable)
{
	int fd;
	char *address;
	char *plain;	/* another map of this memory */
	size_t size;
	size_t alignment;
};

FIXTURE_VARIANT(pinnable)
{
	__u32 kind;
	struct measure size;
	struct measure alignment;
};

FIXTURE_VARIANT_ADD(pinnable, small)
{
	.size = NR_PAGES(16),
};

FIXTURE_VARIANT_ADD(pinnable, large)
{
	.size = MEASURE(2, 257, 0),
};

/* Blocks that one huge entry maps each. */
FIXTURE_VARIANT_ADD(pinnable, huge)
{
	.size = NR_HUGE(2),
};

/* Blocks larger than a huge entry. */
FIXTURE_VARIANT_ADD(pinnable, aligned)
{
	.size = NR_HUGE(2),
	.alignment = NR_HUGE(2),
};

FIXTURE_VARIANT_ADD(pinnable, contiguous)
{
	.kind = IOKMEM_PHYSICALLY_CONTIGUOUS,
	.size = NR_PAGES(16),
};

FIXTURE_SETUP(pinnable)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	self->size = measured(variant->size);
	self->alignment = measured(variant->alignment);
	self->fd = create(dev, IOKMEM_DIRECTION_INOUT | variant->kind, self->size,
			  self->alignment);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, close(dev));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE, 0, 0, &self->address));
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->plain));
	ASSERT_NE(self->address, self->plain);
}

FIXTURE_TEARDOWN(pinnable)
{
	umount2(MOUNT, MNT_DETACH);
}

TEST_F(pinnable, shows_the_memory)
{
	number_pages(self->address, self->size);
	EXPECT_TRUE(pages_are_numbered(self->plain, self->size, 0));
	/* Entries that madvise() has removed come back. */
	ASSERT_EQ(0, madvise(self->address, round_up(self->size, PAGE), MADV_DONTNEED));
	EXPECT_TRUE(pages_are_numbered(self->address, self->size, 0));
}

TEST_F(pinnable, entries_that_go_one_by_one_come_back)
{
	size_t size = round_up(self->size, PAGE), at;

	number_pages(self->address, self->size);
	/* The kernel splits a huge entry to remove one page. */
	for (at = 3 * PAGE; at < size; at += PMD)
		ASSERT_EQ(0, madvise(self->address + at, PAGE, MADV_DONTNEED));
	EXPECT_TRUE(pages_are_numbered(self->address, self->size, 0));
	number_pages(self->plain, self->size);
	EXPECT_TRUE(pages_are_numbered(self->address, self->size, 0));
}

/* The kernel may try to split the block for this advice, but must not take its pages. */
TEST_F(pinnable, part_that_is_not_needed_for_now_stays)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT };
	size_t size = round_up(self->size, PAGE), at;
	unsigned int i;

	number_pages(self->address, self->size);
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		for (at = PAGE; at < size; at += 100 * PAGE)
			ASSERT_EQ(0, madvise(self->address + at, PAGE, advice[i]));
		ASSERT_EQ(0, madvise(self->address, size, advice[i]));
		EXPECT_TRUE(pages_are_numbered(self->address, self->size, 0));
		EXPECT_TRUE(pages_are_numbered(self->plain, self->size, 0));
	}
}

TEST_F(pinnable, is_of_huge_entries_where_the_memory_is)
{
	/* A larger alignment makes blocks that are larger than an entry. */
	bool possible = kernel_has_huge_pfn() && self->alignment <= PMD;

	if (huge_bytes(self->address, "FilePmdMapped") < 0)
		SKIP(return, "no /proc/PID/smaps");
	EXPECT_EQ(0, huge_bytes(self->address, "FilePmdMapped"));
	number_pages(self->address, self->size);
	EXPECT_EQ(possible ? self->size & -PMD : 0, huge_bytes(self->address, "FilePmdMapped"));
	EXPECT_TRUE(pages_are_numbered(self->plain, self->size, 0));
}

TEST_F(pinnable, is_of_small_entries_where_the_program_wants_no_huge_ones)
{
	size_t size = round_up(self->size, PAGE);
	char *without;

	if (huge_bytes(self->address, "FilePmdMapped") < 0)
		SKIP(return, "no /proc/PID/smaps");
	/* The advice applies to the existing map, */
	ASSERT_EQ(0, madvise(self->address, size, MADV_NOHUGEPAGE));
	number_pages(self->address, self->size);
	EXPECT_EQ(0, huge_bytes(self->address, "FilePmdMapped"));
	EXPECT_TRUE(pages_are_numbered(self->plain, self->size, 0));
	/* and prctl() to all later ones. */
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE | IOKMEM_MAP_UNIQUE, 0, 0, &without));
	EXPECT_TRUE(pages_are_numbered(without, self->size, 0));
	EXPECT_EQ(0, huge_bytes(without, "FilePmdMapped"));
}

/* No huge entry fits if pages and addresses are not aligned alike. */
TEST_F(pinnable, shows_the_memory_wherever_it_is_placed)
{
	size_t size = round_up(self->size, PAGE);
	char *hole = find_hole(size + 2 * PMD, PMD), *at = hole + PAGE, *guarded;

	ASSERT_NE(NULL, hole);
	number_pages(self->plain, self->size);
	ASSERT_EQ(0, map_at(self->fd, IOKMEM_MAP_PINNABLE, (uintptr_t)at, 0, 0, &at));
	EXPECT_TRUE(pages_are_numbered(at, self->size, 0));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE | IOKMEM_MAP_GUARDED_SMALL, 0, 0,
			 &guarded));
	EXPECT_TRUE(pages_are_numbered(guarded, self->size, 0));
	EXPECT_EQ(SIGSEGV, probe(guarded - 1, false));
	EXPECT_EQ(SIGSEGV, probe(guarded + size, false));
}

/* Map a window that begins inside one huge entry's block and ends inside another's. */
TEST_F(pinnable, shows_windows_of_the_memory)
{
	size_t offset = 5 * PAGE, length = self->size - 9 * PAGE;
	char *window;

	number_pages(self->plain, self->size);
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE | IOKMEM_MAP_UNIQUE, offset, length,
			 &window));
	EXPECT_TRUE(pages_are_numbered(window, length, 5));
	window[0] = 'w';
	EXPECT_EQ('w', self->plain[offset]);
}

/* Return how much of the memory fits on the disk, even with a file system. */
static size_t size_on_disk(size_t size)
{
	return (size < 48 * MIB ? size : 48 * MIB) & -PAGE;
}

TEST_F(pinnable, direct_io_goes_both_ways)
{
	size_t size = size_on_disk(self->size);
	int file = open_direct();
	char *check;

	if (file < 0)
		SKIP(return, "no " DISK);
	/* Write from the memory to the disk. */
	number_pages(self->address, size);
	ASSERT_EQ(size, pwrite(file, self->address, size, 0));
	memset(self->address, 0, size);
	/* Read from the disk into the memory. Every map shows it. */
	ASSERT_EQ(size, pread(file, self->address, size, 0));
	EXPECT_TRUE(pages_are_numbered(self->address, size, 0));
	EXPECT_TRUE(pages_are_numbered(self->plain, size, 0));
	/* An ordinary read shows that the file has it. */
	check = aligned_alloc(PAGE, size);
	ASSERT_EQ(size, pread(file, check, size, 0));
	EXPECT_TRUE(pages_are_numbered(check, size, 0));
	/* A map of raw frames supports no direct I/O. */
	EXPECT_ERRNO(EFAULT, pread(file, self->plain, size, 0));
	close(file);
}

TEST_F(pinnable, mmap_can_do_direct_io_by_a_file_descriptor_for_that)
{
	size_t size = size_on_disk(self->size), whole = round_up(self->size, PAGE);
	int fd = duplicate(self->fd, IOKMEM_FD_PINNABLE), file = open_direct();
	char *mapped;

	ASSERT_LE(0, fd);
	mapped = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mapped);
	number_pages(self->plain, self->size);
	EXPECT_TRUE(pages_are_numbered(mapped, self->size, 0));
	if (file < 0)
		SKIP(return, "no " DISK);
	ASSERT_EQ(size, pwrite(file, mapped, size, 0));
	memset(mapped, 0, size);
	ASSERT_EQ(size, pread(file, mapped, size, 0));
	EXPECT_TRUE(pages_are_numbered(self->plain, size, 0));
	ASSERT_EQ(0, munmap(mapped, whole));
	/* A map of another file descriptor supports none. */
	mapped = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EFAULT, pread(file, mapped, size, 0));
	close(file);
}

TEST_F(pinnable, file_descriptor_that_makes_pinnable_maps_keeps_its_other_rights)
{
	int fd = duplicate(self->fd, IOKMEM_FD_PINNABLE), same = duplicate(fd, 0);
	int read_only = duplicate(same, IOKMEM_FD_READ_ONLY), file = open_direct();
	struct iokmem_query_buffer buffer;
	char *mapped, path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_EQ(1, count_lines(path, "iokmem-rights:\trw revoke pinnable"));
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(IOKMEM_FD_PINNABLE, buffer.access);
	ASSERT_EQ(0, query(read_only, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY | IOKMEM_FD_PINNABLE, buffer.access);
	EXPECT_ERRNO(EACCES, mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, read_only, 0));
	mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EACCES, mprotect(mapped, PAGE, PROT_READ | PROT_WRITE));
	/* The disk can read it, and cannot write it either. */
	if (file >= 0) {
		EXPECT_EQ(PAGE, pwrite(file, mapped, PAGE, 0));
		EXPECT_ERRNO(EFAULT, pread(file, mapped, PAGE, 0));
	}
	EXPECT_EQ(-EACCES, revoke_memory(read_only));
	/* The right of the maker. */
	EXPECT_EQ(0, revoke_memory(same));
	EXPECT_EQ(SIGBUS, probe(mapped, false));
	EXPECT_ERRNO(ENODEV, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
}

TEST_F(pinnable, map_by_mmap_is_refused_what_pinnable_maps_are)
{
	int fd = duplicate(self->fd, IOKMEM_FD_PINNABLE), other = new_buffer(PAGE);
	char *mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EINVAL, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	EXPECT_ERRNO(EPERM, mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, fd, 0));
	EXPECT_ERRNO(ERANGE, mmap(NULL, self->size + PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(-EOPNOTSUPP, redirect(fd, mapped, PAGE, other, 0, 0));
	EXPECT_ERRNO(EACCES, mprotect(mapped, PAGE, PROT_READ | PROT_EXEC));
}

TEST(only_wired_copyback_memory_is_pinnable_by_mmap)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd, pinnable;
	__s32 both[2];

	fd = create(dev, IOKMEM_PAGEABLE, SIZE, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, duplicate(fd, IOKMEM_FD_PINNABLE));
	both[0] = new_buffer(SIZE);
	both[1] = new_buffer(SIZE);
	EXPECT_EQ(-EOPNOTSUPP, duplicate(create_multi(dev, 0, both, 2), IOKMEM_FD_PINNABLE));
	/* A part shows its own pages only. */
	pinnable = duplicate(create_sub(both[0], 0, PAGE, PAGE), IOKMEM_FD_PINNABLE);
	ASSERT_LE(0, pinnable);
	EXPECT_NE(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, pinnable, 0));
	EXPECT_ERRNO(ERANGE, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, pinnable, 0));
	/* The map keeps the mode. */
	if (!has_cache_mode(IOKMEM_MAP_WRITE_COMBINE_CACHE))
		return;
	EXPECT_EQ(-EBUSY, try_map(both[0], IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_WRITE_COMBINE_CACHE,
				  0, 0, SIZE));
	fd = create(dev, IOKMEM_MAP_WRITE_COMBINE_CACHE, SIZE, 0);
	pinnable = duplicate(fd, IOKMEM_FD_PINNABLE);
	ASSERT_LE(0, pinnable);
	EXPECT_ERRNO(EOPNOTSUPP, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, pinnable, 0));
	EXPECT_EQ(0, nr_maps(fd));
}

TEST_F(pinnable, driver_can_show_pages_that_can_be_pinned)
{
	int driver = open_driver(), file = open_direct();
	char *mapped;

	if (driver < 0)
		SKIP(return, "no probe module");
	ASSERT_EQ(0, driver_show(driver, self->fd, IOKMEM_PROBE_MMAP_PINNABLE));
	mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, driver, 0);
	ASSERT_NE(MAP_FAILED, mapped);
	mapped[0] = 'm';
	EXPECT_EQ('m', self->plain[0]);
	if (file < 0)
		SKIP(return, "no " DISK);
	ASSERT_EQ(PAGE, pwrite(file, mapped, PAGE, 0));
	mapped[0] = 0;
	ASSERT_EQ(PAGE, pread(file, mapped, PAGE, 0));
	EXPECT_EQ('m', self->plain[0]);
	close(file);
}

TEST_F(pinnable, read_only_map_is_not_written_by_direct_io)
{
	size_t size = size_on_disk(self->size);
	int file = open_direct();
	char *ro;

	if (file < 0)
		SKIP(return, "no " DISK);
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE | IOKMEM_MAP_READ_ONLY, 0, 0, &ro));
	number_pages(self->address, size);
	EXPECT_EQ(size, pwrite(file, ro, size, 0));
	memset(self->address, 0x55, size);
	EXPECT_ERRNO(EFAULT, pread(file, ro, size, 0));
	EXPECT_TRUE(is_filled(ro, size, 0x55));
	close(file);
}

TEST_F(pinnable, vmsplice_gives_the_pages_away)
{
	struct iovec iov = { self->address, 4 * PAGE };
	char *got = malloc(4 * PAGE);
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	number_pages(self->address, 4 * PAGE);
	ASSERT_EQ(4 * PAGE, vmsplice(pipes[1], &iov, 1, 0));
	/* The pipe holds the pages, so a later write shows. */
	self->plain[PAGE + 100] = 'v';
	ASSERT_EQ(4 * PAGE, read(pipes[0], got, 4 * PAGE));
	EXPECT_TRUE(pages_are_numbered(got, 4 * PAGE, 0));
	EXPECT_EQ('v', got[PAGE + 100]);
	/* A map of raw frames supports no vmsplice(). */
	iov.iov_base = self->plain;
	EXPECT_ERRNO(EFAULT, vmsplice(pipes[1], &iov, 1, 0));
}

/* Use nearly all memory of the machine, so that freed pages are reused. */
static void use_much_memory(void)
{
	size_t size = 256 * MIB;
	char *much = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			  MAP_POPULATE, -1, 0);
	int i, fd;

	if (much != MAP_FAILED) {
		memset(much, 0xee, size);
		munmap(much, size);
	}
	for (i = 0; i < 64; i++) {
		char *address;

		fd = new_buffer(SIZE);
		if (fd < 0)
			return;
		if (!map(fd, 0, 0, 0, &address))
			memset(address, 0xdd, SIZE);
		close(fd);
	}
}

TEST_F(pinnable, pins_that_outlive_the_map_see_no_other_memory)
{
	struct iovec iov = { self->address, 4 * PAGE };
	char *got = malloc(4 * PAGE);
	long long id = buffer_id(self->fd);
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	number_pages(self->address, 4 * PAGE);
	ASSERT_EQ(4 * PAGE, vmsplice(pipes[1], &iov, 1, 0));
	ASSERT_EQ(0, release(self->fd, self->address, self->size));
	ASSERT_EQ(0, release(self->fd, self->plain, self->size));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
	use_much_memory();
	ASSERT_EQ(4 * PAGE, read(pipes[0], got, 4 * PAGE));
	EXPECT_TRUE(pages_are_numbered(got, 4 * PAGE, 0));
}

TEST(memory_goes_back_with_the_last_pin)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), descriptors = nr_descriptors();
	long before = free_memory("MemFree:");
	int pipes[2], i;
	char *got = malloc(16 * PAGE);

	ASSERT_LE(0, dev);
	ASSERT_EQ(0, pipe(pipes));
	/* Pin one page from the middle of each block: as many as a pipe holds. */
	for (i = 0; i < 16; i++) {
		int fd = create(dev, IOKMEM_DIRECTION_INOUT, 2 * MIB, 0);
		struct iovec iov = { .iov_len = PAGE };
		char *address;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, IOKMEM_MAP_PINNABLE, 0, 0, &address));
		number_pages(address, 2 * MIB);
		iov.iov_base = address + (100 + i) * PAGE;
		ASSERT_EQ(PAGE, vmsplice(pipes[1], &iov, 1, 0));
		ASSERT_EQ(0, release(fd, address, 2 * MIB));
		ASSERT_EQ(0, close(fd));
	}
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == descriptors));
	EXPECT_LT(free_memory("MemFree:"), before - (long)(24 * MIB));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(PAGE, read(pipes[0], got, PAGE));
		EXPECT_TRUE(pages_are_numbered(got, PAGE, 100 + i));
	}
	EXPECT_TRUE(EVENTUALLY(free_memory("MemFree:") > before - (long)(8 * MIB)));
	close(dev);
}

/* Pin a page of @address, release both maps, and then unpin the page. */
static void pin_and_retype(struct __test_metadata *_metadata, int fd, char *address,
			   char *plain, size_t size, size_t at)
{
	struct iovec iov = { address + at, PAGE };
	char got[PAGE], *uncached;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(PAGE, vmsplice(pipes[1], &iov, 1, 0));
	ASSERT_EQ(0, release(fd, address, size));
	ASSERT_EQ(0, release(fd, plain, size));
	/* Nothing maps the memory, but it is in use. */
	EXPECT_EQ(-EBUSY, map(fd, IOKMEM_MAP_INHIBIT_CACHE, 0, 0, &uncached));
	ASSERT_EQ(PAGE, read(pipes[0], got, PAGE));
	EXPECT_EQ(0, map(fd, IOKMEM_MAP_INHIBIT_CACHE, 0, 0, &uncached));
	EXPECT_EQ(-EOPNOTSUPP, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE, 0, 0,
				       0));
}

TEST_F(pinnable, pinned_memory_keeps_its_type)
{
	NEED_CACHE_MODE(IOKMEM_MAP_INHIBIT_CACHE);
	pin_and_retype(_metadata, self->fd, self->address, self->plain, self->size, 0);
}

/* The last page is in another block than the first, if there are several. */
TEST_F(pinnable, memory_of_which_the_last_page_is_pinned_keeps_its_type)
{
	NEED_CACHE_MODE(IOKMEM_MAP_INHIBIT_CACHE);
	pin_and_retype(_metadata, self->fd, self->address, self->plain, self->size,
		       round_up(self->size, PAGE) - PAGE);
}

TEST_F(pinnable, shares_with_its_like_only)
{
	char *again, *inside;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE, 0, 0, &again));
	EXPECT_EQ(self->address, again);
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE, PAGE, PAGE, &inside));
	EXPECT_EQ(self->address + PAGE, inside);
	ASSERT_EQ(0, map(self->fd, 0, PAGE, PAGE, &inside));
	EXPECT_EQ(self->plain + PAGE, inside);
}

static int touch_inherited(void *arg)
{
	return probe(arg, false);
}

TEST_F(pinnable, is_not_inherited_even_if_the_program_asks_for_it)
{
	int fault = SIGBUS;

	memset(self->address, 'p', self->size);
	EXPECT_EQ(SIGSEGV, run_child(touch_inherited, self->address));
	if (madvise(self->address, round_up(self->size, PAGE), MADV_DOFORK)) {
		/* Linux 7 refuses MADV_DOFORK for such mappings. */
		ASSERT_EQ(EINVAL, errno);
		fault = SIGSEGV;
	}
	EXPECT_EQ(fault, run_child(touch_inherited, self->address));
	EXPECT_TRUE(is_filled(self->address, self->size, 'p'));
	/* The end of the child does not release the map. */
	EXPECT_EQ(1, references(self->fd, self->address, self->size));
	ASSERT_EQ(0, release(self->fd, self->address, self->size));
	EXPECT_FALSE(can_read(self->address));
}

TEST_F(pinnable, cannot_be_redirected)
{
	char *unique;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_PINNABLE | IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	EXPECT_EQ(-EOPNOTSUPP, redirect(self->fd, unique, self->size, -1, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, redirect(self->fd, unique, self->size, self->fd, 0, 0));
	EXPECT_TRUE(can_write(unique));
}

TEST_F(pinnable, is_refused_of_all_but_cached_wired_memory)
{
	static const __u32 kinds[] = {
		IOKMEM_PAGEABLE, IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE,
	};
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd;
	__s32 fds[] = { self->fd, self->fd };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!has_cache_mode(kinds[i]))
			continue;
		fd = create(dev, IOKMEM_DIRECTION_INOUT | kinds[i], SIZE, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-EOPNOTSUPP, try_map(fd, IOKMEM_MAP_ANYWHERE |
					       IOKMEM_MAP_PINNABLE, 0, 0, 0));
		EXPECT_EQ(0, nr_maps(fd));
		close(fd);
	}
	fd = create_multi(dev, IOKMEM_DIRECTION_INOUT, fds, 2);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE,
				       0, 0, 0));
}

/* io_uring, by its system calls, with one request at a time. */
struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static int ring_open(struct ring *ring)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	ring->fd = syscall(__NR_io_uring_setup, 4, &p);
	if (ring->fd < 0)
		return -errno;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring->sqes == MAP_FAILED)
		return -errno;
	ring->sq_tail = (void *)(sq + p.sq_off.tail);
	ring->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	ring->sq_array = (void *)(sq + p.sq_off.array);
	ring->cq_head = (void *)(cq + p.cq_off.head);
	ring->cq_tail = (void *)(cq + p.cq_off.tail);
	ring->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	ring->cqes = (void *)(cq + p.cq_off.cqes);
	return 0;
}

/* Run one request, and return its result. */
static int ring_run(struct ring *ring, int opcode, int file, void *address, size_t length)
{
	unsigned int tail = *ring->sq_tail, head = *ring->cq_head;
	unsigned int index = tail & *ring->sq_mask;

	memset(&ring->sqes[index], 0, sizeof(ring->sqes[index]));
	ring->sqes[index].opcode = opcode;
	ring->sqes[index].fd = file;
	ring->sqes[index].addr = (uintptr_t)address;
	ring->sqes[index].len = length;
	ring->sq_array[index] = index;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	if (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head)
		return -EAGAIN;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return ring->cqes[head & *ring->cq_mask].res;
}

/* Before 6.5 io_uring refused to pin memory of any file but shared memory. */
static bool io_uring_pins_files(void)
{
	int major = 0, minor = 0;
	struct utsname uts;

	return !uname(&uts) && sscanf(uts.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 5));
}

TEST_F(pinnable, io_uring_uses_it_as_a_fixed_buffer)
{
	size_t size = size_on_disk(self->size);
	struct iovec iov = { self->address, size };
	int file = open_direct(), err;
	struct ring ring;

	if (file < 0 || ring_open(&ring))
		SKIP(return, "no " DISK " or no io_uring");
	err = syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &iov, 1) ?
	      -errno : 0;
	if (!io_uring_pins_files()) {
		EXPECT_EQ(-EOPNOTSUPP, err);
		return;
	}
	ASSERT_EQ(0, err);
	number_pages(self->address, size);
	ASSERT_EQ(size, ring_run(&ring, IORING_OP_WRITE_FIXED, file, self->address, size));
	memset(self->address, 0, size);
	ASSERT_EQ(size, ring_run(&ring, IORING_OP_READ_FIXED, file, self->address, size));
	EXPECT_TRUE(pages_are_numbered(self->plain, size, 0));
	/* A fixed buffer keeps its pages beyond the map. */
	ASSERT_EQ(0, release(self->fd, self->address, self->size));
	memset(self->plain, 0, size);
	ASSERT_EQ(size, ring_run(&ring, IORING_OP_READ_FIXED, file, self->address, size));
	EXPECT_TRUE(pages_are_numbered(self->plain, size, 0));

	iov.iov_base = self->plain;
	EXPECT_ERRNO(EBUSY, syscall(__NR_io_uring_register, ring.fd,
				    IORING_REGISTER_BUFFERS, &iov, 1));
	ASSERT_EQ(0, syscall(__NR_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS,
			     NULL, 0));
	/* A map of raw frames cannot be a fixed buffer. */
	EXPECT_ERRNO(EFAULT, syscall(__NR_io_uring_register, ring.fd,
				     IORING_REGISTER_BUFFERS, &iov, 1));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
