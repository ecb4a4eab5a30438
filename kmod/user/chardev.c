// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/iokmem, and the file descriptors of buffers that its ioctls create. Their
 * contract is <uapi/linux/iokmem.h>.
 *
 * Each ioctl is a row in a table: see ioctl.h.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "desc/desc.h"
#include "device/dmabuf.h"
#include "map/buffer.h"
#include "map/map.h"
#include "memory/import.h"
#include "page/compat.h"
#include "user/chardev.h"
#include "user/ioctl.h"
#include "user/show.h"

/*
 * The operations of a file tell what the file may do. There is a copy of them for each combination
 * of these bits.
 */
#define IOKMEM_FILE_MAKER	1u	/* it may revoke the descriptor */
#define IOKMEM_FILE_PINNABLE	2u	/* mmap() makes pinnable maps */
#define IOKMEM_FILE_KINDS	4

static const struct file_operations iokmem_buffer_fops[IOKMEM_FILE_KINDS];

static bool is_read_only(const struct iokmem_call *call)
{
	return !(call->file->f_mode & FMODE_WRITE);
}

static struct file *get_file_by(struct iokmem_desc *desc, int flags, unsigned int kind)
{
	int err = iokmem_desc_try_get(desc);
	struct file *file;

	if (err)
		return ERR_PTR(err);
	file = iokmem_desc_file(desc, desc, flags, &iokmem_buffer_fops[kind]);
	if (IS_ERR(file))
		iokmem_desc_put(desc);
	return file;
}

/* The memory's cache mode may change, so mmap() looks at that. */
static int check_pinnable(struct iokmem_desc *desc, u32 flags)
{
	return !(flags & IOKMEM_FD_PINNABLE) ||
	       iokmem_desc_can_be_pinnable(iokmem_desc_owner(desc)) ? 0 : -EOPNOTSUPP;
}

/**
 * iokmem_desc_get_file - create a file by which programs use a descriptor
 * @desc: the descriptor
 * @flags: %IOKMEM_FD_READ_ONLY: the file allows read-only maps only, and does not allow
 *	changes; %IOKMEM_FD_PINNABLE: mmap() of it makes pinnable maps; or 0
 *
 * The file is like those that the ioctls of /dev/iokmem create; see
 * <uapi/linux/iokmem.h>. But it does not allow IOKMEM_REVOKE. It has its own reference to
 * @desc. A driver passes the file to a program with get_unused_fd_flags() and fd_install(). A
 * driver that keeps the file drops it with fput().
 *
 * Context: May sleep.
 * Return: the file, of which the caller owns the reference; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @flags has other bits, or %IOKMEM_FD_PINNABLE for memory that cannot be pinned
 * * -EACCES: no %IOKMEM_FD_READ_ONLY, and the memory may only be read by @desc
 * * -EOVERFLOW: @desc has 2^30 references
 * * -ENOMEM, -ENFILE: no room for a file
 */
struct file *iokmem_desc_get_file(struct iokmem_desc *desc, u32 flags)
{
	int err;

