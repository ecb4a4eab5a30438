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
#include <linux/rbtree.h>
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
 * @users: who may act on it: drivers' references, file descriptors, references
 *	to its maps
 * @count: who needs the memory: one for all users together, and one for every
 *	map object
 * @put_work: for iokmem_desc_put_async()
 * @ops: the kind of memory
 * @extents: the memory
 * @inode: its user mappings, in every address space
 * @charge: what its maker is charged with
 * @id: number, for people
 * @capacity: in bytes, as asked for
 * @alignment: in bytes, as asked for; at least 1
 * @options: as asked for
 * @cache_mode: in force
 * @lock: see below
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 * @tag: of the driver's choice
 * @home: the mapping it was born with, in the task it was made for; or NULL
 * @maps: mappings, oldest first
 * @shareable: the mappings that may be shared, by address space and range
 * @addresses: the live user mappings, by address space and address
 * @next_age: of the next mapping
 * @nr_maps: how many maps, those that lie inside others included
 * @maps_wait: for maps under construction
 * @node: in the list of all descriptors
 *
 * Two counts, as in mm_users and mm_count. When the last of the users goes, the
 * descriptor closes: the mapping it was born with is taken down. When the last
 * count goes, the memory goes. A VMA may keep a map object, and by it the
 * memory, longer than any user: so no page is given back while anything maps
 * it, whatever user space does.
 *
 * @ops, @extents, @inode, @charge, @id, @capacity, @alignment, @options and
 * @cache_mode are immutable once the descriptor is published. @length,
 * @direction and @tag are written with WRITE_ONCE(), @length under @lock, and
 * may be read without it.
 *
 * @lock protects @length, @home, the list and the indexes of maps, and of each
 * map what map.h says. It nests inside an address space's mmap lock, which the end of a VMA
 * holds. So with @lock held nobody maps, unmaps, faults or touches user memory;
 * nor does anybody allocate, as reclaim may come back to us.
 *
 * @home is written once by the descriptor's maker, and once when there are no
 * users any more: a user may read it without @lock.
 */
struct iokmem_desc {
	refcount_t users;
	struct kref count;
	struct work_struct put_work;

	const struct iokmem_mem_ops *ops;
	struct iokmem_extents extents;
	struct inode *inode;
	struct iokmem_charge charge;
	u64 id;
	size_t capacity;
	size_t alignment;
	u32 options;
	u32 cache_mode;

	struct mutex lock;	/* see above */
	size_t length;
	u32 direction;
	u32 tag;
	struct iokmem_map *home;
	struct list_head maps;
	struct rb_root shareable;
	struct rb_root addresses;
	u64 next_age;
	unsigned int nr_maps;
	wait_queue_head_t maps_wait;

	struct list_head node;
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

#endif /* _IOKMEM_DESC_H */
