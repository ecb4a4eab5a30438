/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ioctls. Each is a row in a table. The dispatcher copies the caller's structure in, and fills
 * members that a shorter structure lacks with zeroes. The handler writes its results into the
 * copy, and has it copied back.
 */
#ifndef _IOKMEM_IOCTL_H
#define _IOKMEM_IOCTL_H

#include <linux/compiler_types.h>
#include <linux/types.h>

#include <uapi/linux/iokmem.h>

struct file;

/* The arguments of all ioctls. */
union iokmem_arg {
	struct iokmem_create_buffer create_buffer;
	struct iokmem_create_mapping create_mapping;
	struct iokmem_release_mapping release_mapping;
	struct iokmem_query_buffer query_buffer;
	struct iokmem_query_mapping query_mapping;
	struct iokmem_set_length set_length;
	struct iokmem_duplicate duplicate;
	struct iokmem_set_purgeable set_purgeable;
	struct iokmem_get_page_counts get_page_counts;
	struct iokmem_create_sub create_sub;
	struct iokmem_create_multi create_multi;
	struct iokmem_redirect_mapping redirect_mapping;
	struct iokmem_unmap unmap;
	struct iokmem_get_dma_buf get_dma_buf;
	struct iokmem_with_dma_buf with_dma_buf;
	struct iokmem_revoke revoke;
	struct iokmem_client_memory client_memory;
};

/**
 * struct iokmem_call - one call of an ioctl
 * @file: the file that the ioctl is called on
 * @uptr: the caller's structure
 * @size: how many bytes of the structure both the caller and this kernel know
 * @arg: the copy of the caller's structure
 */
struct iokmem_call {
	struct file *file;
	void __user *uptr;
	u32 size;
	union iokmem_arg arg;
};

/**
 * struct iokmem_ioctl - a row in a table of ioctls
 * @name: as programs know it
 * @size: size of the structure as this kernel knows it, in bytes
 * @min_size: size of the structure's first version, in bytes
 * @run: carry out the call and answer it. The ioctl returns the result.
 */
struct iokmem_ioctl {
	const char *name;
	size_t size;
	size_t min_size;
	int (*run)(struct iokmem_call *call);
};

/*
 * A row for the structure and the handler of this name. @_last is the last member of the
 * structure's first version.
 */
#define IOKMEM_IOCTL(_cmd, _name, _last)				\
	[_IOC_NR(_cmd)] = {						\
		.name = #_cmd,						\
		.size = sizeof(struct iokmem_##_name),			\
		.min_size = offsetofend(struct iokmem_##_name, _last),	\
		.run = run_##_name,					\
	}

int iokmem_call_read(struct iokmem_call *call, size_t size, size_t min_size);
int iokmem_call_answer(struct iokmem_call *call);
int iokmem_call_answer_file(struct iokmem_call *call, struct file *file, __s32 *fd);
long iokmem_dispatch(struct file *file, u64 id, unsigned int cmd, unsigned long arg,
		     const struct iokmem_ioctl *ioctls, size_t nr_ioctls);

#endif /* _IOKMEM_IOCTL_H */
