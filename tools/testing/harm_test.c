// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harm that an ordinary user can do to others: take out memory although little is charged,
 * have memory charged to somebody else, or have tables charged to nobody.
 */
#include "dmabuf_utils.h"
#include "limits_utils.h"

#define UNCACHED	IOKMEM_MAP_INHIBIT_CACHE

/* Each test has its own users, because the kernel counts the locked memory of a user everywhere. */
FIXTURE(harm)
{
	int dev;	/* opened by root */
};

FIXTURE_SETUP(harm)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(harm)
{
	if (!access(TEST_CGROUP, F_OK))
		EXPECT_TRUE(EVENTUALLY(!rmdir(TEST_CGROUP)));
}

/* Returns the buffer's fd, or -errno. */
static int create_below(int dev, __u64 capacity, __u64 mask)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.capacity = capacity,
		.physical_mask = mask,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* A block that has a buffer in it is of no use to others, so the user pays for the block. */
static int have_small_buffers_of_large_alignment(void *arg)
{
	int dev = *(int *)arg, fd, same;

	CHILD_EXPECT(!become(60300, 16 * PAGE));
	fd = create(dev, 0, 1, 8 * PAGE);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 8);
	same = create_below(dev, PAGE, ~(8 * PAGE - 1ull));
	CHILD_EXPECT(same >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 0);
	close(same);
	CHILD_EXPECT(count_available(dev, 20) == 8);
	CHILD_EXPECT(create(dev, 0, PAGE, 16 * PAGE) == -EPERM);
	close(fd);
	CHILD_EXPECT(count_available(dev, 20) == 16);
	/* A buffer that fills its block costs no more than itself. */
	fd = create(dev, 0, 9 * PAGE, 8 * PAGE);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 7);
	close(fd);
	return 0;
}

TEST_F(harm, of_an_alignment_is_charged)
{
	EXPECT_EQ(0, run_child(have_small_buffers_of_large_alignment, &self->dev));
}

static int try_to_break_up_huge_blocks(void *arg)
{
	int dev = *(int *)arg, i;

	CHILD_EXPECT(!become(60301, 8 * MIB));
	for (i = 0; create(dev, 0, PAGE, PMD) >= 0; i++)
		;
	CHILD_EXPECT(errno == EPERM || errno == ENOMEM);
	CHILD_EXPECT(i <= (int)(8 * MIB / PMD));
	return 0;
}

TEST_F(harm, to_huge_blocks_is_limited_by_what_a_user_may_have)
{
	EXPECT_EQ(0, run_child(try_to_break_up_huge_blocks, &self->dev));
}

static int ask_for_places(void *arg)
{
	static const __u64 masks[] = { 0xffffff, 0xfff000, 0x7fffffff, 0xffffffff, 0xfffff000 };
	int dev = *(int *)arg, fd;
	unsigned int i;

	CHILD_EXPECT(!become(60302, RLIM_INFINITY));
	CHILD_EXPECT(create(dev, 0, PAGE, 2 * PMD) == -EPERM);
	CHILD_EXPECT(create(dev, 0, 4 * PMD, 2 * PMD) == -EPERM);
	CHILD_EXPECT(create_below(dev, PAGE, ~(2 * PMD - 1ull)) == -EPERM);
	for (i = 0; i < ARRAY_SIZE(masks); i++)
		CHILD_EXPECT(create_below(dev, PAGE, masks[i]) == -EPERM);
	/* Values that make no sense have their own errors. */
	CHILD_EXPECT(create_below(dev, PAGE, 0x5000) == -EINVAL);
	CHILD_EXPECT(create_below(dev, 2 * PAGE, PAGE - 1) == -ERANGE);
	CHILD_EXPECT(create(dev, 0, PAGE, 1ull << 62) == -ERANGE);
	/* All of the machine's memory will do. */
	fd = create_below(dev, PAGE, ~0ull);
	CHILD_EXPECT(fd >= 0);
	close(fd);
	fd = create_below(dev, PAGE, ~(PAGE - 1ull));
	CHILD_EXPECT(fd >= 0);
	return 0;
}

TEST_F(harm, to_scarce_places_needs_a_capability)
{
	EXPECT_EQ(0, run_child(ask_for_places, &self->dev));
}

