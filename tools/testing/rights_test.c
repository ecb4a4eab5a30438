// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rights that a file descriptor gives over others who use the memory. A read-only file of
 * a descriptor never allows a writable map, not even through a driver whose mmap() forwards to
 * that file. A window gives no power over the rest of the memory.
 */
#include "dmabuf_utils.h"
#include "driver_utils.h"
#include "limits_utils.h"
#include "racers.h"

#include <limits.h>
#include <sys/resource.h>

#define INOUT	IOKMEM_DIRECTION_INOUT
#define RO	IOKMEM_FD_READ_ONLY
#define KEEP	IOKMEM_PURGEABLE_KEEP_CURRENT
#define NON_VOLATILE IOKMEM_PURGEABLE_NON_VOLATILE
#define VOLATILE IOKMEM_PURGEABLE_VOLATILE
#define EMPTY	IOKMEM_PURGEABLE_EMPTY
#define WC	IOKMEM_MAP_WRITE_COMBINE_CACHE
#define WB	IOKMEM_MAP_COPYBACK_CACHE

#define PAGES	16
#define SIZE	(PAGES * PAGE)

/* An ordinary user, who may lock as much memory as he likes. */
#define ATTACKER	1000
#define BECOME_ATTACKER() CHILD_EXPECT(!become(ATTACKER, RLIM_INFINITY))

FIXTURE(forwarded)
{
	int fd, driver;
	char *own;
};

FIXTURE_VARIANT(forwarded)
{
	__u32 options;
	__u32 how;
};

#define FORWARDED(_name, ...)						\
	FIXTURE_VARIANT_ADD(forwarded, _name) { __VA_ARGS__ }

FORWARDED(wired, 0, IOKMEM_PROBE_FORWARD_READ_ONLY);
FORWARDED(pageable, IOKMEM_PAGEABLE, IOKMEM_PROBE_FORWARD_READ_ONLY);
FORWARDED(contiguous, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_PROBE_FORWARD_READ_ONLY);
FORWARDED(wired_by_driver, 0, IOKMEM_PROBE_MMAP_READ_ONLY);
FORWARDED(pageable_by_driver, IOKMEM_PAGEABLE, IOKMEM_PROBE_MMAP_READ_ONLY);

FIXTURE_SETUP(forwarded)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->fd = create(dev, IOKMEM_DIRECTION_INOUT | variant->options, SIZE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->own));
	number_pages(self->own, SIZE);
	ASSERT_EQ(0, driver_show(self->driver, self->fd, variant->how));
}

FIXTURE_TEARDOWN(forwarded)
{
}

static char *map_driver(int driver, int prot)
{
	return mmap(NULL, SIZE, prot, MAP_SHARED, driver, 0);
}

