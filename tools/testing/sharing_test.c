// SPDX-License-Identifier: GPL-2.0-only
/* Sharing: which requests get an existing map, and how maps are released. */
#include "iokmem_utils.h"

#include <pthread.h>

#define BUFFER_SIZE	(16 * PAGE + 100)

/*
 * Properties of writable and read-only maps, wherever in the buffer and in their pages they
 * start.
 */
FIXTURE(sharing)
{
	int fd;
	__u64 offset;	/* the variant's range */
	__u64 length;
	char *base;	/* a map of that range, with one reference */
};

FIXTURE_VARIANT(sharing)
{
	__u32 options;
	struct measure offset;
	struct measure length;
};

FIXTURE_VARIANT_ADD(sharing, whole_buffer)
{
	.options = 0,
	.offset = NR_PAGES(0),
	.length = MEASURE(0, 16, 100),
};

FIXTURE_VARIANT_ADD(sharing, whole_buffer_read_only)
{
	.options = IOKMEM_MAP_READ_ONLY,
	.offset = NR_PAGES(0),
	.length = MEASURE(0, 16, 100),
};

FIXTURE_VARIANT_ADD(sharing, some_pages)
{
	.options = 0,
	.offset = NR_PAGES(2),
	.length = NR_PAGES(8),
};

FIXTURE_VARIANT_ADD(sharing, not_whole_pages)
{
	.options = 0,
	.offset = MEASURE(0, 2, 77),
	.length = MEASURE(0, 7, 11),
};

FIXTURE_VARIANT_ADD(sharing, within_a_page_read_only)
{
	.options = IOKMEM_MAP_READ_ONLY,
	.offset = MEASURE(0, 5, 1000),
	.length = NR_BYTES(2000),
};

FIXTURE_SETUP(sharing)
{
	self->offset = measured(variant->offset);
	self->length = measured(variant->length);
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &self->base));
}

FIXTURE_TEARDOWN(sharing)
{
}

TEST_F(sharing, address_keeps_the_offsets_place_in_its_page)
{
	EXPECT_EQ(self->offset % PAGE, (uintptr_t)self->base % PAGE);
}

TEST_F(sharing, same_request_gives_same_address_and_one_more_reference)
{
	int vmas = nr_vmas();
	char *again;
	int i;

	for (i = 2; i <= 10; i++) {
		ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
				 self->length, &again));
		EXPECT_EQ(self->base, again);
		EXPECT_EQ(i, references(self->fd, again, self->length));
		EXPECT_EQ(1, nr_maps(self->fd));
	}
	EXPECT_EQ(vmas, nr_vmas());
}

TEST_F(sharing, every_request_takes_one_release)
{
	char *again;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
				 self->length, &again));
	for (i = 4; i > 0; i--) {
		EXPECT_EQ(0, release(self->fd, again, self->length));
		EXPECT_EQ(i, references(self->fd, again, self->length));
		EXPECT_EQ(0, probe(again, false));
	}
	EXPECT_EQ(0, release(self->fd, again, self->length));
	EXPECT_EQ(SIGSEGV, probe(again, false));
	EXPECT_EQ(0, nr_maps(self->fd));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

TEST_F(sharing, released_too_often_is_enoent)
{
	struct state before;

	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	before = look(self->fd);
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, self->length));
	EXPECT_EQ(0, references(self->fd, self->base, self->length));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(sharing, release_of_an_unknown_map_is_enoent)
{
	struct state before = look(self->fd);
	__u64 length = self->length;
	int fd = new_buffer(BUFFER_SIZE);
	char local;

	ASSERT_LE(0, fd);
	before = look(self->fd);
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, length - 1));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, length + 1));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, 0));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, UINT64_MAX));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base + 1, length - 1));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base - 1, length));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base + length, length));
	EXPECT_EQ(-ENOENT, release(self->fd, NULL, length));
	EXPECT_EQ(-ENOENT, release(self->fd, NULL, 0));
	EXPECT_EQ(-ENOENT, release(self->fd, &local, 1));
	EXPECT_EQ(-ENOENT, release(self->fd, (void *)-1L, 1));
	/* The map belongs to another buffer. */
	EXPECT_EQ(-ENOENT, release(fd, self->base, length));
	EXPECT_UNCHANGED(before, self->fd);
	EXPECT_EQ(1, references(self->fd, self->base, length));
}

