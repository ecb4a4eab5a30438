// SPDX-License-Identifier: GPL-2.0-only
/*
 * NUMA nodes: memory is on the nodes that the caller's memory policy, its cpuset, or the
 * request itself name, also memory that others have used before.
 */
#include "driver_utils.h"

#include <sched.h>

#include <linux/mempolicy.h>

#define UNCACHED	IOKMEM_MAP_INHIBIT_CACHE
#define COMBINED	IOKMEM_MAP_WRITE_COMBINE_CACHE
#define CONTIGUOUS	IOKMEM_PHYSICALLY_CONTIGUOUS
#define CGROUP		"/sys/fs/cgroup/iokmem-node-test"
#define BOTH		-1

static int set_policy(int mode, unsigned long nodes)
{
	return syscall(SYS_set_mempolicy, mode, mode == MPOL_DEFAULT ? NULL : &nodes,
		       mode == MPOL_DEFAULT ? 0 : 8 * sizeof(nodes));
}

/* Run on the processor that the node has. */
static int run_on(int node)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(node, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

static int create_on(int dev, __u32 options, __u64 capacity, __u32 node)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = options,
		.capacity = capacity,
		.fd = -1,
		.node = node,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* Return the node that all pages are on; BOTH; or -errno, which is less. */
static int node_of(int driver, int fd, size_t size)
{
	int first = -ENOENT, node;
	struct iokmem_probe probe;
	char *base;
	size_t at;

	if (map(fd, 0, 0, 0, &base))
		return -ENOMEM;
	for (at = 0; at < size; at += PAGE) {
		touch(base + at, false);
		if (probe_user(base + at, &probe))
			return -ENOENT;
		node = ioctl(driver, IOKMEM_PROBE_NODE, (unsigned long)probe.pfn);
		if (first == -ENOENT)
			first = node;
		else if (node != first)
			first = BOTH;
	}
	release(fd, base, size);
	return first;
}

FIXTURE(node)
{
	int dev;
	int driver;
};

FIXTURE_VARIANT(node)
{
	__u32 options;
	struct measure size;
};

FIXTURE_VARIANT_ADD(node, copyback)
{
	.options = 0,
	.size = NR_HUGE(4),
};

FIXTURE_VARIANT_ADD(node, uncached)
{
	.options = UNCACHED,
	.size = NR_HUGE(4),
};

FIXTURE_VARIANT_ADD(node, write_combined_pages)
{
	.options = COMBINED,
	.size = NR_PAGES(3),
};

FIXTURE_VARIANT_ADD(node, contiguous_neighbours)
{
	.options = CONTIGUOUS,
	.size = NR_HUGE(4),
};

FIXTURE_VARIANT_ADD(node, contiguous)
{
	.options = CONTIGUOUS | UNCACHED,
	.size = MEASURE(3, 3, 0),
};

FIXTURE_SETUP(node)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "the machine has one node");
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "iokmem_probe is not loaded");
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, run_on(0));
}

FIXTURE_TEARDOWN(node)
{
}

/* Make a buffer, return where it is, and close it. */
static int make(int dev, int driver, __u32 options, size_t size)
{
	int fd = create(dev, options, size, 0), node;

	if (fd < 0)
		return fd;
	node = node_of(driver, fd, size);
	close(fd);
	return node;
}

#define MAKE()	make(self->dev, self->driver, variant->options, measured(variant->size))

/*
 * Have a policy for one node at a time, near to it and far from it. Buffers of one node leave
 * blocks to the pools, which those of the other must not get.
 */
static void expect_to_follow(struct __test_metadata *_metadata, struct _test_data_node *self,
			     const struct _fixture_variant_node *variant, int mode)
{
	int i;

	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, run_on(i / 4));
		ASSERT_EQ(0, set_policy(mode, 1UL << i % 2));
		EXPECT_EQ(i % 2, MAKE());
	}
}