TEST_F(forwarded, read_only_file_cannot_be_mapped_writable)
{
	EXPECT_ERRNO(EACCES, map_driver(self->driver, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, map_driver(self->driver, PROT_WRITE));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_TRUE(pages_are_numbered(self->own, SIZE, 0));
}

TEST_F(forwarded, read_only_file_can_be_mapped_to_read)
{
	char *mapped = map_driver(self->driver, PROT_READ);

	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	EXPECT_EQ(SIGSEGV, probe(mapped, true));
	EXPECT_EQ(2, nr_maps(self->fd));
	ASSERT_EQ(0, munmap(mapped, SIZE));
	EXPECT_EQ(1, nr_maps(self->fd));
}

TEST_F(forwarded, map_of_a_read_only_file_stays_read_only)
{
	char *mapped = map_driver(self->driver, PROT_READ);

	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EACCES, mprotect(mapped, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, mprotect(mapped, SIZE, PROT_WRITE));
	EXPECT_EQ(SIGSEGV, probe(mapped, true));
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	ASSERT_EQ(0, munmap(mapped, SIZE));

	mapped = map_driver(self->driver, PROT_NONE);
	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EACCES, mprotect(mapped, SIZE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mprotect(mapped, SIZE, PROT_READ));
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	ASSERT_EQ(0, munmap(mapped, SIZE));
}

TEST(mmap_of_a_drivers_file_maps_its_descriptor)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), driver = open_driver(), fd, part;
	char *own, *mapped;

	if (driver < 0)
		SKIP(return, "no probe module");
	fd = create(dev, INOUT, SIZE, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &own));
	number_pages(own, SIZE);
	ASSERT_EQ(0, driver_show(driver, fd, IOKMEM_PROBE_MMAP));

	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, driver, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE + 1, PROT_READ, MAP_SHARED, driver, 0));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, driver, PAGE));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, driver, LONG_MIN));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, driver, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(1, nr_maps(fd));

	mapped = mmap(NULL, SIZE - PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, driver, PAGE);
	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE - PAGE, 1));
	mapped[0] = 'm';
	EXPECT_EQ('m', own[PAGE]);
	EXPECT_EQ(2, nr_maps(fd));
	/* The map outlives the driver's file, and ends when the memory is taken back. */
	close(driver);
	mapped[1] = 'm';
	EXPECT_EQ('m', own[PAGE + 1]);
	ASSERT_EQ(0, revoke_memory(fd));
	EXPECT_EQ(SIGBUS, probe(mapped, false));
	ASSERT_EQ(0, munmap(mapped, SIZE - PAGE));

	/* A descriptor of part of a page shows nothing; one that was revoked neither. */
	driver = open_driver();
	ASSERT_EQ(0, driver_show(driver, fd, IOKMEM_PROBE_MMAP));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, driver, 0));
	EXPECT_EQ(ENODEV, errno);
	fd = create(dev, INOUT, SIZE, 0);
	part = create_sub(fd, INOUT, 1, PAGE);
	ASSERT_EQ(0, driver_show(driver, part, IOKMEM_PROBE_MMAP));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, driver, 0));
	EXPECT_EQ(EACCES, errno);
}

/* How somebody got a descriptor of part of the memory, or of all of it by a window. */
enum way {
	BY_SUB,
	BY_DUPLICATE,
	BY_MULTI,
	BY_MULTI_OF_MULTI,
	BY_DMA_BUF,
	BY_MULTI_OF_DMA_BUF,
};

static int give_multi(int dev, int member)
{
	return create_multi(dev, INOUT, &member, 1);
}

static int give_dma_buf(int dev, int fd)
{
	int dma_buf = get_dma_buf(fd, 0), back;

	back = with_dma_buf(dev, INOUT, dma_buf);
	close(dma_buf);
	return back;
}

/* Make a descriptor of the first pages. A dma-buf of all of them is one of @fd itself. */
static int give(enum way way, int dev, int fd, unsigned int pages)
{
	int part = create_sub(fd, INOUT, 0, pages * PAGE);
	int shared = pages == PAGES ? fd : part;

	switch (way) {
	case BY_SUB:
		return part;
	case BY_DUPLICATE:
		return duplicate(part, 0);
	case BY_MULTI:
		return give_multi(dev, part);
	case BY_MULTI_OF_MULTI:
		return give_multi(dev, give_multi(dev, part));
	case BY_DMA_BUF:
		return give_dma_buf(dev, shared);
	case BY_MULTI_OF_DMA_BUF:
		return give_multi(dev, give_dma_buf(dev, shared));
	}
	return -EINVAL;
}

/* A window of purgeable memory, and one of wired memory, both writable. */
FIXTURE(window)
{
	int dev;
	int fd;
	char *own;
	int window;
	int wired;
	int wired_window;
};

FIXTURE_VARIANT(window)
{
	enum way way;
	unsigned int pages;
};

#define WINDOW(_name, ...)						\
	FIXTURE_VARIANT_ADD(window, _name) { __VA_ARGS__ }

