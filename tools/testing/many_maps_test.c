// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many maps, and many descriptors: how many maps a process may have, and that they cost others
 * nothing.
 *
 * The attacker is an ordinary user who was passed a read-only file. Times are compared with
 * times of the same machine, since guests can be slow.
 */
#include "bounded.h"
#include "driver_utils.h"
#include "limits_utils.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#define PARAMETER	"/sys/module/iokmem/parameters/max_map_count"
#define SIZE		(16 * PAGE)
#define ATTACKER	60101

/* How many maps a process may have, for tests of the limit. */
#define LIMIT		1000
/* How many maps the attacker has, for tests of time. */
#define MANY		5000
/* How many threads sleep in blocked memory. */
#define NR_BLOCKED	500
/* How much longer a call may take with so many maps: the kernel's trees grow, too. */
#define SLOWER		12

FIXTURE(many_maps)
{
	int dev;
	int fd;		/* the owner's */
	int passed;	/* read-only, passed to the attacker */
	long limit;
};

FIXTURE_SETUP(many_maps)
{
	char text[16];

	self->limit = read_number(PARAMETER);
	snprintf(text, sizeof(text), "%d", LIMIT);
	write_file(PARAMETER, text);
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	self->fd = create(self->dev, IOKMEM_DIRECTION_INOUT, SIZE, 0);
	ASSERT_LE(0, self->fd);
	self->passed = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, self->passed);
}

static void allow(long limit)
{
	char text[16];

	snprintf(text, sizeof(text), "%ld", limit);
	write_file(PARAMETER, text);
}

FIXTURE_TEARDOWN(many_maps)
{
	allow(self->limit);
}

static int map_to_read(int fd, __u64 offset, __u64 length, char **address)
{
	return map(fd, IOKMEM_MAP_READ_ONLY, offset, length, address);
}

/* Map ever other parts of a buffer that is mapped, from @first on. Returns how many can be. */
static int map_parts(int fd, int first, int at_most, int *err)
{
	char *part;
	int i;

	*err = 0;
	for (i = 0; i < at_most; i++) {
		*err = map_to_read(fd, first + i, 1, &part);
		if (*err)
			break;
	}
	return i;
}

static int map_all_and_parts(void *arg)
{
	int fd = *(int *)arg, err;
	char *all;

	CHILD_EXPECT(!map_to_read(fd, 0, 0, &all));
	CHILD_EXPECT(map_parts(fd, 0, 2 * LIMIT, &err) == LIMIT - 1);
	CHILD_EXPECT(err == -ENOMEM);
	return 0;
}

static int reach_the_limit(void *arg)
{
	int fd = *(int *)arg, err;
	char *part;

	CHILD_EXPECT(!become(ATTACKER, 0));
	CHILD_EXPECT(!map_all_and_parts(arg));
	CHILD_EXPECT(nr_maps(fd) == LIMIT);
	/* A map that exists can be shared, and one that goes makes room. */
	CHILD_EXPECT(!map_to_read(fd, 7, 1, &part));
	CHILD_EXPECT(!release(fd, part, 1) && !release(fd, part, 1));
	CHILD_EXPECT(map_parts(fd, 5 * PAGE, 2, &err) == 1 && err == -ENOMEM);
	/* Another process has a limit of its own. */
	CHILD_EXPECT(!run_child(map_all_and_parts, arg));
	return 0;
}

TEST_F(many_maps, of_a_process_are_limited)
{
	EXPECT_EQ(0, run_child(reach_the_limit, &self->passed));
}