TEST_F(sharing, query_of_an_unknown_map_is_enoent)
{
	struct iokmem_query_mapping info;

	EXPECT_EQ(-ENOENT, query_map(self->fd, self->base, self->length - 1,
				     &info));
	EXPECT_EQ(-ENOENT, query_map(self->fd, self->base + 1,
				     self->length - 1, &info));
	EXPECT_EQ(-ENOENT, query_map(self->fd, NULL, self->length, &info));
	ASSERT_EQ(0, query_map(self->fd, self->base, self->length, &info));
	EXPECT_EQ(self->offset, info.offset);
	EXPECT_EQ(self->length, info.length);
	EXPECT_EQ(variant->options | IOKMEM_MAP_ANYWHERE, info.options);
}

TEST_F(sharing, contained_range_gives_an_address_inside)
{
	const __u64 skip = 5, length = self->length - 9;
	char *inside, *again;

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + skip,
			 length, &inside));
	EXPECT_EQ(self->base + skip, inside);
	EXPECT_EQ(2, nr_maps(self->fd));
	EXPECT_EQ(1, nr_iokmem_vmas());
	EXPECT_EQ(1, references(self->fd, inside, length));
	/* The request got its own reference, not one to the map around it. */
	EXPECT_EQ(1, references(self->fd, self->base, self->length));

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + skip,
			 length, &again));
	EXPECT_EQ(inside, again);
	EXPECT_EQ(2, references(self->fd, inside, length));
	EXPECT_EQ(2, nr_maps(self->fd));
}

TEST_F(sharing, range_at_the_start_and_at_the_end_are_contained)
{
	char *start, *end;

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset, 1, &start));
	EXPECT_EQ(self->base, start);
	ASSERT_EQ(0, map(self->fd, variant->options,
			 self->offset + self->length - 1, 1, &end));
	EXPECT_EQ(self->base + self->length - 1, end);
	/* These are three maps, two of which start at one address. */
	EXPECT_EQ(3, nr_maps(self->fd));
	EXPECT_EQ(1, references(self->fd, start, 1));
	EXPECT_EQ(1, references(self->fd, self->base, self->length));
	EXPECT_EQ(1, nr_iokmem_vmas());
}

TEST_F(sharing, a_sub_map_of_a_sub_map_lies_in_the_same_mapping)
{
	char *outer, *inner;

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + 100, 1000,
			 &outer));
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + 200, 100,
			 &inner));
	EXPECT_EQ(outer + 100, inner);
	EXPECT_EQ(0, release(self->fd, outer, 1000));
	EXPECT_EQ(0, release(self->fd, self->base, self->length));
	EXPECT_EQ(0, probe(inner, false));
	EXPECT_EQ(0, release(self->fd, inner, 100));
	EXPECT_EQ(SIGSEGV, probe(inner, false));
}

TEST_F(sharing, mapping_stays_until_its_last_sub_map_is_released)
{
	char *inside;

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + 5, 10,
			 &inside));
	/* Release the map that was requested first. */
	EXPECT_EQ(0, release(self->fd, self->base, self->length));
	EXPECT_EQ(0, references(self->fd, self->base, self->length));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, self->length));
	EXPECT_EQ(1, references(self->fd, inside, 10));
	EXPECT_EQ(0, probe(inside, false));
	EXPECT_EQ(0, release(self->fd, inside, 10));
	EXPECT_EQ(SIGSEGV, probe(inside, false));
	EXPECT_EQ(0, nr_maps(self->fd));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

TEST_F(sharing, released_mapping_is_found_again_while_a_sub_map_keeps_it)
{
	char *inside, *again;

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + 5, 10,
			 &inside));
	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &again));
	EXPECT_EQ(self->base, again);
	EXPECT_EQ(1, references(self->fd, again, self->length));
	EXPECT_EQ(0, release(self->fd, inside, 10));
	EXPECT_EQ(0, probe(again, false));
	EXPECT_EQ(0, release(self->fd, again, self->length));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