WINDOW(sub, BY_SUB, 1);
WINDOW(sub_of_all, BY_SUB, PAGES);
WINDOW(duplicate, BY_DUPLICATE, 1);
WINDOW(multi, BY_MULTI, 1);
WINDOW(multi_of_all, BY_MULTI, PAGES);
WINDOW(multi_of_multi, BY_MULTI_OF_MULTI, 1);
WINDOW(dma_buf, BY_DMA_BUF, 1);
WINDOW(dma_buf_of_all, BY_DMA_BUF, PAGES);
WINDOW(multi_of_dma_buf, BY_MULTI_OF_DMA_BUF, PAGES);

FIXTURE_SETUP(window)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, INOUT | IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->own));
	number_pages(self->own, SIZE);
	self->window = give(variant->way, self->dev, self->fd, variant->pages);
	ASSERT_LE(0, self->window);
	self->wired = create(self->dev, INOUT, SIZE, 0);
	ASSERT_LE(0, self->wired);
	self->wired_window = give(variant->way, self->dev, self->wired, variant->pages);
	ASSERT_LE(0, self->wired_window);
}

FIXTURE_TEARDOWN(window)
{
}

static int set_states(void *arg)
{
	int fd = *(int *)arg;

	BECOME_ATTACKER();
	CHILD_EXPECT(set_purgeable(fd, VOLATILE) == -EACCES);
	CHILD_EXPECT(set_purgeable(fd, EMPTY) == -EACCES);
	CHILD_EXPECT(set_purgeable(fd, NON_VOLATILE) == -EACCES);
	CHILD_EXPECT(set_purgeable(fd, KEEP) == NON_VOLATILE);
	return 0;
}

TEST_F(window, does_not_change_the_purgeable_state)
{
	__s32 both[2] = { self->fd, self->window };
	int multi = create_multi(self->dev, INOUT, both, 2);

	EXPECT_EQ(0, run_child(set_states, &self->window));
	EXPECT_EQ(0, run_child(set_states, &multi));
	EXPECT_TRUE(pages_are_numbered(self->own, SIZE, 0));
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, VOLATILE));
	EXPECT_EQ(VOLATILE, set_purgeable(self->window, KEEP));
	EXPECT_EQ(VOLATILE, set_purgeable(self->fd, EMPTY));
	EXPECT_TRUE(is_zero(self->own, SIZE));
}

