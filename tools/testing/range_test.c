// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver prepares memory that a program has already. The driver gets no more than the program
 * itself may do with the memory.
 */
#include "driver_utils.h"

#include <pthread.h>
#include <stdatomic.h>

#define SIZE	(4 * PAGE)
#define IN	IOKMEM_DIRECTION_IN
#define OUT	IOKMEM_DIRECTION_OUT

FIXTURE(range)
{
	int driver;
	char *memory;
};

FIXTURE_VARIANT(range)
{
	int flags;
	bool touched;
};

FIXTURE_VARIANT_ADD(range, private)
{
	.flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(range, private_touched)
{
	.flags = MAP_PRIVATE,
	.touched = true,
};

FIXTURE_VARIANT_ADD(range, shared)
{
	.flags = MAP_SHARED,
};

FIXTURE_SETUP(range)
{
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | variant->flags,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->memory);
	if (variant->touched)
		memset(self->memory, 1, SIZE);
}

FIXTURE_TEARDOWN(range)
{
	close(self->driver);
	munmap(self->memory, SIZE);
}

TEST_F(range, can_be_prepared_as_it_may_be_touched)
{
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE, OUT));

	ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_READ));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE, OUT));

	ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_NONE));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, IN));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, OUT));
}

TEST_F(range, with_a_page_that_may_not_be_touched_is_not_prepared)
{
	int i;

	for (i = 0; i < SIZE / PAGE; i++) {
		ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_READ));
		ASSERT_EQ(0, mprotect(self->memory + i * PAGE, PAGE, PROT_NONE));
		EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, OUT));
	}
	/* The pages before the last one. */
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE - PAGE, OUT));
}

/* The program's own addresses are no map that it would have to release. */
TEST_F(range, that_the_program_maps_is_where_it_is)
{
	char *address;
	int fd;

	fd = driver_range(self->driver, self->memory + 33, SIZE - 66, IN);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_EQ(self->memory + 33, address);
	EXPECT_EQ(0, nr_maps(fd));
	EXPECT_EQ(-ENOENT, release(fd, address, SIZE - 66));
	/* Nothing is left when the program exits: see the last test. */
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	close(fd);
}

TEST_F(range, may_be_given_in_adjacent_pieces)
{
	struct iovec pieces[3] = {
		{ self->memory + 5, 3000 }, { self->memory + 3005, 5000 },
		{ self->memory + 8005, SIZE - 8005 },
	};
	int fd;

	fd = driver_ranges(self->driver, pieces, 3, OUT, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(SIZE - 5, length_of(fd));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_MAP_KERNEL, 0, 0));
	close(fd);

	/* In another order they have seams. */
	pieces[0] = (struct iovec){ self->memory + 8005, 100 };
	fd = driver_ranges(self->driver, pieces, 2, OUT, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(5100, length_of(fd));
	EXPECT_EQ(0, driver_use(self->driver, fd, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(-EINVAL, driver_use(self->driver, fd, IOKMEM_PROBE_MAP_KERNEL, 0, 0));
	close(fd);
}

/* Memory that the program has by a map of a descriptor. */
FIXTURE(mapped)
{
	int dev;
	int driver;
	int fd;
	char *address;
};

FIXTURE_VARIANT(mapped)
{
	__u32 options;
	bool of_two;
	bool by_mmap;
};

FIXTURE_VARIANT_ADD(mapped, wired)
{
	.options = 0,
};

FIXTURE_VARIANT_ADD(mapped, wired_by_mmap)
{
	.by_mmap = true,
};

FIXTURE_VARIANT_ADD(mapped, contiguous)
{
	.options = IOKMEM_PHYSICALLY_CONTIGUOUS,
};

FIXTURE_VARIANT_ADD(mapped, combined)
{
	.options = IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

FIXTURE_VARIANT_ADD(mapped, pageable)
{
	.options = IOKMEM_PAGEABLE,
};

FIXTURE_VARIANT_ADD(mapped, pageable_by_mmap)
{
	.options = IOKMEM_PAGEABLE,
	.by_mmap = true,
};

FIXTURE_VARIANT_ADD(mapped, purgeable)
{
	.options = IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
};

FIXTURE_VARIANT_ADD(mapped, multi)
{
	.options = IOKMEM_PAGEABLE,
	.of_two = true,
};

/* Create the variant's memory. Return a file descriptor of it, or -errno. */
static int create_memory(int dev, __u32 options, bool of_two)
{
	__s32 fds[2];
	int fd;

	if (!of_two)
		return create(dev, options, SIZE, 0);
	fds[0] = create(dev, options, PAGE, 0);
	fds[1] = create(dev, 0, SIZE - PAGE, 0);
	fd = create_multi(dev, 0, fds, 2);
	close(fds[0]);
	close(fds[1]);
	return fd;
}

FIXTURE_SETUP(mapped)
{
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	if (!has_cache_mode(variant->options))
		SKIP(return, "no such cache mode");
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	self->fd = create_memory(self->dev, variant->options, variant->of_two);
	ASSERT_LE(0, self->fd);
	if (!variant->by_mmap) {
		ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->address));
		return;
	}
	self->address = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->address);
}

