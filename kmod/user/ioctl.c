// SPDX-License-Identifier: GPL-2.0
/*
 * Ioctls: finding the handler, and how the structures get into the kernel and the answers out.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "trace.h"
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

/*
 * iokmem_dispatch - carry out an ioctl of a table
 *
 * @id: the number of the descriptor that @file is of, or 0
 */
long iokmem_dispatch(struct file *file, u64 id, unsigned int cmd, unsigned long arg,
		     const struct iokmem_ioctl *ioctls, size_t nr_ioctls)
{
	struct iokmem_call call = {
		.file = file,
		.uptr = (void __user *)arg,
	};
	const struct iokmem_ioctl *ioctl;
	int err;

	/* The commands are _IO(): they encode neither a size nor a direction. */
	if (cmd != _IO(IOKMEM_IOC_TYPE, _IOC_NR(cmd)) ||
	    _IOC_NR(cmd) >= nr_ioctls)
		return -ENOTTY;
	ioctl = &ioctls[array_index_nospec(_IOC_NR(cmd), nr_ioctls)];
	if (!ioctl->run)
		return -ENOTTY;
	err = iokmem_call_read(&call, ioctl->size, ioctl->min_size);
	if (!err)
		err = ioctl->run(&call);
	if (err < 0)
		trace_iokmem_refuse(ioctl->name, id, err);
	return err;
}
