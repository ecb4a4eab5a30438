// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample driver when the kernel has no memory or cannot copy, at each place in turn
 * where that can happen.
 */
#include "edu_utils.h"
#include "fail_nth.h"

/* Binding, opening and using the device, with a failure at each place. */

static int run_bind(int fd, char **bytes)
{
	return bind_edu();
}

static void undo_bind(int fd, char *bytes)
{
	unbind_edu();
}

static int run_open(int fd, char **bytes)
{
	*bytes = (char *)(long)open_edu();
	return (long)*bytes < 0 ? (long)*bytes : 0;
}

static void undo_open(int fd, char *bytes)
{
	close((long)bytes);
}

static int run_edu_map(int fd, char **bytes)
{
	return edu_map(fd, bytes);
}

static void undo_edu_map(int fd, char *bytes)
{
	munmap(bytes, SIZE);
}

static int run_get_buffer(int fd, char **bytes)
{
	*bytes = (char *)(long)edu_buffer(fd, 0);
	return (long)*bytes < 0 ? (long)*bytes : 0;
}

static int run_copy(int fd, char **bytes)
{
	long done = edu_copy(fd, 100, 200, 100);

	return done < 0 ? done : done == 100 ? 0 : -EMSGSIZE;
}

static int run_program(int fd, char **bytes)
{
	return edu_program(fd, QUARTER - 1, 2);
}

static void undo_nothing(int fd, char *bytes)
{
}

FIXTURE(edu_failures)
{
	int fd;
	int control;
};

FIXTURE_VARIANT(edu_failures)
{
	int (*run)(int fd, char **bytes);
	void (*undo)(int fd, char *bytes);
	bool unbound;
	bool leaves_vma;
};

#define FAILURES(_name, _run, _undo, ...)				\
	FIXTURE_VARIANT_ADD(edu_failures, _name)			\
	{								\
		.run = _run, .undo = _undo, ##__VA_ARGS__		\
	}

FAILURES(bind, run_bind, undo_bind, .unbound = true);
FAILURES(open, run_open, undo_open);
FAILURES(map, run_edu_map, undo_edu_map, .leaves_vma = true);
FAILURES(get_buffer, run_get_buffer, undo_open);
FAILURES(copy, run_copy, undo_nothing);
FAILURES(program, run_program, undo_nothing);

/*
 * Let only allocations from the general caches fail if @only. The kernel reports a bug when
 * its interrupts do not get their entries in /proc.
 */
static int fail_general_caches(bool only)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[300];
	int nr = 0;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/failslab", entry->d_name);
		if (!strncmp(entry->d_name, "kmalloc-", 8))
			nr += !write_file(path, only ? "1" : "0");
	}
	if (dir)
		closedir(dir);
	write_file("/sys/kernel/debug/failslab/cache-filter", only ? "Y" : "N");
	/* Page allocations would fail for all caches now and then. */
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", only ? "10" : "0");
	return nr;
}

FIXTURE_SETUP(edu_failures)
{
	self->fd = -1;
	self->control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->control < 0)
		SKIP(return, "the kernel has no fault injection");
	if (!find_edu() && !machine_has("edu"))
		SKIP(return, "no edu device");
	if (variant->unbound && machine_has("iommu"))
		SKIP(return, "takes long, and is the same without an IOMMU");
	ASSERT_TRUE(is_bound());
	if (variant->unbound) {
		ASSERT_EQ(0, unbind_edu());
		ASSERT_LT(0, fail_general_caches(true));
	} else {
		self->fd = open_edu();
		ASSERT_LE(0, self->fd);
	}
}

FIXTURE_TEARDOWN(edu_failures)
{
	if (self->control >= 0 && variant->unbound)
		fail_general_caches(false);
	if (*slot && !is_bound())
		bind_edu();
}

TEST_F_TIMEOUT(edu_failures, leave_nothing_behind, 300)
{
	int nth, err, failures = 0;
	struct state before;
	bool reached = true;

	before = look(-1);
	for (nth = 1; reached; nth++) {
		struct state expected = before;
		char *bytes;

		ASSERT_GT(2000, nth);
		arm(self->control, nth);
		err = variant->run(self->fd, &bytes);
		reached = disarm(self->control);
		if (!err)
			variant->undo(self->fd, bytes);
		else
			failures++;
		/* A driver that cannot answer leaves an empty VMA, which the next map takes up. */
		if (err && variant->leaves_vma && look(-1).vmas > before.vmas)
			expected.vmas++;
		EXPECT_UNCHANGED(expected, -1);
		EXPECT_EQ(!variant->unbound, is_bound());
	}
	TH_LOG("%d places", nth - 2);
	/* The last round had no failure, but an earlier one must have had one. */
	EXPECT_EQ(0, err);
	EXPECT_LT(0, failures);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
