// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem's objects, used by several threads at once.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_fixture.h"
#include "racers.h"

static struct iokmem_desc *shared;
static struct iokmem_map *shared_map;

/* Maps that share an address, each with its own lifetime. */
static void *map_and_put(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	do {
		uint64_t offset = random_below(racer, BUFFER_SIZE);
		uint64_t length = 1 + random_below(racer, BUFFER_SIZE - offset);
		struct iokmem_map *map;

		RACER_EXPECT(racer, !iokmem_desc_create_mapping(shared, 0, 0, offset, length,
								0, &map));
		if (!map)
			break;
		is_mapped(iokmem_map_get_address(map), length);
		touch(bytes_of(map) + length - 1, true);
		RACER_EXPECT(racer, iokmem_map_get_retain_count(map) == 1);
		iokmem_map_put(map);
		racer->done++;
	} while (!stop && !racer->wrong);
	return NULL;
}

TEST_F(library, threads_map_and_put)
{
	NOT_FOR_VALGRIND;
	shared = self->buffer;
	race(_metadata, self->fd, NR_THREADS, map_and_put);
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* References to one object. The main thread holds the last one. */
static void *get_and_put(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	do {
		RACER_EXPECT(racer, iokmem_map_get(shared_map) == shared_map);
		RACER_EXPECT(racer, iokmem_desc_get(shared) == shared);
		RACER_EXPECT(racer, iokmem_map_get_retain_count(shared_map) >= 2);
		RACER_EXPECT(racer, iokmem_desc_get_retain_count(shared) >= 3);
		iokmem_desc_put(shared);
		iokmem_map_put(shared_map);
		racer->done++;
	} while (!stop && !racer->wrong);
	return NULL;
}

TEST_F(library, threads_get_and_put)
{
	NOT_FOR_VALGRIND;
	shared = self->buffer;
	shared_map = make_map(shared, 0, 0, 0);
	ASSERT_NE(NULL, shared_map);
	race(_metadata, self->fd, NR_THREADS, get_and_put);
	EXPECT_EQ(1, iokmem_map_get_retain_count(shared_map));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(shared));
	iokmem_map_put(shared_map);
}

/* Each thread puts one reference, and the last one frees the object. */
static void *put_once(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	iokmem_map_put(shared_map);
	iokmem_desc_put(shared);
	racer->done++;
	return NULL;
}

TEST_F(library, threads_put_the_last_reference)
{
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int round, i;

	NOT_FOR_VALGRIND;
	for (round = 0; round < 20; round++) {
		shared = make_buffer(0, PAGE);
		shared_map = make_map(shared, 0, 0, 0);
		ASSERT_NE(NULL, shared_map);
		for (i = 1; i < NR_THREADS; i++) {
			iokmem_map_get(shared_map);
			iokmem_desc_get(shared);
		}
		start(_metadata, -1, racers, NR_THREADS, &barrier, put_once);
		finish(_metadata, racers, NR_THREADS);
		EXPECT_EQ(0, nr_iokmem_vmas());
	}
}

/* All threads request the first mapping of a buffer. */
static void *get_range_once(void *arg)
{
	struct iokmem_address_segment range = { 0 };
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	RACER_EXPECT(racer, !iokmem_buffer_get_address_range(shared, &range));
	is_mapped(range.address, range.length);
	RACER_EXPECT(racer, range.length == PAGE);
	racer->address = (char *)(uintptr_t)range.address;
	racer->done++;
	return NULL;
}

TEST_F(library, threads_that_ask_for_the_range_at_once_get_the_same)
{
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int round, i;

	NOT_FOR_VALGRIND;
	for (round = 0; round < 20; round++) {
		shared = make_buffer(0, PAGE);
		ASSERT_NE(NULL, shared);
		start(_metadata, -1, racers, NR_THREADS, &barrier, get_range_once);
		finish(_metadata, racers, NR_THREADS);
		for (i = 1; i < NR_THREADS; i++)
			EXPECT_EQ(racers[0].address, racers[i].address);
		EXPECT_EQ(1, nr_iokmem_vmas());
		iokmem_desc_put(shared);
		EXPECT_EQ(0, nr_iokmem_vmas());
	}
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
