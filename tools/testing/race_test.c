// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads that use one buffer at once.
 */
#include "racers.h"

#include <sys/random.h>

#define BUFFER_SIZE	(64 * PAGE)

FIXTURE(race)
{
	int fd;
	long long id;
};

FIXTURE_SETUP(race)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->id = buffer_id(self->fd);
}

FIXTURE_TEARDOWN(race)
{
	if (access(LIST, R_OK))
		return;
	close(self->fd);
	/* The buffer is freed with the last file of a mapping, which may take a moment. */
	EXPECT_TRUE(EVENTUALLY(!is_listed(self->id)));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

static void *map_once(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	RACER_EXPECT(racer, !map(racer->fd, 0, PAGE, 8 * PAGE, &racer->address));
	racer->done++;
	return NULL;
}

TEST_F(race, threads_that_map_the_same_at_once_get_one_mapping)
{
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int round, i;

	for (round = 0; round < 40; round++) {
		start(_metadata, self->fd, racers, NR_THREADS, &barrier, map_once);
		finish(_metadata, racers, NR_THREADS);
		for (i = 1; i < NR_THREADS; i++)
			EXPECT_EQ(racers[0].address, racers[i].address);
		EXPECT_EQ(1, nr_maps(self->fd));
		EXPECT_EQ(1, nr_iokmem_vmas());
		EXPECT_EQ(NR_THREADS, references(self->fd, racers[0].address,
						 8 * PAGE));
		for (i = 0; i < NR_THREADS; i++)
			ASSERT_EQ(0, release(self->fd, racers[0].address, 8 * PAGE));
		ASSERT_EQ(0, nr_maps(self->fd));
	}
}

/* Map random windows, each of which shares a mapping or gets its own, and release them. */
static void *map_and_release(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		static const __u32 options[] = {
			0, 0, IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_UNIQUE,
		};
		__u64 offset = random_below(racer, BUFFER_SIZE);
		__u64 length = 1 + random_below(racer, BUFFER_SIZE - offset);
		__u32 option = options[random_below(racer, ARRAY_SIZE(options))];
		uint32_t *number;
		char *address;

		RACER_EXPECT(racer, !map(racer->fd, option, offset, length,
					 &address));
		if (racer->wrong)
			break;
		/* The number is at the start of the window's first page. */
		number = (uint32_t *)(address - offset % PAGE);
		RACER_EXPECT(racer, *number == 0x10000000 + offset / PAGE);
		RACER_EXPECT(racer, references(racer->fd, address, length) >= 1);
		RACER_EXPECT(racer, !release(racer->fd, address, length));
		racer->done++;
	}
	return NULL;
}

static void fill(struct __test_metadata *_metadata, int fd)
{
	char *address;

	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	number_pages(address, BUFFER_SIZE);
	ASSERT_EQ(0, release(fd, address, BUFFER_SIZE));
}

TEST_F(race, mapping_and_releasing_never_shows_a_wrong_byte)
{
	fill(_metadata, self->fd);
	race(_metadata, self->fd, NR_THREADS, map_and_release);
	EXPECT_EQ(0, nr_maps(self->fd));
}

static void *map_whole_and_release(void *arg)
{
	struct racer *racer = arg;
	char *address;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		RACER_EXPECT(racer, !map(racer->fd, 0, 0, 0, &address));
		if (racer->wrong)
			break;
		RACER_EXPECT(racer, *(uint32_t *)(address + PAGE) == 0x10000001);
		RACER_EXPECT(racer, !release(racer->fd, address, BUFFER_SIZE));
		racer->done++;
	}
	return NULL;
}

TEST_F(race, who_has_a_reference_has_the_mapping)
{
	fill(_metadata, self->fd);
	race(_metadata, self->fd, 4, map_whole_and_release);
	EXPECT_EQ(0, nr_maps(self->fd));
}

/*
 * Threads that unmap each other's maps. A map may be unmapped by another thread at any
 * moment. The results must be consistent nevertheless, and nothing may be left.
 */
static void *map_and_munmap(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		char *address;
		int err;

		RACER_EXPECT(racer, !map(racer->fd, 0, 0, 0, &address));
		if (racer->wrong)
			break;
		RACER_EXPECT(racer, address);
		if (random_below(racer, 2)) {
			RACER_EXPECT(racer, !munmap(address, BUFFER_SIZE));
		} else {
			err = release(racer->fd, address, BUFFER_SIZE);
			RACER_EXPECT(racer, !err || err == -ENOENT);
		}
		racer->done++;
	}
	return NULL;
}

TEST_F(race, munmap_and_release_and_create_mapping)
{
	race(_metadata, self->fd, 4, map_and_munmap);
	/* No VMA is without a map, and no map without a VMA, whoever came first. */
	EXPECT_EQ(nr_iokmem_vmas(), nr_maps(self->fd));
	while (nr_maps(self->fd)) {
		char *address;

		ASSERT_EQ(0, map(self->fd, 0, 0, 0, &address));
		ASSERT_EQ(0, munmap(address, BUFFER_SIZE));
	}
}