/* The kernel splits large entries of its map of all memory for good. */
TEST_F(harm, of_aligned_uncached_buffers_to_the_kernels_own_map_is_none)
{
	long before = memory("DirectMap4k:"), grown;
	int fds[16], i;

	if (before < 0)
		SKIP(return, "the kernel does not tell how it maps memory");
	NEED_CACHE_MODE(UNCACHED);
	for (i = 0; i < (int)ARRAY_SIZE(fds); i++) {
		fds[i] = create(self->dev, UNCACHED, PAGE, PMD);
		ASSERT_LE(0, fds[i]);
	}
	grown = memory("DirectMap4k:") - before;
	EXPECT_GE(2 * (long)PMD, grown);
	for (i = 0; i < (int)ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

#define NR_SCATTERED	(8 * (int)(PMD / PAGE))

/* The attacker has the page allocator hand out single pages that are far from each other. */
TEST_F(harm, of_small_uncached_buffers_to_the_kernels_own_map_is_none)
{
	struct rlimit files = { NR_SCATTERED + 64, NR_SCATTERED + 64 };
	long before = memory("DirectMap4k:"), grown;
	int *fds = calloc(NR_SCATTERED, sizeof(*fds)), i;

	if (before < 0)
		SKIP(return, "the kernel does not tell how it maps memory");
	NEED_CACHE_MODE(UNCACHED);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_NE(NULL, fds);
	for (i = 0; i < NR_SCATTERED; i++) {
		fds[i] = create(self->dev, 0, PAGE, 0);
		ASSERT_LE(0, fds[i]);
	}
	for (i = 0; i < NR_SCATTERED; i += 128)
		close(fds[i]);
	for (i = 0; i < NR_SCATTERED; i += 128) {
		fds[i] = create(self->dev, UNCACHED, PAGE, 0);
		ASSERT_LE(0, fds[i]);
	}
	grown = memory("DirectMap4k:") - before;
	EXPECT_GE(2 * (long)PMD, grown);
	for (i = 0; i < NR_SCATTERED; i++)
		close(fds[i]);
	free(fds);
}

#define NR_ROUNDS	16

/*
 * Small buffers of two sizes, so that no large block that the small ones are cut out of has room
 * for another one of the larger size.
 */
TEST_F(harm, of_small_uncached_buffers_to_free_memory_is_limited)
{
	int fds[NR_ROUNDS * (NR_ROUNDS + 1)], nr = 0, round, half, i;
	long before, taken;

	NEED_CACHE_MODE(UNCACHED);
	ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "2"));
	before = free_memory("MemFree:");
	for (round = 1; round <= NR_ROUNDS; round++) {
		half = create(self->dev, UNCACHED, PMD / 2, 0);
		ASSERT_LE(0, half);
		for (i = 0; i < 2 * round; i++) {
			if (i == round) {
				close(half);
				/* The pools give back what is idle. */
				ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "2"));
			}
			fds[nr] = create(self->dev, UNCACHED, PAGE, 0);
			ASSERT_LE(0, fds[nr++]);
		}
	}
	ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "2"));
	taken = before - free_memory("MemFree:");
	EXPECT_GE(6 * (long)PMD, taken) {
		TH_LOG("%d pages take %ld KiB", nr, taken / (long)KIB);
	}
	while (nr--)
		close(fds[nr]);
}

/* A process that holds memory until it is killed, or cannot. */
struct holder {
	int dev;
	int fd;		/* what it has been given */
	uid_t uid;
	rlim_t limit;	/* in pages */
	int (*hold)(struct holder *holder);	/* returns what keeps the memory, or -errno */
	int pipes[2];
	pid_t pid;
};

static int run_holder(void *arg)
{
	struct holder *holder = arg;
	int result;

	CHILD_EXPECT(!become(holder->uid, holder->limit * PAGE));
	result = holder->hold(holder);
	CHILD_EXPECT(write(holder->pipes[1], &result, sizeof(result)) == sizeof(result));
	for (;;)
		pause();
}

/* Start a holder. Returns 0 if it holds the memory, or -errno. */
static int start(struct holder *holder)
{
	int result;

	if (pipe(holder->pipes))
		return -errno;
	holder->pid = spawn(run_holder, holder);
	if (read(holder->pipes[0], &result, sizeof(result)) != sizeof(result))
		result = -EIO;
	close(holder->pipes[0]);
	close(holder->pipes[1]);
	return result < 0 ? result : 0;
}

static void stop(struct holder *holder)
{
	kill(holder->pid, SIGKILL);
	join(holder->pid);
}

static int report_available(void *arg)
{
	struct holder *holder = arg;

	return become(holder->uid, holder->limit * PAGE) ? 100 : count_available(holder->dev, 40);
}

/* Return how many pages the holder's user can still have. */
static int available(struct holder *holder)
{
	return run_child(report_available, holder);
}

static int hold_by_dma_buf(struct holder *holder)
{
	return get_dma_buf(holder->fd, 0);
}