static int change_modes(void *arg)
{
	int window = *(int *)arg, other = new_buffer(PAGE);
	char *unique, *mapped;

	CHILD_EXPECT(!map(other, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	BECOME_ATTACKER();
	CHILD_EXPECT(map(window, WC, 0, PAGE, &mapped) == -EACCES);
	CHILD_EXPECT(map(window, IOKMEM_MAP_INHIBIT_CACHE, 0, PAGE, &mapped) == -EACCES);
	CHILD_EXPECT(redirect(other, unique, PAGE, window, WC, 0) == -EACCES);
	/* The mode that the memory has is no change. */
	CHILD_EXPECT(!map(window, WB, 0, PAGE, &mapped));
	CHILD_EXPECT(can_write(mapped));
	CHILD_EXPECT(!redirect(other, unique, PAGE, window, WB, 0));
	return 0;
}

static __u32 mode_of(int fd)
{
	struct iokmem_query_buffer buffer;

	return query(fd, &buffer) ? 0 : buffer.cache_mode;
}

TEST_F(window, does_not_change_the_cache_mode)
{
	NEED_CACHE_MODE(WC);
	EXPECT_EQ(0, run_child(change_modes, &self->wired_window));
	EXPECT_EQ(WB, mode_of(self->wired));
	/* The owner still can. */
	EXPECT_TRUE(EVENTUALLY(!try_map(self->wired, IOKMEM_MAP_ANYWHERE | WC, 0, 0, 0)));
	EXPECT_EQ(WC, mode_of(self->wired));
}

/* A driver does not expect the memory to change its mode behind an address that it uses. */
TEST(program_does_not_change_the_cache_mode_behind_an_address_of_the_kernels)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), driver = open_driver(), fd, own;
	char *unique;

	if (driver < 0)
		SKIP(return, "no probe module");
	NEED_CACHE_MODE(WC);
	fd = driver_make_buffer(driver, INOUT, PAGE, IOKMEM_PROBE_FOR_KERNEL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, try_map(fd, IOKMEM_MAP_ANYWHERE | WC, 0, 0, 0));
	EXPECT_EQ(WB, mode_of(fd));

	/* Nor by a redirect. */
	own = create(dev, INOUT, PAGE, 0);
	ASSERT_LE(0, own);
	ASSERT_EQ(0, map(own, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	EXPECT_EQ(-EBUSY, redirect(own, unique, PAGE, fd, WC, 0));
	EXPECT_EQ(WB, mode_of(fd));
	EXPECT_EQ(0, redirect(own, unique, PAGE, fd, 0, 0));
	ASSERT_EQ(0, munmap(unique, PAGE));
	close(own);
	close(fd);
	close(driver);
	close(dev);
}

TEST_F(window, counts_its_own_pages)
{
	struct iokmem_get_page_counts counts;
	__u64 pages = variant->pages;

	ASSERT_EQ(0, page_counts(self->window, &counts));
	EXPECT_EQ(pages, counts.resident);
	EXPECT_EQ(pages, counts.dirty);
	ASSERT_EQ(0, page_counts(self->wired_window, &counts));
	EXPECT_EQ(pages, counts.resident);
	EXPECT_EQ(pages, counts.dirty);
	ASSERT_EQ(0, page_counts(self->fd, &counts));
	EXPECT_EQ(SIZE / PAGE, counts.resident);
}

/* Windows of memory of which some pages have been written, some read, and some not touched. */
TEST_F(window, tells_nothing_of_other_pages)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, SIZE, 0), back, middle, first;
	struct iokmem_get_page_counts counts;
	char *bytes;

	ASSERT_EQ(0, map(fd, 0, 0, 0, &bytes));
	middle = create_sub(fd, 0, 4 * PAGE, 4 * PAGE);
	back = create_sub(fd, 0, 9 * PAGE, 7 * PAGE);
	first = create_sub(middle, 0, 0, 1);
	touch(bytes + 3 * PAGE, true);
	touch(bytes + 4 * PAGE, false);
	touch(bytes + 7 * PAGE, true);
	touch(bytes + 8 * PAGE, true);
	ASSERT_EQ(0, page_counts(middle, &counts));
	EXPECT_EQ(2, counts.resident);
	EXPECT_EQ(1, counts.dirty);
	ASSERT_EQ(0, page_counts(first, &counts));
	EXPECT_EQ(1, counts.resident);
	EXPECT_EQ(0, counts.dirty);
	ASSERT_EQ(0, page_counts(back, &counts));
	EXPECT_EQ(0, counts.resident);
	EXPECT_EQ(0, counts.dirty);
	ASSERT_EQ(0, page_counts(give(variant->way, self->dev, middle, 1), &counts));
	EXPECT_EQ(1, counts.resident);
}

/* Ways to hold what a descriptor shows of pageable memory. */
static bool is_held_by_dma_buf(int dev, int fd)
{
	return get_dma_buf(fd, 0) >= 0;
}

static bool is_held_by_map_of_multi(int dev, int fd)
{
	char *bytes;

	return !map(give_multi(dev, fd), 0, 0, 0, &bytes) && bytes[0] == bytes[PAGE - 1];
}

static bool is_held_by_redirected_map(int dev, int fd)
{
	int other = new_buffer(2 * PAGE);
	char *bytes;

	return !map(other, IOKMEM_MAP_UNIQUE, 0, 0, &bytes) &&
	       !redirect(other, bytes, 2 * PAGE, fd, 0, 0) && bytes[0] == bytes[PAGE - 1];
}