	if (flags & ~(IOKMEM_FD_READ_ONLY | IOKMEM_FD_PINNABLE))
		return ERR_PTR(-EOPNOTSUPP);
	err = check_pinnable(desc, flags);
	if (!err)
		err = iokmem_desc_check_write(desc, !(flags & IOKMEM_FD_READ_ONLY));
	if (err)
		return ERR_PTR(err);
	return get_file_by(desc, flags & IOKMEM_FD_READ_ONLY ? O_RDONLY : O_RDWR,
			   flags & IOKMEM_FD_PINNABLE ? IOKMEM_FILE_PINNABLE : 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_file, IOKMEM_NS);

static bool is_of_desc(const struct file *file)
{
	return file->f_op >= iokmem_buffer_fops &&
	       file->f_op < iokmem_buffer_fops + IOKMEM_FILE_KINDS;
}

/* Return IOKMEM_FILE_* of a descriptor's file. */
static unsigned int kind_of(const struct file *file)
{
	return file->f_op - iokmem_buffer_fops;
}

static bool may_revoke(const struct file *file)
{
	return kind_of(file) & IOKMEM_FILE_MAKER;
}

static bool is_pinnable(const struct file *file)
{
	return kind_of(file) & IOKMEM_FILE_PINNABLE;
}

/**
 * iokmem_desc_with_file - look up the descriptor behind a program's file
 * @file: the file, as fget() returns it
 * @flags: out, unless NULL: 0; or %IOKMEM_FD_READ_ONLY: the program may not change the
 *	memory, and a driver should not change it on the program's behalf
 *
 * Context: Any.
 * Return: the descriptor, of which the caller owns a reference; or ERR_PTR(-EBADF) if
 * @file is not a descriptor's file.
 */
struct iokmem_desc *iokmem_desc_with_file(struct file *file, u32 *flags)
{
	if (!is_of_desc(file))
		return ERR_PTR(-EBADF);
	if (flags)
		*flags = file->f_mode & FMODE_WRITE ? 0 : IOKMEM_FD_READ_ONLY;
	return iokmem_desc_get(file->private_data);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_file, IOKMEM_NS);

/*
 * Answer the call with a new file descriptor of @desc, which may be an error. Takes over
 * the caller's reference to @desc. Return 0 or a negative error.
 */
static int answer_desc(struct iokmem_call *call, struct iokmem_desc *desc,
		       bool read_only, unsigned int kind, __s32 *fd)
{
	struct file *file;

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	file = get_file_by(desc, read_only ? O_RDONLY : O_RDWR, kind);
	iokmem_desc_put(desc);
	return IS_ERR(file) ? PTR_ERR(file) : iokmem_call_answer_file(call, file, fd);
}

/*
 * Obtain a map of which the calling task owns a reference. Return its address, or an error
 * that IS_ERR_VALUE() recognises.
 */
static unsigned long map_for_task(struct file *file,
				  const struct iokmem_create_mapping *arg, size_t *length,
				  struct iokmem_mode_change *change)
{
	unsigned long address;
	struct iokmem_map *map;

	/* Retry if another thread unmaps the map before the task has its reference. */
	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		map = iokmem_map_in_task(file->private_data, current, arg->address, arg->options,
					 arg->offset, arg->length, file, change);
		if (IS_ERR(map))
			return PTR_ERR(map);
		*length = iokmem_map_get_length(map);
		address = iokmem_map_task_hold(map);
	} while (!address);
	return address;
}

/* Map all of a new buffer, and answer the call with the address and a file descriptor. */
static int answer_mapped(struct iokmem_call *call, struct iokmem_desc *desc)
{
	struct iokmem_create_buffer *arg = &call->arg.create_buffer;
	struct iokmem_create_mapping map = { .options = arg->map_options };
	unsigned long address;
	struct file *file;
	size_t length;
	int err;

	file = get_file_by(desc, O_RDWR, IOKMEM_FILE_MAKER);
	if (IS_ERR(file))
		return PTR_ERR(file);
	address = map_for_task(file, &map, &length, NULL);
	if (IS_ERR_VALUE(address)) {
		fput(file);
		return (int)address;
	}
	arg->address = address;
	err = iokmem_call_answer_file(call, file, &arg->fd);
	if (err)
		iokmem_map_task_release(desc, address, length);
	return err;
}

/* Check map options as far as possible before the buffer exists. */
static int check_map_options(const struct iokmem_call *call, u32 options)
{
	if (options & IOKMEM_MAP_STATIC)
		return -EOPNOTSUPP;
	if (options && (!(options & IOKMEM_MAP_ANYWHERE) ||
			call->size < offsetofend(struct iokmem_create_buffer, address)))
		return -EINVAL;
	return 0;
}

static int run_create_buffer(struct iokmem_call *call)
{
	struct iokmem_create_buffer *arg = &call->arg.create_buffer;
	struct iokmem_buffer_args args = {
		.options = arg->options,
		.capacity = arg->capacity,
		.alignment = arg->alignment,
		.physical_mask = arg->physical_mask,
		.node = arg->node,
		.charge = true,
	};
	struct iokmem_desc *desc;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	err = check_map_options(call, arg->map_options);
	if (err)
		return err;

	desc = iokmem_buffer_create(&args);
	if (IS_ERR(desc) || !arg->map_options)
		return answer_desc(call, desc, false, IOKMEM_FILE_MAKER, &arg->fd);
	err = answer_mapped(call, desc);
	iokmem_desc_put(desc);
	return err;
}

