// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the hardware has lost: it is never used again, whoever touches it gets an error
 * or SIGBUS, and the rest of the buffer stays usable.
 *
 * Pages of pageable memory are lost as the kernel's own tests lose them, by madvise(). The
 * kernel refuses that for wired memory, whose frames tools/testing/probe marks.
 */
#include "driver_utils.h"

#define UNCACHED	IOKMEM_MAP_INHIBIT_CACHE
#define LOST		5	/* the page that is lost */

FIXTURE(poison)
{
	int dev;
	int driver;
};

/* There is no last frame. */
static bool kernel_marks_frames(int driver)
{
	return iok(driver, IOKMEM_PROBE_POISON, (void *)-1L) != -EOPNOTSUPP;
}

/* Open the device and the probe's driver. Returns why they are of no use, or NULL. */
static const char *open_both(int *dev, int *driver)
{
	*driver = open_driver();
	if (*driver < 0)
		return "iokmem_probe is not loaded";
	if (!kernel_marks_frames(*driver))
		return "the kernel does not handle memory failures";
	*dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	return NULL;
}

FIXTURE_SETUP(poison)
{
	const char *missing = open_both(&self->dev, &self->driver);

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(poison)
{
}

/* The signal of the last touch(). */
static siginfo_t signal_info;
static sigjmp_buf signal_env;

static void keep_signal(int sig, siginfo_t *info, void *context)
{
	signal_info = *info;
	siglongjmp(signal_env, sig);
}

/* Return the signal that a call raises, or 0. */
static int signal_of(void (*call)(char *address, bool write), char *address, bool write)
{
	struct sigaction act = { .sa_sigaction = keep_signal, .sa_flags = SA_SIGINFO }, old;
	int sig;

	sigaction(SIGBUS, &act, &old);
	sig = sigsetjmp(signal_env, 1);
	if (!sig)
		call(address, write);
	sigaction(SIGBUS, &old, NULL);
	return sig;
}

/* Return true if a touch is the signal of memory that is lost, at this address. */
static bool is_lost(char *address, bool write)
{
	return signal_of(touch, address, write) == SIGBUS &&
	       signal_info.si_code == BUS_MCEERR_AR &&
	       (uintptr_t)signal_info.si_addr / PAGE == (uintptr_t)address / PAGE;
}

/* Lose a page. This raises the signal if the page has been written. */
static void lose(char *address, bool unused)
{
	madvise(address, PAGE, MADV_HWPOISON);
}

static __u64 frame_at(char *address)
{
	struct iokmem_probe probe = {};

	touch(address, false);
	return probe_user(address, &probe) || !probe.present ? 0 : probe.pfn;
}

static int poison(int driver, char *address)
{
	__u64 frame = frame_at(address);

	return frame ? iok(driver, IOKMEM_PROBE_POISON, (void *)(uintptr_t)frame) : -ENOENT;
}

static int nr_poisoned(int driver, char *base, size_t length)
{
	int nr = 0;
	size_t at;

	for (at = 0; at < length; at += PAGE)
		nr += ioctl(driver, IOKMEM_PROBE_IS_POISONED, frame_at(base + at)) != 0;
	return nr;
}

/* Return how many pages the module has given up so far. */
static long given_up(void)
{
	char line[128];
	long bytes;

	if (!find_line(POOLS, "iokmem-lost:", line, sizeof(line)) ||
	    sscanf(line, "iokmem-lost: %ld", &bytes) != 1)
		return -1;
	return bytes / (long)PAGE;
}

/* Make pageable memory with a page that is lost, and with no map. Returns its fd. */
static int lost_pageable(struct __test_metadata *_metadata, int dev, __u32 options)
{
	int fd = create(dev, IOKMEM_PAGEABLE | options, 16 * PAGE, 0);
	char *base;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	number_pages(base, 16 * PAGE);
	signal_of(lose, base + LOST * PAGE, false);
	EXPECT_TRUE(is_lost(base + LOST * PAGE, false));
	ASSERT_EQ(0, release(fd, base, 16 * PAGE));
	return fd;
}

TEST_F(poison, touching_pageable_memory_that_is_lost_tells_so)
{
	int fd = lost_pageable(_metadata, self->dev, 0);
	char *base;

	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_TRUE(is_lost(base + LOST * PAGE, false));
	EXPECT_TRUE(is_lost(base + LOST * PAGE + 7, true));
	EXPECT_TRUE(pages_are_numbered(base, LOST * PAGE, 0));
	EXPECT_TRUE(pages_are_numbered(base + (LOST + 1) * PAGE, (15 - LOST) * PAGE, LOST + 1));
}

TEST_F(poison, pageable_memory_that_is_lost_cannot_be_held)
{
	int fd = lost_pageable(_metadata, self->dev, IOKMEM_DIRECTION_INOUT);
	__s32 fds[] = { fd };
	struct state before;
	char *other;
	int multi, to;

	before = look(fd);
	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_MAP_KERNEL, 0, 0));
	EXPECT_EQ(-EIO, get_dma_buf(fd, 0));
	EXPECT_UNCHANGED(before, fd);

	multi = create_multi(self->dev, IOKMEM_DIRECTION_INOUT, fds, 1);
	ASSERT_LE(0, multi);
	EXPECT_EQ(-EIO, try_map(multi, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EIO, get_dma_buf(multi, 0));

	to = create(self->dev, 0, 16 * PAGE, 0);
	ASSERT_LE(0, to);
	ASSERT_EQ(0, map(to, IOKMEM_MAP_UNIQUE, 0, 0, &other));
	EXPECT_EQ(-EIO, redirect(to, other, 16 * PAGE, fd, 0, 0));
	EXPECT_TRUE(can_write(other + LOST * PAGE));
}

