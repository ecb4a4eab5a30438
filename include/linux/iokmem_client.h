/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that a driver and the programs which have its device open give to each other. It follows
 * IOUserClient's clientMemoryForType() and CreateMemoryDescriptorFromClient().
 *
 * The driver names its memory by types, which are numbers of its own:
 *
 *	static struct iokmem_desc *memory_for_type(struct file *file, u32 type,
 *						   iokmem_map_options_t *options)
 *	{
 *		struct my_device *device = file->private_data;
 *
 *		return type ? ERR_PTR(-EINVAL) : iokmem_desc_get(device->buffer);
 *	}
 *
 *	static long my_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
 *	{
 *		return iokmem_client_ioctl(file, cmd, arg, memory_for_type);
 *	}
 *
 * A program gets a file descriptor of the memory by IOKMEM_CLIENT_MEMORY, and maps it by that; or
 * it calls IOConnectMapMemory64() of <iokit/IOKitLib.h>.
 */
#ifndef _LINUX_IOKMEM_CLIENT_H
#define _LINUX_IOKMEM_CLIENT_H

#include <linux/iokmem.h>

/* IOUserClient. */
long iokmem_client_ioctl(struct file *file, unsigned int cmd, unsigned long arg,
			 struct iokmem_desc *(*memory_for_type)(struct file *file, u32 type,
								iokmem_map_options_t *options));
struct iokmem_desc *
iokmem_client_create_memory_descriptor(const struct iokmem_address_range __user *ranges,
				       unsigned int nr, u32 direction);

#endif /* _LINUX_IOKMEM_CLIENT_H */
