// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirecting a map: to other memory, to nothing, and back.
 */
#include "iokmem_utils.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define SIZE		(16 * PAGE)

/* Write a number into each page, which tells the buffers and their pages apart. */
static void sign(char *bytes, size_t length, uint32_t name)
{
	size_t at;

	for (at = 0; at < length; at += PAGE)
		*(volatile uint32_t *)(bytes + at) = name + at / PAGE;
}

static bool is_signed(const char *bytes, size_t length, uint32_t name)
{
	size_t at;

	for (at = 0; at < length; at += PAGE)
		if (*(const volatile uint32_t *)(bytes + at) != name + at / PAGE)
			return false;
	return true;
}

#define OLD	0x01d00000u
#define NEW	0x7e300000u

/* Create a buffer whose pages are signed. Return its file descriptor or -errno. */
static int new_signed(__u32 options, size_t size, uint32_t name)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	char *address;
	int fd, err;

	if (dev < 0)
		return -errno;
	fd = create(dev, IOKMEM_DIRECTION_INOUT | options, size, 0);
	close(dev);
	if (fd < 0)
		return fd;
	err = map(fd, 0, 0, 0, &address);
	if (!err) {
		sign(address, size, name);
		err = release(fd, address, size);
	}
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/*
 * Redirect a map of any kind of memory to any other kind.
 */
FIXTURE(kinds)
{
	int old, new;
	size_t size;
};

FIXTURE_VARIANT(kinds)
{
	__u32 old, new;
	struct measure size;
};

#define KINDS(_name, _old, _new, _size)					\
	FIXTURE_VARIANT_ADD(kinds, _name)				\
	{								\
		.old = _old, .new = _new, .size = _size,		\
	}

KINDS(wired_to_wired, 0, 0, NR_PAGES(16));
KINDS(large_to_large, 0, 0, MEASURE(2, 3, 0));
KINDS(wired_to_contiguous, 0, IOKMEM_PHYSICALLY_CONTIGUOUS, NR_PAGES(16));
KINDS(wired_to_pageable, 0, IOKMEM_PAGEABLE, NR_PAGES(16));
KINDS(pageable_to_wired, IOKMEM_PAGEABLE, 0, NR_PAGES(16));
KINDS(pageable_to_pageable, IOKMEM_PAGEABLE, IOKMEM_PAGEABLE, NR_PAGES(16));
KINDS(wired_to_combined, 0, IOKMEM_MAP_WRITE_COMBINE_CACHE, NR_PAGES(16));
KINDS(uncached_to_wired, IOKMEM_MAP_INHIBIT_CACHE, 0, NR_PAGES(16));
KINDS(pageable_to_uncached, IOKMEM_PAGEABLE, IOKMEM_MAP_INHIBIT_CACHE, NR_PAGES(16));

FIXTURE_SETUP(kinds)
{
	NEED_CACHE_MODE(variant->old);
	NEED_CACHE_MODE(variant->new);
	self->size = measured(variant->size);
	self->old = new_signed(variant->old, self->size, OLD);
	self->new = new_signed(variant->new, self->size, NEW);
	ASSERT_LE(0, self->old);
	ASSERT_LE(0, self->new);
}

FIXTURE_TEARDOWN(kinds)
{
}

TEST_F(kinds, show_at_the_same_address_and_other_maps_do_not_change)
{
	size_t size = self->size;
	char *unique, *old, *new;

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	ASSERT_EQ(0, map(self->old, 0, 0, 0, &old));
	ASSERT_EQ(0, map(self->new, 0, 0, 0, &new));
	EXPECT_TRUE(is_signed(unique, size, OLD));

	ASSERT_EQ(0, redirect(self->old, unique, size, self->new, 0, 0));
	EXPECT_TRUE(is_signed(unique, size, NEW));
	EXPECT_TRUE(is_signed(old, size, OLD));
	EXPECT_TRUE(is_signed(new, size, NEW));
	/* The map shows the memory itself, not a copy. */
	unique[size - 1] = 'n';
	EXPECT_EQ('n', new[size - 1]);
	EXPECT_NE('n', old[size - 1]);
	EXPECT_EQ(1, nr_maps(self->old));
	EXPECT_EQ(2, nr_maps(self->new));

	/* Redirect the map back. */
	ASSERT_EQ(0, redirect(self->new, unique, size, self->old, 0, 0));
	EXPECT_TRUE(is_signed(unique, size, OLD));
	unique[size - 1] = 'o';
	EXPECT_EQ('o', old[size - 1]);
	EXPECT_EQ('n', new[size - 1]);
	EXPECT_EQ(2, nr_maps(self->old));
	EXPECT_EQ(1, nr_maps(self->new));
}

