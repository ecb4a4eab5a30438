// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storms: from time to time all threads of all processes use one descriptor and nothing else,
 * with calls that take little time. Two processors are then often in one piece of code, which
 * is what it takes to find data races. Threads do not know what others have unmapped, so only
 * results of calls are checked.
 */
#include "torture.h"

#define NR_CALLS	60

/* Descriptors that storms use. They are created before any process, and inherited by all. */
void make_commons(void)
{
	static const __u32 kinds[] = {
		0, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, IOKMEM_MAP_WRITE_COMBINE_CACHE,
	};
	int i;

	world->possible = ~0u;
	if (!has_cache_mode(IOKMEM_MAP_WRITE_COMBINE_CACHE))
		world->possible = ~IOKMEM_MAP_CACHE_MASK;
	for (i = 0; i < NR_COMMONS - 1; i++)
		world->commons[i] = create(device, IOKMEM_DIRECTION_INOUT |
					   (kinds[i] & world->possible), COMMON_SIZE, 0);
	world->commons[i] = create_multi(device, IOKMEM_DIRECTION_INOUT, world->commons, i);
	for (i = 0; i < NR_COMMONS; i++) {
		if (world->commons[i] < 0)
			fail(NULL, "common descriptor %d: %s", i, strerror(-world->commons[i]));
		/* The fds stay open over exec. */
		fcntl(world->commons[i], F_SETFD, 0);
	}
}

void close_commons(void)
{
	int i;

	for (i = 0; i < NR_COMMONS; i++)
		close(world->commons[i]);
}

static __u32 any_storm_options(struct thread *thread)
{
	static const __u32 options[] = {
		0, 0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_UNIQUE, IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_GUARDED_SMALL, IOKMEM_MAP_PINNABLE, IOKMEM_MAP_COPYBACK_CACHE,
		IOKMEM_MAP_WRITE_COMBINE_CACHE, IOKMEM_MAP_INHIBIT_CACHE,
		IOKMEM_MAP_PREFAULT, IOKMEM_MAP_REFERENCE,
	};

	return options[below(thread, ARRAY_SIZE(options))];
}

/* Map a part, look at it, and end the map in one of the ways. */
static int map_for_a_moment(struct thread *thread, int fd)
{
	__u64 offset = below(thread, 4) * PAGE, value;
	__u32 options = any_storm_options(thread);
	char *address;
	int err, other;

	will_map(thread);
	err = map(fd, options, offset, 4 * PAGE, &address);
	has_mapped(thread);
	if (err)
		return err;
	load((uintptr_t)address, &value);
	if (options == IOKMEM_MAP_UNIQUE) {
		other = world->commons[below(thread, NR_COMMONS)];
		if (!redirect(fd, address, 4 * PAGE, other, 0, offset)) {
			load((uintptr_t)address, &value);
			fd = other;
		}
	}
	return below(thread, 4) ? release(fd, address, 4 * PAGE) :
				  unmap(fd, address, 4 * PAGE);
}

static int call(struct thread *thread, int fd)
{
	struct iokmem_get_page_counts counts;
	struct iokmem_query_buffer buffer;
	int err;

	switch (below(thread, 6)) {
	case 0:
		return query(fd, &buffer);
	case 1:
		return page_counts(fd, &counts);
	case 2:
		err = set_purgeable(fd, 1 + below(thread, 4));
		return err < 0 ? err : 0;
	case 3:
		return set_length(fd, COMMON_SIZE);
	default:
		return map_for_a_moment(thread, fd);
	}
}

void op_storm(struct thread *thread)
{
	/*
	 * Errors that are possible: no such map or state, no memory or mode, or unsupported by
	 * multis.
	 */
	static const int errors[] = {
		ENOENT, EOPNOTSUPP, ENOMEM, EBUSY, EACCES, EBADFD, EPERM, ENODATA, EINTR, 0
	};
	int fd = world->commons[world->storm % NR_COMMONS], i, err;

	for (i = 0; i < NR_CALLS; i++) {
		err = call(thread, fd);
		if (!expected(err, errors))
			fail(thread, "in a storm: %s", strerror(-err));
	}
}