static int hold_by_read_only_dma_buf(struct holder *holder)
{
	return get_dma_buf(holder->fd, IOKMEM_FD_READ_ONLY);
}

static int hold_by_map_of_multi(struct holder *holder)
{
	__s32 fds[2] = { holder->fd, holder->fd };
	int multi = create_multi(holder->dev, 0, fds, 2);

	return multi < 0 ? multi : try_map(multi, IOKMEM_MAP_ANYWHERE, 0, 0, 0);
}

/* The holder can map the memory that it was given, and holds it by that. */
static int hold_by_map(struct holder *holder)
{
	return try_map(holder->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0);
}

static int hold_twice(struct holder *holder)
{
	int fd = get_dma_buf(holder->fd, 0);

	return fd < 0 ? fd : hold_by_dma_buf(holder);
}

static int hold_in_all_ways(struct holder *holder)
{
	int err = hold_twice(holder);

	return err < 0 ? err : hold_by_map_of_multi(holder);
}

/* Two users who hold the memory that both have been given. */
static void expect_both_pay(struct __test_metadata *_metadata, int dev, int fd, uid_t uid,
			    int (*hold)(struct holder *holder))
{
	struct holder owner = { .dev = dev, .fd = fd, .uid = uid, .limit = 4, .hold = hold };
	struct holder peer = { .dev = dev, .fd = fd, .uid = uid + 1, .hold = hold };

	ASSERT_EQ(0, start(&owner));
	EXPECT_EQ(1, available(&owner));
	/* That somebody else holds the memory makes it no cheaper. */
	EXPECT_EQ(-EPERM, start(&peer));
	stop(&peer);
	peer.limit = 5;
	EXPECT_EQ(5, available(&peer));
	ASSERT_EQ(0, start(&peer));
	EXPECT_EQ(1, available(&owner));
	EXPECT_EQ(2, available(&peer));
	/* Nobody pays for what only others hold any more. */
	stop(&owner);
	EXPECT_TRUE(EVENTUALLY(available(&owner) == 4));
	EXPECT_EQ(2, available(&peer));
	stop(&peer);
	EXPECT_TRUE(EVENTUALLY(available(&peer) == 5));
}

TEST_F(harm, of_pinning_by_a_dma_buf_is_charged_to_each_user)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0);

	ASSERT_LE(0, fd);
	expect_both_pay(_metadata, self->dev, fd, 60310, hold_by_dma_buf);
}

TEST_F(harm, of_pinning_through_a_read_only_fd_is_charged_to_each_user)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0);

	ASSERT_LE(0, fd);
	fd = duplicate(fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, fd);
	expect_both_pay(_metadata, self->dev, fd, 60312, hold_by_read_only_dma_buf);
}

TEST_F(harm, of_pinning_by_a_map_of_a_multi_is_charged_to_each_user)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0), multi;

	ASSERT_LE(0, fd);
	expect_both_pay(_metadata, self->dev, fd, 60314, hold_by_map_of_multi);
	/* The multi-descriptor may be one that both have been given. */
	multi = create_multi(self->dev, 0, &fd, 1);
	ASSERT_LE(0, multi);
	expect_both_pay(_metadata, self->dev, multi, 60316, hold_by_map);
}

TEST_F(harm, of_pinning_a_window_is_charged_for_the_window)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0), window;
	struct holder holders[] = {
		{ .uid = 60330, .hold = hold_by_dma_buf },
		{ .uid = 60331, .hold = hold_by_map },
	};
	unsigned int i;

	ASSERT_LE(0, fd);
	window = create_sub(fd, 0, PAGE, PAGE);
	ASSERT_LE(0, window);
	holders[0].fd = window;
	holders[1].fd = create_multi(self->dev, 0, &window, 1);
	for (i = 0; i < ARRAY_SIZE(holders); i++) {
		holders[i].dev = self->dev;
		holders[i].limit = 2;
		ASSERT_EQ(0, start(&holders[i]));
		EXPECT_EQ(1, available(&holders[i]));
		stop(&holders[i]);
	}
}

TEST_F(harm, of_pinning_an_imported_dma_buf_is_charged_to_each_user)
{
	int dma_buf = new_udmabuf(3 * PAGE), fd;

	if (dma_buf < 0)
		SKIP(return, "no udmabuf");
	fd = with_dma_buf(self->dev, 0, dma_buf);
	ASSERT_LE(0, fd);
	expect_both_pay(_metadata, self->dev, fd, 60318, hold_by_map);
	expect_both_pay(_metadata, self->dev, fd, 60320, hold_by_map_of_multi);
}