TEST_F(kinds, have_the_new_memory_type_in_every_entry)
{
	struct iokmem_query_mapping info;
	struct iokmem_query_buffer buffer;
	struct iokmem_probe entry;
	char *unique;
	size_t at;

	if (probe_user(self, &entry))
		SKIP(return, "no probe module");
	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	ASSERT_EQ(0, redirect(self->old, unique, self->size, self->new, 0, 0));
	ASSERT_EQ(0, query(self->new, &buffer));
	ASSERT_EQ(0, query_map(self->new, unique, self->size, &info));
	EXPECT_EQ(buffer.cache_mode, info.cache_mode);
	EXPECT_TRUE(is_signed(unique, self->size, NEW));
	for (at = 0; at < self->size; at += PAGE) {
		ASSERT_EQ(0, probe_user(unique + at, &entry));
		EXPECT_TRUE(entry.present);
		EXPECT_EQ(entry_cache(buffer.cache_mode), entry.cache);
	}
}

TEST_F(kinds, keep_the_memory_no_longer_than_they_show_it)
{
	long long id = buffer_id(self->old);
	char *unique;

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	ASSERT_EQ(0, redirect(self->old, unique, self->size, self->new, 0, 0));
	ASSERT_EQ(0, close(self->old));
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));

	/* The maps keep the new memory. */
	id = buffer_id(self->new);
	ASSERT_EQ(0, close(self->new));
	EXPECT_TRUE(is_listed(id));
	EXPECT_TRUE(is_signed(unique, self->size, NEW));
	ASSERT_EQ(0, munmap(unique, round_up(self->size, PAGE)));
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
}

/*
 * One map, and a thread that touches it.
 */
FIXTURE(redirect)
{
	int old, new;
	char *unique;
	pthread_t thread;
	atomic_uint seen;
};

FIXTURE_SETUP(redirect)
{
	self->old = new_signed(0, SIZE, OLD);
	self->new = new_signed(0, SIZE, NEW);
	ASSERT_LE(0, self->old);
	ASSERT_LE(0, self->new);
	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 0, 0, &self->unique));
}

FIXTURE_TEARDOWN(redirect)
{
}

#define FAULTED	0xdeadu

static void *look_at(void *arg)
{
	struct _test_data_redirect *self = arg;
	uint32_t value;

	if (sigsetjmp(probe_env, 1)) {
		self->seen = FAULTED;
		return NULL;
	}
	value = *(volatile uint32_t *)self->unique;
	self->seen = value;
	return NULL;
}

static void start_looking(struct __test_metadata *_metadata,
			  struct _test_data_redirect *self)
{
	struct sigaction act = { .sa_handler = probe_handler };
	struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	self->seen = 0;
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, look_at, self));
	/* The thread must not get past the access. Give it time to do so. */
	nanosleep(&moment, NULL);
	EXPECT_EQ(0, self->seen);
}

#define stop_looking(expected)						\
	do {								\
		ASSERT_EQ(0, pthread_join(self->thread, NULL));		\
		EXPECT_EQ(expected, self->seen);			\
	} while (0)

TEST_F(redirect, to_nothing_blocks_until_the_same_memory_resumes)
{
	char *old;

	ASSERT_EQ(0, map(self->old, 0, 0, 0, &old));
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	start_looking(_metadata, self);
	/* Writing the memory through another map does not wait. */
	sign(old, SIZE, OLD + 0x1000);
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, self->old, 0, 0));
	stop_looking(OLD + 0x1000);
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD + 0x1000));
}

TEST_F(redirect, to_nothing_blocks_until_there_is_other_memory)
{
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	/* Redirecting it to nothing again has no effect. */
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	start_looking(_metadata, self);
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, self->new, 0, 0));
	stop_looking(NEW);
	EXPECT_TRUE(is_signed(self->unique, SIZE, NEW));
}

