// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that a driver makes in a program. The addresses belong to the program. After the
 * driver has put or unmapped its map, they are empty until the program unmaps them or the
 * driver makes a new map there.
 */
#include "bounded.h"
#include "driver_utils.h"
#include "racers.h"

#define SIZE	(16 * PAGE)

/* The ways in which a driver ends its use of a map. */
static int put_map(int driver)
{
	return driver_put(driver, 0);
}

static int unmap_map(int driver)
{
	return driver_unmap(driver, 0);
}

static int begin_to_put(int driver)
{
	return driver_put(driver, IOKMEM_PROBE_IN_WORKER);
}

static int begin_to_unmap(int driver)
{
	return driver_unmap(driver, IOKMEM_PROBE_IN_WORKER);
}

static int put_map_in_worker(int driver)
{
	int err = begin_to_put(driver);

	return err ? err : driver_wait(driver);
}

static int unmap_map_in_worker(int driver)
{
	int err = begin_to_unmap(driver);

	return err ? err : driver_wait(driver);
}

FIXTURE(driver)
{
	int fd, driver;
	char *address;
};

/*
 * @end: put or unmap the driver's map. @begin: if the driver's worker does that, begin it
 * without waiting for the worker; else NULL.
 */
FIXTURE_VARIANT(driver)
{
	int (*end)(int driver);
	int (*begin)(int driver);
};

#define DRIVER_ENDS(_end, _begin)					\
	FIXTURE_VARIANT_ADD(driver, _end) { .end = _end, .begin = _begin }

DRIVER_ENDS(put_map, NULL);
DRIVER_ENDS(unmap_map, NULL);
DRIVER_ENDS(put_map_in_worker, begin_to_put);
DRIVER_ENDS(unmap_map_in_worker, begin_to_unmap);

FIXTURE_SETUP(driver)
{
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->fd = new_buffer(SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(driver)
{
}

static bool is_in_maps(const char *address)
{
	char name[32], line[256];

	snprintf(name, sizeof(name), "%lx-", (long)address);
	return find_line("/proc/self/maps", name, line, sizeof(line)) &&
	       !strncmp(line, name, strlen(name));
}

#define EXPECT_EMPTY(address, length)					\
	do {								\
		EXPECT_TRUE(is_in_maps(address));			\
		EXPECT_EQ(SIGBUS, probe(address, false));		\
		EXPECT_EQ(SIGBUS, probe((address) + (length) - 1, true)); \
	} while (0)

TEST_F(driver, leaves_the_addresses_empty_when_its_map_ends)
{
	struct iokmem_probe entry;
	int vmas;

	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	vmas = nr_vmas();
	touch(self->address, true);
	ASSERT_EQ(0, variant->end(self->driver));
	EXPECT_EQ(vmas, nr_vmas());
	EXPECT_EMPTY(self->address, SIZE);
	ASSERT_EQ(0, probe_user(self->address, &entry));
	EXPECT_FALSE(entry.present);
	EXPECT_EQ(0, nr_maps(self->fd));
	EXPECT_EQ(0, references(self->fd, self->address, SIZE));
	/* The kernel's own accesses to the addresses fail as well. */
	EXPECT_ERRNO(EFAULT, read(open("/dev/zero", O_RDONLY), self->address, 1));

	ASSERT_EQ(0, munmap(self->address, SIZE));
	EXPECT_EQ(SIGSEGV, probe(self->address, false));
	EXPECT_EQ(vmas - 1, nr_vmas());
}

TEST_F(driver, takes_up_its_empty_addresses_again)
{
	char *again;
	int i, vmas;

	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	vmas = nr_vmas();
	self->address[0] = 'x';
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, variant->end(self->driver));
		ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, i & 1, &again));
		ASSERT_EQ(self->address, again);
		ASSERT_EQ('x', again[0]);
	}
	EXPECT_EQ(vmas, nr_vmas());
	EXPECT_EQ(1, nr_maps(self->fd));
}

TEST_F(driver, makes_other_addresses_once_the_program_has_unmapped_the_empty_ones)
{
	char *again;

	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	self->address[0] = 'x';
	ASSERT_EQ(0, variant->end(self->driver));
	ASSERT_EQ(self->address, mmap(self->address, SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	self->address[0] = 'p';
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &again));
	EXPECT_NE(self->address, again);
	EXPECT_EQ('x', again[0]);
	ASSERT_EQ(0, variant->end(self->driver));
	EXPECT_EQ('p', self->address[0]);
	EXPECT_EMPTY(again, SIZE);
}

TEST_F(driver, gives_empty_addresses_the_rights_of_the_new_request)
{
	static const __u32 options[] = {
		0, IOKMEM_MAP_READ_ONLY, 0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_READ_ONLY,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		bool writable = !(options[i] & IOKMEM_MAP_READ_ONLY);

		ASSERT_EQ(0, driver_map(self->driver, self->fd, options[i], 0, 0, 0,
					&self->address));
		EXPECT_TRUE(can_read(self->address));
		EXPECT_EQ(writable ? 0 : SIGSEGV, probe(self->address, true));
		errno = 0;
		EXPECT_EQ(writable ? 0 : -1,
			  mprotect(self->address, SIZE, PROT_READ | PROT_WRITE));
		EXPECT_EQ(writable ? 0 : EACCES, errno);
		ASSERT_EQ(0, variant->end(self->driver));
	}
}