TEST_F(sharing, releases_in_any_order_unmap_at_the_last)
{
	static const int orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct {
		char *address;
		__u64 length;
	} maps[3];
	unsigned int order, i;

	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	for (order = 0; order < 6; order++) {
		maps[0].length = self->length;
		maps[1].length = 500;
		maps[2].length = 50;
		for (i = 0; i < 3; i++)
			ASSERT_EQ(0, map(self->fd, variant->options,
					 self->offset + 100 * i,
					 maps[i].length, &maps[i].address));
		EXPECT_EQ(3, nr_maps(self->fd));
		for (i = 0; i < 3; i++) {
			int which = orders[order][i];

			EXPECT_EQ(1, nr_iokmem_vmas());
			EXPECT_EQ(0, release(self->fd, maps[which].address,
					     maps[which].length));
		}
		EXPECT_EQ(0, nr_maps(self->fd));
		EXPECT_EQ(0, nr_iokmem_vmas());
	}
}

TEST_F(sharing, range_that_is_not_contained_gets_its_own_mapping)
{
	char *other;

	if (self->offset) {
		/* A range that starts a byte earlier. */
		ASSERT_EQ(0, map(self->fd, variant->options, self->offset - 1,
				 self->length, &other));
		EXPECT_NE(self->base - 1, other);
		EXPECT_EQ(2, nr_iokmem_vmas());
		ASSERT_EQ(0, release(self->fd, other, self->length));
		/* A range that ends a byte later. */
		ASSERT_EQ(0, map(self->fd, variant->options, self->offset + 1,
				 self->length, &other));
		EXPECT_NE(self->base + 1, other);
		EXPECT_EQ(2, nr_iokmem_vmas());
		ASSERT_EQ(0, release(self->fd, other, self->length));
		/*
		 * A range that contains the old one: it gets a new map, and the old map stays.
		 */
		ASSERT_EQ(0, map(self->fd, variant->options, 0, BUFFER_SIZE, &other));
		EXPECT_EQ(2, nr_iokmem_vmas());
		EXPECT_EQ(1, references(self->fd, self->base, self->length));
	} else {
		ASSERT_EQ(0, set_length(self->fd, BUFFER_SIZE));
		EXPECT_EQ(-ERANGE, try_map(self->fd, variant->options |
					   IOKMEM_MAP_ANYWHERE, 0, 0,
					   BUFFER_SIZE + 1));
	}
}

TEST_F(sharing, read_only_and_writable_never_share)
{
	__u32 opposite = variant->options ^ IOKMEM_MAP_READ_ONLY;
	char *other, *inside;

	ASSERT_EQ(0, map(self->fd, opposite, self->offset, self->length,
			 &other));
	EXPECT_NE(self->base, other);
	EXPECT_EQ(!(opposite & IOKMEM_MAP_READ_ONLY), can_write(other));
	EXPECT_EQ(!(variant->options & IOKMEM_MAP_READ_ONLY),
		  can_write(self->base));
	ASSERT_EQ(0, map(self->fd, opposite, self->offset + 1, 1, &inside));
	EXPECT_EQ(other + 1, inside);
	EXPECT_EQ(2, nr_iokmem_vmas());
}

TEST_F(sharing, default_cache_matches_any_and_an_explicit_one_its_own)
{
	const __u32 copyback = variant->options | IOKMEM_MAP_COPYBACK_CACHE;
	char *explicit, *again;

	/* The first map has no explicit cache mode, although the effective one is equal. */
	ASSERT_EQ(0, map(self->fd, copyback, self->offset, self->length,
			 &explicit));
	EXPECT_NE(self->base, explicit);
	ASSERT_EQ(0, map(self->fd, copyback, self->offset, self->length,
			 &again));
	EXPECT_EQ(explicit, again);
	/* A request without a mode gets the oldest map, and the other one when that is gone. */
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &again));
	EXPECT_EQ(self->base, again);
	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &again));
	EXPECT_EQ(explicit, again);
	EXPECT_EQ(3, references(self->fd, explicit, self->length));
}

TEST_F(sharing, unique_neither_joins_nor_is_joined)
{
	const __u32 unique = variant->options | IOKMEM_MAP_UNIQUE;
	char *maps[3], *again;
	int i, j;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, map(self->fd, unique, self->offset,
				 self->length, &maps[i]));
		EXPECT_NE(self->base, maps[i]);
		EXPECT_EQ(1, references(self->fd, maps[i], self->length));
		for (j = 0; j < i; j++)
			EXPECT_NE(maps[j], maps[i]);
	}
	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	/* Only Unique maps are left. */
	EXPECT_EQ(-ENOENT, try_map(self->fd, variant->options |
				   IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE,
				   0, self->offset, self->length));
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &again));
	for (i = 0; i < 3; i++) {
		EXPECT_NE(maps[i], again);
		EXPECT_EQ(0, release(self->fd, maps[i], self->length));
		EXPECT_EQ(SIGSEGV, probe(maps[i], false));
	}
	EXPECT_EQ(1, nr_iokmem_vmas());
}