TEST_F(redirect, to_nothing_leaves_the_address_space_free_to_change)
{
	char *other;
	int i;

	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	start_looking(_metadata, self);
	for (i = 0; i < 100; i++) {
		other = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, other);
		other[0] = 'x';
		ASSERT_EQ(0, mprotect(other, PAGE, PROT_READ));
		ASSERT_EQ(0, munmap(other, SIZE));
	}
	ASSERT_EQ(0, map(self->new, 0, 0, 0, &other));
	ASSERT_EQ(0, release(self->new, other, SIZE));
	EXPECT_EQ(0, self->seen);
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, self->old, 0, 0));
	stop_looking(OLD);
}

TEST_F(redirect, to_nothing_ends_with_the_map)
{
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	start_looking(_metadata, self);
	ASSERT_EQ(0, munmap(self->unique, SIZE));
	stop_looking(FAULTED);

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 0, 0, &self->unique));
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	start_looking(_metadata, self);
	ASSERT_EQ(0, release(self->old, self->unique, SIZE));
	stop_looking(FAULTED);

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 0, 0, &self->unique));
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, -1, 0, 0));
	start_looking(_metadata, self);
	ASSERT_EQ(0, unmap(self->old, self->unique, SIZE));
	stop_looking(FAULTED);
	EXPECT_EQ(0, nr_maps(self->old));
}

static int touch_blocked(void *arg)
{
	int fd = *(int *)arg;
	char *unique;

	CHILD_EXPECT(!map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	CHILD_EXPECT(!redirect(fd, unique, SIZE, -1, 0, 0));
	touch(unique, false);
	return 2;
}

TEST_F(redirect, to_nothing_can_be_killed)
{
	struct timespec moment = { .tv_nsec = 200 * 1000 * 1000 };
	pid_t child = spawn(touch_blocked, &self->old);
	int status;

	ASSERT_LT(0, child);
	nanosleep(&moment, NULL);
	ASSERT_EQ(0, waitpid(child, &status, WNOHANG));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, join(child));
	EXPECT_TRUE(EVENTUALLY(nr_maps(self->old) == 1));
}

TEST_F(redirect, moves_the_map_to_the_new_descriptor)
{
	struct iokmem_query_mapping info;

	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, self->new, 0, 0));
	EXPECT_EQ(0, nr_maps(self->old));
	EXPECT_EQ(1, nr_maps(self->new));
	/* Both descriptors find the map: the one that it was made of, and the one it shows. */
	EXPECT_EQ(0, query_map(self->old, self->unique, SIZE, &info));
	EXPECT_EQ(0, query_map(self->new, self->unique, SIZE, &info));
	EXPECT_EQ(1, info.references);
	EXPECT_TRUE(info.options & IOKMEM_MAP_UNIQUE);
	/* Requests for the new memory do not share the map. */
	EXPECT_EQ(-ENOENT, try_map(self->new, IOKMEM_MAP_REFERENCE |
				   IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	ASSERT_EQ(0, release(self->new, self->unique, SIZE));
	EXPECT_FALSE(can_read(self->unique));
	EXPECT_EQ(0, nr_maps(self->new));
}

TEST_F(redirect, can_be_released_where_it_was_made)
{
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, self->new, 0, 0));
	ASSERT_EQ(0, release(self->old, self->unique, SIZE));
	EXPECT_FALSE(can_read(self->unique));
	EXPECT_EQ(0, nr_maps(self->new));
}

TEST_F(redirect, of_part_shows_part)
{
	char *part;

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE, 2 * PAGE + 100, 5 * PAGE, &part));
	ASSERT_EQ(0, redirect(self->old, part, 5 * PAGE, self->new, 0, 7 * PAGE + 100));
	EXPECT_TRUE(is_signed(part - 100, 6 * PAGE, NEW + 7));
	EXPECT_FALSE(can_read(part - 101));
}

TEST_F(redirect, of_a_sub_and_a_multi_descriptor)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), sub, multi;
	__s32 fds[2] = { self->new, self->old };

	ASSERT_LE(0, dev);
	sub = create_sub(self->new, IOKMEM_DIRECTION_INOUT, 8 * PAGE, 8 * PAGE);
	ASSERT_LE(0, sub);
	fds[0] = sub;
	multi = create_multi(dev, IOKMEM_DIRECTION_INOUT, fds, 2);
	ASSERT_LE(0, multi);

	/* The map must fit into the sub-descriptor, even if the parent is longer. */
	EXPECT_EQ(-ERANGE, redirect(self->old, self->unique, SIZE, sub, 0, 0));
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, multi, 0, 0));
	EXPECT_TRUE(is_signed(self->unique, 8 * PAGE, NEW + 8));
	EXPECT_TRUE(is_signed(self->unique + 8 * PAGE, 8 * PAGE, OLD));
	ASSERT_EQ(0, redirect(multi, self->unique, SIZE, self->new, 0, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, NEW));
}

