// SPDX-License-Identifier: GPL-2.0-only
/*
 * While memory is given another cache mode, which takes long if it is large, a thread that
 * maps it does not keep others of its process from using their address space.
 */
#include "bounded.h"

#include <pthread.h>
#include <stdatomic.h>

#define SIZE		(256 * MIB)
#define NR_ROUNDS	12
/* A change that takes less cannot be told from noise. */
#define LONG_ENOUGH	0.03

/**
 * struct round - one change of the memory's mode, and what happens meanwhile
 * @fd: the buffer
 * @mode: the new mode
 * @retyping: the change is under way
 * @start: when it began, in seconds
 * @took: how long it took; 0 if there was none
 * @mapped: when mmap() of the buffer was called, counted from @start
 */
struct round {
	int fd;
	__u32 mode;
	atomic_bool retyping;
	double start;
	double took;
	double mapped;
};

static void *retype(void *arg)
{
	struct round *round = arg;
	char *address;

	round->start = now();
	round->retyping = true;
	if (!map(round->fd, round->mode, 0, 0, &address)) {
		round->took = now() - round->start;
		release(round->fd, address, SIZE);
	}
	round->retyping = false;
	return NULL;
}

static void *map_meanwhile(void *arg)
{
	struct round *round = arg;
	char *mapped;

	while (!round->retyping)
		sched_yield();
	usleep(3000);
	round->mapped = now() - round->start;
	mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, round->fd, 0);
	if (mapped != MAP_FAILED)
		munmap(mapped, SIZE);
	return NULL;
}

/* Return how long mapping, touching and unmapping other memory took at most. */
static double use_address_space(struct round *round)
{
	double longest = 0, start;
	char *page;

	while (!round->retyping)
		sched_yield();
	while (round->retyping) {
		start = now();
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			abort();
		touch(page, true);
		munmap(page, PAGE);
		if (longest < now() - start)
			longest = now() - start;
	}
	return longest;
}

TEST(mmap_of_memory_whose_mode_changes_holds_up_no_other_thread)
{
	int fd = new_buffer(SIZE), nr_long = 0, nr_free = 0, i;

	NEED_CACHE_MODE(IOKMEM_MAP_INHIBIT_CACHE);
	ASSERT_LE(0, fd);
	for (i = 0; i < NR_ROUNDS; i++) {
		struct round round = {
			.fd = fd,
			.mode = i & 1 ? IOKMEM_MAP_COPYBACK_CACHE : IOKMEM_MAP_INHIBIT_CACHE,
		};
		pthread_t retyper, mapper;
		double longest;

		ASSERT_EQ(0, pthread_create(&mapper, NULL, map_meanwhile, &round));
		ASSERT_EQ(0, pthread_create(&retyper, NULL, retype, &round));
		longest = use_address_space(&round);
		ASSERT_EQ(0, pthread_join(retyper, NULL));
		ASSERT_EQ(0, pthread_join(mapper, NULL));
		ASSERT_EQ(0, nr_maps(fd));
		/* Somebody had to map the memory for most of the time. */
		if (round.took < LONG_ENOUGH || round.mapped > round.took / 3)
			continue;
		TH_LOG("changed in %.0f ms, mapped after %.0f ms, others wait up to %.0f ms",
		       1000 * round.took, 1000 * round.mapped, 1000 * longest);
		nr_long++;
		nr_free += longest < round.took / 5;
	}
	if (!nr_long)
		SKIP(return, "no change of mode takes long enough here");
	/* Something else may hold others up now and then, but not always. */
	EXPECT_LT(0, nr_free);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
