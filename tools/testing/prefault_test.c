// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOKMEM_MAP_PREFAULT makes all entries of a map present, whatever state they were in. It
 * always finishes, whatever other threads do to the map meanwhile.
 */
#include "bounded.h"
#include "dmabuf_utils.h"
#include "racers.h"

/* Large enough that filling it takes several faults where no huge entry fits. */
#define WINDOW	(1024 * PAGE)

/*
 * Threads redirect the map to the end of a large buffer, to nothing, and to the start of a
 * small buffer.
 */
static int big, small;
static char *unique;

static void *redirect_to_the_end_of_big(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		RACER_EXPECT(racer, !redirect(big, unique, WINDOW, big, 0, 3 * WINDOW));
		racer->done++;
	}
	return NULL;
}

static void *redirect_to_nothing(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		RACER_EXPECT(racer, !redirect(big, unique, WINDOW, -1, 0, 0));
		racer->done++;
	}
	return NULL;
}

static void *redirect_to_small(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		RACER_EXPECT(racer, !redirect(big, unique, WINDOW, small, 0, 0));
		racer->done++;
	}
	return NULL;
}

static void *make_filled_maps(void *arg)
{
	static const __u32 options[] = { 0, IOKMEM_MAP_UNIQUE, IOKMEM_MAP_READ_ONLY };
	struct racer *racer = arg;
	char *address;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		__u64 offset = random_below(racer, 4) * (WINDOW / 4);
		__u32 option = options[random_below(racer, ARRAY_SIZE(options))];
		int fd = random_below(racer, 2) ? big : small;

		RACER_EXPECT(racer, !map(fd, option | IOKMEM_MAP_PREFAULT, offset,
					 WINDOW / 4, &address));
		if (racer->wrong)
			break;
		touch(address, false);
		RACER_EXPECT(racer, !release(fd, address, WINDOW / 4));
		racer->done++;
	}
	return NULL;
}

/* Keep the mmap lock busy, so that all other threads have to queue for it. */
static void *change_the_address_space(void *arg)
{
	struct racer *racer = arg;
	char *address;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		address = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		RACER_EXPECT(racer, address != MAP_FAILED);
		RACER_EXPECT(racer, !munmap(address, PAGE));
		racer->done++;
	}
	return NULL;
}

static int redirect_while_others_fill(void *arg)
{
	static void *(*const runs[])(void *) = {
		redirect_to_the_end_of_big, redirect_to_nothing, redirect_to_small,
		redirect_to_the_end_of_big, redirect_to_nothing, redirect_to_small,
		change_the_address_space, make_filled_maps,
	};
	struct racer racers[ARRAY_SIZE(runs)] = {};
	double until = now() + 3 * SECONDS;
	pthread_barrier_t barrier;
	unsigned int i;
	char *hole;

	big = new_buffer(4 * WINDOW);
	small = new_buffer(WINDOW);
	CHILD_EXPECT(big >= 0 && small >= 0);
	hole = find_hole(WINDOW + 2 * PAGE, PMD) + PAGE;
	CHILD_EXPECT(!map_at(big, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_PREFAULT, (uintptr_t)hole,
			     3 * WINDOW, WINDOW, &unique));
	pthread_barrier_init(&barrier, NULL, ARRAY_SIZE(runs));
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		racers[i].barrier = &barrier;
		racers[i].seed = i;
		CHILD_EXPECT(!pthread_create(&racers[i].thread, NULL, runs[i], &racers[i]));
	}
	while (now() < until)
		usleep(20000);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		CHILD_EXPECT(!pthread_join(racers[i].thread, NULL));
		if (racers[i].wrong)
			fprintf(stderr, "# thread %u: not true: %s\n", i, racers[i].wrong);
		CHILD_EXPECT(!racers[i].wrong && racers[i].done);
	}
	/* The map shows the memory that it was redirected to last. */
	CHILD_EXPECT(!redirect(big, unique, WINDOW, small, 0, 0));
	unique[0] = 's';
	CHILD_EXPECT(!release(small, unique, WINDOW));
	CHILD_EXPECT(!map(small, 0, 0, 0, &unique));
	CHILD_EXPECT(unique[0] == 's');
	return 0;
}

TEST(filling_ends_whatever_the_map_is_redirected_to_meanwhile)
{
	struct bounded child = spawn_bounded(redirect_while_others_fill, NULL);

	EXPECT_EQ(0, join_within(&child, 3 * SECONDS + 2 * PATIENCE));
}

/*
 * Filling a map whose entries the program has removed, or may not write.
 */
FIXTURE(filled)
{
	int fd;
	char *address;
	size_t size;
};

FIXTURE_VARIANT(filled)
{
	__u32 options;
	struct measure size;
};