static int reach_the_limit_in_two(void *arg)
{
	int dev = *(int *)arg, first, second;
	char *address;
	int err;

	CHILD_EXPECT(!become(ATTACKER, 4 * SIZE));
	first = create(dev, IOKMEM_PAGEABLE, SIZE, 0);
	second = create(dev, 0, SIZE, 0);
	CHILD_EXPECT(first >= 0 && second >= 0);
	CHILD_EXPECT(!map_all_and_parts(&first));
	CHILD_EXPECT(map_to_read(second, 0, 0, &address) == -ENOMEM);
	CHILD_EXPECT(map(second, IOKMEM_MAP_UNIQUE, 0, 0, &address) == -ENOMEM);
	CHILD_EXPECT(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, second, 0) == MAP_FAILED &&
		     errno == ENOMEM);
	CHILD_EXPECT(create_mapped(dev, 0, PAGE, IOKMEM_MAP_ANYWHERE, &address) == -ENOMEM);
	CHILD_EXPECT(nr_maps(second) == 0);
	CHILD_EXPECT(!map_to_read(first, 0, 0, &address));
	CHILD_EXPECT(!munmap(address, SIZE));
	/* All of them have made room, although a worker takes them apart. */
	CHILD_EXPECT(!map_to_read(second, 0, 0, &address));
	CHILD_EXPECT(map_parts(second, 0, 2 * LIMIT, &err) == LIMIT - 1 && err == -ENOMEM);
	return 0;
}

TEST_F(many_maps, of_all_buffers_count_together)
{
	EXPECT_EQ(0, run_child(reach_the_limit_in_two, &self->dev));
}

static int have_many(void *arg)
{
	/* The kernel charges some pages in advance. */
	int fd = *(int *)arg, nr = MANY * (PAGE / (4 * KIB)), err;
	long before, grown;
	char *all;

	CHILD_EXPECT(!enter_cgroup());
	CHILD_EXPECT(!map_to_read(fd, 0, 0, &all));
	before = read_number(TEST_CGROUP "/memory.current");
	CHILD_EXPECT(map_parts(fd, 0, nr, &err) == nr);
	grown = read_number(TEST_CGROUP "/memory.current") - before;
	/* A struct of the kernel has more than ten pointers. */
	CHILD_EXPECT(grown >= nr * 80L);
	return 0;
}

TEST_F(many_maps, are_charged_to_the_cgroup)
{
	if (make_cgroup())
		SKIP(return, "no memory controller of cgroup v2");
	allow(2 * MANY * (PAGE / (4 * KIB)));
	EXPECT_EQ(0, run_child(have_many, &self->passed));
	EXPECT_TRUE(EVENTUALLY(!rmdir(TEST_CGROUP)));
}

/* Return how long @call takes in seconds, or -1 if it fails. Clocks of guests can be coarse. */
static double time_of(int (*call)(int fd, char *at, __u64 offset), int fd, char *at, __u64 offset)
{
	double begin = now(), passed;
	int nr = 0;

	do {
		if (call(fd, at, offset))
			return -1;
		nr++;
		passed = now() - begin;
	} while (passed < 0.2);
	return passed / nr;
}

/* Look for a map at an address where none serves. */
static int miss(int fd, char *at, __u64 offset)
{
	char *address;

	return map_at(fd, IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_REFERENCE, (uintptr_t)at, offset, 1,
		      &address) != -ENOENT;
}

/* Make addresses as the module does, and unmap them. */
static int make(int fd, char *at, __u64 offset)
{
	char *address = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 1ull << 63);

	return address == MAP_FAILED || munmap(address, PAGE);
}

/* Compare the times of a call with few maps and with many. */
static int is_not_slower(double few, double many)
{
	CHILD_EXPECT(few > 0 && many > 0);
	fprintf(stderr, "# %.1f us, and %.1f us with many\n", 1e6 * few, 1e6 * many);
	CHILD_EXPECT(many < SLOWER * few);
	return 0;
}

static int look_among_parts(void *arg)
{
	int fd = *(int *)arg, i;
	double few = 0, many;
	char *small, *all, *part;

	CHILD_EXPECT(!become(ATTACKER, 0));
	/*
	 * Two mappings have the bytes. The parts are of the second one, which contains the first.
	 * No map of the first one begins where the parts do.
	 */
	CHILD_EXPECT(!map_to_read(fd, PAGE - 16, 64, &small));
	CHILD_EXPECT(!map_to_read(fd, 0, 0, &all));
	for (i = 1; i <= MANY; i++) {
		if (i == 10)
			few = time_of(miss, fd, small + 16, PAGE);
		CHILD_EXPECT(!map_to_read(fd, PAGE, 1 + i, &part) && part == all + PAGE);
	}
	many = time_of(miss, fd, small + 16, PAGE);
	return is_not_slower(few, many);
}

