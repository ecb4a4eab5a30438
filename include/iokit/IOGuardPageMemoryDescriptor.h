/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOGuardPageMemoryDescriptor: see IOTypes.h.
 */
#ifndef _IOKIT_IOGUARDPAGEMEMORYDESCRIPTOR_H
#define _IOKIT_IOGUARDPAGEMEMORYDESCRIPTOR_H

#include <iokit/IOMemoryDescriptor.h>

typedef struct iokmem_desc IOGuardPageMemoryDescriptor;

static inline IOGuardPageMemoryDescriptor *
IOGuardPageMemoryDescriptor_withSize(vm_size_t size)
{
	return iokit_desc(iokmem_guard_with_size(size));
}

#endif /* _IOKIT_IOGUARDPAGEMEMORYDESCRIPTOR_H */