static int run_create_mapping(struct iokmem_call *call)
{
	struct iokmem_create_mapping *arg = &call->arg.create_mapping;
	struct iokmem_desc *desc = call->file->private_data;
	struct iokmem_mode_change change = {};
	unsigned long address;
	size_t length;
	int err;

	/* Only drivers may record a mapping that was made elsewhere. */
	if (arg->options & IOKMEM_MAP_STATIC)
		return -EOPNOTSUPP;
	if ((arg->options & IOKMEM_MAP_ANYWHERE) && arg->address)
		return -EINVAL;
	if (is_read_only(call) && !(arg->options & IOKMEM_MAP_READ_ONLY))
		return -EACCES;

	address = map_for_task(call->file, arg, &length, &change);
	if (IS_ERR_VALUE(address))
		return (int)address;

	arg->address = address;
	arg->length = length;
	err = iokmem_call_answer(call);
	if (err) {
		iokmem_map_task_release(desc, address, length);
		iokmem_undo_mode(iokmem_desc_owner(desc), &change);
	}
	return err;
}

static int run_release_mapping(struct iokmem_call *call)
{
	struct iokmem_release_mapping *arg = &call->arg.release_mapping;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	return iokmem_map_task_release(call->file->private_data, arg->address,
				       arg->length);
}

static int run_query_buffer(struct iokmem_call *call)
{
	struct iokmem_query_buffer *arg = &call->arg.query_buffer;
	struct iokmem_desc *desc = call->file->private_data;
	size_t offset = 0;
	int err;

	err = iokmem_wait_retyped(iokmem_desc_owner(desc));
	if (err)
		return err;
	arg->options = desc->options;
	arg->id = desc->id;
	arg->capacity = desc->capacity;
	arg->length = iokmem_desc_get_length(desc);
	arg->alignment = desc->alignment;
	arg->cache_mode = iokmem_desc_get_cache_mode(desc);
	arg->extents = iokmem_nr_extents(desc);
	arg->maps = iokmem_nr_maps(desc);
	arg->access = (is_read_only(call) ? IOKMEM_FD_READ_ONLY : 0) |
		      (is_pinnable(call->file) ? IOKMEM_FD_PINNABLE : 0);
	iokmem_desc_root(desc, &offset);
	arg->offset = offset;
	return iokmem_call_answer(call);
}

static int run_query_mapping(struct iokmem_call *call)
{
	struct iokmem_query_mapping *arg = &call->arg.query_mapping;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	err = iokmem_wait_retyped(iokmem_desc_owner(call->file->private_data));
	if (err)
		return err;
	err = iokmem_map_task_query(call->file->private_data, arg);
	return err ? err : iokmem_call_answer(call);
}

static int run_set_length(struct iokmem_call *call)
{
	struct iokmem_set_length *arg = &call->arg.set_length;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	if (is_read_only(call))
		return -EACCES;
	return iokmem_buffer_set_length(call->file->private_data, arg->length);
}

static int run_duplicate(struct iokmem_call *call)
{
	struct iokmem_duplicate *arg = &call->arg.duplicate;
	struct iokmem_desc *desc = call->file->private_data;
	unsigned int kind = kind_of(call->file);
	int err;

	if ((arg->flags & ~(IOKMEM_FD_READ_ONLY | IOKMEM_FD_NO_REVOKE | IOKMEM_FD_PINNABLE)) ||
	    arg->__reserved)
		return -EOPNOTSUPP;
	err = check_pinnable(desc, arg->flags);
	if (err)
		return err;
	if (arg->flags & (IOKMEM_FD_READ_ONLY | IOKMEM_FD_NO_REVOKE))
		kind &= ~IOKMEM_FILE_MAKER;
	if (arg->flags & IOKMEM_FD_PINNABLE)
		kind |= IOKMEM_FILE_PINNABLE;
	return answer_desc(call, iokmem_desc_get(desc),
			   is_read_only(call) || (arg->flags & IOKMEM_FD_READ_ONLY), kind,
			   &arg->fd);
}

