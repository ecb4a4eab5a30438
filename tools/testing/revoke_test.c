// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoking memory: whoever has made a descriptor ends all use of it by others. Who has only
 * been handed it cannot.
 */
#include "iokmem_utils.h"

#include <pthread.h>
#include <stdatomic.h>

#define SIZE	(16 * PAGE)

FIXTURE(revoke)
{
	int dev;
	int fd;
	char *address;	/* all of it, writable */
};

FIXTURE_VARIANT(revoke)
{
	__u32 options;
};

FIXTURE_VARIANT_ADD(revoke, wired) {
	.options = IOKMEM_DIRECTION_INOUT,
};

FIXTURE_VARIANT_ADD(revoke, pageable) {
	.options = IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE,
};

FIXTURE_VARIANT_ADD(revoke, uncached) {
	.options = IOKMEM_DIRECTION_INOUT | IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_SETUP(revoke)
{
	NEED_CACHE_MODE(variant->options);
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, variant->options, SIZE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->address));
	number_pages(self->address, SIZE);
}

FIXTURE_TEARDOWN(revoke)
{
}

TEST_F(revoke, ends_all_maps_and_keeps_their_addresses)
{
	char *unique, *part, *by_mmap;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, PAGE, 100, &part));
	by_mmap = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, by_mmap);
	EXPECT_TRUE(pages_are_numbered(by_mmap, SIZE, 0));

	ASSERT_EQ(0, revoke_memory(self->fd));
	EXPECT_EQ(0, nr_maps(self->fd));
	EXPECT_EQ(SIGBUS, probe(self->address, false));
	EXPECT_EQ(SIGBUS, probe(unique + SIZE - 1, true));
	EXPECT_EQ(SIGBUS, probe(part, false));
	EXPECT_EQ(SIGBUS, probe(by_mmap, false));
	/* Nothing else gets into the way. */
	EXPECT_EQ(-ENOENT, release(self->fd, self->address, SIZE));
	EXPECT_EQ(0, munmap(self->address, SIZE));
	EXPECT_EQ(SIGSEGV, probe(self->address, false));
}

TEST_F(revoke, leaves_nothing_to_ask_for)
{
	char *address;

	ASSERT_EQ(0, revoke_memory(self->fd));
	EXPECT_EQ(-ENODEV, map(self->fd, 0, 0, 0, &address));
	EXPECT_EQ(-ENODEV, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &address));
	EXPECT_EQ(-ENODEV, map_at(self->fd, IOKMEM_MAP_OVERWRITE, (uintptr_t)self->address, 0, 0,
				  &address));
	EXPECT_ERRNO(ENODEV, (long)mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(-ENODEV, get_dma_buf(self->fd, 0));
	EXPECT_EQ(SIZE, (size_t)length_of(self->fd));
	EXPECT_EQ(0, revoke_memory(self->fd));
}

static int lose_it(void *arg)
{
	int fd = *(int *)arg, ready[2];
	char *address, byte;
	pid_t child;

	/* A child of the child touches the memory until it is gone, and has SIGBUS then. */
	CHILD_EXPECT(!pipe(ready));
	child = fork();
	if (!child) {
		alarm(60);
		CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
		CHILD_EXPECT(write(ready[1], "!", 1) == 1);
		for (;;)
			(*(volatile char *)address)++;
	}
	CHILD_EXPECT(read(ready[0], &byte, 1) == 1);
	CHILD_EXPECT(!revoke_memory(fd));
	CHILD_EXPECT(join(child) == 128 + SIGBUS);
	return 0;
}

TEST_F(revoke, ends_maps_of_other_processes_while_they_use_them)
{
	EXPECT_EQ(0, run_child(lose_it, &self->fd));
}