TEST_F(poison, pageable_memory_that_is_lost_is_not_shown_to_devices)
{
	int fd = lost_pageable(_metadata, self->dev, IOKMEM_DIRECTION_INOUT);
	int err = driver_use(self->driver, fd, IOKMEM_PROBE_MAP_DMA, 0, 0);

	if (err == -ENXIO)
		SKIP(return, "no edu device with a driver");
	EXPECT_EQ(-EIO, err);
}

TEST_F(poison, bytes_of_pageable_memory_that_are_lost_are_not_copied)
{
	int fd = lost_pageable(_metadata, self->dev, 0);
	char *base;

	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_READ, 0, 16 * PAGE));
	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_WRITE, 0, 16 * PAGE));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_READ, 0, LOST * PAGE));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_TRUE(pages_are_numbered(base, LOST * PAGE, 0));
}

TEST_F(poison, emptied_memory_has_another_page)
{
	int fd = lost_pageable(_metadata, self->dev, IOKMEM_PURGEABLE);
	char *base;

	EXPECT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE, set_purgeable(fd, IOKMEM_PURGEABLE_EMPTY));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_TRUE(is_zero(base, 16 * PAGE));
	EXPECT_TRUE(can_write(base + LOST * PAGE));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_HOLD, 0, 0));
}

/* The kernel would oops if it cleared a page that is not in its map of all memory any more. */
TEST_F(poison, emptying_memory_that_is_held_does_not_touch_what_is_lost)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, 16 * PAGE, 0);
	int dma_buf;
	char *base;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	memset(base, 'x', 16 * PAGE);
	dma_buf = get_dma_buf(fd, 0);
	ASSERT_LE(0, dma_buf);
	ASSERT_EQ(0, poison(self->driver, base + LOST * PAGE));
	EXPECT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE, set_purgeable(fd, IOKMEM_PURGEABLE_EMPTY));
	EXPECT_TRUE(is_zero(base, LOST * PAGE));
	EXPECT_TRUE(is_filled(base + LOST * PAGE, PAGE, 'x'));
	EXPECT_TRUE(is_zero(base + (LOST + 1) * PAGE, (15 - LOST) * PAGE));
	close(dma_buf);
}

/* Wired memory. */
FIXTURE(wired)
{
	int dev;
	int driver;
};

FIXTURE_VARIANT(wired)
{
	__u32 options;
	struct measure size;
};

