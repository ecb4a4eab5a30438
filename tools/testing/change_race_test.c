// SPDX-License-Identifier: GPL-2.0-only
/* Threads that use memory while its cache mode or its content changes. */
#include "racers.h"

#define SIZE	(32 * PAGE)

FIXTURE(change)
{
	int dev;
	int wired;
	int purgeable;
	int multi;	/* of @wired, @purgeable, and part of @wired */
};

/* Racers have their own fd; these they share. */
static int purgeable_fd, multi_fd;

FIXTURE_SETUP(change)
{
	__s32 fds[3];

	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->wired = create(self->dev, 0, SIZE, 0);
	ASSERT_LE(0, self->wired);
	self->purgeable = create(self->dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
	ASSERT_LE(0, self->purgeable);
	fds[0] = self->wired;
	fds[1] = self->purgeable;
	fds[2] = create_sub(self->wired, 0, 4 * PAGE, 4 * PAGE);
	self->multi = create_multi(self->dev, 0, fds, 3);
	ASSERT_LE(0, self->multi);
	close(fds[2]);
	purgeable_fd = self->purgeable;
	multi_fd = self->multi;
}

FIXTURE_TEARDOWN(change)
{
	EXPECT_EQ(0, nr_maps(self->wired));
	EXPECT_EQ(0, nr_maps(self->purgeable));
	EXPECT_EQ(0, nr_maps(self->multi));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

static const __u32 modes[] = {
	IOKMEM_MAP_DEFAULT_CACHE, IOKMEM_MAP_COPYBACK_CACHE,
	IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

/*
 * Return true if the request may fail: another mode is in use, or memory cannot have @mode
 * here.
 */
static bool may_fail(__u32 mode, int err)
{
	return err == -EBUSY || (err == -EOPNOTSUPP && !has_cache_mode(mode));
}

/* Check that a mapped page has the map's mode everywhere, until the map is released. */
static void check_mode(struct racer *racer, char *address, __u32 mode)
{
	struct iokmem_probe probe;
	char *byte = address + random_below(racer, SIZE);

	touch(byte, true);
	if (probe_user(byte, &probe))
		return;	/* iokmem_probe is not loaded */
	RACER_EXPECT(racer, probe.present);
	RACER_EXPECT(racer, probe.cache == entry_cache(mode));
	RACER_EXPECT(racer, frame_cache(probe.pfn) == (int)direct_entry_cache(mode));
}

static void *map_in_any_mode(void *arg)
{
	struct racer *racer = arg;
	struct iokmem_query_mapping mapping;
	char *address;
	__u32 mode;
	int err;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		mode = modes[random_below(racer, ARRAY_SIZE(modes))];
		err = map(racer->fd, mode | (random_below(racer, 2) ?
					     IOKMEM_MAP_UNIQUE : 0), 0, 0, &address);
		if (err) {
			RACER_EXPECT(racer, mode && may_fail(mode, err));
			continue;
		}
		RACER_EXPECT(racer, !query_map(racer->fd, address, SIZE, &mapping));
		RACER_EXPECT(racer, !mode || mapping.cache_mode == mode);
		check_mode(racer, address, mapping.cache_mode);
		RACER_EXPECT(racer, !release(racer->fd, address, SIZE));
		racer->done++;
	}
	return NULL;
}

static void *map_in_any_way(void *arg)
{
	struct racer *racer = arg;
	struct iokmem_query_buffer buffer;
	char *address;

	if (random_below(racer, 2))
		return map_in_any_mode(arg);
	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		address = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			       racer->fd, 0);
		RACER_EXPECT(racer, address != MAP_FAILED);
		if (racer->wrong)
			break;
		RACER_EXPECT(racer, !query(racer->fd, &buffer));
		check_mode(racer, address, buffer.cache_mode);
		RACER_EXPECT(racer, !munmap(address, SIZE));
		racer->done++;
	}
	return NULL;
}

TEST_F(change, mode_is_one_while_anybody_maps)
{
	race(_metadata, self->wired, NR_THREADS, map_in_any_way);
}

TEST_F(change, mode_is_one_even_if_those_who_map_are_killed)
{
	kill_racing(_metadata, self->wired, map_in_any_mode);
}

/*
 * Return true if a page has the content that was written, or is zero. The kernel may be
 * zeroing it byte by byte, and a program writes all four bytes in between: so any of them may
 * be zero.
 */
