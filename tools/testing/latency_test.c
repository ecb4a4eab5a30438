// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on large memory: they let others run on their processor, and end when their program is
 * killed.
 *
 * A watcher that has precedence over every other program wakes on the processor of the call, again
 * and again. Where the kernel is not preempted it is late by as long as the call keeps the
 * processor. Emulated machines are slow and get no processor at times, so the watcher may be late
 * by a part of the call, too. A call that does not let others run keeps it waiting for all of the
 * call, or for all of its slowest step.
 */
#include "driver_utils.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define SIZE	(256 * MIB)
#define BOUND	0.05		/* seconds, on any machine */
#define PART	6		/* of the call, on a slow machine */
#define TRIES	10		/* in which other guests may slow this one down */

/* Large pieces of memory may have been broken up by what ran before. */
#define PREPARE()							\
	do {								\
		int _err = variant->prepare(&self->call);		\
									\
		if (_err == -ENOMEM || _err == -EOPNOTSUPP)		\
			SKIP(return, "no such memory here");		\
		ASSERT_EQ(0, _err);					\
	} while (0)

/* A call on large memory, and what it needs. */
struct call {
	int dev;
	int driver;
	int fd;
	int dma_buf;
	char *address;
};

FIXTURE(large)
{
	struct call call;
};

/*
 * @prepare makes what @run needs, and @clean_up what comes after it. Only @run is measured. They
 * return 0 or -errno.
 */
FIXTURE_VARIANT(large)
{
	int (*prepare)(struct call *call);
	int (*run)(struct call *call);
	void (*clean_up)(struct call *call);
	bool ends_when_killed;	/* what is undone then is less than half of the call */
};

static int create_buffer(struct call *call, __u32 options)
{
	call->fd = create(call->dev, IOKMEM_DIRECTION_INOUT | options, SIZE, 0);
	return call->fd < 0 ? call->fd : 0;
}

static int create_wired(struct call *call)
{
	return create_buffer(call, 0);
}

static int create_combined(struct call *call)
{
	return create_buffer(call, IOKMEM_MAP_WRITE_COMBINE_CACHE);
}

static int create_contiguous(struct call *call)
{
	return create_buffer(call, IOKMEM_PHYSICALLY_CONTIGUOUS);
}

static int create_pageable(struct call *call)
{
	return create_buffer(call, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE);
}

static void close_buffer(struct call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	call->fd = -1;
}

static int free_buffer(struct call *call)
{
	close_buffer(call);
	return 0;
}

static void do_nothing(struct call *call)
{
}

/* Map a page, in another cache mode: all of the memory gets it. */
static int retype(struct call *call)
{
	return map(call->fd, IOKMEM_MAP_INHIBIT_CACHE, 0, PAGE, &call->address);
}

static void release_page(struct call *call)
{
	if (call->address)
		release(call->fd, call->address, PAGE);
	close_buffer(call);
}

static int map_filled(struct call *call)
{
	return map(call->fd, IOKMEM_MAP_PREFAULT, 0, 0, &call->address);
}

static int map_pinnable(struct call *call)
{
	return map(call->fd, IOKMEM_MAP_PREFAULT | IOKMEM_MAP_PINNABLE, 0, 0, &call->address);
}

static int unmap_all(struct call *call)
{
	return release(call->fd, call->address, SIZE);
}

static void release_all(struct call *call)
{
	if (call->address)
		release(call->fd, call->address, SIZE);
	close_buffer(call);
}

static int create_and_map(struct call *call)
{
	int err = create_wired(call);

	return err ? err : map_pinnable(call);
}

static int hold(struct call *call)
{
	call->dma_buf = get_dma_buf(call->fd, 0);
	return call->dma_buf < 0 ? call->dma_buf : 0;
}

static int create_and_hold(struct call *call)
{
	int err = create_pageable(call);

	return err ? err : hold(call);
}

static int empty(struct call *call)
{
	int old = set_purgeable(call->fd, IOKMEM_PURGEABLE_EMPTY);

	return old < 0 ? old : 0;
}

static int let_go(struct call *call)
{
	close(call->dma_buf);
	call->dma_buf = -1;
	return 0;
}

static void close_all(struct call *call)
{
	if (call->dma_buf >= 0)
		close(call->dma_buf);
	call->dma_buf = -1;
	close_buffer(call);
}

static int count_pages(struct call *call)
{
	struct iokmem_get_page_counts counts;

	return page_counts(call->fd, &counts);
}

static int use(struct call *call, __u32 how)
{
	struct iokmem_probe_use arg = { .fd = call->fd, .how = how, .length = SIZE };

	return iok(call->driver, IOKMEM_PROBE_USE, &arg);
}

static int use_flush(struct call *call)
{
	return use(call, IOKMEM_PROBE_FLUSH);
}

static int use_write(struct call *call)
{
	return use(call, IOKMEM_PROBE_WRITE);
}

static int use_kernel(struct call *call)
{
	return use(call, IOKMEM_PROBE_MAP_KERNEL);
}

static int make_range(struct call *call)
{
	call->address = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return call->address == MAP_FAILED ? -errno : 0;
}

static int prepare_range(struct call *call)
{
	return driver_prepare(call->driver, call->address, SIZE, IOKMEM_DIRECTION_INOUT);
}

static void unmap_range(struct call *call)
{
	munmap(call->address, SIZE);
}

