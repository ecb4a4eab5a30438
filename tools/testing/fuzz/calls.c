// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of /dev/iokmem and of descriptors. */
#include "fuzz.h"

static const __u64 buffer_options[] = {
	IOKMEM_DIRECTION_INOUT, IOKMEM_DIRECTION_IN, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_PAGEABLE,
	IOKMEM_PURGEABLE, IOKMEM_KERNEL_USER_SHARED, IOKMEM_MAP_INHIBIT_CACHE,
	IOKMEM_MAP_WRITE_COMBINE_CACHE, END
};

/* Most that do not exclude each other, and a few that do. */
static const __u64 buffer_choices[] = {
	IOKMEM_DIRECTION_INOUT,
	IOKMEM_DIRECTION_INOUT,
	IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE,
	IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE,
	IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
	IOKMEM_DIRECTION_INOUT | IOKMEM_PURGEABLE,
	IOKMEM_DIRECTION_INOUT | IOKMEM_PHYSICALLY_CONTIGUOUS,
	IOKMEM_DIRECTION_INOUT | IOKMEM_MAP_INHIBIT_CACHE,
	IOKMEM_DIRECTION_INOUT | IOKMEM_MAP_WRITE_COMBINE_CACHE,
	IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE | IOKMEM_MAP_WRITE_COMBINE_CACHE,
	IOKMEM_DIRECTION_OUT,
	IOKMEM_DIRECTION_IN,
	0xffffffff,
	END
};

static const __u64 alignments[] = { 0, 0, 0, 1, 64, 4096, 65536, 2 << 20, 4 << 20, 3, END };
static const __u64 masks[] = {
	0, 0, 0, 0, 0xffffffff, 0xfffffff000, 0xffffff, 0xffffffffffe00000, 0xf0f0, END
};

static const __u64 nodes[] = { 0, 0, 0, 1, 2, END };
static const __u64 created_maps[] = {
	0, 0, IOKMEM_MAP_ANYWHERE, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE,
	IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PREFAULT,
	IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE, END
};

static const __u64 map_options[] = {
	IOKMEM_MAP_ANYWHERE, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_PINNABLE, IOKMEM_MAP_REFERENCE,
	IOKMEM_MAP_UNIQUE, IOKMEM_MAP_UNIQUE, IOKMEM_MAP_PREFAULT, IOKMEM_MAP_OVERWRITE,
	IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE, END
};

static const __u64 fd_flags[] = {
	0, 0, IOKMEM_FD_READ_ONLY, IOKMEM_FD_NO_REVOKE, IOKMEM_FD_PINNABLE,
	IOKMEM_FD_READ_ONLY | IOKMEM_FD_PINNABLE, END
};

static const __u64 purgeable_states[] = {
	IOKMEM_PURGEABLE_KEEP_CURRENT, IOKMEM_PURGEABLE_NON_VOLATILE, IOKMEM_PURGEABLE_VOLATILE,
	IOKMEM_PURGEABLE_EMPTY, END
};

static const __u64 directions[] = {
	IOKMEM_DIRECTION_INOUT, IOKMEM_DIRECTION_INOUT, IOKMEM_DIRECTION_OUT, IOKMEM_DIRECTION_IN,
	0, END
};

static const __u64 redirect_options[] = {
	0, 0, 0, IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE, END
};

static const __u64 member_counts[] = { 1, 2, 3, 3, END };
static const __u64 access_modes[] = { O_RDWR, O_RDWR, O_RDONLY, O_RDWR | O_CLOEXEC, END };
static const __u64 ioctl_numbers[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 32, END
};

static const __u64 struct_sizes[] = { 0, 4, 8, 16, 24, 32, 40, 48, 56, 64, 4096, 4097, END };

/* Files that a program is not to make large enough for the machine to run out of memory. */
static __u64 affordable(__u64 size)
{
	return has_capabilities && size > 8 << 20 ? 8 << 20 : size;
}

static void look_for_content(char *address, __u64 length)
{
	__u64 i;

	for (i = 0; i < length; i += sizeof(__u64))
		if (*(volatile __u64 *)(address + i)) {
			finding("a new buffer is not zero");
			return;
		}
}

