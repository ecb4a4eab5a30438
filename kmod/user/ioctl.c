// SPDX-License-Identifier: GPL-2.0
/*
 * How the structures of ioctls get into the kernel, and the answers out. A handler works on a
 * copy of the caller's structure, writes its results into the copy, and has that copied back.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "user/ioctl.h"

/*
 * iokmem_call_read - copy the caller's structure in
 *
 * This kernel's structure has @size bytes, and its first version had @min_size. Members that a
 * shorter structure lacks are zero. Return 0 or a negative error.
 */
int iokmem_call_read(struct iokmem_call *call, size_t size, size_t min_size)
{
	int err;

	if (get_user(call->size, (u32 __user *)call->uptr))
		return -EFAULT;
	if (call->size < min_size)
		return -EINVAL;
	/* All of the structure is read, and nobody can interrupt that. */
	if (call->size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&call->arg, size, call->uptr, call->size);
	if (err)
		return err;
	call->size = min_t(size_t, call->size, size);
	return 0;
}

/*
 * iokmem_call_answer - copy the structure back. Return 0 or -EFAULT.
 */
int iokmem_call_answer(struct iokmem_call *call)
{
	return copy_to_user(call->uptr, &call->arg, call->size) ? -EFAULT : 0;
}

/*
 * iokmem_call_answer_file - install a new file descriptor, and answer the call with its number
 *
 * Takes over the caller's reference to @file, also on error. @fd points into the call's argument.
 * Return 0 or a negative error.
 */
int iokmem_call_answer_file(struct iokmem_call *call, struct file *file, __s32 *fd)
{
	int err, new_fd;

	new_fd = get_unused_fd_flags(O_CLOEXEC);
	if (new_fd < 0) {
		fput(file);
		return new_fd;
	}
	*fd = new_fd;
	err = iokmem_call_answer(call);
	if (err) {
		fput(file);
		put_unused_fd(new_fd);
		return err;
	}
	fd_install(new_fd, file);
	return 0;
}