TEST_F(sharing, reference_finds_an_existing_map)
{
	const __u32 find = variant->options | IOKMEM_MAP_REFERENCE;
	char *found;

	ASSERT_EQ(0, map(self->fd, find, self->offset, self->length, &found));
	EXPECT_EQ(self->base, found);
	EXPECT_EQ(2, references(self->fd, found, self->length));
	ASSERT_EQ(0, map(self->fd, find, self->offset + 3, 4, &found));
	EXPECT_EQ(self->base + 3, found);
	EXPECT_EQ(1, references(self->fd, found, 4));
	EXPECT_EQ(1, nr_iokmem_vmas());
}

TEST_F(sharing, reference_makes_no_mapping)
{
	const __u32 find = variant->options | IOKMEM_MAP_REFERENCE;
	struct state before = look(self->fd);
	char *hole = find_hole(PAGE * 32, PAGE);

	EXPECT_EQ(-ENOENT, try_map(self->fd, (find ^ IOKMEM_MAP_READ_ONLY) |
				   IOKMEM_MAP_ANYWHERE, 0, self->offset,
				   self->length));
	EXPECT_EQ(-ENOENT, try_map(self->fd, find | IOKMEM_MAP_ANYWHERE |
				   IOKMEM_MAP_COPYBACK_CACHE, 0, self->offset,
				   self->length));
	EXPECT_EQ(-ENOENT, try_map(self->fd, find, (uintptr_t)hole,
				   self->offset, self->length));
	if (self->length != BUFFER_SIZE)
		EXPECT_EQ(-ENOENT, try_map(self->fd, find | IOKMEM_MAP_ANYWHERE,
					   0, 0, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
	ASSERT_EQ(0, release(self->fd, self->base, self->length));
	EXPECT_EQ(-ENOENT, try_map(self->fd, find | IOKMEM_MAP_ANYWHERE, 0,
				   self->offset, self->length));
}

TEST_F(sharing, placed_where_the_mapping_starts_shares)
{
	char *again;

	ASSERT_EQ(0, map_at(self->fd, variant->options, (uintptr_t)self->base,
			    self->offset, self->length, &again));
	EXPECT_EQ(self->base, again);
	EXPECT_EQ(2, references(self->fd, again, self->length));
	/* A shorter request at the start gets a sub-map. */
	ASSERT_EQ(0, map_at(self->fd, variant->options, (uintptr_t)self->base,
			    self->offset, 1, &again));
	EXPECT_EQ(self->base, again);
	EXPECT_EQ(1, references(self->fd, again, 1));
	EXPECT_EQ(1, nr_iokmem_vmas());
}

TEST_F(sharing, placed_inside_the_mapping_is_refused)
{
	struct state before;
	__u64 skip;

	if (self->length < 2 * PAGE)
		SKIP(return, "no second page");
	skip = round_up(self->offset + 1, PAGE) - self->offset;
	before = look(self->fd);
	/* The requested bytes are mapped there, but no map starts at that address. */
	EXPECT_EQ(-EEXIST, try_map(self->fd, variant->options,
				   (uintptr_t)self->base + skip,
				   self->offset + skip, 10));
	/* The address is the start of a map, but shows other bytes. */
	EXPECT_EQ(-EEXIST, try_map(self->fd, variant->options,
				   (uintptr_t)self->base & -PAGE,
				   self->offset + skip, 10));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(sharing, placed_at_a_sub_map_shares_it)
{
	char *inside, *again;
	__u64 skip;

	if (self->length < 2 * PAGE)
		SKIP(return, "no second page");
	skip = round_up(self->offset + 1, PAGE) - self->offset;
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + skip, 10,
			 &inside));
	ASSERT_EQ(0, map_at(self->fd, variant->options, (uintptr_t)inside,
			    self->offset + skip, 10, &again));
	EXPECT_EQ(inside, again);
	EXPECT_EQ(2, references(self->fd, inside, 10));
	EXPECT_EQ(1, nr_iokmem_vmas());
}

TEST_F(sharing, placed_elsewhere_is_a_mapping_of_its_own)
{
	char *hole = find_hole(32 * PAGE, PAGE), *other, *again;

	ASSERT_EQ(0, map_at(self->fd, variant->options, (uintptr_t)hole,
			    self->offset, self->length, &other));
	EXPECT_EQ(hole + self->offset % PAGE, other);
	EXPECT_EQ(2, nr_iokmem_vmas());
	/* A request for this address shares it. */
	ASSERT_EQ(0, map_at(self->fd, variant->options, (uintptr_t)hole,
			    self->offset, self->length, &again));
	EXPECT_EQ(other, again);
	EXPECT_EQ(2, references(self->fd, other, self->length));
	/* A request for any address gets the oldest map. */
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &again));
	EXPECT_EQ(self->base, again);
}