#define FILLED(_name, _options, _size)					\
	FIXTURE_VARIANT_ADD(filled, _name)				\
	{								\
		.options = _options, .size = _size,			\
	}

FILLED(small, 0, NR_PAGES(64));
FILLED(large, 0, MEASURE(2, 3, 0));
FILLED(pinnable, IOKMEM_MAP_PINNABLE, NR_PAGES(256));
FILLED(large_pinnable, IOKMEM_MAP_PINNABLE, MEASURE(2, 3, 0));

FIXTURE_SETUP(filled)
{
	self->size = measured(variant->size);
	self->fd = new_buffer(self->size);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, variant->options | IOKMEM_MAP_PREFAULT, 0, 0,
			 &self->address));
}

FIXTURE_TEARDOWN(filled)
{
}

/* Touch every page, and return how many faults that took. */
static long faults_of_touching(char *address, size_t size, bool write)
{
	struct rusage before, after;
	size_t at;

	getrusage(RUSAGE_SELF, &before);
	for (at = 0; at < size; at += PAGE)
		touch(address + at, write);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

/* The kernel lets a program remove entries of pinnable maps only. */
TEST_F(filled, fills_the_holes_that_madvise_has_made)
{
	const int hole = 3 + 7;
	char *again;
	size_t at;

	if (!(variant->options & IOKMEM_MAP_PINNABLE))
		SKIP(return, "only pinnable maps can have holes");
	for (at = hole * PAGE; at < self->size; at += hole * PAGE)
		ASSERT_EQ(0, madvise(self->address + at, PAGE, MADV_DONTNEED));
	EXPECT_LT(0, faults_of_touching(self->address, self->size / 2, true));
	for (at = hole * PAGE; at < self->size; at += hole * PAGE)
		ASSERT_EQ(0, madvise(self->address + at, PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, map(self->fd, variant->options | IOKMEM_MAP_PREFAULT, 0, 0, &again));
	EXPECT_EQ(self->address, again);
	EXPECT_EQ(0, faults_of_touching(self->address, self->size, true));
}

TEST_F(filled, can_be_shared_after_mprotect_to_read_only)
{
	char *again;

	ASSERT_EQ(0, mprotect(self->address, self->size, PROT_READ));
	ASSERT_EQ(0, map(self->fd, variant->options | IOKMEM_MAP_PREFAULT, 0, 0, &again));
	EXPECT_EQ(self->address, again);
	EXPECT_EQ(0, faults_of_touching(self->address, self->size, false));
	EXPECT_EQ(SIGSEGV, probe(self->address, true));
	ASSERT_EQ(0, mprotect(self->address, self->size, PROT_READ | PROT_WRITE));
	EXPECT_TRUE(can_write(self->address));
}

/*
 * Maps of memory that stays in place while it is mapped can be filled from the start.
 */
static int of_two_buffers(int dev, size_t size)
{
	__s32 fds[] = { new_buffer(size / 2), new_buffer(size / 2) };
	int fd = create_multi(dev, IOKMEM_DIRECTION_INOUT, fds, 2);

	close(fds[0]);
	close(fds[1]);
	return fd;
}

static int of_dma_buf(int dev, int dma_buf)
{
	int fd;

	if (dma_buf < 0)
		return dma_buf;
	fd = with_dma_buf(dev, IOKMEM_DIRECTION_INOUT, dma_buf);
	close(dma_buf);
	return fd;
}

static int of_udmabuf(int dev, size_t size)
{
	return of_dma_buf(dev, new_udmabuf(size));
}

static int of_heap(int dev, size_t size)
{
	return of_dma_buf(dev, new_heap_buffer(size, O_RDWR));
}

FIXTURE(held)
{
	int fd;
};

FIXTURE_VARIANT(held)
{
	int (*make)(int dev, size_t size);
};

#define HELD(_name)							\
	FIXTURE_VARIANT_ADD(held, _name) { .make = _name }

HELD(of_two_buffers);
HELD(of_udmabuf);
HELD(of_heap);

FIXTURE_SETUP(held)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	self->fd = variant->make(dev, WINDOW);
	if (self->fd == -ENOENT)
		SKIP(return, "nobody has such dma-bufs");
	ASSERT_LE(0, self->fd);
	close(dev);
}

FIXTURE_TEARDOWN(held)
{
}

TEST_F(held, can_be_filled_from_the_start)
{
	static const __u32 options[] = {
		0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_UNIQUE, IOKMEM_MAP_GUARDED_SMALL,
	};
	unsigned int i;
	char *address;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		ASSERT_EQ(0, map(self->fd, options[i] | IOKMEM_MAP_PREFAULT, 0, 0, &address));
		EXPECT_EQ(0, faults_of_touching(address, WINDOW,
						!(options[i] & IOKMEM_MAP_READ_ONLY)));
		ASSERT_EQ(0, release(self->fd, address, WINDOW));
	}
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