static int run_set_purgeable(struct iokmem_call *call)
{
	struct iokmem_set_purgeable *arg = &call->arg.set_purgeable;
	struct iokmem_desc *desc = call->file->private_data;
	u32 old;
	int err;

	/* The state is that of all the memory. */
	if ((is_read_only(call) || desc->partial) &&
	    arg->state != IOKMEM_PURGEABLE_KEEP_CURRENT)
		return -EACCES;
	err = iokmem_desc_set_purgeable(desc, arg->state, &old);
	/*
	 * The old state is the return value: if it were copied out, an error could be
	 * reported only after the state has changed.
	 */
	return err ? err : old;
}

static int run_get_page_counts(struct iokmem_call *call)
{
	struct iokmem_get_page_counts *arg = &call->arg.get_page_counts;
	struct iokmem_desc *desc = call->file->private_data;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	err = desc->partial ? iokmem_desc_count_own(desc, &arg->resident, &arg->dirty) :
			      iokmem_desc_get_page_counts(desc, &arg->resident, &arg->dirty);
	return err ? err : iokmem_call_answer(call);
}

static int run_create_sub(struct iokmem_call *call)
{
	struct iokmem_create_sub *arg = &call->arg.create_sub;
	struct iokmem_desc *desc;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	desc = iokmem_sub_with_sub_range(call->file->private_data, arg->offset,
					 arg->length, arg->options);
	return answer_desc(call, desc, is_read_only(call), 0, &arg->fd);
}

static void put_descs(struct iokmem_desc **descs, unsigned int nr)
{
	while (nr--)
		iokmem_desc_put(descs[nr]);
	kvfree(descs);
}

/* Return a reference to the descriptor of file descriptor @fd, or an error. */
static struct iokmem_desc *get_desc(__s32 fd, bool *read_only)
{
	struct iokmem_desc *desc;
	struct file *file = fget(fd);
	u32 flags = 0;

	if (!file)
		return ERR_PTR(-EBADF);
	desc = iokmem_desc_with_file(file, &flags);
	*read_only = flags & IOKMEM_FD_READ_ONLY;
	fput(file);
	return desc;
}

/*
 * Return an array of references to the descriptors of the @nr file descriptors at @uptr,
 * for put_descs(), or an error.
 */
static struct iokmem_desc **get_descs(const __s32 __user *uptr, unsigned int nr,
				      bool *read_only)
{
	struct iokmem_desc **descs;
	unsigned int i;
	int err = 0;

	descs = iokmem_kvmalloc_array(nr, sizeof(*descs), GFP_KERNEL_ACCOUNT);
	if (!descs)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr && !err; i++) {
		bool of_one = false;
		__s32 fd;

		descs[i] = ERR_PTR(-EFAULT);
		if (!get_user(fd, uptr + i))
			descs[i] = get_desc(fd, &of_one);
		err = PTR_ERR_OR_ZERO(descs[i]);
		*read_only |= of_one;
	}
	if (err) {
		put_descs(descs, i - 1);
		return ERR_PTR(err);
	}
	return descs;
}

static int run_create_multi(struct iokmem_call *call)
{
	struct iokmem_create_multi *arg = &call->arg.create_multi;
	struct iokmem_desc **descs, *desc;
	bool read_only = false;

	if (!arg->nr_fds)
		return -EINVAL;
	if (arg->nr_fds > IOKMEM_MULTI_MAX)
		return -ENOSPC;
	descs = get_descs(u64_to_user_ptr(arg->fds), arg->nr_fds, &read_only);
	if (IS_ERR(descs))
		return PTR_ERR(descs);
	desc = iokmem_multi_with_descriptors(descs, arg->nr_fds, arg->options);
	put_descs(descs, arg->nr_fds);
	return answer_desc(call, desc, read_only, read_only ? 0 : IOKMEM_FILE_MAKER, &arg->fd);
}

/* Redirect a map of the calling task to the descriptor of the argument's @fd. */
static int redirect_to_fd(struct iokmem_map *map,
			  const struct iokmem_redirect_mapping *arg)
{
	struct iokmem_desc *backing;
	bool read_only = false;
	int err = -EACCES;

	backing = get_desc(arg->fd, &read_only);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	if (!read_only || (iokmem_map_get_options(map) & IOKMEM_MAP_READ_ONLY))
		err = iokmem_map_redirect_to(map, backing, arg->options, arg->offset,
					     read_only || backing->partial ?
					     IOKMEM_MODE_KEPT : IOKMEM_MODE_OF_PROGRAM);
	iokmem_desc_put(backing);
	return err;
}