TEST_F(sharing, after_munmap_a_new_mapping_is_made)
{
	char *start = (char *)((uintptr_t)self->base & -PAGE);
	size_t size = round_up(self->offset % PAGE + self->length, PAGE);
	char *inside, *again;

	ASSERT_EQ(0, map(self->fd, variant->options, self->offset + 1, 1,
			 &inside));
	ASSERT_EQ(0, munmap(start, size));
	/* munmap() has ended every reference, including those to sub-maps. */
	EXPECT_EQ(0, nr_maps(self->fd));
	EXPECT_EQ(0, references(self->fd, self->base, self->length));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, self->length));
	EXPECT_EQ(-ENOENT, release(self->fd, inside, 1));
	EXPECT_EQ(-ENOENT, try_map(self->fd, variant->options |
				   IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE,
				   0, self->offset, self->length));

	/* Map something else in its place. */
	ASSERT_EQ(start, mmap(start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(start, 0x5a, size);
	ASSERT_EQ(0, map(self->fd, variant->options, self->offset,
			 self->length, &again));
	EXPECT_NE(self->base, again);
	EXPECT_EQ(1, references(self->fd, again, self->length));
	EXPECT_EQ(0, release(self->fd, again, self->length));
	EXPECT_TRUE(is_filled(start, size, 0x5a));
}

/* The fixture's values, for a child. */
struct request {
	int fd;
	__u32 options;
	__u64 offset;
	__u64 length;
	char *base;
};

static int map_in_child(void *arg)
{
	const struct request *request = arg;
	char *own;

	CHILD_EXPECT(nr_iokmem_vmas() == 0);
	CHILD_EXPECT(try_map(request->fd, request->options | IOKMEM_MAP_ANYWHERE |
			     IOKMEM_MAP_REFERENCE, 0, request->offset,
			     request->length) == -ENOENT);
	CHILD_EXPECT(release(request->fd, request->base, request->length) == -ENOENT);
	CHILD_EXPECT(references(request->fd, request->base, request->length) == 0);
	CHILD_EXPECT(!map(request->fd, request->options, request->offset,
			  request->length, &own));
	CHILD_EXPECT(references(request->fd, own, request->length) == 1);
	CHILD_EXPECT(nr_maps(request->fd) == 2);
	CHILD_EXPECT(nr_iokmem_vmas() == 1);
	return 0;
}

TEST_F(sharing, another_process_never_shares)
{
	struct request request = {
		.fd = self->fd,
		.options = variant->options,
		.offset = self->offset,
		.length = self->length,
		.base = self->base,
	};

	EXPECT_EQ(0, run_child(map_in_child, &request));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_EQ(1, references(self->fd, self->base, self->length));
}

static void *map_in_thread(void *arg)
{
	struct request *request = arg;
	char *address;

	if (map(request->fd, request->options, request->offset, request->length,
		&address))
		return NULL;
	return address;
}

TEST_F(sharing, threads_of_a_process_share)
{
	struct request request = {
		.fd = self->fd,
		.options = variant->options,
		.offset = self->offset,
		.length = self->length,
	};
	pthread_t thread;
	void *address;

	ASSERT_EQ(0, pthread_create(&thread, NULL, map_in_thread, &request));
	ASSERT_EQ(0, pthread_join(thread, &address));
	EXPECT_EQ(self->base, address);
	EXPECT_EQ(2, references(self->fd, address, self->length));
	/* The reference belongs to the process, so it outlives the thread. */
	EXPECT_EQ(0, release(self->fd, self->base, self->length));
	EXPECT_EQ(0, release(self->fd, self->base, self->length));
	EXPECT_EQ(0, nr_maps(self->fd));
}

TEST_F(sharing, every_fd_of_the_buffer_shares_its_maps)
{
	int fds[3] = { dup(self->fd), duplicate(self->fd, 0),
		       duplicate(self->fd, IOKMEM_FD_READ_ONLY) };
	char *again;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, map(fds[i], variant->options, self->offset,
				 self->length, &again));
		EXPECT_EQ(self->base, again);
	}
	EXPECT_EQ(3, references(fds[2], self->base, self->length));
	/* A read-only fd can release the map. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, release(fds[i], self->base, self->length));
	EXPECT_EQ(0, nr_iokmem_vmas());
}

/* mmap(): a map of its own, which the ioctls know. */
FIXTURE(mmap)
{
	int fd;
	char *base;
};

