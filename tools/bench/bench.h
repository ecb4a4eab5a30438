/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Common code of the benchmark's programs: counting instructions, and printing results. An
 * operation that fails ends the program.
 *
 *	bench-PROGRAM [ROW [SIZE [BLOCK]]]
 *
 * counts only the rows that match the pattern, and only one size of them. With BLOCK it runs
 * in broken memory: no free block is larger than so many bytes.
 *
 * In the guest that scripts/bench boots, an instruction takes a nanosecond, so the clock
 * counts them. Nothing else depends on that: on other machines the figures are times.
 */
#ifndef _IOKMEM_BENCH_H
#define _IOKMEM_BENCH_H

#include "iokmem_utils.h"

#include <fnmatch.h>

#include <linux/random.h>

#include "kernel/iokmem_bench.h"
#include "mark.h"

#define BENCH_DEVICE	"/sys/kernel/debug/iokmem_bench"

/* Odd, so that one sample is the median. */
#define MAX_SAMPLES	41

/**
 * struct samples - what one operation cost, each time
 * @operation: in the table
 * @nr: how many times
 * @cost: of each
 * @window: the profiler's first and last window of the latest, or -1
 */
struct samples {
	const char *operation;
	int nr;
	__u64 cost[MAX_SAMPLES];
	int window[2];
};

#define SAMPLES(name)	{ .operation = (name) }

/* Cost of reading the clock twice. See begin(). */
static __u64 clock_cost;
/* Number of counts, of all programs: the profiler numbers its windows in this way. */
static int *nr_windows;
/* Selected rows, by a pattern, and the selected size; 0 selects every size. */
static const char *wanted_row = "*";
static __u64 wanted_size;
/* The program runs in broken memory. */
static __u64 largest_block;

static inline __u64 clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Figures of operations that have failed mean nothing. */
static inline void need(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench: WRONG: it is not true that %s (errno: %s)\n", what,
		strerror(errno));
	exit(1);
}

#define NEED(condition)		need(condition, #condition)

static inline void add_sample(struct samples *samples, __u64 cost, int first, int last)
{
	NEED(samples->nr < MAX_SAMPLES);
	samples->cost[samples->nr++] = cost;
	samples->window[0] = first;
	samples->window[1] = last;
}

static inline void add_window(struct samples *samples, __u64 cost)
{
	add_sample(samples, cost, *nr_windows, *nr_windows);
	++*nr_windows;
}

/* Add the cost of a statement. */
#define COUNT(samples, statement)					\
	do {								\
		__u64 _begin = clock_now(), _cost;			\
									\
		MARK(MARK_BEGIN);					\
		statement;						\
		MARK(MARK_END);						\
		_cost = clock_now() - _begin - clock_cost;		\
		add_window(samples, _cost);				\
	} while (0)

/* Return the sample that was added last. */
static inline __u64 last_cost(const struct samples *samples)
{
	return samples->cost[samples->nr - 1];
}

/* Memory that fits into a block is the same in broken memory. */
static inline bool wanted(const char *row, __u64 size)
{
	if (size <= largest_block)
		return false;
	return (!wanted_size || size == wanted_size) && !fnmatch(wanted_row, row, FNM_EXTMATCH);
}

/* Let the kernel finish work that it has deferred: freeing by RCU, and workers. */
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

/*
 * Print a line of results: the first sample, the median, the maximum and the number; and for
 * the profiler the latest sample and its windows.
 */
static inline void report(const char *row, __u64 size, const struct samples *samples)
{
	struct samples sorted = sort_samples(*samples);

	need(samples->nr, samples->operation);
	printf("%s,%llu,%s,%llu,%llu,%llu,%d,%llu,%d,%d\n", row, size,
	       samples->operation, samples->cost[0], sorted.cost[sorted.nr / 2],
	       sorted.cost[sorted.nr - 1], sorted.nr, last_cost(samples),
	       samples->window[0], samples->window[1]);
	fflush(stdout);
}

/*
 * Create a VMA that does not merge. The kernel's tree of VMAs takes twice the work wherever
 * one of its nodes gets full. A fixed number of VMAs would find or miss that by chance, so
 * each sample has another number.
 */
static inline void add_vma(int number)
{
	NEED(mmap(NULL, PAGE, number % 2 ? PROT_NONE : PROT_READ,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

/* Run in an address space that has nothing else. */
static inline void alone(void (*run)(const void *subject, __u64 size),
			 const void *subject, __u64 size)
{
	pid_t pid = fork();
	int status;

	NEED(pid >= 0);
	if (!pid) {
		run(subject, size);
		exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid && !status);
	settle();
}

/* Open the device once, for any number of descriptors. */
static inline int device(int *fd, const char *path)
{
	if (*fd < 0)
		*fd = open(path, O_RDWR | O_CLOEXEC);
	need(*fd >= 0, path);
	return *fd;
}

static inline void break_memory(void)
{
	int dev = -1;

	/* Pools hold large blocks. */
	NEED(!write_file("/proc/sys/vm/drop_caches", "3"));
	NEED(!ioctl(device(&dev, BENCH_DEVICE), IOKMEM_BENCH_BREAK, &largest_block));
	close(dev);
}

/*
 * A guest whose clock counts instructions has no entropy. Until it has, each random number
 * costs the kernel 10,000 instructions.
 */
static inline void seed_random(void)
{
	struct {
		struct rand_pool_info info;
		char seed[64];
	} arg = { .info = { .entropy_count = 8 * 64, .buf_size = 64 } };
	int fd = open("/dev/random", O_RDWR | O_CLOEXEC);

	NEED(fd >= 0 && !ioctl(fd, RNDADDENTROPY, &arg));
	close(fd);
}

/* The count is in a file that all processes share, and the next program as well. */
static inline void share_windows(void)
{
	int fd = open("/tmp/windows", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	NEED(fd >= 0 && !ftruncate(fd, PAGE));
	nr_windows = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(nr_windows != MAP_FAILED);
	close(fd);
}

/* Prepare the machine before anything is counted. */
static inline void begin(int argc, char **argv)
{
	struct samples nothing = {};
	int i;

	if (argc > 1)
		wanted_row = argv[1];
	if (argc > 2)
		wanted_size = strtoull(argv[2], NULL, 0);
	if (argc > 3)
		largest_block = strtoull(argv[3], NULL, 0);
	if (largest_block)
		break_memory();
	seed_random();
	share_windows();
	for (i = 0; i < MAX_SAMPLES; i++)
		COUNT(&nothing, (void)0);
	clock_cost = sort_samples(nothing).cost[MAX_SAMPLES / 2];
}

#endif /* _IOKMEM_BENCH_H */