/* Also replace each other's maps by mmap() with MAP_FIXED, at one address. */
static void *map_over(void *arg)
{
	struct racer *racer = arg;
	char *place = racer->address;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		switch (random_below(racer, 4)) {
		case 0:
			RACER_EXPECT(racer, mmap(place, BUFFER_SIZE, PROT_READ |
						 PROT_WRITE, MAP_SHARED |
						 MAP_FIXED, racer->fd, 0) == place);
			break;
		case 1:
			release(racer->fd, place, BUFFER_SIZE);
			break;
		case 2:
			try_map(racer->fd, 0, (uintptr_t)place, 0, 0);
			break;
		case 3:
			/* SIGSEGV if nothing is mapped, SIGBUS while a map is unmapped. */
			if (probe(place + PAGE, false) == 0)
				racer->done++;
			break;
		}
	}
	return NULL;
}

/* Return a hole between mappings, too small for a thread's stack to be put there. */
static char *find_hole_between_walls(size_t length, size_t alignment)
{
	char *walls = mmap(NULL, length + 2 * alignment, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *hole;

	if (walls == MAP_FAILED)
		return NULL;
	hole = (char *)round_up((uintptr_t)walls + 1, alignment);
	munmap(hole, length);
	return hole;
}

TEST_F(race, one_place_that_all_want)
{
	char *place = find_hole_between_walls(BUFFER_SIZE, PMD);
	struct sigaction act = { .sa_handler = probe_handler };
	struct racer racers[4];
	pthread_barrier_t barrier;
	double until = now() + SECONDS;
	int i;

	/*
	 * probe() sets and restores the handlers. Set them here as well, since the threads
	 * restore each other's.
	 */
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	ASSERT_NE(NULL, place);
	stop = false;
	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, 4));
	for (i = 0; i < 4; i++) {
		racers[i] = (struct racer){
			.barrier = &barrier, .fd = self->fd, .seed = i,
			.address = place,
		};
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, map_over,
					    &racers[i]));
	}
	while (now() < until)
		usleep(20000);
	stop = true;
	finish(_metadata, racers, 4);
	EXPECT_EQ(nr_iokmem_vmas(), nr_maps(self->fd));
	munmap(place, BUFFER_SIZE);
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* Call everything at random, on a buffer whose pages each have their own number. */
static void *do_anything(void *arg)
{
	struct racer *racer = arg;
	pid_t child;
	char *address;
	int fd, status;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		__u64 offset = random_below(racer, BUFFER_SIZE);
		struct iokmem_query_buffer info;

		switch (random_below(racer, 8)) {
		case 0:
		case 1:
		case 2:
			RACER_EXPECT(racer, !map(racer->fd, 0, offset, 1, &address));
			if (racer->wrong)
				break;
			address[-(long)(offset % PAGE)] = offset / PAGE;
			RACER_EXPECT(racer, address[-(long)(offset % PAGE)] ==
				     (char)(offset / PAGE));
			RACER_EXPECT(racer, !release(racer->fd, address, 1));
			break;
		case 3:
			address = mmap(NULL, BUFFER_SIZE, PROT_READ, MAP_SHARED,
				       racer->fd, 0);
			RACER_EXPECT(racer, address != MAP_FAILED);
			if (racer->wrong)
				break;
			touch(address + offset, false);
			RACER_EXPECT(racer, !munmap(address, BUFFER_SIZE));
			break;
		case 4:
			fd = duplicate(racer->fd, IOKMEM_FD_READ_ONLY);
			RACER_EXPECT(racer, fd >= 0);
			RACER_EXPECT(racer, !close(fd));
			break;
		case 5:
			RACER_EXPECT(racer, !query(racer->fd, &info));
			break;
		case 6:
			fd = new_buffer(1 + offset);
			RACER_EXPECT(racer, fd >= 0);
			RACER_EXPECT(racer, !map(fd, 0, 0, 0, &address));
			if (racer->wrong)
				break;
			RACER_EXPECT(racer, is_zero(address, offset));
			close(fd);
			RACER_EXPECT(racer, !munmap(address, round_up(offset + 1,
								      PAGE)));
			break;
		case 7:
			if (random_below(racer, 8))
				break;
			child = fork();
			if (!child) {
				int err = map(racer->fd, 0, offset, 1, &address);

				_exit(err || !can_read(address));
			}
			RACER_EXPECT(racer, waitpid(child, &status, 0) == child);
			RACER_EXPECT(racer, status == 0);
			break;
		}
		racer->done++;
	}
	return NULL;
}

TEST_F(race, everything_at_once)
{
	race(_metadata, self->fd, NR_THREADS, do_anything);
	EXPECT_EQ(0, nr_maps(self->fd));
}

/*
 * Faults of several threads in one place, where only one thread can make the entry. The
 * faults happen in a system call, which fails if the kernel cannot resolve a fault.
 */
struct toucher {
	pthread_t thread;
	atomic_int *round;	/* odd: touch; less than 0: end */
	atomic_int *ready;
	atomic_uintptr_t *address;
	size_t at;
	long failures;
};