TEST_F(driver, leaves_empty_addresses_that_the_program_has_protected_alone)
{
	static const int prots[] = { PROT_READ, PROT_NONE };
	unsigned int i;
	char *again;

	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
		ASSERT_EQ(0, mprotect(self->address, SIZE, prots[i]));
		ASSERT_EQ(0, variant->end(self->driver));
		ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &again));
		EXPECT_NE(self->address, again);
		EXPECT_EQ(0, probe(again, true));
		ASSERT_EQ(0, variant->end(self->driver));
		ASSERT_EQ(0, munmap(again, SIZE));

		/* They are as good as others once they can be used again. */
		ASSERT_EQ(0, mprotect(self->address, SIZE, PROT_READ | PROT_WRITE));
		ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &again));
		EXPECT_EQ(self->address, again);
		EXPECT_EQ(0, probe(again, true));
		ASSERT_EQ(0, variant->end(self->driver));
	}
}

TEST_F(driver, leaves_empty_addresses_with_a_protection_key_alone)
{
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
	char *again;

	if (key < 0)
		SKIP(return, "the processor has no protection keys");
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	ASSERT_EQ(0, pkey_mprotect(self->address, SIZE, PROT_READ | PROT_WRITE, key));
	ASSERT_EQ(0, variant->end(self->driver));
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &again));
	EXPECT_NE(self->address, again);
	EXPECT_EQ(0, probe(again, true));
}

TEST_F(driver, lets_the_memory_go_though_addresses_are_left)
{
	const size_t size = 64 * MIB;
	long free_before;
	int fd;

	fd = new_buffer(size);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, driver_map(self->driver, fd, 0, 0, 0, 0, &self->address));
	memset(self->address, 1, size);
	ASSERT_EQ(0, variant->end(self->driver));
	EXPECT_EMPTY(self->address, size);
	free_before = free_memory("MemFree:");
	ASSERT_EQ(0, close(fd));
	EXPECT_TRUE(SOON(free_memory("MemFree:") > free_before + (long)size / 2));
	EXPECT_EMPTY(self->address, size);
	ASSERT_EQ(0, munmap(self->address, size));
}

/*
 * The program may overwrite or unmap a driver's map while the driver puts or unmaps it.
 */
static atomic_int overwriting;
static char *volatile to_overwrite;

static void *overwrite_when_told(void *arg)
{
	long wrong = 0;

	for (;;) {
		while (!overwriting)
			;
		if (overwriting < 0)
			return (void *)wrong;
		wrong += mmap(to_overwrite, SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE,
			      -1, 0) != to_overwrite;
		overwriting = 0;
	}
}

/*
 * While another thread holds the mmap lock, the program's mmap() queues for it, and the
 * driver's worker behind it.
 */
TEST_F(driver, never_unmaps_memory_that_the_program_has_put_there)
{
	int holder = open_driver(), round;
	pthread_t thread;
	void *wrong;

	if (!variant->begin)
		SKIP(return, "only a worker queues behind the program");
	ASSERT_LE(0, holder);
	ASSERT_EQ(0, pthread_create(&thread, NULL, overwrite_when_told, NULL));
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0,
					&self->address));
		touch(self->address, true);
		to_overwrite = self->address;
		ASSERT_EQ(0, driver_hold_lock(holder, 300));
		overwriting = 1;
		usleep(100000);
		ASSERT_EQ(0, variant->begin(self->driver));
		ASSERT_TRUE(SOON(!overwriting));
		ASSERT_EQ(0, driver_wait(self->driver));
		ASSERT_EQ(0, probe(self->address, true));
		memset(self->address, 'p', SIZE);
	}
	overwriting = -1;
	ASSERT_EQ(0, pthread_join(thread, &wrong));
	EXPECT_EQ(NULL, wrong);
}

TEST_F(driver, never_unmaps_memory_that_the_program_maps_at_the_same_time)
{
	double until = now() + SECONDS;
	long lost = 0, rounds = 0;

	if (!variant->begin)
		SKIP(return, "only a worker works at the same time");
	while (now() < until) {
		ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0,
					&self->address));
		ASSERT_EQ(0, variant->begin(self->driver));
		munmap(self->address, SIZE);
		if (mmap(self->address, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == self->address) {
			if (probe(self->address, true))
				lost++;
			ASSERT_EQ(0, driver_wait(self->driver));
			if (probe(self->address, true))
				lost++;
			munmap(self->address, SIZE);
		}
		ASSERT_EQ(0, driver_wait(self->driver));
		rounds++;
	}
	EXPECT_EQ(0, lost)
		TH_LOG("%ld of %ld pages of the program were lost", lost, rounds);
}

/*
 * The driver and the program share a map. The last one to release it decides what happens
 * to the addresses.
 */