/* Pages of @fd that are in memory while a window of the pages 4 and 5 is held. */
static __u64 held_with_window(int dev, int fd, bool (*holds)(int dev, int fd))
{
	struct iokmem_get_page_counts counts = {};

	if (!holds(dev, create_sub(fd, INOUT, 4 * PAGE, 2 * PAGE)) || page_counts(fd, &counts))
		return -1;
	/* The holder may write them at any time. */
	return counts.dirty == counts.resident ? counts.resident : -2;
}

TEST(holding_a_window_brings_nothing_else_in)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	EXPECT_EQ(2, held_with_window(dev, create(dev, IOKMEM_PAGEABLE, SIZE, 0),
				      is_held_by_dma_buf));
	EXPECT_EQ(2, held_with_window(dev, create(dev, IOKMEM_PAGEABLE, SIZE, 0),
				      is_held_by_map_of_multi));
	EXPECT_EQ(2, held_with_window(dev, create(dev, IOKMEM_PAGEABLE, SIZE, 0),
				      is_held_by_redirected_map));
}

TEST(held_window_does_not_keep_the_rest_from_being_emptied)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd, dma_buf;
	struct iokmem_get_page_counts counts;
	char *own;

	ASSERT_LE(0, dev);
	fd = create(dev, INOUT | IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &own));
	number_pages(own, SIZE);
	dma_buf = get_dma_buf(create_sub(fd, INOUT, 4 * PAGE, 2 * PAGE), 0);
	ASSERT_LE(0, dma_buf);

	ASSERT_EQ(NON_VOLATILE, set_purgeable(fd, VOLATILE));
	ASSERT_TRUE(EVENTUALLY(!write_file("/proc/sys/vm/drop_caches", "2") &&
			       set_purgeable(fd, KEEP) == EMPTY));
	ASSERT_EQ(0, page_counts(fd, &counts));
	EXPECT_EQ(2, counts.resident);
	EXPECT_TRUE(is_zero(own, 4 * PAGE));
	EXPECT_TRUE(pages_are_numbered(own + 4 * PAGE, 2 * PAGE, 4));
	EXPECT_TRUE(is_zero(own + 6 * PAGE, SIZE - 6 * PAGE));

	/* The owner empties all of it. */
	ASSERT_EQ(EMPTY, set_purgeable(fd, EMPTY));
	EXPECT_TRUE(is_zero(own, SIZE));
	ASSERT_EQ(0, page_counts(fd, &counts));
	close(dma_buf);
	ASSERT_EQ(EMPTY, set_purgeable(fd, EMPTY));
	ASSERT_EQ(0, page_counts(fd, &counts));
	EXPECT_EQ(0, counts.resident);
}

/* A multi-descriptor of whole descriptors has the rights of its members. */
TEST(multi_of_whole_descriptors_is_whole)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fds[2] = { create(dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0), 0 };
	struct iokmem_get_page_counts counts;
	int multi;
	char *own;

	ASSERT_LE(0, fds[0]);
	fds[1] = fds[0];
	ASSERT_EQ(0, map(fds[0], 0, 0, 0, &own));
	number_pages(own, SIZE);
	multi = create_multi(dev, INOUT, fds, 2);
	ASSERT_EQ(0, page_counts(multi, &counts));
	EXPECT_EQ(SIZE / PAGE, counts.resident);
	EXPECT_EQ(NON_VOLATILE, set_purgeable(multi, EMPTY));
	EXPECT_TRUE(is_zero(own, SIZE));
}

/* A process with nothing but a read-only file descriptor, and one that has all rights. */
FIXTURE(read_only)
{
	int dev;
	int fd;
	int file;
	char *own;
};