/* Nobody else has the buffer yet. */
static void check_new(int fd, __u64 capacity)
{
	char *address;

	if (capacity > 16 * PAGE || map(fd, IOKMEM_MAP_READ_ONLY, 0, 0, &address))
		return;
	try_touch(look_for_content, (uintptr_t)address, capacity & ~7ULL);
	release(fd, address, capacity);
}

static long run_create_buffer(const struct call *call)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = call->arg[0],
		.capacity = affordable(call->arg[1]),
		.alignment = call->arg[2],
		.map_options = call->arg[3],
		.physical_mask = call->arg[4],
		.node = call->arg[5],
		.fd = -1,
	};
	int err = iok(device, IOKMEM_CREATE_BUFFER, &arg);

	if (err)
		return err;
	if (!arg.map_options)
		check_new(arg.fd, arg.capacity);
	else
		put_place(call, arg.address, arg.capacity);
	return put_file(call, arg.fd);
}

static long run_create_mapping(const struct call *call)
{
	__u64 place = call->arg[2];
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = call->arg[1],
		.address = place ? address_in(place - 1) + call->arg[5] : 0,
		.offset = call->arg[3],
		.length = call->arg[4],
	};
	int err;

	/* Overwrite no memory but that of a map: the rest is what the process runs in. */
	if (place && arg.options & IOKMEM_MAP_OVERWRITE) {
		arg.address = address_in(place - 1);
		arg.length = length_in(place - 1);
	}
	if (!place && !(arg.options & IOKMEM_MAP_ANYWHERE))
		arg.address = (4ULL << 30) + call->into * HUGE_PAGE;
	err = iok(file_in(call->arg[0]), IOKMEM_CREATE_MAPPING, &arg);
	return err ? err : put_place(call, arg.address, arg.length);
}

static void *map_in(__u64 slot)
{
	return (void *)(uintptr_t)address_in(slot);
}

static long run_release_mapping(const struct call *call)
{
	return release(file_in(call->arg[0]), map_in(call->arg[1]), length_in(call->arg[1]));
}

static long run_unmap(const struct call *call)
{
	return unmap(file_in(call->arg[0]), map_in(call->arg[1]), length_in(call->arg[1]));
}

static long run_query_buffer(const struct call *call)
{
	struct iokmem_query_buffer arg;

	return query(file_in(call->arg[0]), &arg);
}

static long run_query_mapping(const struct call *call)
{
	struct iokmem_query_mapping arg;

	return query_map(file_in(call->arg[0]), map_in(call->arg[1]), length_in(call->arg[1]),
			 &arg);
}

static long run_set_length(const struct call *call)
{
	return set_length(file_in(call->arg[0]), call->arg[1]);
}

static long run_duplicate(const struct call *call)
{
	return put_file(call, duplicate(file_in(call->arg[0]), call->arg[1]));
}

static long run_set_purgeable(const struct call *call)
{
	return set_purgeable(file_in(call->arg[0]), call->arg[1]);
}

static long run_get_page_counts(const struct call *call)
{
	struct iokmem_get_page_counts arg;

	return page_counts(file_in(call->arg[0]), &arg);
}

static long run_create_sub(const struct call *call)
{
	return put_file(call, create_sub(file_in(call->arg[0]), call->arg[1], call->arg[2],
					 call->arg[3]));
}

static long run_create_multi(const struct call *call)
{
	__s32 fds[] = { file_in(call->arg[1]), file_in(call->arg[2]), file_in(call->arg[3]) };
	/* More members than there are would be what happens to lie there. */
	bool enough = call->arg[4] <= ARRAY_SIZE(fds);

	return put_file(call, create_multi(device, call->arg[0], enough ? fds : NULL,
					   call->arg[4]));
}

static long run_redirect_mapping(const struct call *call)
{
	return redirect(file_in(call->arg[0]), map_in(call->arg[1]), length_in(call->arg[1]),
			call->arg[2] ? file_in(call->arg[2] - 1) : -1, call->arg[4], call->arg[3]);
}

static long run_get_dma_buf(const struct call *call)
{
	return put_file(call, get_dma_buf(file_in(call->arg[0]), call->arg[1]));
}

