/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory descriptors: what every kind of memory has in common.
 */
#ifndef _IOKMEM_DESC_H
#define _IOKMEM_DESC_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "account.h"
#include "extent.h"

struct iokmem_desc;

/**
 * struct iokmem_mem_ops - a kind of memory
 * @name: for people
 * @release: give the memory back. Called once, when nothing maps it and nobody
 *	can reach it any more. May sleep, cannot fail.
 *
 * A kind of memory fills in the descriptor's extents; it knows nothing of maps.
 */
struct iokmem_mem_ops {
	const char *name;
	void (*release)(struct iokmem_desc *desc);
};

/**
 * struct iokmem_desc - a memory descriptor
 *
 * Two counts, as in mm_users and mm_count. @users are those who may act on the
 * descriptor: drivers' references, file descriptors, references to its maps.
 * When the last one goes, the descriptor closes: the mapping it was born with is
 * taken down. @count are those who need the memory to be there: one for all
 * users together, and one for every map object, which a VMA may keep alive
 * longer than any user. When the last one goes, the memory goes. So no page is
 * given back while anything maps it, whatever user space does.
 *
 * @ops, @capacity, @alignment, @options, @cache_mode, @id, @inode, @charge and
 * @extents are immutable once the descriptor is published. @length, @direction
 * and @tag are written with WRITE_ONCE(), @length under @lock, and may be read
 * without it.
 *
 * @lock protects @length, the list of maps, and of each map what map.h says.
 * It nests inside an address space's mmap lock, which the end of a VMA holds.
 * So with @lock held nobody maps, unmaps, faults or touches user memory; nor
 * does anybody allocate, as reclaim may come back to us.
 *
 * @home is written under @lock, once by its maker and once when there are no
 * users any more.
 */
struct iokmem_desc {
	refcount_t users;
	struct kref count;
	struct work_struct put_work;

	const struct iokmem_mem_ops *ops;
	struct iokmem_extents extents;
	struct inode *inode;	/* its user mappings, in every address space */
	struct iokmem_charge charge;
	u64 id;
	size_t capacity;
	size_t alignment;
	u32 options;
	u32 cache_mode;

	struct mutex lock;
	size_t length;
	u32 direction;
	u32 tag;
	struct iokmem_map *home;	/* in the task it was made for, or NULL */
	struct list_head maps;		/* mappings, oldest first */
	unsigned int nr_maps;		/* with those that lie inside others */
	wait_queue_head_t maps_wait;	/* for maps under construction */

	struct list_head node;		/* in the list of all descriptors */
};

struct iokmem_desc *iokmem_desc_alloc(const struct iokmem_mem_ops *ops,
				      size_t capacity);
void iokmem_desc_publish(struct iokmem_desc *desc);
void iokmem_desc_count_get(struct iokmem_desc *desc);
void iokmem_desc_count_put(struct iokmem_desc *desc);
struct file *iokmem_desc_file(struct iokmem_desc *desc, void *private,
			      int flags, const struct file_operations *fops);

/* All published descriptors, oldest first; for debugfs. */
struct list_head *iokmem_descs_lock(void);
void iokmem_descs_unlock(void);

int iokmem_desc_init(void);
void iokmem_desc_exit(void);

static inline pgoff_t iokmem_desc_pages(const struct iokmem_desc *desc)
{
	return iokmem_extents_pages(&desc->extents);
}

#endif /* _IOKMEM_DESC_H */