FIXTURE_SETUP(read_only)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->own));
	number_pages(self->own, SIZE);
	self->file = duplicate(self->fd, RO);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(read_only)
{
}

struct holder {
	int dev;
	int file;
	int ready;
	int go;
	bool redirects;
};

/* Hold the memory for reading, as long as the victim likes. */
static int hold_to_read(void *arg)
{
	struct holder *holder = arg;
	int other = new_buffer(SIZE), multi;
	char *bytes, byte;

	BECOME_ATTACKER();
	if (holder->redirects) {
		CHILD_EXPECT(!map(other, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_READ_ONLY, 0, 0, &bytes));
		CHILD_EXPECT(!redirect(other, bytes, SIZE, holder->file, 0, 0));
	} else {
		multi = give_multi(holder->dev, holder->file);
		CHILD_EXPECT(!map(multi, IOKMEM_MAP_READ_ONLY, 0, 0, &bytes));
	}
	CHILD_EXPECT(pages_are_numbered(bytes, SIZE, 0));
	CHILD_EXPECT(write(holder->ready, "!", 1) == 1);
	CHILD_EXPECT(read(holder->go, &byte, 1) == 1);
	return 0;
}

static void owner_writes_while_held(struct __test_metadata *_metadata, struct holder *holder,
				    int fd, char *own)
{
	int ready[2], go[2], multi, dma_buf, other = new_buffer(SIZE);
	char *bytes, *unique, byte;
	pid_t child;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	holder->ready = ready[1];
	holder->go = go[0];
	child = spawn(hold_to_read, holder);
	ASSERT_EQ(1, read(ready[0], &byte, 1));

	multi = give_multi(holder->dev, fd);
	EXPECT_EQ(0, map(multi, 0, 0, 0, &bytes));
	dma_buf = get_dma_buf(fd, 0);
	EXPECT_LE(0, dma_buf);
	ASSERT_EQ(0, map(other, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	EXPECT_EQ(0, redirect(other, unique, SIZE, fd, 0, 0));
	if (bytes) {
		memset(bytes + PAGE, 'm', PAGE);
		EXPECT_TRUE(is_filled(own + PAGE, PAGE, 'm'));
	}
	EXPECT_EQ(1, write(go[1], "!", 1));
	EXPECT_EQ(0, join(child));
}

TEST_F(read_only, map_of_a_multi_does_not_keep_the_owner_from_writing)
{
	struct holder holder = { .dev = self->dev, .file = self->file };

	owner_writes_while_held(_metadata, &holder, self->fd, self->own);
}

TEST_F(read_only, redirected_map_does_not_keep_the_owner_from_writing)
{
	struct holder holder = { .dev = self->dev, .file = self->file, .redirects = true };

	owner_writes_while_held(_metadata, &holder, self->fd, self->own);
}

/* Memory that was held for reading, and then for writing, is written to swap. */
TEST_F(read_only, what_the_owner_writes_meanwhile_counts_as_dirty)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, SIZE, 0);
	int reader = give_multi(self->dev, fd), writer = give_multi(self->dev, fd);
	struct iokmem_get_page_counts counts;
	char *shown, *written;

	ASSERT_EQ(0, map(reader, IOKMEM_MAP_READ_ONLY, 0, 0, &shown));
	ASSERT_EQ(0, page_counts(fd, &counts));
	EXPECT_EQ(SIZE / PAGE, counts.resident);
	EXPECT_EQ(0, counts.dirty);
	ASSERT_EQ(0, map(writer, 0, 0, 0, &written));
	ASSERT_EQ(0, page_counts(fd, &counts));
	EXPECT_EQ(SIZE / PAGE, counts.dirty);
	written[PAGE] = 'w';
	ASSERT_EQ(0, release(writer, written, SIZE));
	ASSERT_EQ(0, release(reader, shown, SIZE));
	ASSERT_EQ(0, page_counts(fd, &counts));
	EXPECT_EQ(SIZE / PAGE, counts.resident);
	EXPECT_EQ(SIZE / PAGE, counts.dirty);
}

