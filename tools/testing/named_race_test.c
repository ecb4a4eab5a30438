// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named buffers that are made and removed while programs open and map them, and while the kernel
 * has no memory.
 */
#include "fail_nth.h"
#include "named_utils.h"
#include "racers.h"

#define NR_OPENERS	3
#define NR_CHANGES	6

/* Open the buffer, map it in both ways, and touch it, whether it is there or not. */
static void use_buffer(struct racer *racer)
{
	char *bytes[2] = { MAP_FAILED, MAP_FAILED };
	int fd = open(NODES "one", O_RDWR | O_CLOEXEC), memory, i;

	if (fd < 0) {
		RACER_EXPECT(racer, errno == ENOENT || errno == ENODEV || errno == ENXIO);
		return;
	}
	memory = memory_of(fd);
	RACER_EXPECT(racer, memory >= 0);
	bytes[0] = map_file(fd, PROT_READ | PROT_WRITE);
	RACER_EXPECT(racer, bytes[0] != MAP_FAILED || errno == ENODEV);
	bytes[1] = map_file(memory, PROT_READ | PROT_WRITE);
	RACER_EXPECT(racer, bytes[1] != MAP_FAILED || errno == ENODEV);
	close(fd);
	for (i = 0; i < 2; i++) {
		if (bytes[i] == MAP_FAILED)
			continue;
		if (!sigsetjmp(probe_env, 1)) {
			touch(bytes[i] + random_below(racer, SIZE), true);
			racer->done++;
		}
		munmap(bytes[i], SIZE);
	}
	close(memory);
}

static void *use_buffers(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	while (!stop)
		use_buffer(racer);
	return NULL;
}

/* Each change returns whether it was made, or -errno. */

static int remove_and_make(void)
{
	return take_away("one") ?: make("one:1M") ?: 1;
}

static int unbind_and_bind(void)
{
	char link[128] = "", *device;

	if (readlink(SYSFS "one/device", link, sizeof(link) - 1) < 0)
		return -errno;
	device = strrchr(link, '/') + 1;
	return write_file(DRIVER "unbind", device) ?: write_file(DRIVER "bind", device) ?: 1;
}

/* The module stays while a thread has the buffer open. */
static int unload_and_load(void)
{
	int err = try_to_unload();

	return err == -EWOULDBLOCK ? 0 : err ?: load("buffers=one:1M") ?: 1;
}

FIXTURE(named_race)
{
	struct sigaction segv, bus;
};

FIXTURE_VARIANT(named_race)
{
	int (*change)(void);
};

FIXTURE_VARIANT_ADD(named_race, remove) { .change = remove_and_make };
FIXTURE_VARIANT_ADD(named_race, unbind) { .change = unbind_and_bind };
FIXTURE_VARIANT_ADD(named_race, unload) { .change = unload_and_load };

FIXTURE_SETUP(named_race)
{
	struct sigaction act = { .sa_handler = probe_handler };

	if (access(MODULE, F_OK))
		SKIP(return, "no " MODULE);
	sigaction(SIGSEGV, &act, &self->segv);
	sigaction(SIGBUS, &act, &self->bus);
	ASSERT_EQ(0, load("buffers=one:1M"));
}

FIXTURE_TEARDOWN(named_race)
{
	if (access(MODULE, F_OK))
		return;
	sigaction(SIGSEGV, &self->segv, NULL);
	sigaction(SIGBUS, &self->bus, NULL);
	EXPECT_TRUE(unload());
	EXPECT_EQ(0, nr_nodes());
}

TEST_F(named_race, harms_neither_programs_nor_the_kernel)
{
	struct racer racers[NR_OPENERS];
	pthread_barrier_t barrier;
	double begin = now();
	int changed = 0, changes = 0;

	start(_metadata, -1, racers, NR_OPENERS, &barrier, use_buffers);
	while (changed >= 0 && (changes < NR_CHANGES || now() < begin + 1) && now() < begin + 60) {
		changed = variant->change();
		changes += changed > 0;
	}
	stop = true;
	finish(_metadata, racers, NR_OPENERS);
	EXPECT_LE(0, changed);
	EXPECT_LE(NR_CHANGES, changes);
}

static const char *const specs[] = { "one:1M", "one:1M:contiguous:uncached", "one:1M:coherent" };

TEST(nothing_is_left_of_a_buffer_that_cannot_be_made)
{
	int control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	int devices, nth, err, failures = 0, before = nr_descriptors();
	bool reached;
	size_t i;

	if (access(MODULE, F_OK))
		SKIP(return, "no " MODULE);
	if (control < 0)
		SKIP(return, "the kernel has no fault injection");
	ASSERT_EQ(0, load(""));
	devices = nr_entries("/sys/bus/platform/devices");
	for (i = 0; i < ARRAY_SIZE(specs); i++) {
		reached = true;
		for (nth = 1; reached; nth++) {
			ASSERT_GT(2000, nth);
			arm(control, nth);
			err = make(specs[i]);
			reached = disarm(control);
			/* The kernel makes a device even if it fails to make the node. */
			EXPECT_EQ(!err, !access(SYSFS "one", F_OK))
				TH_LOG("%s, %d: %d", specs[i], nth, err);
			if (err)
				failures++;
			else
				EXPECT_EQ(0, take_away("one"));
			EXPECT_EQ(before, nr_descriptors());
			EXPECT_EQ(devices, nr_entries("/sys/bus/platform/devices"));
			EXPECT_EQ(0, nr_nodes());
		}
		/* The last round had no failure. */
		EXPECT_EQ(0, err);
	}
	EXPECT_LT(10, failures);
	close(control);
	EXPECT_TRUE(unload());
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