static bool page_is_right(const char *base, size_t page)
{
	uint32_t value = *(volatile uint32_t *)(base + page * PAGE);
	uint32_t written = 0x20000000 + page;
	bool right = true;
	int bits;

	for (bits = 0; bits < 32; bits += 8) {
		uint8_t byte = value >> bits;

		right &= !byte || byte == (uint8_t)(written >> bits);
	}
	if (!right)
		printf("# page %zu is %#x\n", page, value);
	return right;
}

static void use_purgeable(struct racer *racer, char *base, size_t nr_pages)
{
	size_t page = random_below(racer, nr_pages);

	RACER_EXPECT(racer, page_is_right(base, page));
	if (random_below(racer, 2))
		*(volatile uint32_t *)(base + page * PAGE) = 0x20000000 + page;
}

static void *purge_and_touch(void *arg)
{
	struct racer *racer = arg;
	struct iokmem_get_page_counts counts;
	char *address;
	int old;

	pthread_barrier_wait(racer->barrier);
	RACER_EXPECT(racer, !map(racer->fd, random_below(racer, 2) ?
				 IOKMEM_MAP_UNIQUE : 0, 0, 0, &address));
	while (!stop && !racer->wrong) {
		switch (random_below(racer, 40)) {
		case 0:
			old = set_purgeable(racer->fd, 1 + random_below(racer, 4));
			RACER_EXPECT(racer, old >= IOKMEM_PURGEABLE_NON_VOLATILE);
			break;
		case 1:
			RACER_EXPECT(racer, !page_counts(racer->fd, &counts));
			RACER_EXPECT(racer, counts.resident <= SIZE / PAGE);
			break;
		case 2:
			RACER_EXPECT(racer, !write_file("/proc/sys/vm/drop_caches", "2"));
			break;
		case 3:
			RACER_EXPECT(racer, !madvise(address, SIZE, MADV_PAGEOUT));
			break;
		default:
			use_purgeable(racer, address, SIZE / PAGE);
		}
		racer->done++;
	}
	if (!racer->wrong)
		RACER_EXPECT(racer, !release(racer->fd, address, SIZE));
	return NULL;
}

TEST_F(change, purging_shows_content_or_zeroes)
{
	race(_metadata, self->purgeable, NR_THREADS, purge_and_touch);
}

TEST_F(change, purging_survives_kills)
{
	kill_racing(_metadata, self->purgeable, purge_and_touch);
}

/* Members are mapped alone and as part of the whole, held, purged and retyped. */
static void *use_members_and_whole(void *arg)
{
	struct racer *racer = arg;
	const size_t whole = 2 * SIZE + 4 * PAGE;
	char *address;
	__u32 mode;
	int err;

	pthread_barrier_wait(racer->barrier);
	while (!stop && !racer->wrong) {
		switch (random_below(racer, 4)) {
		case 0:
			err = map(multi_fd, 0, 0, 0, &address);
			RACER_EXPECT(racer, !err);
			if (err)
				break;
			use_purgeable(racer, address + SIZE, SIZE / PAGE);
			address[0] = 1;
			RACER_EXPECT(racer, !release(multi_fd, address, whole));
			break;
		case 1:
			mode = modes[random_below(racer, ARRAY_SIZE(modes))];
			err = map(racer->fd, mode, 0, 0, &address);
			RACER_EXPECT(racer, !err || may_fail(mode, err));
			if (!err)
				RACER_EXPECT(racer, !release(racer->fd, address, SIZE));
			break;
		case 2:
			err = set_purgeable(purgeable_fd, 1 + random_below(racer, 4));
			RACER_EXPECT(racer, err > 0);
			break;
		case 3:
			err = map(purgeable_fd, 0, 0, 0, &address);
			RACER_EXPECT(racer, !err);
			if (err)
				break;
			use_purgeable(racer, address, SIZE / PAGE);
			RACER_EXPECT(racer, !release(purgeable_fd, address, SIZE));
			break;
		}
		racer->done++;
	}
	return NULL;
}

TEST_F(change, members_and_the_whole_are_the_same_memory)
{
	race(_metadata, self->wired, NR_THREADS, use_members_and_whole);
}

TEST_F(change, members_and_the_whole_survive_kills)
{
	kill_racing(_metadata, self->wired, use_members_and_whole);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
