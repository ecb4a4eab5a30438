/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of the benchmark share: counting instructions, and saying what was
 * found. An operation that fails ends the program.
 *
 * In the guest that scripts/bench boots an instruction takes a nanosecond, so the clock
 * counts them. Nothing else here depends on that: elsewhere the figures are times.
 */
#ifndef _IOKMEM_BENCH_H
#define _IOKMEM_BENCH_H

#include "iokmem_utils.h"

/* Odd, so that one of them is the median. */
#define MAX_SAMPLES	41

/* What one operation cost, each time. */
struct samples {
	int nr;
	__u64 cost[MAX_SAMPLES];
};

/* What reading the clock twice costs itself: see begin(). */
static __u64 clock_cost;

static inline __u64 clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Figures of operations that have failed are worth nothing. */
static inline void need(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench: WRONG: it is not true that %s (errno: %s)\n", what,
		strerror(errno));
	exit(1);
}

#define NEED(condition)		need(condition, #condition)

static inline void add_sample(struct samples *samples, __u64 cost)
{
	NEED(samples->nr < MAX_SAMPLES);
	samples->cost[samples->nr++] = cost;
}

/* Add the cost of a statement, and give it. */
#define COUNT(samples, statement)					\
	({								\
		__u64 _begin = clock_now(), _cost;			\
									\
		statement;						\
		_cost = clock_now() - _begin - clock_cost;		\
		add_sample(samples, _cost);				\
		_cost;							\
	})

/* Let the kernel finish what it has put off: freeing by RCU, workers. */
static inline void settle(void)
{
	usleep(200 * 1000);
}

static int compare_costs(const void *a, const void *b)
{
	const __u64 *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static inline struct samples sort_samples(struct samples samples)
{
	qsort(samples.cost, samples.nr, sizeof(samples.cost[0]), compare_costs);
	return samples;
}

/* A line of the results: the first, the median and the maximum, and of how many. */
static inline void report(const char *row, __u64 size, const char *operation,
			  const struct samples *samples)
{
	struct samples sorted = sort_samples(*samples);

	need(samples->nr, operation);
	printf("%s,%llu,%s,%llu,%llu,%llu,%d\n", row, size, operation,
	       samples->cost[0], sorted.cost[sorted.nr / 2],
	       sorted.cost[sorted.nr - 1], sorted.nr);
	fflush(stdout);
}

/* Before anything is counted. */
static inline void begin(void)
{
	struct samples nothing = {};
	int i;

	for (i = 0; i < MAX_SAMPLES; i++)
		COUNT(&nothing, (void)0);
	clock_cost = sort_samples(nothing).cost[MAX_SAMPLES / 2];
}

#endif /* _IOKMEM_BENCH_H */
