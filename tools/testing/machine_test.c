// SPDX-License-Identifier: GPL-2.0-only
/*
 * An administrator takes processors, blocks of memory and swap away and gives them back while maps
 * are in use. The memory of the maps stays as it is, and nothing hangs.
 */
#include "bounded.h"

#include <sys/swap.h>

#define SIZE		(64 * PAGE)
#define PROCESSOR	"/sys/devices/system/cpu/cpu1/online"
#define BLOCKS		"/sys/devices/system/memory/"
#define SWAP		"/dev/ram1"

/* Memory of each kind that can be had, with the pages numbered. */
static const __u32 kinds[] = {
	0, IOKMEM_PAGEABLE, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

#define NR_KINDS	ARRAY_SIZE(kinds)

FIXTURE(machine)
{
	int dev;
	int fds[NR_KINDS];
	char *maps[NR_KINDS];
};

FIXTURE_SETUP(machine)
{
	unsigned int i;

	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	for (i = 0; i < NR_KINDS; i++) {
		self->fds[i] = create(self->dev, IOKMEM_DIRECTION_INOUT | kinds[i], SIZE, 0);
		if (self->fds[i] == -EOPNOTSUPP)
			continue;
		ASSERT_LE(0, self->fds[i]);
		ASSERT_EQ(0, map(self->fds[i], 0, 0, 0, &self->maps[i]));
		number_pages(self->maps[i], SIZE);
	}
}

FIXTURE_TEARDOWN(machine)
{
}

static bool all_are_numbered(char *const maps[NR_KINDS])
{
	bool right = true;
	unsigned int i;

	for (i = 0; i < NR_KINDS; i++)
		if (maps[i])
			right &= pages_are_numbered(maps[i], SIZE, 0);
	return right;
}

static volatile bool *stop;

/* Make, map, touch and free memory of each kind until @stop. */
static int use_memory(void *arg)
{
	int dev = *(int *)arg, made = 0, fd;
	unsigned int i;
	char *address;

	for (i = 0; !*stop; i = (i + 1) % NR_KINDS) {
		fd = create_mapped(dev, kinds[i], SIZE, IOKMEM_MAP_ANYWHERE, &address);
		/* Memory may be short for a moment, or of no such kind. */
		if (fd < 0)
			continue;
		number_pages(address, SIZE);
		CHILD_EXPECT(pages_are_numbered(address, SIZE, 0));
		CHILD_EXPECT(!munmap(address, SIZE));
		close(fd);
		made++;
	}
	CHILD_EXPECT(made > 0);
	return 0;
}

/* Start children that use memory. */
static void start_users(int dev, struct bounded users[2])
{
	unsigned int i;

	stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < 2; i++)
		users[i] = spawn_bounded(use_memory, &dev);
}

static bool users_are_well(struct bounded users[2])
{
	bool well;

	*stop = true;
	well = !join_within(&users[0], PATIENCE);
	return !join_within(&users[1], PATIENCE) && well;
}

TEST_F(machine, processors_come_and_go)
{
	struct bounded users[2];
	int i;

	if (access(PROCESSOR, W_OK))
		SKIP(return, "no processor can go");
	start_users(self->dev, users);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, write_file(PROCESSOR, "0"));
		EXPECT_TRUE(all_are_numbered(self->maps));
		usleep(50 * 1000);
		EXPECT_EQ(0, write_file(PROCESSOR, "1"));
		usleep(50 * 1000);
	}
	EXPECT_TRUE(users_are_well(users));
	EXPECT_TRUE(all_are_numbered(self->maps));
}

static int take_block_offline(void *path)
{
	return write_file(path, "offline") ? 1 : 0;
}

/* The kernel does not take what is wired, and moves what is pageable. */
TEST_F_TIMEOUT(machine, blocks_of_memory_come_and_go, 240)
{
	int gone = 0, stayed = 0, rc;
	struct bounded child;
	struct dirent *entry;
	char path[128];
	DIR *dir = opendir(BLOCKS);

	if (!dir)
		SKIP(return, "no memory can go");
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), BLOCKS "%.32s/state", entry->d_name);
		if (strncmp(entry->d_name, "memory", 6) || access(path, W_OK))
			continue;
		child = spawn_bounded(take_block_offline, path);
		/* The kernel tries until a signal comes. */
		rc = join_within(&child, 2);
		if (!rc)
			gone++;
		else
			stayed++;
		EXPECT_TRUE(all_are_numbered(self->maps));
		if (!rc)
			EXPECT_EQ(0, write_file(path, "online"));
	}
	closedir(dir);
	TH_LOG("%d blocks went, and %d did not", gone, stayed);
	EXPECT_LT(0, gone + stayed);
	EXPECT_TRUE(all_are_numbered(self->maps));
}

TEST_F(machine, swap_goes_while_memory_is_in_use)
{
	struct bounded users[2];
	int i;

	if (count_lines("/proc/swaps", SWAP) <= 0)
		SKIP(return, "no swap");
	start_users(self->dev, users);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, madvise(self->maps[1], SIZE, MADV_PAGEOUT));
		EXPECT_EQ(0, swapoff(SWAP));
		EXPECT_TRUE(all_are_numbered(self->maps));
		EXPECT_EQ(0, swapon(SWAP, 0));
	}
	EXPECT_TRUE(users_are_well(users));
	EXPECT_TRUE(all_are_numbered(self->maps));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
