// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that IOKMEM_CREATE_BUFFER creates and maps in one call.
 */
#include "iokmem_utils.h"

#define BUFFER_SIZE	(16 * PAGE)

FIXTURE(at_once)
{
	int dev;
};

FIXTURE_VARIANT(at_once)
{
	__u32 options;		/* of the buffer */
	__u32 map_options;	/* of the map, besides IOKMEM_MAP_ANYWHERE */
};

FIXTURE_VARIANT_ADD(at_once, plainly)
{
};

FIXTURE_VARIANT_ADD(at_once, read_only)
{
	.map_options = IOKMEM_MAP_READ_ONLY,
};

FIXTURE_VARIANT_ADD(at_once, pinnable_and_guarded)
{
	.map_options = IOKMEM_MAP_PINNABLE | IOKMEM_MAP_GUARDED_SMALL,
};

FIXTURE_VARIANT_ADD(at_once, unique_and_filled)
{
	.map_options = IOKMEM_MAP_UNIQUE | IOKMEM_MAP_PREFAULT,
};

FIXTURE_VARIANT_ADD(at_once, write_combined)
{
	.options = IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

FIXTURE_VARIANT_ADD(at_once, in_another_mode_than_it_was_made_with)
{
	.options = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.map_options = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_VARIANT_ADD(at_once, pageable)
{
	.options = IOKMEM_PAGEABLE,
};

FIXTURE_SETUP(at_once)
{
	NEED_CACHE_MODE(variant->options);
	NEED_CACHE_MODE(variant->map_options);
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(at_once)
{
}

TEST_F(at_once, are_as_by_a_call_of_its_own)
{
	const __u32 options = variant->map_options | IOKMEM_MAP_ANYWHERE;
	bool unique = options & IOKMEM_MAP_UNIQUE;
	struct iokmem_query_mapping one, other;
	char *address, *apart, *again;
	int fd, separate;

	fd = create_mapped(self->dev, variant->options, BUFFER_SIZE + 5, options, &address);
	ASSERT_LE(0, fd);
	separate = create(self->dev, variant->options, BUFFER_SIZE + 5, 0);
	ASSERT_LE(0, separate);
	ASSERT_EQ(0, map(separate, options, 0, 0, &apart));

	ASSERT_EQ(0, query_map(fd, address, BUFFER_SIZE + 5, &one));
	ASSERT_EQ(0, query_map(separate, apart, BUFFER_SIZE + 5, &other));
	one.address = 0;
	other.address = 0;
	EXPECT_EQ(0, memcmp(&one, &other, sizeof(one)));
	EXPECT_TRUE(is_zero(address, BUFFER_SIZE + 5));
	ASSERT_EQ(0, map(fd, options, 0, 0, &again));
	EXPECT_EQ(!unique, again == address);
	EXPECT_EQ(unique ? 1 : 2, references(fd, address, BUFFER_SIZE + 5));
	if (!(options & IOKMEM_MAP_READ_ONLY)) {
		number_pages(address, BUFFER_SIZE);
		EXPECT_TRUE(pages_are_numbered(again, BUFFER_SIZE, 0));
	}
	EXPECT_EQ(options & IOKMEM_MAP_READ_ONLY ? SIGSEGV : 0, probe(address, true));
}

TEST_F(at_once, stay_without_their_file_and_end_with_munmap)
{
	const __u32 options = variant->map_options | IOKMEM_MAP_ANYWHERE;
	size_t guard = options & IOKMEM_MAP_GUARDED_SMALL ? PAGE : 0;
	int descriptors = nr_descriptors(), fd;
	char *address;

	fd = create_mapped(self->dev, variant->options, BUFFER_SIZE, options, &address);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(descriptors + 1, nr_descriptors());
	EXPECT_TRUE(is_zero(address, BUFFER_SIZE));
	ASSERT_EQ(0, munmap(address - guard, BUFFER_SIZE + 2 * guard));
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == descriptors));
}

TEST(at_once_only_with_options_of_a_whole_map)
{
	static const struct {
		__u32 options;
		int err;
	} refused[] = {
		{ IOKMEM_MAP_READ_ONLY, -EINVAL },
		{ IOKMEM_MAP_PREFAULT, -EINVAL },
		{ IOKMEM_MAP_OVERWRITE, -EINVAL },
		{ IOKMEM_MAP_WRITE_COMBINE_CACHE, -EINVAL },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_OVERWRITE, -EINVAL },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_GUARDED_MASK, -EINVAL },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_STATIC, -EOPNOTSUPP },
		{ IOKMEM_MAP_STATIC, -EOPNOTSUPP },
		{ IOKMEM_MAP_ANYWHERE | 0x00000f00, -EOPNOTSUPP },
		{ IOKMEM_MAP_ANYWHERE | 0x00000002, -EOPNOTSUPP },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE | IOKMEM_MAP_INHIBIT_CACHE,
		  -EOPNOTSUPP },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE, -ENOENT },
	};
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), i;
	struct state before;
	char *address;

	ASSERT_LE(0, dev);
	before = look(-1);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		TH_LOG("options %#x", refused[i].options);
		EXPECT_EQ(refused[i].err, create_mapped(dev, 0, BUFFER_SIZE,
							refused[i].options, &address));
	}
	/* Pageable memory cannot have all its entries filled. */
	EXPECT_EQ(-EBADFD, create_mapped(dev, IOKMEM_PAGEABLE, BUFFER_SIZE,
					 IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PREFAULT,
					 &address));
	/* A buffer of no bytes cannot be mapped. */
	EXPECT_EQ(-EINVAL, create_mapped(dev, 0, 0, IOKMEM_MAP_ANYWHERE, &address));
	EXPECT_UNCHANGED(before, -1);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