FIXTURE_SETUP(mmap)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->base = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, PAGE);
	ASSERT_NE(MAP_FAILED, self->base);
}

FIXTURE_TEARDOWN(mmap)
{
}

TEST_F(mmap, makes_a_unique_map)
{
	struct iokmem_query_mapping info;
	char *other;

	ASSERT_EQ(0, query_map(self->fd, self->base, 2 * PAGE, &info));
	EXPECT_EQ(PAGE, info.offset);
	EXPECT_EQ(1, info.references);
	EXPECT_EQ(IOKMEM_MAP_UNIQUE, info.options & IOKMEM_MAP_UNIQUE);
	EXPECT_EQ(0, info.options & IOKMEM_MAP_READ_ONLY);
	ASSERT_EQ(0, map(self->fd, 0, PAGE, 2 * PAGE, &other));
	EXPECT_NE(self->base, other);
	other = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     self->fd, PAGE);
	EXPECT_NE(MAP_FAILED, other);
	EXPECT_NE(self->base, other);
	EXPECT_EQ(3, nr_maps(self->fd));
}

TEST_F(mmap, is_undone_by_the_release_ioctl)
{
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, PAGE));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base + PAGE, PAGE));
	EXPECT_EQ(0, release(self->fd, self->base, 2 * PAGE));
	EXPECT_EQ(SIGSEGV, probe(self->base, false));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, 2 * PAGE));
	EXPECT_EQ(0, nr_maps(self->fd));
}

TEST_F(mmap, is_undone_by_munmap)
{
	EXPECT_EQ(0, munmap(self->base, 2 * PAGE));
	EXPECT_EQ(-ENOENT, release(self->fd, self->base, 2 * PAGE));
	EXPECT_EQ(0, nr_maps(self->fd));
}

TEST_F(mmap, of_part_of_a_page_is_a_map_of_the_whole_page)
{
	char *address = mmap(NULL, 100, PROT_READ, MAP_SHARED, self->fd, 0);

	ASSERT_NE(MAP_FAILED, address);
	EXPECT_EQ(0, references(self->fd, address, 100));
	EXPECT_EQ(1, references(self->fd, address, PAGE));
	EXPECT_EQ(0, munmap(address, 100));
	EXPECT_EQ(1, nr_maps(self->fd));
}

/* Files of many descriptors share one inode. */
TEST(maps_are_their_own_buffers_only)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd, other, i;
	char *shared, *unique;

	ASSERT_LE(0, dev);
	fd = create(dev, IOKMEM_DIRECTION_INOUT, PAGE, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &shared));
	ASSERT_EQ(0, map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	for (i = 0; i < 200; i++) {
		other = create(dev, IOKMEM_DIRECTION_INOUT, PAGE, 0);
		ASSERT_LE(0, other);
		EXPECT_EQ(0, references(other, shared, PAGE));
		EXPECT_EQ(-ENOENT, release(other, shared, PAGE));
		EXPECT_EQ(-ENOENT, release(other, unique, PAGE));
		EXPECT_EQ(-ENOENT, unmap(other, unique, PAGE));
		EXPECT_EQ(-ENOENT, redirect(other, unique, PAGE, -1, 0, 0));
		ASSERT_EQ(0, close(other));
	}
	EXPECT_EQ(1, references(fd, shared, PAGE));
	EXPECT_EQ(1, references(fd, unique, PAGE));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