TEST_F(harm, of_pinning_the_same_memory_again_is_none)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0);
	struct holder holder = { .dev = self->dev, .fd = fd, .uid = 60322, .limit = 4 };
	struct holder again = holder;

	ASSERT_LE(0, fd);
	holder.hold = hold_twice;
	again.hold = hold_by_dma_buf;
	ASSERT_EQ(0, start(&holder));
	EXPECT_EQ(1, available(&holder));
	/* Another process of the user. */
	ASSERT_EQ(0, start(&again));
	EXPECT_EQ(1, available(&holder));
	stop(&holder);
	EXPECT_EQ(1, available(&holder));
	stop(&again);
	EXPECT_TRUE(EVENTUALLY(available(&holder) == 4));
}

/* A multi-descriptor is other memory than its members, since it may be of several. */
TEST_F(harm, of_pinning_ends_with_its_holders)
{
	int fd = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0);
	struct holder holder = {
		.dev = self->dev,
		.fd = fd,
		.uid = 60324,
		.limit = 7,
		.hold = hold_in_all_ways,
	};

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, start(&holder));
	EXPECT_EQ(1, available(&holder));
	stop(&holder);
	EXPECT_TRUE(EVENTUALLY(available(&holder) == 7));
}

#define NR_PAGES_SHUFFLED	1024
#define NR_IMPORTS		64

/* Make dma-bufs of the same pages, which are not neighbours in memory. Return 0 or -errno. */
static int new_scattered_udmabufs(int fds[NR_IMPORTS])
{
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memfd, err = 0, i;
	struct udmabuf_create_list *list;
	size_t size = NR_PAGES_SHUFFLED * PAGE;

	if (dev < 0)
		return -errno;
	memfd = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	list = calloc(1, sizeof(*list) + NR_PAGES_SHUFFLED * sizeof(list->list[0]));
	/* The kernel allocates the pages in the order of the file. */
	if (memfd < 0 || !list || fallocate(memfd, 0, 0, size) ||
	    fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		abort();
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = NR_PAGES_SHUFFLED;
	for (i = 0; i < NR_PAGES_SHUFFLED; i++) {
		list->list[i].memfd = memfd;
		/* Every page follows one that is far away. All occur, since the factor is odd. */
		list->list[i].offset = i * 389 % NR_PAGES_SHUFFLED * PAGE;
		list->list[i].size = PAGE;
	}
	for (i = 0; i < NR_IMPORTS && !err; i++) {
		fds[i] = ioctl(dev, UDMABUF_CREATE_LIST, list);
		err = fds[i] < 0 ? -errno : 0;
	}
	free(list);
	close(memfd);
	close(dev);
	return err;
}

static long charged(void)
{
	return read_number(TEST_CGROUP "/memory.current");
}

struct importer {
	int dev;
	int dma_bufs[NR_IMPORTS];
};

/* Map imports of dma-bufs, without touching them. */
static int import_all(void *arg)
{
	/* An extent has two words. */
	long tables = NR_IMPORTS * NR_PAGES_SHUFFLED * 2 * sizeof(long), before, after;
	struct importer *importer = arg;
	struct iokmem_query_buffer buffer;
	char *address;
	int fd, i;

	CHILD_EXPECT(!enter_cgroup());
	before = charged();
	for (i = 0; i < NR_IMPORTS; i++) {
		fd = with_dma_buf(importer->dev, 0, importer->dma_bufs[i]);
		CHILD_EXPECT(fd >= 0);
		CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
	}
	query(fd, &buffer);
	CHILD_EXPECT(buffer.extents > NR_PAGES_SHUFFLED / 2);
	after = charged();
	fprintf(stderr, "# %d imports: tables of %ld KiB, %ld KiB are charged\n", NR_IMPORTS,
		tables / KIB, (after - before) / KIB);
	/* The kernel may have charged 64 pages in advance before. */
	CHILD_EXPECT(after - before >= tables - 64 * (long)PAGE);
	return 0;
}

TEST_F_TIMEOUT(harm, of_tables_is_charged_to_the_cgroup, 120)
{
	struct rlimit files = { 2 * NR_IMPORTS + 64, 2 * NR_IMPORTS + 64 };
	struct importer importer = { .dev = self->dev };
	int err;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	err = new_scattered_udmabufs(importer.dma_bufs);
	if (err == -ENOENT || err == -ENODEV)
		SKIP(return, "no udmabuf");
	ASSERT_EQ(0, err);
	if (make_cgroup())
		SKIP(return, "no memory controller of cgroup v2");
	EXPECT_EQ(0, run_child(import_all, &importer));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
