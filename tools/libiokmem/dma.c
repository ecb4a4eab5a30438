// SPDX-License-Identifier: GPL-2.0
/*
 * DMA commands (IODMACommand): memory for the devices that a program drives by VFIO.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/iokmem.h>
#include <linux/vfio.h>

#include "internal.h"

#define OPERATIONS	(IOKMEM_DMA_OPERATION_READ | IOKMEM_DMA_OPERATION_WRITE | \
			 IOKMEM_DMA_OPERATION_ZERO)

/**
 * struct preparation - memory that is mapped for a device
 * @memory: the descriptor, with a reference; NULL: nothing is prepared
 * @offset: of the first byte, in the descriptor
 * @mapping: of the bytes, in the process, by pages that VFIO can pin
 * @iova: the device's address of the mapping's first page
 * @size: of the mapping, in whole pages
 */
struct preparation {
	struct iokmem_desc *memory;
	uint64_t offset;
	struct mapping mapping;
	uint64_t iova;
	uint64_t size;
};

/**
 * struct iokmem_dma - a command
 * @references: how many
 * @device: for whose DMA
 * @last: the last address that the device reaches
 * @prepared: what is prepared
 */
struct iokmem_dma {
	unsigned int references;
	struct iokmem_device *device;
	uint64_t last;
	struct preparation prepared;
};

/**
 * iokmem_dma_create - create a command (IODMACommand::Create)
 * @device: the device
 * @options: 0
 * @max_address_bits: how many bits the device's addresses have, at most 64; 0 means 64
 * @dma: out: the command, or NULL
 *
 * One thread uses a command at a time; references may be taken and dropped by any.
 *
 * Return: BAD_ARGUMENT: NULL, unknown @options, or more than 64 bits; NO_MEMORY: the object
 * could not be created.
 */
int32_t iokmem_dma_create(struct iokmem_device *device, uint64_t options,
			  uint64_t max_address_bits, struct iokmem_dma **dma)
{
	struct iokmem_dma *new;

	if (!dma)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*dma = NULL;
	if (options)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (!device || max_address_bits > 64)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	new = calloc(1, sizeof(*new));
	if (!new)
		return IOKMEM_RETURN_NO_MEMORY;
	new->references = 1;
	new->device = iokmem_device_get(device);
	new->last = max_address_bits ? UINT64_MAX >> (64 - max_address_bits) : UINT64_MAX;
	*dma = new;
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_dma_get - take a reference (OSObject::retain)
 * @dma: the command
 *
 * Return: @dma.
 */
struct iokmem_dma *iokmem_dma_get(struct iokmem_dma *dma)
{
	__iokmem_get(&dma->references);
	return dma;
}

/* In a child of the process nothing is mapped: what there is belongs to the parent. */
static void release(struct iokmem_dma *dma)
{
	struct preparation *prepared = &dma->prepared;

	if (!prepared->memory)
		return;
	if (__iokmem_mapping_is_ours(&prepared->mapping))
		__iokmem_device_unmap(dma->device, prepared->iova, prepared->size);
	__iokmem_mapping_release(prepared->memory, &prepared->mapping);
	iokmem_desc_put(prepared->memory);
	prepared->memory = NULL;
}

/**
 * iokmem_dma_put - drop a reference (OSObject::release)
 * @dma: the command, or NULL
 *
 * The last reference completes what is prepared.
 */
void iokmem_dma_put(struct iokmem_dma *dma)
{
	if (!dma || !__iokmem_put(&dma->references))
		return;
	release(dma);
	iokmem_device_put(dma->device);
	free(dma);
}

/* Map the bytes for the device. The process has them mapped. */
static int32_t map_for_device(const struct iokmem_dma *dma, uint32_t direction,
			      struct preparation *new)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t end = new->mapping.address + new->mapping.length;
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.vaddr = new->mapping.address & ~(page - 1),
	};
	int32_t ret;

	/* Out is from memory to the device. */
	if (direction & IOKMEM_MEMORY_DIRECTION_OUT)
		map.flags |= VFIO_DMA_MAP_FLAG_READ;
	if (direction & IOKMEM_MEMORY_DIRECTION_IN)
		map.flags |= VFIO_DMA_MAP_FLAG_WRITE;
	map.size = ((end + page - 1) & ~(page - 1)) - map.vaddr;
	ret = __iokmem_device_map(dma->device, dma->last, &map);
	if (ret)
		return ret;
	new->iova = map.iova;
	new->size = map.size;
	return IOKMEM_RETURN_SUCCESS;
}