/*
 * The kernel looks up the entries of pageable memory's pages in the VMAs that map them page
 * by page. It must not find raw entries of these pages there.
 */
TEST_F(redirect, of_pageable_memory_to_itself_in_another_way_is_refused)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), multi;
	int pageable = new_signed(IOKMEM_PAGEABLE, SIZE, NEW);
	__s32 fds[] = { pageable, pageable };
	char *unique, *other;

	ASSERT_LE(0, dev);
	ASSERT_LE(0, pageable);
	multi = create_multi(dev, IOKMEM_DIRECTION_INOUT, fds, 2);
	ASSERT_LE(0, multi);
	ASSERT_EQ(0, map(pageable, IOKMEM_MAP_UNIQUE, 0, 4 * PAGE, &unique));
	EXPECT_EQ(-EOPNOTSUPP, redirect(pageable, unique, 4 * PAGE, multi, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, redirect(pageable, unique, 4 * PAGE, multi, 0, SIZE));
	EXPECT_EQ(-EOPNOTSUPP, redirect(pageable, unique, 4 * PAGE, pageable, 0, PAGE));
	EXPECT_TRUE(is_signed(unique, 4 * PAGE, NEW));
	/* It is also refused after the map has shown other memory. */
	ASSERT_EQ(0, redirect(pageable, unique, 4 * PAGE, self->old, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, redirect(self->old, unique, 4 * PAGE, multi, 0, 0));
	EXPECT_TRUE(is_signed(unique, 4 * PAGE, OLD));
	ASSERT_EQ(0, redirect(self->old, unique, 4 * PAGE, pageable, 0, 0));
	EXPECT_TRUE(is_signed(unique, 4 * PAGE, NEW));
	/* The kernel can safely reclaim the pages while the map shows them. */
	ASSERT_EQ(0, map(pageable, 0, 0, 0, &other));
	touch(other, true);
	madvise(other, SIZE, MADV_PAGEOUT);
	EXPECT_TRUE(is_signed(unique, 4 * PAGE, NEW));
	/* A map that was made of other memory can show it in any way. */
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, multi, 0, SIZE));
	EXPECT_TRUE(is_signed(self->unique, SIZE, NEW));
	madvise(other, SIZE, MADV_PAGEOUT);
	ASSERT_EQ(0, release(multi, self->unique, SIZE));
	ASSERT_EQ(0, release(pageable, unique, 4 * PAGE));
	ASSERT_EQ(0, release(pageable, other, SIZE));
}

TEST_F(redirect, to_the_same_memory_resumes_what_mmap_made_of_part_of_a_page)
{
	int fd = new_buffer(PAGE + 5);
	char *mapped;

	ASSERT_LE(0, fd);
	mapped = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mapped);
	mapped[0] = 'm';
	ASSERT_EQ(0, redirect(fd, mapped, 2 * PAGE, -1, 0, 0));
	ASSERT_EQ(0, redirect(fd, mapped, 2 * PAGE, fd, 0, 0));
	EXPECT_EQ('m', mapped[0]);
}

TEST_F(redirect, keeps_a_read_only_map_read_only)
{
	char *ro;

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_READ_ONLY, 0, 0, &ro));
	ASSERT_EQ(0, redirect(self->old, ro, SIZE, self->new, 0, 0));
	EXPECT_TRUE(is_signed(ro, SIZE, NEW));
	EXPECT_EQ(SIGSEGV, probe(ro, true));
	EXPECT_ERRNO(EACCES, mprotect(ro, SIZE, PROT_READ | PROT_WRITE));
}

TEST_F(redirect, of_a_read_only_descriptor_needs_a_read_only_map)
{
	int ro_fd = duplicate(self->new, IOKMEM_FD_READ_ONLY);
	char *ro;

	ASSERT_LE(0, ro_fd);
	EXPECT_EQ(-EACCES, redirect(self->old, self->unique, SIZE, ro_fd, 0, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD));
	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_READ_ONLY, 0, 0, &ro));
	if (has_cache_mode(IOKMEM_MAP_INHIBIT_CACHE))
		EXPECT_EQ(-EACCES, redirect(self->old, ro, SIZE, ro_fd,
					    IOKMEM_MAP_INHIBIT_CACHE, 0));
	EXPECT_EQ(0, redirect(self->old, ro, SIZE, ro_fd, 0, 0));
	EXPECT_TRUE(is_signed(ro, SIZE, NEW));
}

