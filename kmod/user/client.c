// SPDX-License-Identifier: GPL-2.0
/*
 * Memory between a driver and the programs that have its device open, after IOUserClient's: see
 * <linux/iokmem_client.h>. A program gets a file of a descriptor. So mapping, sharing, rights and a
 * revoke are as with all such files: see chardev.c.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iokmem_client.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "desc/desc.h"
#include "memory/multi.h"
#include "page/compat.h"
#include "trace.h"
#include "user/ioctl.h"

/* Make a file with the rights that @file, the driver, and the memory itself allow. */
static struct file *make_file(const struct file *file, struct iokmem_desc *desc, u32 options)
{
	bool read_only = options & IOKMEM_MAP_READ_ONLY || desc->read_only ||
			 !(file->f_mode & FMODE_WRITE);

	if (options & ~IOKMEM_MAP_READ_ONLY)
		return ERR_PTR(-EOPNOTSUPP);
	return iokmem_desc_get_file(desc, read_only ? IOKMEM_FD_READ_ONLY : 0);
}

/* Answer the call with a file descriptor of the memory of a type. Return 0 or a negative error. */
static int answer_type(struct iokmem_call *call,
		       struct iokmem_desc *(*memory_for_type)(struct file *file, u32 type,
							      u32 *options))
{
	struct iokmem_client_memory *arg = &call->arg.client_memory;
	struct iokmem_desc *desc;
	u32 options = 0;
	struct file *new;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	/* A map that can be written can be read. */
	if (!(call->file->f_mode & FMODE_READ))
		return -EACCES;
	desc = memory_for_type(call->file, arg->type, &options);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	new = make_file(call->file, desc, options);
	iokmem_desc_put(desc);
	return IS_ERR(new) ? PTR_ERR(new) : iokmem_call_answer_file(call, new, &arg->fd);
}

/**
 * iokmem_client_ioctl - serve ->unlocked_ioctl() of a driver's own file: the memory of a type
 * @file: the file
 * @cmd: what ->unlocked_ioctl() was given
 * @arg: as @cmd
 * @memory_for_type: return a reference to the descriptor of the type, which this function puts;
 *	or ERR_PTR(-EINVAL) if there is no such type, or another error. It may set the options,
 *	which are 0, to %IOKMEM_MAP_READ_ONLY: the program cannot write the memory then. It is
 *	called with no lock held, and by several threads at once.
 *
 * Follows IOUserClient::clientMemoryForType(). The program calls IOKMEM_CLIENT_MEMORY of
 * <uapi/linux/iokmem.h>, and gets a file descriptor as by iokmem_desc_get_file(). The file
 * descriptor is read-only if the options, the descriptor or @file is. Maps of one descriptor are
 * shared, so a driver should return the same descriptor for a type each time. To offer a part of a
 * descriptor, the driver returns a sub-descriptor.
 *
 * The file descriptor and its maps keep the memory. They keep neither @file nor the driver. A
 * driver that must not be outlived revokes the descriptor (iokmem_desc_revoke()), and poll() of the
 * file descriptor tells the program.
 *
 * Context: ->unlocked_ioctl() of a file. May sleep.
 * Return: 0, or a negative error for ->unlocked_ioctl() to return:
 *
 * * -ENOTTY: @cmd is not IOKMEM_CLIENT_MEMORY, and is the driver's to serve
 * * -EACCES: the program has opened @file for writing only
 * * -EOPNOTSUPP: a reserved member is not 0; @memory_for_type has set other options
 * * -EFAULT, -E2BIG, -EINVAL: the program's structure, as for all ioctls of <uapi/linux/iokmem.h>
 * * -ENOMEM, -EMFILE, -ENFILE, -EOVERFLOW: as iokmem_desc_get_file(), or no file descriptor
 * * an error of @memory_for_type
 */
long iokmem_client_ioctl(struct file *file, unsigned int cmd, unsigned long arg,
			 struct iokmem_desc *(*memory_for_type)(struct file *file, u32 type,
								iokmem_map_options_t *options))
{
	struct iokmem_call call = { .file = file, .uptr = (void __user *)arg };
	int err;

	if (cmd != IOKMEM_CLIENT_MEMORY)
		return -ENOTTY;
	err = iokmem_call_read(&call, sizeof(struct iokmem_client_memory),
			       offsetofend(struct iokmem_client_memory, __reserved));
	if (!err)
		err = answer_type(&call, memory_for_type);
	if (err < 0)
		trace_iokmem_refuse("IOKMEM_CLIENT_MEMORY", 0, err);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_client_ioctl, IOKMEM_NS);

/**
 * iokmem_client_create_memory_descriptor - describe memory of the calling program
 * @ranges: an array in the program's memory, as an ioctl was given it
 * @nr: how many ranges it has, at least 1
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOUserClient::CreateMemoryDescriptorFromClient(). This is
 * iokmem_desc_with_address_ranges() for ranges that the program itself names: @ranges are copied
 * first. The memory is the program's own, as with Apple's kIOMemoryDisableCopyOnWrite, and not a
 * snapshot of it. So the program can change what the driver looks at.
 *
 * Context: May sleep. In the context of the program, with no mmap lock held.
 * Return: the descriptor, of which the caller owns a reference; or ERR_PTR():
 *
 * * -EINVAL: @nr is 0
 * * -ENOSPC: more than 1024 ranges
 * * -EFAULT: @ranges cannot be read
 * * errors of iokmem_desc_with_address_ranges()
 */
struct iokmem_desc *
iokmem_client_create_memory_descriptor(const struct iokmem_address_range __user *ranges,
				       unsigned int nr, u32 direction)
{
	struct iokmem_address_range *copy;
	struct iokmem_desc *desc;

	if (!nr)
		return ERR_PTR(-EINVAL);
	if (nr > IOKMEM_MULTI_MAX)
		return ERR_PTR(-ENOSPC);
	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	copy = vmemdup_user(ranges, array_size(nr, sizeof(*copy)));
	if (IS_ERR(copy))
		return ERR_CAST(copy);
	desc = iokmem_desc_with_address_ranges(copy, nr, direction, current);
	kvfree(copy);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_client_create_memory_descriptor, IOKMEM_NS);