static int32_t prepare(const struct iokmem_dma *dma, struct iokmem_desc *memory,
		       uint64_t offset, uint64_t length, struct preparation *new)
{
	int32_t ret;

	ret = __iokmem_mapping_create(memory, IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, offset,
				      length, 0, IOKMEM_MAP_PINNABLE, &new->mapping);
	if (ret)
		return ret;
	ret = map_for_device(dma, memory->direction, new);
	if (ret) {
		__iokmem_mapping_release(memory, &new->mapping);
		return ret;
	}
	new->memory = iokmem_desc_get(memory);
	new->offset = offset;
	return IOKMEM_RETURN_SUCCESS;
}

/* If @length is 0, let it be what follows @offset. Return false if there are no such bytes. */
static bool find_length(struct iokmem_desc *memory, uint64_t offset, uint64_t *length)
{
	uint64_t whole;

	if (iokmem_desc_get_length(memory, &whole) || offset >= whole)
		return false;
	if (!*length)
		*length = whole - offset;
	return *length <= whole - offset;
}

/**
 * iokmem_dma_prepare - map memory for the device (IODMACommand::PrepareForDMA)
 * @dma: the command
 * @options: 0
 * @memory: the descriptor
 * @offset: of the first byte, in bytes
 * @length: in bytes; 0 means all that follows @offset
 * @flags: out: the descriptor's direction; on failure 0
 * @nr_segments: in: how many there is room for, at least 1; out: how many there are, unless the
 *	call fails
 * @segments: out: where the device has the bytes
 *
 * An IOMMU joins the memory, so there is one segment. The memory stays where it is until it is
 * completed. The device can only read memory of direction Out, and only write memory of
 * direction In. It sees whole pages: the program trusts it with what else is on them.
 *
 * If other bytes of the same descriptor are prepared, they are completed then. The memory has to
 * be wired and copyback: see IOKMEM_MAP_PINNABLE in <linux/iokmem.h>.
 *
 * Return: BAD_ARGUMENT: NULL, unknown @options, no room for a segment, a direction of None, or a
 * range that passes the end; BUSY: another descriptor is prepared; NO_RESOURCES: the device has
 * no room below the last address that the command allows; ERROR: all else, see errno.
 */
int32_t iokmem_dma_prepare(struct iokmem_dma *dma, uint64_t options,
			   struct iokmem_desc *memory, uint64_t offset, uint64_t length,
			   uint64_t *flags, uint32_t *nr_segments,
			   struct iokmem_address_segment *segments)
{
	struct preparation new;
	int32_t ret;

	if (flags)
		*flags = 0;
	if (options)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (!dma || !memory || !flags || !nr_segments || !*nr_segments || !segments ||
	    !memory->direction)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (!find_length(memory, offset, &length))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, ERANGE);
	if (dma->prepared.memory && dma->prepared.memory != memory)
		return __iokmem_fail(IOKMEM_RETURN_BUSY, EBUSY);
	ret = prepare(dma, memory, offset, length, &new);
	if (ret)
		return ret;
	release(dma);
	dma->prepared = new;
	*flags = memory->direction;
	*nr_segments = 1;
	segments[0].address = new.iova + new.mapping.address % sysconf(_SC_PAGESIZE);
	segments[0].length = new.mapping.length;
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_dma_complete - unmap the memory (IODMACommand::CompleteDMA)
 * @dma: the command
 * @options: 0
 *
 * The device cannot reach the memory any more.
 *
 * Return: BAD_ARGUMENT: NULL, or unknown @options; NOT_READY: nothing is prepared.
 */