TEST_F(redirect, of_what_mmap_made)
{
	char *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->old, 0);

	ASSERT_NE(MAP_FAILED, mapped);
	ASSERT_EQ(0, redirect(self->old, mapped, SIZE, self->new, 0, 0));
	EXPECT_TRUE(is_signed(mapped, SIZE, NEW));
	ASSERT_EQ(0, munmap(mapped, SIZE));
	EXPECT_EQ(0, nr_maps(self->new));
}

TEST_F(redirect, keeps_the_guards)
{
	char *guarded;

	ASSERT_EQ(0, map(self->old, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_GUARDED_SMALL,
			 0, 0, &guarded));
	ASSERT_EQ(0, redirect(self->old, guarded, SIZE, self->new, 0, 0));
	EXPECT_TRUE(is_signed(guarded, SIZE, NEW));
	EXPECT_EQ(SIGSEGV, probe(guarded - 1, false));
	EXPECT_EQ(SIGSEGV, probe(guarded + SIZE, false));
}

TEST_F(redirect, changes_the_new_memory_if_nobody_uses_it)
{
	struct iokmem_query_buffer buffer;
	char *new;

	NEED_CACHE_MODE(IOKMEM_MAP_INHIBIT_CACHE);
	ASSERT_EQ(0, map(self->new, 0, 0, 0, &new));
	EXPECT_EQ(-EBUSY, redirect(self->old, self->unique, SIZE, self->new,
				   IOKMEM_MAP_INHIBIT_CACHE, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD));
	ASSERT_EQ(0, release(self->new, new, SIZE));
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, self->new,
			      IOKMEM_MAP_INHIBIT_CACHE, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, NEW));
	ASSERT_EQ(0, query(self->new, &buffer));
	EXPECT_EQ(IOKMEM_MAP_INHIBIT_CACHE, buffer.cache_mode);
	/* The old memory can be retyped, since nothing maps it any more. */
	EXPECT_EQ(0, map(self->old, IOKMEM_MAP_INHIBIT_CACHE, 0, 0, &new));
}

TEST_F(redirect, shows_zeroes_when_the_new_memory_is_emptied)
{
	int purgeable = new_signed(IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, NEW);

	ASSERT_LE(0, purgeable);
	ASSERT_EQ(0, redirect(self->old, self->unique, SIZE, purgeable, 0, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, NEW));
	ASSERT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE,
		  set_purgeable(purgeable, IOKMEM_PURGEABLE_EMPTY));
	EXPECT_TRUE(is_zero(self->unique, SIZE));
	/* A map cannot be redirected to memory that has been emptied. */
	ASSERT_EQ(0, redirect(purgeable, self->unique, SIZE, self->old, 0, 0));
	EXPECT_EQ(-ENODATA, redirect(self->old, self->unique, SIZE, purgeable, 0, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD));
}

