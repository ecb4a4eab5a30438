// SPDX-License-Identifier: GPL-2.0-only
/*
 * Releases and faults when the kernel has no memory, or cannot copy from and to the program.
 *
 * Each test lets the next place in the kernel that can fail do so, until there is no further
 * place. Nothing here can be undone and done again, so each round starts from a new map.
 * Needs a kernel with fault injection.
 */
#include "fail_nth_scene.h"

#include <sys/random.h>

FIXTURE(fail_nth_once)
{
	struct scene s;
};

FIXTURE_SETUP(fail_nth_once)
{
	if (!allow_injection())
		SKIP(return, "the kernel has no fault injection");
	set_up(_metadata, &self->s);
}

FIXTURE_TEARDOWN(fail_nth_once)
{
}

/*
 * Release a map with the @nth call failing. The release succeeds, or cannot read its argument.
 * Without memory to change the address space with, the range may stay taken: then no access to
 * it works, and munmap() removes it. Returns true if the range stayed.
 */
static bool release_with_failure(struct __test_metadata *_metadata, int control,
				 int (*let_go)(int fd, const void *address, __u64 length),
				 int fd, char *address, int nth, bool *reached)
{
	struct state before = look(fd);
	bool stayed;
	int err;

	arm(control, nth);
	err = let_go(fd, address, PAGE);
	*reached |= disarm(control);
	if (err) {
		EXPECT_EQ(-EFAULT, err);
		EXPECT_UNCHANGED(before, fd);
		EXPECT_EQ(0, let_go(fd, address, PAGE));
	}
	EXPECT_FALSE(can_read(address));
	EXPECT_EQ(before.buffer.maps - 1, (__u32)nr_maps(fd));
	EXPECT_EQ(-ENOENT, release(fd, address, PAGE));
	stayed = nr_vmas() == before.vmas;
	munmap(address, PAGE);
	EXPECT_EQ(before.vmas - 1, nr_vmas());
	return stayed;
}

static void sweep_releases(struct __test_metadata *_metadata, const struct scene *scene,
			   int (*let_go)(int fd, const void *address, __u64 length),
			   __u32 kind, __u32 options)
{
	/* Leave gaps between the maps: the fewer there are, the more the kernel rearranges. */
	const uintptr_t base = 1ul << 40;
	int nth, i, places = 0, stayed = 0;
	bool reached = true;
	char *maps[48];

	for (nth = 1; reached; nth++) {
		int fd = create(scene->dev, kind, PAGE, 0);
		long long id = buffer_id(fd);

		ASSERT_LE(0, fd);
		ASSERT_GT(MAX_PLACES, nth);
		for (i = 0; i < (int)ARRAY_SIZE(maps); i++) {
			ASSERT_EQ(0, map_at(fd, IOKMEM_MAP_UNIQUE | options,
					    base + i * 4 * PAGE, 0, 0, &maps[i]));
			ASSERT_TRUE(can_write(maps[i]));
		}
		reached = false;
		for (i = 0; i < (int)ARRAY_SIZE(maps); i++)
			stayed += release_with_failure(_metadata, scene->control, let_go,
						       fd, maps[i], nth, &reached);
		places += reached;
		ASSERT_EQ(0, close(fd));
		EXPECT_FALSE(is_listed(id));
	}
	TH_LOG("%d places to fail, the address range stayed %d times", places,
	       stayed);
	EXPECT_LT(0, places);
}

TEST_F(fail_nth_once, last_release_always_ends_access)
{
	sweep_releases(_metadata, &self->s, release, 0, 0);
}

TEST_F_TIMEOUT(fail_nth_once, last_release_always_ends_access_to_pinnable_pages, 90)
{
	sweep_releases(_metadata, &self->s, release, 0, IOKMEM_MAP_PINNABLE);
}

TEST_F_TIMEOUT(fail_nth_once, last_release_always_ends_access_to_pageable_pages, 90)
{
	sweep_releases(_metadata, &self->s, release, IOKMEM_PAGEABLE, 0);
}

TEST_F(fail_nth_once, unmap_always_ends_access)
{
	sweep_releases(_metadata, &self->s, unmap, 0, 0);
}

/*
 * Let faults fail. They come from a system call, which returns an error if the kernel cannot
 * resolve one; an access by the program itself would be repeated.
 */
static void sweep_faults(struct __test_metadata *_metadata,
			 const struct scene *scene, int fd, size_t length)
{
	bool reached = true;
	int nth, failures = 0;
	ssize_t n;

	for (nth = 1; reached; nth++) {
		char *address;

		ASSERT_GT(MAX_PLACES, nth);
		/* Map far from other maps, so that page tables have to be allocated. */
		ASSERT_EQ(0, map_at(fd, IOKMEM_MAP_UNIQUE,
				    (1ul << 40) + nth * (1ul << 30), 0, 0, &address));
		arm(scene->control, nth);
		n = getrandom(address + length - 1, 1, 0);
		reached = disarm(scene->control);
		if (n != 1) {
			EXPECT_EQ(-1, n);
			failures++;
		}
		/* A later access succeeds. */
		EXPECT_EQ(0, probe(address + length - 1, true));
		EXPECT_EQ(0, probe(address, true));
		ASSERT_EQ(0, release(fd, address, length));
	}
	EXPECT_EQ(1, n);
	/* At least page tables were allocated. */
	EXPECT_LT(1, failures);
}

TEST_F(fail_nth_once, faults_fail_for_the_moment_only)
{
	/* Too large for its entries to be filled when it is mapped. */
	int fd = new_buffer(MIB);

	ASSERT_LE(0, fd);
	sweep_faults(_metadata, &self->s, fd, MIB);
}

TEST_F(fail_nth_once, faults_in_pageable_memory_fail_for_the_moment_only)
{
	sweep_faults(_metadata, &self->s, self->s.pageable, BUFFER_SIZE);
}

TEST_F(fail_nth_once, large_faults_fail_for_the_moment_only)
{
	int fd = create(self->s.dev, 0, 4 * MIB, 0);

	ASSERT_LE(0, fd);
	sweep_faults(_metadata, &self->s, fd, 4 * MIB);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