static int count_often(void *arg)
{
	int file = *(int *)arg, i;
	struct iokmem_get_page_counts counts;

	BECOME_ATTACKER();
	for (i = 0; i < 100; i++)
		CHILD_EXPECT(!page_counts(file, &counts) && counts.dirty == SIZE / PAGE);
	return 0;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

TEST_F(read_only, counting_pages_makes_nobody_fault)
{
	long before, after;
	size_t at;

	EXPECT_EQ(0, run_child(count_often, &self->file));
	before = faults();
	for (at = 0; at < SIZE; at += PAGE)
		self->own[at + 1] = 'w';
	after = faults();
	/* A page of the program's own may come in meanwhile. */
	EXPECT_GE(before + 3, after);
	/* The test would see entries that were taken away. */
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, EMPTY));
	for (at = 0; at < SIZE; at += PAGE)
		self->own[at + 1] = 'w';
	EXPECT_LE(after + SIZE / PAGE, faults());
}

/* Ask for maps that fail when the answer cannot be written, until told to stop. */
static void *fail_to_map(void *arg)
{
	struct racer *racer = arg;
	struct iokmem_create_mapping *request;

	request = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*request = (struct iokmem_create_mapping){
		.size = sizeof(*request),
		.options = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY,
	};
	RACER_EXPECT(racer, !mprotect(request, PAGE, PROT_READ));
	pthread_barrier_wait(racer->barrier);
	for (; !stop; racer->done++) {
		RACER_EXPECT(racer, iok(racer->fd, IOKMEM_CREATE_MAPPING, request) == -EFAULT);
		/* Let the owner find the memory unmapped now and then. */
		usleep(random_below(racer, 100));
	}
	munmap(request, PAGE);
	return NULL;
}

/* Give the memory another mode. Waits until no failing request has it mapped. */
static int set_mode(int fd, __u32 mode)
{
	char *bytes;
	int err;

	do {
		err = map(fd, mode, 0, 0, &bytes);
	} while (err == -EBUSY);
	return err ? err : release(fd, bytes, PAGE);
}

TEST_F(read_only, requests_that_fail_undo_no_change_of_the_cache_mode)
{
	int fd = create(self->dev, INOUT, PAGE, 0), undone = 0, i;
	double until = now() + 3;
	struct racer racers[1];
	pthread_barrier_t barrier;

	NEED_CACHE_MODE(WC);
	start(_metadata, duplicate(fd, RO), racers, 1, &barrier, fail_to_map);
	for (i = 0; now() < until; i++) {
		__u32 mode = i & 1 ? WB : WC;

		EXPECT_EQ(0, set_mode(fd, mode));
		usleep(i % 300);
		undone += mode_of(fd) != mode;
	}
	stop = true;
	finish(_metadata, racers, 1);
	EXPECT_LT(1, i);
	EXPECT_EQ(0, undone)
		TH_LOG("of %d changes %d were undone", i, undone);
}

/* The file of a dma-buf says what its holder may do, and can be made write-only. */
TEST(write_only_dma_buf_is_not_imported)
{
	int dma_buf = new_heap_buffer(SIZE, O_WRONLY), dev;
	int readable = new_heap_buffer(SIZE, O_RDWR);

	if (dma_buf < 0)
		SKIP(return, "no system heap");
	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(O_WRONLY, fcntl(dma_buf, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(-EACCES, with_dma_buf(dev, INOUT, dma_buf));
	EXPECT_EQ(-EACCES, with_dma_buf(dev, IOKMEM_DIRECTION_IN, dma_buf));
	EXPECT_EQ(-EACCES, with_dma_buf(dev, IOKMEM_DIRECTION_OUT, dma_buf));
	EXPECT_LE(0, with_dma_buf(dev, INOUT, readable));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