FIXTURE_TEARDOWN(mapped)
{
	munmap(self->address, SIZE);
	EXPECT_TRUE(EVENTUALLY(nr_maps(self->fd) == 0));
	close(self->fd);
	close(self->driver);
	close(self->dev);
}

TEST_F(mapped, is_prepared)
{
	EXPECT_EQ(0, driver_prepare(self->driver, self->address, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, self->address, SIZE, OUT));
	EXPECT_EQ(0, driver_prepare(self->driver, self->address + 33, SIZE - 66, IN));
}

TEST_F(mapped, is_the_descriptors_memory)
{
	char *again;
	int part;

	number_pages(self->address, SIZE);
	part = driver_range(self->driver, self->address + PAGE, 2 * PAGE, IN);
	ASSERT_LE(0, part);
	ASSERT_EQ(0, map(part, IOKMEM_MAP_UNIQUE, 0, 0, &again));
	EXPECT_TRUE(!memcmp(self->address + PAGE, again, 2 * PAGE));
	again[5] = 77;
	EXPECT_EQ(77, self->address[PAGE + 5]);
	EXPECT_EQ(0, driver_use(self->driver, part, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(0, driver_use(self->driver, part, IOKMEM_PROBE_WRITE, 0, PAGE));
	EXPECT_TRUE(is_zero(again, PAGE));
	EXPECT_TRUE(is_zero(self->address + PAGE, PAGE));
	EXPECT_EQ(0, release(part, again, 2 * PAGE));
	close(part);
}

TEST_F(mapped, is_shared)
{
	char *inside;
	int part;

	if (variant->by_mmap)
		SKIP(return, "what mmap() has made is Unique");
	part = driver_range(self->driver, self->address + PAGE, 2 * PAGE, IN);
	ASSERT_LE(0, part);
	ASSERT_EQ(0, map(part, 0, 0, 0, &inside));
	EXPECT_EQ(self->address + PAGE, inside);
	EXPECT_EQ(2, nr_maps(self->fd));
	EXPECT_EQ(0, release(part, inside, 2 * PAGE));
	close(part);
}

TEST_F(mapped, stays_when_it_is_unmapped)
{
	char *again;
	int part;

	number_pages(self->address, SIZE);
	part = driver_range(self->driver, self->address, SIZE, IN);
	ASSERT_LE(0, part);
	ASSERT_EQ(0, munmap(self->address, SIZE));
	ASSERT_EQ(0, map(part, 0, 0, 0, &again));
	EXPECT_TRUE(pages_are_numbered(again, SIZE, 0));
	EXPECT_EQ(0, driver_use(self->driver, part, IOKMEM_PROBE_HOLD, 0, 0));
	EXPECT_EQ(0, release(part, again, SIZE));
	close(part);
	EXPECT_EQ(-EFAULT, driver_prepare(self->driver, self->address, SIZE, IN));
}

TEST_F(mapped, may_be_between_memory_of_the_programs_own)
{
	char *around = mmap(NULL, SIZE + 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	char *address;
	int all;

	ASSERT_NE(MAP_FAILED, (void *)around);
	ASSERT_EQ(0, map_at(self->fd, IOKMEM_MAP_OVERWRITE, (uintptr_t)around + PAGE, 0, SIZE,
			    &address));
	memset(around, 1, SIZE + 2 * PAGE);
	EXPECT_EQ(0, driver_prepare(self->driver, around, SIZE + 2 * PAGE, IN));
	all = driver_range(self->driver, around + 33, SIZE + 2 * PAGE - 66, IN);
	ASSERT_LE(0, all);
	EXPECT_EQ(-EBADFD, driver_use(self->driver, all, IOKMEM_PROBE_WRITE, 0, SIZE));
	EXPECT_EQ(0, driver_use(self->driver, all, IOKMEM_PROBE_HOLD, 0, 0));
	close(all);

	/* Nothing is behind the last page. */
	ASSERT_EQ(0, munmap(around + PAGE + SIZE, PAGE));
	EXPECT_EQ(-EFAULT, driver_prepare(self->driver, around, SIZE + PAGE + 1, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, around, SIZE + PAGE, IN));
	munmap(around, SIZE + PAGE);
}

TEST_F(mapped, may_be_read_only)
{
	struct iovec range = { .iov_len = SIZE };
	char *address;
	int part;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &address));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, address, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, address, SIZE, OUT));
	range.iov_base = address;
	EXPECT_EQ(-EACCES, driver_ranges(self->driver, &range, 1, IN, 0));
	part = driver_ranges(self->driver, &range, 1, IN, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, part);
	EXPECT_EQ(-EACCES, driver_use(self->driver, part, IOKMEM_PROBE_WRITE, 0, SIZE));
	EXPECT_EQ(0, driver_use(self->driver, part, IOKMEM_PROBE_READ, 0, SIZE));
	close(part);
	munmap(address, SIZE);

	/* The program may give up its right to write. */
	ASSERT_EQ(0, mprotect(self->address, SIZE, PROT_READ));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->address, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, self->address, SIZE, OUT));
	ASSERT_EQ(0, mprotect(self->address, SIZE, PROT_NONE));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->address, SIZE, OUT));
}