TEST_F(redirect, refuses_bad_requests_and_changes_nothing)
{
	struct iokmem_redirect_mapping arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)self->unique,
		.length = SIZE,
		.fd = self->new,
	};
	struct state before, old_before;
	char *shared;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, map(self->old, 0, 0, 0, &shared));
	before = look(self->new);
	old_before = look(self->old);

	EXPECT_EQ(-ENOTUNIQ, redirect(self->old, shared, SIZE, self->new, 0, 0));
	EXPECT_EQ(-ENOTUNIQ, redirect(self->old, shared, SIZE, -1, 0, 0));
	EXPECT_EQ(-ERANGE, redirect(self->old, self->unique, SIZE, self->new, 0, PAGE));
	EXPECT_EQ(-EOVERFLOW, redirect(self->old, self->unique, SIZE, self->new, 0, -PAGE));
	EXPECT_EQ(-EINVAL, redirect(self->old, self->unique, SIZE, self->new, 0, 1));
	EXPECT_EQ(-EINVAL, redirect(self->old, self->unique, SIZE, -1, 0, PAGE));
	EXPECT_EQ(-EINVAL, redirect(self->old, self->unique, SIZE, -1,
				    IOKMEM_MAP_COPYBACK_CACHE, 0));
	EXPECT_EQ(-EOPNOTSUPP, redirect(self->old, self->unique, SIZE, self->new,
					IOKMEM_MAP_READ_ONLY, 0));
	EXPECT_EQ(-EOPNOTSUPP, redirect(self->old, self->unique, SIZE, self->new,
					IOKMEM_MAP_CACHE_MASK, 0));
	EXPECT_EQ(-EBADF, redirect(self->old, self->unique, SIZE, -2, 0, 0));
	EXPECT_EQ(-EBADF, redirect(self->old, self->unique, SIZE, pipes[0], 0, 0));
	EXPECT_EQ(-ENOENT, redirect(self->old, self->unique, SIZE - 1, self->new, 0, 0));
	EXPECT_EQ(-ENOENT, redirect(self->old, self->unique + PAGE, SIZE, self->new, 0, 0));
	EXPECT_EQ(-ENOENT, redirect(self->new, self->unique, SIZE, self->new, 0, 0));
	arg.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, iok(self->old, IOKMEM_REDIRECT_MAPPING, &arg));
	arg.__reserved = 0;
	arg.size = offsetof(struct iokmem_redirect_mapping, __reserved);
	EXPECT_EQ(-EINVAL, iok(self->old, IOKMEM_REDIRECT_MAPPING, &arg));

	EXPECT_UNCHANGED(before, self->new);
	EXPECT_UNCHANGED(old_before, self->old);
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD));
}

TEST_F(redirect, to_a_shorter_length_is_refused)
{
	ASSERT_EQ(0, set_length(self->new, SIZE - 1));
	EXPECT_EQ(-ERANGE, redirect(self->old, self->unique, SIZE, self->new, 0, 0));
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD));
}

/*
 * Unmapping a map for all who share it.
 */
TEST_F(redirect, unmap_ends_the_map_for_all_references)
{
	char *one, *two, *inside;
	int i;

	ASSERT_EQ(0, map(self->new, 0, 0, 0, &one));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, map(self->new, 0, 0, 0, &two));
	ASSERT_EQ(0, map(self->new, 0, PAGE, PAGE, &inside));
	EXPECT_EQ(4, references(self->new, one, SIZE));
	ASSERT_EQ(0, unmap(self->new, one, SIZE));
	EXPECT_FALSE(can_read(one));
	EXPECT_FALSE(can_read(inside));
	EXPECT_EQ(0, nr_maps(self->new));
	EXPECT_EQ(-ENOENT, unmap(self->new, one, SIZE));
	EXPECT_EQ(-ENOENT, release(self->new, one, SIZE));
	EXPECT_EQ(-ENOENT, release(self->new, inside, PAGE));
}

TEST_F(redirect, unmap_of_a_map_inside_another_leaves_that)
{
	char *whole, *inside;

	ASSERT_EQ(0, map(self->new, 0, 0, 0, &whole));
	ASSERT_EQ(0, map(self->new, 0, PAGE, PAGE, &inside));
	ASSERT_EQ(0, map(self->new, 0, PAGE, PAGE, &inside));
	EXPECT_EQ(2, nr_maps(self->new));
	ASSERT_EQ(0, unmap(self->new, inside, PAGE));
	EXPECT_EQ(1, nr_maps(self->new));
	EXPECT_EQ(-ENOENT, release(self->new, inside, PAGE));
	EXPECT_TRUE(is_signed(whole, SIZE, NEW));
	/* The map of the part can be made again. */
	ASSERT_EQ(0, map(self->new, 0, PAGE, PAGE, &inside));
	EXPECT_EQ(whole + PAGE, inside);
	ASSERT_EQ(0, release(self->new, inside, PAGE));
	ASSERT_EQ(0, release(self->new, whole, SIZE));
	EXPECT_FALSE(can_read(whole));
}

TEST_F(redirect, unmap_refuses_bad_requests)
{
	struct iokmem_unmap arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)self->unique,
		.length = SIZE,
		.__reserved = 1,
	};

	EXPECT_EQ(-EOPNOTSUPP, iok(self->old, IOKMEM_UNMAP, &arg));
	EXPECT_EQ(-ENOENT, unmap(self->old, self->unique, PAGE));
	EXPECT_EQ(-ENOENT, unmap(self->new, self->unique, SIZE));
	EXPECT_EQ(-ENOENT, unmap(self->old, NULL, SIZE));
	EXPECT_TRUE(is_signed(self->unique, SIZE, OLD));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