TEST_F(revoke, needs_the_right_of_the_maker)
{
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	int handed_on = duplicate(self->fd, IOKMEM_FD_NO_REVOKE);
	int handed_on_again = duplicate(handed_on, 0);
	int same = duplicate(self->fd, 0);

	EXPECT_EQ(-EACCES, revoke_memory(read_only));
	EXPECT_EQ(-EACCES, revoke_memory(handed_on));
	EXPECT_EQ(-EACCES, revoke_memory(handed_on_again));
	EXPECT_TRUE(can_read(self->address));
	/* It can be written all the same. */
	EXPECT_EQ(0, try_map(handed_on, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, revoke_memory(same));
	EXPECT_FALSE(can_read(self->address));
	EXPECT_EQ(-EACCES, revoke_memory(handed_on));
	EXPECT_EQ(-EOPNOTSUPP, duplicate(self->fd, 8));
}

TEST_F(revoke, is_not_a_right_over_a_dma_bufs_memory)
{
	int dma_buf = get_dma_buf(self->fd, 0), back;

	ASSERT_LE(0, dma_buf);
	back = with_dma_buf(self->dev, IOKMEM_DIRECTION_INOUT, dma_buf);
	ASSERT_LE(0, back);
	EXPECT_EQ(-EACCES, revoke_memory(back));
	EXPECT_TRUE(can_read(self->address));
}

TEST_F(revoke, of_a_member_revokes_the_whole)
{
	int other = new_buffer(PAGE), fds[] = { self->fd, other }, multi, sub;
	char *whole, *part, *rest;

	multi = create_multi(self->dev, IOKMEM_DIRECTION_INOUT, fds, 2);
	ASSERT_LE(0, multi);
	sub = create_sub(self->fd, IOKMEM_DIRECTION_INOUT, PAGE, PAGE);
	ASSERT_LE(0, sub);
	ASSERT_EQ(0, map(multi, 0, 0, 0, &whole));
	ASSERT_EQ(0, map(sub, 0, 0, 0, &part));
	ASSERT_EQ(0, map(other, 0, 0, 0, &rest));
	EXPECT_TRUE(can_read(whole));

	EXPECT_EQ(-EACCES, revoke_memory(sub));
	ASSERT_EQ(0, revoke_memory(self->fd));
	EXPECT_FALSE(can_read(whole));
	EXPECT_FALSE(can_read(part));
	EXPECT_TRUE(can_read(rest));
	EXPECT_EQ(-ENODEV, create_multi(self->dev, IOKMEM_DIRECTION_INOUT, fds, 2));
}

TEST_F(revoke, of_the_whole_leaves_the_members)
{
	int multi = create_multi(self->dev, IOKMEM_DIRECTION_INOUT, &self->fd, 1);
	char *whole;

	ASSERT_LE(0, multi);
	ASSERT_EQ(0, map(multi, 0, 0, 0, &whole));
	ASSERT_EQ(0, revoke_memory(multi));
	EXPECT_FALSE(can_read(whole));
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
}

struct mapper {
	int fd;
	atomic_int maps;
	int err;
};

/* Map and unmap until that fails. */
static void *map_on(void *arg)
{
	struct mapper *mapper = arg;
	char *address;

	for (;;) {
		mapper->err = map(mapper->fd, mapper->maps & 1 ? IOKMEM_MAP_UNIQUE : 0, 0, 0,
				  &address);
		if (mapper->err)
			return NULL;
		probe(address, false);
		release(mapper->fd, address, SIZE);
		mapper->maps++;
	}
}

TEST_F(revoke, bears_threads_that_map)
{
	struct mapper mapper = { .fd = self->fd };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, map_on, &mapper));
	EXPECT_TRUE(EVENTUALLY(mapper.maps > 30));
	ASSERT_EQ(0, revoke_memory(self->fd));
	pthread_join(thread, NULL);
	EXPECT_EQ(-ENODEV, mapper.err);
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* Map until that fails, and unmap what has an address, whether the map has ended or not. */
static void *map_and_munmap(void *arg)
{
	struct mapper *mapper = arg;
	char *address;

	for (;;) {
		mapper->err = map(mapper->fd, IOKMEM_MAP_UNIQUE, 0, 0, &address);
		if (mapper->err)
			return NULL;
		munmap(address, SIZE);
		mapper->maps++;
	}
}

/* A map that a revoke overtakes fails, or its maker learns the address. */
TEST_F(revoke, leaves_no_addresses_that_nobody_knows)
{
	int vmas = nr_iokmem_vmas(), i;

	for (i = 0; i < 50; i++) {
		struct mapper mapper = { .fd = create(self->dev, variant->options, SIZE, 0) };
		pthread_t thread;

		ASSERT_LE(0, mapper.fd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, map_and_munmap, &mapper));
		while (mapper.maps < 3)
			sched_yield();
		ASSERT_EQ(0, revoke_memory(mapper.fd));
		pthread_join(thread, NULL);
		EXPECT_EQ(-ENODEV, mapper.err);
		close(mapper.fd);
	}
	EXPECT_EQ(vmas, nr_iokmem_vmas());
}

#define LARGE	(1024 * PAGE)

struct changer {
	int fd;
	atomic_int maps;
	atomic_bool revoked;
	int seen;	/* maps that showed the memory after it had been revoked */
	int err;
};

/* Map with one cache mode after the other until that fails. */
static void *map_in_modes(void *arg)
{
	struct changer *changer = arg;
	char *address;

	for (;;) {
		changer->err = map(changer->fd, changer->maps & 1 ? IOKMEM_MAP_COPYBACK_CACHE :
				   IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0, &address);
		if (changer->err)
			return NULL;
		changer->seen += changer->revoked && !probe(address, false);
		release(changer->fd, address, LARGE);
		changer->maps++;
	}
}

TEST(memory_that_changes_its_cache_mode_is_revoked_like_any_other)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), i;

	NEED_CACHE_MODE(IOKMEM_MAP_WRITE_COMBINE_CACHE);
	ASSERT_LE(0, dev);
	for (i = 0; i < 30; i++) {
		struct changer changer = { .fd = create(dev, IOKMEM_DIRECTION_INOUT, LARGE, 0) };
		pthread_t thread;

		ASSERT_LE(0, changer.fd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, map_in_modes, &changer));
		while (changer.maps < 2)
			sched_yield();
		usleep(i * 150);
		ASSERT_EQ(0, revoke_memory(changer.fd));
		changer.revoked = true;
		EXPECT_EQ(0, nr_maps(changer.fd));
		pthread_join(thread, NULL);
		EXPECT_EQ(-ENODEV, changer.err);
		EXPECT_EQ(0, changer.seen);
		close(changer.fd);
	}
	close(dev);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