static int run_redirect_mapping(struct iokmem_call *call)
{
	struct iokmem_redirect_mapping *arg = &call->arg.redirect_mapping;
	struct iokmem_map *map;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	map = iokmem_map_task_get(call->file->private_data, arg->address,
				  arg->length);
	if (IS_ERR(map))
		return PTR_ERR(map);
	if (arg->fd == -1)
		err = iokmem_map_redirect_to(map, NULL, arg->options, arg->offset,
					     IOKMEM_MODE_KEPT);
	else
		err = redirect_to_fd(map, arg);
	iokmem_map_put(map);
	return err;
}

static int run_unmap(struct iokmem_call *call)
{
	struct iokmem_unmap *arg = &call->arg.unmap;
	struct iokmem_map *map;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	map = iokmem_map_task_get(call->file->private_data, arg->address,
				  arg->length);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = iokmem_map_end(map, true);
	iokmem_map_drop(map, true);
	return err;
}

static int run_get_dma_buf(struct iokmem_call *call)
{
	struct iokmem_get_dma_buf *arg = &call->arg.get_dma_buf;
	u32 rights = is_read_only(call) ? IOKMEM_FD_READ_ONLY : 0;
	struct dma_buf *dmabuf;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	dmabuf = iokmem_desc_get_dma_buf(call->file->private_data, arg->flags | rights);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	return iokmem_call_answer_file(call, dmabuf->file, &arg->fd);
}

static int run_with_dma_buf(struct iokmem_call *call)
{
	struct iokmem_with_dma_buf *arg = &call->arg.with_dma_buf;
	struct iokmem_desc *desc;
	struct dma_buf *dmabuf;
	bool read_only;

	/* There is no such file, or it is not a dma-buf. */
	dmabuf = dma_buf_get(arg->dma_buf);
	if (IS_ERR(dmabuf))
		return -EBADF;
	desc = iokmem_program_with_dma_buf(dmabuf, arg->options);
	read_only = iokmem_dma_buf_is_read_only(dmabuf);
	dma_buf_put(dmabuf);
	return answer_desc(call, desc, read_only, 0, &arg->fd);
}

static int run_revoke(struct iokmem_call *call)
{
	if (call->arg.revoke.__reserved)
		return -EOPNOTSUPP;
	if (!may_revoke(call->file))
		return -EACCES;
	return iokmem_desc_revoke(call->file->private_data);
}

/* The ioctls of /dev/iokmem. */
static const struct iokmem_ioctl device_ioctls[] = {
	IOKMEM_IOCTL(IOKMEM_CREATE_MULTI, create_multi, fd),
	IOKMEM_IOCTL(IOKMEM_CREATE_BUFFER, create_buffer, map_options),
	IOKMEM_IOCTL(IOKMEM_WITH_DMA_BUF, with_dma_buf, fd),
};

/* The ioctls of a descriptor's file. */
static const struct iokmem_ioctl buffer_ioctls[] = {
	IOKMEM_IOCTL(IOKMEM_CREATE_MAPPING, create_mapping, length),
	IOKMEM_IOCTL(IOKMEM_RELEASE_MAPPING, release_mapping, length),
	IOKMEM_IOCTL(IOKMEM_QUERY_BUFFER, query_buffer, access),
	IOKMEM_IOCTL(IOKMEM_QUERY_MAPPING, query_mapping, __reserved),
	IOKMEM_IOCTL(IOKMEM_SET_LENGTH, set_length, length),
	IOKMEM_IOCTL(IOKMEM_DUPLICATE, duplicate, __reserved),
	IOKMEM_IOCTL(IOKMEM_SET_PURGEABLE, set_purgeable, state),
	IOKMEM_IOCTL(IOKMEM_GET_PAGE_COUNTS, get_page_counts, dirty),
	IOKMEM_IOCTL(IOKMEM_CREATE_SUB, create_sub, __reserved),
	IOKMEM_IOCTL(IOKMEM_REDIRECT_MAPPING, redirect_mapping, __reserved),
	IOKMEM_IOCTL(IOKMEM_UNMAP, unmap, length),
	IOKMEM_IOCTL(IOKMEM_GET_DMA_BUF, get_dma_buf, __reserved),
	IOKMEM_IOCTL(IOKMEM_REVOKE, revoke, __reserved),
};