TEST_F(mapped, that_is_blocked_or_has_ended_is_not_prepared)
{
	char *address;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &address));
	ASSERT_EQ(0, redirect(self->fd, address, SIZE, -1, 0, 0));
	EXPECT_EQ(-EBUSY, driver_prepare(self->driver, address, SIZE, IN));
	ASSERT_EQ(0, redirect(self->fd, address, SIZE, self->fd, 0, 0));
	EXPECT_EQ(0, driver_prepare(self->driver, address, SIZE, IN));
	ASSERT_EQ(0, munmap(address, SIZE));

	/* The addresses of memory that was revoked stay until the program unmaps them. */
	ASSERT_EQ(0, revoke_memory(self->fd));
	EXPECT_EQ(-ENXIO, driver_prepare(self->driver, self->address, SIZE, IN));
	EXPECT_EQ(-ENXIO, driver_prepare(self->driver, self->address + PAGE, 1, OUT));
	ASSERT_EQ(0, munmap(self->address, SIZE));
	EXPECT_EQ(-EFAULT, driver_prepare(self->driver, self->address, SIZE, IN));
}

/* A thread of the program that changes its maps while a driver describes them. */
struct changer {
	int fd;
	char *address;
	atomic_bool stop;
};

static void *change_maps(void *arg)
{
	struct changer *changer = arg;
	char *address;

	while (!changer->stop) {
		map_at(changer->fd, IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_UNIQUE,
		       (uintptr_t)changer->address, 0, SIZE, &address);
		redirect(changer->fd, changer->address, SIZE, -1, 0, 0);
		redirect(changer->fd, changer->address, SIZE, changer->fd, 0, 0);
		mprotect(changer->address, SIZE, PROT_READ);
		munmap(changer->address, SIZE);
		mmap(changer->address, SIZE, PROT_READ | PROT_WRITE,
		     MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, -1, 0);
	}
	return NULL;
}

/* Return true if this can be the result while the program changes its maps. */
static bool is_expected(int err)
{
	return !err || err == -EFAULT || err == -EBUSY || err == -ENXIO || err == -EACCES ||
	       err == -EOPNOTSUPP;
}

TEST_F(mapped, may_change_meanwhile)
{
	struct changer changer = { .fd = self->fd };
	int i, err, prepared = 0;
	pthread_t thread;

	changer.address = mmap(NULL, SIZE + 2 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)changer.address);
	changer.address += PAGE;
	ASSERT_EQ(0, pthread_create(&thread, NULL, change_maps, &changer));
	/* On a busy machine it may take long until the maps are there at the right moment. */
	for (i = 0; i < 20000 || (!prepared && i < 1000000); i++) {
		err = driver_prepare(self->driver, changer.address - PAGE, SIZE + 2 * PAGE,
				     i & 1 ? IN : OUT);
		EXPECT_TRUE(is_expected(err))
			TH_LOG("%d", err);
		prepared += !err;
	}
	changer.stop = true;
	pthread_join(thread, NULL);
	EXPECT_LT(0, prepared);
	munmap(changer.address - PAGE, SIZE + 2 * PAGE);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
