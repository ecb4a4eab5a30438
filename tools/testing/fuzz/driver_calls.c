// SPDX-License-Identifier: GPL-2.0-only
/* The calls by which a program has the driver of tools/testing/probe do something. */
#include "fuzz.h"
#include "driver_utils.h"

static const __u64 map_options[] = {
	IOKMEM_MAP_ANYWHERE, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_PINNABLE, IOKMEM_MAP_REFERENCE,
	IOKMEM_MAP_UNIQUE, IOKMEM_MAP_PREFAULT, IOKMEM_MAP_OVERWRITE, END
};

static const __u64 flags[] = { 0, 0, IOKMEM_PROBE_IN_WORKER, END };
static const __u64 directions[] = {
	IOKMEM_DIRECTION_INOUT, IOKMEM_DIRECTION_OUT, IOKMEM_DIRECTION_IN, END
};

static const __u64 range_flags[] = { 0, 0, IOKMEM_FD_READ_ONLY, END };
static const __u64 buffer_options[] = {
	IOKMEM_DIRECTION_INOUT, IOKMEM_PAGEABLE, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_PURGEABLE,
	IOKMEM_KERNEL_USER_SHARED, END
};

static const __u64 buffer_flags[] = { 0, IOKMEM_PROBE_FOR_KERNEL, END };
static const __u64 uses[] = {
	IOKMEM_PROBE_READ, IOKMEM_PROBE_WRITE, IOKMEM_PROBE_HOLD, IOKMEM_PROBE_MAP_KERNEL,
	IOKMEM_PROBE_FLUSH, IOKMEM_PROBE_BLOCK, IOKMEM_PROBE_UNBLOCK, IOKMEM_PROBE_UNBLOCK,
	IOKMEM_PROBE_GUARDED, END
};

static const __u64 shows[] = {
	IOKMEM_PROBE_FORWARD_READ_ONLY, IOKMEM_PROBE_MMAP, IOKMEM_PROBE_MMAP_READ_ONLY,
	IOKMEM_PROBE_MMAP_PINNABLE, END
};

static long run_map(const struct call *call)
{
	__u64 place = call->arg[5];
	struct iokmem_probe_map arg = {
		.fd = file_in(call->arg[1]),
		.options = call->arg[2],
		.address = place ? address_in(place - 1) : 0,
		.offset = call->arg[3],
		.length = call->arg[4],
		.flags = call->into % 2 ? IOKMEM_PROBE_IN_WORKER : 0,
	};
	int err;

	/* Overwrite no memory but that of a map: the rest is what the process runs in. */
	if (place && arg.options & IOKMEM_MAP_OVERWRITE)
		arg.length = length_in(place - 1);
	err = iok(file_in(call->arg[0]), IOKMEM_PROBE_MAP, &arg);
	return err ? err : put_place(call, arg.address, arg.length);
}

static long run_put(const struct call *call)
{
	return driver_put(file_in(call->arg[0]), call->arg[1]);
}

static long run_unmap(const struct call *call)
{
	return driver_unmap(file_in(call->arg[0]), call->arg[1]);
}

static long run_keep_task(const struct call *call)
{
	return driver_keep_task(file_in(call->arg[0]));
}

static long run_prepare(const struct call *call)
{
	__u64 length = length_in(call->arg[1]);

	return driver_prepare(file_in(call->arg[0]),
			      (void *)(uintptr_t)(address_in(call->arg[1]) + call->arg[2]),
			      call->arg[3] < length ? call->arg[3] : length, call->arg[4]);
}

static long run_ranges(const struct call *call)
{
	struct iovec ranges[] = {
		{ (void *)(uintptr_t)address_in(call->arg[1]), length_in(call->arg[1]) },
		{ (void *)(uintptr_t)(address_in(call->arg[2]) + call->arg[3]),
		  length_in(call->arg[2]) },
	};

	return put_file(call, driver_ranges(file_in(call->arg[0]), ranges, 1 + call->into % 2,
					    call->arg[4], call->arg[5]));
}

static long run_use(const struct call *call)
{
	return driver_use(file_in(call->arg[0]), file_in(call->arg[1]), call->arg[2],
			  call->arg[3], call->arg[4]);
}

static long run_make_buffer(const struct call *call)
{
	/* Nobody is charged for one of the kernel's. */
	__u64 capacity = call->arg[2] > 8 << 20 ? 8 << 20 : call->arg[2];

	return put_file(call, driver_make_buffer(file_in(call->arg[0]), call->arg[1], capacity,
						 call->arg[3]));
}

/* Have mmap() of the driver show a descriptor, and call it. */
static long run_show(const struct call *call)
{
	int driver = file_in(call->arg[0]);
	int err = driver_show(driver, file_in(call->arg[1]), call->arg[2]);
	void *address;

	if (err)
		return err;
	address = mmap(NULL, call->arg[3], PROT_READ | PROT_WRITE, MAP_SHARED, driver,
		       call->arg[4]);
	if (address == MAP_FAILED)
		return -errno;
	return put_place(call, (uintptr_t)address, call->arg[3]);
}

static long run_opaque(const struct call *call)
{
	return put_file(call, driver_opaque(file_in(call->arg[0])));
}

#define DRIVER_SLOT	ARG("driver", FILE_SLOT)

const struct call_type driver_calls[] = {
	{ "driver_map", 8, {
		DRIVER_SLOT, ARG("file", FILE_SLOT), BITS_OF("options", map_options),
		ARG("offset", OFFSET), ARG("length", SIZE), ARG("place", PLACE) }, run_map },
	{ "driver_put", 4, { DRIVER_SLOT, ONE_OF("flags", flags) }, run_put },
	{ "driver_unmap", 3, { DRIVER_SLOT, ONE_OF("flags", flags) }, run_unmap },
	{ "driver_keep_task", 1, { DRIVER_SLOT }, run_keep_task },
	{ "driver_prepare", 4, {
		DRIVER_SLOT, ARG("map", MAP_SLOT), ARG("offset", OFFSET), ARG("length", SIZE),
		ONE_OF("direction", directions) }, run_prepare },
	{ "driver_ranges", 4, {
		DRIVER_SLOT, ARG("first", MAP_SLOT), ARG("second", MAP_SLOT), ARG("offset", OFFSET),
		ONE_OF("options", directions), ONE_OF("flags", range_flags) }, run_ranges },
	{ "driver_use", 8, {
		DRIVER_SLOT, ARG("file", FILE_SLOT), ONE_OF("how", uses), ARG("offset", OFFSET),
		ARG("length", SIZE) }, run_use },
	{ "driver_make_buffer", 3, {
		DRIVER_SLOT, BITS_OF("options", buffer_options), ARG("capacity", SIZE),
		ONE_OF("flags", buffer_flags) }, run_make_buffer },
	{ "driver_show", 4, {
		DRIVER_SLOT, ARG("file", FILE_SLOT), ONE_OF("how", shows), ARG("length", SIZE),
		ARG("offset", OFFSET) }, run_show },
	{ "driver_opaque", 1, { DRIVER_SLOT }, run_opaque },
};

const unsigned int nr_driver_calls = ARRAY_SIZE(driver_calls);
