/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory each process, and each user, has by descriptors. */
#ifndef _IOKMEM_USAGE_H
#define _IOKMEM_USAGE_H

#include "iokmem.h"

/**
 * struct usage - what a process has, or what the processes of a user have
 * @id: the process, or the user
 * @bytes: memory that is resident. What several share counts in full for each.
 * @charged: what counts for the user's RLIMIT_MEMLOCK; only of users, by the kernel's list
 * @nr_descs: how many descriptors have that memory
 * @nr_files: file descriptors of descriptors
 * @nr_maps: maps
 */
struct usage {
	__u64 id;
	__u64 bytes;
	__u64 charged;
	size_t nr_descs;
	size_t nr_files;
	size_t nr_maps;
};

struct usage *usage_of_processes(const struct view *view, size_t *nr);
struct usage *usage_of_users(const struct view *view, size_t *nr);
__u64 usage_charged(const struct view *view, __u64 uid);

#endif /* _IOKMEM_USAGE_H */