static int nothing(struct call *call)
{
	return 0;
}

#define LARGE(_name, _prepare, _run, _clean_up, ...)				\
	FIXTURE_VARIANT_ADD(large, _name)					\
	{									\
		.prepare = _prepare, .run = _run, .clean_up = _clean_up, __VA_ARGS__ \
	}

LARGE(create, nothing, create_wired, close_buffer, .ends_when_killed = true);
LARGE(create_combined, nothing, create_combined, close_buffer);
LARGE(create_contiguous, nothing, create_contiguous, close_buffer, .ends_when_killed = true);
LARGE(free, create_wired, free_buffer, do_nothing);
LARGE(free_combined, create_combined, free_buffer, do_nothing);
LARGE(retype, create_wired, retype, release_page, .ends_when_killed = true);
LARGE(retype_contiguous, create_contiguous, retype, release_page, .ends_when_killed = true);
LARGE(fill, create_wired, map_filled, release_all);
LARGE(fill_with_pages, create_wired, map_pinnable, release_all, .ends_when_killed = true);
LARGE(unmap, create_and_map, unmap_all, close_buffer);
LARGE(hold, create_pageable, hold, close_all, .ends_when_killed = true);
LARGE(let_go, create_and_hold, let_go, close_all);
LARGE(empty, create_and_hold, empty, close_all);
LARGE(count, create_and_hold, count_pages, close_all);
LARGE(flush, create_contiguous, use_flush, close_buffer);
LARGE(write, create_wired, use_write, close_buffer);
LARGE(map_into_kernel, create_wired, use_kernel, close_buffer);
LARGE(prepare_range, make_range, prepare_range, unmap_range);

FIXTURE_SETUP(large)
{
	self->call.dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->call.dev);
	self->call.driver = open_driver();
	if (self->call.driver < 0)
		SKIP(return, "no " DRIVER);
	self->call.fd = -1;
	self->call.dma_buf = -1;
}

FIXTURE_TEARDOWN(large)
{
	/* Leave nothing in the pools, which give back their oldest blocks, whosever they are. */
	write_file("/proc/sys/vm/drop_caches", "2");
}

static atomic_bool watching;

static void stay_on_first_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Return by how much the watcher was late at most, in a double. */
static void *watch(void *arg)
{
	struct sched_param param = { .sched_priority = 50 };
	struct timespec wait = { .tv_nsec = 1000 * 1000 };
	double *worst = arg, before, late;

	stay_on_first_processor();
	sched_setscheduler(0, SCHED_FIFO, &param);
	while (watching) {
		before = now();
		nanosleep(&wait, NULL);
		late = now() - before - 0.001;
		if (late > *worst)
			*worst = late;
	}
	return NULL;
}

/* Make the call and return how long it took, or a negative error. */
static double measure(int (*run)(struct call *call), struct call *call, double *worst)
{
	pthread_t watcher;
	double start, took;
	int err;

	*worst = 0;
	watching = true;
	stay_on_first_processor();
	pthread_create(&watcher, NULL, watch, worst);
	usleep(20 * 1000);
	*worst = 0;
	start = now();
	err = run(call);
	took = now() - start;
	watching = false;
	pthread_join(watcher, NULL);
	return err ? err : took;
}

/* Prepare the call, make it, and clean up, which takes a time of its own. */
#define MEASURE(worst, cleaning)					\
	({								\
		double _took, _start;					\
									\
		PREPARE();						\
		_took = measure(variant->run, &self->call, worst);	\
		_start = now();						\
		variant->clean_up(&self->call);				\
		*(cleaning) = now() - _start;				\
		if (_took == -ENOMEM || _took == -EOPNOTSUPP)		\
			SKIP(return, "no such memory here");		\
		ASSERT_LE(0, _took);					\
		_took;							\
	})

TEST_F(large, call_lets_others_run)
{
	double took = 0, worst = 0, cleaning;
	bool good = false;
	int i;

	for (i = 0; i < TRIES && !good; i++) {
		self->call.address = NULL;
		took = MEASURE(&worst, &cleaning);
		good = worst < BOUND || worst * PART < took;
	}
	TH_LOG("%.0f ms, and others waited for %.0f ms", took * 1000, worst * 1000);
	EXPECT_TRUE(good);
}

static int run_killed(struct call *call, int (*run)(struct call *call))
{
	run(call);
	/* Not reached by a call that ends when it is killed. */
	pause();
	return 0;
}

TEST_F(large, call_ends_when_its_program_is_killed)
{
	double took = 0, start, worst, cleaning = 0, dying = 0;
	bool good = false;
	pid_t child;
	int i;

	if (!variant->ends_when_killed)
		SKIP(return, "it frees memory, or is too short");
	for (i = 0; i < TRIES && !good; i++) {
		took = MEASURE(&worst, &cleaning);
		PREPARE();
		child = fork();
		if (!child)
			_exit(run_killed(&self->call, variant->run));
		usleep(took / 4 * 1000000);
		start = now();
		kill(child, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, join(child));
		dying = now() - start;
		self->call.address = NULL;
		variant->clean_up(&self->call);
		/* The call would go on for three quarters of its time. */
		good = dying < BOUND || dying < took / 2 + cleaning;
	}
	TH_LOG("%.0f ms, %.0f ms to clean up, and %.0f ms after a signal", took * 1000,
	       cleaning * 1000, dying * 1000);
	EXPECT_TRUE(good);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