TEST_F(node, memory_is_where_a_task_is_bound_to)
{
	expect_to_follow(_metadata, self, variant, MPOL_BIND);
}

TEST_F(node, memory_is_where_a_task_prefers_it)
{
	expect_to_follow(_metadata, self, variant, MPOL_PREFERRED);
}

TEST_F(node, memory_is_near_the_processor_without_a_policy)
{
	int i;

	ASSERT_EQ(0, set_policy(MPOL_DEFAULT, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, run_on(i % 2));
		EXPECT_EQ(i % 2, MAKE());
	}
}

/* Memory that comes in one piece is on one node. */
TEST_F(node, memory_is_spread_over_interleaved_nodes)
{
	int i;

	if (variant->options & CONTIGUOUS)
		SKIP(return, "one piece");
	ASSERT_EQ(0, set_policy(MPOL_INTERLEAVE, 3));
	/* The second time it is memory of the pools. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(BOTH, MAKE());
}

/* An idle block is found again where it is. */
TEST_F(node, memory_is_used_again_on_its_node)
{
	size_t size = measured(variant->size);
	struct iokmem_probe first, again;
	char *base;
	int fd;

	if (variant->options & CONTIGUOUS || !variant->options)
		SKIP(return, "not in a pool when idle");
	/* The processor is of the other node. */
	ASSERT_EQ(0, set_policy(MPOL_BIND, 2));
	fd = create(self->dev, variant->options, size, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	touch(base, false);
	ASSERT_EQ(0, probe_user(base, &first));
	ASSERT_EQ(0, release(fd, base, size));
	close(fd);

	ASSERT_EQ(0, set_policy(MPOL_BIND, 1));
	EXPECT_EQ(0, MAKE());
	ASSERT_EQ(0, set_policy(MPOL_BIND, 2));
	fd = create(self->dev, variant->options, size, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	touch(base, false);
	ASSERT_EQ(0, probe_user(base, &again));
	EXPECT_EQ(first.pfn, again.pfn);
}

TEST_F(node, memory_is_where_a_cpuset_allows_it)
{
	size_t size = measured(variant->size);
	char pid[16];
	int i;

	/* Leave memory of the other node to the pools. */
	ASSERT_EQ(0, MAKE());
	if (write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset"))
		SKIP(return, "no cpusets");
	if (mkdir(CGROUP, 0700))
		ASSERT_EQ(EEXIST, errno);
	ASSERT_EQ(0, write_file(CGROUP "/cpuset.mems", "1"));
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.procs", pid));
	ASSERT_EQ(0, run_on(0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, MAKE());
	EXPECT_EQ(-EINVAL, create_on(self->dev, variant->options, size, 1 + 0));
	ASSERT_EQ(0, write_file("/sys/fs/cgroup/cgroup.procs", pid));
	EXPECT_EQ(0, rmdir(CGROUP));
}

TEST_F(node, memory_is_where_the_request_says)
{
	size_t size = measured(variant->size);
	int fd, i;

	for (i = 0; i < 8; i++) {
		/* The buffer goes by its node and not by the policy. */
		ASSERT_EQ(0, set_policy(MPOL_BIND, 1UL << i / 4));
		fd = create_on(self->dev, variant->options, size, 1 + i % 2);
		ASSERT_LE(0, fd);
		EXPECT_EQ(i % 2, node_of(self->driver, fd, size));
		close(fd);
	}
}

TEST_F(node, no_other_node_helps_out)
{
	size_t all = memory("MemTotal"), size = 16 * MIB, made = 0;
	int fds[64], nr = 0, fd = 0;
	char line[128];
	long kib;

	ASSERT_TRUE(find_line("/sys/devices/system/node/node1/meminfo", "MemTotal", line,
			      sizeof(line)));
	kib = atol(strchr(line, ':') + 1);
	if (variant->options & CONTIGUOUS)
		SKIP(return, "the search takes long");
	while (nr < 64 && made < all) {
		fd = create_on(self->dev, variant->options, size, 1 + 1);
		if (fd < 0)
			break;
		fds[nr++] = fd;
		made += size;
	}
	EXPECT_EQ(-ENOMEM, fd);
	EXPECT_GT(kib * KIB, made);
	while (nr--)
		close(fds[nr]);
	/* Other tests need memory of the node, which may be in the pools now. */
	EXPECT_TRUE(EVENTUALLY(!write_file("/proc/sys/vm/drop_caches", "2") &&
			       count_equal_lines(POOLS, "iokmem-pool-idle:\t0") == 2));
}

/* Volatile memory of one node each. */
FIXTURE(volatile_memory)
{
	int fds[2];
};

#define VOLATILE_SIZE	(16 * MIB)

FIXTURE_SETUP(volatile_memory)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), i;
	char *base;

	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "the machine has one node");
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, run_on(0));
	/* The other node's buffer becomes volatile first. On one node it would be emptied first. */
	for (i = 1; i >= 0; i--) {
		self->fds[i] = create(dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, VOLATILE_SIZE, 0);
		ASSERT_LE(0, self->fds[i]);
		ASSERT_EQ(0, map(self->fds[i], 0, 0, 0, &base));
		ASSERT_EQ(0, set_policy(MPOL_BIND, 1UL << i));
		memset(base, 'x', VOLATILE_SIZE);
		ASSERT_EQ(0, set_policy(MPOL_DEFAULT, 0));
		ASSERT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE,
			  set_purgeable(self->fds[i], IOKMEM_PURGEABLE_VOLATILE));
	}
	close(dev);
}