static long iokmem_device_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg)
{
	return iokmem_dispatch(file, 0, cmd, arg, device_ioctls, ARRAY_SIZE(device_ioctls));
}

static long iokmem_buffer_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg)
{
	const struct iokmem_desc *desc = file->private_data;

	return iokmem_dispatch(file, desc->id, cmd, arg, buffer_ioctls,
			       ARRAY_SIZE(buffer_ioctls));
}

static int iokmem_buffer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct iokmem_desc *desc = file->private_data;

	return iokmem_mmap_vma(desc, file, vma, iokmem_desc_get_length(desc),
			       is_pinnable(file) ? IOKMEM_MAP_PINNABLE : 0, false);
}

static unsigned long
iokmem_buffer_get_unmapped_area(struct file *file, unsigned long addr,
				unsigned long len, unsigned long pgoff,
				unsigned long flags)
{
	return iokmem_get_unmapped_area(file->private_data, file, addr, len,
					pgoff, flags);
}

static int iokmem_buffer_release(struct inode *inode, struct file *file)
{
	iokmem_desc_put(file->private_data);
	return 0;
}

/* Tell the length, as a dma-buf does. There is nothing to read() or write() at a position. */
static loff_t iokmem_buffer_llseek(struct file *file, loff_t offset, int whence)
{
	if (offset || (whence != SEEK_SET && whence != SEEK_END))
		return -EINVAL;
	return whence == SEEK_END ? iokmem_desc_get_length(file->private_data) : 0;
}

/* A descriptor hangs up when it has been revoked. */
static __poll_t iokmem_buffer_poll(struct file *file, poll_table *table)
{
	struct iokmem_desc *owner = iokmem_desc_owner(file->private_data);

	poll_wait(file, &owner->hangup, table);
	/* Pairs with iokmem_wake_all(), if the kernel's poll_wait() has no barrier. */
	smp_mb();
	/* Pairs with the release in iokmem_desc_revoke(). */
	return smp_load_acquire(&owner->revoke_done) ? EPOLLHUP : 0;
}

static void iokmem_buffer_show_fdinfo(struct seq_file *m, struct file *file)
{
	iokmem_show_desc(m, file->private_data);
	seq_printf(m, "iokmem-rights:\t%s%s%s\n", file->f_mode & FMODE_WRITE ? "rw" : "ro",
		   may_revoke(file) ? " revoke" : "", is_pinnable(file) ? " pinnable" : "");
}

/* File locks belong to the inode, which the files of other descriptors share. */
static int iokmem_buffer_lock(struct file *file, int cmd, struct file_lock *lock)
{
	return -EOPNOTSUPP;
}

#define IOKMEM_BUFFER_FOPS						\
{									\
	.owner			= THIS_MODULE,				\
	.unlocked_ioctl		= iokmem_buffer_ioctl,			\
	.compat_ioctl		= compat_ptr_ioctl,			\
	.mmap			= iokmem_buffer_mmap,			\
	.get_unmapped_area	= iokmem_buffer_get_unmapped_area,	\
	.release		= iokmem_buffer_release,		\
	.lock			= iokmem_buffer_lock,			\
	.flock			= iokmem_buffer_lock,			\
	.show_fdinfo		= iokmem_buffer_show_fdinfo,		\
	.llseek			= iokmem_buffer_llseek,			\
	.poll			= iokmem_buffer_poll,			\
}

static const struct file_operations iokmem_buffer_fops[IOKMEM_FILE_KINDS] = {
	IOKMEM_BUFFER_FOPS, IOKMEM_BUFFER_FOPS, IOKMEM_BUFFER_FOPS, IOKMEM_BUFFER_FOPS,
};

static const struct file_operations iokmem_device_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= iokmem_device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice iokmem_misc = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= "iokmem",
	.nodename	= "iokmem",
	.fops		= &iokmem_device_fops,
	.mode		= 0660,
};

int __init iokmem_chardev_init(void)
{
	return misc_register(&iokmem_misc);
}

void iokmem_chardev_exit(void)
{
	misc_deregister(&iokmem_misc);
}
