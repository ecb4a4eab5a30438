/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DriverKit's memory classes for programs, in DriverKit's spelling, on top of
 * <libiokmem.h>. A method is a function Class_Method(), whose first argument is the object
 * if the method has one. Constants have DriverKit's names and numbers, which differ from
 * those of IOKit in the kernel.
 *
 * A function behaves like the function of <libiokmem.h> that it calls. Options that
 * DriverKit ignores are refused. errno says why a call failed.
 */
#ifndef _IOKIT_DRIVERKIT_H
#define _IOKIT_DRIVERKIT_H

#include <stddef.h>
#include <stdint.h>

#include <libiokmem.h>
#include <iokit/IOReturn.h>

typedef struct iokmem_desc IOMemoryDescriptor;
typedef struct iokmem_desc IOBufferMemoryDescriptor;
typedef struct iokmem_map IOMemoryMap;
typedef struct iokmem_address_segment IOAddressSegment;

/* Options of a descriptor. */
#define kIOMemoryDirectionNone			0x00000000u
#define kIOMemoryDirectionIn			0x00000001u
#define kIOMemoryDirectionOut			0x00000002u
#define kIOMemoryDirectionOutIn			0x00000003u
#define kIOMemoryDirectionInOut			0x00000003u
#define kIOMemoryDisableCopyOnWrite		0x00000010u

/* Options of a map. */
#define kIOMemoryMapFixedAddress		0x00000001u
#define kIOMemoryMapReadOnly			0x00000002u
#define kIOMemoryMapGuardedMask			0x0000001cu
#define kIOMemoryMapGuardedDefault		0x00000000u
#define kIOMemoryMapGuardedNone			0x00000004u
#define kIOMemoryMapGuardedSmall		0x00000008u
#define kIOMemoryMapGuardedLarge		0x0000000cu
#define kIOMemoryMapCacheModeDefault		0x00000000u
#define kIOMemoryMapCacheModeInhibit		0x00000100u
#define kIOMemoryMapCacheModeCopyback		0x00000200u
#define kIOMemoryMapCacheModeWriteThrough	0x00000400u
#define kIOMemoryMapCacheModeRealTime		0x00000800u

/* Option of memory that is passed to another process; also of iokmem_desc_send(). */
#define kIOUserClientMemoryReadOnly		0x00000001u

/* Options of a DMA command. */
#define kIODMACommandCreateNoOptions		0u
#define kIODMACommandSpecificationNoOptions	0u
#define kIODMACommandPrepareForDMANoOptions	0u
#define kIODMACommandCompleteDMANoOptions	0u
#define kIODMACommandPerformOperationOptionRead		0x00000001u
#define kIODMACommandPerformOperationOptionWrite	0x00000002u
#define kIODMACommandPerformOperationOptionZero		0x00000004u

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

/*
 * IODMACommand is for drivers in the kernel, since a program has no device to name. A
 * program never gets such an object, so the other methods are left out.
 */

typedef struct IODMACommand IODMACommand;
typedef struct IOService IOService;

typedef struct {
	uint64_t options;
	uint64_t maxAddressBits;
	uint64_t _resv[16];
} IODMACommandSpecification;

static inline kern_return_t
IODMACommand_Create(IOService *device, uint64_t options,
		    const IODMACommandSpecification *specification,
		    IODMACommand **command)
{
	(void)device;
	(void)options;
	(void)specification;
	if (!command)
		return kIOReturnBadArgument;
	*command = NULL;
	return kIOReturnUnsupported;
}

#ifdef __cplusplus
}
#endif

#endif /* _IOKIT_DRIVERKIT_H */
