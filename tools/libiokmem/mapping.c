// SPDX-License-Identifier: GPL-2.0
/* Mappings, which the kernel creates and counts: DriverKit's requests in the kernel's terms. */
#include <sys/ioctl.h>

#include <linux/iokmem.h>

#include "internal.h"

#define MAP_OPTIONS	(IOKMEM_MEMORY_MAP_FIXED_ADDRESS |	\
			 IOKMEM_MEMORY_MAP_READ_ONLY |		\
			 IOKMEM_MEMORY_MAP_GUARDED_MASK |	\
			 IOKMEM_MEMORY_MAP_PINNABLE |		\
			 IOKMEM_MEMORY_MAP_CACHE_MODE_MASK)

/* A map at a fixed address has no guards, whatever the options are. */
static bool translate_place(uint64_t options, uint32_t *kernel_options)
{
	uint32_t guard;

	switch (options & IOKMEM_MEMORY_MAP_GUARDED_MASK) {
	case IOKMEM_MEMORY_MAP_GUARDED_DEFAULT:
	case IOKMEM_MEMORY_MAP_GUARDED_SMALL:
		guard = IOKMEM_MAP_GUARDED_SMALL;
		break;
	case IOKMEM_MEMORY_MAP_GUARDED_LARGE:
		guard = IOKMEM_MAP_GUARDED_LARGE;
		break;
	case IOKMEM_MEMORY_MAP_GUARDED_NONE:
		guard = 0;
		break;
	default:
		return false;
	}
	if (!(options & IOKMEM_MEMORY_MAP_FIXED_ADDRESS))
		*kernel_options |= IOKMEM_MAP_ANYWHERE | guard;
	return true;
}

static bool translate_cache_mode(uint64_t options, uint32_t *kernel_options)
{
	switch (options & IOKMEM_MEMORY_MAP_CACHE_MODE_MASK) {
	case IOKMEM_MEMORY_MAP_CACHE_MODE_DEFAULT:
		*kernel_options |= IOKMEM_MAP_DEFAULT_CACHE;
		return true;
	case IOKMEM_MEMORY_MAP_CACHE_MODE_INHIBIT:
		*kernel_options |= IOKMEM_MAP_INHIBIT_CACHE;
		return true;
	case IOKMEM_MEMORY_MAP_CACHE_MODE_COPYBACK:
		*kernel_options |= IOKMEM_MAP_COPYBACK_CACHE;
		return true;
	case IOKMEM_MEMORY_MAP_CACHE_MODE_WRITE_THROUGH:
		*kernel_options |= IOKMEM_MAP_WRITE_THRU_CACHE;
		return true;
	case IOKMEM_MEMORY_MAP_CACHE_MODE_REAL_TIME:
		*kernel_options |= IOKMEM_MAP_REAL_TIME_CACHE;
		return true;
	default:
		return false;
	}
}

/*
 * As in DriverKit, the creator of a buffer can write to it, whatever the direction is. What is
 * asked for is given, or refused by the kernel.
 */
static bool is_read_only(const struct iokmem_desc *desc, uint64_t options,
			 unsigned long process)
{
	return (options & IOKMEM_MEMORY_MAP_READ_ONLY) ||
	       (desc->direction == IOKMEM_MEMORY_DIRECTION_OUT && desc->maker != process);
}

/*
 * Take a reference to a map of the kernel. See iokmem_desc_create_mapping(). @kernel_options are
 * options that only the kernel has.
 */
int32_t __iokmem_mapping_create(struct iokmem_desc *desc, uint64_t options,
				uint64_t address, uint64_t offset,
				uint64_t length, uint64_t alignment,
				uint32_t kernel_options, struct mapping *mapping)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = kernel_options,
		.address = address,
		.offset = offset,
		.length = length,
	};
	unsigned long process;

	if ((options & ~(uint64_t)MAP_OPTIONS) ||
	    !translate_place(options, &arg.options) ||
	    !translate_cache_mode(options, &arg.options))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (alignment ||
	    (address && !(options & IOKMEM_MEMORY_MAP_FIXED_ADDRESS)))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);

	process = __iokmem_process();
	if (!process)
		return IOKMEM_RETURN_ERROR;
	if (is_read_only(desc, options, process))
		arg.options |= IOKMEM_MAP_READ_ONLY;
	if (options & IOKMEM_MEMORY_MAP_PINNABLE)
		arg.options |= IOKMEM_MAP_PINNABLE;
	if (ioctl(desc->fd, IOKMEM_CREATE_MAPPING, &arg))
		return IOKMEM_RETURN_ERROR;
	/* The program would take address 0 for a map. */
	if (!arg.address || !arg.length || (length && arg.length != length))
		return __iokmem_fail(IOKMEM_RETURN_ERROR, EBADF);
	*mapping = (struct mapping){
		.address = arg.address,
		.length = arg.length,
		.process = process,
		.read_only = arg.options & IOKMEM_MAP_READ_ONLY,
	};
	return IOKMEM_RETURN_SUCCESS;
}

/* Return true if the mapping belongs to this process, which can use it and has to release it. */
bool __iokmem_mapping_is_ours(const struct mapping *mapping)
{
	return mapping->process == __iokmem_process();
}

/*
 * Release a mapping. The call fails only if the program has unmapped it, and then nothing is
 * left to do. errno does not change: callers may be handling another failure.
 */
void __iokmem_mapping_release(struct iokmem_desc *desc,
			      const struct mapping *mapping)
{
	struct iokmem_release_mapping arg = {
		.size = sizeof(arg),
		.address = mapping->address,
		.length = mapping->length,
	};
	int err = errno;

	if (__iokmem_mapping_is_ours(mapping))
		ioctl(desc->fd, IOKMEM_RELEASE_MAPPING, &arg);
	errno = err;
}
