/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOBufferMemoryDescriptor: see IOTypes.h.
 */
#ifndef _IOKIT_IOBUFFERMEMORYDESCRIPTOR_H
#define _IOKIT_IOBUFFERMEMORYDESCRIPTOR_H

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include <iokit/IOMemoryDescriptor.h>

typedef struct iokmem_desc IOBufferMemoryDescriptor;

/*
 * Options of a buffer, besides a direction, a cache mode (kIOMap...Cache) and the options
 * of all descriptors. Their numbers differ from those of a descriptor's options.
 */
#define kIOMemoryPhysicallyContiguous		0x00000010u
#define kIOMemoryPageable			0x00000020u
#define kIOMemoryPurgeable			0x00000040u
#define kIOMemoryHostPhysicallyContiguous	0x00000080u
#define kIOMemorySharingTypeMask		0x000f0000u
#define kIOMemoryUnshared			0x00000000u
#define kIOMemoryKernelUserShared		0x00010000u
#define kIOBufferDescriptorMemoryFlags		0x00b0080fu

/* All options that IOKit knows. */
#define IOKIT_BUFFER_KNOWN	(kIOBufferDescriptorMemoryFlags | kIOMapPrefault)

/* For buffers, the bit of kIOMemoryMapperNone is not part of the cache mode. */
#define IOKIT_BUFFER_CACHE_MASK	(kIOMapCacheMask & ~kIOMemoryMapperNone)

/* Convert options of a buffer. The caller handles kIOMapPrefault. */
static inline IOReturn iokit_buffer_options(IOOptionBits options, u32 *native)
{
	static const struct iokit_bit bits[] = {
		{ kIODirectionIn,			IOKMEM_DIRECTION_IN },
		{ kIODirectionOut,			IOKMEM_DIRECTION_OUT },
		{ kIOMemoryPhysicallyContiguous,	IOKMEM_PHYSICALLY_CONTIGUOUS },
		{ kIOMemoryHostPhysicallyContiguous,	IOKMEM_PHYSICALLY_CONTIGUOUS },
		{ kIOMemoryPageable,			IOKMEM_PAGEABLE },
		{ kIOMemoryPurgeable,			IOKMEM_PURGEABLE },
		{ kIOMemoryKernelUserShared,		IOKMEM_KERNEL_USER_SHARED },
		{ kIOMemoryMapperNone,			0 },
		{ kIOMemoryThreadSafe,			0 },
		{ kIOMemoryUseReserve,			0 },
	};
	u32 cache_mode = options & IOKIT_BUFFER_CACHE_MASK;
	IOReturn ret;

	ret = iokit_convert(options & ~IOKIT_BUFFER_CACHE_MASK, IOKIT_BUFFER_KNOWN, native,
			    bits, ARRAY_SIZE(bits));
	*native |= cache_mode;
	return ret;
}

/*
 * Round an alignment up to a power of two, since IOKit takes any number. An alignment that
 * cannot be rounded up is refused later as too large.
 */
static inline size_t iokit_alignment(size_t alignment)
{
	return alignment && alignment <= SIZE_MAX / 2 ? roundup_pow_of_two(alignment) :
							alignment;
}

/* Fill the buffer's home mapping in @task, if there is one. */
static inline struct iokmem_desc *iokit_prefault(struct iokmem_desc *desc, task_t task)
{
	struct iokmem_map *map;

	if (!task || IS_ERR(desc))
		return desc;
	map = iokmem_desc_create_mapping_in_task(desc, task, 0, IOKMEM_MAP_ANYWHERE |
						 IOKMEM_MAP_PREFAULT, 0, 0);
	if (IS_ERR(map)) {
		iokmem_desc_put(desc);
		return ERR_CAST(map);
	}
	iokmem_map_put(map);
	return desc;
}

/* The IOBufferMemoryDescriptor factories. */

static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_inTaskWithOptions(task_t inTask, IOOptionBits options,
					   vm_size_t capacity, vm_offset_t alignment)
{
	struct iokmem_desc *desc;
	IOReturn ret;
	u32 native;

	ret = iokit_buffer_options(options & ~kIOMapPrefault, &native);
	if (ret)
		return iokit_refuse(ret);
	desc = iokmem_buffer_in_task_with_options(inTask, native, capacity,
						  iokit_alignment(alignment));
	if (options & kIOMapPrefault)
		desc = iokit_prefault(desc, inTask);
	return iokit_desc(desc);
}

/* Tags say on whose behalf memory is shown in statistics, which Linux does not have. */
static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_inTaskWithOptions_tags(task_t inTask, IOOptionBits options,
						vm_size_t capacity, vm_offset_t alignment,
						UInt32 kernTag, UInt32 userTag)
{
	return IOBufferMemoryDescriptor_inTaskWithOptions(inTask, options, capacity,
							  alignment);
}

static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_inTaskWithPhysicalMask(task_t inTask, IOOptionBits options,
						mach_vm_size_t capacity,
						mach_vm_address_t physicalMask)
{
	struct iokmem_desc *desc;
	IOReturn ret;
	u32 native;

	ret = iokit_buffer_options(options & ~kIOMapPrefault, &native);
	if (ret)
		return iokit_refuse(ret);
	desc = iokmem_buffer_in_task_with_physical_mask(inTask, native, capacity,
							physicalMask);
	if (options & kIOMapPrefault)
		desc = iokit_prefault(desc, inTask);
	return iokit_desc(desc);
}