int32_t iokmem_dma_complete(struct iokmem_dma *dma, uint64_t options)
{
	if (options)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (!dma)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (!dma->prepared.memory)
		return __iokmem_fail(IOKMEM_RETURN_NOT_READY, EBADFD);
	release(dma);
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_dma_get_preparation - tell what is prepared (IODMACommand::GetPreparation)
 * @dma: the command
 * @offset: out: of the first byte in the descriptor, or NULL
 * @length: out: in bytes, or NULL
 * @memory: out: the descriptor, with a reference for the caller; or NULL
 *
 * Return: BAD_ARGUMENT: NULL; NOT_READY: nothing is prepared.
 */
int32_t iokmem_dma_get_preparation(struct iokmem_dma *dma, uint64_t *offset, uint64_t *length,
				   struct iokmem_desc **memory)
{
	if (offset)
		*offset = 0;
	if (length)
		*length = 0;
	if (memory)
		*memory = NULL;
	if (!dma)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (!dma->prepared.memory)
		return __iokmem_fail(IOKMEM_RETURN_NOT_READY, EBADFD);
	if (offset)
		*offset = dma->prepared.offset;
	if (length)
		*length = dma->prepared.mapping.length;
	if (memory)
		*memory = iokmem_desc_get(dma->prepared.memory);
	return IOKMEM_RETURN_SUCCESS;
}

/* Copy between the prepared bytes and those of @data. */
static int32_t copy(bool read, char *bytes, uint64_t length,
		    uint64_t data_offset, struct iokmem_desc *data)
{
	struct mapping mapping;
	int32_t ret;
	char *other;

	ret = __iokmem_mapping_create(data, read ? 0 : IOKMEM_MEMORY_MAP_READ_ONLY, 0, data_offset,
				      length, 0, 0, &mapping);
	if (ret)
		return ret;
	other = (char *)(uintptr_t)mapping.address;
	/* The two may be the same memory. */
	if (read)
		memmove(other, bytes, length);
	else
		memmove(bytes, other, length);
	__iokmem_mapping_release(data, &mapping);
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_dma_perform_operation - copy or clear bytes of what is prepared
 *	(IODMACommand::PerformOperation)
 * @dma: the command
 * @options: IOKMEM_DMA_OPERATION_READ: from the prepared memory to @data; WRITE: from @data to
 *	it; ZERO: clear it
 * @dma_offset: of the first byte in what is prepared, in bytes
 * @length: in bytes, at least 1
 * @data_offset: of the first byte in @data
 * @data: a descriptor; not for ZERO
 *
 * Memory that this process may only read cannot be written: see iokmem_desc_create_mapping().
 *
 * Return: BAD_ARGUMENT: NULL, @options that are not one of these, or a range that passes the end
 * of what is prepared, or of @data; NOT_READY: nothing is prepared, or a parent of this process
 * has prepared it; NOT_PERMITTED: the prepared memory cannot be written; ERROR: @data cannot be
 * mapped, see errno.
 */
int32_t iokmem_dma_perform_operation(struct iokmem_dma *dma, uint64_t options,
				     uint64_t dma_offset, uint64_t length, uint64_t data_offset,
				     struct iokmem_desc *data)
{
	bool read = options == IOKMEM_DMA_OPERATION_READ;
	bool zero = options == IOKMEM_DMA_OPERATION_ZERO;
	const struct mapping *mapping;
	char *bytes;

	if (options & ~(uint64_t)OPERATIONS)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (!dma || (!read && !zero && options != IOKMEM_DMA_OPERATION_WRITE))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	mapping = &dma->prepared.mapping;
	if (!dma->prepared.memory || !__iokmem_mapping_is_ours(mapping))
		return __iokmem_fail(IOKMEM_RETURN_NOT_READY, EBADFD);
	if (!length || (!zero && !data))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (dma_offset > mapping->length || length > mapping->length - dma_offset ||
	    (!zero && !find_length(data, data_offset, &length)))
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, ERANGE);
	if (!read && mapping->read_only)
		return __iokmem_fail(IOKMEM_RETURN_NOT_PERMITTED, EACCES);
	bytes = (char *)(uintptr_t)mapping->address + dma_offset;
	if (!zero)
		return copy(read, bytes, length, data_offset, data);
	memset(bytes, 0, length);
	return IOKMEM_RETURN_SUCCESS;
}
