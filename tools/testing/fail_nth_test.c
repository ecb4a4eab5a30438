// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests when the kernel has no memory, or cannot copy from and to the program.
 *
 * The test repeats one request, and each time lets the next place in the kernel that can
 * fail do so, until there is no further place. The call returns ENOMEM or EFAULT, or copes,
 * and leaves nothing behind. Needs a kernel with fault injection.
 */
#include "fail_nth_scene.h"

static int run_create(struct scene *scene)
{
	scene->made = create(scene->dev, 0, 5 * PAGE, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_aligned(struct scene *scene)
{
	scene->made = create(scene->dev, 0, 5 * PAGE, 16 * PAGE);
	return scene->made < 0 ? scene->made : 0;
}

/* Large enough for a first extent and further ones. */
static int run_create_large(struct scene *scene)
{
	scene->made = create(scene->dev, 0, 6 * MIB + PAGE, 64 * KIB);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_uncached(struct scene *scene)
{
	/* The shrinker empties the pools, so that the request has to allocate. */
	write_file("/proc/sys/vm/drop_caches", "2");
	scene->made = create(scene->dev, IOKMEM_MAP_INHIBIT_CACHE, 5 * PAGE, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_contiguous(struct scene *scene)
{
	scene->made = create(scene->dev, IOKMEM_PHYSICALLY_CONTIGUOUS |
			     IOKMEM_MAP_WRITE_COMBINE_CACHE, 5 * PAGE, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_below(struct scene *scene)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.capacity = 5 * PAGE,
		.physical_mask = 0x0fffffff,
	};
	int err = iok(scene->dev, IOKMEM_CREATE_BUFFER, &arg);

	scene->made = err ? -1 : arg.fd;
	return err;
}

static int run_create_pageable(struct scene *scene)
{
	scene->made = create(scene->dev, IOKMEM_PAGEABLE, 5 * PAGE, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_purgeable(struct scene *scene)
{
	scene->made = create(scene->dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, 5 * PAGE, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_mapped(struct scene *scene)
{
	scene->made = create_mapped(scene->dev, 0, BUFFER_SIZE,
				    IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE |
				    IOKMEM_MAP_PREFAULT, &scene->address);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_sub(struct scene *scene)
{
	scene->made = create_sub(scene->fd, 0, PAGE, PAGE);
	return scene->made < 0 ? scene->made : 0;
}

static int run_create_multi(struct scene *scene)
{
	__s32 fds[] = { scene->fd, scene->pageable, scene->fd, scene->fd, scene->fd };

	scene->made = create_multi(scene->dev, 0, fds, ARRAY_SIZE(fds));
	return scene->made < 0 ? scene->made : 0;
}

static int run_get_dma_buf(struct scene *scene)
{
	scene->made = get_dma_buf(scene->fd, 0);
	return scene->made < 0 ? scene->made : 0;
}

static int run_get_dma_buf_of_a_multi(struct scene *scene)
{
	scene->made = get_dma_buf(scene->multi, IOKMEM_FD_READ_ONLY);
	return scene->made < 0 ? scene->made : 0;
}

static int run_with_own_dma_buf(struct scene *scene)
{
	scene->made = with_dma_buf(scene->dev, 0, scene->dma_buf);
	return scene->made < 0 ? scene->made : 0;
}

static int run_with_dma_buf(struct scene *scene)
{
	scene->made = with_dma_buf(scene->dev, 0, scene->foreign);
	return scene->made < 0 ? scene->made : 0;
}

static int run_map_imported(struct scene *scene)
{
	return map(scene->imported, IOKMEM_MAP_UNIQUE, 0, 0, &scene->address);
}

static void undo_map_imported(struct scene *scene)
{
	release(scene->imported, scene->address, BUFFER_SIZE);
}

static int run_mmap_dma_buf(struct scene *scene)
{
	scene->address = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED, scene->dma_buf_of_multi, 0);
	return scene->address == MAP_FAILED ? -errno : 0;
}

static int run_duplicate(struct scene *scene)
{
	scene->made = duplicate(scene->fd, 0);
	return scene->made < 0 ? scene->made : 0;
}

static void undo_fd(struct scene *scene)
{
	close(scene->made);
	scene->made = -1;
}

static void undo_create_mapped(struct scene *scene)
{
	release(scene->made, scene->address, BUFFER_SIZE);
	undo_fd(scene);
}

static int run_map(struct scene *scene)
{
	return map(scene->fd, 0, 0, 0, &scene->address);
}

static int run_map_unique(struct scene *scene)
{
	return map(scene->fd, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_READ_ONLY, 0, 0,
		   &scene->address);
}

static void undo_map(struct scene *scene)
{
	release(scene->fd, scene->address, BUFFER_SIZE);
}

static int run_map_prefaulted(struct scene *scene)
{
	return map(scene->fd, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_PREFAULT |
		   IOKMEM_MAP_GUARDED_LARGE, 0, 0, &scene->address);
}

static int run_map_pinnable(struct scene *scene)
{
	return map(scene->fd, IOKMEM_MAP_PINNABLE | IOKMEM_MAP_PREFAULT, 0, 0,
		   &scene->address);
}

/* Overwrite a place that is free. */
static int run_map_overwrite(struct scene *scene)
{
	return map_at(scene->fd, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_OVERWRITE, 1ul << 41,
		      0, 0, &scene->address);
}

/* A redirect that fails leaves the map where it was. */
static int run_redirect(struct scene *scene)
{
	int err;

	scene->unique[0] = 'o';
	err = redirect(scene->fd, scene->unique, BUFFER_SIZE, scene->pageable,
		       IOKMEM_MAP_COPYBACK_CACHE, 0);
	return err && scene->unique[0] != 'o' ? -ENOTRECOVERABLE : err;
}

static int run_redirect_to_wired(struct scene *scene)
{
	int err;

	scene->unique[0] = 'o';
	err = redirect(scene->fd, scene->unique, BUFFER_SIZE, scene->unmapped,
		       IOKMEM_MAP_WRITE_COMBINE_CACHE, 0);
	return err && scene->unique[0] != 'o' ? -ENOTRECOVERABLE : err;
}

static int run_block(struct scene *scene)
{
	return redirect(scene->fd, scene->unique, BUFFER_SIZE, -1, 0, 0);
}

static void undo_redirect(struct scene *scene)
{
	redirect(scene->fd, scene->unique, BUFFER_SIZE, scene->fd, 0, 0);
	/* Undo it for the next round. */
	if (!map(scene->unmapped, IOKMEM_MAP_COPYBACK_CACHE, 0, 0, &scene->address))
		release(scene->unmapped, scene->address, BUFFER_SIZE);
}

/* A request that fails leaves the cache mode as it was. */
static int run_map_retyped(struct scene *scene)
{
	struct iokmem_query_buffer buffer;
	int err;

	err = map(scene->unmapped, IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0,
		  &scene->address);
	if (err && (query(scene->unmapped, &buffer) ||
		    buffer.cache_mode != IOKMEM_MAP_COPYBACK_CACHE))
		return -ENOTRECOVERABLE;
	return err;
}

static void undo_map_retyped(struct scene *scene)
{
	release(scene->unmapped, scene->address, BUFFER_SIZE);
	if (!map(scene->unmapped, IOKMEM_MAP_COPYBACK_CACHE, 0, 0, &scene->address))
		release(scene->unmapped, scene->address, BUFFER_SIZE);
}

static int run_map_multi(struct scene *scene)
{
	return map(scene->multi, 0, 0, 0, &scene->address);
}

static void undo_map_multi(struct scene *scene)
{
	release(scene->multi, scene->address, 2 * BUFFER_SIZE);
}

static int run_map_pageable(struct scene *scene)
{
	return map(scene->pageable, 0, 0, 0, &scene->address);
}

static void undo_map_pageable(struct scene *scene)
{
	release(scene->pageable, scene->address, BUFFER_SIZE);
}

static int run_page_counts(struct scene *scene)
{
	struct iokmem_get_page_counts arg;

	return page_counts(scene->pageable, &arg);
}

static int run_set_purgeable(struct scene *scene)
{
	int old = set_purgeable(scene->pageable, IOKMEM_PURGEABLE_VOLATILE);

	return old < 0 ? old : 0;
}

static void undo_set_purgeable(struct scene *scene)
{
	set_purgeable(scene->pageable, IOKMEM_PURGEABLE_NON_VOLATILE);
}

static int run_share(struct scene *scene)
{
	return map(scene->fd, 0, 0, BUFFER_SIZE / 2, &scene->address);
}

static void undo_share(struct scene *scene)
{
	release(scene->fd, scene->address, BUFFER_SIZE / 2);
}

static int run_map_inside(struct scene *scene)
{
	return map(scene->fd, 0, PAGE, 100, &scene->address);
}

static void undo_map_inside(struct scene *scene)
{
	release(scene->fd, scene->address, 100);
}

static int run_mmap(struct scene *scene)
{
	scene->address = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED, scene->fd, 0);
	return scene->address == MAP_FAILED ? -errno : 0;
}

static void undo_mmap(struct scene *scene)
{
	munmap(scene->address, BUFFER_SIZE);
}

static int run_query(struct scene *scene)
{
	struct iokmem_query_buffer arg;

	return query(scene->fd, &arg);
}

static int run_query_map(struct scene *scene)
{
	struct iokmem_query_mapping arg;

	return query_map(scene->fd, scene->base, BUFFER_SIZE / 2, &arg);
}

static int run_set_length(struct scene *scene)
{
	return set_length(scene->fd, PAGE);
}

static void undo_set_length(struct scene *scene)
{
	set_length(scene->fd, BUFFER_SIZE);
}

static int run_release_one_of_two(struct scene *scene)
{
	return release(scene->fd, scene->base, BUFFER_SIZE / 2);
}

static void undo_release_one_of_two(struct scene *scene)
{
	map(scene->fd, 0, 0, BUFFER_SIZE / 2, &scene->address);
}

/* Refusing takes memory, too: the kernel makes a copy of the mapping first. */
static int run_move(struct scene *scene)
{
	int err = mremap(scene->base, BUFFER_SIZE / 2, BUFFER_SIZE / 2,
			 MREMAP_MAYMOVE | MREMAP_FIXED,
			 scene->base + 64 * MIB) == MAP_FAILED ? -errno : 0;

	return err == -EINVAL ? 0 : err ? err : -ENOTRECOVERABLE;
}

static void undo_nothing(struct scene *scene)
{
	(void)scene;
}

/* One request. */
FIXTURE(fail_nth)
{
	struct scene s;
};

FIXTURE_VARIANT(fail_nth)
{
	int (*run)(struct scene *scene);
	void (*undo)(struct scene *scene);
	__u32 mode;	/* the cache mode that the request needs */
	bool two;	/* the map of the first half has two references */
	bool foreign;	/* the request needs a dma-buf of another driver */
	bool share_multi;	/* export @multi, whose cache mode is fixed from then on */
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer)
{
	.run = run_create,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_aligned_beyond_its_size)
{
	.run = run_create_aligned,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_of_many_blocks)
{
	.run = run_create_large,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_uncached)
{
	.run = run_create_uncached,
	.mode = IOKMEM_MAP_INHIBIT_CACHE,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_contiguous)
{
	.run = run_create_contiguous,
	.mode = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_below_an_address)
{
	.run = run_create_below,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_mapped)
{
	.run = run_create_mapped,
	.undo = undo_create_mapped,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_pageable)
{
	.run = run_create_pageable,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_buffer_purgeable)
{
	.run = run_create_purgeable,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_sub)
{
	.run = run_create_sub,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_multi)
{
	.run = run_create_multi,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_in_another_cache_mode)
{
	.run = run_map_retyped,
	.mode = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.undo = undo_map_retyped,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_prefaulted)
{
	.run = run_map_prefaulted,
	.undo = undo_map,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_pinnable)
{
	.run = run_map_pinnable,
	.undo = undo_map,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_overwriting)
{
	.run = run_map_overwrite,
	.undo = undo_map,
};

FIXTURE_VARIANT_ADD(fail_nth, redirect_to_pageable)
{
	.run = run_redirect,
	.undo = undo_redirect,
};

FIXTURE_VARIANT_ADD(fail_nth, redirect_in_another_cache_mode)
{
	.run = run_redirect_to_wired,
	.mode = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.undo = undo_redirect,
};

FIXTURE_VARIANT_ADD(fail_nth, redirect_to_nothing)
{
	.run = run_block,
	.undo = undo_redirect,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_of_a_multi)
{
	.run = run_map_multi,
	.undo = undo_map_multi,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_of_pageable)
{
	.run = run_map_pageable,
	.undo = undo_map_pageable,
};

FIXTURE_VARIANT_ADD(fail_nth, get_page_counts)
{
	.run = run_page_counts,
	.undo = undo_nothing,
};

FIXTURE_VARIANT_ADD(fail_nth, set_purgeable)
{
	.run = run_set_purgeable,
	.undo = undo_set_purgeable,
};

FIXTURE_VARIANT_ADD(fail_nth, duplicate)
{
	.run = run_duplicate,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping)
{
	.run = run_map,
	.undo = undo_map,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_unique)
{
	.run = run_map_unique,
	.undo = undo_map,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_shared)
{
	.run = run_share,
	.undo = undo_share,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_inside)
{
	.run = run_map_inside,
	.undo = undo_map_inside,
};

FIXTURE_VARIANT_ADD(fail_nth, mmap)
{
	.run = run_mmap,
	.undo = undo_mmap,
};

FIXTURE_VARIANT_ADD(fail_nth, get_dma_buf)
{
	.run = run_get_dma_buf,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, get_dma_buf_of_a_multi)
{
	.run = run_get_dma_buf_of_a_multi,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, with_dma_buf_of_our_own)
{
	.run = run_with_own_dma_buf,
	.undo = undo_fd,
};

FIXTURE_VARIANT_ADD(fail_nth, with_dma_buf)
{
	.run = run_with_dma_buf,
	.undo = undo_fd,
	.foreign = true,
};

FIXTURE_VARIANT_ADD(fail_nth, create_mapping_of_imported)
{
	.run = run_map_imported,
	.undo = undo_map_imported,
	.foreign = true,
};

FIXTURE_VARIANT_ADD(fail_nth, mmap_of_a_dma_buf)
{
	.run = run_mmap_dma_buf,
	.undo = undo_mmap,
	.share_multi = true,
};

FIXTURE_VARIANT_ADD(fail_nth, query_buffer)
{
	.run = run_query,
	.undo = undo_nothing,
};

FIXTURE_VARIANT_ADD(fail_nth, query_mapping)
{
	.run = run_query_map,
	.undo = undo_nothing,
};

FIXTURE_VARIANT_ADD(fail_nth, set_length)
{
	.run = run_set_length,
	.undo = undo_set_length,
};

FIXTURE_VARIANT_ADD(fail_nth, release_one_of_two)
{
	.run = run_release_one_of_two,
	.undo = undo_release_one_of_two,
	.two = true,
};

FIXTURE_VARIANT_ADD(fail_nth, mremap)
{
	.run = run_move,
	.undo = undo_nothing,
};

FIXTURE_SETUP(fail_nth)
{
	if (!allow_injection())
		SKIP(return, "the kernel has no fault injection");
	NEED_CACHE_MODE(variant->mode);
	set_up(_metadata, &self->s);
	if (variant->foreign && self->s.foreign < 0)
		SKIP(return, "no /dev/udmabuf");
	if (variant->share_multi) {
		self->s.dma_buf_of_multi = get_dma_buf(self->s.multi, 0);
		ASSERT_LE(0, self->s.dma_buf_of_multi);
	}
	if (variant->two)
		ASSERT_EQ(0, map(self->s.fd, 0, 0, BUFFER_SIZE / 2,
				 &self->s.address));
}

FIXTURE_TEARDOWN(fail_nth)
{
}

TEST_F(fail_nth, fails_cleanly_at_every_place)
{
	struct state before = look(self->s.fd);
	int nth, err, failures = 0;
	bool reached = true;

	for (nth = 1; reached; nth++) {
		ASSERT_GT(MAX_PLACES, nth);
		arm(self->s.control, nth);
		err = variant->run(&self->s);
		reached = disarm(self->s.control);
		if (!err) {
			variant->undo(&self->s);
		} else {
			failures++;
			EXPECT_TRUE(err == -ENOMEM || err == -EFAULT)
				TH_LOG("place %d: %s", nth, strerror(-err));
			self->s.made = -1;
		}
		EXPECT_UNCHANGED(before, self->s.fd);
		EXPECT_EQ(1 + variant->two,
			  references(self->s.fd, self->s.base, BUFFER_SIZE / 2));
	}
	/* The last round had no failure, but an earlier one must have had one. */
	EXPECT_EQ(0, err);
	EXPECT_LT(2, nth);
	EXPECT_LT(0, failures);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