TEST_F(many_maps, at_one_offset_do_not_slow_a_placed_request)
{
	allow(2 * MANY);
	EXPECT_EQ(0, run_child(look_among_parts, &self->passed));
}

/* Have poll() of the buffer's file wait 10,000 times. */
static int watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fds[250], i, j, epoll;

	for (i = 0; i < 250; i++)
		fds[i] = dup(fd);
	for (i = 0; i < 40; i++) {
		epoll = epoll_create1(0);
		for (j = 0; j < 250; j++)
			if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[j], &event))
				return -errno;
	}
	return 0;
}

static int map_and_release(int fd, char *at, __u64 offset)
{
	char *address;

	return map(fd, 0, 0, 0, &address) || release(fd, address, SIZE);
}

TEST_F(many_maps, are_not_slowed_by_watchers)
{
	double few = time_of(map_and_release, self->fd, NULL, 0);

	ASSERT_EQ(0, watch(self->passed));
	EXPECT_EQ(0, is_not_slower(few, time_of(map_and_release, self->fd, NULL, 0)));
}

struct sleeper {
	char *shown;
	atomic_int nr;	/* how many threads have begun */
};

static void *touch_shown(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->nr++;
	(void)*(volatile char *)sleeper->shown;
	return NULL;
}

/* A driver has blocked the memory, and its owner goes on to make maps. */
TEST_F(many_maps, are_not_slowed_by_threads_that_are_blocked)
{
	struct sleeper sleeper = {};
	int driver = open_driver(), i;
	pthread_t threads[NR_BLOCKED];
	double few, many;

	if (driver < 0)
		SKIP(return, "no probe module");
	ASSERT_EQ(0, map_to_read(self->passed, 0, 0, &sleeper.shown));
	few = time_of(map_and_release, self->fd, NULL, 0);
	ASSERT_EQ(0, driver_use(driver, self->fd, IOKMEM_PROBE_BLOCK, 0, 0));
	for (i = 0; i < NR_BLOCKED; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, touch_shown, &sleeper));
	EXPECT_TRUE(SOON(sleeper.nr == NR_BLOCKED));
	/* Give the last ones time to fall asleep. */
	usleep(100000);
	many = time_of(map_and_release, self->fd, NULL, 0);
	ASSERT_EQ(0, driver_use(driver, self->fd, IOKMEM_PROBE_UNBLOCK, 0, 0));
	for (i = 0; i < NR_BLOCKED; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, is_not_slower(few, many));
	close(driver);
}

static int look_among_mappings(void *arg)
{
	double few = 0, few_made = 0, many, many_made;
	int fd = *(int *)arg, i;
	char *address;

	CHILD_EXPECT(!become(ATTACKER, 0));
	/* Each mapping contains those before it. */
	for (i = 0; i < MANY; i++) {
		if (i == 10) {
			few = time_of(miss, fd, (char *)(16 * PAGE), 8 * PAGE);
			few_made = time_of(make, fd, NULL, 0);
		}
		CHILD_EXPECT(!map_to_read(fd, 8 * PAGE - i, 2 * i + 1, &address));
	}
	many = time_of(miss, fd, (char *)(16 * PAGE), 8 * PAGE);
	many_made = time_of(make, fd, NULL, 0);
	CHILD_EXPECT(!is_not_slower(few, many));
	return is_not_slower(few_made, many_made);
}

TEST_F(many_maps, of_the_same_bytes_do_not_slow_a_placed_request)
{
	allow(2 * MANY);
	EXPECT_EQ(0, run_child(look_among_mappings, &self->passed));
}

struct crowd {
	int fd;
	int ready;
};

/* Have many maps until this process is killed. */
static int stay_with_many(void *arg)
{
	struct crowd *crowd = arg;
	char *all;
	int err;

	CHILD_EXPECT(!become(ATTACKER, 0));
	CHILD_EXPECT(!map_to_read(crowd->fd, 0, 0, &all));
	CHILD_EXPECT(map_parts(crowd->fd, 0, MANY, &err) == MANY);
	CHILD_EXPECT(write(crowd->ready, "!", 1) == 1);
	for (;;)
		pause();
}

