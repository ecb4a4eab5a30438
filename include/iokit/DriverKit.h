/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DriverKit's memory classes for programs in C, in DriverKit's spelling, on top of
 * <libiokmem.h>. A method is a function Class_Method(), whose first argument is the object
 * if the method has one. Programs in C++ have the classes, in <iokit/DriverKit.hpp>.
 *
 * A function behaves like the function of <libiokmem.h> that it calls. Options that
 * DriverKit ignores are refused. errno says why a call failed.
 */
#ifndef _IOKIT_DRIVERKIT_H
#define _IOKIT_DRIVERKIT_H

#ifdef _IOKIT_DRIVERKIT_HPP
#error A source includes either <iokit/DriverKit.h> or <iokit/DriverKit.hpp>
#endif

#include <stddef.h>

#include <iokit/DriverKitTypes.h>

typedef struct iokmem_desc IOMemoryDescriptor;
typedef struct iokmem_desc IOBufferMemoryDescriptor;
typedef struct iokmem_map IOMemoryMap;
typedef struct iokmem_dma IODMACommand;
typedef struct iokmem_device IOService;

#ifdef __cplusplus
extern "C" {
#endif

/* IOBufferMemoryDescriptor */

static inline kern_return_t
IOBufferMemoryDescriptor_Create(uint64_t options, uint64_t capacity, uint64_t alignment,
				IOBufferMemoryDescriptor **memory)
{
	return iokmem_buffer_create(options, capacity, alignment, memory);
}

static inline kern_return_t
IOBufferMemoryDescriptor_GetAddressRange(IOBufferMemoryDescriptor *buffer,
					 IOAddressSegment *range)
{
	return iokmem_buffer_get_address_range(buffer, range);
}

static inline kern_return_t
IOBufferMemoryDescriptor_SetLength(IOBufferMemoryDescriptor *buffer, uint64_t length)
{
	return iokmem_buffer_set_length(buffer, length);
}

/* IOMemoryDescriptor */

static inline void IOMemoryDescriptor_retain(IOMemoryDescriptor *md)
{
	iokmem_desc_get(md);
}

static inline void IOMemoryDescriptor_release(IOMemoryDescriptor *md)
{
	iokmem_desc_put(md);
}

static inline kern_return_t IOMemoryDescriptor_GetLength(IOMemoryDescriptor *md,
							 uint64_t *returnLength)
{
	return iokmem_desc_get_length(md, returnLength);
}

static inline kern_return_t
IOMemoryDescriptor_CreateMapping(IOMemoryDescriptor *md, uint64_t options,
				 uint64_t address, uint64_t offset, uint64_t length,
				 uint64_t alignment, IOMemoryMap **map)
{
	return iokmem_desc_create_mapping(md, options, address, offset, length, alignment,
					  map);
}

static inline kern_return_t
IOMemoryDescriptor_Map(IOMemoryDescriptor *md, uint64_t options, uint64_t address,
		       uint64_t length, uint64_t alignment, uint64_t *returnAddress,
		       uint64_t *returnLength)
{
	return iokmem_desc_map(md, options, address, length, alignment, returnAddress,
			       returnLength);
}

static inline kern_return_t
IOMemoryDescriptor_CreateSubMemoryDescriptor(uint64_t options, uint64_t offset,
					     uint64_t length, IOMemoryDescriptor *of,
					     IOMemoryDescriptor **memory)
{
	return iokmem_desc_create_sub_memory_descriptor(options, offset, length, of,
							memory);
}

static inline kern_return_t
IOMemoryDescriptor_CreateWithMemoryDescriptors(uint64_t options, uint32_t count,
					       IOMemoryDescriptor *const *descriptors,
					       IOMemoryDescriptor **memory)
{
	return iokmem_desc_create_with_memory_descriptors(options, count, descriptors,
							  memory);
}

/* IOMemoryMap */

static inline void IOMemoryMap_retain(IOMemoryMap *map)
{
	iokmem_map_get(map);
}

static inline void IOMemoryMap_release(IOMemoryMap *map)
{
	iokmem_map_put(map);
}

static inline uint64_t IOMemoryMap_GetAddress(const IOMemoryMap *map)
{
	return iokmem_map_get_address(map);
}

static inline uint64_t IOMemoryMap_GetLength(const IOMemoryMap *map)
{
	return iokmem_map_get_length(map);
}

static inline uint64_t IOMemoryMap_GetOffset(const IOMemoryMap *map)
{
	return iokmem_map_get_offset(map);
}

/* IODMACommand, for a device that the program drives by VFIO: iokmem_device_create_with_vfio(). */

static inline kern_return_t
IODMACommand_Create(IOService *device, uint64_t options,
		    const IODMACommandSpecification *specification,
		    IODMACommand **command)
{
	if (command)
		*command = NULL;
	if (!specification || specification->options) {
		errno = EINVAL;
		return kIOReturnBadArgument;
	}
	return iokmem_dma_create(device, options, specification->maxAddressBits, command);
}

static inline void IODMACommand_retain(IODMACommand *command)
{
	iokmem_dma_get(command);
}

static inline void IODMACommand_release(IODMACommand *command)
{
	iokmem_dma_put(command);
}

static inline kern_return_t
IODMACommand_PrepareForDMA(IODMACommand *command, uint64_t options, IOMemoryDescriptor *memory,
			   uint64_t offset, uint64_t length, uint64_t *flags,
			   uint32_t *segmentsCount, IOAddressSegment *segments)
{
	return iokmem_dma_prepare(command, options, memory, offset, length, flags, segmentsCount,
				  segments);
}

static inline kern_return_t IODMACommand_CompleteDMA(IODMACommand *command, uint64_t options)
{
	return iokmem_dma_complete(command, options);
}

static inline kern_return_t
IODMACommand_GetPreparation(IODMACommand *command, uint64_t *offset, uint64_t *length,
			    IOMemoryDescriptor **memory)
{
	return iokmem_dma_get_preparation(command, offset, length, memory);
}

static inline kern_return_t
IODMACommand_PerformOperation(IODMACommand *command, uint64_t options, uint64_t dmaOffset,
			      uint64_t length, uint64_t dataOffset, IOMemoryDescriptor *data)
{
	return iokmem_dma_perform_operation(command, options, dmaOffset, length, dataOffset,
					    data);
}

#ifdef __cplusplus
}
#endif

#endif /* _IOKIT_DRIVERKIT_H */
