/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOSubMemoryDescriptor: see IOTypes.h.
 */
#ifndef _IOKIT_IOSUBMEMORYDESCRIPTOR_H
#define _IOKIT_IOSUBMEMORYDESCRIPTOR_H

#include <iokit/IOMemoryDescriptor.h>

typedef struct iokmem_desc IOSubMemoryDescriptor;

/* @options: a direction; kIOMemoryThreadSafe is implied. */
static inline IOSubMemoryDescriptor *
IOSubMemoryDescriptor_withSubRange(IOMemoryDescriptor *of, IOByteCount offset,
				   IOByteCount length, IOOptionBits options)
{
	return IOMemoryDescriptor_withSubRange(of, offset, length,
					       options & ~kIOMemoryThreadSafe);
}

/* A descriptor cannot be initialised again, so this always fails. */
static inline bool IOSubMemoryDescriptor_initSubRange(IOSubMemoryDescriptor *sub,
						      IOMemoryDescriptor *parent,
						      IOByteCount offset,
						      IOByteCount length,
						      IODirection direction)
{
	return false;
}

#endif /* _IOKIT_IOSUBMEMORYDESCRIPTOR_H */