/* IOKit takes kernel_task only. */
static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_inTaskWithGuardPages(task_t inTask, IOOptionBits options,
					      mach_vm_size_t capacity)
{
	IOReturn ret;
	u32 native;

	ret = iokit_buffer_options(options, &native);
	if (ret)
		return iokit_refuse(ret);
	return iokit_desc(iokmem_buffer_in_task_with_guard_pages(inTask, native, capacity));
}

static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_withOptions(IOOptionBits options, vm_size_t capacity,
				     vm_offset_t alignment)
{
	return IOBufferMemoryDescriptor_inTaskWithOptions(kernel_task, options, capacity,
							  alignment);
}

static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_withCapacity(vm_size_t capacity, IODirection direction,
				      bool withContiguousMemory)
{
	return iokit_desc(iokmem_buffer_with_capacity(capacity, direction,
						      withContiguousMemory));
}

static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_withBytes(const void *bytes, vm_size_t length,
				   IODirection direction, bool withContiguousMemory)
{
	return iokit_desc(iokmem_buffer_with_bytes(bytes, length, direction,
						   withContiguousMemory));
}

static inline int iokit_copy(struct iokmem_desc *to, struct iokmem_desc *from)
{
	size_t size = iokmem_desc_get_length(from), at, n;
	void *bytes = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int err = bytes ? 0 : -ENOMEM;

	for (at = 0; at < size && !err; at += n) {
		n = min(size - at, PAGE_SIZE);
		err = iokmem_desc_read_bytes(from, at, bytes, n);
		if (!err)
			err = iokmem_desc_write_bytes(to, at, bytes, n);
	}
	kfree(bytes);
	return err;
}

/* Where IOKit takes the source's vm_map_t, this takes its task. */
static inline IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor_withCopy(task_t inTask, IOOptionBits options, task_t sourceTask,
				  mach_vm_address_t source, mach_vm_size_t size)
{
	IOBufferMemoryDescriptor *copy;
	IOMemoryDescriptor *from;
	int err;

	if (!inTask || !source || !sourceTask || !(options & kIOMemoryPageable))
		return iokit_null(-EINVAL);
	copy = IOBufferMemoryDescriptor_inTaskWithOptions(inTask, options, size, 0);
	if (!copy)
		return NULL;
	from = iokmem_desc_with_address_range(source, size, IOKMEM_DIRECTION_OUT |
					      IOKMEM_PERSISTENT, sourceTask);
	err = PTR_ERR_OR_ZERO(from);
	if (!err) {
		err = iokit_copy(copy, from);
		iokmem_desc_put(from);
	}
	if (err) {
		iokmem_desc_put(copy);
		return iokit_null(err);
	}
	return copy;
}

/* A descriptor cannot be initialised again, so this always fails. */
static inline bool
IOBufferMemoryDescriptor_initWithPhysicalMask(IOBufferMemoryDescriptor *buffer,
					      task_t inTask, IOOptionBits options,
					      mach_vm_size_t capacity,
					      mach_vm_address_t alignment,
					      mach_vm_address_t physicalMask)
{
	return false;
}

/* IOBufferMemoryDescriptor */

static inline vm_size_t
IOBufferMemoryDescriptor_getCapacity(const IOBufferMemoryDescriptor *buffer)
{
	return iokmem_buffer_get_capacity(buffer);
}

static inline IOReturn IOBufferMemoryDescriptor_setLength(IOBufferMemoryDescriptor *buffer,
							  vm_size_t length)
{
	return iokit_from_errno(iokmem_buffer_set_length(buffer, length));
}

static inline IOReturn
IOBufferMemoryDescriptor_setDirection(IOBufferMemoryDescriptor *buffer,
				      IODirection direction)
{
	return iokit_from_errno(iokmem_buffer_set_direction(buffer, direction));
}

/* For a buffer in a user task this is an address in that task. */
static inline void *
IOBufferMemoryDescriptor_getBytesNoCopy(IOBufferMemoryDescriptor *buffer)
{
	return (void *)iokmem_buffer_get_address(buffer);
}

static inline void *
IOBufferMemoryDescriptor_getBytesNoCopy_range(IOBufferMemoryDescriptor *buffer,
					      vm_size_t start, vm_size_t length)
{
	void *bytes = IOBufferMemoryDescriptor_getBytesNoCopy(buffer);
	size_t whole = iokmem_desc_get_length(buffer);

	if (!bytes || start >= whole || length > whole - start)
		return NULL;
	return bytes + start;
}

/*
 * Append as many bytes as there is room for. Return false if there is no memory for them;
 * IOKit always returns true.
 */
static inline bool IOBufferMemoryDescriptor_appendBytes(IOBufferMemoryDescriptor *buffer,
							const void *bytes,
							vm_size_t length)
{
	size_t n;
	int err;

	/* Retry if another thread has appended meanwhile and left less room. */
	do {
		n = iokmem_buffer_get_capacity(buffer) - iokmem_desc_get_length(buffer);
		err = iokmem_buffer_append_bytes(buffer, bytes, min(n, length));
	} while (err == -ENOSPC);
	return !err;
}

#endif /* _IOKIT_IOBUFFERMEMORYDESCRIPTOR_H */