static long run_with_dma_buf(const struct call *call)
{
	return put_file(call, with_dma_buf(device, call->arg[1], file_in(call->arg[0])));
}

static long run_revoke(const struct call *call)
{
	return revoke_memory(file_in(call->arg[0]));
}

/* Any ioctl, with a struct of any size and some content. */
static long run_any_ioctl(const struct call *call)
{
	__u64 content[(4096 + 64) / 8] = { call->arg[2] & 0xffffffff };
	unsigned int at = 1 + call->arg[4] % 8;

	content[at] = call->arg[3];
	content[0] |= call->arg[4] << 32;
	return iok(file_in(call->arg[0]), _IO(IOKMEM_IOC_TYPE, call->arg[1] & 0xff), content);
}

const struct call_type calls[] = {
	{ "create_buffer", 10, {
		ONE_OF("options", buffer_choices), ARG("capacity", SIZE),
		ONE_OF("alignment", alignments), ONE_OF("map_options", created_maps),
		ONE_OF("mask", masks), ONE_OF("node", nodes) }, run_create_buffer },
	{ "create_buffer_of_bits", 2, {
		BITS_OF("options", buffer_options), ARG("capacity", SIZE),
		ONE_OF("alignment", alignments), BITS_OF("map_options", map_options),
		ONE_OF("mask", masks), ONE_OF("node", nodes) }, run_create_buffer },
	{ "create_mapping", 20, {
		ARG("file", FILE_SLOT), BITS_OF("options", map_options), ARG("place", PLACE),
		ARG("offset", OFFSET), ARG("length", SIZE), ARG("at", OFFSET) },
		run_create_mapping },
	{ "release_mapping", 6, {
		ARG("file", FILE_SLOT), ARG("map", MAP_SLOT) }, run_release_mapping },
	{ "unmap", 3, { ARG("file", FILE_SLOT), ARG("map", MAP_SLOT) }, run_unmap },
	{ "query_buffer", 2, { ARG("file", FILE_SLOT) }, run_query_buffer },
	{ "query_mapping", 3, { ARG("file", FILE_SLOT), ARG("map", MAP_SLOT) }, run_query_mapping },
	{ "set_length", 2, { ARG("file", FILE_SLOT), ARG("length", SIZE) }, run_set_length },
	{ "duplicate", 4, {
		ARG("file", FILE_SLOT), ONE_OF("flags", fd_flags) }, run_duplicate },
	{ "set_purgeable", 5, {
		ARG("file", FILE_SLOT), ONE_OF("state", purgeable_states) }, run_set_purgeable },
	{ "get_page_counts", 2, { ARG("file", FILE_SLOT) }, run_get_page_counts },
	{ "create_sub", 5, {
		ARG("file", FILE_SLOT), ONE_OF("options", directions), ARG("offset", OFFSET),
		ARG("length", SIZE) }, run_create_sub },
	{ "create_multi", 5, {
		ONE_OF("options", directions), ARG("first", FILE_SLOT), ARG("second", FILE_SLOT),
		ARG("third", FILE_SLOT), ONE_OF("members", member_counts) }, run_create_multi },
	{ "redirect_mapping", 8, {
		ARG("file", FILE_SLOT), ARG("map", MAP_SLOT), ARG("to", PLACE),
		ARG("offset", OFFSET),
		ONE_OF("options", redirect_options) }, run_redirect_mapping },
	{ "get_dma_buf", 4, {
		ARG("file", FILE_SLOT), ONE_OF("flags", access_modes) }, run_get_dma_buf },
	{ "with_dma_buf", 4, {
		ARG("file", FILE_SLOT), ONE_OF("options", directions) }, run_with_dma_buf },
	{ "revoke", 1, { ARG("file", FILE_SLOT) }, run_revoke },
	{ "any_ioctl", 2, {
		ARG("file", FILE_SLOT), ONE_OF("number", ioctl_numbers),
		ONE_OF("size", struct_sizes), ARG("content", SIZE), ARG("where", OFFSET) },
		run_any_ioctl },
};

const unsigned int nr_calls = ARRAY_SIZE(calls);