FIXTURE_TEARDOWN(volatile_memory)
{
}

static bool is_empty(int fd)
{
	return set_purgeable(fd, IOKMEM_PURGEABLE_KEEP_CURRENT) == IOKMEM_PURGEABLE_EMPTY;
}

/* Take memory of node 0 until one of the two is empty. */
static int press_node(void *arg)
{
	size_t step = 4 * MIB, most = memory("MemTotal"), taken;
	const int *fds = arg;
	char *all;

	CHILD_EXPECT(!set_policy(MPOL_BIND, 1));
	all = mmap(NULL, most, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHILD_EXPECT(all != MAP_FAILED);
	/* If memory runs out, the kernel shall kill this process. */
	write_file("/proc/self/oom_score_adj", "1000");
	for (taken = 0; taken < most && !is_empty(fds[0]) && !is_empty(fds[1]); taken += step)
		memset(all + taken, 1, step);
	CHILD_EXPECT(is_empty(fds[0]));
	return 0;
}

TEST_F(volatile_memory, is_emptied_where_memory_is_short)
{
	EXPECT_EQ(0, run_child(press_node, self->fds));
	EXPECT_TRUE(is_empty(self->fds[0]));
	EXPECT_EQ(IOKMEM_PURGEABLE_VOLATILE,
		  set_purgeable(self->fds[1], IOKMEM_PURGEABLE_KEEP_CURRENT));
}

/* Requests that make no sense. */
TEST(nodes_that_are_not_there_are_refused)
{
	static const __u32 bad[] = { 1 + 63, 1 + 1023, 1 + 1024, 0x7fffffff, 0x80000000, ~0u };
	struct iokmem_create_buffer arg = { .size = sizeof(arg), .capacity = PAGE };
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd;
	struct state before;
	size_t i;

	ASSERT_LE(0, dev);
	before = look(-1);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, create_on(dev, 0, PAGE, bad[i]));
	EXPECT_EQ(-EINVAL, create_on(dev, IOKMEM_PAGEABLE, PAGE, 1));
	arg.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, iok(dev, IOKMEM_CREATE_BUFFER, &arg));
	EXPECT_UNCHANGED(before, -1);

	/* Node 0 is everywhere. */
	fd = create_on(dev, 0, PAGE, 1);
	EXPECT_LE(0, fd);
}

TEST_HARNESS_MAIN
