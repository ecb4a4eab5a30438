/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IODeviceMemory: see IOTypes.h. A driver that has a device uses
 * iokmem_device_memory_with_range(), which revokes the memory when the driver leaves.
 */
#ifndef _IOKIT_IODEVICEMEMORY_H
#define _IOKIT_IODEVICEMEMORY_H

#include <iokit/IOSubMemoryDescriptor.h>

typedef struct iokmem_desc IODeviceMemory;

static inline IODeviceMemory *IODeviceMemory_withRange(IOPhysicalAddress start,
						       IOPhysicalLength length)
{
	return IOMemoryDescriptor_withPhysicalAddress(start, length, kIODirectionInOut);
}

static inline IODeviceMemory *IODeviceMemory_withSubRange(IODeviceMemory *of,
							  IOPhysicalAddress offset,
							  IOPhysicalLength length)
{
	return IOMemoryDescriptor_withSubRange(of, offset, length, kIODirectionInOut);
}

#endif /* _IOKIT_IODEVICEMEMORY_H */