static void *touch_each_round(void *arg)
{
	struct toucher *toucher = arg;
	int last = 0, round;

	for (;;) {
		while ((round = *toucher->round) == last)
			continue;
		if (round < 0)
			return NULL;
		last = round;
		if (getrandom((char *)*toucher->address + toucher->at, 1, 0) != 1)
			toucher->failures++;
		++*toucher->ready;
	}
}

TEST_F(race, threads_that_touch_the_same_at_once_all_can)
{
	struct toucher touchers[2] = {};
	atomic_int round = 0, ready = 0;
	atomic_uintptr_t address = 0;
	double until = now() + 2 * SECONDS;
	const size_t size = 2 * PMD;
	int fd = new_buffer(size), i, n = 0;
	char *at;

	ASSERT_LE(0, fd);
	for (i = 0; i < 2; i++) {
		touchers[i].round = &round;
		touchers[i].ready = &ready;
		touchers[i].address = &address;
		/* Both threads touch one huge entry, but different pages. */
		touchers[i].at = i * 300 * PAGE;
		ASSERT_EQ(0, pthread_create(&touchers[i].thread, NULL,
					    touch_each_round, &touchers[i]));
	}
	/* If there are only two processors, one toucher shares this thread's. */
	while (now() < until) {
		ASSERT_EQ(0, map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &at));
		address = (uintptr_t)at;
		ready = 0;
		round++;
		while (ready < 2)
			sched_yield();
		ASSERT_EQ(0, release(fd, at, size));
		n++;
	}
	round = -1;
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(touchers[i].thread, NULL));
		EXPECT_EQ(0, touchers[i].failures)
			TH_LOG("%ld of %d faults failed", touchers[i].failures, n);
	}
	EXPECT_LT(0, n);
	close(fd);
}

/* Return a buffer in the little memory below 16 MiB, or -errno. */
static int create_below(int dev, __u64 capacity)
{
	struct iokmem_create_buffer buffer = {
		.size = sizeof(buffer),
		.capacity = capacity,
		.physical_mask = 16 * MIB - 1,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &buffer);

	return err ? err : buffer.fd;
}

/* Want much of it, so that ranges are looked for. */
static void *search_below(void *arg)
{
	struct racer *racer = arg;
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd;

	RACER_EXPECT(racer, dev >= 0);
	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		fd = create_below(dev, MIB * (5 + random_below(racer, 4)));
		RACER_EXPECT(racer, fd >= 0 || fd == -ENOMEM);
		if (fd >= 0)
			close(fd);
		racer->done++;
	}
	close(dev);
	return NULL;
}

/*
 * A call of the kernel's alloc_contig_range() that fails can end the isolation of blocks that
 * another one has isolated, of which a kernel with CONFIG_DEBUG_VM dies.
 */
TEST_F(race, searches_of_the_same_memory_do_not_disturb_each_other)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), round, fd;

	ASSERT_LE(0, dev);
	fd = create_below(dev, PAGE);
	if (fd < 0)
		SKIP(return, "there is no memory below 16 MiB");
	close(fd);
	close(dev);
	for (round = 0; round < 6; round++)
		race(_metadata, -1, NR_THREADS, search_below);
}

TEST_F(race, kill_while_mapping_and_releasing_leaves_nothing)
{
	fill(_metadata, self->fd);
	kill_racing(_metadata, self->fd, map_and_release);
}

TEST_F(race, kill_while_mapping_the_same_leaves_nothing)
{
	fill(_metadata, self->fd);
	kill_racing(_metadata, self->fd, map_whole_and_release);
}

TEST_F(race, kill_while_doing_everything_leaves_nothing)
{
	fill(_metadata, self->fd);
	kill_racing(_metadata, self->fd, do_anything);
}

/* Run in processes rather than threads, which share the buffer but no mapping. */
static int map_until_stopped(void *arg)
{
	struct racer racer = { .fd = *(int *)arg, .seed = getpid() };
	double until = now() + SECONDS;
	char *address;

	while (now() < until) {
		__u64 offset = random_below(&racer, BUFFER_SIZE);

		CHILD_EXPECT(!map(racer.fd, 0, offset, 1, &address));
		CHILD_EXPECT(*(uint32_t *)(address - offset % PAGE) ==
			     0x10000000 + offset / PAGE);
		CHILD_EXPECT(!release(racer.fd, address, 1));
	}
	return 0;
}

TEST_F(race, processes_do_not_disturb_each_other)
{
	pid_t children[4];
	int i;

	fill(_metadata, self->fd);
	for (i = 0; i < 4; i++)
		children[i] = spawn(map_until_stopped, &self->fd);
	/* Meanwhile read what the kernel shows about the buffer. */
	while (nr_maps(self->fd) >= 0 && count_lines(LIST, "iokmem-id:") > 0 &&
	       waitpid(children[0], NULL, WNOHANG | WNOWAIT) == 0)
		continue;
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, join(children[i]));
	EXPECT_EQ(0, nr_maps(self->fd));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