/* Return how long reads of the list take in seconds: the first one, or all. */
static double time_of_list(bool all)
{
	int fd = open(LIST, O_RDONLY | O_CLOEXEC);
	double begin = now();
	char bytes[4096];
	ssize_t n;

	do {
		n = read(fd, bytes, sizeof(bytes));
	} while (all && n > 0);
	begin = now() - begin;
	close(fd);
	return n < 0 ? -1 : begin;
}

TEST_F(many_maps, are_listed_a_few_at_a_time)
{
	struct crowd crowd = { .fd = self->passed };
	double first, all;
	int pipes[2], i;
	pid_t child;
	char byte;

	allow(2 * MANY);
	ASSERT_EQ(0, pipe(pipes));
	crowd.ready = pipes[1];
	child = spawn(stay_with_many, &crowd);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	EXPECT_EQ(MANY + 1, maps_of_process(child));

	all = time_of_list(true);
	first = time_of_list(false);
	/* The machine may be busy with something else. */
	for (i = 0; i < 10; i++) {
		double again = time_of_list(false);

		first = again < first ? again : first;
	}
	ASSERT_LE(0, first);
	EXPECT_TRUE(first < all / 10)
		TH_LOG("%.1f ms of %.1f ms", 1e3 * first, 1e3 * all);
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, join(child));
	EXPECT_TRUE(EVENTUALLY(nr_maps(self->fd) == 0));
}

/* How many descriptors, or former maps, are few, and how many are many. */
#define FEW_OBJECTS	500
#define MANY_OBJECTS	30000
/* How much longer a step takes among so many: caches of the processor miss more often. */
#define MUCH_SLOWER	4

static int is_much_slower(double few, double many)
{
	fprintf(stderr, "# %.1f us, and %.1f us with many\n", 1e6 * few, 1e6 * many);
	return few <= 0 || many > MUCH_SLOWER * few;
}

/* Make descriptors until there are so many, and return how long a line of the list takes. */
static double time_of_line(int fd, int nr, int *made)
{
	for (; *made < nr; ++*made)
		if (create_sub(fd, 0, 0, PAGE) < 0)
			return -1;
	return time_of_list(true) / nr;
}

static int list_many_descriptors(void *arg)
{
	struct rlimit limit = { MANY_OBJECTS + 100, MANY_OBJECTS + 100 };
	int fd = *(int *)arg, made = 0;
	double few, many;

	CHILD_EXPECT(!setrlimit(RLIMIT_NOFILE, &limit));
	few = time_of_line(fd, FEW_OBJECTS, &made);
	many = time_of_line(fd, MANY_OBJECTS, &made);
	return is_much_slower(few, many);
}

/* Each line takes the lock that every descriptor takes which is made or freed. */
TEST_F(many_maps, and_descriptors_are_found_in_the_list_without_a_walk)
{
	EXPECT_EQ(0, run_child(list_many_descriptors, &self->fd));
}

static int map_and_unmap(int fd, char *at, __u64 offset)
{
	char *address;

	return map(fd, 0, 0, PAGE, &address) || munmap(address, PAGE);
}

static int map_among_revoked(void *arg)
{
	int other = *(int *)arg, dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fd = create(dev, 0, SIZE, 0), i;
	double few, many;
	char *address;

	CHILD_EXPECT(fd >= 0);
	few = time_of(map_and_unmap, other, NULL, 0);
	for (i = 0; i < MANY_OBJECTS; i++)
		CHILD_EXPECT(!map(fd, IOKMEM_MAP_UNIQUE, 0, PAGE, &address));
	CHILD_EXPECT(!revoke_memory(fd));
	many = time_of(map_and_unmap, other, NULL, 0);
	return is_much_slower(few, many);
}

/* The program keeps the addresses of revoked maps, and may have any number of them. */
TEST_F(many_maps, that_were_revoked_do_not_slow_their_process)
{
	allow(2 * MANY_OBJECTS);
	EXPECT_EQ(0, run_child(map_among_revoked, &self->fd));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