FIXTURE_VARIANT_ADD(wired, page)
{
	.options = 0,
	.size = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(wired, blocks)
{
	.options = 0,
	.size = NR_HUGE(4),
};

FIXTURE_VARIANT_ADD(wired, contiguous)
{
	.options = IOKMEM_PHYSICALLY_CONTIGUOUS,
	.size = MEASURE(0, 37, 0),
};

FIXTURE_VARIANT_ADD(wired, large_contiguous)
{
	.options = IOKMEM_PHYSICALLY_CONTIGUOUS,
	.size = MEASURE(2, 3, 0),
};

FIXTURE_VARIANT_ADD(wired, uncached)
{
	.options = UNCACHED,
	.size = NR_HUGE(4),
};

FIXTURE_VARIANT_ADD(wired, uncached_page)
{
	.options = UNCACHED,
	.size = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(wired, uncached_contiguous)
{
	.options = UNCACHED | IOKMEM_PHYSICALLY_CONTIGUOUS,
	.size = MEASURE(2, 3, 0),
};

FIXTURE_SETUP(wired)
{
	const char *missing = open_both(&self->dev, &self->driver);

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(wired)
{
}

/* Each test loses memory for good, and where pages are large there is little that is contiguous. */
#define NEED_MEMORY(_fd)							\
	do {									\
		if ((_fd) == -ENOMEM &&						\
		    variant->options & IOKMEM_PHYSICALLY_CONTIGUOUS)		\
			SKIP(return, "contiguous memory is lost already");	\
		ASSERT_LE(0, _fd);						\
	} while (0)

/* Return a page in the middle of memory. */
static size_t middle(size_t size)
{
	return size / PAGE / 2 * PAGE;
}

/* Memory of the DMA API's reserve, if the kernel has one, is lost as a whole. */
static size_t lost_at_most(__u32 options, size_t size)
{
	if (size < PMD || (options & IOKMEM_PHYSICALLY_CONTIGUOUS && memory("CmaTotal:") > 0))
		return size;
	return PMD;
}

/* Memory of this size is likely to be what was given back before. */
TEST_F(wired, memory_that_is_lost_is_not_used_again)
{
	size_t size = measured(variant->size), most = lost_at_most(variant->options, size);
	long before = given_up(), lost;
	char *base;
	int fd, i;

	NEED_CACHE_MODE(variant->options);
	fd = create(self->dev, variant->options, size, 0);
	NEED_MEMORY(fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	ASSERT_EQ(0, poison(self->driver, base + middle(size)));
	ASSERT_EQ(0, release(fd, base, size));
	close(fd);
	lost = EVENTUALLY(given_up() > before) ? given_up() - before : 0;
	/* The rest of the memory is used again. */
	EXPECT_LE(1, lost);
	EXPECT_GE((long)(most / PAGE), lost);

	for (i = 0; i < 8; i++) {
		fd = create(self->dev, variant->options, size, 0);
		/* All such memory there is has been looked at. */
		if (fd == -ENOMEM && i)
			break;
		NEED_MEMORY(fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
		EXPECT_TRUE(is_zero(base, size));
		EXPECT_EQ(0, nr_poisoned(self->driver, base, size));
		/* Half of these stay, so that others have to come. */
		if (i % 2) {
			ASSERT_EQ(0, release(fd, base, size));
			close(fd);
		}
	}
}

TEST_F(wired, memory_that_is_lost_while_it_is_idle_is_not_used_again)
{
	size_t size = measured(variant->size);
	__u64 frame;
	char *base;
	int fd;

	if (variant->options != UNCACHED)
		SKIP(return, "not in a pool when idle");
	NEED_CACHE_MODE(variant->options);
	fd = create(self->dev, variant->options, size, 0);
	NEED_MEMORY(fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	frame = frame_at(base + middle(size));
	ASSERT_EQ(0, release(fd, base, size));
	close(fd);
	ASSERT_EQ(0, iok(self->driver, IOKMEM_PROBE_POISON, (void *)(uintptr_t)frame));

	fd = create(self->dev, variant->options, size, 0);
	NEED_MEMORY(fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_EQ(0, nr_poisoned(self->driver, base, size));
}

/* The pipe keeps the page's block when the buffer has gone. */
TEST_F(wired, memory_that_is_lost_while_it_is_pinned_is_not_used_again)
{
	size_t size = measured(variant->size);
	long before = given_up();
	struct iovec iov = { .iov_len = PAGE };
	int fd, pipes[2];
	__u64 frame;
	char *base;

	if (variant->options)
		SKIP(return, "may be impossible to pin");
	fd = create(self->dev, 0, size, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, IOKMEM_MAP_PINNABLE, 0, 0, &base));
	base[middle(size)] = 'x';
	iov.iov_base = base + middle(size);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(PAGE, vmsplice(pipes[1], &iov, 1, 0));
	frame = frame_at(iov.iov_base);
	ASSERT_EQ(0, release(fd, base, size));
	close(fd);
	ASSERT_EQ(0, iok(self->driver, IOKMEM_PROBE_POISON, (void *)(uintptr_t)frame));
	EXPECT_EQ(before, given_up());
	close(pipes[0]);
	close(pipes[1]);
	EXPECT_TRUE(EVENTUALLY(given_up() > before));
}

TEST_F(wired, the_kernel_does_not_touch_memory_that_is_lost)
{
	size_t size = measured(variant->size), at = middle(size);
	struct state before;
	char *base;
	int fd;

	NEED_CACHE_MODE(variant->options);
	fd = create(self->dev, variant->options, size, 0);
	NEED_MEMORY(fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	memset(base, 'x', size);
	ASSERT_EQ(0, poison(self->driver, base + at));
	before = look(fd);
	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_READ, 0, size));
	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_WRITE, 0, size));
	EXPECT_EQ(-EIO, driver_use(self->driver, fd, IOKMEM_PROBE_FLUSH, 0, size));
	EXPECT_UNCHANGED(before, fd);
	EXPECT_TRUE(is_filled(base, size, 'x'));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_READ, 0, at));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_WRITE, at + PAGE, size - at - PAGE));
	EXPECT_TRUE(is_filled(base, at + PAGE, 'x'));
	EXPECT_TRUE(is_zero(base + at + PAGE, size - at - PAGE));
}