TEST_F(driver, leaves_the_addresses_empty_after_the_program_has_released_them)
{
	char *own;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &own));
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	ASSERT_EQ(own, self->address);
	ASSERT_EQ(0, release(self->fd, own, SIZE));
	EXPECT_TRUE(can_write(own));
	ASSERT_EQ(0, variant->end(self->driver));
	EXPECT_EMPTY(own, SIZE);
	ASSERT_EQ(0, munmap(own, SIZE));
}

TEST_F(driver, has_no_part_in_the_addresses_that_the_program_releases_last)
{
	char *own;
	int vmas = nr_vmas();

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &own));
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	ASSERT_EQ(own, self->address);
	if (variant->end == put_map || variant->end == put_map_in_worker) {
		ASSERT_EQ(0, variant->end(self->driver));
		EXPECT_TRUE(can_write(own));
		ASSERT_EQ(0, release(self->fd, own, SIZE));
		EXPECT_EQ(SIGSEGV, probe(own, false));
		EXPECT_EQ(vmas, nr_vmas());
	} else {
		/* If the driver unmaps the map, the program loses it too. */
		ASSERT_EQ(0, variant->end(self->driver));
		EXPECT_EMPTY(own, SIZE);
		EXPECT_EQ(-ENOENT, release(self->fd, own, SIZE));
		EXPECT_EQ(-ENOENT, unmap(self->fd, own, SIZE));
		ASSERT_EQ(0, munmap(own, SIZE));
	}
}

TEST_F(driver, does_nothing_to_addresses_that_the_program_has_unmapped_by_ioctl)
{
	char *own;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &own));
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, 0, &self->address));
	ASSERT_EQ(own, self->address);
	ASSERT_EQ(0, unmap(self->fd, own, SIZE));
	EXPECT_EQ(SIGSEGV, probe(own, false));
	ASSERT_EQ(own, mmap(own, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			    MAP_FIXED_NOREPLACE, -1, 0));
	own[0] = 'p';
	ASSERT_EQ(0, variant->end(self->driver));
	EXPECT_EQ(0, probe(own, true));
	EXPECT_EQ('p', own[0]);
}

/*
 * Empty addresses are reused by the next request that is like the one they were made for,
 * whatever its options.
 */
FIXTURE(request)
{
	int fd, driver;
};

FIXTURE_VARIANT(request)
{
	__u32 options;
	struct measure offset, length;
};

#define REQUEST(_name, _options, _offset, _length)			\
	FIXTURE_VARIANT_ADD(request, _name)				\
	{								\
		.options = _options, .offset = _offset, .length = _length, \
	}

REQUEST(part, 0, NR_PAGES(3), NR_PAGES(5));
REQUEST(part_of_page, 0, MEASURE(0, 2, 100), MEASURE(0, 1, 10));
REQUEST(read_only, IOKMEM_MAP_READ_ONLY, NR_PAGES(0), NR_PAGES(16));
REQUEST(unique, IOKMEM_MAP_UNIQUE, NR_PAGES(1), NR_PAGES(4));
REQUEST(pinnable, IOKMEM_MAP_PINNABLE, NR_PAGES(0), NR_PAGES(16));
REQUEST(prefilled, IOKMEM_MAP_PREFAULT, NR_PAGES(0), NR_PAGES(16));
REQUEST(guarded, IOKMEM_MAP_GUARDED_SMALL, NR_PAGES(0), NR_PAGES(16));

FIXTURE_SETUP(request)
{
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->fd = new_buffer(SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(request)
{
}

TEST_F(request, gets_the_addresses_that_one_like_it_has_left)
{
	size_t offset = measured(variant->offset), length = measured(variant->length);
	bool write = !(variant->options & IOKMEM_MAP_READ_ONLY);
	char *first, *again;
	int i, vmas;

	ASSERT_EQ(0, driver_map(self->driver, self->fd, variant->options, offset, length, 0,
				&first));
	vmas = nr_vmas();
	for (i = 0; i < 20; i++) {
		touch(first, write);
		ASSERT_EQ(0, driver_put(self->driver, 0));
		ASSERT_EQ(SIGBUS, probe(first, false));
		ASSERT_EQ(0, driver_map(self->driver, self->fd, variant->options, offset,
					length, i & 1, &again));
		ASSERT_EQ(first, again);
		EXPECT_EQ(write ? 0 : SIGSEGV, probe(first, true));
		if (variant->options & IOKMEM_MAP_GUARDED_SMALL) {
			EXPECT_EQ(SIGSEGV, probe(first - 1, false));
			EXPECT_EQ(SIGSEGV, probe(first + length, false));
		}
	}
	EXPECT_EQ(vmas, nr_vmas());
}

TEST(a_driver_has_guards_in_the_kernel_or_an_error)
{
	int driver = open_driver(), fd = new_buffer(SIZE);

	if (driver < 0)
		SKIP(return, "no probe module");
	ASSERT_LE(0, fd);
	EXPECT_EQ(kernel_maps_have_guards() ? 0 : -EOPNOTSUPP,
		  driver_use(driver, fd, IOKMEM_PROBE_GUARDED, 0, 0));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
