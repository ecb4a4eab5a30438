/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOMultiMemoryDescriptor: see IOTypes.h.
 */
#ifndef _IOKIT_IOMULTIMEMORYDESCRIPTOR_H
#define _IOKIT_IOMULTIMEMORYDESCRIPTOR_H

#include <iokit/IOMemoryDescriptor.h>

typedef struct iokmem_desc IOMultiMemoryDescriptor;

/* The array is always copied, even where IOKit would use it in place. */
static inline IOMultiMemoryDescriptor *
IOMultiMemoryDescriptor_withDescriptors(IOMemoryDescriptor **descriptors,
					UInt32 count, IODirection direction,
					bool asReference)
{
	if (!descriptors)
		return iokit_null(-EINVAL);
	return iokit_desc(iokmem_multi_with_descriptors(descriptors, count, direction));
}

/* A descriptor cannot be initialised again, so this always fails. */
static inline bool
IOMultiMemoryDescriptor_initWithDescriptors(IOMultiMemoryDescriptor *multi,
					    IOMemoryDescriptor **descriptors,
					    UInt32 count, IODirection direction,
					    bool asReference)
{
	return false;
}

#endif /* _IOKIT_IOMULTIMEMORYDESCRIPTOR_H */