TEST_F(wired, memory_that_is_lost_keeps_its_cache_mode)
{
	__u32 other = variant->options & UNCACHED ? IOKMEM_MAP_COPYBACK_CACHE : UNCACHED;
	size_t size = measured(variant->size);
	struct state before;
	char *base;
	int fd;

	NEED_CACHE_MODE(UNCACHED);
	fd = create(self->dev, variant->options, size, 0);
	NEED_MEMORY(fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	ASSERT_EQ(0, poison(self->driver, base + middle(size)));
	ASSERT_EQ(0, release(fd, base, size));
	before = look(fd);
	EXPECT_EQ(-EIO, try_map(fd, IOKMEM_MAP_ANYWHERE | other, 0, 0, 0));
	EXPECT_UNCHANGED(before, fd);
}

TEST_F(wired, copying_to_members_changes_all_or_none)
{
	size_t size = measured(variant->size);
	__s32 fds[2];
	char *base, *last;
	int multi;

	NEED_CACHE_MODE(variant->options);
	fds[0] = create(self->dev, 0, 2 * PAGE, 0);
	fds[1] = create(self->dev, variant->options, size, 0);
	ASSERT_LE(0, fds[0]);
	NEED_MEMORY(fds[1]);
	ASSERT_EQ(0, map(fds[0], 0, 0, 0, &base));
	memset(base, 'x', 2 * PAGE);
	ASSERT_EQ(0, map(fds[1], 0, 0, 0, &last));
	ASSERT_EQ(0, poison(self->driver, last + middle(size)));
	multi = create_multi(self->dev, 0, fds, 2);
	ASSERT_LE(0, multi);
	EXPECT_EQ(-EIO, driver_use(self->driver, multi, IOKMEM_PROBE_WRITE, PAGE, PAGE + size));
	EXPECT_TRUE(is_filled(base, 2 * PAGE, 'x'));
	EXPECT_EQ(0, driver_use(self->driver, multi, IOKMEM_PROBE_WRITE, PAGE, PAGE));
	EXPECT_TRUE(is_filled(base, PAGE, 'x'));
	EXPECT_TRUE(is_zero(base + PAGE, PAGE));
}

TEST_HARNESS_MAIN
